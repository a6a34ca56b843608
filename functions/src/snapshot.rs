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
pub mod document;
pub mod execution_input;
pub mod finish_snapshot;
pub mod fold;
mod history;
mod listing;
pub mod overview;
pub mod plan_snapshot;
pub mod shard;
pub mod snapshot_shard;
mod unknown;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use check_stream::CheckStream;
pub use execution_input::ExecutionInput;
pub use finish_snapshot::FinishSnapshot;
pub use plan_snapshot::PlanSnapshot;
pub use snapshot_shard::SnapshotShard;

use crate::export_table::{Plan, Run};
use crate::incremental::late;
use crate::incremental::tables::Followed;
use crate::step::StepEntry;

/// The workflow's steps.
pub fn steps() -> Vec<StepEntry> {
    vec![
        StepEntry::of::<PlanSnapshot>(),
        StepEntry::of::<CheckStream>(),
        StepEntry::of::<SnapshotShard>(),
        StepEntry::of::<FinishSnapshot>(),
    ]
}

/// What a snapshot goes by, from its beginning to its end.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Snapshot {
    /// Its name, which is its folder's as well.
    pub name: String,
    /// The second that it is of.
    pub at: DateTime<Utc>,
    /// Until when the versions are kept that were current then; null for ever.
    pub kept_until: Option<DateTime<Utc>>,
    /// Whether items whose state at the second is not known are left out, counted and listed.
    #[serde(default)]
    pub allow_incomplete: bool,
    /// Where the items' versions lie.
    pub items: Items,
    /// The key attributes of the items, the partition key first.
    #[schemars(length(min = 1, max = 2), inner(length(max = 255)))]
    pub key_names: Vec<String>,
    /// What an export goes by.
    pub run: Run,
    /// How it is written.
    pub plan: Plan,
    /// What reads the table's stream, where it is not the table that the stack is of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub followed: Option<Followed>,
}

/// Where an incremental backup keeps its versions.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Items {
    /// The bucket.
    pub bucket: String,
    /// Before every key; empty, or ending in `/`.
    pub prefix: String,
    /// Before the keys of records that were set aside, which may lie under an empty `prefix`.
    pub failures_prefix: String,
    /// The folder of the table's late versions: empty for the table that the stack is of
    /// ([`Place`](crate::incremental::tables::Place)).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub folder: String,
}

impl Items {
    /// Returns what stands before the keys of late versions.
    pub fn late_prefix(&self) -> String {
        late::prefix(&self.failures_prefix, &self.folder)
    }
}

#[cfg(test)]
mod model_tests;
#[cfg(test)]
pub(crate) mod testing;
