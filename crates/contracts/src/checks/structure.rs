//! Checks the graph: names are unique, transitions lead to states, every state can be reached, and every state can
//! reach an end.

use std::collections::{BTreeMap, BTreeSet};

use super::closest;
use super::fields::did_you_mean;
use crate::diagnostic::{Code, Diagnostic};
use crate::document::Document;
use crate::machine::{By, Machine, State};

/// The greatest number of characters in the name of a state.
const LONGEST_NAME: usize = 80;

/// Reports members that occur twice in an object. Of two states of one name the engine would use only one.
pub(crate) fn repeated(document: &Document) -> Vec<Diagnostic> {
    let found = document.repeated().map(|(pointer, _)| {
        let (holder, name) = pointer.rsplit_once('/').unwrap_or_default();
        let name = name.replace("~1", "/").replace("~0", "~");
        if holder.ends_with("/States") && !holder.ends_with("/Assign/States") {
            let message = format!("the state \"{name}\" is defined twice");
            Diagnostic::new(Code::DuplicateStateName, pointer, message).help("rename one of them")
        } else {
            let message = format!("{name} occurs twice in one object");
            Diagnostic::new(Code::DuplicateKey, pointer, message).help("keep one of them")
        }
    });
    found.collect()
}

/// Checks names across the whole definition. Step Functions requires unique names, nested states included.
pub(crate) fn names(machine: &Machine<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut first: BTreeMap<&str, String> = BTreeMap::new();
    for state in machine.with_nested().iter().flat_map(Machine::states) {
        let letters = state.name.chars().count();
        if letters == 0 || letters > LONGEST_NAME {
            let message = format!("a state's name has {letters} characters");
            found.push(
                Diagnostic::new(Code::InvalidStateName, state.pointer.clone(), message)
                    .expected(format!("1 to {LONGEST_NAME} characters")),
            );
        }
        if let Some(other) = first.get(state.name) {
            let message = format!("there are two states \"{}\". The other one is at {other}", state.name);
            found.push(Diagnostic::new(Code::DuplicateStateName, state.pointer.clone(), message).help(
                "rename one of them: a name must be unique in a definition, including nested machines",
            ));
        } else {
            first.insert(state.name, state.pointer.clone());
        }
    }
    found
}

/// Checks the graph of one machine.
pub(crate) fn graph(machine: &Machine<'_>) -> Vec<Diagnostic> {
    let states: BTreeMap<&str, State<'_>> = machine.states().map(|state| (state.name, state)).collect();
    let mut found = Vec::new();
    for state in states.values() {
        for transition in state.transitions().iter().filter(|transition| !states.contains_key(transition.to))
        {
            let by = match transition.by {
                By::Next => "Next",
                By::Default => "Default",
                By::Choice(_) => "a rule",
                By::Catch(_) => "a catcher",
            };
            let message =
                format!("{by} of \"{}\" leads to \"{}\", which does not exist", state.name, transition.to);
            let help = closest(transition.to, states.keys().copied());
            found.push(did_you_mean(
                Diagnostic::new(Code::MissingTransitionTarget, transition.pointer.clone(), message),
                help,
            ));
        }
    }

    let Some(start) = machine.start_at().filter(|start| states.contains_key(start)) else { return found };
    let reached = closure(BTreeSet::from([start]), |name| successors(&states, name));
    // A name that is wrong leaves the state that was meant unreached, and all behind it. It is reported itself.
    if found.is_empty() {
        found.extend(unreached(&states, &reached));
    }

    // A state without any transition has been reported already.
    let stops = |state: &&State<'_>| state.is_end() || successors(&states, state.name).is_empty();
    let ends = states.values().filter(stops).map(|state| state.name).collect();
    let ending = closure(ends, |name| {
        let leads_here =
            move |state: &&State<'_>| state.transitions().iter().any(|transition| transition.to == name);
        let before = states.values().filter(leads_here);
        before.map(|state| state.name).collect()
    });
    for state in states.values().filter(|state| reached.contains(state.name) && !ending.contains(state.name))
    {
        let message = format!("no path leads from the state \"{}\" to an end", state.name);
        found.push(
            Diagnostic::new(Code::MissingEndState, state.pointer.clone(), message)
                .expected(r#"a Succeed state, a Fail state or one with "End": true"#),
        );
    }
    found
}

/// Reports the states that nothing leads to, but not those that only such states lead to.
fn unreached<'a>(states: &BTreeMap<&'a str, State<'a>>, reached: &BTreeSet<&'a str>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let others: Vec<&State<'_>> = states.values().filter(|state| !reached.contains(state.name)).collect();
    let from_another = |name: &str| {
        others.iter().any(|other| other.name != name && successors(states, other.name).contains(&name))
    };
    let (behind, first): (Vec<&State<'_>>, Vec<&State<'_>>) =
        others.iter().copied().partition(|state| from_another(state.name));
    let mut explained: BTreeSet<&str> = BTreeSet::new();
    // Of states that lead to each other in a circle the first is reported.
    for state in first.into_iter().chain(behind) {
        if explained.contains(state.name) {
            continue;
        }
        explained.extend(closure(BTreeSet::from([state.name]), |name| successors(states, name)));
        let message = format!("nothing leads to the state \"{}\"", state.name);
        found.push(
            Diagnostic::new(Code::UnreachableState, state.pointer.clone(), message)
                .at_key()
                .help("lead to it, or delete it"),
        );
    }
    found
}

fn successors<'a>(states: &BTreeMap<&'a str, State<'a>>, name: &str) -> Vec<&'a str> {
    let transitions = states.get(name).map(State::transitions).unwrap_or_default();
    // The key of the map is used, because a name without a state leads nowhere.
    transitions.iter().filter_map(|transition| states.get(transition.to).map(|state| state.name)).collect()
}

/// Returns everything that can be reached from `open`, which is included.
fn closure<'a>(open: BTreeSet<&'a str>, next: impl Fn(&str) -> Vec<&'a str>) -> BTreeSet<&'a str> {
    let mut seen = open.clone();
    let mut open: Vec<&str> = open.into_iter().collect();
    while let Some(name) = open.pop() {
        open.extend(next(name).into_iter().filter(|name| seen.insert(name)));
    }
    seen
}
