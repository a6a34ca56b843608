//! A state machine in which every step is invoked twice.
//!
//! Lambda may run a function twice for one request, and Step Functions runs a task again when its
//! answer was lost. So before each task stands a copy of it, with the same arguments, whose result is
//! dropped: the machine must end as it does without.

use serde_json::{Map, Value, json};

/// The definition with each of its tasks doubled; how many were is answered too.
pub fn with_every_task_repeated(definition: &str) -> (String, usize) {
    let mut machine: Value = serde_json::from_str(definition).unwrap();
    let tasks: Vec<String> = states(&mut machine)
        .iter()
        .filter(|(_, state)| state["Type"] == "Task")
        .map(|(name, _)| name.clone())
        .collect();
    for task in &tasks {
        let first = format!("{task}, first");
        redirect(&mut machine, task, &first);
        let states = states(&mut machine);
        let mut copy = states[task].clone();
        let fields = copy.as_object_mut().unwrap();
        fields.remove("Assign");
        fields.insert("Output".to_owned(), json!("{% $states.input %}"));
        fields.insert("Next".to_owned(), json!(task));
        fields.remove("End");
        states.insert(first, copy);
    }
    (machine.to_string(), tasks.len())
}

fn states(machine: &mut Value) -> &mut Map<String, Value> {
    machine["States"].as_object_mut().unwrap()
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
