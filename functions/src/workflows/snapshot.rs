//! # snapshot: the items of an incremental backup as they were at a second, as an export
//!
//! The bucket that `incremental` keeps holds each item as an object with every earlier state behind it. A snapshot takes
//! of each the state that was current at a second, and writes them in the layout of `export-table`, which `import-table`
//! and DynamoDB's own import read. The table itself is not read.
//!
//! ## What it guarantees
//!
//! - **One moment.** What changed at that second or before is in it, and nothing that changed after, by the times of the
//!   stream's records and as far as the stream has told of them when the wait is over; also where a snapshot takes hours,
//!   and is made long after. (docs/adr/0014)
//! - **Unknown is not absent.** A second that the bucket's history does not cover is refused, and an item whose oldest
//!   version proves that an older one is gone ends the execution; or, where `AllowIncomplete` says so, such items are left
//!   out, counted, and listed.
//! - **Nothing is passed over.** An object that is no version of an item, or holds another item than its key says, ends
//!   the execution with its name. A time whose versions the bucket may have let go of is refused, and so is a part that
//!   was not written before it may.
//! - **A manifest means that all is there**, a call that is repeated writes the same, and a snapshot that another
//!   execution owns is not written to: as exports have it, by the same code. One that was begun and not ended stays as it
//!   is, and the next of its second has a folder beside it. (docs/adr/0019)
//! - **Constant memory**, however many items there are and however many versions one of them has.
//!
//! ## Its shape
//!
//! [`PlanSnapshot`] validates the input and claims the snapshot's folder. The machine waits until the stream should have
//! told of that second, and [`CheckStream`] looks whether it has, a minute apart for an hour. For each shard, which is a range of the hashes' first letters, [`SnapshotShard`] lists versions, takes
//! what was current, and writes a part, until the shard is done. [`FinishSnapshot`] verifies, and writes the manifests.

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
