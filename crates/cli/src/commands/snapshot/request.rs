//! Plans the snapshot of a second, or finds an existing one.

use anyhow::bail;
use aws_sdk_dynamodb::types::TableDescription;
use chrono::{DateTime, TimeDelta, Utc};
use tablekeeper_core::aws::table as table_description;
use tablekeeper_core::clock::Clock;
use tablekeeper_core::error_name::HasErrorName as _;
use tablekeeper_core::export::Compression;
use tablekeeper_core::export::layout::document_in;
use tablekeeper_core::item_history::key_names;
use tablekeeper_core::snapshot::document::Document;
use tablekeeper_core::snapshot::execution_input::{Defaults, ExecutionInput, Wanted, names};
use tablekeeper_core::snapshot::plan::Error;
use tablekeeper_core::snapshot::{Snapshot, document, plan as plan_snapshot};
use tablekeeper_core::storage::Files;

use super::{How, Which, name};
use crate::config::{
    Settings, Snapshots, check_retained, check_versions_exist, noncurrent_days, place, reported,
};
use crate::console::Console;
use crate::failure::Unusable;
use crate::transfer::{Aws, named, whole};

/// The owner of snapshots from the command line. Snapshots of an execution have its ARN instead.
const OWNER: &str = "the command line";
/// Default number of shards, as in the workflow. Each is a range of hashes.
const SHARDS: u32 = 16;
/// Seconds after which a data file ends. `--resume` repeats at most this much of a shard.
const SECONDS: u32 = 300;

/// A planned snapshot.
pub(super) struct Request {
    pub(super) snapshot: Snapshot,
    pub(super) files: Files,
    /// Time at which the stream has brought all changes of the second.
    pub(super) settled_at: DateTime<Utc>,
    /// For how many days the bucket retains versions; 0 means forever, `None` that the caller may not read it.
    pub(super) days: Option<u32>,
    /// Whether the snapshot is already complete.
    pub(super) whole: bool,
}

/// What exists in the directories of a second.
enum Found {
    Nothing,
    /// An incomplete snapshot of another owner or of other items, with the message about it.
    NotEnded(String),
    Whole(Snapshot),
    /// An incomplete snapshot that the command line began.
    Ours(Snapshot),
    /// An object that must be neither continued nor overwritten, with the message about it.
    Others(String),
}

/// Plans a new snapshot, or finds the existing one. A dry run writes nothing.
pub(super) async fn take(
    which: &Which,
    how: &How,
    dry_run: bool,
    settings: &Settings,
    aws: &Aws,
    console: &Console,
) -> anyhow::Result<Request> {
    let now = Clock::System.now();
    let snapshots = settings.snapshots()?;
    let found = match (which.at, which.resume) {
        (Some(at), _) => of_second(at, settings, aws, console).await?,
        (None, true) => newest(settings, aws).await?,
        (None, false) => Found::Nothing,
    };
    let request = |snapshot: Snapshot, days: Option<u32>, whole: bool| {
        let files = snapshot.run.files(aws.s3.clone(), &snapshot.plan.table_name);
        let settled_at = snapshot.at + TimeDelta::seconds(how.settle().into());
        Request { snapshot, files, settled_at, days, whole }
    };
    let place = format!("s3://{}/{}", snapshots.bucket, snapshots.prefix);
    match found {
        Found::Others(sentence) => bail!(sentence),
        Found::Whole(snapshot) => {
            which.check(how, &snapshot)?;
            Ok(request(snapshot, None, true))
        }
        Found::Ours(snapshot) if which.resume => {
            which.check(how, &snapshot)?;
            let days = noncurrent_days(aws, settings.items()?, console).await?;
            let subject = format!("--resume would continue the snapshot {}, which is of", snapshot.name);
            check_retained(&subject, snapshot.at, days)?;
            Ok(request(snapshot, days, false))
        }
        Found::Ours(snapshot) => bail!(Unusable(format!(
            "the snapshot {} in {place} is incomplete; continue it with --resume, or delete \
             its objects to start it again",
            snapshot.name
        ))),
        Found::Nothing | Found::NotEnded(_) if which.resume => bail!(Unusable(format!(
            "nothing to resume: no incomplete snapshot in {place} that the command line began. Run without --resume to \
             start one"
        ))),
        Found::Nothing | Found::NotEnded(_) => {
            let days = noncurrent_days(aws, settings.items()?, console).await?;
            let begun = Begun { days: days.unwrap_or_default(), now, dry_run };
            Ok(request(begin(which, how, settings, aws, begun).await?, days, false))
        }
    }
}

