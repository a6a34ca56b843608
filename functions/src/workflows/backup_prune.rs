//! # backup-prune: on-demand backups on a schedule, and never one deletion too many
//!
//! Every table that is selected gets a new backup, its settings are written down beside it, and of the
//! backups that this workflow made before, those go that no rule of the retention keeps.
//!
//! ## What it guarantees
//!
//! - **Nothing is deleted before the new backup is available**, and it is looked at once more before each
//!   deletion. If it fails, nothing is deleted.
//! - **Only its own.** A backup counts if it has the name that this workflow gives (`<table>-YYYYMMDDTHHMMSSZ`),
//!   with `IncludeFormer` if the system before this one made it (`<table>-YYYYMMDDHHMMSS`), or with `IncludeManual` if anybody
//!   made it on demand; of the table as it is now, told apart by its id from
//!   an earlier one of its name; and if it is available. What does not count is neither counted nor touched.
//! - **A backup goes only if no rule keeps it**, and the newest one stays whatever the rules say
//!   ([`retention`]).
//! - **One backup a run.** Its name derives from the table and the execution's start, and a step that finds it
//!   made already adopts it.
//! - **One table that fails stops no other**, one deletion that fails no other. The execution's output has each
//!   table's own result, and its end says whether all went well.
//!
//! ## Its shape
//!
//! [`SelectTables`] validates the input and finds the tables. For each, [`CreateBackup`] and [`CheckBackup`] make
//! a backup and wait for it, [`PlanPrune`] lists and decides, [`DeleteBackup`] runs for each backup that goes, and
//! [`ReportTable`] sums up; [`FinishPrune`] says how it all ended. `sync-settings.capture-settings` runs beside,
//! where a bucket for settings documents is named.

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
