//! The single conditional write that puts an item back. It succeeds only if the item is still as shown.
//!
//! If there is no item, PutItem has the condition that there still is none. If there is one, UpdateItem sets and
//! removes the attributes that differ. Its condition requires that each shown attribute is unchanged and each new one
//! is still missing. No condition can require that an item has no *other* attribute, so a PutItem could remove one that
//! was added after the item was read and never shown. UpdateItem leaves it unchanged, and its response contains it.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::error::ProvideErrorMetadata as _;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use tablekeeper_core::aws::failure::AwsFailure;

use crate::item::attributes::{Item, NoAttribute, attribute_of, attributes_of, item_of};

/// Maximum bytes of an expression (developer guide, "Quotas in Amazon DynamoDB": expression parameters).
const LONGEST_EXPRESSION: usize = 4_096;
/// Maximum operators and functions of an expression; AND counts as one (same page, and aws/aws-sdk-js#3721).
const MOST_OPERATORS: usize = 300;

/// A prepared write.
#[derive(Debug)]
pub(super) struct Write {
    /// Update expression; `None` if the whole item is put.
    update: Option<String>,
    condition: String,
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
}

/// The outcome of a write.
#[derive(Debug, PartialEq)]
pub(super) enum Written {
    /// The item was written, and is this now.
    Done(Item),
    /// The item was not as shown, and nothing was written.
    Changed,
}

/// Why a write is not possible.
#[derive(Debug, thiserror::Error)]
pub(super) enum WriteError {
    /// The condition or the update exceeds a limit of DynamoDB.
    #[error(
        "the item has too many attributes for one conditional write: a DynamoDB expression is limited to \
         {LONGEST_EXPRESSION} bytes and {MOST_OPERATORS} operators, and this one has {length} and {operators}. \
         Restore a snapshot of that time into another table, and copy the item from there"
    )]
    TooLong {
        /// Bytes of the longer expression.
        length: usize,
        /// Operators and functions of the condition.
        operators: usize,
    },
    /// A value is not an attribute value.
    #[error(transparent)]
    NoAttribute(#[from] NoAttribute),
    /// An AWS call failed; holds its error name and action.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
}

impl Write {
    /// Builds the write that restores the item `then`. `key_names` has the partition key first.
    pub(super) fn new(now: Option<&Item>, then: &Item, key_names: &[String]) -> Result<Write, WriteError> {
        let mut names = HashMap::new();
        let mut values = HashMap::new();
        let partition = key_names.first().cloned().unwrap_or_default();
        names.insert("#k".to_owned(), partition);
        let Some(now) = now else {
            let condition = "attribute_not_exists(#k)".to_owned();
            return Ok(Write { update: None, condition, names, values });
        };
        let (mut conditions, mut sets, mut removals) =
            (vec!["attribute_exists(#k)".to_owned()], vec![], vec![]);
        let all: BTreeSet<&String> =
            now.keys().chain(then.keys()).filter(|name| !key_names.contains(*name)).collect();
        for (number, name) in all.into_iter().enumerate() {
            let (was, becomes) = (now.get(name), then.get(name));
            names.insert(format!("#{number}"), name.clone());
            match was {
                Some(value) => {
                    values.insert(format!(":{number}"), attribute_of(value)?);
                    conditions.push(format!("#{number}=:{number}"));
                }
                None => conditions.push(format!("attribute_not_exists(#{number})")),
            }
            match becomes {
                Some(value) if was != becomes => {
                    values.insert(format!(":t{number}"), attribute_of(value)?);
                    sets.push(format!("#{number}=:t{number}"));
                }
                Some(_) => {}
                None => removals.push(format!("#{number}")),
            }
        }
        let clause =
            |word: &str, of: Vec<String>| (!of.is_empty()).then(|| format!("{word} {}", of.join(",")));
        let update: Vec<String> =
            [clause("SET", sets), clause("REMOVE", removals)].into_iter().flatten().collect();
        // One per condition, and an AND between each two.
        let operators = (2 * conditions.len()).saturating_sub(1);
        let (update, condition) = (update.join(" "), conditions.join(" AND "));
        let length = update.len().max(condition.len());
        if length > LONGEST_EXPRESSION || operators > MOST_OPERATORS {
            return Err(WriteError::TooLong { length, operators });
        }
        Ok(Write { update: Some(update), condition, names, values })
    }

