//! Checks for what the local engine ignores or runs differently from AWS.
//!
//! A definition that is tested on ministack before it is deployed may use only what both run alike. Otherwise the test
//! proves something about another machine. Each rule here comes from the source of ministack 1.5.33. Differences in
//! time alone (jitter, capped delays, the `TimeoutSeconds` of the machine) are allowed, because the outcome is the
//! same.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{is_expression, items, texts};
use crate::diagnostic::{Code, Diagnostic};
use crate::machine::{Kind, Machine, State, join};

/// The parts of the context object that the local engine lacks.
const MISSING_CONTEXT: [&str; 3] = ["Execution.RedriveCount", "Execution.RedriveTime", "Execution.RoleArn"];

fn differs(pointer: String, message: impl Into<String>, help: &str) -> Diagnostic {
    Diagnostic::new(Code::IgnoredByLocalEngine, pointer, message).help(help)
}

/// Checks one state.
pub(crate) fn state(state: &State<'_>) -> Vec<Diagnostic> {
    let Some(kind) = state.kind() else { return Vec::new() };
    let mut found = Vec::new();
    let mut ignored = |fields: &[&str], what: &str, help: &str| {
        for field in fields.iter().filter(|field| state.field(field).is_some()) {
            found.push(differs(state.at(field), format!("the local engine ignores {field} of {what}"), help));
        }
    };
    match kind {
        Kind::Succeed => ignored(&["Output"], "a Succeed state", "put it on the states that lead to it"),
        Kind::Choice => ignored(
            &["Output"],
            "a Choice where Default is taken",
            "put it on the rules, or lead Default to a Pass state that has it",
        ),
        Kind::Parallel => ignored(
            &["Arguments", "Output", "Assign"],
            "a Parallel state in JSONata",
            "put it on a Pass state before or after it",
        ),
        Kind::Task => ignored(
            &["HeartbeatSeconds", "Credentials"],
            "a Task",
            "leave it out: TimeoutSeconds limits the task, and the state machine's role invokes it",
        ),
        Kind::Map => {
            ignored(&["ItemBatcher"], "a Map", "make the batches in a step");
            ignored(&["ResultWriter"], "a Map", "let the step that makes a result write it");
            if is_distributed(state) {
                ignored(&["Items", "Output", "Assign"], "a distributed Map in JSONata", "use an inline Map");
            }
        }
        _ => {}
    }
    if kind == Kind::Map && is_distributed(state) {
        for field in ["ItemSelector", "ItemReader", "MaxConcurrency"] {
            let texts = state.field(field).map(|value| texts(value, &state.at(field))).unwrap_or_default();
            for (pointer, _) in texts.into_iter().filter(|(_, text)| text.starts_with("{%")) {
                let message =
                    format!("the local engine does not evaluate expressions in {field} of a distributed Map");
                found.push(differs(pointer, message, "use an inline Map"));
            }
        }
    }
    if let Some(timeout) = state.field("TimeoutSeconds").filter(|value| is_expression(value)) {
        let message = "the local engine accepts a number as TimeoutSeconds, but not an expression";
        found.push(
            differs(state.at("TimeoutSeconds"), message, "write the number").produced(timeout.to_string()),
        );
    }
    found.extend(assignments(state));
    found.extend(context(state));
    found
}

fn is_distributed(state: &State<'_>) -> bool {
    let mode = state
        .field("ItemProcessor")
        .and_then(|processor| processor.get("ProcessorConfig")?.get("Mode")?.as_str());
    mode == Some("DISTRIBUTED")
}

/// Checks that no `Assign` reads a variable that it sets. On AWS every expression of an `Assign` sees the old values.
/// The local engine sets the variables one after the other.
fn assignments(state: &State<'_>) -> Vec<Diagnostic> {
    let mut holders = vec![(state.pointer.clone(), state.field("Assign"))];
    for field in ["Choices", "Catch"] {
        let rules = items(state.field(field), &state.at(field));
        holders.extend(rules.into_iter().map(|(pointer, rule)| (pointer, rule.get("Assign"))));
    }
    let mut found = Vec::new();
    for (pointer, assign) in holders {
        let Some(assign) = assign.and_then(Value::as_object) else { continue };
        for (name, value) in assign {
            let pointer = join(&join(&pointer, "Assign"), name);
            for (place, text) in texts(value, &pointer) {
                let other = assign.keys().find(|other| *other != name && reads(text, other));
                let Some(other) = other else { continue };
                let message = format!("{name} is computed from ${other}, which the same Assign sets");
                found.push(
                    differs(place, message, "set one of the two in another state")
                        .expected("AWS uses the value that the variable had before the Assign")
                        .produced("the local engine sets the variables one after the other"),
                );
            }
        }
    }
    found
}

/// Returns whether an expression reads the variable.
fn reads(text: &str, variable: &str) -> bool {
    let name = format!("${variable}");
    let goes_on = |letter: char| letter.is_alphanumeric() || letter == '_';
    is_expression(&Value::String(text.to_owned()))
        && text.match_indices(&name).any(|(at, _)| {
            let behind = text.get(at + name.len()..).unwrap_or_default();
            !behind.starts_with(goes_on) && !text.get(..at).unwrap_or_default().ends_with('$')
        })
}

/// Checks that expressions do not read what the local engine's context object lacks.
fn context(state: &State<'_>) -> Vec<Diagnostic> {
    let own =
        state.value.iter().filter(|(field, _)| !["ItemProcessor", "Branches"].contains(&field.as_str()));
    let texts = own.flat_map(|(field, value)| texts(value, &state.at(field)));
    let mut found = Vec::new();
    for (pointer, text) in texts.filter(|(_, text)| text.starts_with("{%")) {
        for missing in MISSING_CONTEXT {
            if text.contains(&format!("$states.context.{missing}")) {
                let message = format!("the local engine's context object has no {missing}");
                found.push(differs(pointer.clone(), message, "do without it"));
            }
        }
    }
    found
}

/// Checks that the branches of a Parallel set different variables. On AWS each branch has its own variables. In the
/// local engine the branches share them, so two branches that set the same name affect each other.
pub(crate) fn branches(state: &State<'_>) -> Vec<Diagnostic> {
    if state.kind() != Some(Kind::Parallel) {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut first: BTreeMap<&str, usize> = BTreeMap::new();
    for (branch, machine) in state.nested().iter().enumerate() {
        for (pointer, name) in
            machine.with_nested().iter().flat_map(Machine::states).flat_map(|state| set_by(&state))
        {
            let other = *first.entry(name).or_insert(branch);
            if other != branch {
                let message = format!("branches {other} and {branch} both set ${name}");
                found.push(
                    differs(pointer, message, "give the variables of different branches different names")
                        .produced("in the local engine the branches share one variable"),
                );
            }
        }
    }
    found
}

/// Returns the variables that a state sets, with their pointers.
fn set_by<'a>(state: &State<'a>) -> Vec<(String, &'a str)> {
    let rules = ["Choices", "Catch"].into_iter();
    let rules = rules.flat_map(|field| items(state.field(field), &state.at(field)));
    let held = rules.map(|(pointer, rule)| (pointer, rule.get("Assign")));
    let holders = std::iter::once((state.pointer.clone(), state.field("Assign"))).chain(held);
    let assigns =
        holders.filter_map(|(pointer, assign)| Some((join(&pointer, "Assign"), assign?.as_object()?)));
    assigns
        .flat_map(|(pointer, assign)| assign.keys().map(move |name| (join(&pointer, name), name.as_str())))
        .collect()
}
