//! The items of an incremental backup as they were at a second, as an export.
//!
//! [`as_of`] takes of each item the version that was current at the second, [`shard`] writes them in the layout of
//! [`export`](crate::export). [`overview`] lists the snapshots of a bucket.

pub mod as_of;
pub mod document;
pub mod execution_input;
pub mod finish;
mod history;
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
    pub run: ExportConfig,
    /// How it is written.
    pub plan: Plan,
    /// What reads the table's stream, where it is not the table that the stack is of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub followed: Option<Followed>,
}
