use serde_json::json;

use super::*;
use crate::history::tests::events;

/// Returns an execution that polls a restore and ends in an error.
pub(crate) fn execution() -> Execution {
    let history = events(&[
        ("ExecutionStarted", ""),
        ("TaskStateEntered", "Restore"),
        ("TaskFailed", ""),
        ("TaskFailed", ""),
        ("TaskStateExited", "Restore"),
        ("WaitStateEntered", "Wait"),
        ("WaitStateExited", "Wait"),
        ("TaskStateEntered", "Check"),
        ("TaskStateExited", "Check"),
        ("ChoiceStateEntered", "Ready?"),
        ("ChoiceStateExited", "Ready?"),
        ("WaitStateEntered", "Wait"),
        ("WaitStateExited", "Wait"),
        ("TaskStateEntered", "Check"),
        ("TaskFailed", ""),
        ("TaskStateExited", "Check"),
        ("FailStateEntered", "Restore Failed"),
        ("ExecutionFailed", ""),
    ]);
    Execution {
        arn: "arn:aws:states:eu-west-1:123456789012:execution:rotate:one".to_owned(),
        state_machine_arn: "arn:aws:states:eu-west-1:123456789012:stateMachine:rotate".to_owned(),
        log_group: None,
        status: Status::Failed,
        started_at: DateTime::from_timestamp(0, 0).unwrap(),
        ended_at: DateTime::from_timestamp(3_725, 0),
        input: json!({ "Table": "orders", "Keys": [{ "id": { "S": "secret" } }] }),
        output: None,
        failure: Some(Failure { error: "RestoreFailed".to_owned(), cause: "the key <is> gone".to_owned() }),
        definition: json!({ "Comment": "Restores.", "StartAt": "Restore", "States": {
            "Restore": { "Type": "Task", "Comment": "Starts the restore.", "Next": "Wait",
                "Catch": [{ "ErrorEquals": ["States.ALL"], "Next": "Not Started" }] },
            "Wait": { "Type": "Wait", "Seconds": 60, "Next": "Check" },
            "Check": { "Type": "Task", "Next": "Ready?",
                "Catch": [{ "ErrorEquals": ["States.ALL"], "Next": "Restore Failed" }] },
            "Ready?": { "Type": "Choice", "Choices": [{ "Condition": "x", "Next": "Complete" }], "Default": "Wait" },
            "Complete": { "Type": "Succeed" },
            "Not Started": { "Type": "Fail" },
            "Restore Failed": { "Type": "Fail" } } }),
        events: history,
    }
}

#[test]
fn a_report_says_what_happened_and_by_which_way() {
    let report = Report::new("rotate-restore", execution(), Vec::new(), Vec::new());
    assert_eq!(report.sentence, "rotate-restore failed by RestoreFailed after 1 h 2 min.");
    assert_eq!(report.name, "one");
    assert_eq!((report.transitions, report.failures, report.events), (7, 3, 18));
    assert_eq!(report.waited_seconds, 2.0);
    let taken = |from: &str, to: &str| {
        report.taken.contains(&Transition { from: from.to_owned(), to: to.to_owned() })
    };
    assert!(taken("Restore", "Wait") && taken("Check", "Restore Failed") && !taken("Ready?", "Complete"));
    let restore = &report.states.iter().find(|state| state.name == "Restore").unwrap();
    assert_eq!((restore.visits, restore.failures[0].times), (1, 2));
    let timeline: Vec<_> =
        report.timeline.iter().map(|entry| (entry.states.join(","), entry.rounds)).collect();
    let expected = [("Restore", 1), ("Wait,Check", 2), ("Restore Failed", 1)];
    assert_eq!(timeline, expected.map(|(states, rounds)| (states.to_owned(), rounds)));
}

#[test]
fn a_report_has_no_keys_of_items() {
    let report = Report::new("rotate-restore", execution(), Vec::new(), Vec::new());
    assert!(!serde_json::to_string(&report).unwrap().contains("secret"));
}

#[test]
fn durations_have_two_units() {
    let shown = [0.04, 1.4, 59.6, 3_725.0, 90_061.0].map(duration);
    assert_eq!(shown, ["0.0 s", "1 s", "1 min", "1 h 2 min", "1 d 1 h"]);
}
