//! Applies changes that Lambda discarded to the item history.

pub mod apply;
pub mod discarded;
pub mod execution_input;
pub mod objects;
pub mod report;
#[cfg(feature = "testing")]
pub mod testing;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The counters of a replay.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Counts {
    /// Number of objects of which all changes were applied, and which were deleted.
    pub objects: u64,
    /// Number of records in these objects.
    pub records: u64,
    /// Number of changes that became the current version of their item.
    pub written: u64,
    /// Number of changes that became late versions, because their item has a newer version.
    pub late: u64,
    /// Number of records that can never be applied. They are quarantined under `FailuresPrefix` with the reason.
    #[serde(rename = "SetAside")]
    pub quarantined: u64,
    /// Number of objects that cannot be replayed and were left unchanged.
    pub left: u64,
    /// Number of objects with changes of other tables, which the replays of those tables apply.
    pub of_other_tables: u64,
}
