//! The document of an execution.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::calls::{Calls, calls};
use crate::graph;
use crate::history::{Event, Failure, Visit, visits};
use crate::redaction::redact;
use crate::timeline::{Entry, MOST_ENTRIES, timeline};

/// What Step Functions says about an execution: the members of DescribeExecution and its history.
#[derive(Clone, Debug)]
pub struct Execution {
    /// ARN of the execution.
    pub arn: String,
    /// ARN of the state machine.
    pub state_machine_arn: String,
    /// ARN of the log group of the state machine; `None` if it logs nothing.
    pub log_group: Option<String>,
    /// How the execution ended, or that it runs.
    pub status: Status,
    /// Time when it started.
    pub started_at: DateTime<Utc>,
    /// Time when it ended; `None` while it runs.
    pub ended_at: Option<DateTime<Utc>>,
    /// Input of the execution.
    pub input: Value,
    /// Output of the execution; `None` unless it succeeded.
    pub output: Option<Value>,
    /// Error and cause; `None` unless it failed.
    pub failure: Option<Failure>,
    /// Definition of the state machine, as the execution used it.
    pub definition: Value,
    /// The whole history, oldest event first.
    pub events: Vec<Event>,
}

/// How an execution ended.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// It has not ended.
    Running,
    /// It succeeded.
    Succeeded,
    /// It failed.
    Failed,
    /// It reached the time limit of its state machine.
    TimedOut,
    /// It was stopped.
    Aborted,
    /// It failed and waits to be redriven.
    PendingRedrive,
}

impl Status {
    /// Returns the status of this name of Step Functions. An unknown one is an execution that has not ended.
    pub fn parse(name: &str) -> Status {
        match name {
            "SUCCEEDED" => Status::Succeeded,
            "FAILED" => Status::Failed,
            "TIMED_OUT" => Status::TimedOut,
            "ABORTED" => Status::Aborted,
            "PENDING_REDRIVE" => Status::PendingRedrive,
            _ => Status::Running,
        }
    }

    /// Returns what the execution did, as the verb of a sentence.
    pub fn verb(self) -> &'static str {
        match self {
            Status::Running => "is running",
            Status::Succeeded => "succeeded",
            Status::Failed => "failed",
            Status::TimedOut => "reached its time limit",
            Status::Aborted => "was stopped",
            Status::PendingRedrive => "failed and waits to be redriven",
        }
    }
}

/// A fact about an execution that its caller knows, such as a table with a link to the console.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Fact {
    /// Name of the fact, such as `Table`.
    pub name: String,
    /// Value of the fact.
    pub value: String,
    /// Address of a page about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// The report of an execution.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Report {
    /// Name of the workflow, such as `rotate-restore`.
    pub workflow: String,
    /// Name of the execution.
    pub name: String,
    /// ARN of the execution.
    pub execution_arn: String,
    /// ARN of the state machine.
    pub state_machine_arn: String,
    /// How the execution ended.
    pub status: Status,
    /// What happened, in one sentence.
    pub sentence: String,
    /// What the execution did, a sentence fragment for each table.
    pub outcome: Vec<String>,
    /// Further facts, such as tables and parameters.
    pub facts: Vec<Fact>,
    /// Time when the execution started.
    pub started_at: DateTime<Utc>,
    /// Time when the execution ended; null while it runs.
    pub ended_at: Option<DateTime<Utc>>,
    /// Duration in seconds; null while it runs.
    pub seconds: Option<f64>,
    /// Error and cause of a failed execution.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// Input of the execution, without items and their keys.
    pub input: Value,
    /// Output of the execution, without items and their keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<Value>,
    /// What the state machine does: the comment of its definition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// The states of the definition: those that were entered, in their order, and then the others.
    pub states: Vec<StateReport>,
    /// Transitions that the execution took.
    pub taken: BTreeSet<Transition>,
    /// When the states were visited.
    pub timeline: Vec<Entry>,
    /// Number of entries that the timeline leaves out.
    pub left_out: usize,
    /// Number of state transitions, which is what Step Functions bills.
    pub transitions: usize,
    /// Calls of other services, which these bill: those of Lambda by request and time.
    #[serde(default)]
    pub calls: Vec<Calls>,
    /// Number of tries that failed.
    pub failures: usize,
    /// Seconds in Wait states.
    pub waited_seconds: f64,
    /// Number of events of the history.
    pub events: usize,
}

/// A state of the definition and its visits.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct StateReport {
    /// Name of the state.
    pub name: String,
    /// Type of the state, such as `Task`.
    #[serde(rename = "Type")]
    pub kind: String,
    /// What the state does: its comment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Number of visits.
    pub visits: usize,
    /// Seconds from entering to leaving, summed over the visits that were left.
    pub seconds: f64,
    /// Errors of tries.
    pub failures: Vec<RepeatedFailure>,
    /// States that may follow.
    pub next: Vec<String>,
    /// States that catch its errors.
    pub catchers: Vec<String>,
}

