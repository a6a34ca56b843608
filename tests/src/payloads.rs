//! A state machine in whose history each task's payload can be read.
//!
//! The local engine does not record what it gives a function. So before each task stand two states: one
//! whose output is the payload, made of the task's own `Arguments` in the task's own scope, beside the input;
//! and one that takes the input out again.

use aws_sdk_sfn::types::HistoryEvent;
use serde_json::{Value, json};

use crate::repeated::{in_each_machine, redirect, tasks};

const SHOWN: &str = ", payload";

/// The definition with the payload of each task shown, those of its Maps included.
pub fn with_payloads_shown(definition: &str) -> String {
    let mut whole: Value = serde_json::from_str(definition).unwrap();
    in_each_machine(&mut whole, &mut |machine| {
        for (task, state) in tasks(machine) {
            let (shown, taken_out) = (format!("{task}{SHOWN}"), format!("{task}, input"));
            redirect(machine, &task, &shown);
            let payload = state["Arguments"]["Payload"].clone();
            let output = json!({ "input": "{% $states.input %}", "payload": payload });
            let states = machine["States"].as_object_mut().unwrap();
            states.insert(shown, json!({ "Type": "Pass", "Output": output, "Next": taken_out }));
            states.insert(
                taken_out,
                json!({ "Type": "Pass", "Output": "{% $states.input.input %}", "Next": task }),
            );
        }
    });
    whole.to_string()
}

/// The payloads in a history, each with its task.
pub fn payloads(history: &[HistoryEvent]) -> Vec<(String, Value)> {
    let exited = history.iter().filter_map(|event| event.state_exited_event_details());
    let shown = exited.filter_map(|details| {
        let task = details.name().strip_suffix(SHOWN)?.to_owned();
        let output: Value = serde_json::from_str(details.output()?).unwrap();
        Some((task, output["payload"].clone()))
    });
    shown.collect()
}

/// The inputs of states in a history, each with its state.
pub fn inputs(history: &[HistoryEvent]) -> Vec<(String, Value)> {
    let entered = history.iter().filter_map(|event| event.state_entered_event_details());
    entered.map(|it| (it.name().to_owned(), serde_json::from_str(it.input().unwrap()).unwrap())).collect()
}
