//! Verifies that a table holds what it should, before anything uses it.
//!
//! [`plan`] checks the input and both sides. [`reading`] reads the sides in segments and in parts with
//! [`crate::compare`], or a sample, or only counts. [`sampling`] reads the items of a sample from the table.
//! [`comparing`] compares ranges of buckets. [`finish`] decides, writes the report and tags the table. The parts in
//! between are documents and runs in a work folder ([`work`]). Each is written once, so that a step may run twice.

mod changes;
pub mod check;
pub mod comparing;
mod counting;
pub mod error;
pub mod execution_input;
mod expectation;
pub mod finish;
pub mod indexes;
mod key_schema;
pub mod plan;
pub mod reading;
pub mod report;
pub mod sampling;
mod sentence;
mod tolerance;
pub mod work;

use chrono::{DateTime, Utc};
use item_formats::{KeyAttribute, KeyType};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::indexes::IndexCheck;
use crate::import::Format;
use crate::item_history::Items;

/// What a verification proves.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize, strum::Display)]
#[serde(rename_all = "UPPERCASE")]
#[strum(serialize_all = "UPPERCASE")]
pub enum Strength {
    /// Every item was compared.
    Exact,
    /// Random items were compared.
    Sampled,
    /// The items were counted.
    Counted,
}

/// The plan of a verification, which is the same from its beginning to its end.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Verification {
    /// ARN of the table to verify.
    pub table_arn: String,
    /// Name of the table.
    pub table_name: String,
    /// Id of the table, which differs between consecutive tables of the same name.
    pub table_id: String,
    /// Names of the key attributes, the partition key first.
    #[schemars(length(min = 1, max = 2))]
    pub key_names: Vec<String>,
    /// Types of the key attributes.
    #[schemars(length(min = 1, max = 2))]
    pub key_types: Vec<KeyType>,
    /// Number of segments in which the table is read.
    pub segments: u32,
    /// What is proved.
    pub strength: Strength,
    /// What the table should hold.
    pub expected: ExpectedSide,
    /// The expected side in a few words, such as `export s3://bucket/folder/`.
    pub against: String,
    /// How the key schema differs from that of the expected side; null if it does not.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(required, schema_with = "crate::schemas::nullable_string")]
    pub mismatch: Option<String>,
    /// How the indexes differ, a sentence fragment for each.
    #[schemars(length(max = 40))]
    pub index_differences: Vec<String>,
    /// What these differences mean.
    pub indexes: IndexCheck,
    /// Remarks of the plan.
    #[schemars(length(max = 10))]
    pub notes: Vec<String>,
    /// Number of items of the sample; 0 for another strength.
    pub sample_size: u32,
    /// Keys of items that must exist, as canonical DynamoDB JSON.
    #[schemars(length(max = 100))]
    pub keys: Vec<String>,
    /// Maximum read capacity units per second of each table; 0 means no limit.
    pub max_rate: u32,
    /// Seconds for which a call reads.
    pub seconds_per_call: u32,
    /// Name of the bucket of the report and of the work files.
    pub bucket: String,
    /// Key of the report.
    pub report: String,
    /// Prefix of the keys of the work files.
    pub work: String,
    /// Time when the execution began.
    pub started_at: DateTime<Utc>,
}

/// What a table should hold.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(
    tag = "kind",
    rename_all = "SCREAMING_SNAKE_CASE",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
