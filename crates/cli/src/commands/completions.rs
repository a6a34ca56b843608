//! `tablekeeper completions`: a script that completes commands and options in a shell.

use std::process::ExitCode;

use clap::{Args, Command};
use clap_complete::Shell;

/// Print a script that completes commands and options in a shell.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  tablekeeper completions bash > ~/.local/share/bash-completion/completions/tablekeeper")]
pub(crate) struct Arguments {
    /// The shell that reads the script.
    shell: Shell,
}

/// Prints the script for the whole tree of commands.
pub(crate) fn act(arguments: &Arguments, mut command: Command) -> ExitCode {
    clap_complete::generate(arguments.shell, &mut command, "tablekeeper", &mut std::io::stdout());
    ExitCode::SUCCESS
}
