//! `tablekeeper backfill`: writes the items of a table that the stream did not bring, from the operator's machine.
//!
//! It runs the code of the workflow `backfill`: the same checks of the table and its stream before and after, and the
//! same conditional writes. The segments are tasks of this process, and a cursor file has their progress, from which
//! `--resume` continues.

mod segments;
mod state;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use aws_sdk_dynamodb::types::TableDescription;
use clap::Args;
use segments::Job;
use serde::Serialize;
use state::State;
use tablekeeper_core::aws::table as table_description;
use tablekeeper_core::backfill::execution_input::{MOST_SEGMENTS, Wanted};
use tablekeeper_core::backfill::finish::Output;
use tablekeeper_core::backfill::{finish, plan};
use tablekeeper_core::error_name::HasErrorName as _;
use tablekeeper_core::import::execution_input::MOST_UNITS;
use tablekeeper_core::item_history::store::Store;

use crate::config::{Configuration, Settings, check_free, noncurrent_days};
use crate::console;
use crate::console::{Console, Stream, counted};
use crate::dry_run::{Place, Preview};
use crate::failure::Unusable;
use crate::transfer::{Aws, INTERRUPTED, Total, WorkerPool, concluded, cursor_file, named, watch};

/// Write a table's items into the bucket of its incremental backup.
///
/// The stream brings the items that change. A backfill brings the others. It writes an item only if the item has no
/// object yet, so it never overwrites what the stream wrote, be it a later state or a deletion. It is safe while the
/// table is written to, and safe to run again. The table's stream must be on and followed (infra/incremental.yaml).
///
/// While it runs, it saves its progress in `.tablekeeper-backfill-<TABLE>.json` in the current directory, and removes
/// the file at the end. If it stops, --resume continues from there. Without --resume it starts again and skips existing
/// objects.
///
/// The settings come from the environment (INCREMENTAL_BUCKET, INCREMENTAL_PREFIX, FAILURES_PREFIX, DYNAMODB_REGION,
/// DYNAMODB_HOST, DYNAMODB_PORT, DYNAMODB_USETLS, DYNAMODB_PARALLELISM), from --config, or from --stack.
///
/// With --dry-run, nothing is written, and what would be is printed.
///
/// The exit code is 0 if every item is in the bucket (or could be, with --dry-run), 1 if it failed, 2 if the arguments or settings cannot be used,
/// and 130 if it was interrupted.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tablekeeper backfill Movies --max-rate 100\n  \
                        tablekeeper backfill Movies --dry-run\n  \
                        tablekeeper backfill --config movies.toml --resume")]
pub(crate) struct Arguments {
    /// The table's name [default: `table` of --config].
    table: Option<String>,
    /// Number of segments that are scanned in parallel [default: one per 512 MiB, or as few as use all of --max-rate].
    /// Limited by DYNAMODB_PARALLELISM and by --max-rate.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=MOST_SEGMENTS as i64))]
    segments: Option<u32>,
    /// Maximum read capacity units per second of the scan [default: no limit].
    #[arg(long, value_name = "RCU", value_parser = clap::value_parser!(u32).range(1..=MOST_UNITS as i64))]
    max_rate: Option<u32>,
    /// Show what would be read, written and made, and write nothing.
    #[arg(long)]
    dry_run: bool,
    /// The file for the progress [default: `.tablekeeper-backfill-<TABLE>.json`].
    #[arg(long, value_name = "FILE")]
    cursor_file: Option<PathBuf>,
    /// Continue the backfill in the cursor file.
    #[arg(long)]
    resume: bool,
    #[command(flatten)]
    configuration: Configuration,
    /// Print the result as one JSON object.
    #[arg(long)]
    json: bool,
}

/// The report that `--json` prints.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    table: String,
    bucket: String,
    prefix: String,
    item_count: u64,
    written: u64,
    kept: u64,
}

