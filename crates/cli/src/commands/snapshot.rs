//! `tablekeeper snapshot`: the items of an incremental backup as they were at a second, from one's own machine.
//!
//! It does what the workflow `snapshot` does, with the workflow's own code and layout: the same plan, the same reader, the
//! same verification before a manifest is written. What is different is who calls: the shards are tasks of this process,
//! and a snapshot that was stopped goes on where its records end, with --resume.

mod list;
mod request;
mod shards;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::{Args, Subcommand};
use request::Request;
use serde::Serialize;
use shards::Job;
use tablekeeper_core::clock::Clock;
use tablekeeper_core::error_name::HasErrorName as _;
use tablekeeper_core::export::CompressionName;
use tablekeeper_core::import::execution_input::MOST_SEGMENTS;
use tablekeeper_core::snapshot::finish::Output;
use tablekeeper_core::snapshot::plan::whole_seconds;
use tablekeeper_core::snapshot::{Snapshot, finish as finish_snapshot};

use crate::config::{Configuration, Settings, reported};
use crate::console;
use crate::console::{Console, Stream};
use crate::failure::Unusable;
use crate::transfer::{Aws, INTERRUPTED, Total, concluded, named, watch};

/// Seconds after which the stream has told of a change, as the workflow has it.
const SETTLE: u32 = 300;

/// Write the items of an incremental backup, as they were at a second, into a folder that import and restore read.
///
/// The folder is named after the second, `2026-11-20T02-00-00Z`, and has the layout of export and of the workflow
/// snapshot. It is whole once its manifest-summary.json is there, which is written last. The table is not read, and need
/// not be there any more. Of a second that is not long ago it waits until the stream has told of it (--settle).
///
/// Whatever stops it, the files that are whole stay, and --resume goes on with the snapshot of --at, or with the newest
/// that was begun from the command line and not ended. Only one process may do so at a time. A snapshot of that second
/// that is whole is verified, and told of. The bucket has to keep the versions of its second until it ends.
///
/// The settings come from the environment (INCREMENTAL_BUCKET, INCREMENTAL_PREFIX, FAILURES_PREFIX, SNAPSHOT_BUCKET,
/// SNAPSHOT_PREFIX, DYNAMODB_REGION, DYNAMODB_HOST, DYNAMODB_PORT, DYNAMODB_USETLS), from --config, or from --stack.
/// Without TABLE, and without `table` in the file, the versions say what the key attributes are. A TABLE that is given has
/// to exist, with the key attributes that the versions have; a table that is gone is given by `table` in the file, or not
/// at all.
///
/// The exit code is 0 if the snapshot is whole, 1 if it failed, 2 if the arguments or settings cannot be used, and 130 if
/// it was interrupted.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  tablekeeper snapshot --at 2026-11-20T02:00:00Z\n  \
                  tablekeeper snapshot Movies --config movies.toml\n  \
                  tablekeeper snapshot --resume\n  \
                  tablekeeper snapshot list"
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// The name of the table that is backed up [default: `table` of --config]. One that is called as a command is, such as
    /// `list`, stands behind `--`.
    table: Option<String>,
    /// The second, as RFC 3339: 2026-11-20T02:00:00Z [default: now].
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    #[command(flatten)]
    pub(crate) how: How,
    #[command(flatten)]
    configuration: Configuration,
    /// Goes on with a snapshot that was begun from the command line and not ended.
    #[arg(long)]
    resume: bool,
    /// Prints what was written as one JSON object.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(list::Arguments),
}

/// How a snapshot is made.
#[derive(Clone, Debug, Args)]
pub(crate) struct How {
    /// Seconds after which the stream has told of a change: so long after the second it begins [default: 300].
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(0..=86_400))]
    settle: Option<u32>,
    /// In how many shards the snapshot is written; four of them at a time [default: 16].
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=MOST_SEGMENTS as i64))]
    shards: Option<u32>,
    /// How the snapshot's data files are compressed [default: gzip].
    #[arg(long, value_parser = PossibleValuesParser::new(["none", "gzip", "zstd"])
        .try_map(|name| name.parse::<CompressionName>()))]
    compression: Option<CompressionName>,
    /// Leaves out items whose state at the second is not known, and lists them under `unknown/` [default: the first of them
    /// ends the snapshot, as does a second that the bucket's history does not cover].
    #[arg(long)]
    allow_incomplete: bool,
}

impl How {
    /// The option that is given, if any is.
    pub(crate) fn given(&self) -> Option<&'static str> {
        match self {
            How { settle: Some(_), .. } => Some("--settle"),
            How { shards: Some(_), .. } => Some("--shards"),
            How { compression: Some(_), .. } => Some("--compression"),
            How { allow_incomplete: true, .. } => Some("--allow-incomplete"),
            How { .. } => None,
        }
    }

    fn settle(&self) -> u32 {
        self.settle.unwrap_or(SETTLE)
    }
}

/// Which snapshot.
#[derive(Clone, Debug)]
pub(crate) struct Which<'a> {
    /// The table, where anything says it.
    pub(crate) table: Option<String>,
    /// Whether there has to be such a table.
    pub(crate) has_to_be_there: bool,
    /// The second; `None` for now, or for the newest that is to be gone on with.
    pub(crate) at: Option<&'a str>,
    /// Whether one that was begun is gone on with.
    pub(crate) resume: bool,
}

