//! Following an execution: its history, read as it grows.
//!
//! Each look asks for the newest events first and pages backwards until it meets one that it has
//! seen. So a look costs one call however long the history is, and no page token is kept between
//! looks, which Step Functions does not promise to honour for events that came later.

mod progress_printer;

use std::{borrow::Cow, time::Duration};

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
pub(crate) use progress_printer::ProgressPrinter;

/// How long a following outlasts an AWS that does not answer, beyond the SDK's own retries.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long an execution that was just started may be unknown: histories are eventually consistent.
const APPEARANCE: Duration = Duration::from_secs(10);

/// What an execution did, as far as a person following it cares.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Transition {
    /// A state was entered.
    Entered { state: String, kind: String },
    /// A task gave its result.
    Succeeded { output: Option<Value> },
    /// A task's attempt failed; the machine may retry it or catch it.
    Failed { error: String, cause: String },
    /// The execution ended.
    Ended(Outcome),
}

/// How an execution ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Outcome {
    /// SUCCEEDED, FAILED, TIMED_OUT or ABORTED.
    pub(crate) status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) output: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cause: Option<String>,
    /// How many states were entered on the way.
    pub(crate) states_entered: usize,
}

impl Outcome {
    /// Whether it ended as it should.
    pub(crate) fn succeeded(&self) -> bool {
        self.status == "SUCCEEDED"
    }

    /// The status, with error and cause where there are any.
    pub(crate) fn describe(&self) -> String {
        let cause = self.cause.as_deref().map(reason);
        [Some(self.status.as_str()), self.error.as_deref(), cause.as_deref()]
            .into_iter()
            .flatten()
            .filter(|text| !text.is_empty())
            .collect::<Vec<_>>()
            .join(": ")
    }
}

/// A cause in words: what a failed function reports is JSON around its message.
fn reason(cause: &str) -> Cow<'_, str> {
    let report: Option<Value> = serde_json::from_str(cause).ok();
    match report.as_ref().and_then(|report| report.get("errorMessage")?.as_str()) {
        Some(message) => Cow::Owned(message.to_owned()),
        None => Cow::Borrowed(cause),
    }
}

/// What happened, and when: in seconds since the execution's start, by Step Functions' own clock.
pub(crate) type Timed = (f64, Transition);

/// Reads one execution's history, each event once.
#[derive(Debug)]
pub(crate) struct Follower {
    client: Client,
    execution_arn: String,
    seen: i64,
    started: f64,
    entered: usize,
}

impl Follower {
    pub(crate) fn new(client: Client, execution_arn: &str) -> Self {
        Self { client, execution_arn: execution_arn.to_owned(), seen: 0, started: 0.0, entered: 0 }
    }

    /// Waits, looking every `interval`, until something happened, and returns it in order.
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
                        return Err(failure::aws("GetExecutionHistory")(error))
                            .with_context(|| format!("cannot follow {}", self.execution_arn));
                    }
                    interval.max(since.elapsed().min(Duration::from_secs(5)))
                }
            };
            sleep(pause).await;
        }
    }

    /// One look: everything that happened since the last one.
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
        let mut happening = read(event)?;
        match &mut happening {
            Transition::Entered { .. } => self.entered += 1,
            Transition::Ended(outcome) => outcome.states_entered = self.entered,
            _ => {}
        }
        Some((time - self.started, happening))
    }

    /// How long to bear with an error before it is final. Only what may pass by itself is borne.
    fn schedule(&self, error: &SdkError<GetExecutionHistoryError>) -> Duration {
        let Some(refusal) = error.as_service_error() else {
            // A client that cannot even build its request will never be able to.
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

/// What an event means, if it is one that is told.
fn read(event: &HistoryEvent) -> Option<Transition> {
    let kind = event.r#type.as_str();
    if let Some(kind) = kind.strip_suffix("StateEntered") {
        let state = event.state_entered_event_details()?.name.clone();
        return Some(Transition::Entered { state, kind: kind.to_owned() });
    }
    let failed = |error: Option<&str>, cause: Option<&str>| {
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        Some(Transition::Failed { error: text(error), cause: text(cause) })
    };
    let ended = |status: &str, output: Option<&str>, error: Option<&str>, cause: Option<&str>| {
        let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
        Some(Transition::Ended(Outcome {
            status: status.to_owned(),
            output: json(output),
            error: text(error),
            cause: text(cause),
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

/// An output as JSON, or as the text that it is if it was cut off.
fn json(text: Option<&str>) -> Option<Value> {
    text.map(|text| serde_json::from_str(text).unwrap_or_else(|_| Value::from(text)))
}

/// Follows an execution that another party starts under a name that is known beforehand.
pub(crate) async fn appears(client: &Client, arn: &str, schedule: Duration) -> anyhow::Result<()> {
    let deadline = Instant::now() + schedule;
    loop {
        match client.describe_execution().execution_arn(arn).send().await {
            Ok(_) => return Ok(()),
            Err(error) => {
                let unknown = error.as_service_error().is_some_and(|e| e.is_execution_does_not_exist());
                if !unknown {
                    return Err(failure::aws("DescribeExecution")(error));
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
