//! A state machine in which every step is invoked twice.
//!
//! Lambda may run a function twice for one request, and Step Functions runs a task again if its response was lost. So
//! each task is preceded by a copy with the same arguments, whose result is dropped. The state machine must end as it
//! does without the copies.

use std::collections::BTreeSet;

use serde_json::{Value, json};

/// Repeats each task of a definition, those of its Maps included. Returns the definition and the names of these tasks.
pub fn with_every_task_repeated(definition: &str) -> (String, BTreeSet<String>) {
    let mut whole: Value = serde_json::from_str(definition).unwrap();
    let mut doubled = BTreeSet::new();
    in_each_machine(&mut whole, &mut |machine| {
        for (task, state) in tasks(machine) {
            let first = format!("{task}, first");
            redirect(machine, &task, &first);
            let mut copy = state;
            let fields = copy.as_object_mut().unwrap();
            fields.remove("Assign");
            fields.insert("Output".to_owned(), json!("{% $states.input %}"));
            fields.insert("Next".to_owned(), json!(task));
            fields.remove("End");
            machine["States"].as_object_mut().unwrap().insert(first, copy);
            doubled.insert(task);
        }
    });
    (whole.to_string(), doubled)
}

/// Applies a change to the state machine and to those of its Maps.
pub(crate) fn in_each_machine(machine: &mut Value, change: &mut impl FnMut(&mut Value)) {
    let states = machine["States"].as_object_mut().unwrap();
    for state in states.values_mut().filter(|state| state["Type"] == "Map") {
        in_each_machine(&mut state["ItemProcessor"], change);
    }
    change(machine);
}

/// Returns the state machine's own tasks that invoke a step. (A nested execution is not started twice: it has a name, or
/// only reads.)
pub(crate) fn tasks(machine: &Value) -> Vec<(String, Value)> {
    let states = machine["States"].as_object().unwrap().iter();
    let invokes = |state: &Value| state["Type"] == "Task" && state["Arguments"]["FunctionName"].is_string();
    let tasks = states.filter(|(_, state)| invokes(state));
    tasks.map(|(name, state)| (name.clone(), state.clone())).collect()
}

/// Redirects every transition to `from` to `to`.
pub(crate) fn redirect(value: &mut Value, from: &str, to: &str) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                let transition = matches!(name.as_str(), "Next" | "Default" | "StartAt");
                if transition && field.as_str() == Some(from) {
                    *field = json!(to);
                } else {
                    redirect(field, from, to);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| redirect(item, from, to)),
        _ => {}
    }
}
