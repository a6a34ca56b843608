//! # rollback: points an SSM parameter back at an earlier copy
//!
//! A rotation moves the parameter to the newest copy. If that copy is bad, a person goes back: to the copy before, to a
//! version of the parameter, or to any copy by name.
//!
//! ## What it guarantees
//!
//! - **The table is checked first.** It exists, is usable, and has the keys of the current one. Otherwise the parameter
//!   is not changed.
//! - **One execution goes back once.** "The previous one" is resolved in the first step. A repeated step finds the
//!   version that it wrote, by its description. A new execution is a new wish.
//! - **Rotations leave it alone** from then on, because the version is pinned, unless `Pin` is false.
//! - **No table is changed.**
//!
//! ## Its shape
//!
//! [`PlanRollback`] reads the parameter's history and finds the table. [`CheckTarget`] polls it. [`MovePointer`] writes
//! the parameter and its labels ([`tablekeeper_core::rotation::pointer`]).

pub mod check_target;
pub mod move_pointer;
pub mod plan_rollback;

pub use check_target::CheckTarget;
pub use move_pointer::MovePointer;
pub use plan_rollback::PlanRollback;
pub use tablekeeper_core::rotation::rollback::ExecutionInput;

use crate::step::StepEntry;

/// Returns the steps of the workflow.
pub fn steps() -> Vec<StepEntry> {
    vec![StepEntry::new::<PlanRollback>(), StepEntry::new::<CheckTarget>(), StepEntry::new::<MovePointer>()]
}
