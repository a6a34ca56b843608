//! `tablekeeper adopt`: copies an older system's backup of a table into the bucket of its incremental backup.

mod request;
mod state;

use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

use anyhow::bail;
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use request::{Key, Request};
use serde::Serialize;
use state::State;
use tablekeeper_core::import::{Format, doubts};
use tablekeeper_core::item_history::adopt;
use tablekeeper_core::item_history::adopt::{Adoption, Counts, Done, Left};
use tablekeeper_core::item_history::store::Store;
use tablekeeper_core::text::quoted;

use super::import::format;
use crate::config::{Configuration, check_free, place};
use crate::console;
use crate::console::{Console, Stream, counted};
use crate::failure;
use crate::failure::Unusable;
use crate::transfer::{Aws, Counters, INTERRUPTED, Total, concluded, cursor_file, named, watch};

/// Take over an older system's backup of a table.
///
/// The versions are copied into the bucket of the table's incremental backup.
/// The older system has one object per item in a versioned bucket. The object is named by the MD5 of the item's key and
/// holds plain JSON (json: {"id":"1"}) or DynamoDB JSON (plain: {"id":{"S":"1"}}, as dynamodb-replicator and
/// dynamodb-backup-restore write it). Each version and each deletion becomes a version here, with the time at which S3
/// stored it. It is placed before every version that a backfill or the stream wrote. The old bucket is only read.
///
/// If the table exists, run backfill first: it writes the current items, and adopt adds their history. An item that the
/// backfill did not find is recorded as deleted at the end of the backfill. If the table is gone, give its key
/// attributes with --key.
///
/// An object that belongs to no item, cannot be read, or holds another item than its name says is skipped and reported
/// with the reason. If only an older version of it cannot be read, the newer ones are adopted. Other objects are not
/// affected. It is safe to run again: existing versions are not written twice. While it runs, it saves its progress in
/// `.tablekeeper-adopt-<TABLE>.json` in the current directory; --resume continues from there.
///
/// The settings come from the environment (INCREMENTAL_BUCKET, INCREMENTAL_PREFIX, FAILURES_PREFIX, DYNAMODB_REGION,
/// DYNAMODB_HOST, DYNAMODB_PORT, DYNAMODB_USETLS), from --config, or from --stack.
///
/// The exit code is 0 if everything is adopted (or would be, with --dry-run), 1 if it failed or something was skipped,
/// 2 if the arguments or settings cannot be used, and 130 if it was interrupted.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
                        tablekeeper adopt Movies --from-bucket old-backup --from-prefix movies --stack movies --dry-run\n  \
                        tablekeeper adopt Movies --from-bucket replicas --from-prefix backups/Movies --format plain\n  \
                        tablekeeper adopt Movies --from-bucket old-backup --from-prefix movies --key title:S --key year:N")]
pub(crate) struct Arguments {
    /// The table's name. The table may be deleted.
    table: String,
    /// The older system's bucket.
    #[arg(long, value_name = "BUCKET")]
    from_bucket: String,
    /// The prefix of the objects there; a `/` is added if it has none. If the older system's prefix was empty, its
    /// objects are under `/`.
    #[arg(long, value_name = "PREFIX")]
    from_prefix: String,
    /// The format of the objects.
    #[arg(long, default_value = "json", value_parser = PossibleValuesParser::new(["json", "plain"]).map(format))]
    format: Format,
    /// A key attribute of a deleted table, with its type (S, N or B). Give the partition key first.
    #[arg(long, value_name = "NAME:TYPE")]
    key: Vec<Key>,
    /// Read everything, but write nothing.
    #[arg(long)]
    dry_run: bool,
    /// The file for the progress [default: `.tablekeeper-adopt-<TABLE>.json`].
    #[arg(long, value_name = "FILE")]
    cursor_file: Option<std::path::PathBuf>,
    /// Continue the adoption in the cursor file.
    #[arg(long, conflicts_with = "dry_run")]
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
struct Report<'a> {
    table: &'a str,
    from: String,
    bucket: &'a str,
    prefix: &'a str,
    dry_run: bool,
    #[serde(flatten)]
    counts: Counts,
    notes: Vec<String>,
    /// The first skipped objects, each with its reason.
    reasons: &'a [Left],
}

