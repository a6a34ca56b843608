//! The input of an execution of `verify-table`.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, SecondsFormat, SubsecRound as _, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::indexes::IndexCheck;
use super::{Strength, changes};
use crate::aws::arn::{Arn, table_arn_of_backup};
use crate::aws::raw_items::key_of_json;
use crate::export::execution_input::LONGEST_CALL;
use crate::input::{InvalidInput, number};
use crate::item_history::Items;
use crate::item_history::retention::MOST_DAYS;
use crate::item_history::tables::{Layout, TableLocation};
use crate::snapshot::execution_input::{MOST_SETTLE_SECONDS, second};
use crate::storage::{as_prefix, bucket_and_key};
use crate::text::quoted;

/// Seconds before and after a second of an incremental backup if the input does not say it.
const USUAL_TOLERANCE: &str = "2";
/// Maximum number of these seconds.
const MOST_TOLERANCE: u32 = 3_600;
/// Number of items of a sample if the input does not say it.
const USUAL_SAMPLE: u32 = 1_000;
/// Maximum number of items of a sample.
const MOST_SAMPLE: u32 = 100_000;
/// Maximum number of segments of a side. The segments of both sides are read at a time, and an inline Map runs 40.
pub const MOST_SEGMENTS: u32 = 20;
/// Maximum read capacity units per second that an input may ask for.
const MOST_UNITS: u32 = 4_000_000;
/// Maximum number of keys that must exist.
const MOST_KEYS: usize = 100;
/// Maximum bytes of all keys that must exist, as the payload of a step is limited.
const MOST_KEY_BYTES: usize = 32_768;

/// How long the plan waits until the stream has delivered the changes of a second. Its retries last longer.
const LONGEST_WAIT: TimeDelta = TimeDelta::minutes(15);

/// A key as DynamoDB JSON, such as `{"id": {"S": "1"}}`.
pub type Key = BTreeMap<String, BTreeMap<String, String>>;

/// The input of an execution of `verify-table`.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct ExecutionInput {
    /// ARN of the table to verify.
    pub table_arn: String,
    /// What to prove: `EXACT` compares every item, `SAMPLED` random items, `COUNTED` the number of items.
    pub strength: Strength,
    /// What the table should hold.
    pub expected: Expected,
    /// Number of items to compare with the strength `SAMPLED`: 1 to 100,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample_size: Option<i64>,
    /// Number of concurrent segments of each side; 0 derives it from the size and the rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segments: Option<i64>,
    /// Maximum read capacity units per second of each table; 0 means no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_rate: Option<i64>,
    /// Keys of items that must exist in the table, each as DynamoDB JSON.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub keys: Vec<Key>,
    /// What a difference of the indexes means: `REQUIRED` takes it as damage, `NOTED` notes it. Default: `NOTED` for another
    /// table, whose indexes may have changed since, and `REQUIRED` otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub indexes: Option<IndexCheck>,
}

/// What a table should hold. Exactly one field must be present.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Expected {
    /// Location of a complete export or of a snapshot, `s3://bucket/folder/`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<String>,
    /// The state of a table at a second of its incremental backup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incremental: Option<Incremental>,
    /// Another table, which may be written to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<LiveTable>,
    /// The description of an on-demand backup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup: Option<Backup>,
}

/// A table that may be written to.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct LiveTable {
    /// ARN of the table.
    pub table_arn: String,
    /// Maximum share of different items, or of the difference of the numbers of items, in percent: 0 to 100. Default: 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_difference_percent: Option<f64>,
    /// Time of the copy, as RFC 3339. The numbers of items may then differ by what was written to this table since. It is
    /// used by `COUNTED`, and excludes `AllowedDifferencePercent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copied_at: Option<String>,
}

/// An on-demand backup of DynamoDB, whose description has the number of items.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Backup {
    /// ARN of the backup.
    pub backup_arn: String,
    /// Maximum share of the difference of the numbers of items, in percent: 0 to 100. Default: as many items as were written
    /// in the hours before the backup, because DynamoDB updates the number about every six hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_difference_percent: Option<f64>,
}

