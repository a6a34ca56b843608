//! The contracts of services that Step Functions calls by itself, for those tasks whose schemas are not of the project.
//!
//! The members are those of the services' API references that a definition needs. Others are refused, because a task
//! passes members that a service does not know only by mistake.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::contract::TaskContract;

/// Returns the contract of a service's action by the `Resource` of its task.
pub(super) fn contract(resource: &str) -> Option<Arc<TaskContract>> {
    let (_, action) = resource.split_once(":states:::")?;
    let (input, output) = match action {
        "events:putEvents" => put_events(),
        "sns:publish" => publish(),
        _ => return None,
    };
    Some(Arc::new(TaskContract { name: action.to_owned(), input, output, errors: Vec::new() }))
}

/// The task fails with `EventBridge.FailedEntry` if an entry fails ("Add EventBridge events with Step Functions" in the
/// developer guide), so its output has the ids of all events.
fn put_events() -> (Value, Value) {
    let entry = json!({
        "type": "object",
        "properties": {
            "Detail": { "type": ["object", "string"] },
            "DetailType": { "type": "string" },
            "EventBusName": { "type": "string" },
            "Source": { "type": "string" },
        },
        "required": ["Detail", "DetailType", "Source"],
        "additionalProperties": false,
    });
    let input = json!({
        "type": "object",
        "properties": { "Entries": { "type": "array", "items": entry, "minItems": 1, "maxItems": 10 } },
        "required": ["Entries"],
        "additionalProperties": false,
    });
    let result = json!({ "type": "object", "properties": { "EventId": { "type": "string" } } });
    let output = json!({
        "type": "object",
        "properties": {
            "Entries": { "type": "array", "items": result, "maxItems": 10 },
            "FailedEntryCount": { "type": "integer", "minimum": 0 },
        },
        "required": ["Entries", "FailedEntryCount"],
    });
    (input, output)
}

fn publish() -> (Value, Value) {
    let input = json!({
        "type": "object",
        "properties": {
            "Message": { "type": ["object", "string"] },
            "Subject": { "type": "string" },
            "TopicArn": { "type": "string" },
        },
        "required": ["Message", "TopicArn"],
        "additionalProperties": false,
    });
    let output = json!({
        "type": "object",
        "properties": { "MessageId": { "type": "string" } },
        "required": ["MessageId"],
    });
    (input, output)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_input_of_an_action_is_known_in_every_partition() {
        let accepts =
            |resource: &str, input: &Value| jsonschema::is_valid(&contract(resource).unwrap().input, input);
        let entry = json!({ "Source": "a", "DetailType": "b", "Detail": { "c": 1 } });
        let put = "arn:aws-cn:states:::events:putEvents";
        assert!(accepts(put, &json!({ "Entries": [entry] })));
        for wrong in [json!({}), json!({ "Entries": [] }), json!({ "Entries": [{ "Source": "a" }] })] {
            assert!(!accepts(put, &wrong), "{wrong}");
        }
        let publish = "arn:${Partition}:states:::sns:publish";
        assert!(accepts(publish, &json!({ "TopicArn": "t", "Message": "m", "Subject": "s" })));
        assert!(!accepts(publish, &json!({ "Topic": "t", "Message": "m" })));
        assert!(contract("arn:aws:states:::sqs:sendMessage").is_none());
    }
}
