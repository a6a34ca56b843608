//! Strings: delimiters, placeholders, names of variables, and text that looks like something else.

use super::harness::{SILENT, Schemas, assert_states};

fn pass(field: &str) -> String {
    format!(r#"{{"A": {{"Type": "Pass", {field}, "End": true}}}}"#)
}

#[test]
fn delimiters_are_exact() {
    const BROKEN: &[&str] = &["error INVALID_JSONATA_EXPRESSION"];
    for (output, expected) in [
        ("{% $states.input.s %}", SILENT),
        ("{%$states.input.s%}", SILENT),
        ("{% $states.input.s", BROKEN),
        ("$states.input.s %}", BROKEN),
        (" {% $states.input.s %}", BROKEN),
        ("{% $states.input.s %} ", BROKEN),
        // With white space on both sides Step Functions takes it for text, which was hardly meant.
        (" {% $states.input.s %} ", &["warning SUSPICIOUS_TEXT"]),
        ("no expression", SILENT),
    ] {
        let states = pass(&format!(r#""Output": {{"a": ["{output}"]}}"#));
        assert_states(&[(output, &states, expected)], &Schemas::default(), None);
    }
    let condition = r#"{"A": {"Type": "Choice", "Choices": [{"Condition": "{% true", "Next": "B"}], "Default": "B"}, "B": {"Type": "Succeed"}}"#;
    assert_states(&[("a condition", condition, BROKEN)], &Schemas::default(), None);
}

#[test]
fn placeholders_are_text_in_quotes_and_values_in_expressions() {
    let wait = |seconds: &str| format!(r#"{{"A": {{"Type": "Wait", "Seconds": "{seconds}", "End": true}}}}"#);
    assert_states(
        &[
            (
                "in an expression",
                &pass(r#""Output": "{% $states.input.n > ${Limit} ? 'more' : 'less' %}""#),
                SILENT,
            ),
            ("in a text of it", &pass(r#""Output": "{% 'arn:${AWS::Partition}:x' & '${Name}' %}""#), SILENT),
            ("as seconds of an expression", &wait("{% ${Seconds} %}"), SILENT),
            ("as quoted seconds", &wait("${Seconds}"), &["error WAIT_NOT_SECONDS"]),
        ],
        &Schemas::default(),
        None,
    );
}

#[test]
fn variables_have_names() {
    const WRONG: &[&str] = &["error SCHEMA_VALIDATION_FAILED"];
    let longest = "v".repeat(80);
    for (name, expected) in [
        ("total", SILENT),
        ("total_2", SILENT),
        ("größe", SILENT),
        (longest.as_str(), SILENT),
        ("states", WRONG),
        ("my-var", WRONG),
        ("2nd", WRONG),
        ("a b", WRONG),
        ("", WRONG),
    ] {
        let states = pass(&format!(r#""Assign": {{"{name}": 1}}"#));
        assert_states(&[(name, &states, expected)], &Schemas::default(), None);
    }
    let too_long = pass(&format!(r#""Assign": {{"{longest}v": 1}}"#));
    assert_states(&[("too long", &too_long, WRONG)], &Schemas::default(), None);
    let in_a_rule = r#"{"A": {"Type": "Choice", "Choices": [{"Condition": true, "Assign": {"a.b": 1}, "Next": "B"}]}, "B": {"Type": "Succeed"}}"#;
    assert_states(&[("of a rule", in_a_rule, WRONG)], &Schemas::default(), None);
}

#[test]
fn text_that_looks_like_another_language_is_suspicious() {
    const SUSPICIOUS: &[&str] = &["warning SUSPICIOUS_TEXT"];
    for (output, expected) in [
        (r#"{"x.$": "$.s"}"#, SUSPICIOUS),
        (r#"{"x": "$.s"}"#, SUSPICIOUS),
        (r#""$$.Execution.Id""#, SUSPICIOUS),
        (r#""States.UUID()""#, SUSPICIOUS),
        (r#""{ % $states.input.s % }""#, SUSPICIOUS),
        (r#""id: {% $states.input.s %}!""#, SUSPICIOUS),
        // A template of another service is legal, so this is a note.
        (r#""{{ $states.input.s }}""#, SILENT),
        (r#""$5""#, SILENT),
    ] {
        let states = pass(&format!(r#""Output": {output}"#));
        assert_states(&[(output, &states, expected)], &Schemas::default(), None);
    }
}
