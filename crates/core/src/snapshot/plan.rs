//! Checks that the items of a second are known, and claims a folder for the snapshot.

use aws_sdk_dynamodb::types::TableDescription;
use chrono::{DateTime, TimeDelta, Utc};

use crate::aws::arn::Arn;
use crate::aws::failure::AwsFailure;
use crate::aws::table as table_description;
use crate::error_name::{ErrorName, HasErrorName};
use crate::export::claim::{Claim, Owned, claim};
use crate::export::layout::{document_in, export_id};
use crate::export::{ExportConfig, FormatName, Frequency, NullTag, Plan};
use crate::input::InvalidInput;
use crate::item_history::coverage::{Present, Uncovered};
use crate::item_history::tables::{Followed, FollowedError};
use crate::item_history::{coverage, key_names};
use crate::snapshot::document::Document;
use crate::snapshot::execution_input::{MOST_SETTLE_SECONDS, Wanted, name, names};
use crate::snapshot::{Snapshot, document};
use crate::storage::{Files, FilesError};

/// The reason why a snapshot does not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The input is invalid.
    #[error(transparent)]
    Input(#[from] InvalidInput),
    /// The table does not exist, and no version has its key attributes.
    #[error(
        "table {table} does not exist, and no version in {location} says what its key attributes were: there is nothing \
         to export"
    )]
    SourceTableMissing {
        /// Name of the table.
        table: String,
        /// Location of the item history.
        location: String,
    },
    /// The item history does not cover the second.
    #[error(
        "the items of {at} in {location} are not all known: {why}; with AllowIncomplete (--allow-incomplete) a snapshot has \
         the known items, and lists the others that it finds"
    )]
    HistoryIncomplete {
        /// Second of the snapshot.
        at: DateTime<Utc>,
        /// Location of the item history.
        location: String,
        /// What is unknown, and what to do.
        why: Uncovered,
    },
    /// A snapshot of the second exists, or no folder is free for one.
    #[error("{document} already exists and {whose}: a second needs only one snapshot")]
    ExportExists {
        /// Location of the existing snapshot's document.
        document: String,
        /// Owner of the existing snapshot.
        whose: String,
    },
    /// The event source mapping that reads the table's stream was not found.
    #[error(transparent)]
    Followed(#[from] FollowedError),
    /// The plan could not be written.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// An AWS call failed; holds its error name and action.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
}

impl HasErrorName for Error {
    fn name(&self) -> ErrorName {
        match self {
            Error::Input(_) => ErrorName::InvalidInput,
            Error::SourceTableMissing { .. } => ErrorName::SourceTableMissing,
            Error::HistoryIncomplete { .. } => ErrorName::HistoryIncomplete,
            Error::ExportExists { .. } => ErrorName::ExportExists,
            Error::Followed(error) => error.name(),
            Error::Files(error) => error.name(),
            Error::Aws(failure) => failure.name,
        }
    }
}

/// Rounds up to whole seconds, at most one day. Returns 0 if the time is over.
pub fn whole_seconds(wait: TimeDelta) -> u32 {
    let milliseconds = u64::try_from(wait.num_milliseconds()).unwrap_or_default();
    u32::try_from(milliseconds.div_ceil(1_000)).unwrap_or(u32::MAX).min(MOST_SETTLE_SECONDS)
}

/// Plans a snapshot and claims its folder, or returns the plan that `owner` wrote before. `owner` is the execution, or
/// the name under which the command line acts. `followed` is the stream and mapping of a table other than the stack's
/// own.
pub async fn plan(
    dynamodb: &aws_sdk_dynamodb::Client,
    s3: &aws_sdk_s3::Client,
    wanted: Wanted,
    followed: Option<Followed>,
    owner: &str,
    started_at: DateTime<Utc>,
) -> Result<Snapshot, Error> {
    let snapshot = draft(dynamodb, s3, wanted, followed, owner, started_at).await?;
    let files = snapshot.run.files(s3.clone(), &snapshot.plan.table_name);
    in_free_folder(&files, snapshot, owner).await
}

/// Returns the snapshot that [`plan`] would begin now, and writes nothing. Use it for a dry run.
pub async fn preview(
    dynamodb: &aws_sdk_dynamodb::Client,
    s3: &aws_sdk_s3::Client,
    wanted: Wanted,
    owner: &str,
    started_at: DateTime<Utc>,
) -> Result<Snapshot, Error> {
    let mut snapshot = draft(dynamodb, s3, wanted, None, owner, started_at).await?;
    let files = snapshot.run.files(s3.clone(), &snapshot.plan.table_name);
    for name in names(snapshot.at) {
        let folder = format!("{}{name}/", snapshot.run.prefix);
        (snapshot.name, snapshot.plan.folder) = (name, folder);
        if files.get(&document_in(&snapshot.plan.folder)).await?.is_none() {
            return Ok(snapshot);
        }
    }
    let document = files.location(&document_in(&snapshot.plan.folder));
    Err(Error::ExportExists { document, whose: "is not finished, like all others of this second".to_owned() })
}

