use serde_json::json;

use super::*;
use crate::history::tests::events;

/// Returns the events of these types and states, one second apart, each after the one before.
fn history(of: &[(&str, &str)]) -> Vec<DetailedEvent> {
    events(of).into_iter().map(|event| DetailedEvent { event, ..DetailedEvent::default() }).collect()
}

fn machine() -> Value {
    json!({ "StartAt": "Copy", "States": {
        "Copy": { "Type": "Task", "TimeoutSeconds": 90, "Next": "Pause", "Retry": [
            { "ErrorEquals": ["Busy"], "IntervalSeconds": 10, "BackoffRate": 2, "MaxAttempts": 2 },
            { "ErrorEquals": ["E"], "IntervalSeconds": 60, "MaxAttempts": 1, "JitterStrategy": "FULL" } ] },
        "Pause": { "Type": "Wait", "Seconds": "{% $states.input.waitSeconds %}", "Next": "Each" },
        "Each": { "Type": "Map", "End": true, "ItemProcessor": { "StartAt": "Export", "States": {
            "Export": { "Type": "Task", "Next": "Rest" }, "Rest": { "Type": "Wait", "Seconds": 30, "End": true } } } },
    } })
}

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(second, 0).unwrap()
}

fn only(history: &[DetailedEvent]) -> Activity {
    let mut activities = activities(history, &machine());
    assert_eq!(activities.len(), 1, "{activities:?}");
    activities.remove(0)
}

#[test]
fn a_wait_ends_after_the_seconds_of_its_input() {
    let mut history = history(&[("ExecutionStarted", ""), ("WaitStateEntered", "Pause")]);
    history[1].input = Some(json!({ "waitSeconds": 240 }));
    let activity = only(&history);
    assert_eq!((activity.state.as_deref(), activity.since), (Some("Pause"), at(1)));
    assert_eq!(activity.doing, Doing::Waiting { until: Some(at(241)) });
    history[1].input = Some(json!({ "other": 240 }));
    assert_eq!(only(&history).doing, Doing::Waiting { until: None });
}

#[test]
fn every_form_of_a_wait_is_understood_and_other_expressions_are_not_known() {
    let mut history =
        history(&[("TaskStateEntered", "Ask"), ("TaskStateExited", "Ask"), ("WaitStateEntered", "Wait")]);
    history[1].assigned = [("report".to_owned(), json!({ "waitSeconds": 7 }))].into();
    history[2].input = Some(json!({ "n": 5, "at": { "time": "1970-01-01T00:01:00Z" } }));
    for (wait, until) in [
        (json!({ "Seconds": 8 }), Some(10)),
        (json!({ "SecondsPath": "$.n" }), Some(7)),
        (json!({ "SecondsPath": "$.n", "InputPath": "$.at" }), None),
        (json!({ "SecondsPath": "$$.Execution.Input.n" }), None),
        (json!({ "Timestamp": "1970-01-01T01:01:30+01:00" }), Some(90)),
        (json!({ "TimestampPath": "$.at.time" }), Some(60)),
        (json!({ "Timestamp": "{% $states.input.at.time %}" }), Some(60)),
        (json!({ "Seconds": "{% $report.waitSeconds %}" }), Some(9)),
        (json!({ "Seconds": "{% $other.waitSeconds %}" }), None),
        (json!({ "Seconds": "{% $states.input.n + 1 %}" }), None),
        (json!({ "Seconds": "{% $max([$states.input.n]) %}" }), None),
        (json!({ "Seconds": -1 }), None),
    ] {
        let machine = json!({ "States": { "Wait": wait } });
        let doing = activities(&history, &machine).remove(0).doing;
        assert_eq!(doing, Doing::Waiting { until: until.map(at) }, "{wait}");
    }
}

#[test]
fn a_task_runs_since_its_last_try_was_scheduled() {
    let mut history = history(&[
        ("TaskStateEntered", "Copy"),
        ("TaskScheduled", ""),
        ("TaskFailed", ""),
        ("TaskScheduled", ""),
        ("TaskStarted", ""),
        ("TaskSubmitted", ""),
    ]);
    history[5].nested = Some("arn:execution:verify-table:one".to_owned());
    let activity = only(&history);
    assert_eq!((activity.state.as_deref(), activity.since), (Some("Copy"), at(3)));
    let execution = Some("arn:execution:verify-table:one".to_owned());
    assert_eq!(activity.doing, Doing::Running { limit: Some(at(93)), execution });
    let entered = only(&history[..1]);
    assert_eq!(entered.doing, Doing::Running { limit: Some(at(90)), execution: None });
}

