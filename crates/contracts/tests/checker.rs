//! A checker that knows one definition reports the same about another one as a fresh check.
#![expect(clippy::unwrap_used, reason = "test code: a broken assumption is a failed test")]

use std::sync::Arc;

use contracts::contract::{Contracts, TaskContract};
use contracts::diagnostic::Code;
use contracts::document::Document;
use contracts::severity::Options;
use contracts::{Checker, Report};
use serde_json::{Value, json};

/// A contract with one function and the schema of `${Limit}`.
struct Counting {
    takes: &'static str,
    limit: Option<Value>,
}

impl Contracts for Counting {
    fn task(&self, _resource: &str, _function: Option<&str>) -> Option<Arc<TaskContract>> {
        let object = |name: &str| json!({ "type": "object", "required": [name], "properties": { name: { "type": "integer" } } });
        let (input, output) = (object(self.takes), object("total"));
        Some(Arc::new(TaskContract { name: "count".to_owned(), input, output, errors: Vec::new() }))
    }

    fn machine_input(&self, _state_machine: &str) -> Option<Value> {
        None
    }

    fn placeholder(&self, _name: &str) -> Option<Value> {
        self.limit.clone()
    }
}

const UNCHANGED: Counting = Counting { takes: "count", limit: None };

fn definition() -> Value {
    let count = json!({
        "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "TimeoutSeconds": 60,
        "Arguments": { "FunctionName": "${Count}", "Payload": { "count": "{% $states.input.count %}" } },
        "Output": "{% $states.result.Payload %}", "End": true,
    });
    json!({ "QueryLanguage": "JSONata", "StartAt": "Each", "TimeoutSeconds": 600, "States": {
        "Each": {
            "Type": "Map", "Items": "{% $states.input.counts %}", "MaxConcurrency": 1,
            "ItemSelector": { "count": "{% $states.context.Map.Item.Value %}", "limit": "${Limit}" },
            "ItemProcessor": { "StartAt": "Count", "States": { "Count": count } },
            "Next": "Done",
        },
        "Done": { "Type": "Pass", "Output": { "totals": "{% $states.input %}" }, "End": true },
    } })
}

fn input(item: &str) -> Value {
    let counts = json!({ "type": "array", "items": { "type": item }, "maxItems": 9 });
    json!({ "type": "object", "required": ["counts"], "properties": { "counts": counts } })
}

fn shown(report: &Report) -> String {
    format!("{:?} {:?}", report.diagnostics, report.states)
}

/// Checks with a checker that knows the original definition, and asserts that a fresh check reports the same.
fn check(definition: &Value, contracts: &Counting, input: &Value) -> Report {
    let document = |value: &Value| Document::parse("definition", value.to_string()).unwrap();
    let mut checker = Checker::new(Options::strict());
    let known = self::definition();
    let first =
        checker.check_and_keep(&document(&known), &UNCHANGED, Some(&self::input("integer")), None, None);
    assert_eq!(codes(&first), []);
    let report = checker.check(&document(definition), contracts, Some(input), None, None);
    let from_nothing =
        Checker::new(Options::strict()).check(&document(definition), contracts, Some(input), None, None);
    assert_eq!(shown(&report), shown(&from_nothing));
    report
}

/// Returns the codes of findings about data, without those about unhandled errors, which the inference does not make.
fn codes(report: &Report) -> Vec<Code> {
    let codes = report.diagnostics.iter().map(|found| found.code);
    codes.filter(|code| ![Code::UnhandledError, Code::TransientErrorsNotRetried].contains(code)).collect()
}

#[test]
fn the_unchanged_definition_has_no_finding() {
    assert_eq!(codes(&check(&definition(), &UNCHANGED, &input("integer"))), []);
}

#[test]
fn another_input_reaches_the_states_within_a_map() {
    assert_eq!(codes(&check(&definition(), &UNCHANGED, &input("string"))), [Code::PayloadMismatch]);
}

#[test]
fn a_changed_state_is_checked_again_though_its_environment_is_the_same() {
    let mut changed = definition();
    changed["States"]["Done"]["Output"] = json!("{% $states.input.nothing.there %}");
    assert_ne!(codes(&check(&changed, &UNCHANGED, &input("integer"))), []);
}

#[test]
fn a_changed_contract_of_a_function_is_checked_against_the_same_payload() {
    let takes_another = Counting { takes: "number", ..UNCHANGED };
    assert_eq!(codes(&check(&definition(), &takes_another, &input("integer"))), [Code::PayloadMismatch]);
}

#[test]
fn a_placeholder_with_another_value_changes_the_states_after_it() {
    let constant = Counting { limit: Some(json!({ "const": "5" })), ..UNCHANGED };
    let report = check(&definition(), &constant, &input("integer"));
    let within = &report.states["/States/Each/ItemProcessor/States/Count"].input;
    assert!(within.to_string().contains("\"5\""), "{within}");
}

#[test]
fn a_changed_environment_reaches_an_unchanged_state() {
    let mut changed = definition();
    changed["States"]["Each"]["Output"] = json!("none");
    let report = check(&changed, &UNCHANGED, &input("integer"));
    assert_eq!(report.states["/States/Done"].input, json!({ "const": "none" }));
}
