//! A state machine in which every step is invoked twice.
//!
//! Lambda may run a function twice for one request, and Step Functions runs a task again when its
//! answer was lost. So before each task stands a copy of it, with the same arguments, whose result is
//! dropped: the machine must end as it does without.

use std::collections::BTreeSet;

use serde_json::{Value, json};

/// The definition with each of its tasks doubled, those of its Maps included; which were is answered too.
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

/// Changes the machine, and those of its Maps.
pub(crate) fn in_each_machine(machine: &mut Value, change: &mut impl FnMut(&mut Value)) {
    let states = machine["States"].as_object_mut().unwrap();
    for state in states.values_mut().filter(|state| state["Type"] == "Map") {
        in_each_machine(&mut state["ItemProcessor"], change);
    }
    change(machine);
}

/// The machine's own tasks that invoke a step. (A nested execution has a name, and is not begun twice.)
pub(crate) fn tasks(machine: &Value) -> Vec<(String, Value)> {
    let states = machine["States"].as_object().unwrap().iter();
    let invokes = |state: &Value| state["Type"] == "Task" && state["Arguments"]["FunctionName"].is_string();
    let tasks = states.filter(|(_, state)| invokes(state));
    tasks.map(|(name, state)| (name.clone(), state.clone())).collect()
}

/// Lets every transition to `from` go to `to`.
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
