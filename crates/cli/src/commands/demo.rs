//! `tablekeeper demo`: shows on this machine how a backup becomes a new table, and how that table is verified.
//!
//! The local stack runs in the same background process as `local up`. It ends with the demo, however that ends, unless
//! `--keep` is given. Everything else is an ordinary client of its endpoint. The deployed workflow does the work: the
//! demo only prepares the data, polls, and compares.

mod compare;
mod items;
mod story;
mod table;
mod verified;

use std::{process::ExitCode, sync::Arc};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use tokio::signal::unix::{SignalKind, signal};

use super::local::background::{Background, Settings};
use super::local::state::{Instance, State};
use crate::console;
use crate::console::{Console, Stream};
use local_aws::SimulatedLatency;

/// Factor for the duration of Wait states: one minute takes 1.2 seconds.
const WAIT_SCALE: f64 = 0.02;
/// Number of polls until each slow operation is done, so that the workflow has something to wait for.
const LATENCY: SimulatedLatency =
    SimulatedLatency { tables: 2, indexes: 1, backups: 2, on_demand_backups: 1, restore_jobs: 2, updates: 1 };
/// The exit code after Ctrl-C.
const INTERRUPTED: u8 = 130;

/// Show on this machine how a backup becomes a new table.
///
/// Needs Python 3.11 or later, but no AWS account and no Docker. The first run installs the local stack, which needs a
/// Python package index. In a clone it also builds the functions, which needs Rust and takes some minutes.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tablekeeper demo --keep\n  tablekeeper demo verified")]
pub(crate) struct Arguments {
    /// What to show.
    #[arg(value_enum, default_value_t = Story::Rotation)]
    story: Story,
    /// Leave the local stack running, and print how to reach and stop it.
    #[arg(long)]
    keep: bool,
    /// Number of items in the table.
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u32).range(16..=1_000_000))]
    items: u32,
}

/// What a demo shows.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Story {
    /// A backup of a table becomes a new table, and a pointer moves to it.
    Rotation,
    /// A damaged restore is found before anything points at it, a good one is used, and the pointer goes back.
    Verified,
}

impl Story {
    async fn run(
        self,
        console: &Arc<Console>,
        background: &mut Background,
        items: u32,
    ) -> anyhow::Result<()> {
        match self {
            Story::Rotation => story::run(console, background, items).await,
            Story::Verified => verified::run(console, background, items).await,
        }
    }
}

/// Runs `tablekeeper demo`, and stops the local stack unless `--keep` is given.
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
        reported = arguments.story.run(&console, &mut background, arguments.items) => Some(reported),
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
            console.heading("The local stack keeps running");
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
    console.line("Stop it and delete everything in it:");
    console.line("  tablekeeper local down");
    console.line("(which also stops a stack that `local up` started)");
    Ok(())
}