/// A second of an incremental backup.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Incremental {
    /// ARN of the table that was backed up. It may have been deleted.
    pub table_arn: String,
    /// The second, as RFC 3339: `2026-11-20T02:00:00Z`.
    pub at: String,
    /// Seconds before and after, of which a state of an item counts as right: 0 to 3,600. Default: 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tolerance_seconds: Option<i64>,
}

/// Parameters of the template, as text.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Defaults {
    /// Name of the bucket of the reports.
    pub report_bucket: String,
    /// Key prefix of the reports.
    pub report_prefix: String,
    /// Name of the bucket of an incremental backup; empty if there is none.
    pub item_bucket: String,
    /// Name of the table whose items are under `incremental_prefix`.
    pub incremental_table: String,
    /// Key prefix of the items of that table.
    pub incremental_prefix: String,
    /// Prefix of the other tables' folders.
    pub tables_prefix: String,
    /// Key prefix of quarantined records.
    pub failures_prefix: String,
    /// Days for which the bucket retains noncurrent versions; 0 means forever.
    pub noncurrent_days: String,
    /// Seconds after which the stream has delivered every change.
    pub settle_seconds: String,
    /// Number of concurrent segments of each side: 0 to 20.
    pub segments: String,
    /// Maximum read capacity units per second of each table; 0 means no limit.
    pub max_rate: String,
    /// Seconds for which a call reads: 1 to 600.
    pub seconds_per_call: String,
}

/// A valid input.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// ARN of the table.
    pub table_arn: String,
    /// Name of the table.
    pub table_name: String,
    /// What to prove.
    pub strength: Strength,
    /// What the table should hold.
    pub expected: WantedSide,
    /// Number of items of the sample; 0 for another strength.
    pub sample_size: u32,
    /// Number of segments; 0 derives it.
    pub segments: u32,
    /// Maximum read capacity units per second; 0 means no limit.
    pub max_rate: u32,
    /// Keys that must exist, as DynamoDB JSON.
    pub keys: Vec<String>,
    /// What a difference of the indexes means.
    pub indexes: IndexCheck,
    /// Seconds for which a call reads.
    pub seconds_per_call: u32,
    /// Name of the bucket of the report.
    pub bucket: String,
    /// Prefix of the reports; empty or ending in `/`.
    pub prefix: String,
}

/// What a table should hold, with a valid location.
#[derive(Clone, Debug, PartialEq)]
pub enum WantedSide {
    /// An export or a snapshot.
    Items {
        /// Name of the bucket.
        bucket: String,
        /// Key of a folder or a manifest.
        place: String,
    },
    /// A second of an incremental backup.
    Incremental(WantedSecond),
    /// Another table.
    Table {
        /// Name of the table.
        table_name: String,
        /// Maximum share of differences in percent.
        allowed_difference_percent: f64,
        /// Time from which on writes may have changed the number of items; `None` if the share decides.
        changes_from: Option<DateTime<Utc>>,
    },
    /// The description of a backup.
    Backup {
        /// ARN of the backup.
        backup_arn: String,
        /// Name of the table that was backed up.
        table_name: String,
        /// Maximum share of differences in percent; `None` if the writes before the backup decide.
        allowed_difference_percent: Option<f64>,
    },
}

/// A valid second of an incremental backup.
#[derive(Clone, Debug, PartialEq)]
pub struct WantedSecond {
    /// ARN of the table that was backed up.
    pub table_arn: String,
    /// Name of that table.
    pub table_name: String,
    /// The second.
    pub at: DateTime<Utc>,
    /// Seconds before and after.
    pub tolerance_seconds: u32,
    /// Time from which on the stream has delivered the changes of these seconds.
    pub settled_at: DateTime<Utc>,
    /// Location of the item history.
    pub items: Items,
    /// Days for which the bucket retains noncurrent versions; 0 means forever.
    pub noncurrent_days: u32,
}

