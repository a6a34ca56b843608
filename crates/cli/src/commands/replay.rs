//! `tablekeeper replay`: applies the changes that Lambda discarded, from the operator's machine.
//!
//! It runs the code of the workflow `replay`. It has no cursor file: objects are deleted from the bucket once they are
//! applied, and the same command continues with the rest.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use serde::Serialize;
use tablekeeper_core::aws::table as table_description;
use tablekeeper_core::clock::Clock;
use tablekeeper_core::error_name::HasErrorName as _;
use tablekeeper_core::item_history::change::table_of_stream;
use tablekeeper_core::replay::objects::{Checkpoint, FOLDER, Replay, ReplayJob};
use tablekeeper_core::replay::{Counts, objects, report};
use tablekeeper_core::text::quoted;

use crate::config::{Configuration, Settings, noncurrent_days};
use crate::console;
use crate::console::{Console, Stream, counted};
use crate::dry_run::{Place, Preview};
use crate::failure::Unusable;
use crate::transfer::{Aws, Counters, INTERRUPTED, Total, concluded, named, watch, whole};

/// Minimum retention of deletions in days: a tombstone stays current for two (`TombstoneDays` of the template).
const LEAST_DAYS: u32 = 2;

/// Apply the changes that Lambda discarded.
///
/// Lambda discards a change that is too old, and writes it to a bucket. This command reads the objects there and
/// applies each change: as the current version of its item, as a late version if the item has a newer one, or to
/// quarantine if it is unknown whether the item was deleted since. An object is deleted once all its changes are
/// applied. It is safe to stop and to run again.
///
/// The settings come from the environment (INCREMENTAL_BUCKET, INCREMENTAL_PREFIX, FAILURES_PREFIX, GIVEN_UP_BUCKET,
/// DYNAMODB_REGION, DYNAMODB_HOST, DYNAMODB_PORT, DYNAMODB_USETLS), from --config, or from --stack.
///
/// With --dry-run, nothing is written or deleted, and what would be is printed.
///
/// The exit code is 0 if all objects were applied (or could be, with --dry-run), 1 if it failed or some are left, 2 if the arguments or settings
/// cannot be used, and 130 if it was interrupted.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tablekeeper replay Movies\n  \
                        tablekeeper replay Movies --dry-run\n  \
                        tablekeeper replay --config movies.toml --prefix aws/lambda/3f1c9a5e-0b7d-4c62-9b1a-5d0e8f2a7c44/")]
pub(crate) struct Arguments {
    /// The table's name [default: `table` of --config].
    table: Option<String>,
    /// The ARN of the stream whose changes are applied [default: the table's current stream]. It may be an earlier
    /// stream of the table.
    #[arg(long, value_name = "ARN")]
    stream: Option<String>,
    /// The prefix of the objects to apply.
    #[arg(long, value_name = "PREFIX", default_value = FOLDER)]
    prefix: String,
    /// Show what would be read, written and made, and write nothing.
    #[arg(long)]
    dry_run: bool,
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
    given_up_bucket: String,
    stream_arn: String,
    objects: u64,
    records: u64,
    written: u64,
    late: u64,
    #[serde(rename = "setAside")]
    quarantined: u64,
    left: u64,
    of_other_tables: u64,
    reasons: Vec<String>,
}