    /// Runs the write. If the condition fails, reads the item: it is written if an earlier attempt of this write
    /// succeeded without a response.
    pub(super) async fn run(
        self,
        dynamodb: &aws_sdk_dynamodb::Client,
        table: &str,
        key: &HashMap<String, AttributeValue>,
        then: &Item,
    ) -> Result<Written, WriteError> {
        const REFUSED: Option<&str> = Some("ConditionalCheckFailedException");
        let Write { update, condition, names, values } = self;
        let refused = match update {
            None => {
                let put = dynamodb.put_item().table_name(table).set_item(Some(attributes_of(then)?));
                let put = put.condition_expression(condition).set_expression_attribute_names(Some(names));
                match put.send().await {
                    Ok(_) => return Ok(Written::Done(then.clone())),
                    Err(error) if error.code() == REFUSED => true,
                    Err(error) => return Err(AwsFailure::from_call("dynamodb:PutItem")(error).into()),
                }
            }
            Some(update) => {
                let values = Some(values).filter(|values| !values.is_empty());
                let call = dynamodb.update_item().table_name(table).set_key(Some(key.clone()));
                let call = call.update_expression(update).condition_expression(condition);
                let call =
                    call.set_expression_attribute_names(Some(names)).set_expression_attribute_values(values);
                match call.return_values(ReturnValue::AllNew).send().await {
                    Ok(response) => {
                        return Ok(Written::Done(item_of(&response.attributes.unwrap_or_default())?));
                    }
                    Err(error) if error.code() == REFUSED => true,
                    Err(error) => return Err(AwsFailure::from_call("dynamodb:UpdateItem")(error).into()),
                }
            }
        };
        let is_it = refused && get(dynamodb, table, key).await?.as_ref() == Some(then);
        Ok(if is_it { Written::Done(then.clone()) } else { Written::Changed })
    }
}

/// Reads the current item, strongly consistently.
pub(super) async fn get(
    dynamodb: &aws_sdk_dynamodb::Client,
    table: &str,
    key: &HashMap<String, AttributeValue>,
) -> Result<Option<Item>, WriteError> {
    let get = dynamodb.get_item().table_name(table).set_key(Some(key.clone())).consistent_read(true);
    let response = get.send().await.map_err(AwsFailure::from_call("dynamodb:GetItem"))?;
    Ok(response.item.as_ref().map(item_of).transpose()?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn write(now: Option<serde_json::Value>, then: serde_json::Value) -> Result<Write, WriteError> {
        let keys = ["id".to_owned(), "sort".to_owned()];
        Write::new(now.as_ref().and_then(|now| now.as_object()), then.as_object().unwrap(), &keys)
    }

    #[test]
    fn each_shown_attribute_must_be_unchanged() {
        let now = json!({ "id": { "S": "1" }, "sort": { "N": "1" }, "name": { "S": "a" }, "b": { "N": "1" }, "x": { "NULL": true } });
        let then = json!({ "id": { "S": "1" }, "sort": { "N": "1" }, "name": { "S": "a" }, "b": { "N": "2" }, "y": { "L": [] } });
        let Write { update, condition, names, values } = write(Some(now), then).unwrap();
        assert_eq!(
            condition,
            "attribute_exists(#k) AND #0=:0 AND #1=:1 AND #2=:2 AND attribute_not_exists(#3)"
        );
        assert_eq!(update.as_deref(), Some("SET #0=:t0,#3=:t3 REMOVE #2"));
        let named = |number: &str| names.get(number).map(String::as_str);
        assert_eq!(
            [named("#k"), named("#0"), named("#1"), named("#2"), named("#3")].map(Option::unwrap),
            ["id", "b", "name", "x", "y"]
        );
        assert_eq!(values.get(":t0"), Some(&AttributeValue::N("2".to_owned())));
        assert_eq!(values.len(), 5);
    }

    #[test]
    fn a_missing_item_must_still_be_missing() {
        let Write { update, condition, names, values } = write(None, json!({ "id": { "S": "1" } })).unwrap();
        assert_eq!((update, condition.as_str(), values.len()), (None, "attribute_not_exists(#k)", 0));
        assert_eq!(names, HashMap::from([("#k".to_owned(), "id".to_owned())]));
    }

    #[test]
    fn a_condition_beyond_the_limits_is_refused() {
        let item_of = |count: usize, value: &str| {
            let attributes = (0..count).map(|number| (format!("a{number}"), json!({ "S": value })));
            serde_json::Value::Object(attributes.chain([("id".to_owned(), json!({ "S": "1" }))]).collect())
        };
        for (others, error) in [(149, None), (150, Some(" and 301. ")), (400, Some(" and 801. "))] {
            let reported =
                write(Some(item_of(others, "a")), item_of(others, "b")).err().map(|error| error.to_string());
            assert_eq!(reported.is_some(), error.is_some(), "{others} additional attributes");
            let (reported, error) = (reported.unwrap_or_default(), error.unwrap_or_default());
            assert!(reported.contains(error), "{reported}");
        }
    }
}
