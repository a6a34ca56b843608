//! Exports whole tables to files: plans an export, writes its parts, and verifies that it is complete.
//!
//! An [`ExportConfig`] holds the options of an execution, and a [`Plan`] those of one table. [`claim`] reserves the
//! folder of a table, [`segment`] scans and writes parts, and [`finish`] verifies them and writes the manifests.
//! [`incomplete`] finds what an interrupted execution left.

pub mod capture;
pub mod claim;
pub mod execution_input;
pub mod finish;
pub mod frequency;
pub mod incomplete;
pub mod layout;
pub mod manifest;
pub mod overview;
pub mod part;
pub mod plan;
pub mod same_table;
pub mod scan_plan;
pub mod segment;
#[cfg(feature = "testing")]
pub mod testing;
pub mod verify;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use frequency::Frequency;
pub use item_formats::{Compression, FormatName, NullTag};
pub use plan::Plan;

use crate::aws::readiness::PollSchedule;
use crate::storage::{Files, S3Files};

/// The options of an export, which are the same from its beginning to its end.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExportConfig {
    /// Time at which the execution began.
    pub started_at: DateTime<Utc>,
    /// Start time in the names of folders: `YYYY-MM-DD-HH-MM-SS`, UTC.
    pub timestamp: String,
    /// How often the export is scheduled. Each object has it as a tag.
    pub frequency: Frequency,
    /// Format of the lines in the data files.
    pub format: FormatName,
    /// Name of the tag that Data Pipeline's format uses for a null.
    pub null_tag: NullTag,
    /// Compression of the data files.
    pub compression: Compression,
    /// Whether reads are strongly consistent.
    pub consistent_read: bool,
    /// Name of the bucket; empty if the export is written to a directory.
    pub bucket: String,
    /// Prefix of every key; empty, or ending in `/`.
    pub prefix: String,
    /// Number of segments per table; 0 derives it from the size of the table.
    #[schemars(range(max = 64))]
    pub segments: u32,
    /// Maximum number of segments per table. It makes all tables fit into the execution's history, and makes segments
    /// that share a rate run in parallel.
    #[schemars(range(min = 1, max = 64))]
    pub most_segments: u32,
    /// Maximum read capacity units per second for the scan of a table; 0 means no limit.
    pub max_read_capacity_units: u32,
    /// Whether DynamoDB itself exports the tables that have point-in-time recovery.
    pub managed: bool,
    /// Time at which a managed export of DynamoDB times out.
    pub deadline: DateTime<Utc>,
    /// Seconds for which a call of `export-segment` reads pages.
    pub seconds_per_call: u32,
}

impl ExportConfig {
    /// Returns the schedule for polling managed exports of DynamoDB.
    pub fn schedule(&self) -> PollSchedule {
        PollSchedule::until(self.started_at, self.deadline)
    }

    /// Returns the objects of the bucket, with the tags of this table. Keys are full keys.
    pub fn files(&self, s3: aws_sdk_s3::Client, table_name: &str) -> Files {
        Files::S3(S3Files {
            s3,
            bucket: self.bucket.clone(),
            prefix: String::new(),
            tags: self.tags(table_name),
        })
    }

    /// Returns the tags of every object of a table's export. Lifecycle rules select objects by them.
    pub fn tags(&self, table_name: &str) -> Vec<(String, String)> {
        vec![
            ("TableName".to_owned(), table_name.to_owned()),
            ("Frequency".to_owned(), self.frequency.to_string()),
        ]
    }
}