/// A transition between two states.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Transition {
    /// Name of the state before.
    pub from: String,
    /// Name of the state after.
    pub to: String,
}

/// An error of tries, with the number of times.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct RepeatedFailure {
    /// The error and its cause.
    #[serde(flatten)]
    pub failure: Failure,
    /// Number of tries that failed by it.
    pub times: usize,
}

impl Report {
    /// Makes the report of an execution. `outcome` says what it did, if the caller knows.
    pub fn new(workflow: &str, execution: Execution, outcome: Vec<String>, facts: Vec<Fact>) -> Report {
        let Execution { mut input, mut output, .. } = execution;
        redact(&mut input);
        if let Some(output) = &mut output {
            redact(output);
        }
        let visits = visits(&execution.events);
        let transition = |visit: &Visit| {
            let from = visits.get(visit.before?)?.state.clone();
            Some(Transition { from, to: visit.state.clone() })
        };
        let taken = visits.iter().filter_map(transition).collect();
        let length = |visit: &Visit| visit.left.map_or(0.0, |left| seconds(visit.entered, left));
        let first = |state: &str| visits.iter().position(|visit| visit.state == state).unwrap_or(usize::MAX);
        let mut states: Vec<StateReport> = graph::states(&execution.definition)
            .into_iter()
            .map(|state| {
                let own = || visits.iter().filter(|visit| visit.state == state.name);
                StateReport {
                    visits: own().count(),
                    seconds: own().map(length).sum(),
                    failures: counted(own().flat_map(|visit| &visit.failures)),
                    name: state.name,
                    kind: state.kind,
                    comment: state.comment,
                    next: state.next,
                    catchers: state.catchers,
                }
            })
            .collect();
        states.sort_by_key(|state| first(&state.name));
        // A Choice takes no time.
        let mut timeline = timeline(visits.iter().filter(|visit| visit.kind != "Choice"));
        let left_out = timeline.len().saturating_sub(MOST_ENTRIES);
        timeline.truncate(MOST_ENTRIES);
        let mut report = Report {
            workflow: workflow.to_owned(),
            name: execution.arn.rsplit(':').next().unwrap_or_default().to_owned(),
            execution_arn: execution.arn,
            state_machine_arn: execution.state_machine_arn,
            status: execution.status,
            sentence: String::new(),
            outcome,
            facts,
            started_at: execution.started_at,
            ended_at: execution.ended_at,
            seconds: execution.ended_at.map(|ended| seconds(execution.started_at, ended)),
            failure: execution.failure,
            input,
            output,
            comment: execution.definition.get("Comment").and_then(Value::as_str).map(str::to_owned),
            states,
            taken,
            timeline,
            left_out,
            transitions: visits.len(),
            calls: calls(&execution.events),
            failures: visits.iter().map(|visit| visit.failures.len()).sum(),
            waited_seconds: visits.iter().filter(|visit| visit.kind == "Wait").map(length).sum(),
            events: execution.events.len(),
        };
        report.sentence = report.describe();
        report
    }

    /// Says in one sentence what happened.
    fn describe(&self) -> String {
        let Report { workflow, status, .. } = self;
        let after = self.seconds.map(|seconds| format!(" after {}", duration(seconds))).unwrap_or_default();
        let why = match &self.failure {
            Some(failure) if !failure.error.is_empty() => format!(" by {}", failure.error),
            _ => String::new(),
        };
        format!("{workflow} {}{why}{after}.", status.verb())
    }
}

fn seconds(from: DateTime<Utc>, to: DateTime<Utc>) -> f64 {
    (to - from).as_seconds_f64()
}

/// Counts equal failures, in the order in which they came.
fn counted<'a>(failures: impl Iterator<Item = &'a Failure>) -> Vec<RepeatedFailure> {
    let mut counted: Vec<RepeatedFailure> = Vec::new();
    for failure in failures {
        match counted.iter_mut().find(|known| known.failure == *failure) {
            Some(known) => known.times += 1,
            None => counted.push(RepeatedFailure { failure: failure.clone(), times: 1 }),
        }
    }
    counted
}

/// Shows a duration, such as `12 min 4 s`.
pub(crate) fn duration(seconds: f64) -> String {
    let whole = seconds.max(0.0).round() as u64;
    let (days, hours, minutes, rest) = (whole / 86_400, whole / 3_600 % 24, whole / 60 % 60, whole % 60);
    let part = |count: u64, unit: &str| (count > 0).then(|| format!("{count} {unit}"));
    let parts = [part(days, "d"), part(hours, "h"), part(minutes, "min"), part(rest, "s")];
    let shown: Vec<String> = parts.into_iter().flatten().take(2).collect();
    match shown.is_empty() {
        true => format!("{:.1} s", seconds.max(0.0)),
        false => shown.join(" "),
    }
}

#[cfg(test)]
pub(crate) mod tests;