/// Runs `tablekeeper replay`.
pub(crate) async fn act(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let settings = arguments.configuration.settings().await?;
    let aws = settings.aws().await?;
    let console = Console::new(Stream::Stderr);
    aws.announce(&console).await;
    let replay = plan(&arguments, &settings, &aws, &console).await?;
    let place = format!("s3://{}/{}", replay.given_up_bucket, replay.folder);
    if arguments.dry_run {
        return preview(&replay, &place, &aws, arguments.json).await;
    }
    console.line(&format!(
        "applying the discarded changes under {place} to s3://{}/{}",
        replay.bucket, replay.prefix
    ));
    let dynamodb = aws.clients.dynamodb();
    let work = ReplayJob { replay: &replay, dynamodb: &dynamodb, s3: &aws.s3, clock: Clock::System };
    let counters = Counters::for_items();
    let mut reported = 0;
    let mut report_progress = |reached: &Checkpoint| {
        let records = reached.counts.records;
        counters.add(records - std::mem::replace(&mut reported, records), 0);
    };
    let work = async {
        let reached = objects::run(&work, Checkpoint::default(), &mut report_progress).await;
        reached.map_err(|error| named(error.name(), error))
    };
    let total = Total { items: None, about: false, bytes: None };
    let ended = watch(&console, &counters, total, work, || Ok(())).await;
    let stop =
        async |_| Ok("applied changes are in place; the same command continues with the rest".to_owned());
    let Some(Checkpoint { counts, reasons, .. }) = concluded(&console, ended, stop).await? else {
        return Ok(ExitCode::from(INTERRUPTED));
    };
    let Counts { objects, records, written, late, quarantined, left, of_other_tables } = counts;
    if arguments.json {
        let Replay { given_up_bucket, stream_arn, .. } = replay;
        let report = Report {
            given_up_bucket,
            stream_arn,
            objects,
            records,
            written,
            late,
            quarantined,
            left,
            of_other_tables,
            reasons,
        };
        console::print_json(&report)?;
        return Ok(if left > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS });
    }
    if left > 0 {
        return Err(anyhow::Error::msg(report::describe(&counts, &reasons)));
    }
    console::print_data(&format!(
        "{place}: {} with {}: {written} written, {}, {quarantined} quarantined",
        counted(objects, "object"),
        counted(records, "record"),
        counted(late, "late version")
    ));
    Ok(ExitCode::SUCCESS)
}

/// Prints what would be applied. Lists the objects, and reads none of them.
async fn preview(replay: &Replay, place: &str, aws: &Aws, json: bool) -> anyhow::Result<ExitCode> {
    let files = whole(&aws.s3, &replay.given_up_bucket);
    let objects = files.list(&replay.folder).await.map_err(|error| named(error.name(), error))?;
    let from = Place {
        files: objects.len().try_into().ok(),
        bytes: Some(objects.iter().map(|object| object.size).sum()),
        ..Place::existing(place.to_owned())
    };
    let preview = Preview::new(format!("would apply the discarded changes of {}", replay.stream_arn))
        .from(from)
        .to(Place::existing(format!("s3://{}/{}", replay.bucket, replay.prefix)))
        .makes("a version of an item for each change, and deletes an object once its changes are applied");
    preview.show(json)?;
    Ok(ExitCode::SUCCESS)
}

async fn plan(
    arguments: &Arguments,
    settings: &Settings,
    aws: &Aws,
    console: &Console,
) -> anyhow::Result<Replay> {
    let items = settings.items()?;
    let given_up_bucket = settings.given_up()?.to_owned();
    if !arguments.prefix.starts_with(FOLDER) {
        let prefix = quoted(&arguments.prefix);
        return Err(Unusable(format!(
            "--prefix is {prefix}; it must begin with {FOLDER}, as the keys of the changes that Lambda discarded"
        ))
        .into());
    }
    let stream_arn = match &arguments.stream {
        Some(arn) if table_of_stream(arn).is_some() => arn.clone(),
        Some(other) => {
            let other = quoted(other);
            return Err(
                Unusable(format!("--stream is {other}; it must be the ARN of a table's stream")).into()
            );
        }
        None => stream_of(&settings.table(arguments.table.as_deref())?, aws).await?,
    };
    let remembered_days = match noncurrent_days(aws, items, console).await? {
        Some(0) => None,
        Some(days) => Some(days),
        None => Some(LEAST_DAYS),
    };
    Ok(Replay {
        stream_arn,
        given_up_bucket,
        folder: arguments.prefix.clone(),
        bucket: items.bucket.clone(),
        prefix: items.prefix.clone(),
        failures_prefix: items.failures_prefix.clone(),
        late_prefix: items.late_prefix(),
        remembered_days,
        // The process has no time limit: a call runs until everything is applied.
        seconds_per_call: None,
    })
}

/// Returns the current stream of the table.
async fn stream_of(table: &Option<String>, aws: &Aws) -> anyhow::Result<String> {
    let table = table.as_deref().context(Unusable(
        "TABLE is missing; give it, set `table` in the file of --config, or give --stream".into(),
    ))?;
    let described = table_description::describe(&aws.clients.dynamodb(), table).await;
    let described = described.map_err(|failure| named(failure.name, failure))?;
    let stream = described.and_then(|table| table.latest_stream_arn);
    let none = || {
        Unusable(format!(
            "table {table} does not exist or has no stream; give its earlier stream with --stream"
        ))
    };
    Ok(stream.ok_or_else(none)?)
}
