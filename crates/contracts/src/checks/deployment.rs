//! Checks the definition against the template that deploys it. Nothing else compares the two: an unsubstituted
//! placeholder is deployed as `${Name}` and fails when it is first used.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::errors::is_lambda;
use super::fields::did_you_mean;
use super::{closest, items};
use crate::contract::Contracts;
use crate::diagnostic::{Code, Diagnostic};
use crate::machine::{Machine, State, join};
use crate::template::{Target, Template, is_function};

/// Seconds by which a task's timeout must exceed that of its function: Lambda's own limit for starting one.
const MARGIN: u64 = 10;

/// Checks a whole definition.
pub(crate) fn check(
    machine: &Machine<'_>,
    contracts: &dyn Contracts,
    template: &Template,
) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut used = BTreeMap::new();
    for (field, value) in machine.value {
        placeholders(value, &machine.at(field), &mut used);
    }
    let known: BTreeSet<&str> = template.substitutions().collect();
    for (name, pointers) in &used {
        if known.contains(name.as_str()) {
            continue;
        }
        for pointer in pointers {
            let message = format!("the template does not substitute ${{{name}}}");
            let refused = Diagnostic::new(Code::PlaceholderNotSubstituted, pointer.clone(), message)
                .expected(format!(
                    "{name} in DefinitionSubstitutions of {} in {}",
                    template.state_machine(),
                    template.name()
                ));
            found.push(did_you_mean(refused, closest(name, known.iter().copied())));
        }
    }
    for name in known.iter().filter(|name| !used.contains_key(**name)) {
        let message = format!(
            "{} in {} substitutes {name}, which the definition does not use",
            template.state_machine(),
            template.name()
        );
        let refused = Diagnostic::new(Code::UnusedSubstitution, "", message);
        found.push(refused.help("delete it from DefinitionSubstitutions, or use it"));
    }
    for state in machine.with_nested().iter().flat_map(Machine::states).filter(is_lambda) {
        found.extend(function(&state, contracts, template));
    }
    found
}

/// Checks the function of a task: it exists, its `Handler` exists, and it times out before the task does.
fn function(state: &State<'_>, contracts: &dyn Contracts, template: &Template) -> Option<Diagnostic> {
    let by_argument = state.arguments().and_then(|arguments| arguments.get("FunctionName")?.as_str());
    let (pointer, reference) = match by_argument {
        Some(reference) => (join(&state.at(state.arguments_field()), "FunctionName"), reference),
        None => (state.at("Resource"), state.field("Resource")?.as_str()?),
    };
    let name = reference.strip_prefix("${")?.strip_suffix('}')?;
    let Target::Resource(logical_id, resource) = template.target(name)? else { return None };
    if !resource.is_some_and(is_function) {
        let produced = match resource.and_then(|resource| resource.get("Type")?.as_str()) {
            Some(kind) => format!("{logical_id} has the type {kind}"),
            None => format!("the template has no resource {logical_id}"),
        };
        let message = format!("{reference} is not a function of {}", template.name());
        return Some(Diagnostic::new(Code::FunctionNotInTemplate, pointer, message).produced(produced));
    }
    let function = template.function(name)?;
    if let Some(handler) = function.handler.as_deref().filter(|handler| !contracts.handler(handler)) {
        let message = format!("the Handler of {logical_id}, {handler}, does not name a step");
        let refused = Diagnostic::new(Code::UnknownHandler, pointer, message);
        return Some(refused.help(format!("correct the Handler of {logical_id} in {}", template.name())));
    }
    let (task, timeout) = (state.field("TimeoutSeconds")?.as_u64()?, function.timeout?);
    if timeout + MARGIN <= task {
        return None;
    }
    let message = format!("the task \"{}\" may time out before its function does", state.name);
    let refused = Diagnostic::new(Code::FunctionTimeoutNotBelowTask, state.at("TimeoutSeconds"), message);
    Some(
        refused
            .expected(format!(
                "at least {}: the {timeout} seconds of {logical_id} and {MARGIN} to start it",
                timeout + MARGIN
            ))
            .produced(task.to_string())
            .help("or lower the function's Timeout"),
    )
}

/// Collects every `${Name}` in values and member names with its pointers.
fn placeholders(value: &Value, pointer: &str, found: &mut BTreeMap<String, Vec<String>>) {
    fn add(text: &str, pointer: &str, found: &mut BTreeMap<String, Vec<String>>) {
        for name in names(text) {
            found.entry(name.to_owned()).or_default().push(pointer.to_owned());
        }
    }
    match value {
        Value::String(text) => add(text, pointer, found),
        Value::Array(_) => {
            for (pointer, item) in items(Some(value), pointer) {
                placeholders(item, &pointer, found);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                let pointer = join(pointer, name);
                add(name, &pointer, found);
                placeholders(member, &pointer, found);
            }
        }
        _ => {}
    }
}

/// Returns the placeholder names in a text. JSONata's own `${` opens an object and is not followed by a bare name and
/// `}`.
fn names(text: &str) -> impl Iterator<Item = &str> {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || "_-.:".contains(letter);
    let candidates = text.split("${").skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name));
    candidates.filter(move |name| !name.is_empty() && name.chars().all(is_part))
}