/// Runs `tablekeeper backfill`.
pub(crate) async fn act(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let settings = arguments.configuration.settings().await?;
    let table = settings.own_table(arguments.table.as_deref())?;
    let items = settings.items()?;
    let aws = settings.aws().await?;
    let console = Console::new(Stream::Stderr);
    aws.announce(&console).await;
    let Planned { path, described, state } = plan(&arguments, &settings, &table, &aws).await?;
    check_free(&aws, items, &console).await?;
    noncurrent_days(&aws, items, &console).await?;
    let backfill = state.backfill.clone();
    let place = format!("s3://{}/{}", items.bucket, items.prefix);
    let verb = if arguments.resume { "continuing" } else { "backfilling" };
    let segments = counted(backfill.segments.into(), "segment");
    if arguments.dry_run {
        let verb = if arguments.resume { "continue the backfill of" } else { "backfill" };
        let preview = Preview::new(format!("would {verb} {table} in {segments}"))
            .table(&described)
            .to(Place::existing(place))
            .makes("an object for each item that has none, and coverage.json")
            .scanned(true);
        preview.show(arguments.json)?;
        return Ok(ExitCode::SUCCESS);
    }
    console.line(&format!("{verb} {table} in {segments} into {place}"));

    let store = Store { s3: aws.s3.clone(), bucket: items.bucket.clone(), prefix: items.prefix.clone() };
    let job = Arc::new(Job::new(aws.raw_items(), store, state));
    job.save(&path)?;
    let (segments, work) = (backfill.segments, Arc::clone(&job));
    let mut pool = WorkerPool::of("dynamodb:Scan", segments, segments, move |number| {
        let job = Arc::clone(&work);
        async move { job.segment(number).await }
    });
    let work = async {
        pool.finished().await.map_err(|error| named(error.name(), error))?;
        let finished = finish::finish(&aws.clients.dynamodb(), &aws.s3, backfill, &job.done()).await;
        finished.map_err(|error| named(error.name(), error))
    };
    let about = described.item_count().and_then(|count| u64::try_from(count).ok()).filter(|count| *count > 0);
    let total = Total { items: about, about: true, bytes: None };
    let ended = watch(&console, &job.counters, total, work, || job.save(&path)).await;
    let stop = async |goes_on: bool| {
        pool.stop().await;
        job.save(&path)?;
        if !goes_on {
            return Ok(format!("what was written stays in {place}"));
        }
        Ok(format!(
            "what was written stays; {} has the progress; the same command with --resume continues from there",
            path.display()
        ))
    };
    let Some(finished) = concluded(&console, ended, stop).await? else {
        return Ok(ExitCode::from(INTERRUPTED));
    };
    let Output { items: item_count, written, kept, .. } = finished;
    cursor_file::remove(&path)?;
    if arguments.json {
        let (bucket, prefix) = (items.bucket.clone(), items.prefix.clone());
        console::print_json(&Report { table, bucket, prefix, item_count, written, kept })?;
    } else {
        console::print_data(&format!(
            "{place}: {} of {table}: {written} written, {kept} already had an object",
            counted(item_count, "item")
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// A planned backfill.
struct Planned {
    /// Path of the cursor file.
    path: PathBuf,
    described: TableDescription,
    state: State,
}

/// Plans a new backfill, or reads the one to resume.
async fn plan(arguments: &Arguments, settings: &Settings, table: &str, aws: &Aws) -> anyhow::Result<Planned> {
    let path = arguments.cursor_file.clone().unwrap_or_else(|| state::usual_path(table));
    let earlier = match arguments.resume {
        true => Some(State::read(&path)?.ok_or_else(|| cursor_file::nothing(&path, "backfill"))?),
        false => None,
    };
    let items = settings.items()?;
    let wanted = Wanted {
        table_name: table.to_owned(),
        // Any stream of the table will do, as long as it carries the items.
        stream_arn: None,
        bucket: items.bucket.clone(),
        prefix: items.prefix.clone(),
        segments: arguments.segments.unwrap_or_default(),
        max_read_capacity_units: arguments.max_rate.unwrap_or_default(),
        // The process has no time limit: a call runs until its segment is finished.
        seconds_per_call: 0,
    };
    let dynamodb = aws.clients.dynamodb();
    let mut backfill = plan::plan(&dynamodb, wanted).await.map_err(|error| aws.named(error.name(), error))?;
    // Each segment has one Scan in flight.
    backfill.segments = backfill.segments.min(settings.parallelism);
    if let Some(earlier) = &earlier {
        let begun = earlier.backfill.segments;
        // Resuming with the same --segments is allowed even if the backfill began with fewer than it asked for.
        if let Some(asked) = arguments.segments
            && ![asked, backfill.segments].contains(&begun)
        {
            bail!(Unusable(format!(
                "--segments is {asked}, but the backfill in {} has {begun}; leave it out, or --resume",
                path.display()
            )));
        }
        backfill.segments = begun;
    }
    let described =
        table_description::describe(&dynamodb, table).await.map_err(|error| named(error.name, error))?;
    let described = described.with_context(|| format!("table {table} was deleted meanwhile"))?;
    let state = match earlier {
        Some(earlier) => earlier.resumed(backfill, &path)?,
        None => State::new(backfill),
    };
    Ok(Planned { path, described, state })
}
