//! The document of `tablekeeper status`.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
pub use execution_report::{Activity, Doing, Failure};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Version of the document.
pub(super) const VERSION: u32 = 1;

/// What the executions of the deployed state machines do now, and how those of the day ended.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// Version of the document: 1.
    pub version: u32,
    /// Account number.
    pub account: Option<String>,
    /// Region.
    pub region: Option<String>,
    /// Time at which reading began.
    pub read_at: DateTime<Utc>,
    /// Time since which ended executions are counted.
    pub since: DateTime<Utc>,
    /// The state machines.
    pub machines: Vec<MachineStatus>,
    /// The executions that run, the newest first.
    pub running: Vec<RunningExecution>,
    /// Number of running executions that `running` leaves out.
    pub running_left_out: u64,
    /// The executions that failed, timed out or were aborted since `since`, the last one first.
    pub failed: Vec<FailedExecution>,
    /// Number of failed executions that `failed` leaves out.
    pub failed_left_out: u64,
    /// Number of calls of AWS, by action.
    pub calls: BTreeMap<String, u64>,
}

/// A state machine and the numbers of its executions.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MachineStatus {
    /// Workflow of the state machine, such as `rotate-restore`.
    pub workflow: String,
    /// ARN of the state machine.
    pub state_machine_arn: String,
    /// Numbers of executions; null if they are not known.
    pub executions: Option<Counts>,
    /// Why the executions are not known; null if they are.
    pub problem: Option<String>,
}

/// Numbers of executions of a state machine.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Executions that run.
    pub running: u64,
    /// Executions that succeeded.
    pub succeeded: u64,
    /// Executions that failed.
    pub failed: u64,
    /// Executions that reached their time limit.
    pub timed_out: u64,
    /// Executions that were stopped.
    pub aborted: u64,
    /// Whether there may be more, because the list was not read to its end.
    pub is_at_least: bool,
}

/// An execution that runs.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RunningExecution {
    /// Workflow of the execution.
    pub workflow: String,
    /// Name of the execution.
    pub name: String,
    /// ARN of the execution.
    pub execution_arn: String,
    /// Time when it started.
    pub started_at: DateTime<Utc>,
    /// Tables that its input names; null if the input could not be read.
    pub tables: Option<Vec<String>>,
    /// What it does now: one activity, or one for each item of a Map that runs. Null if it is not known.
    pub activities: Option<Vec<Activity>>,
    /// Whether there may be other activities, whose events are older than those that were read.
    pub may_do_more: bool,
    /// Why something about it is not known; null if all is.
    pub problem: Option<String>,
}

/// How an execution ended that did not succeed.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FailedStatus {
    /// It failed.
    Failed,
    /// It reached its time limit.
    TimedOut,
    /// It was stopped.
    Aborted,
    /// It failed and waits to be redriven.
    PendingRedrive,
}

/// An execution that failed, timed out or was aborted.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FailedExecution {
    /// Workflow of the execution.
    pub workflow: String,
    /// Name of the execution.
    pub name: String,
    /// ARN of the execution.
    pub execution_arn: String,
    /// How it ended.
    pub status: FailedStatus,
    /// Time when it started.
    pub started_at: DateTime<Utc>,
    /// Time when it ended.
    pub ended_at: DateTime<Utc>,
    /// Tables that it is about; null if its description could not be read.
    pub tables: Option<Vec<String>>,
    /// Error and cause; null if it has none, or if its description could not be read.
    pub failure: Option<Failure>,
    /// Why its tables and its error are not known; null if they are.
    pub problem: Option<String>,
}

impl FailedStatus {
    /// Returns the status in the words of Step Functions.
    pub fn name(self) -> &'static str {
        match self {
            FailedStatus::Failed => "FAILED",
            FailedStatus::TimedOut => "TIMED_OUT",
            FailedStatus::Aborted => "ABORTED",
            FailedStatus::PendingRedrive => "PENDING_REDRIVE",
        }
    }
}

impl Counts {
    /// Returns the number of executions that did not succeed.
    pub fn not_succeeded(&self) -> u64 {
        self.failed + self.timed_out + self.aborted
    }
}

impl Status {
    /// Returns whether an execution failed, or it is not known whether one did.
    pub fn is_bad(&self) -> bool {
        let is_bad = |counts: &Counts| counts.not_succeeded() > 0 || counts.is_at_least;
        // An execution may fail after it was listed as running.
        let activities = self.running.iter().filter_map(|execution| execution.activities.as_ref()).flatten();
        let mut ends = activities.filter_map(|activity| match &activity.doing {
            Doing::Ended { event } => Some(event.as_str()),
            _ => None,
        });
        self.machines.iter().any(|machine| machine.executions.as_ref().is_none_or(is_bad))
            || ends.any(|event| event != "ExecutionSucceeded")
    }
}
