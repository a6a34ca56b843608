//! The flow that an event is in: the events before it, its state, and the Maps and Parallels around it.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::DetailedEvent;

/// The events that were read, by their ids.
pub(super) struct Events<'a> {
    all: &'a [DetailedEvent],
    by_id: HashMap<i64, &'a DetailedEvent>,
}

/// The events of a flow since its state was entered, and where the state is.
pub(super) struct Chain<'a> {
    last: &'a DetailedEvent,
    /// The events since the state was entered, the last one first.
    pub(super) links: Vec<&'a DetailedEvent>,
    /// The events before the state was entered, the last one first.
    pub(super) before: Vec<&'a DetailedEvent>,
    /// Name of the state.
    pub(super) state: Option<String>,
    /// Maps and Parallels around the state, the outermost first.
    pub(super) within: Vec<String>,
}

impl<'a> Events<'a> {
    pub(super) fn new(all: &'a [DetailedEvent]) -> Events<'a> {
        Events { all, by_id: all.iter().map(|event| (event.event.id, event)).collect() }
    }

    /// Returns the flow that ends with an event.
    pub(super) fn chain(&self, last: &'a DetailedEvent, definition: &Value) -> Chain<'a> {
        let previous = |event: &&'a DetailedEvent| {
            // Ids grow, so a history that says otherwise does not lead in a circle.
            let before = self.by_id.get(&event.event.previous_id).copied();
            before.filter(|before| before.event.id < event.event.id)
        };
        let mut events = std::iter::successors(Some(last), previous);
        let (mut links, mut state) = (Vec::new(), None);
        for event in events.by_ref() {
            links.push(event);
            let kind = &event.event.kind;
            if kind.ends_with("StateEntered") || kind.ends_with("StateExited") {
                state.clone_from(&event.event.state);
                break;
            }
            // The state before this one is another one.
            if matches!(kind.as_str(), "ExecutionStarted" | "MapIterationStarted") {
                state.clone_from(&event.map);
                break;
            }
        }
        let before: Vec<_> = events.collect();
        let within = match state.as_deref().and_then(|name| around(definition, name)) {
            Some(within) => within,
            None => enclosing(&links, &before),
        };
        Chain { last, links, before, state, within }
    }

    /// Returns whether a Map or Parallel around the state has been left since, or the flow is one that has ended.
    pub(super) fn is_over(&self, chain: &Chain<'_>) -> bool {
        let at = chain.last.event.id;
        let is_left = |name: &String| {
            self.all.iter().any(|event| {
                event.event.id > at
                    && event.event.kind.ends_with("StateExited")
                    && event.event.state.as_ref() == Some(name)
            })
        };
        let kind = chain.last.event.kind.as_str();
        let has_ended =
            ["MapIterationSucceeded", "MapIterationFailed", "MapIterationAborted"].contains(&kind);
        has_ended || chain.within.iter().any(is_left)
    }
}

impl<'a> Chain<'a> {
    /// Returns the last event of the flow.
    pub(super) fn leaf(&self) -> &'a DetailedEvent {
        self.last
    }

    /// Returns the event with which the state was entered, if it was read.
    pub(super) fn entered(&self) -> Option<&'a DetailedEvent> {
        self.links.last().copied().filter(|event| event.event.kind.ends_with("StateEntered"))
    }

    /// Returns the time when the last try of the task was scheduled.
    pub(super) fn scheduled(&self) -> DateTime<Utc> {
        let scheduled = self.links.iter().find(|event| event.event.kind.ends_with("Scheduled"));
        scheduled.unwrap_or(&self.last).event.at
    }
}

/// Returns the Maps and Parallels that are entered and not left before a flow's state, by the events alone.
fn enclosing(links: &[&DetailedEvent], before: &[&DetailedEvent]) -> Vec<String> {
    let mut within = Vec::new();
    let mut left: Vec<&str> = Vec::new();
    let own = links.last().into_iter().filter(|event| event.event.kind.ends_with("StateExited"));
    for event in own.chain(before) {
        let Some(name) = event.event.state.as_deref().or(event.map.as_deref()) else { continue };
        match event.event.kind.as_str() {
            kind if kind.ends_with("StateExited") => left.push(name),
            kind if kind.ends_with("StateEntered") && left.last() == Some(&name) => drop(left.pop()),
            "MapStateEntered" | "ParallelStateEntered" | "MapIterationStarted"
                if !left.contains(&name) && !within.iter().any(|known| known == name) =>
            {
                within.push(name.to_owned());
            }
            _ => {}
        }
    }
    within.reverse();
    within
}

/// Returns the Maps and Parallels around a state of the definition, the outermost first; `None` if it has no such state.
fn around(machine: &Value, name: &str) -> Option<Vec<String>> {
    let states = machine.get("States")?.as_object()?;
    if states.contains_key(name) {
        return Some(Vec::new());
    }
    states.iter().find_map(|(outer, state)| {
        let mut within = inner(state).find_map(|machine| around(machine, name))?;
        within.insert(0, outer.clone());
        Some(within)
    })
}

/// Returns the definition of a state. The name of a state is unique, also among those of Maps and Parallels.
pub(super) fn state<'a>(machine: &'a Value, name: &str) -> Option<&'a Value> {
    let states = machine.get("States")?.as_object()?;
    states.get(name).or_else(|| states.values().flat_map(inner).find_map(|machine| state(machine, name)))
}

/// Returns the machines within a state.
fn inner(state: &Value) -> impl Iterator<Item = &Value> {
    let branches = state.get("Branches").and_then(Value::as_array).into_iter().flatten();
    ["ItemProcessor", "Iterator"].into_iter().filter_map(|name| state.get(name)).chain(branches)
}
