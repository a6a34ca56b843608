//! What an execution takes: `{"TableName": "Movies", "From": "s3://bucket/folder/"}` is enough.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Binary, Compression, Format};
use crate::aws::arn::is_table_name;
use crate::input::{InvalidInput, number};
use crate::storage::bucket_and_key;
use crate::text::quoted;

/// The most segments: what a Map of Step Functions runs at a time
/// (<https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html>).
pub const MOST_SEGMENTS: u32 = 40;
/// The longest that an invocation may read and write: a function's 15 minutes, without what ends it.
pub const MOST_SECONDS: u32 = 840;
/// The most write capacity units a second that may be said.
pub const MOST_UNITS: u32 = 4_000_000;

/// The input of an execution of `import-table`.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct ExecutionInput {
    /// The table that is written to. It has to be there.
    pub table_name: String,
    /// What is read: `s3://bucket/…`, a folder or a manifest.
    pub from: String,
    /// What the lines of the files are, where no manifest says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// What stands for a binary in the lines of files without a manifest: base64, unless it says otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binary: Option<Binary>,
    /// How the files are compressed, where their endings do not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compression: Option<Compression>,
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
    /// 0 to 40.
    pub segments: String,
    /// 0 for as many as there are.
    pub max_write_capacity_units: String,
    /// 1 to 840.
    pub seconds_per_call: String,
}

/// An input that can be followed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Wanted {
    /// The bucket.
    pub bucket: String,
    /// The key of a folder or a manifest in it; may be empty.
    pub place: String,
    /// 0 for by the number of files.
    pub segments: u32,
    /// 0 for as many as there are.
    pub max_write_capacity_units: u32,
    /// How long an invocation reads and writes.
    pub seconds_per_call: u32,
}

impl ExecutionInput {
    /// The input, with what it leaves out taken from the template.
    pub fn wanted(&self, defaults: &Defaults) -> Result<Wanted, InvalidInput> {
        if !is_table_name(&self.table_name) {
            let reason = format!("is {}, which is not a table's name", quoted(&self.table_name));
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
        reason: format!("is {}; s3://bucket/folder/ or the URI of a manifest may be given", quoted(from)),
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
    fn what_is_left_out_comes_from_the_template() {
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
    fn what_cannot_be_followed_is_refused_in_words() {
        for (field, value, words) in [
            ("TableName", json!("a b"), "TableName is `a b`, which is not a table's name"),
            (
                "From",
                json!("/srv/x"),
                "From is `/srv/x`; s3://bucket/folder/ or the URI of a manifest may be given",
            ),
            ("From", json!("s3://"), "From is `s3://`;"),
            ("From", json!("s3://Exports/x"), "From is `s3://Exports/x`;"),
            ("Segments", json!(41), "Segments is `41`; 0 to 40 may be given"),
            ("Segments", json!(-1), "Segments is `-1`"),
            (
                "MaxWriteCapacityUnits",
                json!(4_000_001),
                "MaxWriteCapacityUnits is `4000001`; 0 to 4000000 may be given",
            ),
        ] {
            let mut input = json!({ "TableName": "Movies", "From": "s3://exports/a/" });
            input[field] = value;
            let error = wanted(input).unwrap_err();
            assert!(error.starts_with(words), "{error}");
        }
        let wrong = Defaults { seconds_per_call: "0".to_owned(), ..defaults() };
        let input = json!({ "TableName": "Movies", "From": "s3://exports/a/" });
        let input: ExecutionInput = serde_json::from_value(input).unwrap();
        let error = input.wanted(&wrong).unwrap_err().to_string();
        assert_eq!(error, "SecondsPerCall is `0`; 1 to 840 may be given");
    }
}
