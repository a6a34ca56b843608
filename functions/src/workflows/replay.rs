//! # replay: changes that Lambda gave up, brought to where they belong
//!
//! The event source mapping of `incremental` gives a batch up when its records are too old, and writes it with its records
//! to a bucket of its own (Lambda developer guide, "Retain discarded records for a DynamoDB event source"). A replay reads
//! these objects and applies their changes.
//!
//! ## What it guarantees
//!
//! - **Nothing is lost.** An object is deleted only once each of its changes is in the bucket of the items or set aside. One
//!   that cannot be read, or is of another stream, is left and told of.
//! - **Nothing newer is written over.** A change becomes the current version of its item only where it is newer than every
//!   change that is known, the deletion behind a delete marker included. Otherwise it becomes a
//!   [late version](tablekeeper_core::item_history::late), so that a snapshot of the seconds between the two has it.
//! - **What is deleted stays deleted.** Of an item without a version, a change that is older than what the bucket remembers
//!   is set aside: a deletion may have come behind it, and be forgotten.
//! - **Safe to repeat and to kill.** What was applied is recognised by its place in the stream.
//!
//! ## Its shape
//!
//! [`ReplayObjects`] takes the objects in the order of their keys until its time is up, and is invoked again from its
//! cursor. What reads and writes is [`objects::run`], which the command line calls as well.

pub mod replay_objects;

pub use replay_objects::ReplayObjects;
pub use tablekeeper_core::replay::execution_input::ExecutionInput;

use crate::step::StepEntry;

/// Returns the steps of the workflow.
pub fn steps() -> Vec<StepEntry> {
    vec![StepEntry::new::<ReplayObjects>()]
}
