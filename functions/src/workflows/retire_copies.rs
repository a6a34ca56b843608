//! # retire-copies: careful deletion of the copies that rotations made
//!
//! `rotate-restore` makes a table for every backup and deletes none. This workflow deletes old copies, if it is told to.
//!
//! ## What it guarantees
//!
//! - **No table is deleted that a parameter points at**, whatever rotations, rollbacks and people do at the same time. A
//!   table is marked first, for the writers of parameters ([`tablekeeper_core::retire::mark`]). Five minutes later
//!   everything is read again, and only then is it deleted. docs/adr/0029 has the proof.
//! - **Only copies.** A table counts only if its name ends in a time, a rotation tagged it, and no rule keeps it
//!   ([`tablekeeper_core::retire::decision`]).
//! - **Unknown is not absent.** If a parameter, an execution or a table cannot be read, what it may concern stays.
//! - **The same table.** The id of the table is compared, so a later table of its name stays.
//! - **A backup first**, unless it is switched off. It is available before the table is deleted.
//! - **Nothing unless asked.** Without `Delete`, an execution only reports.
//! - **A copy that fails does not stop the others.** The execution succeeds only if everything did.
//!
//! ## Its shape
//!
//! [`PlanRetirement`] validates the input, reads everything and decides. For each copy to retire, [`BackUpCopy`] makes a
//! backup and waits for it, [`MarkCopy`] marks the table, and [`DeleteCopy`] decides again and deletes it. If it stays,
//! [`UnmarkCopy`] removes the mark, after a time in which every invocation of [`DeleteCopy`] has ended.
//! [`FinishRetirement`] reports the results.

pub mod back_up_copy;
pub mod delete_copy;
pub mod finish_retirement;
pub mod mark_copy;
pub mod plan_retirement;
pub mod report;
#[cfg(test)]
mod testing;
pub mod unmark_copy;

pub use back_up_copy::BackUpCopy;
pub use delete_copy::DeleteCopy;
pub use finish_retirement::FinishRetirement;
pub use mark_copy::MarkCopy;
pub use plan_retirement::PlanRetirement;
pub use tablekeeper_core::retire::execution_input::ExecutionInput;
pub use unmark_copy::UnmarkCopy;

use crate::step::StepEntry;

/// Returns the steps of the workflow.
pub fn steps() -> Vec<StepEntry> {
    vec![
        StepEntry::new::<PlanRetirement>(),
        StepEntry::new::<BackUpCopy>(),
        StepEntry::new::<MarkCopy>(),
        StepEntry::new::<DeleteCopy>(),
        StepEntry::new::<UnmarkCopy>(),
        StepEntry::new::<FinishRetirement>(),
    ]
}
