//! Reads what Step Functions knows about an execution, for its report.

use aws_sdk_sfn::Client;
use aws_sdk_sfn::error::ProvideErrorMetadata;
use aws_sdk_sfn::types::HistoryEvent;
use execution_report::{Event, Execution, Failure, Status};
use serde_json::Value;

use super::failure::AwsFailure;
use crate::clock::utc_milliseconds;

/// Events of a page. Step Functions returns at most 1,000 (API reference, GetExecutionHistory).
const PAGE: i32 = 1_000;

/// Reads the description, the definition and the whole history of an execution. Returns `None` if it does not exist.
/// `progress` receives the number of events that were read.
pub async fn read(
    sfn: &Client,
    arn: &str,
    mut progress: impl FnMut(usize),
) -> Result<Option<Execution>, AwsFailure> {
    let described = match sfn.describe_execution().execution_arn(arn).send().await {
        Ok(described) => described,
        Err(error) if error.code() == Some("ExecutionDoesNotExist") => return Ok(None),
        Err(error) => return Err(AwsFailure::from_call("states:DescribeExecution")(error)),
    };
    let machine = sfn.describe_state_machine_for_execution().execution_arn(arn).send().await;
    let machine = machine.map_err(AwsFailure::from_call("states:DescribeStateMachineForExecution"))?;
    let mut pages = sfn.get_execution_history().execution_arn(arn).max_results(PAGE).into_paginator().send();
    let mut events = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(AwsFailure::from_call("states:GetExecutionHistory"))?;
        events.extend(page.events.iter().map(event));
        progress(events.len());
    }
    let log_group = machine.logging_configuration.as_ref().and_then(|logging| {
        let groups = logging.destinations().iter().filter_map(|to| to.cloud_watch_logs_log_group.as_ref());
        groups.filter_map(|group| group.log_group_arn.clone()).next()
    });
    let failure = described.error.is_some() || described.cause.is_some();
    Ok(Some(Execution {
        arn: described.execution_arn,
        state_machine_arn: described.state_machine_arn,
        log_group,
        status: Status::parse(described.status.as_str()),
        started_at: utc_milliseconds(&described.start_date),
        ended_at: described.stop_date.as_ref().map(utc_milliseconds),
        input: json(described.input.as_deref()).unwrap_or_default(),
        output: json(described.output.as_deref()),
        failure: failure.then(|| failed(described.error.as_deref(), described.cause.as_deref())),
        definition: json(Some(&machine.definition)).unwrap_or_default(),
        events,
    }))
}

/// Returns whether an execution runs. One that does not exist does not run.
pub async fn runs(sfn: &Client, arn: &str) -> Result<bool, AwsFailure> {
    match sfn.describe_execution().execution_arn(arn).send().await {
        Ok(described) => Ok(Status::parse(described.status.as_str()) == Status::Running),
        Err(error) if error.code() == Some("ExecutionDoesNotExist") => Ok(false),
        Err(error) => Err(AwsFailure::from_call("states:DescribeExecution")(error)),
    }
}

/// Parses JSON. Text that is none stays text, because an execution's output may be cut off.
pub(crate) fn json(text: Option<&str>) -> Option<Value> {
    text.map(|text| serde_json::from_str(text).unwrap_or_else(|_| Value::from(text)))
}

/// Converts an event.
pub(crate) fn event(event: &HistoryEvent) -> Event {
    let entered = event.state_entered_event_details.as_ref().map(|details| details.name.clone());
    let left = || event.state_exited_event_details.as_ref().map(|details| details.name.clone());
    Event {
        id: event.id,
        previous_id: event.previous_event_id,
        at: utc_milliseconds(&event.timestamp),
        kind: event.r#type.as_str().to_owned(),
        state: entered.or_else(left),
        call: scheduled(event),
        failure: failure(event),
    }
}

/// Returns what a task calls, if the event schedules it.
fn scheduled(event: &HistoryEvent) -> Option<String> {
    if event.lambda_function_scheduled_event_details.is_some() {
        return Some("lambda:invoke".to_owned());
    }
    let task = event.task_scheduled_event_details.as_ref()?;
    Some(format!("{}:{}", task.resource_type, task.resource))
}

/// Returns the error and cause of an event. Each type of event has them in a member of its own.
fn failure(event: &HistoryEvent) -> Option<Failure> {
    macro_rules! first_of {
        ($($details:ident),*) => {
            None$(.or_else(|| {
                let details = event.$details.as_ref()?;
                Some(failed(details.error.as_deref(), details.cause.as_deref()))
            }))*
        };
    }
    first_of!(
        activity_failed_event_details,
        activity_schedule_failed_event_details,
        activity_timed_out_event_details,
        evaluation_failed_event_details,
        lambda_function_failed_event_details,
        lambda_function_schedule_failed_event_details,
        lambda_function_start_failed_event_details,
        lambda_function_timed_out_event_details,
        map_run_failed_event_details,
        task_failed_event_details,
        task_start_failed_event_details,
        task_submit_failed_event_details,
        task_timed_out_event_details
    )
}

fn failed(error: Option<&str>, cause: Option<&str>) -> Failure {
    Failure::new(error.unwrap_or_default(), cause.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use aws_sdk_sfn::types::{
        HistoryEventType, StateEnteredEventDetails, TaskFailedEventDetails, TaskScheduledEventDetails,
    };

    use super::*;

    fn of(kind: HistoryEventType) -> aws_sdk_sfn::types::builders::HistoryEventBuilder {
        let at = aws_sdk_sfn::primitives::DateTime::from_secs(60);
        HistoryEvent::builder().id(2).previous_event_id(1).timestamp(at).r#type(kind)
    }

    #[test]
    fn an_event_has_its_state() {
        let details = StateEnteredEventDetails::builder().name("Copy").build().unwrap();
        let entered = of(HistoryEventType::TaskStateEntered).state_entered_event_details(details);
        let read = event(&entered.build().unwrap());
        assert_eq!((read.kind.as_str(), read.state.as_deref()), ("TaskStateEntered", Some("Copy")));
        assert_eq!((read.id, read.previous_id, read.at.timestamp()), (2, 1, 60));
        assert_eq!(read.call, None);
    }

    #[test]
    fn an_event_that_schedules_a_task_has_its_call() {
        let details = TaskScheduledEventDetails::builder().resource_type("lambda").resource("invoke");
        let details = details.region("eu-west-1").parameters("{}").build().unwrap();
        let scheduled = of(HistoryEventType::TaskScheduled).task_scheduled_event_details(details);
        assert_eq!(event(&scheduled.build().unwrap()).call.as_deref(), Some("lambda:invoke"));
    }

    #[test]
    fn a_failed_function_is_reported_by_its_message() {
        let cause = r#"{"errorType":"RestoreFailed","errorMessage":"the key is gone"}"#;
        let details = TaskFailedEventDetails::builder().resource("invoke").resource_type("lambda");
        let details = details.error("RestoreFailed").cause(cause).build().unwrap();
        let failed = of(HistoryEventType::TaskFailed).task_failed_event_details(details);
        let expected = Failure { error: "RestoreFailed".to_owned(), cause: "the key is gone".to_owned() };
        assert_eq!(event(&failed.build().unwrap()).failure, Some(expected));
    }
}
