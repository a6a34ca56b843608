//! One defect of each kind in a machine that is right. The right machine has no finding, and each defect has one.

use serde_json::{Value, json};

use super::harness::{Schemas, report, verdict};

/// A machine with a task, a choice, a Map, a callback, a wait and two ends.
fn machine() -> Value {
    json!({ "QueryLanguage": "JSONata", "TimeoutSeconds": 3600, "StartAt": "Prepare", "States": {
        "Prepare": { "Type": "Pass", "Assign": { "id": "{% $states.input.id %}", "limit": 3 },
            "Output": { "id": "{% $states.input.id %}", "servers": "{% $states.input.servers %}" }, "Next": "Describe" },
        "Describe": { "Type": "Task", "Resource": "arn:aws:states:::aws-sdk:drs:describeSourceServers", "TimeoutSeconds": 60,
            "Arguments": { "Filters": { "SourceServerIDs": "{% $states.input.servers %}" } },
            "Assign": { "found": "{% $count($states.input.servers) %}" },
            "Output": { "servers": "{% $states.input.servers %}", "found": "{% $string($id) %}" },
            "Retry": [{ "ErrorEquals": ["Drs.ThrottlingException"], "BackoffRate": 2, "MaxAttempts": 3 },
                { "ErrorEquals": ["States.ALL"], "MaxAttempts": 1 }],
            "Catch": [{ "ErrorEquals": ["States.ALL"], "Output": { "why": "{% $states.errorOutput.Error %}" }, "Next": "Failed" }],
            "Next": "Any?" },
        "Any?": { "Type": "Choice", "Choices": [{ "Condition": "{% $found > $limit %}", "Next": "Ask" }], "Default": "Each" },
        "Ask": { "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "TimeoutSeconds": 600,
            "Arguments": { "QueueUrl": "https://sqs.eu-west-1.amazonaws.com/1/q",
                "MessageBody": { "token": "{% $states.context.Task.Token %}" } },
            "Output": "{% $states.input %}", "Next": "Each" },
        "Each": { "Type": "Map", "Items": "{% $states.input.servers %}", "MaxConcurrency": 4,
            "ItemSelector": { "server": "{% $states.context.Map.Item.Value %}" },
            "ItemProcessor": { "ProcessorConfig": { "Mode": "INLINE" }, "StartAt": "Recover", "States": {
                "Recover": { "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "TimeoutSeconds": 60,
                    "Arguments": { "FunctionName": "recover", "Payload": { "server": "{% $states.input.server %}" } },
                    "Assign": { "inner": 1 }, "Output": "{% $states.result.Payload %}", "Next": "Rest" },
                "Rest": { "Type": "Wait", "Seconds": 1, "End": true } } },
            "Output": { "all": "{% $states.result %}" }, "Next": "Everything" },
        "Everything": { "Type": "Map", "Items": "{% $states.input.all %}",
            "ItemProcessor": { "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD" }, "StartAt": "One",
                "States": { "One": { "Type": "Pass", "End": true } } },
            "Output": { "id": "{% $id %}" }, "Next": "Done" },
        "Done": { "Type": "Succeed" },
        "Failed": { "Type": "Fail", "Error": "Failed", "Cause": "{% $states.input.why %}" } } })
}

/// A defect: what is changed, and the values of the pointers.
type Variant = (&'static str, &'static [(&'static str, &'static str)]);

