//! What an execution takes: `{"TableName": "Movies", "Snapshot": "2026-11-20T02-00-00Z"}` is enough.

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
    /// The table that is written to. It has to be there.
    pub table_name: String,
    /// The snapshot, by its name: `2026-11-20T02-00-00Z`, or `customers/2026-11-20T02-00-00Z` of a table that the stack
    /// follows beside its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<String>,
    /// Or where it lies: `s3://bucket/…/2026-11-20T02-00-00Z/`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// How many segments read and write beside each other; 0 for one for each file, up to 8, or as few as take all of a
    /// rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segments: Option<i64>,
    /// Write capacity units a second that may be taken; 0 for as many as there are. What would not end is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_write_capacity_units: Option<i64>,
    /// Whether a table that holds items is written to, and its items of the same keys replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merge: Option<bool>,
}

/// The template's parameters, as text.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Defaults {
    /// Where snapshots lie.
    pub bucket: String,
    /// Before their names.
    pub prefix: String,
    /// 0 to 40.
    pub segments: String,
    /// 0 for as many as there are.
    pub max_write_capacity_units: String,
    /// 1 to 840.
    pub seconds_per_call: String,
}

impl ExecutionInput {
    /// The same as an import takes it.
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
                let reason = format!(
                    "is {}; the name of a snapshot may be given, as 2026-11-20T02-00-00Z",
                    quoted(&name)
                );
                return refused("Snapshot", &reason);
            }
            (None, Some(from)) => from,
            (None, None) => return refused("Snapshot", "is missing; it, or From, says what is restored"),
            (Some(_), Some(_)) => {
                return refused("From", "is given beside Snapshot; one of them has to be left out");
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

/// Whether a text can be a snapshot's name: that of a folder, which may be in the folder of a table.
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
    fn a_snapshot_is_named_or_its_place_is() {
        let named = from(json!({ "Snapshot": "2026-11-20T02-00-00Z" }));
        assert_eq!(named.unwrap(), "s3://bucket/snapshots/2026-11-20T02-00-00Z/");
        let of_table = from(json!({ "Snapshot": "customers/2026-11-20T02-00-00Z" }));
        assert_eq!(of_table.unwrap(), "s3://bucket/snapshots/customers/2026-11-20T02-00-00Z/");
        assert_eq!(from(json!({ "From": "s3://other/a/" })).unwrap(), "s3://other/a/");
        for (input, words) in [
            (json!({}), "Snapshot is missing; it, or From, says what is restored"),
            (json!({ "Snapshot": "a", "From": "s3://other/a/" }), "From is given beside Snapshot"),
            (json!({ "Snapshot": "../items" }), "Snapshot is `../items`; the name of a snapshot"),
            (json!({ "Snapshot": ".." }), "Snapshot is `..`"),
            (json!({ "Snapshot": "" }), "Snapshot is ``"),
            (json!({ "Snapshot": "a/b/c" }), "Snapshot is `a/b/c`"),
            (json!({ "Snapshot": "a/" }), "Snapshot is `a/`"),
        ] {
            let error = from(input).unwrap_err();
            assert!(error.starts_with(words), "{error}");
        }
    }
}
