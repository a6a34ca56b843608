//! The input of an execution. `{}` is enough, because the stack knows which table it follows.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::arn::{TABLE_NAME, is_table_name};
use crate::input::{InvalidInput, number};
use crate::item_history::change::table_of_stream;
use crate::item_history::tables::Layout;
use crate::text::quoted;

/// Maximum number of segments: what a Step Functions Map runs concurrently
/// (<https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html>).
pub const MOST_SEGMENTS: u32 = 40;
/// Maximum time in seconds that an invocation may read. A function has 15 minutes. The rest is for the current page and
/// for waiting until its capacity is paid, which at one unit per second takes 256 seconds.
pub const MOST_SECONDS: u32 = 600;
/// Maximum read capacity units per second in an input.
const MOST_UNITS: u32 = 4_000_000;

/// The input of an execution of `backfill`.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct ExecutionInput {
    /// Name of the table to read. The stack must follow its stream. Default: the stack's own table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table_name: Option<String>,
    /// Number of scan segments that are read concurrently. 0 means one per 512 MB, up to 40, or as few as use a limited
    /// rate fully.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segments: Option<i64>,
    /// Read capacity units per second that the backfill may use; 0 means no limit. A rate at which the backfill would
    /// not finish is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_read_capacity_units: Option<i64>,
}

/// The template's parameters and resources, as text.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Defaults {
    /// ARN of the stream of the stack's own table.
    pub stream_arn: String,
    /// Name of the bucket with the items.
    pub bucket: String,
    /// Key prefix of the items.
    pub prefix: String,
    /// Prefix of the other tables' folders.
    pub tables_prefix: String,
    /// Name of the function that reads the streams.
    pub function_name: String,
    /// Number of scan segments, 0 to 40.
    pub segments: String,
    /// Read capacity units per second; 0 means no limit.
    pub max_read_capacity_units: String,
    /// Time in seconds for which an invocation reads and writes, 1 to 600.
    pub seconds_per_call: String,
}

/// A valid input, with the template's defaults.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Wanted {
    /// Name of the table.
    pub table_name: String,
    /// ARN of the stream that the stack follows, which must be the table's; `None` if not known yet.
    pub stream_arn: Option<String>,
    /// Name of the bucket.
    pub bucket: String,
    /// Key prefix of the items; empty or ending in `/`.
    pub prefix: String,
    /// Number of scan segments; 0 means by the size of the table.
    pub segments: u32,
    /// Read capacity units per second; 0 means no limit.
    pub max_read_capacity_units: u32,
    /// Time in seconds for which an invocation reads and writes.
    pub seconds_per_call: u32,
}

impl ExecutionInput {
    /// Checks the input and fills in what it leaves out from the template.
    pub fn wanted(&self, defaults: &Defaults) -> Result<Wanted, InvalidInput> {
        let (_, table) = table_of_stream(&defaults.stream_arn).ok_or_else(|| InvalidInput {
            field: "StreamArn",
            reason: format!("is {}; it must be the ARN of a table's stream", quoted(&defaults.stream_arn)),
        })?;
        let asked = self.table_name.as_deref().unwrap_or(table);
        if !is_table_name(asked) {
            let reason = format!("is {}; it must be {TABLE_NAME}", quoted(asked));
            return Err(InvalidInput { field: "TableName", reason });
        }
        let Defaults { prefix, tables_prefix, .. } = defaults;
        let location = Layout { own_table: table, prefix, tables_prefix }.location(asked);
        let units = "MaxReadCapacityUnits";
        let default = &defaults.max_read_capacity_units;
        Ok(Wanted {
            table_name: asked.to_owned(),
            // For another table, its event source mapping has the stream.
            stream_arn: (asked == table).then(|| defaults.stream_arn.clone()),
            bucket: defaults.bucket.clone(),
            prefix: location.prefix,
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
    fn defaults_come_from_the_template() {
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
    fn invalid_input_is_refused_with_a_reason() {
        for (input, expected) in [
            (
                json!({ "TableName": "a/b" }),
                "TableName is `a/b`; it must be a table name (3 to 255 letters, digits, `_`, `-` or `.`)",
            ),
            (json!({ "Segments": 41 }), "Segments is `41`; it must be between 0 and 40"),
            (json!({ "Segments": -1 }), "Segments is `-1`; it must be between 0 and 40"),
            (
                json!({ "MaxReadCapacityUnits": 4_000_001 }),
                "MaxReadCapacityUnits is `4000001`; it must be between 0 and 4000000",
            ),
        ] {
            assert_eq!(wanted(input, defaults()).unwrap_err(), expected);
        }
        for (field, value, expected) in [
            ("secondsPerCall", "601", "SecondsPerCall is `601`; it must be between 1 and 600"),
            ("streamArn", "orders", "StreamArn is `orders`; it must be the ARN of a table's stream"),
        ] {
            let mut defaults = defaults();
            defaults[field] = json!(value);
            assert_eq!(wanted(json!({}), defaults).unwrap_err(), expected);
        }
    }
}
