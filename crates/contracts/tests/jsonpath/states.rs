//! The fields, paths and templates of states.

use super::harness::assert_states;

#[test]
fn each_type_has_its_fields() {
    assert_states(&[
        (
            r#"{"Type": "Pass", "InputPath": null, "Parameters": {"a.$": "$.b"}, "ResultPath": "$.c", "OutputPath": "$.c", "Next": "B"}"#,
            &[],
        ),
        (
            r#"{"Type": "Pass", "ResultSelector": {}, "End": true}"#,
            &["error SCHEMA_VALIDATION_FAILED /ResultSelector"],
        ),
        (r#"{"Type": "Pass", "Output": {}, "End": true}"#, &["error SCHEMA_VALIDATION_FAILED /Output"]),
        (r#"{"Type": "Succeed", "OutputPath": "$.a"}"#, &[]),
        (r#"{"Type": "Succeed", "ResultPath": "$.a"}"#, &["error SCHEMA_VALIDATION_FAILED /ResultPath"]),
        (r#"{"Type": "Fail", "ErrorPath": "$.a", "CausePath": "States.Format('{}', $.b)"}"#, &[]),
        (
            r#"{"Type": "Fail", "Error": "a", "ErrorPath": "$.a"}"#,
            &["error SCHEMA_VALIDATION_FAILED /ErrorPath"],
        ),
        (r#"{"Type": "Fail", "CausePath": "because"}"#, &["error INVALID_JSONPATH /CausePath"]),
        (r#"{"Type": "Wait", "SecondsPath": "$.a", "Next": "B"}"#, &[]),
        (r#"{"Type": "Wait", "Next": "B"}"#, &["error SCHEMA_VALIDATION_FAILED /Seconds"]),
        (
            r#"{"Type": "Wait", "Seconds": 1, "SecondsPath": "$.a", "Next": "B"}"#,
            &["error SCHEMA_VALIDATION_FAILED /SecondsPath"],
        ),
        (
            r#"{"Type": "Wait", "Seconds": "{% 1 %}", "Next": "B"}"#,
            &["error SCHEMA_VALIDATION_FAILED /Seconds"],
        ),
        (
            r#"{"Type": "Wait", "Timestamp": "2030-01-31 18:00:00Z", "Next": "B"}"#,
            &["error SCHEMA_VALIDATION_FAILED /Timestamp"],
        ),
        (r#"{"Type": "Wait", "Timestamp": "${When}", "Next": "B"}"#, &[]),
    ]);
}

#[test]
fn a_time_has_a_date_a_time_and_a_zone() {
    let wait = |time: &str| format!(r#"{{"Type": "Wait", "Timestamp": "{time}", "Next": "B"}}"#);
    for time in ["2030-01-31T18:00:00Z", "2030-01-31T18:00:00.5+01:00", "${Day}T18:00:00Z"] {
        assert_states(&[(&wait(time), &[])]);
    }
    let refused = [
        "2030-01-31 18:00:00Z",
        "2030-01-31T18:00:00",
        "2030-13-01T18:00:00Z",
        "2030-01-31T25:00:00Z",
        "31-01-2030T18:00:00Z",
        "{% $now() %}",
        "",
    ];
    for time in refused {
        assert_states(&[(&wait(time), &["error SCHEMA_VALIDATION_FAILED /Timestamp"])]);
    }
}

#[test]
fn a_task_passes_on_a_template() {
    let task = |fields: &str| {
        format!(
            r#"{{"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", {fields}, "End": true}}"#
        )
    };
    let cases: [(&str, &[&str]); 18] = [
        (
            r#""Parameters": {"a": "b", "c.$": "$", "d": [{"e.$": "States.UUID()"}], "f.$": "$$.Execution.Input.any.thing"}"#,
            &[],
        ),
        (r#""Parameters": {"a.$": "${Path}"}, "ResultSelector": {"b.$": "$.Payload.c[0]"}"#, &[]),
        (r#""Parameters": {"a.$": "b"}"#, &["error INVALID_JSONPATH /Parameters/a.$"]),
        (r#""Parameters": {"a.$": "$.b[c]"}"#, &["error INVALID_JSONPATH /Parameters/a.$"]),
        (r#""Parameters": {"a.$": 1}"#, &["error SCHEMA_VALIDATION_FAILED /Parameters/a.$"]),
        (
            r#""Parameters": {"a": {"b": [{"c.$": "States.Nothing()"}]}}"#,
            &["error INVALID_INTRINSIC_FUNCTION /Parameters/a/b/0/c.$"],
        ),
        (r#""Parameters": {"a": 1, "a.$": "$.b"}"#, &["warning DUPLICATE_KEY /Parameters/a.$"]),
        (r#""Parameters": {"a": "$.b"}"#, &["warning SUSPICIOUS_TEXT /Parameters/a"]),
        (r#""Parameters": {"a": "{% $states.input %}"}"#, &["warning SUSPICIOUS_TEXT /Parameters/a"]),
        (r#""Parameters": {"a.$": "$$.Execution.ID"}"#, &["error UNKNOWN_FIELD /Parameters/a.$"]),
        (r#""Parameters": {"a.$": "$$.Input"}"#, &["error UNKNOWN_FIELD /Parameters/a.$"]),
        (r#""Parameters": {"a.$": "$$.Task.Token"}"#, &["warning UNKNOWN_FIELD /Parameters/a.$"]),
        (r#""ResultPath": "$..a""#, &["error INVALID_JSONPATH /ResultPath"]),
        (r#""ResultPath": "$$.a""#, &["error INVALID_JSONPATH /ResultPath"]),
        (
            r#""TimeoutSeconds": 9, "TimeoutSecondsPath": "$.a""#,
            &["error SCHEMA_VALIDATION_FAILED /TimeoutSecondsPath"],
        ),
        (r#""TimeoutSeconds": "{% 9 %}""#, &["error SCHEMA_VALIDATION_FAILED /TimeoutSeconds"]),
        (r#""Arguments": {}"#, &["error SCHEMA_VALIDATION_FAILED /Arguments"]),
        (r#""Credentials": {}"#, &["error SCHEMA_VALIDATION_FAILED /Credentials"]),
    ];
    for (fields, expected) in cases {
        assert_states(&[(&task(fields), expected)]);
    }
}

#[test]
fn rules_of_errors_have_the_fields_of_the_language() {
    let task = |catcher: &str| {
        format!(
            r#"{{"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "Catch": [{catcher}], "Next": "B"}}"#
        )
    };
    assert_states(&[
        (&task(r#"{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "B"}"#), &[]),
        (
            &task(r#"{"ErrorEquals": ["States.ResultPathMatchFailure"], "ResultPath": null, "Next": "B"}"#),
            &[],
        ),
        (
            &task(r#"{"ErrorEquals": ["States.ALL"], "Output": {}, "Next": "B"}"#),
            &["error SCHEMA_VALIDATION_FAILED /Catch/0/Output"],
        ),
        (
            &task(r#"{"ErrorEquals": ["States.ALL"], "ResultPath": "$.a[*]", "Next": "B"}"#),
            &["error INVALID_JSONPATH /Catch/0/ResultPath"],
        ),
    ]);
}

#[test]
fn a_map_has_the_older_names_too() {
    let inner =
        r#"{"StartAt": "C", "States": {"C": {"Type": "Pass", "Parameters": {"a.$": "$.b"}, "End": true}}}"#;
    let map = |fields: &str| format!(r#"{{"Type": "Map", {fields}, "Next": "B"}}"#);
    assert_states(&[
        (&map(&format!(r#""Iterator": {inner}, "Parameters": {{"c.$": "$$.Map.Item.Value"}}"#)), &[]),
        (&map(&format!(r#""ItemProcessor": {inner}, "ItemsPath": "$.a", "MaxConcurrencyPath": "$.b""#)), &[]),
        (
            &map(&format!(r#""ItemProcessor": {inner}, "Iterator": {}"#, inner.replace("C\"", "D\""))),
            &["error SCHEMA_VALIDATION_FAILED /Iterator"],
        ),
        (&map(r#""ItemsPath": "$.a""#), &["error SCHEMA_VALIDATION_FAILED /ItemProcessor"]),
        (
            &map(&format!(r#""Iterator": {inner}, "ItemSelector": {{}}, "Parameters": {{}}"#)),
            &["error SCHEMA_VALIDATION_FAILED /Parameters"],
        ),
        (
            &map(&format!(r#""Iterator": {}"#, inner.replace("$.b", "$.b["))),
            &["error INVALID_JSONPATH /Iterator/States/C/Parameters/a.$"],
        ),
        (
            &map(&format!(
                r#""ItemProcessor": {inner}, "ItemBatcher": {{"MaxItemsPerBatch": 1, "MaxItemsPerBatchPath": "$.a"}}"#
            )),
            &["error SCHEMA_VALIDATION_FAILED /ItemBatcher/MaxItemsPerBatchPath"],
        ),
    ]);
}

#[test]
fn a_name_that_something_within_fails_with_is_declared() {
    let parallel = |fail: &str, name: &str| {
        format!(
            r#"{{"Type": "Parallel", "Branches": [{{"StartAt": "C", "States": {{"C": {{"Type": "Fail", {fail}}}}}}}],
                "Catch": [{{"ErrorEquals": ["{name}"], "Next": "B"}}], "Next": "B"}}"#
        )
    };
    let sdk = |name: &str| {
        format!(
            r#"{{"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:lambda:deleteFunction",
                "Catch": [{{"ErrorEquals": ["{name}"], "Next": "B"}}], "Next": "B"}}"#
        )
    };
    assert_states(&[
        (&parallel(r#""Error": "States.Done""#, "States.Done"), &[]),
        (&parallel(r#""ErrorPath": "$.a""#, "Done"), &[]),
        (&parallel(r#""Error": "Done""#, "Dune"), &["warning UNDECLARED_ERROR /Catch/0/ErrorEquals/0"]),
        (&sdk("Lambda.ResourceConflictException"), &[]),
        (&sdk("States.TaskFailedId"), &["warning UNDECLARED_ERROR /Catch/0/ErrorEquals/0"]),
    ]);
}
