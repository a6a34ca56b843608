//! Tasks: callbacks, invocations, nested executions and error names.

use serde_json::{Value, json};

use super::harness::{SILENT, Schemas, assert_machines, object};

const NEVER: &[&str] = &["error UNKNOWN_FIELD"];
const REFUSED: &[&str] = &["error SCHEMA_VALIDATION_FAILED"];

fn task(resource: &str, arguments: Value, more: Value) -> Value {
    let mut state = json!({ "Type": "Task", "Resource": format!("arn:aws:states:::{resource}"), "TimeoutSeconds": 9,
        "Arguments": arguments, "End": true });
    for (name, value) in more.as_object().unwrap() {
        state[name] = value.clone();
    }
    json!({ "QueryLanguage": "JSONata", "TimeoutSeconds": 99, "StartAt": "A", "States": {
        "A": state, "F": { "Type": "Fail" } } })
}

/// Returns a machine of one state.
fn alone(machine: Value) -> Value {
    let mut machine = machine;
    machine["States"].as_object_mut().unwrap().remove("F");
    machine
}

fn schemas() -> Schemas {
    let asks = object(json!({ "token": { "type": "string" }, "id": { "type": "string" } }));
    let answers = object(json!({ "ok": { "type": "boolean" } }));
    let child = object(json!({ "id": { "type": "string" } }));
    Schemas {
        functions: [("ask", (asks, answers.clone())), ("f", (object(json!({})), answers))].into(),
        machines: [("child", child)].into(),
    }
}

#[test]
fn a_callback_has_a_token_and_any_result() {
    let token = "{% $states.context.Task.Token %}";
    let callback = |resource: &str, arguments: Value, output: &str| {
        alone(task(&format!("{resource}.waitForTaskToken"), arguments, json!({ "Output": output })))
    };
    let ask = |token: &str| json!({ "FunctionName": "ask", "Payload": { "token": token, "id": "1" } });
    let queue = json!({ "QueueUrl": "q", "MessageBody": { "token": token } });
    let start = json!({ "StateMachineArn": "child", "Input": { "id": token } });
    const MISSING: &[&str] = &["error MISSING_TASK_TOKEN"];
    assert_machines(
        [
            ("a function", callback("lambda:invoke", ask(token), "{% $states.result.anything %}"), SILENT),
            ("a queue", callback("sqs:sendMessage", queue, "{% $states.result.count %}"), SILENT),
            ("an execution", callback("states:startExecution", start, "{% $states.result.count %}"), SILENT),
            (
                "the whole context",
                callback(
                    "sqs:sendMessage",
                    json!({ "QueueUrl": "q", "MessageBody": "{% $states.context %}" }),
                    "x",
                ),
                SILENT,
            ),
            ("no token", callback("lambda:invoke", ask("none"), "x"), MISSING),
            (
                "another field of the context",
                callback("lambda:invoke", ask("{% $states.context.Execution.Id %}"), "x"),
                MISSING,
            ),
            ("a token without a callback", alone(task("lambda:invoke", ask(token), json!({}))), NEVER),
            // The payload of the function is not the result of the task. What the result is, is not known.
            ("no payload", callback("lambda:invoke", ask(token), "{% $states.result.Payload.ok %}"), SILENT),
        ],
        &schemas(),
        None,
    );
}

#[test]
fn the_members_of_an_invocation_are_known() {
    let invoke =
        |arguments: Value, output: &str| alone(task("lambda:invoke", arguments, json!({ "Output": output })));
    assert_machines(
        [
            (
                "the payload",
                invoke(json!({ "FunctionName": "f", "Payload": {} }), "{% $states.result.Payload.ok %}"),
                SILENT,
            ),
            (
                "no payload at all",
                invoke(json!({ "FunctionName": "f" }), "{% $states.result.Payload.ok %}"),
                SILENT,
            ),
            (
                "a payload is needed",
                invoke(json!({ "FunctionName": "ask" }), "x"),
                &["error PAYLOAD_MISMATCH"],
            ),
            (
                "of an event",
                invoke(
                    json!({ "FunctionName": "f", "Payload": {}, "InvocationType": "Event" }),
                    "{% $states.result.Payload.ok %}",
                ),
                NEVER,
            ),
            ("a misspelt member", invoke(json!({ "FunctionName": "f", "Payloads": {} }), "x"), REFUSED),
            ("no function", invoke(json!({ "Payload": {} }), "x"), REFUSED),
        ],
        &schemas(),
        None,
    );
}

#[test]
fn a_nested_execution_may_be_linked_to_its_starter() {
    let start = |input: Value| {
        alone(task("states:startExecution", json!({ "StateMachineArn": "child", "Input": input }), json!({})))
    };
    let link = "{% $states.context.Execution.Id %}";
    assert_machines(
        [
            (
                "linked",
                start(json!({ "id": "1", "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID": link })),
                SILENT,
            ),
            (
                "something else",
                start(json!({ "id": "1", "STARTED_BY": link })),
                &["error NESTED_INPUT_MISMATCH"],
            ),
            (
                "a misspelt member",
                alone(task("states:startExecution", json!({ "StateMachine": "child" }), json!({}))),
                &["error SCHEMA_VALIDATION_FAILED", "error SCHEMA_VALIDATION_FAILED"],
            ),
        ],
        &schemas(),
        None,
    );
}

#[test]
fn names_of_errors_are_those_that_occur() {
    let caught = |resource: &str, name: &str| {
        let catch = json!([{ "ErrorEquals": [name], "Next": "F" }]);
        task(resource, json!({}), json!({ "Catch": catch }))
    };
    const NOT_RAISED: &[&str] = &["warning UNDECLARED_ERROR"];
    assert_machines(
        [
            ("a status of HTTP", caught("http:invoke", "States.Http.StatusCode.429"), SILENT),
            ("of another task", caught("sqs:sendMessage", "States.Http.StatusCode.429"), NOT_RAISED),
            ("no status", caught("http:invoke", "States.Http.StatusCode.4xx"), NOT_RAISED),
            ("of Lambda", caught("sqs:sendMessage", "Lambda.Unknown"), NOT_RAISED),
            (
                "the runtime error",
                caught("sqs:sendMessage", "States.Runtime"),
                &["warning RULE_NEVER_APPLIES"],
            ),
            ("a misspelt one", caught("sqs:sendMessage", "States.TimeOut"), NOT_RAISED),
        ],
        &schemas(),
        None,
    );
}

#[test]
fn the_limit_of_a_machine_is_a_number() {
    let limit = |limit: Value| {
        let mut machine = alone(task("sqs:sendMessage", json!({}), json!({})));
        machine["TimeoutSeconds"] = limit;
        machine
    };
    assert_machines(
        [("a number", limit(json!(60)), SILENT), ("an expression", limit(json!("{% 60 %}")), REFUSED)],
        &Schemas::default(),
        None,
    );
}
