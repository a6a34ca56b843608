//! `tablekeeper plan`: what a workflow would do, decided by the code that the workflow runs, with
//! nothing changed. A rotation is planned without an AWS call; for a sync, both tables are read.

mod rotate;
mod sync;

use std::process::ExitCode;

use clap::{Args, Subcommand};

/// Show what a workflow would do, and change nothing.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    workflow: Workflow,
}

#[derive(Debug, Subcommand)]
enum Workflow {
    Rotate(rotate::Arguments),
    Sync(sync::Arguments),
}

/// Plans the workflow that was asked for.
pub(crate) async fn act(arguments: Arguments) -> anyhow::Result<ExitCode> {
    match arguments.workflow {
        Workflow::Rotate(arguments) => rotate::act(arguments),
        Workflow::Sync(arguments) => sync::act(arguments).await,
    }
}