/// Fails if the bucket may have deleted versions while the snapshot was made, because the missing items would not be
/// noticed. Reads the retention again, because it may have changed.
pub(super) async fn check_still_retained(
    snapshot: &Snapshot,
    days: Option<u32>,
    aws: &Aws,
    console: &Console,
) -> anyhow::Result<()> {
    // If the retention cannot be read, there was a note at the beginning.
    let Some(days) = days else { return Ok(()) };
    let now = noncurrent_days(aws, &snapshot.items, console).await?.unwrap_or(days);
    let subject = format!("the snapshot {} cannot be finished: it is of", snapshot.name);
    // Not [`Unusable`]: another command line would not help.
    check_retained(&subject, snapshot.at, Some(now)).map_err(|error| anyhow::Error::msg(error.to_string()))
}

/// When a snapshot begins, and how.
struct Begun {
    /// For how many days the bucket retains versions; 0 means forever or unknown.
    days: u32,
    now: DateTime<Utc>,
    dry_run: bool,
}

/// Plans a snapshot, and writes its document unless this is a dry run.
async fn begin(
    which: &Which,
    how: &How,
    settings: &Settings,
    aws: &Aws,
    Begun { days, now, dry_run }: Begun,
) -> anyhow::Result<Snapshot> {
    let (items, snapshots) = (settings.items()?, settings.snapshots()?);
    check_versions_exist(aws, items).await?;
    let dynamodb = aws.clients.dynamodb();
    let table = which.table.clone().unwrap_or_default();
    let table_arn = match table.as_str() {
        "" => String::new(),
        name => {
            let described = table_description::describe(&dynamodb, name).await;
            let described = described.map_err(|error| named(error.name, error))?;
            if which.must_exist {
                check_table(name, described.as_ref(), settings, aws).await?;
            }
            described.and_then(|table| table.table_arn).unwrap_or_else(|| name.to_owned())
        }
    };
    let defaults = Defaults {
        table_arn,
        items_bucket: items.bucket.clone(),
        items_prefix: items.prefix.clone(),
        failures_prefix: items.failures_prefix.clone(),
        bucket: snapshots.bucket.clone(),
        prefix: snapshots.prefix.clone(),
        compression: how.compression.unwrap_or(Compression::Gzip).to_string(),
        shards: how.shards.unwrap_or(SHARDS).to_string(),
        settle_seconds: how.settle().to_string(),
        noncurrent_days: days.to_string(),
        seconds_per_call: SECONDS.to_string(),
        // The settings have the location of the items, for any table of the stack.
        ..Defaults::default()
    };
    let at = which.at.map(reported);
    let input = ExecutionInput { at, allow_incomplete: how.allow_incomplete, ..ExecutionInput::default() };
    let wanted = input
        .wanted(&defaults, now)
        .map_err(|invalid| Unusable(format!("--{} {}", invalid.field.to_lowercase(), invalid.reason)))?;
    let wanted = Wanted { items: items.clone(), ..wanted };
    let owner = format!("{OWNER}, process {} since {}", std::process::id(), now.to_rfc3339());
    let planned = match dry_run {
        true => plan_snapshot::preview(&dynamodb, &aws.s3, wanted, &owner, now).await,
        false => plan_snapshot::plan(&dynamodb, &aws.s3, wanted, None, &owner, now).await,
    };
    match planned {
        Ok(snapshot) => Ok(snapshot),
        Err(Error::SourceTableMissing { .. }) if table.is_empty() => bail!(Unusable(format!(
            "no version of an item in {} names the key attributes; give the table with TABLE \
             (SourceTableMissing)",
            place(items)
        ))),
        Err(error) => Err(aws.named(error.name(), error)),
    }
}

