//! The location of a table's item history.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::late;

/// The location of an item history in S3.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Items {
    /// Name of the bucket.
    pub bucket: String,
    /// Key prefix of all items; empty or ending in `/`.
    pub prefix: String,
    /// Key prefix of quarantined records. Under an empty `prefix`, these objects are among the items.
    pub failures_prefix: String,
    /// Folder of the table's late versions, `<table>/`; empty for the stack's own table.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub folder: String,
}

impl Items {
    /// Returns the key prefix of late versions.
    pub fn late_prefix(&self) -> String {
        late::prefix(&self.failures_prefix, &self.folder)
    }
}
