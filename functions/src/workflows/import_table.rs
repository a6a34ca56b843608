//! # import-table: the items of an export into an existing table
//!
//! DynamoDB's own ImportTable creates a new table and reads three formats. This workflow writes into an existing table
//! and leaves its indexes, streams and settings unchanged. It reads DynamoDB's own exports, and those of AWS Data
//! Pipeline, the EMR connector and `export-table`.
//!
//! ## What it guarantees
//!
//! - **Nothing is skipped.** The execution fails with the name of the file, and the line, if a line is not an item, or
//!   if a file is damaged or missing, or if its number of items or its bytes differ from the manifest.
//! - **Only an empty table is written to**, unless `Merge` says that items of the same keys may be replaced.
//! - **Every step may run twice.** An item is written whole, under its own key. The cursor of a segment never passes an
//!   unwritten item. A repeated call writes the items after the cursor again, with the same result.
//! - **The later of two lines of a file with the same key wins.** They are never written at the same time. There is no
//!   order between files, because an export has each key once.
//! - **One table.** At the end the table is described again. If it was deleted and recreated during the import, it lacks
//!   the earlier items, and the import fails.
//! - **One set of files.** The keys, sizes and ETags of the planned files are compared before each call of a segment,
//!   and at the end.
//!
//! ## Its shape
//!
//! [`PlanImport`] validates the input, checks the table and finds the files. [`ImportSegment`] reads a share of the
//! files and writes their items until they are done or its time is up. It is then invoked again with its cursor.
//! [`FinishImport`] compares the counts. [`tablekeeper_core::import::segment::run`] reads and writes; the command line
//! calls it too, for a directory.

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
