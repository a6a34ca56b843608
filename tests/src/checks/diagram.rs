//! A state machine as a Mermaid diagram, with the transitions that the tests take.

mod page;

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_sfn::types::HistoryEvent;
use local_aws::workspace_root;
use serde_json::Value;

/// A state machine of `statemachines/`.
pub struct Machine {
    name: String,
    definition: Value,
}

impl Machine {
    /// Reads the state machine of a workflow.
    pub fn parse(workflow: &str) -> Machine {
        let path = workspace_root().join(format!("statemachines/{workflow}.asl.json"));
        let definition = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        Machine { name: workflow.to_owned(), definition }
    }

    /// Returns the names of all states, those in Maps included.
    pub fn state_names(&self) -> BTreeSet<String> {
        with_inner(&self.definition).into_iter().map(|(name, _)| name.clone()).collect()
    }

    /// Returns every transition that the definition allows. A Map leads to the first state of its items.
    pub fn transitions(&self) -> BTreeSet<(String, String)> {
        let mut found = BTreeSet::new();
        for (from, state) in with_inner(&self.definition) {
            let first = state["ItemProcessor"]["StartAt"].as_str();
            let next = following(state).into_iter().chain(first);
            found.extend(next.map(|to| (from.clone(), to.to_owned())));
        }
        found
    }

    /// Returns the transitions that a history took. Top-level states follow each other. States of an item run
    /// concurrently with others, so they name the event before them. The first state of an item follows the Map.
    pub fn taken(&self, history: &[HistoryEvent]) -> BTreeSet<(String, String)> {
        let (mut taken, mut last, mut names) = (BTreeSet::new(), None, BTreeMap::new());
        let own = self.definition["States"].as_object().unwrap();
        for event in history {
            if let Some(left) = event.state_exited_event_details() {
                names.insert(event.id, left.name().to_owned());
            }
            let Some(entered) = event.state_entered_event_details() else { continue };
            let state = entered.name().to_owned();
            names.insert(event.id, state.clone());
            let before = if own.contains_key(&state) {
                last.replace(state.clone())
            } else {
                names.get(&event.previous_event_id).cloned().or_else(|| self.map_of(&state))
            };
            taken.extend(before.map(|before| (before, state)));
        }
        taken
    }

    /// Returns the Map whose items begin with this state.
    fn map_of(&self, first: &str) -> Option<String> {
        let mut all = with_inner(&self.definition).into_iter();
        all.find(|(_, state)| state["ItemProcessor"]["StartAt"] == first).map(|(map, _)| map.clone())
    }
}

/// Returns the states of a state machine and of its Maps, by name.
pub(crate) fn with_inner(machine: &Value) -> Vec<(&String, &Value)> {
    let states = machine["States"].as_object().unwrap();
    let inner = states.values().filter(|state| state["Type"] == "Map");
    states.iter().chain(inner.flat_map(|state| with_inner(&state["ItemProcessor"]))).collect()
}

/// Returns the states that a state leads to within its own state machine.
fn following(state: &Value) -> Vec<&str> {
    let choices = state["Choices"].as_array().into_iter().flatten();
    let next = [&state["Next"], &state["Default"]].into_iter().chain(choices.map(|rule| &rule["Next"]));
    next.filter_map(Value::as_str).chain(catchers(state)).collect()
}

fn catchers(state: &Value) -> impl Iterator<Item = &str> {
    state["Catch"].as_array().into_iter().flatten().filter_map(|rule| rule["Next"].as_str())
}
