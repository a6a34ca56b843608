//! `tablekeeper snapshot`: writes the items of an incremental backup as of a given second, from the operator's machine.
//!
//! It runs the code of the workflow `snapshot` with the same layout: the same plan, the same reader, and the same
//! verification before the manifest is written. The shards are tasks of this process. With `--resume`, a stopped
//! snapshot continues where its records end.

mod delete;
mod list;
mod name;
mod preview;
mod request;
mod shards;
mod verify;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::{Args, Subcommand};
use contracts::suggestion::closest;
pub(crate) use name::{LATEST, find, newest};
pub(crate) use preview::{Previewed, preview};
use request::Request;
use serde::Serialize;
use shards::Job;
use tablekeeper_core::clock::Clock;
use tablekeeper_core::error_name::HasErrorName as _;
use tablekeeper_core::export::Compression;
use tablekeeper_core::import::execution_input::MOST_SEGMENTS;
use tablekeeper_core::snapshot::finish::Output;
use tablekeeper_core::snapshot::plan::whole_seconds;
use tablekeeper_core::snapshot::{Snapshot, finish as finish_snapshot};

use crate::config::{Configuration, Settings, past_second, reported};
use crate::console;
use crate::console::{Console, Stream, counted};
use crate::failure;
use crate::failure::Unusable;
use crate::transfer::{Aws, INTERRUPTED, Total, concluded, named, watch};

/// Default of `--settle`, in seconds, as in the workflow.
const SETTLE: u32 = 300;

/// Write a backed-up table as it was at a second to a bucket.
///
/// The directory is named after the second, `2026-11-20T02-00-00Z`, and has the layout of export and of the workflow
/// snapshot. The manifest-summary.json is written last: a snapshot is complete if it exists. The table is not read, and
/// may be deleted. For a recent second, the command first waits until the stream has brought its changes (--settle).
///
/// If the snapshot stops, complete files stay. --resume continues the snapshot of --at, or else the newest incomplete
/// one that the command line began. Only one process may do so at a time. If the snapshot of that second is already
/// complete, it is verified and reported. The bucket must retain the versions of the second until the snapshot ends.
///
/// The settings come from the environment (INCREMENTAL_BUCKET, INCREMENTAL_PREFIX, FAILURES_PREFIX, SNAPSHOT_BUCKET,
/// SNAPSHOT_PREFIX, DYNAMODB_REGION, DYNAMODB_HOST, DYNAMODB_PORT, DYNAMODB_USETLS), from --config, or from --stack.
/// Without TABLE, and without `table` in the file, the key attributes are taken from the versions. TABLE must be an
/// existing table with the key attributes of the versions. For a deleted table, set `table` in the file, or give no
/// table.
///
/// With --dry-run, nothing is written, and what would be is printed.
///
/// The exit code is 0 if the snapshot is complete (or could begin, with --dry-run), 1 if it failed, 2 if the arguments or settings cannot be used, and
/// 130 if it was interrupted.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  tablekeeper snapshot --at 2026-11-20T02:00:00Z\n  \
                  tablekeeper snapshot Movies --config movies.toml\n  \
                  tablekeeper snapshot --resume\n  \
                  tablekeeper snapshot list\n  \
                  tablekeeper snapshot verify latest"
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    making: Making,
}

/// What to make a snapshot of, and how.
#[derive(Debug, Args)]
pub(crate) struct Making {
    /// The name of the table that is backed up [default: `table` of --config]. Put `--` before a table with the name of
    /// a subcommand, such as `list`.
    table: Option<String>,
    /// The second: with a zone (2026-11-20T02:00:00Z), in local time (`2026-11-20 02:00:00`, 02:00) or ago (-10m)
    /// [default: now].
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    at: Option<String>,
    #[command(flatten)]
    pub(crate) how: How,
    #[command(flatten)]
    configuration: Configuration,
    /// Show what would be read, written and made, and write nothing.
    #[arg(long)]
    dry_run: bool,
    /// Continue an incomplete snapshot that the command line began.
    #[arg(long)]
    resume: bool,
    /// Print the result as one JSON object.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a snapshot. `snapshot` without a subcommand does the same, and its --help says more.
    #[command(after_help = "Examples:\n  tablekeeper snapshot create --at 2026-11-20T02:00:00Z\n  \
                            tablekeeper snapshot create Movies --config movies.toml --dry-run")]
    Create(Making),
    Delete(delete::Arguments),
    List(list::Arguments),
    Verify(verify::Arguments),
}

