//! The input of an execution of `verify-table`.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Strength;
use crate::aws::arn::Arn;
use crate::aws::raw_items::key_of_json;
use crate::export::execution_input::LONGEST_CALL;
use crate::input::{InvalidInput, number};
use crate::storage::{as_prefix, bucket_and_key};
use crate::text::quoted;

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
}

/// What a table should hold. Exactly one field must be present.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Expected {
    /// Location of a complete export or of a snapshot, `s3://bucket/folder/`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<String>,
}

/// Parameters of the template, as text.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Defaults {
    /// Name of the bucket of the reports.
    pub report_bucket: String,
    /// Key prefix of the reports.
    pub report_prefix: String,
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
        _defaults: &Defaults,
        _execution_arn: &str,
        _started_at: DateTime<Utc>,
    ) -> Result<WantedSide, InvalidInput> {
        match self.items {
            Some(items) => items_at(&items),
            None => {
                let reason = "has nothing; it must have Items".to_owned();
                Err(InvalidInput { field: "Expected", reason })
            }
        }
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
