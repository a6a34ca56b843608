//! The input of an execution. `{}` is enough, because the stack has the buckets and prefixes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::objects::{FOLDER, Replay};
use crate::input::{InvalidInput, number};
use crate::item_history::change::table_of_stream;
use crate::item_history::late;
use crate::item_history::retention::MOST_DAYS;
use crate::item_history::tables::Layout;
use crate::storage::as_prefix;
use crate::text::quoted;

/// Maximum time in seconds for which an invocation starts objects. A function has 15 minutes. The rest is for the
/// current object.
const MOST_SECONDS: u32 = 600;

/// The input of an execution of `replay`.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct ExecutionInput {
    /// Name of the table whose changes are replayed. The stack must follow its stream. Default: the stack's own table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table_name: Option<String>,
    /// Prefix of the objects' keys. Default: all objects that Lambda wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// ARN of the stream whose changes are replayed. Default: the stream of the table that is followed. It may be an
    /// earlier stream of the same table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream_arn: Option<String>,
}

/// The template's parameters and resources, as text.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Defaults {
    /// ARN of the stream of the stack's own table.
    pub stream_arn: String,
    /// Name of the bucket with the discarded batches.
    pub given_up_bucket: String,
    /// Name of the bucket with the items.
    pub bucket: String,
    /// Key prefix of the items.
    pub prefix: String,
    /// Prefix of the other tables' folders.
    pub tables_prefix: String,
    /// Name of the function that reads the streams.
    pub function_name: String,
    /// Key prefix of quarantined records.
    pub failures_prefix: String,
    /// Days for which the bucket retains noncurrent versions; 0 means forever.
    pub noncurrent_days: String,
    /// Time in seconds for which an invocation starts objects, 1 to 600.
    pub seconds_per_call: String,
}

impl ExecutionInput {
    /// Returns the name of the table if it is not the stack's own table. The caller must then find the event source
    /// mapping that reads its stream.
    pub fn other_table<'a>(&'a self, defaults: &Defaults) -> Option<&'a str> {
        let own = table_of_stream(&defaults.stream_arn).map(|(_, name)| name);
        self.table_name.as_deref().filter(|table| Some(*table) != own)
    }

    /// Checks the input and fills in what it leaves out from the template. `followed` is the stream of the table that
    /// is replayed. For the stack's own table, that is the template's.
    pub fn wanted(&self, defaults: &Defaults, followed: &str) -> Result<Replay, InvalidInput> {
        let of = |arn: &str| {
            let of_table = table_of_stream(arn).map(|(table, name)| (table.to_owned(), name.to_owned()));
            of_table.ok_or_else(|| InvalidInput {
                field: "StreamArn",
                reason: format!("is {}; it must be the ARN of a table's stream", quoted(arn)),
            })
        };
        let stream_arn = self.stream_arn.as_deref().unwrap_or(followed);
        let (table, replayed) = (of(stream_arn)?, of(followed)?);
        if table != replayed {
            let reason = format!(
                "is of table {}, but changes of {} are replayed; TableName may name another table of the stack",
                quoted(&table.0),
                quoted(&replayed.0)
            );
            return Err(InvalidInput { field: "StreamArn", reason });
        }
        let (_, own_table) = of(&defaults.stream_arn)?;
        let Defaults { prefix, tables_prefix, .. } = defaults;
        let location = Layout { own_table: &own_table, prefix, tables_prefix }.location(&replayed.1);
        let failures_prefix = as_prefix(&defaults.failures_prefix);
        let folder = self.prefix.as_deref().unwrap_or(FOLDER);
        if !folder.starts_with(FOLDER) {
            let reason = format!("is {}; it must begin with {FOLDER}", quoted(folder));
            return Err(InvalidInput { field: "Prefix", reason });
        }
        let days = number("NoncurrentDays", None, &defaults.noncurrent_days, 0, MOST_DAYS)?;
        let seconds = number("SecondsPerCall", None, &defaults.seconds_per_call, 1, MOST_SECONDS)?;
        Ok(Replay {
            stream_arn: stream_arn.to_owned(),
            given_up_bucket: defaults.given_up_bucket.clone(),
            folder: folder.to_owned(),
            bucket: defaults.bucket.clone(),
            prefix: location.prefix,
            late_prefix: late::prefix(&failures_prefix, &location.folder),
            failures_prefix,
            remembered_days: (days > 0).then_some(days),
            seconds_per_call: Some(seconds),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::replay::testing::{STREAM, defaults};

    fn wanted(input: Value) -> Result<Replay, String> {
        let input: ExecutionInput = serde_json::from_value(input).unwrap();
        let defaults: Defaults = serde_json::from_value(defaults()).unwrap();
        input.wanted(&defaults, STREAM).map_err(|error| error.to_string())
    }

    #[test]
    fn defaults_come_from_the_template() {
        let all = wanted(json!({})).unwrap();
        assert_eq!((all.stream_arn.as_str(), all.folder.as_str()), (STREAM, "aws/lambda/"));
        assert_eq!((all.remembered_days, all.seconds_per_call), (Some(35), Some(600)));
        let earlier = STREAM.replace("2026", "2025");
        let some = json!({ "Prefix": "aws/lambda/1-2-3/shard/", "StreamArn": earlier });
        let some = wanted(some).unwrap();
        assert_eq!((some.stream_arn, some.folder.as_str()), (earlier, "aws/lambda/1-2-3/shard/"));
    }

    #[test]
    fn another_tables_items_and_late_versions_are_in_folders_of_its_name() {
        let defaults: Defaults = serde_json::from_value(defaults()).unwrap();
        let of =
            |table: &str| ExecutionInput { table_name: Some(table.to_owned()), ..ExecutionInput::default() };
        assert_eq!(of("orders").other_table(&defaults), None);
        let customers = of("customers");
        assert_eq!(customers.other_table(&defaults), Some("customers"));
        let replay = customers.wanted(&defaults, &STREAM.replace("orders", "customers")).unwrap();
        assert_eq!(
            (replay.prefix.as_str(), replay.failures_prefix.as_str()),
            ("tables/customers/", "failures/")
        );
        assert_eq!(replay.late_prefix, "failures/late/customers/");
    }

    #[test]
    fn invalid_input_is_refused_with_a_reason() {
        let other = STREAM.replace("orders", "customers");
        for (input, expected) in [
            (json!({ "Prefix": "items/" }), "Prefix is `items/`; it must begin with aws/lambda/"),
            (
                json!({ "StreamArn": "orders" }),
                "StreamArn is `orders`; it must be the ARN of a table's stream",
            ),
            (
                json!({ "StreamArn": other }),
                "StreamArn is of table `arn:aws:dynamodb:eu-west-1:123456789012:table/customers`, but changes of \
                 `arn:aws:dynamodb:eu-west-1:123456789012:table/orders` are replayed; TableName may name another table of the \
                 stack",
            ),
        ] {
            assert_eq!(wanted(input).unwrap_err(), expected);
        }
    }
}
