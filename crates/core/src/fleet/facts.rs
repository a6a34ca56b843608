//! What AWS says of one table and its protection.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::finding::Finding;

/// What was read of one table.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TableFacts {
    /// The table itself.
    pub table: Finding<Description>,
    /// Its tags.
    pub tags: Finding<BTreeMap<String, String>>,
    /// Its point-in-time recovery.
    pub pitr: Finding<Pitr>,
    /// Its available backups in DynamoDB, of all types.
    pub backups: Finding<Saved>,
    /// Its usable recovery points in AWS Backup.
    pub recovery_points: Finding<Saved>,
    /// Its newest full export by DynamoDB, of the last 90 days.
    pub exports: Finding<Export>,
    /// The history of its items in a bucket of `incremental`.
    pub incremental: Finding<Incremental>,
    /// Its newest settings document.
    pub settings: Finding<SettingsCapture>,
    /// The newest proof that it can be restored.
    pub verified: Finding<Verification>,
    /// How long restores of it by AWS Backup took.
    pub restores: Finding<RestoreTimes>,
    /// What it is a copy of.
    pub copy: Finding<Copy>,
}

impl TableFacts {
    /// Returns how far the history of its items lags behind. `None` if it has no history.
    pub(super) fn lag(&self) -> Option<&Finding<Lag>> {
        self.incremental.found().map(|history| &history.lag)
    }
}

/// A table.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Description {
    /// ARN of the table.
    pub arn: String,
    /// Id of the table, which distinguishes it from an earlier table of its name.
    pub id: String,
    /// Status of the table, such as `ACTIVE`.
    pub status: String,
    /// Time at which the table was created.
    pub created_at: DateTime<Utc>,
    /// Number of items, as DynamoDB last counted them.
    pub item_count: i64,
    /// Size in bytes, as DynamoDB last counted it.
    pub bytes: i64,
    /// Whether DynamoDB refuses to delete the table.
    pub deletion_protection: bool,
    /// Label of its stream; null if it has none.
    pub stream: Option<String>,
}

/// The window of point-in-time recovery.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pitr {
    /// First second that the table can be restored to; null if DynamoDB does not say.
    pub earliest: Option<DateTime<Utc>>,
    /// Last second that the table can be restored to; null if DynamoDB does not say.
    pub latest: Option<DateTime<Utc>>,
    /// Recovery period in days; null if DynamoDB does not say.
    pub period_in_days: Option<i32>,
}

/// The backups or recovery points of a table.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Saved {
    /// Number of them.
    pub count: u64,
    /// Time of the oldest.
    pub oldest: DateTime<Utc>,
    /// Time of the newest.
    pub newest: DateTime<Utc>,
    /// ARN of the newest.
    pub newest_arn: String,
}

impl Saved {
    /// Creates the summary of these times and ARNs. Returns `None` if there are none.
    pub(super) fn from_all<'a>(all: impl Iterator<Item = (DateTime<Utc>, &'a str)>) -> Option<Saved> {
        all.fold(None, |saved: Option<Saved>, (time, arn)| {
            let Some(saved) = saved else {
                return Some(Saved { count: 1, oldest: time, newest: time, newest_arn: arn.to_owned() });
            };
            let newest_arn = if time > saved.newest { arn.to_owned() } else { saved.newest_arn };
            Some(Saved {
                count: saved.count + 1,
                oldest: saved.oldest.min(time),
                newest: saved.newest.max(time),
                newest_arn,
            })
        })
    }
}

/// A full export of a table.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Export {
    /// ARN of the export.
    pub arn: String,
    /// Second of the items.
    pub time: DateTime<Utc>,
    /// Bucket that it is in.
    pub bucket: String,
}

/// The history of a table's items in a bucket.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Incremental {
    /// Location of the items.
    pub location: String,
    /// First second of which every item is known.
    pub since: DateTime<Utc>,
    /// How far the function that writes the history lags behind the table's stream.
    pub lag: Finding<Lag>,
}

/// How far a function lags behind a stream.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Lag {
    /// Greatest age in seconds of the records that the function received in the last minutes, and at least the time for
    /// which Lambda waits until a batch is full.
    pub seconds: u64,
    /// Name of the function.
    pub function: String,
}

/// A settings document of a table.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SettingsCapture {
    /// Location of the document.
    pub location: String,
    /// Time in the key of the document.
    pub at: DateTime<Utc>,
}

/// A restored table that was compared and found equal.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verification {
    /// Time of the verification.
    pub at: DateTime<Utc>,
    /// How it was verified: the strength of `verify-table`, or `restore test`.
    pub how: String,
    /// The copy, the restore job or the evidence that shows it.
    pub by: String,
}

/// How long restores of a table took.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RestoreTimes {
    /// Number of completed restores.
    pub count: u64,
    /// Seconds of the fastest.
    pub fastest_seconds: u64,
    /// Median of the seconds.
    pub median_seconds: u64,
    /// Seconds of the slowest.
    pub slowest_seconds: u64,
}

impl RestoreTimes {
    /// Creates the spread of these seconds. Returns `None` if there are none.
    pub(super) fn from_seconds(mut seconds: Vec<u64>) -> Option<RestoreTimes> {
        seconds.sort_unstable();
        Some(RestoreTimes {
            count: seconds.len() as u64,
            fastest_seconds: *seconds.first()?,
            median_seconds: *seconds.get(seconds.len() / 2)?,
            slowest_seconds: *seconds.last()?,
        })
    }
}

/// Who made a copy.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum CopyKind {
    /// A rotation, which does not delete it.
    Rotation,
    /// A restore test of AWS Backup, which deletes it.
    RestoreTest,
}

/// A table that was made from a backup of another one.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Copy {
    /// Who made it.
    pub kind: CopyKind,
    /// Name without the time, which all copies of a rotation share.
    pub base: String,
    /// ARN of the table that was backed up; null if the backup no longer exists.
    pub source_arn: Option<String>,
    /// Whether a newer copy of the same name exists.
    pub superseded: bool,
}