impl ExecutionInput {
    /// Checks the input, and fills absent values from the template. `execution_arn` tells the account and the Region.
    pub fn wanted(
        self,
        defaults: &Defaults,
        execution_arn: &str,
        started_at: DateTime<Utc>,
    ) -> Result<Wanted, InvalidInput> {
        let table_name = own_table("TableArn", &self.table_arn, execution_arn)?;
        let expected = self.expected.wanted(defaults, execution_arn, started_at)?;
        if let WantedSide::Table { table_name: source, .. } = &expected {
            if *source == table_name {
                let reason = format!("is {source}, the table to verify; it must be another table");
                return Err(InvalidInput { field: "Expected.Table.TableArn", reason });
            }
            if self.strength == Strength::Exact {
                let reason = "is EXACT, but a table that may be written to is not an exact expectation; use SAMPLED or \
                              COUNTED, or compare with an export";
                return Err(InvalidInput { field: "Strength", reason: reason.to_owned() });
            }
        }
        if matches!(expected, WantedSide::Backup { .. }) && self.strength != Strength::Counted {
            let reason = format!(
                "is {}, but the description of a backup has only the number of items; use COUNTED, or compare with an export \
                 or an incremental backup",
                self.strength
            );
            return Err(InvalidInput { field: "Strength", reason });
        }
        let may_have_changed = matches!(expected, WantedSide::Table { .. });
        let usual = if may_have_changed { IndexCheck::Noted } else { IndexCheck::Required };
        let sample_size = match (self.strength, self.sample_size) {
            (Strength::Sampled, size) => {
                number("SampleSize", size, &USUAL_SAMPLE.to_string(), 1, MOST_SAMPLE)?
            }
            (_, None) => 0,
            (strength, Some(_)) => {
                let reason =
                    format!("is given, but Strength is {strength}; it must be given with SAMPLED only");
                return Err(InvalidInput { field: "SampleSize", reason });
            }
        };
        let bucket = defaults.report_bucket.clone();
        if bucket.is_empty() {
            let reason = "is empty; a verification needs a bucket for its report".to_owned();
            return Err(InvalidInput { field: "ReportBucketName", reason });
        }
        Ok(Wanted {
            table_name,
            strength: self.strength,
            expected,
            sample_size,
            segments: number("Segments", self.segments, &defaults.segments, 0, MOST_SEGMENTS)?,
            max_rate: number("MaxRate", self.max_rate, &defaults.max_rate, 0, MOST_UNITS)?,
            keys: keys(&self.keys)?,
            indexes: self.indexes.unwrap_or(usual),
            seconds_per_call: number("SecondsPerCall", None, &defaults.seconds_per_call, 1, LONGEST_CALL)?,
            bucket,
            prefix: as_prefix(&defaults.report_prefix),
            table_arn: self.table_arn,
        })
    }
}

impl Expected {
    fn wanted(
        self,
        defaults: &Defaults,
        execution_arn: &str,
        started_at: DateTime<Utc>,
    ) -> Result<WantedSide, InvalidInput> {
        match self {
            Expected { items: Some(items), incremental: None, table: None, backup: None } => items_at(&items),
            Expected { items: None, incremental: Some(incremental), table: None, backup: None } => {
                incremental.wanted(defaults, execution_arn, started_at)
            }
            Expected { items: None, incremental: None, table: Some(table), backup: None } => {
                table.wanted(execution_arn, started_at)
            }
            Expected { items: None, incremental: None, table: None, backup: Some(backup) } => {
                backup.wanted(execution_arn)
            }
            Expected { items, incremental, table, backup } => {
                let given = [
                    ("Items", items.is_some()),
                    ("Incremental", incremental.is_some()),
                    ("Table", table.is_some()),
                    ("Backup", backup.is_some()),
                ];
                let given: Vec<&str> =
                    given.iter().filter(|(_, is_given)| *is_given).map(|(name, _)| *name).collect();
                let given = if given.is_empty() { "nothing".to_owned() } else { given.join(" and ") };
                let reason = format!("has {given}; it must have one of Items, Incremental, Table and Backup");
                Err(InvalidInput { field: "Expected", reason })
            }
        }
    }
}

