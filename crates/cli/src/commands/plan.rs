//! `tablekeeper plan`: shows what a workflow would do, with the code of the workflow, and changes nothing. A rotation
//! that is planned with patterns makes no AWS calls, except to find the newest backup; without, it reads the stack and
//! the new table. A sync reads both tables, a prune reads the table and the list of its
//! backups, and a retirement reads the copies and what points at them.

mod prune;
mod retire;
mod rotate;
mod sync;

use std::fmt::Display;
use std::process::ExitCode;

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use serde::Serialize;

use crate::console;
use crate::console::{Console, Stream};

/// The exit code if something would change.
const DIFFERS: u8 = 3;

/// Show what a workflow would do, and change nothing.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    workflow: Workflow,
}

#[derive(Debug, Subcommand)]
enum Workflow {
    Prune(prune::Arguments),
    Retire(retire::Arguments),
    Rotate(rotate::Arguments),
    Sync(sync::Arguments),
}

/// Runs `tablekeeper plan`.
pub(crate) async fn act(arguments: Arguments) -> anyhow::Result<ExitCode> {
    match arguments.workflow {
        Workflow::Prune(arguments) => prune::act(arguments).await,
        Workflow::Retire(arguments) => retire::act(arguments).await,
        Workflow::Rotate(arguments) => rotate::act(arguments).await,
        Workflow::Sync(arguments) => sync::act(arguments).await,
    }
}

/// Prints a plan as JSON or as lines of text.
fn print_plan<P: Serialize>(
    plan: &P,
    json: bool,
    lines: impl Fn(&P, &Console) -> Vec<String>,
) -> anyhow::Result<()> {
    if json {
        return console::print_json(plan);
    }
    let console = Console::new(Stream::Stdout);
    lines(plan, &console).iter().for_each(|line| console.line(line));
    Ok(())
}

/// Formats a time for plans.
fn time(time: DateTime<Utc>) -> impl Display {
    time.format("%Y-%m-%d %H:%M:%S UTC")
}