#[test]
fn a_failed_try_is_repeated_after_the_wait_of_its_retrier() {
    let mut history = history(&[
        ("TaskStateEntered", "Copy"),
        ("TaskScheduled", ""),
        ("TaskFailed", ""),
        ("TaskScheduled", ""),
        ("TaskFailed", ""),
    ]);
    let busy = Failure { error: "Busy".to_owned(), cause: "it is restored".to_owned() };
    history[4].event.failure = Some(busy.clone());
    let retrying = |failed, next, is_latest, failure: &Failure| Doing::Retrying {
        failed,
        next: Some(at(next)),
        is_latest,
        failure: failure.clone(),
    };
    assert_eq!(only(&history).doing, retrying(2, 14, false, &busy), "the first retry of this retrier");
    history[2].event.failure = Some(busy.clone());
    assert_eq!(only(&history).doing, retrying(2, 24, false, &busy), "the second one");
    let other = Failure { error: "E".to_owned(), cause: "c".to_owned() };
    history[4].event.failure = Some(other.clone());
    assert_eq!(only(&history).doing, retrying(2, 64, true, &other), "another retrier, with jitter");
    history[2].event.failure = Some(other.clone());
    let failed = Doing::Failed { failure: Some(other) };
    assert_eq!(only(&history).doing, failed, "its only retry is used");
    assert_eq!(only(&history[1..]).doing, failed, "how often it was retried is not known");
    assert_eq!(only(&history[1..]).state, None);
    assert_eq!(activities(&history, &Value::Null)[0].doing, failed, "without the definition");
}

#[test]
fn each_item_of_a_map_has_an_activity_of_its_own() {
    let mut history = history(&[
        ("MapStateEntered", "Each"),
        ("MapStateStarted", ""),
        ("MapIterationStarted", ""),
        ("MapIterationStarted", ""),
        ("MapIterationStarted", ""),
        ("TaskStateEntered", "Export"),
        ("TaskStateEntered", "Export"),
        ("WaitStateEntered", "Rest"),
        ("TaskScheduled", ""),
        ("TaskStateExited", "Export"),
        ("MapIterationSucceeded", ""),
    ]);
    for (event, previous) in history.iter_mut().zip([0, 1, 2, 2, 2, 3, 4, 5, 7, 9, 10]) {
        event.event.previous_id = previous;
    }
    let current = activities(&history, &machine());
    // The second item is done.
    let shown: Vec<_> = current.iter().map(|activity| (activity.state.as_deref(), &activity.doing)).collect();
    let running = Doing::Running { limit: None, execution: None };
    assert_eq!(shown, [(Some("Export"), &running), (Some("Rest"), &Doing::Waiting { until: Some(at(37)) })]);
    assert!(current.iter().all(|activity| activity.within == ["Each"]), "{current:?}");

    let before = activities(&history[..9], &machine());
    let since: Vec<_> = before.iter().map(|activity| activity.since).collect();
    assert_eq!(since, [at(5), at(7), at(8)], "{before:?}");
    // All items have begun, and none has a state yet.
    assert_eq!(only(&history[..5]).doing, Doing::Moving);
}

#[test]
fn what_a_failed_map_left_behind_is_over() {
    let mut history = history(&[
        ("MapStateEntered", "Each"),
        ("TaskStateEntered", "Export"),
        ("TaskStateEntered", "Export"),
        ("TaskScheduled", ""),
        ("TaskFailed", ""),
        ("MapStateExited", "Each"),
        ("TaskStateEntered", "Report"),
    ]);
    for (event, previous) in history.iter_mut().zip([0, 1, 1, 2, 3, 1, 6]) {
        event.event.previous_id = previous;
    }
    let mut definition = machine();
    definition["States"]["Report"] = json!({ "Type": "Task" });
    let current = activities(&history, &definition);
    assert_eq!(current.len(), 1, "{current:?}");
    assert_eq!(current[0].state.as_deref(), Some("Report"));
    // The events alone say it, too.
    let current = activities(&history, &Value::Null);
    assert_eq!((current.len(), current[0].state.as_deref()), (1, Some("Report")), "{current:?}");
    assert!(current[0].within.is_empty(), "{current:?}");
}

#[test]
fn a_map_around_a_state_is_known_from_the_events_of_its_item() {
    let mut history =
        history(&[("MapIterationStarted", ""), ("TaskStateEntered", "Export"), ("TaskScheduled", "")]);
    history[0].map = Some("Each".to_owned());
    assert_eq!(activities(&history, &Value::Null)[0].within, ["Each"]);
    assert_eq!(only(&history).within, ["Each"]);
}

#[test]
fn between_states_an_execution_moves_and_at_its_end_it_has_ended() {
    let moving = history(&[("TaskStateEntered", "Copy"), ("TaskSucceeded", ""), ("TaskStateExited", "Copy")]);
    let activity = only(&moving);
    assert_eq!((activity.state.as_deref(), activity.doing), (Some("Copy"), Doing::Moving));
    let started = only(&history(&[("ExecutionStarted", "")]));
    assert_eq!((started.state, started.doing), (None, Doing::Moving));
    let ended = only(&history(&[("TaskStateEntered", "Copy"), ("ExecutionAborted", "")]));
    assert_eq!(ended.doing, Doing::Ended { event: "ExecutionAborted".to_owned() });
    assert!(activities(&[], &machine()).is_empty());
    let mut circle = history(&[("TaskScheduled", ""), ("TaskScheduled", "")]);
    circle[0].event.previous_id = 2;
    assert!(activities(&circle, &machine()).iter().all(|activity| activity.state.is_none()));
}