/// Refuses a table whose key attributes differ from those of the items.
async fn check_table(
    name: &str,
    table: Option<&TableDescription>,
    settings: &Settings,
    aws: &Aws,
) -> anyhow::Result<()> {
    let items = settings.items()?;
    let Some(table) = table else {
        let folder = name::parse(name, settings)?;
        if name::exists(&folder, aws).await? {
            bail!(Unusable(format!(
                "{name} is a snapshot, not a table; write it into a table with `tablekeeper restore TABLE {name}`"
            )));
        }
        bail!(aws.missing(&format!(
            "table {name} does not exist, and neither does a snapshot of this name; leave TABLE out for a deleted \
             table, or set `table` in the file of --config (SourceTableMissing)"
        )));
    };
    let table_key = table_description::key_names(table);
    let names = key_names::of_versions(&aws.s3, &items.bucket, &items.prefix).await;
    match names.map_err(|error| named(error.name, error))? {
        Some(names) if names != table_key => bail!(Unusable(format!(
            "TABLE is {name}, whose key attributes are {}; those of the items in {} are {}; give the table of these \
             items, or leave TABLE out",
            table_key.join(" and "),
            place(items),
            names.join(" and ")
        ))),
        _ => Ok(()),
    }
}

/// Finds what exists for a second. Skips incomplete snapshots of other owners or other items, with a note.
async fn of_second(
    at: DateTime<Utc>,
    settings: &Settings,
    aws: &Aws,
    console: &Console,
) -> anyhow::Result<Found> {
    for name in names(at) {
        match find(&name, settings, aws).await? {
            Found::NotEnded(sentence) => console.note(&format!("{sentence}; it is left unchanged")),
            found => return Ok(found),
        }
    }
    Ok(Found::Nothing)
}

/// Finds what exists under the name of a snapshot.
async fn find(name: &str, settings: &Settings, aws: &Aws) -> anyhow::Result<Found> {
    let Snapshots { bucket, prefix } = settings.snapshots()?;
    let files = whole(&aws.s3, bucket);
    let key = document_in(&format!("{prefix}{name}/"));
    let failed = |error: tablekeeper_core::storage::FilesError| named(error.name(), error);
    if files.get(&key).await.map_err(failed)?.is_none() {
        return Ok(Found::Nothing);
    }
    let location = files.location(&key);
    let Document { owner, snapshot, .. } = match document::read(&files, &key).await.map_err(failed)? {
        Ok(document) => document,
        Err(reason) => {
            return Ok(Found::Others(format!("{location} already exists: {reason} (ExportExists)")));
        }
    };
    let items = settings.items()?;
    let is_of_items = (&snapshot.items.bucket, &snapshot.items.prefix) == (&items.bucket, &items.prefix);
    let of_items = place(&snapshot.items);
    Ok(match (snapshot.is_whole(&files).await.map_err(failed)?, is_of_items) {
        (true, true) => Found::Whole(snapshot),
        (true, false) => Found::Others(format!(
            "{location} already exists, and is of the items in {of_items} (ExportExists)"
        )),
        (false, true) if owner.starts_with(OWNER) => Found::Ours(snapshot),
        (false, true) => Found::NotEnded(format!("{location} was begun by {owner} and is incomplete")),
        (false, false) => {
            Found::NotEnded(format!("{location} is of the items in {of_items} and is incomplete"))
        }
    })
}

/// Finds the newest incomplete snapshot that the command line began.
async fn newest(settings: &Settings, aws: &Aws) -> anyhow::Result<Found> {
    let Snapshots { bucket, prefix } = settings.snapshots()?;
    let files = whole(&aws.s3, bucket);
    let objects = files.list(prefix).await.map_err(|error| named(error.name(), error))?;
    // Directories are named after their seconds, and listed in the order of their names.
    let names = objects.iter().rev().filter_map(|file| {
        let name = file.key.strip_prefix(prefix.as_str())?.strip_suffix("/export.json")?;
        (!name.contains('/')).then_some(name)
    });
    for name in names {
        // Other objects are ignored. An object that cannot be read is an error, because it could be the snapshot to
        // resume.
        if let Found::Ours(snapshot) = find(name, settings, aws).await? {
            return Ok(Found::Ours(snapshot));
        }
    }
    Ok(Found::Nothing)
}
