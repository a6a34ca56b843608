//! # backup-prune: scheduled on-demand backups, with careful deletion of old ones
//!
//! Each selected table gets a new backup, and its settings are written to S3. Of the backups that this workflow made
//! before, those that no rule of the retention covers are deleted.
//!
//! ## What it guarantees
//!
//! - **Nothing is deleted before the new backup is available.** Its status is checked again before each deletion. If
//!   the backup fails, nothing is deleted.
//! - **Only its own backups.** A backup counts only if it is available and belongs to the present table: the id of the
//!   table distinguishes it from an earlier table of its name. Its name must be one that this workflow gives
//!   (`<table>-YYYYMMDDTHHMMSSZ`). `IncludeFormer` also includes backups of the predecessor system
//!   (`<table>-YYYYMMDDHHMMSS`), and `IncludeManual` any on-demand backup. All other backups are neither counted nor
//!   deleted.
//! - **A backup is deleted only if no rule retains it.** The newest one always stays
//!   ([`tablekeeper_core::prune::retention`]).
//! - **One backup per execution.** Its name derives from the table and the start of the execution. A step that finds it
//!   made already adopts it.
//! - **A table that fails does not stop the others**, nor does a deletion that fails. The output of the execution has
//!   the result of each table. The execution succeeds only if everything did.
//!
//! ## Its shape
//!
//! [`SelectTables`] validates the input and finds the tables. For each table, [`CreateBackup`] and [`CheckBackup`] make
//! a backup and wait for it, [`PlanPrune`] decides which backups to delete, [`DeleteBackup`] deletes each of them, and
//! [`ReportTable`] sums up. [`FinishPrune`] reports the results of all tables. `sync-settings.capture-settings` runs
//! for each table as well, if a bucket for settings documents is named.

pub mod check_backup;
pub mod create_backup;
pub mod delete_backup;
pub mod finish_prune;
pub mod plan_prune;
pub mod report_table;
pub mod select_tables;

pub use check_backup::CheckBackup;
pub use create_backup::CreateBackup;
pub use delete_backup::DeleteBackup;
pub use finish_prune::FinishPrune;
pub use plan_prune::PlanPrune;
pub use report_table::ReportTable;
pub use select_tables::SelectTables;
pub use tablekeeper_core::prune::execution_input::ExecutionInput;

use crate::step::StepEntry;

/// Returns the steps of the workflow.
pub fn steps() -> Vec<StepEntry> {
    vec![
        StepEntry::new::<SelectTables>(),
        StepEntry::new::<CreateBackup>(),
        StepEntry::new::<CheckBackup>(),
        StepEntry::new::<PlanPrune>(),
        StepEntry::new::<DeleteBackup>(),
        StepEntry::new::<ReportTable>(),
        StepEntry::new::<FinishPrune>(),
    ]
}

#[cfg(test)]
mod testing;
