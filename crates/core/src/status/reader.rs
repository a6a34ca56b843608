//! Reads the status of the deployed state machines, again and again.

use std::collections::HashMap;

use aws_sdk_sfn::Client;
use aws_sdk_sfn::error::ProvideErrorMetadata as _;
use aws_sdk_sfn::types::{ExecutionListItem, ExecutionStatus};
use chrono::{DateTime, TimeDelta, Utc};
use execution_report::Failure;
use futures::{StreamExt as _, stream};
use serde_json::Value;

use super::history;
use super::listing::{Listing, list};
use super::model::{Counts, FailedExecution, FailedStatus, MachineStatus, RunningExecution, Status, VERSION};
use super::rates::{DEFINITION, DESCRIBE, Turns};
use crate::aws::arn::Arn;
use crate::aws::execution_history::json;
use crate::aws::failure::AwsFailure;
use crate::clock::utc_milliseconds;
use crate::execution_tables::Tables;

/// The most running executions that are read.
pub const MOST_RUNNING: usize = 50;
/// The most failed executions that are read.
pub const MOST_FAILED: usize = 50;
/// Calls that are made at a time.
const AT_A_TIME: usize = 4;
/// Age at which a definition is read again.
const DEFINITION_AGE: TimeDelta = TimeDelta::minutes(5);

/// A deployed state machine.
#[derive(Clone, Debug, PartialEq)]
pub struct Machine {
    /// Workflow of the state machine, such as `rotate-restore`.
    pub workflow: String,
    /// ARN of the state machine.
    pub arn: String,
}

/// A reader of the status. It reads what does not change once.
#[derive(Debug)]
pub struct Reader {
    sfn: Client,
    machines: Vec<Machine>,
    /// What does not change of an execution, by its ARN and the time of its end.
    described: HashMap<(String, Option<DateTime<Utc>>), Described>,
    /// Definitions of state machines, by the ARN of the state machine or its version, with the time when they were read.
    definitions: HashMap<String, (DateTime<Utc>, Value)>,
}

/// What the description of an execution says.
#[derive(Clone, Debug)]
struct Described {
    tables: Vec<String>,
    failure: Option<Failure>,
}

/// A listed execution, with the workflow of its state machine.
#[derive(Clone, Copy)]
struct Listed<'a> {
    workflow: &'a str,
    item: &'a ExecutionListItem,
}

impl Reader {
    /// Creates a reader of these state machines.
    pub fn new(sfn: Client, machines: Vec<Machine>) -> Reader {
        Reader { sfn, machines, described: HashMap::new(), definitions: HashMap::new() }
    }

