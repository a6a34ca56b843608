//! `local serve`: the background process. It runs the emulator and the proxy and holds the lock. It ends on SIGTERM, on
//! SIGINT, or when a parent that has not released it ends.

use std::{
    collections::BTreeMap,
    io::{self, BufRead as _, Write as _},
    pin::pin,
    process::ExitCode,
    sync::Arc,
};

use anyhow::Context as _;
use clap::Args;
use local_aws::{ACCOUNT, LocalAws, Options, Progress, SimulatedLatency, directory};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc,
};

use super::{
    background::{Report, STAY},
    provision, sample,
    state::{Claim, Instance, State},
};
use crate::{failure, function};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[arg(long)]
    instance: Option<Instance>,
    #[arg(long)]
    port: Option<u16>,
    #[arg(long, default_value_t = 1.0, value_parser = wait_scale)]
    wait_scale: f64,
    /// Number of polls of tables, indexes, backup jobs, on-demand backups, restore jobs and updates: `T,I,B,D,R,U`.
    #[arg(long, value_parser = latency)]
    latency: Option<SimulatedLatency>,
    #[arg(long)]
    deploy: bool,
}

/// Parses a factor from 0 to 1.
pub(crate) fn wait_scale(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|scale| (0.0..=1.0).contains(scale))
        .ok_or_else(|| "expected a number from 0 to 1, such as 0.05".to_owned())
}

fn latency(text: &str) -> Result<SimulatedLatency, String> {
    let polls: Result<Vec<u32>, _> = text.split(',').map(str::parse).collect();
    match polls.as_deref() {
        Ok(&[tables, indexes, backups, on_demand_backups, restore_jobs, updates]) => {
            Ok(SimulatedLatency { tables, indexes, backups, on_demand_backups, restore_jobs, updates })
        }
        _ => Err("expected six whole numbers, such as 3,2,1,1,2,1".to_owned()),
    }
}

pub(crate) async fn act(arguments: Arguments) -> anyhow::Result<ExitCode> {
    show_warnings();
    let mut end = pin!(end()?);
    let set_up = tokio::select! {
        set_up = set_up(&arguments) => set_up,
        // Dropping an incomplete stack ends the processes that it started.
        () = &mut end => return Ok(ExitCode::SUCCESS),
    };
    match set_up {
        Ok((local, state, _claim)) => {
            say(&Report::Ready(state));
            end.await;
            local.stop().await;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            say(&Report::Failed(failure::sentence(&error)));
            Err(error)
        }
    }
}

async fn set_up(arguments: &Arguments) -> anyhow::Result<(LocalAws, State, Option<Claim>)> {
    let mut claim = match arguments.instance {
        Some(instance) => Some(instance.claim().await?),
        None => None,
    };
    let mut state = State {
        pid: std::process::id(),
        endpoint: None,
        account: ACCOUNT.to_owned(),
        stacks: BTreeMap::new(),
        sample_backup: None,
    };
    publish(&mut claim, &state)?;

    let progress: Progress = Arc::new(|line: &str| say(&Report::Progress(line.to_owned())));
    let starting = LocalAws::start(Options {
        port: arguments.port,
        wait_scale: arguments.wait_scale,
        directory: directory(),
        progress: Arc::clone(&progress),
    });
    let starting = async { starting.await.map_err(does_not_start) };
    let local = if arguments.deploy {
        // The build and the start of the emulator are independent, and both are slow.
        let (local, bootstrap) = tokio::try_join!(starting, function::bootstrap(&progress))?;
        let config = local.config(ACCOUNT).await;
        state.stacks = provision::everything(&config, &bootstrap, &progress).await?;
        state.sample_backup = Some(sample::create(&config).await.context("the sample table cannot be made")?);
        local
    } else {
        starting.await?
    };
    if let Some(latency) = arguments.latency {
        local.proxy().slow(ACCOUNT, latency);
    }
    state.endpoint = Some(local.endpoint().to_owned());
    publish(&mut claim, &state)?;
    Ok((local, state, claim))
}

fn publish(claim: &mut Option<Claim>, state: &State) -> anyhow::Result<()> {
    claim.as_mut().map_or(Ok(()), |claim| claim.publish(state))
}

/// Adds advice to the error of a port that is in use.
fn does_not_start(error: local_aws::Error) -> anyhow::Error {
    let failure = "the local stack does not start";
    match &error {
        local_aws::Error::Listen { port, source } if source.kind() == io::ErrorKind::AddrInUse => {
            let advice = format!("{failure}: port {port} is taken; choose another one with --port");
            anyhow::Error::new(error).context(advice)
        }
        _ => anyhow::Error::new(error).context(failure),
    }
}

/// Writes the proxy's warnings to stderr, which is the log file.
fn show_warnings() {
    tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::WARN)
        .with_writer(io::stderr)
        .with_ansi(false)
        .init();
}

/// Completes when this process should end: on a signal, or when the parent ends without having released it.
fn end() -> anyhow::Result<impl Future<Output = ()>> {
    let listen = |kind| signal(kind).context("cannot listen for signals");
    let (mut terminate, mut interrupt) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    // Ignore the hangup of a closed terminal. By default it would end the process.
    let mut hangup = listen(SignalKind::hangup())?;

    // A separate thread, because a blocking read would delay the shutdown of the runtime.
    let (abandon, mut abandoned) = mpsc::channel::<()>(1);
    std::thread::spawn(move || {
        let mut word = String::new();
        let heard = io::stdin().lock().read_line(&mut word).is_ok();
        if !heard || word.trim() != STAY {
            let _ = abandon.blocking_send(());
        }
    });
    Ok(async move {
        let mut leashed = true;
        loop {
            tokio::select! {
                _ = terminate.recv() => return,
                _ = interrupt.recv() => return,
                _ = hangup.recv() => {}
                word = abandoned.recv(), if leashed => match word {
                    Some(()) => return,
                    None => leashed = false,
                },
            }
        }
    })
}

/// Writes a report to stdout. A failed write is ignored, because the parent may have ended.
fn say(report: &Report) {
    if let Ok(line) = serde_json::to_string(report) {
        let _ = writeln!(io::stdout().lock(), "{line}");
    }
}
