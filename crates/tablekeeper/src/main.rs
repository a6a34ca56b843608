//! `tablekeeper`, the command line: arguments first, then one action.
//!
//! Data goes to stdout, everything else to stderr. The exit code is 0 for success, 1 when the thing
//! asked for failed, and 2 when the input could not be used; `plan sync` and
//! `plan prune` add 3 where something would change.

mod adopt;
mod arguments;
mod backfill;
mod check;
mod console;
mod demo;
mod event_file;
mod export;
mod failure;
mod follow;
mod history;
mod import;
mod incremental;
mod local;
mod plan;
mod recover;
mod replay;
mod restore;
mod run;
mod snapshot;
mod stack;
mod step;
mod template;
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
