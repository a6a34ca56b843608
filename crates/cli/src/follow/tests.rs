use aws_sdk_sfn::types::{
    ExecutionFailedEventDetails, ExecutionSucceededEventDetails, HistoryEvent, HistoryEventType,
    StateEnteredEventDetails, TaskFailedEventDetails, TaskSucceededEventDetails,
    builders::HistoryEventBuilder,
};
use serde_json::json;

use super::{Outcome, Transition, json as parse, read};

fn event(
    kind: HistoryEventType,
    details: impl FnOnce(HistoryEventBuilder) -> HistoryEventBuilder,
) -> HistoryEvent {
    let builder =
        HistoryEvent::builder().id(1).r#type(kind).timestamp(aws_sdk_sfn::primitives::DateTime::from_secs(0));
    details(builder).build().unwrap()
}

#[test]
fn an_entered_state_has_its_name_and_type() {
    for (kind, name) in [
        (HistoryEventType::TaskStateEntered, "Task"),
        (HistoryEventType::WaitStateEntered, "Wait"),
        (HistoryEventType::ChoiceStateEntered, "Choice"),
        (HistoryEventType::FailStateEntered, "Fail"),
    ] {
        let details = StateEnteredEventDetails::builder().name("S").build().unwrap();
        let reported = read(&event(kind, |e| e.state_entered_event_details(details)));
        assert_eq!(reported, Some(Transition::Entered { state: "S".into(), kind: name.into() }));
    }
}

#[test]
fn a_task_has_its_result_or_its_error() {
    let details = TaskSucceededEventDetails::builder()
        .resource_type("lambda")
        .resource("invoke")
        .output(r#"{"Payload":{"waitSeconds":60}}"#)
        .build()
        .unwrap();
    let reported = read(&event(HistoryEventType::TaskSucceeded, |e| e.task_succeeded_event_details(details)));
    assert_eq!(
        reported,
        Some(Transition::Succeeded { output: Some(json!({"Payload": {"waitSeconds": 60}})) })
    );

    let details = TaskFailedEventDetails::builder()
        .resource_type("lambda")
        .resource("invoke")
        .error("TableTargetExists")
        .cause("why")
        .build()
        .unwrap();
    let reported = read(&event(HistoryEventType::TaskFailed, |e| e.task_failed_event_details(details)));
    let (error, cause) = ("TableTargetExists".into(), "why".into());
    assert_eq!(reported, Some(Transition::Failed { visit: None, error, cause }));
}

#[test]
fn the_end_has_its_output_or_its_error() {
    let details = ExecutionSucceededEventDetails::builder().output("{\"a\":1}").build();
    let reported =
        read(&event(HistoryEventType::ExecutionSucceeded, |e| e.execution_succeeded_event_details(details)));
    let Some(Transition::Ended(outcome)) = reported else { panic!("{reported:?}") };
    assert!(outcome.succeeded());
    assert_eq!(outcome.output, Some(json!({"a": 1})));
    assert_eq!(outcome.describe(), "SUCCEEDED");

    let details = ExecutionFailedEventDetails::builder().error("RestoreTimedOut").cause("48 h").build();
    let reported =
        read(&event(HistoryEventType::ExecutionFailed, |e| e.execution_failed_event_details(details)));
    let Some(Transition::Ended(outcome)) = reported else { panic!("{reported:?}") };
    assert!(!outcome.succeeded());
    assert_eq!(outcome.describe(), "FAILED: RestoreTimedOut: 48 h");

    for (kind, status) in
        [(HistoryEventType::ExecutionAborted, "ABORTED"), (HistoryEventType::ExecutionTimedOut, "TIMED_OUT")]
    {
        let reported = read(&event(kind, |e| e));
        assert!(
            matches!(reported, Some(Transition::Ended(Outcome { status: ref s, .. })) if s == status),
            "{reported:?}"
        );
    }
}

#[test]
fn other_events_are_not_shown() {
    assert_eq!(read(&event(HistoryEventType::TaskScheduled, |e| e)), None);
    assert_eq!(read(&event(HistoryEventType::PassStateExited, |e| e)), None);
}

#[test]
fn a_truncated_output_becomes_a_string() {
    assert_eq!(parse(Some("{\"a\":")), Some(json!("{\"a\":")));
    assert_eq!(parse(None), None);
}
