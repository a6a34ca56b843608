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
pub mod export_segment;
pub mod finish_export;
pub mod finish_managed_export;
pub mod plan_export;
pub mod report_exports;
pub mod select_tables;
pub mod start_managed_export;
pub mod table_report;

pub use capture_settings::CaptureSettings;
pub use check_managed_export::CheckManagedExport;
pub use export_segment::ExportSegment;
pub use finish_export::FinishExport;
pub use finish_managed_export::FinishManagedExport;
pub use plan_export::PlanExport;
pub use report_exports::ReportExports;
pub use select_tables::SelectTables;
pub use start_managed_export::StartManagedExport;
pub use table_report::TableReport;
pub use tablekeeper_core::export::execution_input::ExecutionInput;

use crate::step::StepEntry;

/// Returns the steps of the workflow.
pub fn steps() -> Vec<StepEntry> {
    vec![
        StepEntry::new::<SelectTables>(),
        StepEntry::new::<PlanExport>(),
        StepEntry::new::<CaptureSettings>(),
        StepEntry::new::<ExportSegment>(),
        StepEntry::new::<FinishExport>(),
        StepEntry::new::<StartManagedExport>(),
        StepEntry::new::<CheckManagedExport>(),
        StepEntry::new::<FinishManagedExport>(),
        StepEntry::new::<ReportExports>(),
    ]
}

#[cfg(test)]
mod export_tests;
#[cfg(test)]
pub(crate) mod testing;
