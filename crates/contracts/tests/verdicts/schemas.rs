//! Keywords of JSON Schema, and schemas that cannot be used.

use serde_json::{Value, json};

use super::harness::{SILENT, Schemas, assert_expressions, machine, object, report};

#[test]
fn keywords_that_say_where_a_value_is_are_read() {
    let pair = json!({ "type": "array", "prefixItems": [{ "type": "string" }, { "type": "number" }],
        "items": false, "minItems": 2 });
    let closed =
        json!({ "type": "object", "properties": { "a": { "type": "string" }, "b": { "type": "number" } } });
    let both = json!({ "allOf": [closed.clone(), { "required": ["a"] }] });
    let one_of_two = json!({ "type": "object", "properties": { "a": { "type": "string" }, "b": { "type": "number" } },
        "anyOf": [{ "required": ["a"] }, { "required": ["b"] }] });
    let input = object(json!({ "pair": pair, "both": both, "either": one_of_two }));
    assert_expressions(
        &[
            ("$uppercase($states.input.pair[0])", SILENT),
            ("$states.input.pair[1] + 1", SILENT),
            ("$states.input.pair[0] + 1", &["error WRONG_ARGUMENT"]),
            ("$states.input.pair[2]", &["error UNKNOWN_FIELD"]),
            ("$states.input.both.a", SILENT),
            ("$states.input.both.b", &["warning PERHAPS_ABSENT_FIELD"]),
            ("$states.input.either.a", &["warning PERHAPS_ABSENT_FIELD"]),
            ("$uppercase($states.input.either.a) & ''", SILENT),
        ],
        Some(&input),
    );
}

#[test]
fn a_reference_to_another_file_makes_the_schema_unusable() {
    let elsewhere = |reference: &str| object(json!({ "a": { "$ref": reference } }));
    let states = r#"{"A": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": true, "TimeoutSeconds": 9,
        "Arguments": {"FunctionName": "f", "Payload": {"a": 1}}}}"#;
    let unusable = |input: &Value, of_function: &Value| {
        let functions = [("f", (of_function.clone(), json!({})))].into();
        report(&machine(states), &Schemas { functions, ..Schemas::default() }, Some(input)).unusable
    };
    let fine = object(json!({ "a": {} }));
    assert_eq!(unusable(&fine, &fine), Vec::<String>::new());
    let of_input = unusable(&elsewhere("common.json#/$defs/A"), &fine);
    assert!(of_input[0].contains("execution's input") && of_input[0].contains("common.json"), "{of_input:?}");
    let of_function = unusable(&fine, &elsewhere("common.json"));
    assert!(of_function[0].contains("the input of f"), "{of_function:?}");
}
