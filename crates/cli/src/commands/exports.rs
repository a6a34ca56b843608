//! `tablekeeper exports`: finds exports in a bucket or a directory.

mod list;

use std::process::ExitCode;

use clap::{Args, Subcommand};

/// List the exports in a bucket or a directory.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(list::Arguments),
}

/// Runs `tablekeeper exports`.
pub(crate) async fn act(arguments: Arguments) -> anyhow::Result<ExitCode> {
    match arguments.command {
        Command::List(arguments) => list::act(arguments).await,
    }
}
