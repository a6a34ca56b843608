//! `tablekeeper plan`: what a workflow would do, decided by the code that the workflow runs, with no
//! AWS call and nothing changed.

mod rotate;

use std::process::ExitCode;

use clap::{Args, Subcommand};

/// Show what a workflow would do, with no AWS call.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    workflow: Workflow,
}

#[derive(Debug, Subcommand)]
enum Workflow {
    Rotate(rotate::Arguments),
}

/// Plans the workflow that was asked for.
pub(crate) fn act(arguments: Arguments) -> anyhow::Result<ExitCode> {
    match arguments.workflow {
        Workflow::Rotate(arguments) => rotate::act(arguments),
    }
}