/// Runs `tablekeeper adopt`.
pub(crate) async fn act(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let console = Console::new(Stream::Stderr);
    let settings = arguments.configuration.settings().await?;
    let aws = settings.aws().await?;
    aws.announce(&console).await;
    let request = request::take(&arguments, &settings, &aws).await?;
    let Request { items, keys, complete_since, from_prefix, path, state, .. } = &request;
    check_free(&aws, items, &console).await?;
    let store = |bucket: &str, prefix: &str| Store {
        s3: aws.s3.clone(),
        bucket: bucket.to_owned(),
        prefix: prefix.to_owned(),
    };
    let adoption = Adoption {
        old: &store(&arguments.from_bucket, from_prefix),
        format: arguments.format,
        keys: &keys.iter().map(Key::attribute).collect::<Vec<_>>(),
        new: &store(&items.bucket, &items.prefix),
        late_prefix: &items.late_prefix(),
        complete_since: *complete_since,
        dry_run: arguments.dry_run,
    };
    let from = format!("s3://{}/{from_prefix}", arguments.from_bucket);
    if arguments.dry_run && complete_since.is_none() {
        console.note(&format!(
            "no backfill into {} has ended; if the table exists, an adoption is refused before that",
            place(items)
        ));
    }
    let verb = match (arguments.dry_run, arguments.resume) {
        (true, _) => "checking",
        (_, true) => "continuing",
        _ => "adopting",
    };
    console.line(&format!("{verb} {from} for {}", place(items)));

    let counters = Counters::for_items();
    counters.adopt(state.counts.items, 0);
    let state = Mutex::new(state.clone());
    let locked = || state.lock().unwrap_or_else(PoisonError::into_inner);
    let save = || if arguments.dry_run { Ok(()) } else { cursor_file::write(path, &*locked()) };
    save()?;
    let mut report_progress = |done: Done| {
        if let Some(left) = &done.left {
            console.note(&reported(left));
        }
        counters.add(done.counts.items, 0);
        locked().take(done);
    };
    let after = locked().after.clone();
    let work = async {
        adopt::run(&adoption, after, &mut report_progress)
            .await
            .map_err(|failure| named(failure.name, failure))
    };
    let ended = watch(&console, &counters, Total::default(), work, save).await;
    let stop = async |_| {
        save()?;
        if arguments.dry_run {
            return Ok("nothing was written (--dry-run)".to_owned());
        }
        Ok(format!(
            "what was written stays; {} has the progress; the same command with --resume continues from there",
            path.display()
        ))
    };
    if concluded(&console, ended, stop).await?.is_none() {
        return Ok(ExitCode::from(INTERRUPTED));
    }
    cursor_file::remove(path)?;
    let State { counts, doubts, left, .. } = locked().clone();
    if counts.objects == 0 {
        bail!(nothing(&aws, &arguments.from_bucket, &from).await?);
    }
    let notes = doubts::notes(arguments.format, &doubts);
    notes.iter().for_each(|note| console.note(note));
    if arguments.json {
        let (table, bucket, prefix) =
            (arguments.table.as_str(), items.bucket.as_str(), items.prefix.as_str());
        let dry_run = arguments.dry_run;
        console::print_json(&Report { table, from, bucket, prefix, dry_run, counts, notes, reasons: &left })?;
    } else {
        console::print_data(&summary(&from, &counts, arguments.dry_run));
    }
    Ok(if counts.left > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Builds the error for a prefix without objects. Names an object that the bucket has.
async fn nothing(aws: &Aws, bucket: &str, from: &str) -> anyhow::Result<Unusable> {
    let listed = aws.s3.list_objects_v2().bucket(bucket).max_keys(1).send().await;
    let listed = listed.map_err(failure::aws("s3:ListBucket"))?;
    let other = listed.contents().first().and_then(|object| object.key());
    let other = other
        .map_or_else(|| "the bucket is empty".to_owned(), |key| format!("the bucket has {}", quoted(key)));
    Ok(Unusable(format!("there are no objects under {from}, so nothing was adopted; {other}")))
}

/// Formats a skipped object as a line of text.
fn reported(Left { object, version, reason, newer_adopted }: &Left) -> String {
    let version = version.as_ref().map(|id| format!(" version {id}")).unwrap_or_default();
    let what = if *newer_adopted { "skipped with its older states" } else { "skipped" };
    format!("{what}: {object}{version}: {reason}")
}

/// Formats the result as a line of text.
fn summary(from: &str, counts: &Counts, dry_run: bool) -> String {
    let Counts { objects, items, states, written, existing, gone, nameless, twins, left } = *counts;
    let mut reported = format!(
        "{from}: {}, {} with {}",
        counted(objects, "object"),
        counted(items, "item"),
        counted(states, "state")
    );
    reported += &match dry_run {
        true => "; nothing was written (--dry-run)".to_owned(),
        false => format!("; {} written, {existing} already existed", counted(written, "version")),
    };
    for (count, what) in [
        (gone, "items were not found by the backfill or were re-created; recorded as deleted"),
        (nameless, "objects have only deletions left, so their items are unknown"),
        (twins, "objects were the second of their item, and were adopted with the first"),
    ] {
        if count > 0 {
            reported += &format!("; {count} {what}");
        }
    }
    if left > 0 {
        reported += &format!("; {} skipped, in whole or in part", counted(left, "object"));
    }
    reported
}
