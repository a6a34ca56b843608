//! # snapshot: the items of an incremental backup as of a second, as an export
//!
//! The bucket of `incremental` holds each item as an object with all its earlier states. For each item, a snapshot
//! takes the state that was current at a second. It writes them in the layout of `export-table`, which `import-table`
//! and DynamoDB's own import read. It does not read the table itself.
//!
//! ## What it guarantees
//!
//! - **One moment.** A snapshot has what changed at that second or before, and nothing that changed later. The times
//!   are those of the stream's records, as far as the stream has delivered them when the wait is over. This also holds
//!   for a snapshot that takes hours or is made long after. (docs/adr/0014)
//! - **Unknown is not absent.** A second that the bucket's history does not cover is rejected. An item whose oldest
//!   version proves that an older one is gone fails the execution. With `AllowIncomplete`, such items are left out,
//!   counted and listed instead.
//! - **Nothing is skipped.** An object that is not a version of an item, or holds another item than its key says, fails
//!   the execution with its name. A time whose versions may have expired from the bucket is rejected. So is a part that
//!   was not written before they may expire.
//! - **A manifest means that all items are there.** A repeated call writes the same, and a snapshot that belongs to
//!   another execution is not written to. The same code as for exports ensures this. A snapshot that did not finish is
//!   left unchanged, and the next one of its second has another folder. (docs/adr/0019)
//! - **Constant memory**, however many items there are and however many versions one of them has.
//!
//! ## Its shape
//!
//! [`PlanSnapshot`] validates the input and claims the snapshot's folder. The state machine waits until the stream
//! should have delivered the changes of that second. [`CheckStream`] checks whether it has, once a minute for up to an
//! hour. A shard is a range of the first letters of the hashes. For each shard, [`SnapshotShard`] lists versions,
//! selects those that were current, and writes a part, until the shard is done. [`FinishSnapshot`] verifies the parts,
//! and writes the manifests.

pub mod check_stream;
pub mod finish_snapshot;
pub mod plan_snapshot;
pub mod snapshot_shard;

pub use check_stream::CheckStream;
pub use finish_snapshot::FinishSnapshot;
pub use plan_snapshot::PlanSnapshot;
pub use snapshot_shard::SnapshotShard;
pub use tablekeeper_core::snapshot::execution_input::ExecutionInput;

use crate::step::StepEntry;

/// Returns the steps of the workflow.
pub fn steps() -> Vec<StepEntry> {
    vec![
        StepEntry::new::<PlanSnapshot>(),
        StepEntry::new::<CheckStream>(),
        StepEntry::new::<SnapshotShard>(),
        StepEntry::new::<FinishSnapshot>(),
    ]
}

#[cfg(test)]
mod model_tests;
#[cfg(test)]
pub(crate) mod testing;
