//! Checks small machines of JSONPath states.

use std::sync::Arc;

use contracts::Checker;
use contracts::contract::{Contracts, TaskContract};
use contracts::diagnostic::Severity;
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

/// Returns the findings of a machine that are no notes, each as severity, code and pointer.
pub(super) fn findings(machine: &Value) -> Vec<String> {
    found(machine, Options::default(), Severity::Warning)
}

/// Returns the findings of a check that is strict.
pub(super) fn strict_findings(machine: &Value) -> Vec<String> {
    found(machine, Options { strict: true, ..Options::default() }, Severity::Error)
}

fn found(machine: &Value, options: Options, least: Severity) -> Vec<String> {
    let document = Document::parse("machine.asl.json", machine.to_string()).unwrap();
    let report = Checker::new(options).check(&document, &Nothing, None, None, None);
    let found = report.diagnostics.into_iter().filter(|finding| finding.severity >= least);
    found.map(|finding| format!("{} {} {}", finding.severity, finding.code, finding.pointer)).collect()
}

/// Returns a machine that starts with the state `A`, which these fields describe, and can go on to `B`.
pub(super) fn machine(state: &str) -> Value {
    let state: Value = serde_json::from_str(state).unwrap();
    let leads_to_end = state.get("End").is_some() || state["Type"] == "Succeed" || state["Type"] == "Fail";
    let mut machine = json!({ "StartAt": "A", "TimeoutSeconds": 60, "States": { "A": state } });
    if !leads_to_end {
        machine["States"]["B"] = json!({ "Type": "Succeed" });
    }
    machine
}

/// Asserts the findings of states: the state, and the findings with their places in it.
#[track_caller]
pub(super) fn assert_states(cases: &[(&str, &[&str])]) {
    for (state, expected) in cases {
        let found = findings(&machine(state));
        let found: Vec<String> = found.iter().map(|finding| finding.replace("/States/A", "")).collect();
        assert_eq!(found, *expected, "{state}");
    }
}
