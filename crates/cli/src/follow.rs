//! Follows an execution by polling its history.
//!
//! Each poll requests the newest events first and pages backwards until it reaches an event that it has seen. So a poll
//! costs one call, however long the history is. No page token is reused between polls, because Step Functions does not
//! promise that it covers later events.

mod progress_printer;
mod retries;
mod to_end;

use std::{collections::HashMap, time::Duration};

use anyhow::{Context as _, bail};
use aws_sdk_sfn::{
    Client,
    error::{ProvideErrorMetadata as _, SdkError},
    operation::get_execution_history::GetExecutionHistoryError,
    types::{HistoryEvent, HistoryEventType},
};
use serde::Serialize;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::failure;
use execution_report::message_of;
pub(crate) use progress_printer::ProgressPrinter;
pub(crate) use to_end::to_end;

/// How long errors of AWS are tolerated, in addition to the SDK's own retries.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long an execution that was just started may be unknown, because histories are eventually consistent.
const APPEARANCE: Duration = Duration::from_secs(10);

/// A step of an execution that is shown to people.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Transition {
    /// The execution entered a state.
    Entered { state: String, kind: String },
    /// A task succeeded.
    Succeeded { output: Option<Value> },
    /// A try of a task failed. The state machine may retry or catch the error.
    Failed { visit: Option<Visit>, error: String, cause: String },
    /// The execution ended.
    Ended(Outcome),
}

/// A visit of a state. A state may be entered several times, in a Map at the same time.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Visit {
    /// Id of the event with which the state was entered.
    entered: i64,
    /// Name of the state.
    state: String,
}

/// The result of an execution.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Outcome {
    /// Status of the execution: SUCCEEDED, FAILED, TIMED_OUT or ABORTED.
    pub(crate) status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) output: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cause: Option<String>,
    /// Number of states that the execution entered.
    pub(crate) states_entered: usize,
}

impl Outcome {
    /// Returns whether the execution succeeded.
    pub(crate) fn succeeded(&self) -> bool {
        self.status == "SUCCEEDED"
    }

    /// Returns the status, with error and cause if there are any.
    pub(crate) fn describe(&self) -> String {
        let cause = self.cause.as_deref().map(message_of);
        [Some(self.status.as_str()), self.error.as_deref(), cause.as_deref()]
            .into_iter()
            .flatten()
            .filter(|text| !text.is_empty())
            .collect::<Vec<_>>()
            .join(": ")
    }
}

/// A transition with its time in seconds since the start of the execution, by the clock of Step Functions.
pub(crate) type Timed = (f64, Transition);

/// A reader of the history of one execution. It returns each event once.
#[derive(Debug)]
pub(crate) struct Follower {
    client: Client,
    execution_arn: String,
    seen: i64,
    started: f64,
    entered: usize,
    /// The visit of each event, by the event's id.
    visits: HashMap<i64, Visit>,
}

impl Follower {
    pub(crate) fn new(client: Client, execution_arn: &str) -> Self {
        let visits = HashMap::new();
        Self { client, execution_arn: execution_arn.to_owned(), seen: 0, started: 0.0, entered: 0, visits }
    }

    /// Polls every `interval` until there are new transitions, and returns them in order.
    pub(crate) async fn next(&mut self, interval: Duration) -> anyhow::Result<Vec<Timed>> {
        let mut troubled: Option<Instant> = None;
        loop {
            let pause = match self.poll().await {
                Ok(happenings) if !happenings.is_empty() => return Ok(happenings),
                Ok(_) => {
                    troubled = None;
                    interval
                }
                Err(error) => {
                    let since = *troubled.get_or_insert_with(Instant::now);
                    if since.elapsed() >= self.schedule(&error) {
                        return Err(failure::aws("states:GetExecutionHistory")(error))
                            .with_context(|| format!("cannot follow {}", self.execution_arn));
                    }
                    interval.max(since.elapsed().min(Duration::from_secs(5)))
                }
            };
            sleep(pause).await;
        }
    }

    /// Polls once, and returns the transitions since the last poll.
    async fn poll(&mut self) -> Result<Vec<Timed>, SdkError<GetExecutionHistoryError>> {
        let mut news = Vec::new();
        let mut token = None;
        loop {
            let page = self
                .client
                .get_execution_history()
                .execution_arn(&self.execution_arn)
                .reverse_order(true)
                .set_next_token(token)
                .send()
                .await?;
            let unseen = page.events.iter().take_while(|event| event.id > self.seen).count();
            let met = unseen < page.events.len();
            news.extend(page.events.into_iter().take(unseen));
            token = page.next_token.filter(|_| !met);
            if token.is_none() {
                break;
            }
        }
        news.reverse();
        self.seen = news.last().map_or(self.seen, |event| event.id);
        Ok(news.iter().filter_map(|event| self.read(event)).collect())
    }

