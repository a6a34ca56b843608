//! Checks that nothing runs forever and no loop spins.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::diagnostic::{Code, Diagnostic};
use crate::machine::{Kind, Machine, State};

/// The text in a state's `Comment` that asserts that a loop through it ends without waiting, such as a loop over pages.
pub const BOUNDED: &str = "contracts:bounded-loop";

/// Checks the timeout of a definition as a whole.
pub(crate) fn machine(machine: &Machine<'_>) -> Option<Diagnostic> {
    if machine.value.contains_key("TimeoutSeconds") {
        return None;
    }
    let missing = Diagnostic::new(
        Code::MissingTimeout,
        machine.at("TimeoutSeconds"),
        "the state machine has no TimeoutSeconds: an execution may run, or hang, for a year",
    );
    Some(missing.help("add TimeoutSeconds next to StartAt, longer than the longest execution can take"))
}

/// Checks the timeouts of a task.
pub(crate) fn state(state: &State<'_>) -> Vec<Diagnostic> {
    if state.kind() != Some(Kind::Task) {
        return Vec::new();
    }
    let mut found = Vec::new();
    let seconds = |field: &str| state.field(field).and_then(Value::as_i64);
    if state.field("TimeoutSeconds").or(state.field("TimeoutSecondsPath")).is_none() {
        let message = format!("the task \"{}\" has no TimeoutSeconds", state.name);
        found.push(
            Diagnostic::new(Code::MissingTimeout, state.at("TimeoutSeconds"), message)
                .produced("Step Functions then waits 99999999 seconds for it: three years"),
        );
    }
    if let (Some(timeout), Some(heartbeat)) = (seconds("TimeoutSeconds"), seconds("HeartbeatSeconds"))
        && heartbeat >= timeout
    {
        let message = format!("the task \"{}\" times out before its heartbeat is missed", state.name);
        found.push(
            Diagnostic::new(Code::HeartbeatNotBelowTimeout, state.at("HeartbeatSeconds"), message)
                .expected(format!("less than TimeoutSeconds, which is {timeout}"))
                .produced(heartbeat.to_string()),
        );
    }
    found
}

/// Reports loops of one machine in which no state waits: cycles that remain when the waiting states are removed.
/// A strict check counts only the time that a state is sure to wait. Otherwise a Task and what runs a machine count.
pub(crate) fn loops(machine: &Machine<'_>, strict: bool) -> Vec<Diagnostic> {
    let states: BTreeMap<&str, State<'_>> = machine
        .states()
        .filter(|state| !waits(state, strict) && !is_vouched_for(state))
        .map(|state| (state.name, state))
        .collect();
    let mut reported: BTreeSet<&str> = BTreeSet::new();
    let mut found = Vec::new();
    for (name, state) in &states {
        let Some(path) = shortest_path(&states, name, name)
            .filter(|path| !path.iter().any(|state_name| reported.contains(state_name)))
        else {
            continue;
        };
        reported.extend(path.iter().copied());
        let message = format!("nothing waits in the loop {} -> {name}", path.join(" -> "));
        found.push(
            Diagnostic::new(Code::LoopWithoutWait, state.pointer.clone(), message)
                .produced("the execution runs until it has 25,000 events, and then fails")
                .help(format!(
                    "put a Wait into the loop. If the loop certainly ends, say why in a Comment with {BOUNDED}"
                )),
        );
    }
    found
}

/// Returns whether time passes in a state: a Wait, or a task that waits for something outside.
fn waits(state: &State<'_>, strict: bool) -> bool {
    let resource = state.field("Resource").and_then(Value::as_str).unwrap_or_default();
    match state.kind() {
        Some(Kind::Wait) => true,
        Some(Kind::Task | Kind::Map) if !strict => true,
        Some(Kind::Parallel) if !strict => {
            state.nested().iter().flat_map(Machine::states).any(|state| waits(&state, strict))
        }
        Some(Kind::Task) => {
            resource.contains(".waitForTaskToken")
                || resource.contains(".sync")
                || resource.contains(":activity:")
        }
        _ => false,
    }
}

/// Returns whether the state's `Comment` asserts that its loop ends.
pub(crate) fn is_vouched_for(state: &State<'_>) -> bool {
    state.field("Comment").and_then(Value::as_str).is_some_and(|comment| comment.contains(BOUNDED))
}

/// Returns the shortest path from one state to another, with at least one transition. The target is left out.
fn shortest_path<'a>(states: &BTreeMap<&'a str, State<'a>>, from: &'a str, to: &str) -> Option<Vec<&'a str>> {
    let mut paths = vec![vec![from]];
    let mut seen = BTreeSet::new();
    while !paths.is_empty() {
        let mut longer = Vec::new();
        for path in paths {
            let Some(state) = path.last().and_then(|name| states.get(name)) else { continue };
            for transition in state.transitions() {
                if transition.to == to {
                    return Some(path);
                }
                if states.contains_key(transition.to) && seen.insert(transition.to) {
                    longer.push(path.iter().copied().chain([transition.to]).collect());
                }
            }
        }
        paths = longer;
    }
    None
}
