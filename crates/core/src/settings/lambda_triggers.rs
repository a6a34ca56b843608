//! Lambda functions that the stream triggers: its event source mappings, with every field that a mapping of a DynamoDB
//! stream has.
//!
//! A mapping belongs to a stream, and the target has another stream, so new mappings are created. Lambda allows one
//! mapping per function and stream, so the function identifies the mapping.
//!
//! ListEventSourceMappings sometimes leaves out the starting position. A new mapping then starts at `TRIM_HORIZON`, so
//! that it misses nothing written to the target since.
//!
//! The function's role must be allowed to read the new stream, which the function's owner must grant. If the role is
//! not allowed to, Lambda refuses the mapping, and the report has Lambda's text.

mod mapping;

use aws_sdk_lambda::error::ProvideErrorMetadata;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use mapping::Mapping;

use super::setting::stored_as;
use super::{Aws, Comparison, Setting, SettingName, Table};
use crate::aws::arn::Arn;
use crate::aws::failure::AwsFailure;

/// The Lambda triggers setting.
#[derive(Clone, Copy, Debug)]
pub struct LambdaTriggers;

/// The stream's mappings, sorted by function ARN. The ARN contains a version or alias if the mapping has one.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Value(pub Vec<Mapping>);

/// One call that changes the stream's mappings.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// CreateEventSourceMapping.
    Create(Box<Mapping>),
    /// UpdateEventSourceMapping of the mapping with this UUID.
    Update(String, Box<Mapping>),
    /// DeleteEventSourceMapping of the mapping with this UUID.
    Delete(String),
}

impl Setting for LambdaTriggers {
    const NAME: SettingName = SettingName::LambdaTriggers;
    type Value = Value;
    type Change = Change;

    stored_as!(lambda_triggers);

    async fn read(aws: &Aws, table: &Table) -> Result<Value, AwsFailure> {
        let Some(stream) = table.stream_arn() else { return Ok(Value::default()) };
        let mut mappings = Vec::new();
        let list = aws.lambda.list_event_source_mappings().event_source_arn(stream);
        let mut pages = list.into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(AwsFailure::from_call("lambda:ListEventSourceMappings"))?;
            mappings.extend(page.event_source_mappings().iter().filter_map(Mapping::from_configuration));
        }
        for mapping in mappings.iter_mut().filter(|mapping| mapping.kms_key_arn.is_some()) {
            *mapping = decrypted(aws, mapping.clone()).await?;
        }
        mappings.sort_by(|one, other| one.function_arn.cmp(&other.function_arn));
        Ok(Value(mappings))
    }

    fn compare(Value(wanted): &Value, Value(actual): &Value, target: &Table) -> Comparison<Change> {
        let mut comparison = Comparison::default();
        for mapping in wanted {
            let function = &mapping.function_arn;
            let now = actual.iter().find(|now| now.function_arn == *function);
            match now {
                // It is also unknown whether the target's mapping is equal.
                _ if mapping.filter_criteria_error.is_some() => {
                    let reason = mapping.filter_criteria_error.as_deref().unwrap_or_default();
                    comparison.leave_out(format!("the filter of {function} cannot be read: {reason}"));
                }
                Some(now) if now.equals(mapping) => comparison.same += 1,
                Some(now) => {
                    let text = format!("make the trigger of {function} equal to the source's");
                    comparison.change(text, Change::Update(now.uuid.clone(), Box::new(mapping.clone())));
                }
                None if !target.has_stream() => {
                    comparison.leave_out(format!("the target has no stream that could trigger {function}"));
                }
                None if Arn::parse(function)
                    .is_some_and(|arn| (arn.region, arn.account) != target.region_and_account()) =>
                {
                    comparison.leave_out(format!("{function} is not in the target's Region and account"));
                }
                None => {
                    let disabled = if mapping.enabled { "" } else { ", disabled like the source's" };
                    let text = format!("trigger {function}{disabled}");
                    comparison.change(text, Change::Create(Box::new(mapping.clone())));
                }
            }
        }
        for now in
            actual.iter().filter(|now| !wanted.iter().any(|mapping| mapping.function_arn == now.function_arn))
        {
            let text = format!("delete the trigger of {}", now.function_arn);
            comparison.extra(text, Change::Delete(now.uuid.clone()));
        }
        comparison
    }

    async fn make(change: &Change, aws: &Aws, target: &Table) -> Result<(), AwsFailure> {
        match change {
            Change::Create(mapping) => {
                let action = "lambda:CreateEventSourceMapping";
                let stream = target.stream_for(action)?;
                let create = aws.lambda.create_event_source_mapping().event_source_arn(stream);
                mapping.create(create).send().await.map(drop).map_err(AwsFailure::from_call(action))
            }
            Change::Update(uuid, mapping) => {
                let update = aws.lambda.update_event_source_mapping().uuid(uuid);
                let updated = mapping.update(update).send().await.map(drop);
                updated.map_err(AwsFailure::from_call("lambda:UpdateEventSourceMapping"))
            }
            Change::Delete(uuid) => {
                let deleted = aws.lambda.delete_event_source_mapping().uuid(uuid).send().await.map(drop);
                deleted.map_err(AwsFailure::from_call("lambda:DeleteEventSourceMapping"))
            }
        }
    }
}