    /// Reads the status at a time: what runs, and what ended since another one.
    pub async fn read(&mut self, now: DateTime<Utc>, since: DateTime<Utc>) -> Status {
        let turns = Turns::new();
        let lists: Vec<_> =
            self.machines.iter().map(|machine| list(&self.sfn, &machine.arn, since, &turns)).collect();
        let listings: Vec<Result<Listing, String>> = stream::iter(lists).buffered(AT_A_TIME).collect().await;
        let machines: Vec<MachineStatus> =
            self.machines.iter().zip(&listings).map(|(of, listing)| machine(of, listing, since)).collect();
        let workflows: Vec<String> = self.machines.iter().map(|machine| machine.workflow.clone()).collect();
        let listed = workflows.iter().zip(&listings).flat_map(|(workflow, listing)| {
            let items = listing.iter().flat_map(|listing| &listing.executions);
            items.map(|item| Listed { workflow, item })
        });
        let listed: Vec<Listed<'_>> = listed.collect();
        let mut running: Vec<Listed<'_>> = listed.iter().filter(|one| one.is_running()).copied().collect();
        running.sort_by_key(|one| std::cmp::Reverse(one.started()));
        let mut failed: Vec<(Listed<'_>, FailedStatus, DateTime<Utc>)> =
            listed.iter().filter_map(|one| one.failed(since)).collect();
        failed.sort_by_key(|(_, _, ended)| std::cmp::Reverse(*ended));
        let left_out = |all: usize, most: usize| all.saturating_sub(most) as u64;
        let running_left_out = left_out(running.len(), MOST_RUNNING);
        let failed_left_out = left_out(failed.len(), MOST_FAILED);
        running.truncate(MOST_RUNNING);
        failed.truncate(MOST_FAILED);

        let shown: Vec<Listed<'_>> =
            running.iter().copied().chain(failed.iter().map(|(one, _, _)| *one)).collect();
        let problems = self.describe(&shown, &turns).await;
        self.define(&running, now, &turns).await;
        let nows: Vec<_> = running
            .iter()
            .map(|one| {
                let definition =
                    self.definitions.get(&one.definition_arn()).map(|(_, definition)| definition);
                let definition = definition.unwrap_or(&Value::Null);
                history::now(&self.sfn, &one.item.execution_arn, definition, &turns)
            })
            .collect();
        let nows: Vec<Result<history::Now, String>> = stream::iter(nows).buffered(AT_A_TIME).collect().await;
        let place = self.machines.first().and_then(|machine| Arn::parse(&machine.arn));
        Status {
            version: VERSION,
            account: place.map(|arn| arn.account.to_owned()),
            region: place.map(|arn| arn.region.to_owned()),
            read_at: now,
            since,
            running: running
                .iter()
                .zip(nows)
                .map(|(one, now)| self.running(*one, now, problems.get(&one.key())))
                .collect(),
            running_left_out,
            failed: failed
                .iter()
                .map(|(one, status, ended)| self.failed(*one, *status, *ended, problems.get(&one.key())))
                .collect(),
            failed_left_out,
            machines,
            calls: turns.counted(),
        }
    }

    /// Describes the executions that were not described before, and forgets the others. Returns why some could not be.
    async fn describe(
        &mut self,
        shown: &[Listed<'_>],
        turns: &Turns,
    ) -> HashMap<(String, Option<DateTime<Utc>>), String> {
        let keys: Vec<_> = shown.iter().map(Listed::key).collect();
        self.described.retain(|key, _| keys.contains(key));
        let missing = keys.into_iter().filter(|key| !self.described.contains_key(key));
        let reads: Vec<_> = missing
            .map(|key| {
                let sfn = self.sfn.clone();
                async move {
                    turns.take(DESCRIBE).await;
                    let read = describe(&sfn, &key.0).await;
                    (key, read)
                }
            })
            .collect();
        let mut problems = HashMap::new();
        for (key, read) in stream::iter(reads).buffered(AT_A_TIME).collect::<Vec<_>>().await {
            match read {
                Ok(described) => drop(self.described.insert(key, described)),
                Err(problem) => drop(problems.insert(key, problem)),
            }
        }
        problems
    }

    /// Reads the definitions of the running executions. Without permission to do so, the ends of waits and retries are not
    /// known.
    async fn define(&mut self, running: &[Listed<'_>], now: DateTime<Utc>, turns: &Turns) {
        self.definitions.retain(|_, (read_at, _)| now - *read_at < DEFINITION_AGE);
        for one in running {
            let arn = one.definition_arn();
            if self.definitions.contains_key(&arn) {
                continue;
            }
            turns.take(DEFINITION).await;
            let described = self.sfn.describe_state_machine().state_machine_arn(&arn).send().await;
            let definition = described.ok().and_then(|machine| json(Some(&machine.definition)));
            self.definitions.insert(arn, (now, definition.unwrap_or_default()));
        }
    }

    fn running(
        &self,
        one: Listed<'_>,
        now: Result<history::Now, String>,
        problem: Option<&String>,
    ) -> RunningExecution {
        let (now, unknown) = match now {
            Ok(now) => (Some(now), None),
            Err(problem) => (None, Some(problem)),
        };
        RunningExecution {
            workflow: one.workflow.to_owned(),
            name: one.item.name.clone(),
            execution_arn: one.item.execution_arn.clone(),
            started_at: one.started(),
            tables: self.described.get(&one.key()).map(|described| described.tables.clone()),
            may_do_more: now.as_ref().is_none_or(|now| now.may_do_more),
            activities: now.map(|now| now.activities),
            problem: unknown.or_else(|| problem.cloned()),
        }
    }

    fn failed(
        &self,
        one: Listed<'_>,
        status: FailedStatus,
        ended_at: DateTime<Utc>,
        problem: Option<&String>,
    ) -> FailedExecution {
        let described = self.described.get(&one.key());
        FailedExecution {
            workflow: one.workflow.to_owned(),
            name: one.item.name.clone(),
            execution_arn: one.item.execution_arn.clone(),
            status,
            started_at: one.started(),
            ended_at,
            tables: described.map(|described| described.tables.clone()),
            failure: described.and_then(|described| described.failure.clone()),
            problem: problem.cloned(),
        }
    }
}

impl<'a> Listed<'a> {
    /// Returns whether the execution has not ended. A status that is not known here is none of an end.
    fn is_running(&self) -> bool {
        !matches!(
            self.item.status,
            ExecutionStatus::Succeeded
                | ExecutionStatus::Failed
                | ExecutionStatus::TimedOut
                | ExecutionStatus::Aborted
                | ExecutionStatus::PendingRedrive
        )
    }

    fn started(&self) -> DateTime<Utc> {
        utc_milliseconds(&self.item.start_date)
    }

    fn ended(&self) -> Option<DateTime<Utc>> {
        self.item.stop_date.as_ref().map(utc_milliseconds)
    }

    fn key(&self) -> (String, Option<DateTime<Utc>>) {
        (self.item.execution_arn.clone(), self.ended())
    }

    /// Returns the ARN of the version that runs, or of the state machine without versions.
    fn definition_arn(&self) -> String {
        let version = self.item.state_machine_version_arn.as_ref();
        version.unwrap_or(&self.item.state_machine_arn).clone()
    }

    /// Returns how and when the execution failed, if it did since this time.
    fn failed(self, since: DateTime<Utc>) -> Option<(Listed<'a>, FailedStatus, DateTime<Utc>)> {
        let status = match self.item.status {
            ExecutionStatus::Failed => FailedStatus::Failed,
            ExecutionStatus::TimedOut => FailedStatus::TimedOut,
            ExecutionStatus::Aborted => FailedStatus::Aborted,
            ExecutionStatus::PendingRedrive => FailedStatus::PendingRedrive,
            _ => return None,
        };
        // One without an end has failed just now.
        let ended = self.ended().unwrap_or_else(|| self.started().max(since));
        (ended >= since).then_some((self, status, ended))
    }
}

/// Counts the executions of a state machine.
fn machine(machine: &Machine, listing: &Result<Listing, String>, since: DateTime<Utc>) -> MachineStatus {
    let counts = listing.as_ref().ok().map(|listing| {
        let mut counts = Counts { is_at_least: listing.is_at_least, ..Counts::default() };
        for item in &listing.executions {
            let one = Listed { workflow: &machine.workflow, item };
            let count = match (one.failed(since), &item.status) {
                (Some((_, FailedStatus::TimedOut, _)), _) => &mut counts.timed_out,
                (Some((_, FailedStatus::Aborted, _)), _) => &mut counts.aborted,
                (Some(_), _) => &mut counts.failed,
                (None, _) if one.is_running() => &mut counts.running,
                (None, ExecutionStatus::Succeeded) if one.ended().is_some_and(|ended| ended >= since) => {
                    &mut counts.succeeded
                }
                _ => continue,
            };
            *count += 1;
        }
        counts
    });
    MachineStatus {
        workflow: machine.workflow.clone(),
        state_machine_arn: machine.arn.clone(),
        executions: counts,
        problem: listing.as_ref().err().cloned(),
    }
}

/// Describes an execution. The error is a sentence.
async fn describe(sfn: &Client, arn: &str) -> Result<Described, String> {
    let described = sfn.describe_execution().execution_arn(arn).send().await;
    let described = described.map_err(|error| match error.code() {
        Some("ExecutionDoesNotExist") => "the execution does not exist".to_owned(),
        _ => AwsFailure::from_call(DESCRIBE)(error).to_string(),
    })?;
    let value = |text: Option<&str>| json(text).unwrap_or_default();
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let (error, cause) = (text(described.error()), text(described.cause()));
    let has_failure = !(error.is_empty() && cause.is_empty());
    Ok(Described {
        tables: Tables::new(&value(described.input()), &value(described.output())).shown,
        failure: has_failure.then(|| Failure::new(&error, &cause)),
    })
}