/// The options for making a snapshot.
#[derive(Clone, Debug, Args)]
pub(crate) struct How {
    /// Seconds to wait after the second, until the stream has brought its changes [default: 300].
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(0..=86_400))]
    settle: Option<u32>,
    /// Number of shards, of which four are written in parallel [default: 16].
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=MOST_SEGMENTS as i64))]
    shards: Option<u32>,
    /// The compression of the snapshot's data files [default: gzip].
    #[arg(long, value_parser = PossibleValuesParser::new(["none", "gzip", "zstd"])
        .try_map(|name| name.parse::<Compression>()))]
    compression: Option<Compression>,
    /// Leave out items whose state at that second is unknown, and list them under `unknown/`. Also accept a second that
    /// the bucket's history does not cover [default: both make the snapshot fail].
    #[arg(long)]
    allow_incomplete: bool,
}

impl How {
    /// Returns the first of these options that is given, for an error.
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

/// The snapshot to make.
#[derive(Clone, Debug)]
pub(crate) struct Which {
    /// The table, if the arguments or settings name one.
    pub(crate) table: Option<String>,
    /// Whether the table must exist.
    pub(crate) must_exist: bool,
    /// The second; `None` for now, or for the newest snapshot to resume.
    pub(crate) at: Option<DateTime<Utc>>,
    /// Whether to continue an incomplete snapshot.
    pub(crate) resume: bool,
}

impl Which {
    /// Refuses options that differ from those of the existing snapshot.
    fn check(&self, how: &How, snapshot: &Snapshot) -> Result<(), Unusable> {
        let Snapshot { name, run, plan, .. } = snapshot;
        let differs = |option: &str, asked: String, is: String| {
            let or = if self.resume { ", or --resume" } else { "" };
            Err(Unusable(format!(
                "{option} is {asked}, but the snapshot {name} has {is}; leave {option} out{or}"
            )))
        };
        if let Some(table) = &self.table
            && !plan.table_name.is_empty()
            && *table != plan.table_name
        {
            return Err(Unusable(format!(
                "the table is {table}, but the snapshot {name} is of {}; give that table, or the bucket and prefix of \
                 the snapshots of {table}",
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

/// The report that `--json` prints.
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

/// Runs `tablekeeper snapshot`.
pub(crate) async fn act(arguments: Arguments) -> anyhow::Result<ExitCode> {
    match arguments.command {
        None => create(arguments.making).await,
        Some(Command::Create(making)) => create(making).await,
        Some(Command::Delete(arguments)) => delete::act(arguments).await,
        Some(Command::List(arguments)) => list::act(arguments).await,
        Some(Command::Verify(arguments)) => verify::act(arguments).await,
    }
}

/// Makes a snapshot and reports it. If that is refused and TABLE is close to the name of a subcommand, says so.
async fn create(arguments: Making) -> anyhow::Result<ExitCode> {
    let meant = arguments.table.as_deref().and_then(misspelt);
    let made = create_as_given(arguments).await;
    match (made, meant) {
        (Err(error), Some(meant)) if error.downcast_ref::<Unusable>().is_some() => {
            let sentence = failure::sentence(&error);
            Err(Unusable(format!("{sentence}. Did you mean `tablekeeper snapshot {meant}`?")).into())
        }
        (made, _) => made,
    }
}

/// Returns the subcommand that a misspelt one probably means.
fn misspelt(table: &str) -> Option<String> {
    let tree = Command::augment_subcommands(clap::Command::new("snapshot"));
    let names = tree.get_subcommands().map(clap::Command::get_name);
    closest(table, names).map(str::to_owned)
}

async fn create_as_given(arguments: Making) -> anyhow::Result<ExitCode> {
    let settings = arguments.configuration.settings().await?;
    let table = settings.table(arguments.table.as_deref())?;
    let must_exist = arguments.table.is_some();
    let at = arguments.at.as_deref().map(past_second).transpose()?;
    let which = Which { table, must_exist, at, resume: arguments.resume };
    settings.items()?;
    settings.snapshots()?;
    let aws = settings.aws().await?;
    let console = Console::new(Stream::Stderr);
    aws.announce(&console).await;
    if arguments.dry_run {
        return preview::show(&which, &arguments, &settings, &aws, &console).await;
    }
    let Some(output) = make(&which, &arguments.how, &settings, &aws, &console).await? else {
        return Ok(ExitCode::from(INTERRUPTED));
    };
    for note in &output.notes {
        console.note(note);
    }
    if arguments.json {
        console::print_json(&Report::from_output(output))?;
    } else {
        let Output { location, item_count, bytes, files, unknown, unknown_items, .. } = output;
        let unknown = match (unknown, unknown_items) {
            (Some(unknown), Some(lists)) => {
                format!("; {} unknown, listed in {lists}", counted(unknown, "item"))
            }
            _ => String::new(),
        };
        console::print_data(&format!(
            "{location}: {}, {}, {}{unknown}",
            counted(item_count, "item"),
            counted(bytes, "byte"),
            counted(files, "file")
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// Makes a snapshot, or finds an existing one. Returns `None`, with a message, if it was interrupted.
pub(crate) async fn make(
    which: &Which,
    how: &How,
    settings: &Settings,
    aws: &Aws,
    console: &Console,
) -> anyhow::Result<Option<Output>> {
    let Request { snapshot, files, settled_at, days, whole } =
        request::take(which, how, false, settings, aws, console).await?;
    let folder = files.location(&snapshot.plan.folder);
    if whole {
        console.line(&format!("{folder} already exists"));
        let finished = finish_snapshot::finish(&files, snapshot).await;
        return finished.map(Some).map_err(|error| named(error.name(), error));
    }
    let verb = if which.resume { "continuing" } else { "writing" };
    console.line(&format!("{verb} the snapshot of {} to {folder}", reported(snapshot.at)));
    let seconds = whole_seconds(settled_at - Clock::System.now());
    let job = Arc::new(Job::new(aws.s3.clone(), files, snapshot));
    if which.resume {
        clear(&job).await;
    }
    let mut pool = None;
    let work = async {
        // Printed after the signal handlers are installed, so that a reader of this line can interrupt the process.
        if seconds > 0 {
            console.line(&format!(
                "waiting {seconds} s until the stream has brought the changes of that second (--settle {})",
                how.settle()
            ));
        }
        let wait = Duration::from_secs(seconds.into());
        job.counters.begin_in(wait);
        tokio::time::sleep(wait).await;
        let pool = pool.insert(shards::begin(&job));
        pool.finished().await.map_err(|error| named(error.name(), error))?;
        if let Err(gone) = request::check_still_retained(&job.snapshot, days, aws, console).await {
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
        Ok(format!("complete files stay in {folder}; --at {at} --resume continues the snapshot"))
    };
    // A snapshot whose versions may be gone cannot be resumed, so its error does not pass through `stop`.
    concluded(console, ended, stop).await?.transpose()
}

/// Aborts incomplete uploads and removes incomplete files.
async fn clear(job: &Job) {
    if let Err(error) = job.files.abort_uploads(&job.snapshot.plan.folder).await {
        console::print_remark(&format!("incomplete uploads could not be removed: {error}"));
    }
}

#[cfg(test)]
mod tests {
    use super::misspelt;

    #[test]
    fn only_what_is_close_to_a_subcommand_gets_a_suggestion() {
        for (table, meant) in [("lst", "list"), ("crate", "create"), ("delte", "delete"), ("verfy", "verify")]
        {
            assert_eq!(misspelt(table).as_deref(), Some(meant));
        }
        for table in ["Movies", "orders", "customer-production", "2026-11-20T02-00-00Z"] {
            assert_eq!(misspelt(table), None, "{table}");
        }
    }
}
