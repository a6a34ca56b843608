//! # replay: applies changes that Lambda discarded
//!
//! The event source mapping of `incremental` discards a batch when its records are too old, and writes it with its
//! records to a separate bucket (Lambda developer guide, "Retain discarded records for a DynamoDB event source"). A
//! replay reads these objects and applies their changes.
//!
//! ## What it guarantees
//!
//! - **Nothing is lost.** An object is deleted only once each of its changes is in the bucket of the items or
//!   quarantined. An object that cannot be read, or belongs to another stream, is left unchanged and reported.
//! - **Nothing newer is overwritten.** A change becomes the current version of its item only if it is newer than every
//!   known change, including the deletion before a delete marker. Otherwise it becomes a [late
//!   version](tablekeeper_core::item_history::late), so that a snapshot of the seconds in between includes it.
//! - **Deleted items stay deleted.** If an item has no version, a change that is older than the bucket's history is
//!   quarantined. The item may have been deleted later, and the deletion forgotten.
//! - **Safe to repeat and to kill.** A change that was applied is recognised by its position in the stream.
//!
//! ## Its shape
//!
//! [`ReplayObjects`] processes the objects in the order of their keys until its time is up. It is then invoked again
//! with its cursor. [`tablekeeper_core::replay::objects::run`] reads and writes; the command line calls it as well.

pub mod replay_objects;

pub use replay_objects::ReplayObjects;
pub use tablekeeper_core::replay::execution_input::ExecutionInput;

use crate::step::StepEntry;

/// Returns the steps of the workflow.
pub fn steps() -> Vec<StepEntry> {
    vec![StepEntry::new::<ReplayObjects>()]
}
