//! The `tablekeeper` command line. Parses the arguments, then runs one command.
//!
//! Data goes to stdout, everything else to stderr. Exit codes: 0 for success, 1 if the command failed, 2 if the input
//! cannot be used. `plan sync` and `plan prune` exit with 3 if something would change.

mod arguments;
mod caller;
mod commands;
mod config;
mod console;
mod event_file;
mod failure;
mod follow;
mod machines;
mod moment;
mod session;
mod stack;
mod suggestion;
mod transfer;

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    match arguments::Arguments::parse_or_exit().act().await {
        Ok(code) => code,
        Err(error) => failure::report(&error),
    }
}
