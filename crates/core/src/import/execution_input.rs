//! The input of an execution of `import-table`. `{"TableName": "Movies", "From": "s3://bucket/folder/"}` is enough.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Binary, Compression, Format};
use crate::aws::arn::{TABLE_NAME, is_table_name};
use crate::input::{InvalidInput, number};
use crate::storage::bucket_and_key;
use crate::text::quoted;

/// Maximum number of segments: the concurrency of an inline Map of Step Functions
/// (<https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html>).
pub const MOST_SEGMENTS: u32 = 40;
/// Maximum seconds for which a call reads and writes: the 15 minutes of a function, less the time that its end takes.
pub const MOST_SECONDS: u32 = 840;
/// Maximum write capacity units per second that an input may ask for.
pub const MOST_UNITS: u32 = 4_000_000;

/// The input of an execution of `import-table`.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct ExecutionInput {
    /// Name of the existing table to write to.
    pub table_name: String,
    /// Location of the files, `s3://bucket/…`: a folder, a manifest or a file.
    pub from: String,
    /// Format of the lines, if no manifest says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// Representation of binaries in the lines of files without a manifest; base64 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binary: Option<Binary>,
    /// Compression of the files, if their endings do not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compression: Option<Compression>,
    /// Number of concurrent segments; 0 for one per file, up to 8, or for the fewest that consume a whole rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segments: Option<i64>,
    /// Maximum write capacity units per second; 0 means no limit. A rate at which the import would not end in time is
    /// refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_write_capacity_units: Option<i64>,
    /// Whether to write to a table that holds items and to replace items with the same keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merge: Option<bool>,
}

/// Parameters of the template, as text.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Defaults {
    /// Number of concurrent segments, 0 to 40; 0 derives it from the files and the rate.
    pub segments: String,
    /// Maximum write capacity units per second; 0 means no limit.
    pub max_write_capacity_units: String,
    /// Seconds for which a call reads and writes: 1 to 840.
    pub seconds_per_call: String,
}

/// A valid input.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Wanted {
    /// Name of the bucket.
    pub bucket: String,
    /// Key of a folder, a manifest or a file in the bucket; may be empty.
    pub place: String,
    /// Number of concurrent segments; 0 derives it from the files and the rate.
    pub segments: u32,
    /// Maximum write capacity units per second; 0 means no limit.
    pub max_write_capacity_units: u32,
    /// Seconds for which a call reads and writes.
    pub seconds_per_call: u32,
}

impl ExecutionInput {
    /// Checks the input, and fills absent values from the template.
    pub fn wanted(&self, defaults: &Defaults) -> Result<Wanted, InvalidInput> {
        if !is_table_name(&self.table_name) {
            let reason = format!("is {}; it must be {TABLE_NAME}", quoted(&self.table_name));
            return Err(InvalidInput { field: "TableName", reason });
        }
        let (bucket, place) = place_of(&self.from)?;
        let units = "MaxWriteCapacityUnits";
        let default = &defaults.max_write_capacity_units;
        Ok(Wanted {
            bucket,
            place,
            segments: number("Segments", self.segments, &defaults.segments, 0, MOST_SEGMENTS)?,
            max_write_capacity_units: number(units, self.max_write_capacity_units, default, 0, MOST_UNITS)?,
            seconds_per_call: number("SecondsPerCall", None, &defaults.seconds_per_call, 1, MOST_SECONDS)?,
        })
    }
}

fn place_of(from: &str) -> Result<(String, String), InvalidInput> {
    let wrong = || InvalidInput {
        field: "From",
        reason: format!("is {}; it must be s3://bucket/folder/ or the URI of a manifest", quoted(from)),
    };
    bucket_and_key(from).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn defaults() -> Defaults {
        let text = str::to_owned;
        Defaults { segments: text("0"), max_write_capacity_units: text("0"), seconds_per_call: text("600") }
    }

    fn wanted(input: Value) -> Result<Wanted, String> {
        let input: ExecutionInput = serde_json::from_value(input).unwrap();
        input.wanted(&defaults()).map_err(|error| error.to_string())
    }

    #[test]
    fn missing_fields_come_from_the_template() {
        let least = wanted(json!({ "TableName": "Movies", "From": "s3://exports/a/b/" })).unwrap();
        let expected = Wanted {
            bucket: "exports".to_owned(),
            place: "a/b/".to_owned(),
            segments: 0,
            max_write_capacity_units: 0,
            seconds_per_call: 600,
        };
        assert_eq!(least, expected);
        let more = json!({ "TableName": "Movies", "From": "s3://exports", "Segments": 4,
            "MaxWriteCapacityUnits": 100 });
        let expected =
            Wanted { place: String::new(), segments: 4, max_write_capacity_units: 100, ..expected };
        assert_eq!(wanted(more).unwrap(), expected);
    }

    #[test]
    fn invalid_import_input_is_refused() {
        for (field, value, expected) in [
            (
                "TableName",
                json!("a b"),
                "TableName is `a b`; it must be a table name (3 to 255 letters, digits, `_`, `-` or `.`)",
            ),
            (
                "From",
                json!("/srv/x"),
                "From is `/srv/x`; it must be s3://bucket/folder/ or the URI of a manifest",
            ),
            ("From", json!("s3://"), "From is `s3://`;"),
            ("From", json!("s3://Exports/x"), "From is `s3://Exports/x`;"),
            ("Segments", json!(41), "Segments is `41`; it must be between 0 and 40"),
            ("Segments", json!(-1), "Segments is `-1`"),
            (
                "MaxWriteCapacityUnits",
                json!(4_000_001),
                "MaxWriteCapacityUnits is `4000001`; it must be between 0 and 4000000",
            ),
        ] {
            let mut input = json!({ "TableName": "Movies", "From": "s3://exports/a/" });
            input[field] = value;
            let error = wanted(input).unwrap_err();
            assert!(error.starts_with(expected), "{error}");
        }
        let wrong = Defaults { seconds_per_call: "0".to_owned(), ..defaults() };
        let input = json!({ "TableName": "Movies", "From": "s3://exports/a/" });
        let input: ExecutionInput = serde_json::from_value(input).unwrap();
        let error = input.wanted(&wrong).unwrap_err().to_string();
        assert_eq!(error, "SecondsPerCall is `0`; it must be between 1 and 840");
    }
}
