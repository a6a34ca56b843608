//! `tablekeeper completions`: a script that completes commands and options in a shell.

use std::process::ExitCode;

use clap::{Args, Command};
use clap_complete::Shell;

use crate::console;

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
    // The generator would panic if it could not write.
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, "tablekeeper", &mut script);
    console::print_data(String::from_utf8_lossy(&script).trim_end_matches('\n'));
    ExitCode::SUCCESS
}
