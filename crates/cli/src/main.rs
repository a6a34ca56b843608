//! `tablekeeper`, the command line: arguments first, then one action.
//!
//! Data goes to stdout, everything else to stderr. The exit code is 0 for success, 1 when the thing
//! asked for failed, and 2 when the input could not be used; `plan sync` and
//! `plan prune` add 3 where something would change.

mod arguments;
mod commands;
mod config;
mod console;
mod event_file;
mod failure;
mod follow;
mod stack;
mod transfer;

use std::process::ExitCode;

use clap::Parser as _;

#[tokio::main]
async fn main() -> ExitCode {
    match arguments::Arguments::parse().act().await {
        Ok(code) => code,
        Err(error) => failure::report(&error),
    }
}
