//! # restore-snapshot: the items of a snapshot into a table that is there
//!
//! A snapshot is an export, so what writes its items is `import-table`, with all that it guarantees: every file is what
//! its manifest says, only an empty table is written to unless `Merge` says otherwise, and what was written is counted.
//! [`PlanRestore`] is all that is added: a snapshot is found by its name, and is refused to a table that has other key
//! attributes than its items, before anything is written.

pub mod plan_restore;

pub use plan_restore::PlanRestore;
pub use tablekeeper_core::snapshot::restore_input::ExecutionInput;

use crate::step::StepEntry;

/// The workflow's own steps. The others are those of `import-table`: `import-segment` and `finish-import`.
pub fn steps() -> Vec<StepEntry> {
    vec![StepEntry::new::<PlanRestore>()]
}