#[schemars(transform = crate::schemas::as_any_of)]
pub enum ExpectedSide {
    /// The items of an export or of a snapshot.
    Items {
        /// Name of the bucket.
        bucket: String,
        /// Prefix of the files.
        root: String,
        /// Key of the manifest.
        manifest: String,
        /// Format of the lines.
        format: Format,
        /// Number of files.
        files: u32,
        /// Hash of everything that shows a change of the files.
        files_digest: String,
        /// Number of items according to the manifest; null if it does not say.
        #[serde(deserialize_with = "Option::deserialize")]
        #[schemars(required, schema_with = "crate::schemas::nullable::<u64>")]
        item_count: Option<u64>,
        /// Number of segments: shares of the files.
        segments: u32,
    },
    /// The items of a second of an incremental backup.
    Incremental {
        /// The second.
        at: DateTime<Utc>,
        /// Seconds before and after, of which a state of an item counts as right.
        tolerance_seconds: u32,
        /// Location of the item history.
        items: Items,
        /// Time until which the versions of these seconds are retained; null means forever.
        #[serde(deserialize_with = "Option::deserialize")]
        #[schemars(required, schema_with = "crate::schemas::nullable::<DateTime<Utc>>")]
        kept_until: Option<DateTime<Utc>>,
        /// Number of segments: ranges of the keys of the objects.
        segments: u32,
    },
    /// The items of another table, which may be written to.
    Table {
        /// Name of the table.
        table_name: String,
        /// Id of the table.
        table_id: String,
        /// Maximum share of differences in percent.
        allowed_difference_percent: f64,
        /// Time from which on writes may have changed the number of items; null if the share decides.
        #[serde(deserialize_with = "Option::deserialize")]
        #[schemars(required, schema_with = "crate::schemas::nullable::<DateTime<Utc>>")]
        changes_from: Option<DateTime<Utc>>,
        /// Number of segments of a scan.
        segments: u32,
    },
    /// The number of items in the description of a backup.
    Backup {
        /// Name of the table that was backed up.
        table_name: String,
        /// Number of items.
        item_count: u64,
        /// Maximum share of differences in percent; null if the writes before the backup decide.
        #[serde(deserialize_with = "Option::deserialize")]
        #[schemars(required, schema_with = "crate::schemas::nullable::<f64>")]
        allowed_difference_percent: Option<f64>,
        /// Time of the backup.
        backed_up_at: DateTime<Utc>,
    },
}

/// A side of a verification.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize, strum::Display)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum SideName {
    /// What the table should hold.
    Expected,
    /// What the table holds.
    Found,
}

impl ExpectedSide {
    /// Returns the number of items, if it is known without reading them.
    pub fn item_count(&self) -> Option<u64> {
        match self {
            ExpectedSide::Items { item_count, .. } => *item_count,
            ExpectedSide::Backup { item_count, .. } => Some(*item_count),
            ExpectedSide::Incremental { .. } | ExpectedSide::Table { .. } => None,
        }
    }

    /// Returns the number of segments.
    pub fn segments(&self) -> u32 {
        match self {
            ExpectedSide::Items { segments, .. }
            | ExpectedSide::Incremental { segments, .. }
            | ExpectedSide::Table { segments, .. } => *segments,
            ExpectedSide::Backup { .. } => 0,
        }
    }
}

impl Verification {
    /// Returns whether the indexes of the table are those that it should have.
    pub fn has_indexes(&self) -> bool {
        self.indexes == IndexCheck::Noted || self.index_differences.is_empty()
    }

    /// Returns the key attributes with their types.
    pub fn key_attributes(&self) -> Vec<KeyAttribute<'_>> {
        let typed = self.key_names.iter().zip(&self.key_types);
        typed.map(|(name, key_type)| KeyAttribute { name, key_type: *key_type }).collect()
    }

    /// Returns the number of segments of a side that are read; 0 if the side is not read in segments.
    pub fn segments_of(&self, side: SideName) -> u32 {
        let is_read = match (self.strength, side) {
            _ if self.mismatch.is_some() => false,
            (Strength::Exact, _) | (Strength::Sampled, SideName::Expected) => true,
            (Strength::Sampled, SideName::Found) => false,
            (Strength::Counted, SideName::Expected) => self.expected.item_count().is_none(),
            (Strength::Counted, SideName::Found) => true,
        };
        match side {
            _ if !is_read => 0,
            SideName::Expected => self.expected.segments(),
            SideName::Found => self.segments,
        }
    }

    /// Returns whether a sample is read from the table.
    pub fn is_sampled(&self) -> bool {
        self.strength == Strength::Sampled && self.mismatch.is_none()
    }

    /// Returns the number of ranges of buckets that are compared.
    pub fn ranges(&self) -> u32 {
        match self.strength {
            _ if self.mismatch.is_some() => 0,
            Strength::Exact => self.segments.max(self.expected.segments()),
            Strength::Sampled => 1,
            Strength::Counted => 0,
        }
    }
}

#[cfg(test)]
mod tests;