impl Which<'_> {
    /// Refuses what the snapshot that is there has otherwise.
    fn check(&self, how: &How, snapshot: &Snapshot) -> Result<(), Unusable> {
        let Snapshot { name, run, plan, .. } = snapshot;
        let differs = |option: &str, asked: String, is: String| {
            let or = if self.resume { ", or --resume" } else { "" };
            Err(Unusable(format!(
                "{option} is {asked}, but the snapshot {name} was begun with {is}; leave {option} out{or}"
            )))
        };
        if let Some(table) = &self.table
            && !plan.table_name.is_empty()
            && *table != plan.table_name
        {
            return Err(Unusable(format!(
                "the table is {table}, but the snapshot {name} is of {}; name that one, or the bucket and prefix of the \
                 snapshots of {table}",
                plan.table_name
            )));
        }
        match (how.shards, how.compression) {
            (Some(asked), _) if asked != plan.segments => {
                differs("--shards", asked.to_string(), plan.segments.to_string())
            }
            (_, Some(asked)) if asked != run.compression => {
                differs("--compression", asked.to_string(), run.compression.to_string())
            }
            _ => Ok(()),
        }
    }
}

/// What `--json` prints.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    snapshot: String,
    at: String,
    table: Option<String>,
    location: String,
    manifest: String,
    item_count: u64,
    bytes: u64,
    files: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    unknown: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unknown_items: Option<String>,
}

impl Report {
    fn from_output(output: Output) -> Report {
        let Output { snapshot, at, table_name, location, manifest, item_count, bytes, files, .. } = output;
        let Output { unknown, unknown_items, .. } = output;
        let table = Some(table_name).filter(|table| !table.is_empty());
        let at = reported(at);
        Report { snapshot, at, table, location, manifest, item_count, bytes, files, unknown, unknown_items }
    }
}

/// Makes the snapshot.
pub(crate) async fn act(mut arguments: Arguments) -> anyhow::Result<ExitCode> {
    if let Some(Command::List(arguments)) = arguments.command.take() {
        return list::act(arguments).await;
    }
    let settings = arguments.configuration.settings().await?;
    let table = settings.table(arguments.table.as_deref())?;
    let has_to_be_there = arguments.table.is_some();
    let which = Which { table, has_to_be_there, at: arguments.at.as_deref(), resume: arguments.resume };
    settings.items()?;
    settings.snapshots()?;
    let aws = settings.aws().await?;
    let console = Console::new(Stream::Stderr);
    let Some(output) = make(&which, &arguments.how, &settings, &aws, &console).await? else {
        return Ok(ExitCode::from(INTERRUPTED));
    };
    for note in &output.notes {
        console.line(&format!("note: {note}"));
    }
    if arguments.json {
        console::print_json(&Report::from_output(output))?;
    } else {
        let Output { location, item_count, bytes, files, unknown, unknown_items, .. } = output;
        let unknown = match (unknown, unknown_items) {
            (Some(unknown), Some(lists)) => format!("; {unknown} items are not known, and listed in {lists}"),
            _ => String::new(),
        };
        console::print_data(&format!(
            "{location}: {item_count} items, {bytes} bytes, {files} files{unknown}"
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// Makes a snapshot, or finds it made. `None` where it was interrupted, which has been told.
pub(crate) async fn make(
    which: &Which<'_>,
    how: &How,
    settings: &Settings,
    aws: &Aws,
    console: &Console,
) -> anyhow::Result<Option<Output>> {
    let Request { snapshot, files, settled_at, days, whole } =
        request::take(which, how, settings, aws, console).await?;
    let folder = files.location(&snapshot.plan.folder);
    if whole {
        console.line(&format!("{folder} is there already"));
        let finished = finish_snapshot::finish(&files, snapshot).await;
        return finished.map(Some).map_err(|error| named(error.name(), error));
    }
    let verb = if which.resume { "going on with" } else { "writing" };
    console.line(&format!("{verb} the items of {} to {folder}", reported(snapshot.at)));
    let seconds = whole_seconds(settled_at - Clock::System.now());
    let job = Arc::new(Job::new(aws.s3.clone(), files, snapshot));
    if which.resume {
        clear(&job).await;
    }
    let mut pool = None;
    let work = async {
        // Told once signals are listened for, so that whoever reads this can interrupt it.
        if seconds > 0 {
            console.line(&format!(
                "the stream may still tell of that second: it begins in {seconds} s (--settle {})",
                how.settle()
            ));
        }
        tokio::time::sleep(Duration::from_secs(seconds.into())).await;
        let pool = pool.insert(shards::begin(&job));
        pool.finished().await.map_err(|error| named(error.name(), error))?;
        if let Err(gone) = request::check_still_kept(&job.snapshot, days, aws, console).await {
            return Ok(Err(gone));
        }
        let finished = finish_snapshot::finish(&job.files, job.snapshot.clone()).await;
        finished.map(Ok).map_err(|error| named(error.name(), error))
    };
    let ended = watch(console, &job.counters, Total::default(), work, || Ok(())).await;
    let stop = async |goes_on: bool| {
        if let Some(pool) = &mut pool {
            pool.stop().await;
        }
        clear(&job).await;
        if !goes_on {
            return Ok(format!("what was written stays in {folder}, without a manifest"));
        }
        let at = reported(job.snapshot.at);
        Ok(format!("what is whole stays in {folder}; --at {at} --resume goes on with it"))
    };
    // With one for which versions may be gone nothing goes on.
    concluded(console, ended, stop).await?.transpose()
}

/// Takes away what was begun and is no file yet.
async fn clear(job: &Job) {
    if let Err(error) = job.files.abort_uploads(&job.snapshot.plan.folder).await {
        console::print_remark(&format!("what was begun there could not be taken away: {error}"));
    }
}
