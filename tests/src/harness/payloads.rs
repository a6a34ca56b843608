//! Payloads and inputs in the history of an execution.

use std::collections::BTreeMap;

use aws_sdk_sfn::types::HistoryEvent;
use serde_json::Value;

/// Returns the payloads that tasks passed to their functions, and the arguments of services, each with the name of its state. A retried task occurs
/// once per attempt. A scheduled task does not name its state: its chain of events leads back to where the state was
/// entered.
pub fn payloads(history: &[HistoryEvent]) -> Vec<(String, Value)> {
    let by_id: BTreeMap<i64, &HistoryEvent> = history.iter().map(|event| (event.id, event)).collect();
    let mut payloads = Vec::new();
    for event in history {
        let Some(details) = event.task_scheduled_event_details() else { continue };
        // A nested execution has an input but no payload.
        if details.resource_type() == "states" {
            continue;
        }
        let mut chain =
            std::iter::successors(Some(event), |event| by_id.get(&event.previous_event_id).copied());
        let entered = chain.find_map(HistoryEvent::state_entered_event_details);
        let state = entered.expect("a task is scheduled in a state").name().to_owned();
        let parameters: Value = serde_json::from_str(details.parameters()).unwrap();
        let of_function = details.resource_type() == "lambda";
        payloads.push((state, if of_function { parameters["Payload"].clone() } else { parameters }));
    }
    payloads
}

/// Returns the inputs of the states in a history, each with the name of its state.
pub fn inputs(history: &[HistoryEvent]) -> Vec<(String, Value)> {
    let entered = history.iter().filter_map(|event| event.state_entered_event_details());
    entered
        .map(|details| (details.name().to_owned(), serde_json::from_str(details.input().unwrap()).unwrap()))
        .collect()
}
