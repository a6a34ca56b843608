//! Executions behave as the contract check inferred from the state machine.

use std::collections::BTreeSet;

use serde_json::Value;
use tablekeeper_tests::checks::contract::Contract;
use tablekeeper_tests::harness::payloads::{inputs, payloads};
use tablekeeper_tests::{Ended, Scenario, Workflow};

/// Checks that every input and payload has the inferred type, and that every state was entered.
pub(super) fn is_what_executions_do<'a>(
    workflow: &Workflow,
    ran: impl Iterator<Item = (&'a Scenario, &'a Ended)>,
) {
    let inferred = Contract::from_workflow(workflow).check().states;
    let schema = |state: &str, part: &str| -> Option<Value> {
        let end = format!("/States/{}", state.replace('~', "~0").replace('/', "~1"));
        let shapes = inferred.iter().find_map(|(place, shapes)| place.ends_with(&end).then_some(shapes))?;
        if part == "input" { Some(shapes.input.clone()) } else { shapes.payload.clone() }
    };
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for (scenario, ended) in ran {
        let history = &ended.execution.as_ref().unwrap().history;
        let payloads = payloads(history).into_iter().map(|(task, payload)| (task, "payload", payload));
        let inputs = inputs(history).into_iter().map(|(state, input)| (state, "input", input));
        for (state, part, value) in payloads.chain(inputs) {
            let Some(schema) = schema(&state, part) else { continue };
            let validator = jsonschema::validator_for(&schema).unwrap();
            let errors: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
            // A person may start an execution with any input. The first step refuses a wrong one.
            let refused = scenario.ends_in == "Input Refused";
            assert!(
                refused || errors.is_empty(),
                "{}: {part} of {state}: {errors:?}: {value}",
                scenario.name
            );
            seen.insert(format!("{part} of {state}"));
        }
    }
    let states: BTreeSet<&str> = inferred.keys().map(|pointer| pointer.rsplit('/').next().unwrap()).collect();
    let excused = |state: &str| workflow.unentered.iter().any(|(excused, _)| *excused == state);
    for state in states.into_iter().filter(|state| !excused(state)) {
        assert!(seen.contains(&format!("input of {state}")), "no execution entered {state}: {seen:?}");
    }
    let invoking = inferred.iter().filter(|(_, shapes)| shapes.payload.is_some());
    for state in
        invoking.filter_map(|(pointer, _)| pointer.rsplit('/').next()).filter(|state| !excused(state))
    {
        assert!(
            seen.contains(&format!("payload of {state}")),
            "no execution passed a payload in {state}: {seen:?}"
        );
    }
}
