//! `tablekeeper man`: the manual, a page for each command.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Command};

/// Write the manual pages into a directory, one for each command.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  tablekeeper man ~/.local/share/man/man1 && man tablekeeper-export")]
pub(crate) struct Arguments {
    /// The directory. It is created if it does not exist.
    directory: PathBuf,
}

/// Writes the pages of the whole tree of commands.
pub(crate) fn act(arguments: &Arguments, command: Command) -> anyhow::Result<ExitCode> {
    let directory = &arguments.directory;
    let failed = || format!("the manual cannot be written to {}", directory.display());
    std::fs::create_dir_all(directory).with_context(failed)?;
    clap_mangen::generate_to(command, directory).with_context(failed)?;
    Ok(ExitCode::SUCCESS)
}
