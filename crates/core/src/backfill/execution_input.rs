//! What an execution takes: `{}` is enough, as the stack says which table it follows.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::arn::is_table_name;
use crate::input::{InvalidInput, number};
use crate::item_history::change::table_of_stream;
use crate::item_history::tables::Layout;
use crate::text::quoted;

/// The most segments: what a Map of Step Functions runs at a time
/// (<https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html>).
pub const MOST_SEGMENTS: u32 = 40;
/// The longest that an invocation may read: a function's 15 minutes, without the page that is under way and the wait for
/// what it took, which at one unit a second are 256 seconds.
pub const MOST_SECONDS: u32 = 600;
/// The most read capacity units a second that may be said.
const MOST_UNITS: u32 = 4_000_000;

/// The input of an execution of `backfill`.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct ExecutionInput {
    /// The table that is read: one whose stream the stack follows. Left out, it is the one that the stack is of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table_name: Option<String>,
    /// How many segments are read beside each other; 0 for one for each 512 MB, up to 40, or as few as take all of a rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segments: Option<i64>,
    /// Read capacity units a second that may be taken; 0 for as many as there are. What would not end is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_read_capacity_units: Option<i64>,
}

/// The template's parameters, and what it made, as text.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Defaults {
    /// The ARN of the stream that is followed.
    pub stream_arn: String,
    /// The bucket with the items.
    pub bucket: String,
    /// What stands before their keys.
    pub prefix: String,
    /// What stands before the folders of other tables.
    pub tables_prefix: String,
    /// The function that the streams are read for.
    pub function_name: String,
    /// 0 to 40.
    pub segments: String,
    /// 0 for as many as there are.
    pub max_read_capacity_units: String,
    /// 1 to 600.
    pub seconds_per_call: String,
}

/// An input that can be followed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Wanted {
    /// The table.
    pub table_name: String,
    /// Its stream, as far as something follows it already: then it has to be the table's.
    pub stream_arn: Option<String>,
    /// The bucket.
    pub bucket: String,
    /// Before every key: empty, or ending in `/`.
    pub prefix: String,
    /// 0 for by the table's size.
    pub segments: u32,
    /// 0 for as many as there are.
    pub max_read_capacity_units: u32,
    /// How long an invocation reads and writes.
    pub seconds_per_call: u32,
}

impl ExecutionInput {
    /// The input, with what it leaves out taken from the template.
    pub fn wanted(&self, defaults: &Defaults) -> Result<Wanted, InvalidInput> {
        let (_, table) = table_of_stream(&defaults.stream_arn).ok_or_else(|| InvalidInput {
            field: "StreamArn",
            reason: format!("is {}, which is not the ARN of a table's stream", quoted(&defaults.stream_arn)),
        })?;
        let asked = self.table_name.as_deref().unwrap_or(table);
        if !is_table_name(asked) {
            let reason = format!("is {}; the name of a table may be given", quoted(asked));
            return Err(InvalidInput { field: "TableName", reason });
        }
        let Defaults { prefix, tables_prefix, .. } = defaults;
        let place = Layout { own_table: table, prefix, tables_prefix }.place(asked);
        let units = "MaxReadCapacityUnits";
        let default = &defaults.max_read_capacity_units;
        Ok(Wanted {
            table_name: asked.to_owned(),
            // What reads another table's, its mapping says.
            stream_arn: (asked == table).then(|| defaults.stream_arn.clone()),
            bucket: defaults.bucket.clone(),
            prefix: place.prefix,
            segments: number("Segments", self.segments, &defaults.segments, 0, MOST_SEGMENTS)?,
            max_read_capacity_units: number(units, self.max_read_capacity_units, default, 0, MOST_UNITS)?,
            seconds_per_call: number("SecondsPerCall", None, &defaults.seconds_per_call, 1, MOST_SECONDS)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::backfill::testing::{STREAM, defaults};

    fn wanted(input: Value, defaults: Value) -> Result<Wanted, String> {
        let input: ExecutionInput = serde_json::from_value(input).unwrap();
        let defaults: Defaults = serde_json::from_value(defaults).unwrap();
        input.wanted(&defaults).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_left_out_comes_from_the_template() {
        let least = wanted(json!({}), defaults()).unwrap();
        let expected = Wanted {
            table_name: "orders".to_owned(),
            stream_arn: Some(STREAM.to_owned()),
            bucket: "items-of-orders".to_owned(),
            prefix: "items/".to_owned(),
            segments: 0,
            max_read_capacity_units: 0,
            seconds_per_call: 600,
        };
        assert_eq!(least, expected);
        let more = json!({ "TableName": "orders", "Segments": 4, "MaxReadCapacityUnits": 100 });
        let expected = Wanted { segments: 4, max_read_capacity_units: 100, ..expected };
        assert_eq!(wanted(more, defaults()).unwrap(), expected);
        let other = wanted(json!({ "TableName": "customers" }), defaults()).unwrap();
        let (table, prefix) = (other.table_name.as_str(), other.prefix.as_str());
        assert_eq!((table, other.stream_arn, prefix), ("customers", None, "tables/customers/"));
    }

    #[test]
    fn what_cannot_be_followed_is_refused_in_words() {
        for (input, words) in [
            (json!({ "TableName": "a/b" }), "TableName is `a/b`; the name of a table may be given"),
            (json!({ "Segments": 41 }), "Segments is `41`; 0 to 40 may be given"),
            (json!({ "Segments": -1 }), "Segments is `-1`; 0 to 40 may be given"),
            (
                json!({ "MaxReadCapacityUnits": 4_000_001 }),
                "MaxReadCapacityUnits is `4000001`; 0 to 4000000 may be given",
            ),
        ] {
            assert_eq!(wanted(input, defaults()).unwrap_err(), words);
        }
        for (field, value, words) in [
            ("secondsPerCall", "601", "SecondsPerCall is `601`; 1 to 600 may be given"),
            ("streamArn", "orders", "StreamArn is `orders`, which is not the ARN of a table's stream"),
        ] {
            let mut defaults = defaults();
            defaults[field] = json!(value);
            assert_eq!(wanted(json!({}), defaults).unwrap_err(), words);
        }
    }
}
