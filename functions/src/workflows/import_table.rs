//! # import-table: the items of an export into a table that is there
//!
//! DynamoDB's own ImportTable makes a new table and reads its own three formats. This workflow writes into a table
//! that exists, with its indexes, streams and settings as they are, and reads what AWS Data Pipeline, the EMR connector
//! and `export-table` wrote as well as DynamoDB's own exports.
//!
//! ## What it guarantees
//!
//! - **Nothing is passed over.** A line that is no item, a file that is damaged, missing, or holds another number of
//!   items or other bytes than its manifest says, ends the execution with the file's name and the line.
//! - **Only an empty table is written to**, unless `Merge` says that items of the same keys may be replaced.
//! - **Every step may run twice.** An item is put whole, under its own key; a segment's cursor stands behind what is
//!   certainly written, so that what is repeated is written a second time, to the same end.
//! - **Of two lines of a file with one key the later one wins**: they are never under way at the same time. Between
//!   files there is no order, as an export has each key once.
//! - **One table.** At the end it is looked at once more: one that was deleted and made anew meanwhile lacks what was written
//!   before, and the import fails.
//! - **One set of files.** What the files were when the import was planned (keys, sizes, ETags) is compared before each
//!   part of it, and at its end.
//!
//! ## Its shape
//!
//! [`PlanImport`] validates the input, looks at the table and finds the files. [`ImportSegment`] reads a share of the
//! files and writes their items, until they are done or its time is up, and is invoked again from its cursor.
//! [`FinishImport`] counts. What reads and writes is [`segment::run`], which the command line calls as well, over a
//! directory.

pub mod finish_import;
pub mod import_segment;
pub mod plan_import;

pub use finish_import::FinishImport;
pub use import_segment::ImportSegment;
pub use plan_import::PlanImport;
pub use tablekeeper_core::import::execution_input::ExecutionInput;

use crate::step::StepEntry;

/// Returns the steps of the workflow.
pub fn steps() -> Vec<StepEntry> {
    vec![StepEntry::new::<PlanImport>(), StepEntry::new::<ImportSegment>(), StepEntry::new::<FinishImport>()]
}
