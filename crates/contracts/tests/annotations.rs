//! `contracts:untyped` applies to the state that has it and to no other.
#![expect(clippy::unwrap_used, reason = "test code: a broken assumption is a failed test")]

use std::sync::Arc;

use contracts::Checker;
use contracts::contract::{Contracts, TaskContract};
use contracts::diagnostic::Code;
use contracts::document::Document;
use contracts::severity::Options;
use serde_json::{Value, json};

struct Nothing;

impl Contracts for Nothing {
    fn task(&self, _resource: &str, _function: Option<&str>) -> Option<Arc<TaskContract>> {
        None
    }

    fn machine_input(&self, _state_machine: &str) -> Option<Value> {
        None
    }
}

/// Checks a Map whose inner state and output cannot be typed. Returns the untyped expressions and the annotated states.
fn untyped(of_map: &str, of_inner: &str) -> (Vec<String>, usize) {
    let expression = "{% $parse('1') ~> function($x) { $x } %}";
    let definition = json!({
        "QueryLanguage": "JSONata",
        "TimeoutSeconds": 60,
        "StartAt": "Each",
        "States": {"Each": {
            "Type": "Map",
            "Comment": of_map,
            "Items": [1],
            "ItemProcessor": {
                "StartAt": "Inner",
                "States": {"Inner": {"Type": "Pass", "Comment": of_inner, "Output": expression, "End": true}},
            },
            "Output": expression,
            "End": true,
        }},
    });
    let document = Document::parse("m.json", definition.to_string()).unwrap();
    let report = Checker::new(Options::strict()).check(&document, &Nothing, None, None, None);
    let found = report.diagnostics.into_iter().filter(|finding| finding.code == Code::UntypedExpression);
    (found.map(|finding| finding.pointer).collect(), report.annotated)
}

#[test]
fn an_annotation_applies_to_its_own_state_and_is_counted() {
    let (inner, outer) = ("/States/Each/ItemProcessor/States/Inner/Output", "/States/Each/Output");
    let marked = "It is what it is. contracts:untyped";
    for (of_map, of_inner, left, counted) in [
        ("", "", vec![inner, outer], 0),
        (marked, "", vec![inner], 1),
        ("", marked, vec![outer], 1),
        (marked, marked, vec![], 2),
    ] {
        let (mut found, annotated) = untyped(of_map, of_inner);
        found.sort_by_key(|pointer| std::cmp::Reverse(pointer.len()));
        assert_eq!((found, annotated), (left.into_iter().map(str::to_owned).collect(), counted));
    }
}
