//! # export-table: the items of tables as files, in a format that other programs read
//!
//! Each selected table is scanned into objects of a bucket. DynamoDB itself exports it, as of one moment, if the
//! execution says so and the table has point-in-time recovery. The layout is one of these: that of DynamoDB's own
//! exports, which ImportTable reads; that of AWS Data Pipeline and the EMR connector; or one plain JSON object per
//! line.
//!
//! ## What it guarantees
//!
//! - **A manifest means that the export is complete.** It is written last. Before that, every file that it names was
//!   found with its size and ETag, and the parts of each segment were found to follow each other without a gap. An
//!   export that failed has no manifest.
//! - **Each item once**, if it existed from the beginning of the scan to its end. A scan is not of one moment: an item
//!   that changes while the scan runs may be exported in its old or new state. Use `Managed` if that matters.
//! - **A step that runs twice writes the same files.** It adopts a part that an earlier invocation finished, by the
//!   record of that part. It writes an incomplete part again under the same key.
//! - **No folder of another execution is written to.** The first object of a folder says which execution owns it.
//! - **A table that fails does not stop the others.**
//!
//! ## Its shape
//!
//! [`SelectTables`] validates the input and finds the tables. For each table, [`PlanExport`] claims the folder and
//! determines the segments. [`ExportSegment`] runs for each segment until it is done. Each run writes one file, because
//! a function has fifteen minutes and a table may take days. [`FinishExport`] verifies the files, and writes the
//! manifests. [`CaptureSettings`] writes the table's settings next to them. [`StartManagedExport`] starts a managed
//! export, [`CheckManagedExport`] polls it, and [`FinishManagedExport`] tags its objects. [`ReportExports`] reports the
//! results.
//!
//! The steps share their logic with the command line. It is in [`tablekeeper_core::export`].

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
