//! What a running execution does now, by the newest events of its history.
//!
//! The history of an execution is a tree: each event names the one before it in the same flow. An event that no other one
//! names is the last of its flow, so it says what the flow does now. The newest events are enough to know that, however long
//! the history is. If a state was entered before the events that were read, its name is not known.

mod chain;
mod tries;
mod wait;

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::history::{Event, Failure};
use chain::{Chain, Events};

/// An event of a history, with the data that its report leaves out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DetailedEvent {
    /// The event.
    pub event: Event,
    /// Input of the state that is entered.
    pub input: Option<Value>,
    /// Variables that the state assigned that is left.
    pub assigned: BTreeMap<String, Value>,
    /// ARN of the nested execution that a task started.
    pub nested: Option<String>,
    /// Name of the Map whose item begins.
    pub map: Option<String>,
}

/// What a flow of an execution does now. A Map has a flow for each item that runs.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Activity {
    /// Name of the state; null if it was entered before the events that were read.
    pub state: Option<String>,
    /// Names of the Maps and Parallels that the state is in, the outermost first.
    pub within: Vec<String>,
    /// Time since which the flow does this.
    pub since: DateTime<Utc>,
    /// What the flow does.
    pub doing: Doing,
}

/// What a flow does.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "is")]
pub enum Doing {
    /// It waits in a Wait state.
    Waiting {
        /// Time at which the wait ends; null if it is not known.
        until: Option<DateTime<Utc>>,
    },
    /// It runs a task.
    Running {
        /// Time limit of the task; null if it is not known, or if there is none.
        limit: Option<DateTime<Utc>>,
        /// ARN of the nested execution that the task waits for; null without one.
        execution: Option<String>,
    },
    /// A try of a task failed, and the state machine tries again.
    Retrying {
        /// Number of tries that failed since the state was entered.
        failed: u64,
        /// Time of the next try; null if it is not known.
        next: Option<DateTime<Utc>>,
        /// Whether the next try may begin earlier, because its wait is random.
        is_latest: bool,
        /// Error and cause of the last try.
        failure: Failure,
    },
    /// A try failed, and what the state machine does about it is not known.
    Failed {
        /// Error and cause; null if the history does not have them.
        failure: Option<Failure>,
    },
    /// It goes from one state to the next one.
    Moving,
    /// The execution has ended since it was listed.
    Ended {
        /// Type of the last event, such as `ExecutionSucceeded`.
        event: String,
    },
}

/// Returns what an execution does now, by the newest events of its history, oldest first, and by the definition of its state
/// machine. Returns nothing without an event.
pub fn activities(newest: &[DetailedEvent], definition: &Value) -> Vec<Activity> {
    let events = Events::new(newest);
    let Some(last) = newest.last() else { return Vec::new() };
    if is_end(&last.event.kind) {
        return vec![activity(&events.chain(last, definition), definition)];
    }
    let named: HashSet<i64> = newest.iter().map(|event| event.event.previous_id).collect();
    let leaves = newest.iter().filter(|event| !named.contains(&event.event.id));
    let chains: Vec<Chain<'_>> = leaves.map(|leaf| events.chain(leaf, definition)).collect();
    let mut current: Vec<Activity> = chains
        .iter()
        .filter(|chain| !events.is_over(chain))
        .map(|chain| activity(chain, definition))
        .filter(|activity| activity.doing != Doing::Moving)
        .collect();
    if current.is_empty() {
        current.push(activity(&events.chain(last, definition), definition));
    }
    current
}

fn is_end(kind: &str) -> bool {
    matches!(kind, "ExecutionSucceeded" | "ExecutionFailed" | "ExecutionAborted" | "ExecutionTimedOut")
}

fn activity(chain: &Chain<'_>, definition: &Value) -> Activity {
    let leaf = chain.leaf();
    let kind = leaf.event.kind.as_str();
    let state = chain.state.as_deref().and_then(|name| chain::state(definition, name));
    let (doing, since) = match kind {
        kind if is_end(kind) => (Doing::Ended { event: kind.to_owned() }, leaf.event.at),
        "WaitStateEntered" => {
            (Doing::Waiting { until: state.and_then(|state| wait::until(state, chain)) }, leaf.event.at)
        }
        kind if is_failure(kind) => (tries::after_failure(chain, state), leaf.event.at),
        kind if is_running(kind) => {
            let scheduled = chain.scheduled();
            let seconds = state.and_then(|state| state.get("TimeoutSeconds")?.as_i64());
            let limit =
                seconds.and_then(|seconds| scheduled.checked_add_signed(TimeDelta::try_seconds(seconds)?));
            let execution = chain.links.iter().find_map(|event| event.nested.clone());
            (Doing::Running { limit, execution }, scheduled)
        }
        _ => (Doing::Moving, leaf.event.at),
    };
    Activity { state: chain.state.clone(), within: chain.within.clone(), since, doing }
}

fn is_failure(kind: &str) -> bool {
    kind.ends_with("Failed") || kind.ends_with("TimedOut")
}

/// Returns whether a task runs after an event of this type.
fn is_running(kind: &str) -> bool {
    let of_a_task =
        ["Task", "LambdaFunction", "Activity", "MapRun"].iter().any(|kinds| kind.starts_with(kinds));
    of_a_task && ["Entered", "Scheduled", "Started", "Submitted"].iter().any(|end| kind.ends_with(end))
}

#[cfg(test)]
mod tests;
