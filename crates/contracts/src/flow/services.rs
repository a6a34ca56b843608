//! The one place that knows services: how Step Functions calls them, and what it knows of their actions.
//!
//! A task names a service by its `Resource`. Lambda and Step Functions itself have integrations of their own. Of a few
//! other actions the members are known, from the services' API references. What is not known here is unknown to the
//! check: models of the services' APIs would be read here ([`contract`] and [`members`]).

use std::sync::Arc;

use serde_json::{Value, json};

use crate::contract::TaskContract;
use crate::machine::State;

/// The way in which a task's `Resource` passes on its arguments.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Integration {
    /// `arn:…:states:::lambda:invoke`: `Payload` goes to the function, and its output comes back as `Payload`.
    LambdaInvoke,
    /// `arn:…:states:::states:startExecution…`: `Input` goes to a state machine.
    StartExecution,
    /// Another action of a service. It gets all of `Arguments` and returns its whole output.
    Service,
    /// The ARN of a function or an activity. It gets all of `Arguments` and returns its whole output.
    Direct,
}

/// Returns the integration of a `Resource`.
pub(super) fn integration(resource: &str) -> Integration {
    match action(resource) {
        Some("lambda:invoke") => Integration::LambdaInvoke,
        Some("states:startExecution") => Integration::StartExecution,
        Some(_) => Integration::Service,
        None => Integration::Direct,
    }
}

/// Returns the action of a service's `Resource`, such as `sns:publish`, without the pattern of integration.
pub(super) fn action(resource: &str) -> Option<&str> {
    let (_, action) = resource.split_once(":states:::")?;
    Some(action.split_once('.').map_or(action, |(action, _)| action))
}

/// Returns whether a task ends when somebody calls back with its token.
pub(super) fn waits_for_callback(state: &State<'_>) -> bool {
    let resource = state.field("Resource").and_then(Value::as_str).unwrap_or_default();
    resource.ends_with(".waitForTaskToken")
}

/// Returns whether a task ends when the work that it started has ended.
pub(super) fn waits_for_work(state: &State<'_>) -> bool {
    let resource = state.field("Resource").and_then(Value::as_str).unwrap_or_default();
    resource.ends_with(".sync") || resource.ends_with(".sync:2")
}

/// Returns the members of an action's arguments, and those that are required. `None` if they are not known.
pub(super) fn members(action: &str) -> Option<(&'static [&'static str], &'static [&'static str])> {
    match action {
        "lambda:invoke" => Some((
            &[
                "ClientContext",
                "DurableExecutionName",
                "FunctionName",
                "InvocationType",
                "LogType",
                "Payload",
                "Qualifier",
                "TenantId",
            ],
            &["FunctionName"],
        )),
        "states:startExecution" => {
            Some((&["Input", "Name", "StateMachineArn", "TraceHeader"], &["StateMachineArn"]))
        }
        _ => None,
    }
}

/// Returns the contract of a service's action.
pub(super) fn contract(action: &str) -> Option<Arc<TaskContract>> {
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
            "Resources": { "type": "array", "items": { "type": "string" } },
            "Time": {},
            "TraceHeader": { "type": "string" },
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
            "Message": { "type": ["array", "object", "string"] },
            "Subject": { "type": "string" },
            "TopicArn": { "type": "string" },
            "TargetArn": { "type": "string" },
            "PhoneNumber": { "type": "string" },
            "MessageStructure": { "type": "string" },
            "MessageAttributes": { "type": "object" },
            "MessageGroupId": { "type": "string" },
            "MessageDeduplicationId": { "type": "string" },
        },
        "required": ["Message"],
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
    fn an_integration_is_known_by_its_action() {
        for (resource, expected) in [
            ("arn:aws:states:::lambda:invoke", Integration::LambdaInvoke),
            ("arn:aws:states:::lambda:invoke.waitForTaskToken", Integration::LambdaInvoke),
            ("arn:aws:states:::states:startExecution.sync:2", Integration::StartExecution),
            ("arn:aws:states:::aws-sdk:dynamodb:getItem", Integration::Service),
            ("arn:aws:lambda:eu-west-1:1:function:f", Integration::Direct),
            ("${FunctionArn}", Integration::Direct),
        ] {
            assert_eq!(integration(resource), expected, "{resource}");
        }
    }

    #[test]
    fn the_input_of_an_action_is_known_in_every_partition() {
        let accepts = |resource: &str, input: &Value| {
            let contract = contract(action(resource).unwrap()).unwrap();
            jsonschema::is_valid(&contract.input, input)
        };
        let entry = json!({ "Source": "a", "DetailType": "b", "Detail": { "c": 1 } });
        let put = "arn:aws-cn:states:::events:putEvents";
        assert!(accepts(put, &json!({ "Entries": [entry] })));
        for wrong in [json!({}), json!({ "Entries": [] }), json!({ "Entries": [{ "Source": "a" }] })] {
            assert!(!accepts(put, &wrong), "{wrong}");
        }
        let publish = "arn:${Partition}:states:::sns:publish";
        assert!(accepts(publish, &json!({ "TopicArn": "t", "Message": "m", "Subject": "s" })));
        assert!(!accepts(publish, &json!({ "Topic": "t", "Message": "m" })));
        assert!(contract("sqs:sendMessage").is_none());
    }
}
