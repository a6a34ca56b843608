//! Where the versions of a table's items are.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::late;

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
    /// The folder of the table's late versions, `<table>/`; empty for the table that the stack is named for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub folder: String,
}

impl Items {
    /// Returns what stands before the keys of late versions.
    pub fn late_prefix(&self) -> String {
        late::prefix(&self.failures_prefix, &self.folder)
    }
}