    fn read(&mut self, event: &HistoryEvent) -> Option<Timed> {
        let time = event.timestamp.as_secs_f64();
        if event.r#type == HistoryEventType::ExecutionStarted {
            self.started = time;
        }
        let visit = match event.state_entered_event_details() {
            Some(details) => Some(Visit { entered: event.id, state: details.name.clone() }),
            None => self.visits.get(&event.previous_event_id).cloned(),
        };
        if let Some(visit) = &visit {
            self.visits.insert(event.id, visit.clone());
        }
        let mut happening = read(event)?;
        match &mut happening {
            Transition::Entered { .. } => self.entered += 1,
            Transition::Failed { visit: failed, .. } => *failed = visit,
            Transition::Ended(outcome) => outcome.states_entered = self.entered,
            _ => {}
        }
        Some((time - self.started, happening))
    }

    /// Returns how long to tolerate an error. Errors that are not transient are final at once.
    fn schedule(&self, error: &SdkError<GetExecutionHistoryError>) -> Duration {
        let Some(refusal) = error.as_service_error() else {
            // A request that cannot be built will fail again.
            return if matches!(error, SdkError::ConstructionFailure(_)) { Duration::ZERO } else { PATIENCE };
        };
        if refusal.is_execution_does_not_exist() && self.seen == 0 {
            return APPEARANCE;
        }
        let throttled = matches!(refusal.code(), Some("ThrottlingException" | "TooManyRequestsException"));
        let unwell = error.raw_response().is_some_and(|response| response.status().is_server_error());
        if throttled || unwell { PATIENCE } else { Duration::ZERO }
    }
}

/// Reads the transition of an event; `None` for events that are not shown.
fn read(event: &HistoryEvent) -> Option<Transition> {
    let kind = event.r#type.as_str();
    if let Some(kind) = kind.strip_suffix("StateEntered") {
        let state = event.state_entered_event_details()?.name.clone();
        return Some(Transition::Entered { state, kind: kind.to_owned() });
    }
    let failed = |error: Option<&str>, cause: Option<&str>| {
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        Some(Transition::Failed { visit: None, error: text(error), cause: text(cause) })
    };
    let ended = |status: &str, output: Option<&str>, error: Option<&str>, cause: Option<&str>| {
        let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
        Some(Transition::Ended(Outcome {
            status: status.to_owned(),
            output: json(output),
            error: text(error),
            cause: text(cause).map(|cause| message_of(&cause)),
            states_entered: 0,
        }))
    };
    match kind {
        "TaskSucceeded" => {
            Some(Transition::Succeeded { output: json(event.task_succeeded_event_details()?.output()) })
        }
        "LambdaFunctionSucceeded" => {
            let details = event.lambda_function_succeeded_event_details()?;
            Some(Transition::Succeeded { output: json(details.output()) })
        }
        "TaskFailed" => event.task_failed_event_details().and_then(|d| failed(d.error(), d.cause())),
        "TaskTimedOut" => event.task_timed_out_event_details().and_then(|d| failed(d.error(), d.cause())),
        "LambdaFunctionFailed" => {
            event.lambda_function_failed_event_details().and_then(|d| failed(d.error(), d.cause()))
        }
        "LambdaFunctionTimedOut" => {
            event.lambda_function_timed_out_event_details().and_then(|d| failed(d.error(), d.cause()))
        }
        "EvaluationFailed" => {
            event.evaluation_failed_event_details().and_then(|d| failed(d.error(), d.cause()))
        }
        "ExecutionSucceeded" => {
            let details = event.execution_succeeded_event_details();
            ended("SUCCEEDED", details.and_then(|d| d.output()), None, None)
        }
        "ExecutionFailed" => {
            let details = event.execution_failed_event_details();
            ended("FAILED", None, details.and_then(|d| d.error()), details.and_then(|d| d.cause()))
        }
        "ExecutionTimedOut" => {
            let details = event.execution_timed_out_event_details();
            ended("TIMED_OUT", None, details.and_then(|d| d.error()), details.and_then(|d| d.cause()))
        }
        "ExecutionAborted" => {
            let details = event.execution_aborted_event_details();
            ended("ABORTED", None, details.and_then(|d| d.error()), details.and_then(|d| d.cause()))
        }
        _ => None,
    }
}

/// Parses an output as JSON. A truncated output becomes a string.
fn json(text: Option<&str>) -> Option<Value> {
    text.map(|text| serde_json::from_str(text).unwrap_or_else(|_| Value::from(text)))
}

/// Waits until another party has started the execution with this ARN. Fails after `schedule`.
pub(crate) async fn appears(client: &Client, arn: &str, schedule: Duration) -> anyhow::Result<()> {
    let deadline = Instant::now() + schedule;
    loop {
        match client.describe_execution().execution_arn(arn).send().await {
            Ok(_) => return Ok(()),
            Err(error) => {
                let unknown = error.as_service_error().is_some_and(|e| e.is_execution_does_not_exist());
                if !unknown {
                    return Err(failure::aws("states:DescribeExecution")(error));
                }
            }
        }
        if Instant::now() >= deadline {
            bail!("no execution {arn} was started within {} s", schedule.as_secs());
        }
        sleep(Duration::from_millis(100)).await;
    }
}

#[cfg(test)]
mod tests;
