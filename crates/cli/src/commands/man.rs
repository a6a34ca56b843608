//! `tablekeeper man`: the manual, a page for each command.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Command};
use clap_mangen::Man;

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
    let mut command = command.disable_help_subcommand(true);
    command.build();
    write_pages(command, directory).with_context(failed)?;
    Ok(ExitCode::SUCCESS)
}

/// Writes the page of a command and those of its subcommands.
fn write_pages(mut command: Command, directory: &Path) -> std::io::Result<()> {
    for subcommand in command.get_subcommands().filter(|subcommand| !subcommand.is_hide_set()) {
        write_pages(subcommand.clone(), directory)?;
    }
    // The generator would list every option in the synopsis, without its value.
    let usage = command.render_usage().to_string();
    let usage = usage.strip_prefix("Usage:").unwrap_or(&usage).trim().to_owned();
    let source = concat!("tablekeeper ", env!("CARGO_PKG_VERSION"));
    Man::new(command.override_usage(usage)).source(source).generate_to(directory).map(drop)
}
