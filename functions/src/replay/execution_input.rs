//! What an execution takes: `{}` is enough, as the stack says where everything lies.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::objects::{FOLDER, Replay};
use crate::import_table::execution_input::{InvalidInput, number};
use crate::incremental::change::table_of_stream;
use crate::incremental::config::as_prefix;
use crate::incremental::kept::MOST_DAYS;
use crate::words::quoted;

/// The longest that an invocation may take objects: a function's 15 minutes, without the object that is under way.
const MOST_SECONDS: u32 = 600;

/// The input of an execution of `replay`.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct ExecutionInput {
    /// What the objects' keys begin with: all that Lambda gave up, without being said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// The ARN of the stream whose changes are replayed: the one that the stack follows, without being said. An earlier
    /// stream of the same table may be named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream_arn: Option<String>,
}

/// The template's parameters, and what it made, as text.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Defaults {
    /// The ARN of the stream that is followed.
    pub stream_arn: String,
    /// The bucket with what was given up.
    pub given_up_bucket: String,
    /// The bucket with the items.
    pub bucket: String,
    /// What stands before their keys.
    pub prefix: String,
    /// What stands before the keys of records that are set aside.
    pub failures_prefix: String,
    /// 0 for ever.
    pub noncurrent_days: String,
    /// 1 to 600.
    pub seconds_per_call: String,
}

impl ExecutionInput {
    /// The input, with what it leaves out taken from the template.
    pub fn wanted(&self, defaults: &Defaults) -> Result<Replay, InvalidInput> {
        let of = |arn: &str| {
            table_of_stream(arn).map(|(table, _)| table.to_owned()).ok_or_else(|| InvalidInput {
                field: "StreamArn",
                reason: format!("is {}, which is not the ARN of a table's stream", quoted(arn)),
            })
        };
        let stream_arn = self.stream_arn.as_ref().unwrap_or(&defaults.stream_arn);
        let (table, followed) = (of(stream_arn)?, of(&defaults.stream_arn)?);
        if table != followed {
            let (table, followed) = (quoted(&table), quoted(&followed));
            let reason = format!(
                "is of table {table}, but this stack follows {followed}, and its bucket holds no other table"
            );
            return Err(InvalidInput { field: "StreamArn", reason });
        }
        let folder = self.prefix.as_deref().unwrap_or(FOLDER);
        if !folder.starts_with(FOLDER) {
            let reason = format!("is {}; keys of what Lambda gave up begin with {FOLDER}", quoted(folder));
            return Err(InvalidInput { field: "Prefix", reason });
        }
        let days = number("NoncurrentDays", None, &defaults.noncurrent_days, 0, MOST_DAYS)?;
        let seconds = number("SecondsPerCall", None, &defaults.seconds_per_call, 1, MOST_SECONDS)?;
        Ok(Replay {
            stream_arn: stream_arn.clone(),
            given_up_bucket: defaults.given_up_bucket.clone(),
            folder: folder.to_owned(),
            bucket: defaults.bucket.clone(),
            prefix: as_prefix(&defaults.prefix),
            failures_prefix: as_prefix(&defaults.failures_prefix),
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
        input.wanted(&defaults).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_left_out_comes_from_the_template() {
        let all = wanted(json!({})).unwrap();
        assert_eq!((all.stream_arn.as_str(), all.folder.as_str()), (STREAM, "aws/lambda/"));
        assert_eq!((all.remembered_days, all.seconds_per_call), (Some(35), Some(600)));
        let earlier = STREAM.replace("2026", "2025");
        let some = json!({ "Prefix": "aws/lambda/1-2-3/shard/", "StreamArn": earlier });
        let some = wanted(some).unwrap();
        assert_eq!((some.stream_arn, some.folder.as_str()), (earlier, "aws/lambda/1-2-3/shard/"));
    }

    #[test]
    fn what_cannot_be_followed_is_refused_in_words() {
        let other = STREAM.replace("orders", "customers");
        for (input, words) in [
            (
                json!({ "Prefix": "items/" }),
                "Prefix is `items/`; keys of what Lambda gave up begin with aws/lambda/",
            ),
            (
                json!({ "StreamArn": "orders" }),
                "StreamArn is `orders`, which is not the ARN of a table's stream",
            ),
            (
                json!({ "StreamArn": other }),
                "StreamArn is of table `arn:aws:dynamodb:eu-west-1:123456789012:table/customers`, but this stack follows \
                 `arn:aws:dynamodb:eu-west-1:123456789012:table/orders`, and its bucket holds no other table",
            ),
        ] {
            assert_eq!(wanted(input).unwrap_err(), words);
        }
    }
}