/// Adds the filter of a mapping, which is encrypted. Only GetEventSourceMapping shows it, to callers that may use the
/// key.
async fn decrypted(aws: &Aws, mapping: Mapping) -> Result<Mapping, AwsFailure> {
    match aws.lambda.get_event_source_mapping().uuid(&mapping.uuid).send().await {
        Ok(shown) => Ok(mapping.with_filter(shown.filter_criteria(), shown.filter_criteria_error())),
        // The mapping was deleted after it was listed. Keeps what the list shows.
        Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(mapping),
        Err(error) => Err(AwsFailure::from_call("lambda:GetEventSourceMapping")(error)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::settings::table::tests::table;
    use crate::testing::fake_aws::FakeAws;

    fn mapping(function: &str, batch_size: i32) -> Mapping {
        let function_arn = format!("arn:aws:lambda:{function}");
        Mapping { function_arn, batch_size, uuid: format!("id of {function}"), ..Mapping::default() }
    }

    fn with_stream() -> Table {
        let mut target = table();
        let stream = aws_sdk_dynamodb::types::StreamSpecification::builder().stream_enabled(true);
        target.description.stream_specification = Some(stream.build().unwrap());
        target.description.latest_stream_arn = Some(format!("{}/stream/l", target.arn));
        target
    }

    const HERE: &str = "eu-west-1:123456789012:function:index";

    #[test]
    fn mappings_are_created_updated_left_out_and_extra() {
        let elsewhere = mapping("us-east-1:123456789012:function:index", 1);
        let another_accounts = mapping("eu-west-1:999999999999:function:index", 1);
        let wanted = Value(vec![mapping(HERE, 7), elsewhere, another_accounts]);
        let new = LambdaTriggers::compare(&wanted, &Value::default(), &with_stream());
        assert!(
            matches!(&new.changes[..], [planned] if matches!(&planned.change, Change::Create(_))),
            "{new:?}"
        );
        let left_out = |text: &String| text.ends_with("is not in the target's Region and account");
        assert!(new.left_out.len() == 2 && new.left_out.iter().all(left_out), "{new:?}");
        let other = LambdaTriggers::compare(&wanted, &Value(vec![mapping(HERE, 8)]), &with_stream());
        assert!(matches!(&other.changes[0].change, Change::Update(id, _) if id.ends_with("index")));
        let own = LambdaTriggers::compare(&Value::default(), &wanted, &with_stream());
        assert_eq!((own.changes.len(), own.extra.len()), (0, 3));
    }

    #[test]
    fn without_a_stream_or_a_readable_filter_nothing_is_triggered() {
        let wanted = Value(vec![mapping(HERE, 7)]);
        assert_eq!(LambdaTriggers::compare(&wanted, &Value::default(), &table()).left_out.len(), 1);
        let mut unreadable = mapping(HERE, 7);
        unreadable.filter_criteria_error = Some("the key is gone".to_owned());
        for actual in [Value::default(), Value(vec![unreadable.clone()])] {
            let comparison =
                LambdaTriggers::compare(&Value(vec![unreadable.clone()]), &actual, &with_stream());
            assert!(comparison.left_out[0].ends_with("cannot be read: the key is gone"));
            assert_eq!((comparison.same, comparison.changes.len()), (0, 0), "{comparison:?}");
        }
    }

    /// Reads a mapping with a key, of whose filter GetEventSourceMapping shows this.
    async fn read(shown: serde_json::Value) -> Mapping {
        let aws = FakeAws::default();
        aws.response("lambda:GET", move |call| {
            let mut mapping = json!({ "UUID": "id", "FunctionArn": format!("arn:aws:lambda:{HERE}"),
                "State": "Enabled", "KMSKeyArn": "arn:aws:kms:eu-west-1:123456789012:key/k" });
            if call.key.ends_with("/id") {
                mapping.as_object_mut().unwrap().extend(shown.as_object().unwrap().clone());
                return (200, mapping);
            }
            (200, json!({ "EventSourceMappings": [mapping] }))
        });
        let Value(mut mappings) =
            LambdaTriggers::read(&aws.clients().settings(), &with_stream()).await.unwrap();
        assert_eq!(aws.calls("lambda:GET").len(), 2, "a list and the one mapping");
        mappings.remove(0)
    }

    #[tokio::test]
    async fn an_encrypted_filter_is_read_from_the_mapping_itself() {
        let patterns = read(json!({ "FilterCriteria": { "Filters": [{ "Pattern": "{}" }] } })).await;
        assert_eq!((patterns.filter_patterns.len(), patterns.filter_criteria_error.as_deref()), (1, None));
        let new = LambdaTriggers::compare(
            &Value(vec![read(json!({ "FilterCriteria": { "Filters": [{ "Pattern": "{}" }] } })).await]),
            &Value::default(),
            &with_stream(),
        );
        assert!(
            matches!(&new.changes[0].change, Change::Create(mapping) if mapping.filter_patterns == ["{}"]),
            "{new:?}"
        );
        let denied = json!({ "ErrorCode": "AccessDenied", "Message": "no kms:Decrypt" });
        for (shown, reason) in [
            (json!({ "FilterCriteriaError": denied }), "no kms:Decrypt"),
            (json!({}), "it is encrypted, and Lambda does not show it"),
        ] {
            assert_eq!(read(shown).await.filter_criteria_error.as_deref(), Some(reason));
        }
    }
}