/// Checks that the items of the second are known, and plans their snapshot without a folder. Writes nothing.
async fn draft(
    dynamodb: &aws_sdk_dynamodb::Client,
    s3: &aws_sdk_s3::Client,
    wanted: Wanted,
    followed: Option<Followed>,
    owner: &str,
    started_at: DateTime<Utc>,
) -> Result<Snapshot, Error> {
    let table_arn = wanted.table_arn.as_str();
    let table_name = Arn::parse(table_arn).and_then(|arn| arn.table_name()).unwrap_or(table_arn).to_owned();
    let table = match table_arn {
        "" => None,
        arn => table_description::describe(dynamodb, arn).await?,
    };
    // The table may have been replaced by another one of the same name.
    let names = key_names::of_versions(s3, &wanted.items.bucket, &wanted.items.prefix).await?;
    let names = names.or_else(|| table.as_ref().map(table_description::key_names));
    let key_names = names.ok_or_else(|| Error::SourceTableMissing {
        table: table_name.clone(),
        location: format!("s3://{}/{}", wanted.items.bucket, wanted.items.prefix),
    })?;
    let notes = notes(s3, &wanted, table.as_ref(), started_at).await?;
    let run = ExportConfig {
        started_at,
        timestamp: name(wanted.at),
        frequency: Frequency::Manual,
        format: FormatName::DynamodbJson,
        null_tag: NullTag::Null,
        compression: wanted.compression,
        consistent_read: true,
        bucket: wanted.bucket,
        prefix: wanted.prefix,
        segments: wanted.shards,
        most_segments: wanted.shards,
        max_read_capacity_units: 0,
        managed: false,
        deadline: started_at,
        seconds_per_call: wanted.seconds_per_call,
    };
    let plan = Plan {
        folder: String::new(),
        export_id: export_id(&run, owner, table_arn),
        table_id: table.and_then(|table| table.table_id).unwrap_or_default(),
        table_arn: wanted.table_arn.clone(),
        table_name,
        segments: wanted.shards,
        export_time: wanted.at,
        notes,
    };
    let Wanted { at, kept_until, allow_incomplete, items, .. } = wanted;
    let name = String::new();
    Ok(Snapshot { name, at, kept_until, allow_incomplete, items, key_names, run, plan, followed })
}

/// Claims the first free folder for the snapshot's second. Skips folders with incomplete snapshots of other owners.
/// Whether those are still running does not matter, because nothing is written into them (docs/adr/0019). Fails if a
/// complete snapshot exists.
async fn in_free_folder(files: &Files, snapshot: Snapshot, owner: &str) -> Result<Snapshot, Error> {
    let mut names = names(snapshot.at).map(|name| {
        let folder = format!("{}{name}/", snapshot.run.prefix);
        (name, document_in(&folder), folder)
    });
    let exists = |key: &str, whose: String| Error::ExportExists { document: files.location(key), whose };
    let mut last = String::new();
    while let Some((name, key, folder)) = names.next() {
        let mut snapshot = Snapshot { name, ..snapshot.clone() };
        snapshot.plan.folder = folder;
        let document = Document { version: Document::VERSION, owner: owner.to_owned(), snapshot };
        match claim(files, &key, document).await? {
            Claim::Ours(existing) => return Ok(existing.snapshot),
            Claim::Unusable { why } => return Err(exists(&key, why)),
            Claim::Taken(existing) if !existing.snapshot.is_whole(files).await? => last = key,
            Claim::Taken(existing) => {
                // A repeated call has its own folder after this one if this snapshot was not complete at the first
                // call.
                for (_, key, _) in names {
                    match document::read(files, &key).await? {
                        Ok(own) if own.owner == owner => return Ok(own.snapshot),
                        Ok(_) => {}
                        Err(_) => break,
                    }
                }
                return Err(exists(&key, format!("is of {}", existing.owner)));
            }
        }
    }
    Err(exists(&last, "is not finished, like all others of this second".to_owned()))
}

/// Returns what is unknown about the second if `allow_incomplete` is set. Otherwise an unknown state is an error.
async fn notes(
    s3: &aws_sdk_s3::Client,
    wanted: &Wanted,
    table: Option<&TableDescription>,
    now: DateTime<Utc>,
) -> Result<Vec<String>, Error> {
    let Wanted { at, noncurrent_days, allow_incomplete, items, .. } = wanted;
    let stream = table.and_then(TableDescription::latest_stream_label);
    let present = Present { stream, noncurrent_days: Some(*noncurrent_days), now };
    let coverage = coverage::read(s3, &items.bucket, &items.prefix).await?;
    match coverage.check(*at, &present) {
        Ok(()) => Ok(Vec::new()),
        Err(why) if *allow_incomplete => Ok(vec![why.to_string()]),
        Err(why) => {
            let location = format!("s3://{}/{}", items.bucket, items.prefix);
            Err(Error::HistoryIncomplete { at: *at, location, why })
        }
    }
}
