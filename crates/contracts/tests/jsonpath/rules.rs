//! The rules of a Choice.

use super::harness::assert_states;

fn choice(rule: &str) -> String {
    format!(r#"{{"Type": "Choice", "Choices": [{rule}], "Default": "B"}}"#)
}

#[test]
fn a_rule_has_one_comparison_or_combines_others() {
    let schema = |place: &str| vec![format!("error SCHEMA_VALIDATION_FAILED /Choices/0{place}")];
    let cases = [
        (r#"{"Variable": "$.a", "StringEquals": "x", "Next": "B"}"#, vec![]),
        (
            r#"{"Variable": "$$.State.RetryCount", "NumericGreaterThanEquals": 2.5, "Next": "B", "Comment": "often"}"#,
            vec![],
        ),
        (r#"{"Variable": "$.a", "TimestampLessThan": "2030-01-31T18:00:00+01:00", "Next": "B"}"#, vec![]),
        (r#"{"Variable": "$.a", "NumericLessThanPath": "$.b", "Next": "B"}"#, vec![]),
        (r#"{"Not": {"Variable": "$.a", "IsPresent": true}, "Next": "B"}"#, vec![]),
        (
            r#"{"And": [{"Variable": "$.a", "IsNull": false}, {"Or": [{"Variable": "$.b", "IsString": true}]}], "Next": "B"}"#,
            vec![],
        ),
        (r#"{"Variable": "$.a", "StringEquals": "x"}"#, schema("/Next")),
        (r#"{"Variable": "$.a", "Next": "B"}"#, schema("")),
        (r#"{"StringEquals": "x", "Next": "B"}"#, schema("/Variable")),
        (r#"{"Variable": "$.a", "IsNull": true, "StringEquals": "x", "Next": "B"}"#, schema("/StringEquals")),
        (r#"{"Variable": "$.a", "StringEqual": "x", "Next": "B"}"#, schema("/StringEqual")),
        (r#"{"Variable": "$.a", "StringEquals": 1, "Next": "B"}"#, schema("/StringEquals")),
        (r#"{"Variable": "$.a", "NumericEquals": "1", "Next": "B"}"#, schema("/NumericEquals")),
        (r#"{"Variable": "$.a", "BooleanEquals": "true", "Next": "B"}"#, schema("/BooleanEquals")),
        (r#"{"Variable": "$.a", "TimestampEquals": "yesterday", "Next": "B"}"#, schema("/TimestampEquals")),
        (r#"{"Variable": "$.a", "IsPresent": "yes", "Next": "B"}"#, schema("/IsPresent")),
        (r#"{"Not": [{"Variable": "$.a", "IsNull": true}], "Next": "B"}"#, schema("/Not")),
        (r#"{"And": [], "Next": "B"}"#, schema("/And")),
        (r#"{"Or": [{"Variable": "$.a", "IsNull": true, "Next": "B"}], "Next": "B"}"#, schema("/Or/0/Next")),
        (r#"{"And": [{"Variable": "$.a"}], "Next": "B"}"#, schema("/And/0")),
        (r#"{"Condition": "{% true %}", "Next": "B"}"#, schema("/Condition")),
        (
            r#"{"Variable": "a", "IsNull": true, "Next": "B"}"#,
            vec!["error INVALID_JSONPATH /Choices/0/Variable".to_owned()],
        ),
        (
            r#"{"Variable": "$.a", "StringEqualsPath": "b", "Next": "B"}"#,
            vec!["error INVALID_JSONPATH /Choices/0/StringEqualsPath".to_owned()],
        ),
        (
            r#"{"Variable": "States.UUID()", "IsNull": true, "Next": "B"}"#,
            vec!["error INVALID_JSONPATH /Choices/0/Variable".to_owned()],
        ),
    ];
    for (rule, expected) in cases {
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        assert_states(&[(&choice(rule), &expected)]);
    }
}

#[test]
fn a_value_that_matches_no_rule_needs_a_default() {
    let rules = |rules: &str| format!(r#"{{"Type": "Choice", "Choices": [{rules}]}}"#);
    let yes = r#"{"Variable": "$.a", "BooleanEquals": true, "Next": "B"}"#;
    let no = r#"{"Variable": "$.a", "BooleanEquals": false, "Next": "B"}"#;
    let other = r#"{"Variable": "$.b", "BooleanEquals": false, "Next": "B"}"#;
    assert_states(&[
        (&rules(yes), &["warning MISSING_DEFAULT /Default"]),
        (&rules(&format!("{yes}, {other}")), &["warning MISSING_DEFAULT /Default"]),
        (&rules(&format!("{yes}, {no}")), &[]),
    ]);
}
