//! What the options of a check change.

use contracts::Checker;
use contracts::diagnostic::{Code, Diagnostic, Severity};
use contracts::document::Document;
use contracts::severity::Options;
use serde_json::{Value, json};

use super::harness::{Schemas, machine, object};

fn found(definition: &Value, input: &Value, options: Options) -> Vec<Diagnostic> {
    let document = Document::parse("machine.asl.json", definition.to_string()).unwrap();
    Checker::new(options).check(&document, &Schemas::default(), Some(input), None, None).diagnostics
}

fn codes(found: &[Diagnostic]) -> Vec<Code> {
    found.iter().map(|finding| finding.code).collect()
}

#[test]
fn a_strict_check_makes_every_finding_an_error_and_reports_the_unknown() {
    let states = r#"{"A": {"Type": "Task", "Resource": "arn:aws:states:::dynamodb:getItem",
        "Arguments": {"TableName": "t", "Key": {"id": {"S": "{% $states.input.id %}"}}}, "Next": "B"},
        "B": {"Type": "Pass", "Output": "{% $states.input.Item.total %}", "End": true}}"#;
    let (machine, input) = (machine(states), object(json!({ "id": { "type": "string" } })));
    let by_default = found(&machine, &input, Options::default());
    assert_eq!(codes(&by_default), [Code::MissingTimeout]);
    assert_eq!(by_default[0].severity, Severity::Note);
    let strict = found(&machine, &input, Options { strict: true, ..Options::default() });
    assert_eq!(codes(&strict), [Code::UnknownTask, Code::MissingTimeout, Code::PerhapsAbsentField]);
    assert!(strict.iter().all(|finding| finding.severity == Severity::Error), "{strict:#?}");
}

#[test]
fn an_annotation_excuses_a_service_in_a_strict_check() {
    let task = |comment: &str| {
        let state = json!({ "A": { "Type": "Task", "Resource": "arn:aws:states:::dynamodb:deleteItem", "Comment": comment,
            "TimeoutSeconds": 9, "Arguments": { "TableName": "t" }, "End": true } });
        found(
            &machine(&state.to_string()),
            &object(json!({})),
            Options { strict: true, ..Options::default() },
        )
    };
    assert_eq!(codes(&task("Deletes the row.")), [Code::UnknownTask]);
    assert_eq!(codes(&task("Deletes the row. contracts:untyped, there is no schema of DynamoDB")), []);
}

#[test]
fn the_local_engine_is_only_compared_if_asked_for() {
    let machine =
        machine(r#"{"A": {"Type": "Succeed", "Output": {"name": "{% 'A ' & $states.input.name %}"}}}"#);
    let input = object(json!({ "name": { "type": "string" } }));
    assert_eq!(codes(&found(&machine, &input, Options::default())), []);
    let compared = found(&machine, &input, Options { local_engine: true, ..Options::default() });
    assert_eq!(codes(&compared), [Code::IgnoredByLocalEngine]);
    assert_eq!(compared[0].severity, Severity::Note);
}

#[test]
fn what_may_fail_is_a_warning_and_what_surely_fails_an_error() {
    let pass = |output: &str| {
        machine(&format!(r#"{{"A": {{"Type": "Pass", "Output": "{{% {output} %}}", "End": true}}}}"#))
    };
    let input = object(
        json!({ "a": { "type": ["string", "number"] }, "b": { "type": "string" }, "c?": { "type": "string" } }),
    );
    for (output, code, severity) in [
        ("$states.input.a + 1", Code::WrongArgument, Severity::Warning),
        ("$states.input.b + 1", Code::WrongArgument, Severity::Error),
        ("$states.input.c", Code::PerhapsAbsentField, Severity::Warning),
        ("$states.input.d", Code::UnknownField, Severity::Error),
        ("$states.input.a > 1", Code::ComparedTypesDiffer, Severity::Warning),
        ("$states.input.b > 1", Code::ComparedTypesDiffer, Severity::Error),
    ] {
        let found = found(&pass(output), &input, Options::default());
        assert_eq!(
            found.iter().map(|one| (one.code, one.severity)).collect::<Vec<_>>(),
            [(code, severity)],
            "{output}"
        );
    }
}

#[test]
fn a_strict_check_asks_for_a_value_in_comparisons_and_conditions() {
    let input = object(json!({ "tag?": { "type": "string" }, "name": { "type": "string" } }));
    for output in ["$states.input.tag = 'x'", "'a' & $states.input.tag", "$states.input.tag = 'x' or true"] {
        let machine =
            machine(&format!(r#"{{"A": {{"Type": "Pass", "Output": "{{% {output} %}}", "End": true}}}}"#));
        assert_eq!(codes(&found(&machine, &input, Options::default())), [], "{output}");
        let strict = found(&machine, &input, Options { strict: true, ..Options::default() });
        assert_eq!(codes(&strict), [Code::PerhapsAbsentField], "{output}");
    }
}