impl LiveTable {
    /// Returns the source of a copy. `percent` is a parameter of a template: the share of the items that may differ, or
    /// empty, so that the numbers of items may differ by what was written since.
    pub fn from_source(
        table_arn: &str,
        copied_at: DateTime<Utc>,
        field: &'static str,
        percent: &str,
    ) -> Result<LiveTable, InvalidInput> {
        let table_arn = table_arn.to_owned();
        if percent.trim().is_empty() {
            return Ok(LiveTable {
                table_arn,
                allowed_difference_percent: None,
                copied_at: Some(copied_at.to_rfc3339_opts(SecondsFormat::Millis, true)),
            });
        }
        let number = percent.trim().parse().ok().filter(|number| (0.0..=100.0).contains(number));
        let allowed_difference_percent = Some(number.ok_or_else(|| {
            let reason = format!("is {}; it must be empty, or a number from 0 to 100", quoted(percent));
            InvalidInput { field, reason }
        })?);
        Ok(LiveTable { table_arn, allowed_difference_percent, copied_at: None })
    }

    fn wanted(self, execution_arn: &str, started_at: DateTime<Utc>) -> Result<WantedSide, InvalidInput> {
        let refused = |reason: String| Err(InvalidInput { field: "Expected.Table.CopiedAt", reason });
        let percent = checked_percent(self.allowed_difference_percent)?;
        let mut changes_from = None;
        if let Some(text) = &self.copied_at {
            let Ok(copied_at) = text.parse::<DateTime<Utc>>() else {
                let text = quoted(text);
                return refused(format!("is {text}; it must be a time such as 2026-11-30T02:00:00Z"));
            };
            changes_from = Some(copied_at);
            if percent.is_some() {
                let reason = "is given, and AllowedDifferencePercent, too; it must be one of them";
                return refused(reason.to_owned());
            }
            let earliest = started_at - TimeDelta::days(changes::MOST_DAYS);
            if !(earliest..=started_at).contains(&copied_at) {
                return refused(format!(
                    "is {copied_at}; it must be between {earliest}, for which CloudWatch still has write metrics, and \
                     {started_at}"
                ));
            }
        }
        Ok(WantedSide::Table {
            table_name: own_table("Expected.Table.TableArn", &self.table_arn, execution_arn)?,
            allowed_difference_percent: percent.unwrap_or_default(),
            changes_from,
        })
    }
}

impl Backup {
    fn wanted(self, execution_arn: &str) -> Result<WantedSide, InvalidInput> {
        let Backup { backup_arn, allowed_difference_percent } = self;
        let table_arn = table_arn_of_backup(&backup_arn).ok_or_else(|| InvalidInput {
            field: "Expected.Backup.BackupArn",
            reason: format!(
                "is {}; it must be the ARN of an on-demand backup of DynamoDB, such as \
                 arn:aws:dynamodb:eu-west-1:123456789012:table/orders/backup/01489602797149-73d8d5bc",
                quoted(&backup_arn)
            ),
        })?;
        Ok(WantedSide::Backup {
            table_name: own_table("Expected.Backup.BackupArn", table_arn, execution_arn)?,
            allowed_difference_percent: checked_percent(allowed_difference_percent)?,
            backup_arn,
        })
    }
}

fn checked_percent(percent: Option<f64>) -> Result<Option<f64>, InvalidInput> {
    match percent {
        Some(percent) if !(0.0..=100.0).contains(&percent) => {
            let reason = format!("is `{percent}`; it must be between 0 and 100");
            Err(InvalidInput { field: "AllowedDifferencePercent", reason })
        }
        percent => Ok(percent),
    }
}

