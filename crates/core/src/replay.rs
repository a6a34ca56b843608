//! Changes that Lambda gave up, applied to the item history that they belong to.

pub mod apply;
pub mod execution_input;
pub mod given_up;
pub mod objects;
pub mod report;
#[cfg(feature = "testing")]
pub mod testing;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a replay comes to.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Counts {
    /// Objects whose changes are all in place, and that were deleted.
    pub objects: u64,
    /// Records in them.
    pub records: u64,
    /// Changes that became the current version of their item.
    pub written: u64,
    /// Changes that became late versions, as their item has a newer one.
    pub late: u64,
    /// Records that can never be applied, and lie under `FailuresPrefix` with the reason.
    #[serde(rename = "SetAside")]
    pub quarantined: u64,
    /// Objects that were left as they are.
    pub left: u64,
    /// Objects of other tables of the stack, which are left to their own replays.
    pub of_other_tables: u64,
}
