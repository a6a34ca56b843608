//! Exports the items of an item history as they were at one second.
//!
//! [`as_of`] selects the version of each item that was current at the second. [`shard`] writes the items in the layout
//! of [`export`](crate::export). [`overview`] lists the snapshots of a bucket.

pub mod as_of;
pub mod delete;
pub mod document;
pub mod execution_input;
pub mod finish;
mod history;
pub mod key_types;
mod listing;
pub mod overview;
pub mod plan;
pub mod restore;
pub mod restore_input;
pub mod shard;
#[cfg(feature = "testing")]
pub mod testing;
mod unknown;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::export::{ExportConfig, Plan};
use crate::item_history::Items;
use crate::item_history::tables::Followed;

/// The plan of a snapshot.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Snapshot {
    /// Name of the snapshot and of its folder.
    pub name: String,
    /// Second of which the items are exported.
    pub at: DateTime<Utc>,
    /// Time until which the bucket retains the versions that were current at the second; null means forever.
    pub kept_until: Option<DateTime<Utc>>,
    /// Whether to leave out, count and list items whose state at the second is unknown.
    #[serde(default)]
    pub allow_incomplete: bool,
    /// Location of the item history.
    pub items: Items,
    /// Names of the key attributes of the items, the partition key first.
    #[schemars(length(min = 1, max = 2), inner(length(max = 255)))]
    pub key_names: Vec<String>,
    /// Configuration of the export.
    pub run: ExportConfig,
    /// Plan of the export.
    pub plan: Plan,
    /// Stream of the table and the event source mapping that reads it; missing for the stack's own table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub followed: Option<Followed>,
}
