//! `tablekeeper demo`: a backup becomes a new table, on this machine alone, told as it happens.
//!
//! The local stack runs in the background process that `local up` uses, on a leash: whichever way the
//! demo ends, nothing stays behind unless `--keep` asks for it. All the rest is an ordinary client
//! of that endpoint. The tools that do the work are the ones that are deployed to AWS: the demo
//! itself only sets the scene, looks, and compares.

mod compare;
mod items;
mod story;
mod table;

use std::{process::ExitCode, sync::Arc};

use anyhow::Context as _;
use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use super::local::background::{Background, Settings};
use super::local::state::{Instance, State};
use crate::console;
use crate::console::{Console, Stream};
use local_aws::SimulatedLatency;

/// How much of its time a Wait state takes here: a minute passes in a second and a bit.
const WAIT_SCALE: f64 = 0.02;
/// How often each slow thing is looked at before it is done, so that there is something to wait for.
const LATENCY: SimulatedLatency =
    SimulatedLatency { tables: 2, indexes: 1, backups: 2, on_demand_backups: 1, restore_jobs: 2, updates: 1 };
/// The exit code of a program that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

/// Shows it all on this machine: a backup is made, and a new table and a pointer follow from it.
///
/// Needs Rust and Python 3.11 or later; no AWS account, no Docker. The first run installs the local
/// stack under `target/` and builds the functions, which takes some minutes.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  cargo tablekeeper demo --keep")]
pub(crate) struct Arguments {
    /// Leaves the local stack running, with everything in it, and says how to reach and stop it.
    #[arg(long)]
    keep: bool,
    /// How many items the table holds.
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u32).range(16..=1_000_000))]
    items: u32,
}

/// Tells the story, and clears up after it.
pub(crate) async fn act(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for signals")?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for signals")?;
    let console = Arc::new(Console::new(Stream::Stdout));
    let mut background = Background::spawn(&Settings {
        instance: arguments.keep.then_some(Instance::Demo),
        port: None,
        wait_scale: WAIT_SCALE,
        latency: Some(LATENCY),
        deploy: false,
    })?;

    let reported = tokio::select! {
        reported = story::tell(&console, &mut background, arguments.items) => Some(reported),
        _ = interrupt.recv() => None,
        _ = terminate.recv() => None,
    };
    console.idle();
    let Some(reported) = reported else {
        background.stop().await?;
        console::print_remark("interrupted; the local stack is stopped");
        return Ok(ExitCode::from(INTERRUPTED));
    };
    match (arguments.keep, background.state().cloned()) {
        (true, Some(state)) => {
            background.release().await?;
            console.heading("The local stack stays up");
            explain(&console, &state)?;
        }
        _ => background.stop().await?,
    }
    reported?;
    Ok(ExitCode::SUCCESS)
}

fn explain(console: &Console, state: &State) -> anyhow::Result<()> {
    console.line("Reach it with any AWS tool after:");
    for line in state.environment()?.lines() {
        console.line(&format!("  {line}"));
    }
    console.line("Stop it, and everything in it is gone:");
    console.line("  cargo tablekeeper local down");
    console.line("(which also stops a stack that `local up` started)");
    Ok(())
}