impl Incremental {
    fn wanted(
        self,
        defaults: &Defaults,
        execution_arn: &str,
        started_at: DateTime<Utc>,
    ) -> Result<WantedSide, InvalidInput> {
        if defaults.item_bucket.is_empty() {
            let reason = "cannot be used, because the stack has no incremental backup (its parameter ItemBucketName is empty)";
            return Err(InvalidInput { field: "Expected.Incremental", reason: reason.to_owned() });
        }
        let table_name = own_table("Expected.Incremental.TableArn", &self.table_arn, execution_arn)?;
        let at = second(&self.at)?;
        let tolerance =
            number("ToleranceSeconds", self.tolerance_seconds, USUAL_TOLERANCE, 0, MOST_TOLERANCE)?;
        let settle = number("SettleSeconds", None, &defaults.settle_seconds, 0, MOST_SETTLE_SECONDS)?;
        let days = number("NoncurrentDays", None, &defaults.noncurrent_days, 0, MOST_DAYS)?;
        let refused = |reason: String| Err(InvalidInput { field: "At", reason });
        let settling = TimeDelta::seconds(i64::from(settle) + i64::from(tolerance));
        let latest = started_at.trunc_subsecs(0) + (LONGEST_WAIT - settling).min(TimeDelta::zero());
        if at > latest {
            return refused(format!(
                "is {at}; it must be {latest} or earlier: the verification waits for at most 15 minutes until the stream has \
                 delivered the changes of that second (SettleSeconds) and of ToleranceSeconds after it"
            ));
        }
        // As in a snapshot, one day is left for the verification.
        let retained_since = started_at.trunc_subsecs(0) - TimeDelta::days(i64::from(days).saturating_sub(1))
            + TimeDelta::seconds(tolerance.into());
        if days > 0 && at < retained_since {
            return refused(format!(
                "is {at}; it must be {retained_since} or later, because versions are retained for {days} days (NoncurrentDays)"
            ));
        }
        let Defaults { incremental_table: own_table, incremental_prefix: prefix, tables_prefix, .. } =
            defaults;
        let TableLocation { prefix, folder } =
            Layout { own_table, prefix, tables_prefix }.location(&table_name);
        let failures_prefix = as_prefix(&defaults.failures_prefix);
        Ok(WantedSide::Incremental(WantedSecond {
            table_arn: self.table_arn,
            table_name,
            at,
            tolerance_seconds: tolerance,
            settled_at: at + settling,
            items: Items { bucket: defaults.item_bucket.clone(), prefix, failures_prefix, folder },
            noncurrent_days: days,
        }))
    }
}

fn items_at(uri: &str) -> Result<WantedSide, InvalidInput> {
    let located = bucket_and_key(uri).map(|(bucket, place)| WantedSide::Items { bucket, place });
    located.ok_or_else(|| InvalidInput {
        field: "Expected.Items",
        reason: format!("is {}; it must be s3://bucket/folder/ of an export or a snapshot", quoted(uri)),
    })
}

/// Returns the name of a table of the account and the Region of the execution.
fn own_table(field: &'static str, table_arn: &str, execution_arn: &str) -> Result<String, InvalidInput> {
    let refused = |reason: String| InvalidInput { field, reason };
    let arn = Arn::parse(table_arn);
    let name = arn.and_then(|arn| arn.table_name());
    let (Some(arn), Some(name)) = (arn, name) else {
        return Err(refused(format!(
            "is {}; it must be the ARN of a table, such as arn:aws:dynamodb:eu-west-1:123456789012:table/orders",
            quoted(table_arn)
        )));
    };
    if let Some(own) = Arn::parse(execution_arn)
        && (own.region, own.account) != (arn.region, arn.account)
    {
        return Err(refused(format!(
            "is {}; it must be a table of the account {} in {}, as the state machine is",
            quoted(table_arn),
            own.account,
            own.region
        )));
    }
    Ok(name.to_owned())
}

/// Returns the keys as DynamoDB JSON. [`super::plan`] compares them with those of the table.
fn keys(keys: &[Key]) -> Result<Vec<String>, InvalidInput> {
    let refused = |reason: String| InvalidInput { field: "Keys", reason };
    if keys.len() > MOST_KEYS {
        return Err(refused(format!("has {} keys; it must have at most {MOST_KEYS}", keys.len())));
    }
    let mut texts = BTreeSet::new();
    for key in keys {
        let text = serde_json::to_string(key).map_err(|error| refused(error.to_string()))?;
        if key_of_json(&text).is_none() {
            return Err(refused(format!(
                "has {}; it must be a key as DynamoDB JSON, such as {{\"id\": {{\"S\": \"1\"}}}}",
                quoted(&text)
            )));
        }
        texts.insert(text);
    }
    let bytes: usize = texts.iter().map(String::len).sum();
    match bytes > MOST_KEY_BYTES {
        true => Err(refused(format!("has {bytes} bytes; it must have at most {MOST_KEY_BYTES}"))),
        false => Ok(texts.into_iter().collect()),
    }
}

#[cfg(test)]
mod tests;
