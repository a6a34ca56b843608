//! The input of an execution. `{"TableName": "Movies", "Snapshot": "2026-11-20T02-00-00Z"}` is enough.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::import;
use crate::input::InvalidInput;
use crate::storage::as_prefix;
use crate::text::quoted;

/// The input of an execution of `restore-snapshot`.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct ExecutionInput {
    /// Name of the table to write. The table must exist.
    pub table_name: String,
    /// Name of the snapshot: `2026-11-20T02-00-00Z`, or `customers/2026-11-20T02-00-00Z` for an additional table of the
    /// stack.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<String>,
    /// Location of the snapshot, instead of its name: `s3://bucket/…/2026-11-20T02-00-00Z/`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Number of segments that read and write concurrently. 0 means one per file, up to 8, or as few as use a limited
    /// rate fully.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segments: Option<i64>,
    /// Write capacity units per second that the restore may use; 0 means no limit. A rate at which the restore would
    /// not finish is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_write_capacity_units: Option<i64>,
    /// Whether to write to a table that holds items and replace items with the same keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merge: Option<bool>,
}

/// The template's parameters, as text.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Defaults {
    /// Name of the bucket with the snapshots.
    pub bucket: String,
    /// Key prefix of the snapshots.
    pub prefix: String,
    /// Number of segments, 0 to 40.
    pub segments: String,
    /// Write capacity units per second; 0 means no limit.
    pub max_write_capacity_units: String,
    /// Time in seconds for which a call writes items, 1 to 840.
    pub seconds_per_call: String,
}

impl ExecutionInput {
    /// Converts the input and defaults to those of an import.
    pub fn into_import(
        self,
        defaults: &Defaults,
    ) -> Result<(import::execution_input::ExecutionInput, import::execution_input::Defaults), InvalidInput>
    {
        let refused = |field, reason: &str| Err(InvalidInput { field, reason: reason.to_owned() });
        let from = match (self.snapshot, self.from) {
            (Some(name), None) if is_name(&name) => {
                format!("s3://{}/{}{name}/", defaults.bucket, as_prefix(&defaults.prefix))
            }
            (Some(name), None) => {
                let reason =
                    format!("is {}; it must be a snapshot name such as 2026-11-20T02-00-00Z", quoted(&name));
                return refused("Snapshot", &reason);
            }
            (None, Some(from)) => from,
            (None, None) => return refused("Snapshot", "is missing; give Snapshot or From"),
            (Some(_), Some(_)) => {
                return refused("From", "is given together with Snapshot; leave one of them out");
            }
        };
        let input = import::execution_input::ExecutionInput {
            table_name: self.table_name,
            from,
            format: None,
            binary: None,
            compression: None,
            segments: self.segments,
            max_write_capacity_units: self.max_write_capacity_units,
            merge: self.merge,
        };
        let defaults = import::execution_input::Defaults {
            segments: defaults.segments.clone(),
            max_write_capacity_units: defaults.max_write_capacity_units.clone(),
            seconds_per_call: defaults.seconds_per_call.clone(),
        };
        Ok((input, defaults))
    }
}

/// Checks whether a text can be a snapshot's name: a folder, which may be in the folder of a table.
pub fn is_name(text: &str) -> bool {
    let allowed = |letter: u8| letter.is_ascii_alphanumeric() || matches!(letter, b'-' | b'_' | b'.');
    let is_folder = |folder: &str| {
        !folder.is_empty() && folder.bytes().all(allowed) && !folder.bytes().all(|letter| letter == b'.')
    };
    text.split('/').all(is_folder) && text.split('/').count() <= 2
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn from(more: Value) -> Result<String, String> {
        let mut input = json!({ "TableName": "orders" });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let input: ExecutionInput = serde_json::from_value(input).unwrap();
        let defaults =
            Defaults { bucket: "bucket".to_owned(), prefix: "snapshots".to_owned(), ..Defaults::default() };
        input.into_import(&defaults).map(|(input, _)| input.from).map_err(|error| error.to_string())
    }

    #[test]
    fn a_snapshot_is_given_by_name_or_location() {
        let named = from(json!({ "Snapshot": "2026-11-20T02-00-00Z" }));
        assert_eq!(named.unwrap(), "s3://bucket/snapshots/2026-11-20T02-00-00Z/");
        let of_table = from(json!({ "Snapshot": "customers/2026-11-20T02-00-00Z" }));
        assert_eq!(of_table.unwrap(), "s3://bucket/snapshots/customers/2026-11-20T02-00-00Z/");
        assert_eq!(from(json!({ "From": "s3://other/a/" })).unwrap(), "s3://other/a/");
        for (input, expected) in [
            (json!({}), "Snapshot is missing; give Snapshot or From"),
            (json!({ "Snapshot": "a", "From": "s3://other/a/" }), "From is given together with Snapshot"),
            (json!({ "Snapshot": "../items" }), "Snapshot is `../items`; it must be a snapshot name"),
            (json!({ "Snapshot": ".." }), "Snapshot is `..`"),
            (json!({ "Snapshot": "" }), "Snapshot is ``"),
            (json!({ "Snapshot": "a/b/c" }), "Snapshot is `a/b/c`"),
            (json!({ "Snapshot": "a/" }), "Snapshot is `a/`"),
        ] {
            let error = from(input).unwrap_err();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
