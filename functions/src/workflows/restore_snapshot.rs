//! # restore-snapshot: writes the items of a snapshot into an existing table
//!
//! A snapshot is an export, so the steps of `import-table` write its items, with the same guarantees: every file is
//! what its manifest says, only an empty table is written to unless `Merge` says otherwise, and the written items are
//! counted. [`PlanRestore`] is the only additional step. It finds a snapshot by its name. Before anything is written,
//! it rejects a table whose key attributes differ from those of the items.

pub mod plan_restore;

pub use plan_restore::PlanRestore;
pub use tablekeeper_core::snapshot::restore_input::ExecutionInput;

use crate::step::StepEntry;

/// Returns the workflow's own steps. The others are those of `import-table`: `import-segment` and `finish-import`.
pub fn steps() -> Vec<StepEntry> {
    vec![StepEntry::new::<PlanRestore>()]
}