/// The defects, with JSON of the new values. `null` removes a member.
const FOUND: &[Variant] = &[
    ("a Next to nowhere", &[("/States/Prepare/Next", r#""Nowhere""#)]),
    ("a Next to nowhere in a Map", &[("/States/Each/ItemProcessor/States/Recover/Next", r#""Nowhere""#)]),
    ("a Catch to nowhere", &[("/States/Describe/Catch/0/Next", r#""Nowhere""#)]),
    (
        "a Choice without a Default",
        &[
            ("/States/Any?/Default", "null"),
            ("/States/Ask/Next", r#""Each""#),
            ("/States/Any?/Choices/0/Next", r#""Each""#),
            ("/States/Ask", "null"),
        ],
    ),
    ("a state that nothing leads to", &[("/States/Lonely", r#"{"Type": "Pass", "Next": "Done"}"#)]),
    ("a misspelt variable", &[("/States/Any?/Choices/0/Condition", r#""{% $fuond > 3 %}""#)]),
    (
        "a variable of one way only",
        &[("/States/Ask/Assign", r#"{"asked": 1}"#), ("/States/Everything/Output/id", r#""{% $asked %}""#)],
    ),
    ("a field that is never made", &[("/States/Everything/Items", r#""{% $states.input.nothing %}""#)]),
    ("a field by another name", &[("/States/Each/Items", r#""{% $states.input.server %}""#)]),
    ("a variable of a Map read behind it", &[("/States/Everything/Output/id", r#""{% $inner %}""#)]),
    (
        "a Map that assigns an outer variable",
        &[("/States/Each/ItemProcessor/States/Recover/Assign", r#"{"id": 1}"#)],
    ),
    (
        "a distributed Map that reads an outer variable",
        &[("/States/Everything/ItemProcessor/States/One/Output", r#""{% $id %}""#)],
    ),
    ("a variable read where it is assigned", &[("/States/Describe/Output/found", r#""{% $found %}""#)]),
    ("a result in Arguments", &[("/States/Describe/Arguments/MaxResults", r#""{% $states.result.n %}""#)]),
    ("a result in a Choice", &[("/States/Any?/Choices/0/Condition", r#""{% $states.result.n > 1 %}""#)]),
    (
        "an error outside of a Catch",
        &[("/States/Describe/Output/found", r#""{% $states.errorOutput.Error %}""#)],
    ),
    ("Parameters", &[("/States/Describe/Parameters", r#"{"a": 1}"#)]),
    ("ResultPath", &[("/States/Describe/ResultPath", r#""$.r""#)]),
    ("ResultPath in a Catch", &[("/States/Describe/Catch/0/ResultPath", r#""$.r""#)]),
    ("ItemsPath", &[("/States/Each/ItemsPath", r#""$.servers""#)]),
    (
        "a key of JSONPath",
        &[("/States/Each/ItemSelector", r#"{"server.$": "$$.Map.Item.Value", "server": 1}"#)],
    ),
    ("a misspelt function", &[("/States/Describe/Output/found", r#""{% $uppercse($id) %}""#)]),
    ("an intrinsic function", &[("/States/Describe/Output/found", r#""{% States.Format('{}', $id) %}""#)]),
    ("an expression without its end", &[("/States/Describe/Output/found", r#""{% $id""#)]),
    ("an expression behind a space", &[("/States/Describe/Output/found", r#"" {% $id %}""#)]),
    ("an open parenthesis", &[("/States/Describe/Output/found", r#""{% ($id %}""#)]),
    ("a timeout that is text", &[("/States/Describe/TimeoutSeconds", r#""{% 'soon' %}""#)]),
    ("a timeout in quotes", &[("/States/Describe/TimeoutSeconds", r#""60""#)]),
    ("an expression as the machine's timeout", &[("/TimeoutSeconds", r#""{% 60 %}""#)]),
    ("a field in another case", &[("/States/Describe/timeoutSeconds", "60")]),
    ("text and a number added", &[("/States/Describe/Output/found", r#""{% 'a' + 1 %}""#)]),
    ("a condition that is a number", &[("/States/Any?/Choices/0/Condition", r#""{% 1 %}""#)]),
    ("a Map over text", &[("/States/Each/Items", r#""{% 'abc' %}""#)]),
    ("Next and End", &[("/States/Prepare/End", "true")]),
    ("States.ALL before another rule", &[("/States/Describe/Retry/0/ErrorEquals", r#"["States.ALL"]"#)]),
    ("a misspelt error", &[("/States/Describe/Retry/0/ErrorEquals", r#"["States.TimeOut"]"#)]),
    ("a BackoffRate below 1", &[("/States/Describe/Retry/0/BackoffRate", "0.5")]),
    ("an operator that is too new", &[("/States/Describe/Output/found", r#""{% $id ?? 1 %}""#)]),
    ("a misspelt mode", &[("/States/Everything/ItemProcessor/ProcessorConfig/Mode", r#""DISTRIBUTE""#)]),
    (
        "an ItemReader with Parameters",
        &[
            (
                "/States/Everything/ItemReader",
                r#"{"Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": "b", "Key": "k"}}"#,
            ),
            ("/States/Everything/Items", "null"),
        ],
    ),
    ("a variable with a dash", &[("/States/Prepare/Assign/my-var", "1")]),
    ("a variable by a reserved name", &[("/States/Prepare/Assign/states", "1")]),
    ("Output in a Fail state", &[("/States/Failed/Output", r#"{"a": 1}"#)]),
    ("Arguments in a Pass state", &[("/States/Prepare/Arguments", r#"{"a": 1}"#)]),
    ("a callback without a token", &[("/States/Ask/Arguments/MessageBody", r#"{"a": 1}"#)]),
    (
        "two states of a name",
        &[
            ("/States/Each/ItemProcessor/States/Done", r#"{"Type": "Succeed"}"#),
            ("/States/Each/ItemProcessor/States/Rest", r#"{"Type": "Pass", "Next": "Done"}"#),
        ],
    ),
];

/// The defects that only a model of a service's API can find, which does not exist yet.
const BY_API_MODEL: &[Variant] = &[
    (
        "a misspelt argument",
        &[("/States/Describe/Arguments", r#"{"Filter": {"SourceServerId": "{% $id %}"}}"#)],
    ),
    (
        "a misspelt action",
        &[("/States/Describe/Resource", r#""arn:aws:states:::aws-sdk:drs:describeSourceServer""#)],
    ),
    (
        "a misspelt integration",
        &[("/States/Ask/Resource", r#""arn:aws:states:::sqs:sendMesage.waitForTaskToken""#)],
    ),
];

fn with(changes: &[(&str, &str)]) -> Value {
    let mut machine = machine();
    for (pointer, value) in changes {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let parent = machine.pointer_mut(parent).unwrap_or_else(|| panic!("{pointer}"));
        let members = parent.as_object_mut().unwrap();
        match serde_json::from_str(value).unwrap() {
            Value::Null => drop(members.remove(name)),
            value => drop(members.insert(name.to_owned(), value)),
        }
    }
    machine
}

fn findings(machine: &Value) -> Vec<String> {
    verdict(&report(machine, &Schemas::default(), None).diagnostics)
}

#[test]
fn the_right_machine_has_no_finding() {
    assert_eq!(findings(&machine()), Vec::<String>::new());
}

#[test]
fn every_defect_has_a_finding() {
    let missed: Vec<&str> = FOUND
        .iter()
        .filter(|(_, changes)| findings(&with(changes)).is_empty())
        .map(|(what, _)| *what)
        .collect();
    assert!(missed.is_empty(), "{missed:?}");
    assert!(FOUND.len() >= 42);
}

#[test]
fn what_needs_models_of_apis_has_none_yet() {
    for (what, changes) in BY_API_MODEL {
        assert!(findings(&with(changes)).is_empty(), "{what} is found: move it to FOUND");
    }
}
