//! Numbers: a counterexample is one that the expression can yield.

use serde_json::json;

use super::harness::{SILENT, Schemas, assert_states, object};

#[test]
fn seconds_are_refused_only_if_they_can_be_wrong() {
    let input = object(json!({
        "n": { "type": "integer", "minimum": 0, "maximum": 60 }, "any": { "type": "integer" },
        "share": { "type": "number", "minimum": 0 }, "name": { "type": "string" },
    }));
    let wait = |seconds: &str| {
        format!(r#"{{"A": {{"Type": "Wait", "Seconds": "{{% {seconds} %}}", "End": true}}}}"#)
    };
    const PERHAPS: &[&str] = &["warning WAIT_NOT_SECONDS"];
    for (seconds, expected) in [
        ("$states.input.n", SILENT),
        ("$round($random() * 10)", SILENT),
        ("$floor($random() * 10) + 1", SILENT),
        ("$min([60, $states.input.n])", SILENT),
        ("$max([0, $states.input.any - 5])", SILENT),
        ("$max([$states.input.any, 1])", SILENT),
        ("$power(2, $states.input.n)", SILENT),
        ("$ceil($states.input.share)", SILENT),
        ("$abs($states.input.any)", SILENT),
        ("$states.input.n * 2 + 1", SILENT),
        ("$sum([$states.input.n, 5])", SILENT),
        ("$states.input.any", PERHAPS),
        ("$states.input.any - 5", PERHAPS),
        ("$min([60, $states.input.any])", PERHAPS),
        ("$random() * 10", PERHAPS),
        ("$states.input.share", PERHAPS),
        ("-1", &["error WAIT_NOT_SECONDS"]),
        ("$states.input.name", &["error WAIT_NOT_SECONDS"]),
    ] {
        assert_states(&[(seconds, &wait(seconds), expected)], &Schemas::default(), Some(&input));
    }
}

#[test]
fn limits_given_by_expressions_are_numbers_in_range() {
    let input = object(json!({ "seconds": { "type": "integer" }, "name": { "type": "string" },
        "items": { "type": "array", "items": { "type": "string" }, "maxItems": 5 } }));
    let task = |field: &str, value: &str| {
        format!(
            r#"{{"A": {{"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "Arguments": {{}}, "{field}": {value}, "End": true}}}}"#
        )
    };
    let map = |field: &str, value: &str| {
        format!(
            r#"{{"A": {{"Type": "Map", "Items": "{{% $states.input.items %}}", "{field}": {value}, "End": true, "ItemProcessor":
                {{"StartAt": "B", "States": {{"B": {{"Type": "Pass", "End": true}}}}}}}}}}"#
        )
    };
    const NEVER: &[&str] = &["error SCHEMA_VALIDATION_FAILED"];
    const PERHAPS: &[&str] = &["warning SCHEMA_VALIDATION_FAILED"];
    assert_states(
        &[
            ("text", &task("TimeoutSeconds", r#""{% $states.input.name %}""#), NEVER),
            ("perhaps negative", &task("TimeoutSeconds", r#""{% $states.input.seconds %}""#), PERHAPS),
            ("at least 1", &task("TimeoutSeconds", r#""{% $max([1, $states.input.seconds]) %}""#), SILENT),
            ("zero", &task("HeartbeatSeconds", r#""{% 0 %}""#), NEVER),
            ("a quoted number", &task("TimeoutSeconds", r#""60""#), NEVER),
            ("negative", &map("MaxConcurrency", r#""{% -1 %}""#), NEVER),
            ("a constant", &map("MaxConcurrency", "-1"), NEVER),
            ("text", &map("MaxConcurrency", r#""{% 'two' %}""#), NEVER),
            ("two", &map("MaxConcurrency", r#""{% 2 %}""#), SILENT),
        ],
        &Schemas::default(),
        Some(&input),
    );
}
