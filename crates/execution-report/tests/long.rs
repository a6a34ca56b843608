//! A report stays small, however long the execution was.
#![expect(clippy::unwrap_used, reason = "test code: a broken assumption is a failed test")]

use chrono::DateTime;
use execution_report::{Event, Execution, Failure, MOST_ENTRIES, Report, Status, page};
use serde_json::{Value, json};

/// Largest number of events that a standard execution may have (Step Functions quotas).
const MOST_EVENTS: i64 = 25_000;

/// Returns an execution with as many events as there may be. Its states come in an order without a loop.
fn longest() -> Execution {
    let event = |id: i64| {
        let state = Some(format!("State {}", (id / 4) * (id / 4) % 97));
        let failure = Failure { error: "Throttled".to_owned(), cause: "x".repeat(300) };
        let (kind, state, failure) = match id % 4 {
            0 => ("TaskStateEntered", state, None),
            1 => ("TaskFailed", None, Some(failure)),
            2 => ("TaskSucceeded", None, None),
            _ => ("TaskStateExited", state, None),
        };
        let at = DateTime::from_timestamp(id, 0).unwrap();
        Event { id: id + 1, previous_id: id, at, kind: kind.to_owned(), state, call: None, failure }
    };
    let state = |number: i64| {
        (format!("State {number}"), json!({ "Type": "Task", "Next": format!("State {}", (number + 1) % 97) }))
    };
    Execution {
        arn: "arn:aws:states:eu-west-1:123456789012:execution:machine:long".to_owned(),
        state_machine_arn: "arn:aws:states:eu-west-1:123456789012:stateMachine:machine".to_owned(),
        log_group: None,
        status: Status::Running,
        started_at: DateTime::from_timestamp(0, 0).unwrap(),
        ended_at: None,
        input: json!({ "TableNames": vec!["orders"; 20_000] }),
        output: Some(Value::from("x".repeat(200_000))),
        failure: None,
        definition: json!({ "StartAt": "State 0", "States": (0..97).map(state).collect::<serde_json::Map<_, _>>() }),
        events: (0..MOST_EVENTS).map(event).collect(),
    }
}

#[test]
fn the_page_of_the_longest_execution_is_at_most_300_kb() {
    let report = Report::new("machine", longest(), Vec::new(), Vec::new());
    assert_eq!((report.transitions, report.failures), (6_250, 6_250));
    assert_eq!(report.timeline.len(), MOST_ENTRIES);
    assert!(report.left_out > 5_000, "{}", report.left_out);
    let page = page(&report);
    assert!(page.len() <= 300_000, "{} bytes", page.len());
    assert!(page.contains("later entries are left out") && page.contains("is running"));
    // The gate opens the pages of this folder in a browser.
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/pages/execution-report");
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(format!("{folder}/longest.html"), page).unwrap();
}
