//! # export-table: the items of tables as files, in a format that something can read back
//!
//! Every table that is selected is scanned into objects of a bucket, or exported by DynamoDB itself, as of one moment,
//! if the execution says so and the table has point-in-time recovery. The layout is that of DynamoDB's own exports, so
//! that ImportTable takes it, or that of AWS Data Pipeline and the EMR connector, or one plain JSON object a line.
//!
//! ## What it guarantees
//!
//! - **A manifest means that all is there.** It is written last of all, after every file that it names was found with
//!   its size and ETag, and after the segments' parts were found to follow each other without a gap. An export that
//!   failed has none.
//! - **Each item once**, if it was there from the beginning of the scan to its end. A scan is of no moment: what changes
//!   while it runs may be exported as it was before or after. Where that matters, `Managed` is the answer.
//! - **A step that runs twice writes the same files.** A part that an earlier invocation finished is adopted by the
//!   record of it; one that it did not finish is written anew under the same key.
//! - **No other execution's folder is written to.** The first object says whose it is.
//! - **One table that fails stops no other.**
//!
//! ## Its shape
//!
//! [`SelectTables`] validates the input and finds the tables. For each, [`PlanExport`] takes the folder and counts
//! segments; [`ExportSegment`] runs for each segment until it is done, a file at a time, since a function has fifteen
//! minutes and a table may take days; [`FinishExport`] verifies, and writes the manifests. [`CaptureSettings`] writes the
//! table's settings beside. A managed export is begun by [`StartManagedExport`], waited for by [`CheckManagedExport`],
//! and tagged by [`FinishManagedExport`]. [`ReportExports`] says how it all ended.
//!
//! What the command line needs too is apart from the steps: [`plan`], [`layout`], [`part`], [`segment`], [`manifest`],
//! [`unfinished`].

pub mod capture_settings;
pub mod check_managed_export;
pub mod execution_input;
pub mod export_segment;
pub mod finish_export;
pub mod finish_managed_export;
pub mod layout;
pub mod manifest;
pub mod options;
pub mod ownership;
pub mod part;
pub mod plan;
pub mod plan_export;
pub mod report_exports;
pub mod same_table;
pub mod scan_plan;
pub mod segment;
pub mod select_tables;
pub mod start_managed_export;
pub mod table_report;
pub mod unfinished;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use capture_settings::CaptureSettings;
pub use check_managed_export::CheckManagedExport;
pub use execution_input::ExecutionInput;
pub use export_segment::ExportSegment;
pub use finish_export::FinishExport;
pub use finish_managed_export::FinishManagedExport;
pub use options::{CompressionName, ExportFormat, Frequency, NullTagName};
pub use plan::Plan;
pub use plan_export::PlanExport;
pub use report_exports::ReportExports;
pub use select_tables::SelectTables;
pub use start_managed_export::StartManagedExport;
pub use table_report::TableReport;

use crate::files::{Files, S3Files};
use crate::step::StepEntry;
use crate::table_look::Patience;

/// The workflow's steps.
pub fn steps() -> Vec<StepEntry> {
    vec![
        StepEntry::of::<SelectTables>(),
        StepEntry::of::<PlanExport>(),
        StepEntry::of::<CaptureSettings>(),
        StepEntry::of::<ExportSegment>(),
        StepEntry::of::<FinishExport>(),
        StepEntry::of::<StartManagedExport>(),
        StepEntry::of::<CheckManagedExport>(),
        StepEntry::of::<FinishManagedExport>(),
        StepEntry::of::<ReportExports>(),
    ]
}

/// What a run goes by, from its beginning to its end.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Run {
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

impl Run {
    /// How long DynamoDB's own exports are waited for.
    pub fn patience(&self) -> Patience {
        Patience::until(self.started_at, self.deadline)
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

#[cfg(test)]
pub(crate) mod testing;
