//! Findings about a file instead of a value in a definition.

use std::sync::Arc;

use contracts::contract::{Contracts, TaskContract};
use contracts::diagnostic::Code;
use contracts::document::Document;
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

#[test]
fn a_sample_is_refused_at_the_pointer_that_its_schema_refuses() {
    let schema = json!({
        "type": "object",
        "properties": {"at": {"type": "string", "format": "date-time"}, "n": {"type": "integer"}},
        "required": ["n"],
    });
    for (sample, places) in [
        (r#"{"n": 1, "at": "2026-01-01T00:00:00Z"}"#, vec![]),
        (r#"{"n": "1"}"#, vec!["/n"]),
        (r#"{"n": 1, "at": "yesterday"}"#, vec!["/at"]),
        (r#"{"at": 5}"#, vec!["", "/at"]),
    ] {
        let sample = Document::parse("sample.json", sample).unwrap();
        let found = contracts::check_sample(&sample, &schema, "x.input.json");
        let mut at: Vec<&str> = found.iter().map(|finding| finding.pointer.as_str()).collect();
        at.sort_unstable();
        assert_eq!(at, places, "{found:?}");
        assert!(found.iter().all(|finding| finding.code == Code::SampleRefused), "{found:?}");
    }
}

#[test]
fn a_sample_needs_a_schema_that_is_valid() {
    assert_eq!(contracts::sample_without_schema("x.json").code, Code::SampleWithoutSchema);
    let sample = Document::parse("sample.json", "{}").unwrap();
    let found = contracts::check_sample(&sample, &json!({"type": "objekt"}), "x.json");
    assert_eq!(found.iter().map(|finding| finding.code).collect::<Vec<_>>(), [Code::SampleWithoutSchema]);
}

#[test]
fn repeated_members_are_found_in_the_text() {
    let of = |comment: &str, states: &str| {
        let text = format!(
            r#"{{"QueryLanguage": "JSONata", "TimeoutSeconds": 9, {comment} "StartAt": "A", "States": {{{states}}}}}"#
        );
        let document = Document::parse("m.json", text).unwrap();
        let found = contracts::check(&document, &Nothing, None, None, None).diagnostics;
        found.into_iter().map(|finding| (finding.code, finding.pointer)).collect::<Vec<_>>()
    };
    let succeed = r#""A": {"Type": "Succeed"}"#;
    assert_eq!(of("", succeed), []);
    let twice = r#""Comment": "a", "Comment": "b","#;
    assert_eq!(of(twice, succeed), [(Code::DuplicateKey, "/Comment".to_owned())]);
    let states = format!("{succeed}, {succeed}");
    assert_eq!(of("", &states), [(Code::DuplicateStateName, "/States/A".to_owned())]);
}
