//! Whole tables as files: what an export is, how its parts are written, and what proves that all of it is there.
//!
//! An [`ExportConfig`] is what was asked for, a [`Plan`] what it means for one table. [`segment`] scans and writes parts, [`finish`]
//! verifies them and writes the manifests. A table's folder is claimed first ([`claim`]); what an interrupted run left is found
//! by [`incomplete`].

pub mod capture;
pub mod claim;
pub mod execution_input;
pub mod finish;
pub mod incomplete;
pub mod layout;
pub mod manifest;
pub mod options;
pub mod part;
pub mod plan;
pub mod same_table;
pub mod scan_plan;
pub mod segment;
#[cfg(feature = "testing")]
pub mod testing;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use options::{CompressionName, ExportFormat, Frequency, NullTagName};
pub use plan::Plan;

use crate::aws::readiness::PollSchedule;
use crate::storage::{Files, S3Files};

/// What a run goes by, from its beginning to its end.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExportConfig {
    /// When the execution began.
    pub started_at: DateTime<Utc>,
    /// The same as folders are named after it: `YYYY-MM-DD-HH-MM-SS`, UTC.
    pub timestamp: String,
    /// How often it runs; each object has it as a tag.
    pub frequency: Frequency,
    /// How an item stands in its line.
    pub format: ExportFormat,
    /// What Data Pipeline's format calls a null.
    pub null_tag: NullTagName,
    /// How data files are compressed.
    pub compression: CompressionName,
    /// Whether reads are strongly consistent.
    pub consistent_read: bool,
    /// The bucket; empty where the export goes into a directory.
    pub bucket: String,
    /// Before every key; empty, or ending in `/`.
    pub prefix: String,
    /// Segments of a table; 0 for as many as its size asks for.
    #[schemars(range(max = 64))]
    pub segments: u32,
    /// Segments of a table at most, so that all of them fit the execution's history, and run side by side where they share
    /// a rate.
    #[schemars(range(min = 1, max = 64))]
    pub most_segments: u32,
    /// Read capacity units a second that the scan of a table takes at most; 0 for no limit.
    pub max_read_capacity_units: u32,
    /// Whether DynamoDB itself exports the tables that have point-in-time recovery.
    pub managed: bool,
    /// When an export that DynamoDB itself makes is given up.
    pub deadline: DateTime<Utc>,
    /// How long a call of `export-segment` goes on taking pages.
    pub seconds_per_call: u32,
}

impl ExportConfig {
    /// How long DynamoDB's own exports are waited for.
    pub fn schedule(&self) -> PollSchedule {
        PollSchedule::until(self.started_at, self.deadline)
    }

    /// The bucket's objects, with the tags that those of this table get. Keys are whole keys.
    pub fn files(&self, s3: aws_sdk_s3::Client, table_name: &str) -> Files {
        Files::S3(S3Files {
            s3,
            bucket: self.bucket.clone(),
            prefix: String::new(),
            tags: self.tags(table_name),
        })
    }

    /// The tags of every object of a table's export: lifecycle rules go by them.
    pub fn tags(&self, table_name: &str) -> Vec<(String, String)> {
        vec![
            ("TableName".to_owned(), table_name.to_owned()),
            ("Frequency".to_owned(), self.frequency.to_string()),
        ]
    }
}
