use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::model::{Doing, FailedStatus, Status};
use super::reader::{MOST_FAILED, MOST_RUNNING, Machine, Reader};
use super::text;
use crate::testing::fake_aws::{Call, FakeAws, Response, refusal};

const STATES: &str = "arn:aws:states:eu-west-1:123456789012";

fn now() -> DateTime<Utc> {
    "2026-12-01T14:28:10Z".parse().unwrap()
}

fn today() -> DateTime<Utc> {
    "2026-12-01T00:00:00Z".parse().unwrap()
}

fn machine(workflow: &str) -> Machine {
    Machine { workflow: workflow.to_owned(), arn: format!("{STATES}:stateMachine:{workflow}") }
}

fn arn(workflow: &str, name: &str) -> String {
    format!("{STATES}:execution:{workflow}:{name}")
}

/// Returns an execution as ListExecutions does: it began and ended this many minutes ago.
fn item(workflow: &str, name: &str, status: &str, began: i64, ended: Option<i64>) -> Value {
    let time = |minutes: i64| (now() - TimeDelta::minutes(minutes)).timestamp();
    json!({ "executionArn": arn(workflow, name), "stateMachineArn": machine(workflow).arn, "name": name,
        "status": status, "startDate": time(began), "stopDate": ended.map(time) })
}

/// Returns an event of a history, this many seconds ago.
fn event(id: i64, kind: &str, ago: i64, details: (&str, Value)) -> Value {
    let mut event = json!({ "id": id, "previousEventId": id - 1, "type": kind,
        "timestamp": (now() - TimeDelta::seconds(ago)).timestamp() });
    event[details.0] = details.1;
    event
}

fn waiting() -> Value {
    let entered = json!({ "name": "Wait for Restore", "input": "{\"waitSeconds\":300}" });
    json!({ "events": [event(2, "WaitStateEntered", 60, ("stateEnteredEventDetails", entered))] })
}

/// An account with one state machine for each of these lists.
fn account(lists: Vec<(&'static str, Vec<Value>)>) -> FakeAws {
    let aws = FakeAws::default();
    aws.response("states:ListExecutions", move |call| {
        let machine = call.input["stateMachineArn"].as_str().unwrap();
        let list = lists.iter().find(|(workflow, _)| machine.ends_with(&format!(":{workflow}")));
        list.map_or_else(
            || refusal("StateMachineDoesNotExist"),
            |(_, items)| (200, json!({ "executions": items })),
        )
    });
    aws.response("states:DescribeExecution", |call| describe(call, "{\"TableName\":\"orders\"}"));
    aws.response("states:DescribeStateMachine", |_| {
        let wait = json!({ "Type": "Wait", "Seconds": "{% $states.input.waitSeconds %}", "End": true });
        let definition = json!({ "States": { "Wait for Restore": wait } }).to_string();
        let arn = machine("rotate-restore").arn;
        let machine = json!({ "stateMachineArn": arn, "name": "m", "definition": definition, "roleArn": "r",
            "type": "STANDARD", "creationDate": 0 });
        (200, machine)
    });
    aws.response("states:GetExecutionHistory", |_| (200, waiting()));
    aws
}

fn describe(call: &Call, input: &str) -> Response {
    let mut described = json!({ "executionArn": call.input["executionArn"], "stateMachineArn": "m", "status": "RUNNING",
        "startDate": 0, "input": input });
    if call.input["executionArn"].as_str().unwrap().ends_with(":broken") {
        described["error"] = json!("ExportFailed");
        described["cause"] =
            json!("{\"errorType\":\"ExportFailed\",\"errorMessage\":\"the table is DELETING\"}");
    }
    (200, described)
}

async fn read(aws: &FakeAws, workflows: &[&str]) -> Status {
    let machines = workflows.iter().map(|workflow| machine(workflow)).collect();
    Reader::new(aws.clients().sfn(), machines).read(now(), today()).await
}

#[tokio::test]
async fn what_runs_says_what_it_waits_for_and_what_ended_is_counted() {
    let aws = account(vec![
        (
            "rotate-restore",
            vec![
                item("rotate-restore", "rot-1", "RUNNING", 12, None),
                item("rotate-restore", "rot-0", "SUCCEEDED", 60, Some(50)),
                item("rotate-restore", "yesterday", "FAILED", 2_000, Some(1_000)),
            ],
        ),
        (
            "export-table",
            vec![
                item("export-table", "broken", "FAILED", 20, Some(19)),
                item("export-table", "slow", "TIMED_OUT", 3_000, Some(30)),
                item("export-table", "stopped", "ABORTED", 31, Some(10)),
            ],
        ),
    ]);
    let status = read(&aws, &["rotate-restore", "export-table"]).await;
    assert_eq!(
        (status.account.as_deref(), status.region.as_deref()),
        (Some("123456789012"), Some("eu-west-1"))
    );
    let [running] = status.running.as_slice() else { panic!("{:?}", status.running) };
    assert_eq!(
        (running.name.as_str(), running.tables.as_deref()),
        ("rot-1", Some(&["orders".to_owned()][..]))
    );
    assert_eq!(
        text::doing(running, now()),
        ["waits in Wait for Restore until 14:32:10 UTC (in 4 min)"],
        "{running:?}"
    );
    let failed: Vec<(&str, FailedStatus)> =
        status.failed.iter().map(|failed| (failed.name.as_str(), failed.status)).collect();
    let expected = [
        ("stopped", FailedStatus::Aborted),
        ("broken", FailedStatus::Failed),
        ("slow", FailedStatus::TimedOut),
    ];
    assert_eq!(failed, expected);
    let failure = status.failed[1].failure.as_ref().unwrap();
    assert_eq!(text::why(failure), "ExportFailed: the table is DELETING");
    assert_eq!(text::summary(&status), "1 running; since 00:00:00 UTC, 3 failed and 1 succeeded");
    assert_eq!(text::succeeded(&status), "rotate-restore 1");
    assert!(status.is_bad());
}

#[tokio::test]
async fn what_cannot_be_read_is_not_known() {
    let aws = account(vec![("snapshot", vec![item("snapshot", "one", "RUNNING", 1, None)])]);
    aws.refuse("states:GetExecutionHistory", "AccessDeniedException");
    aws.refuse("states:DescribeExecution", "ExecutionDoesNotExist");
    let status = read(&aws, &["snapshot", "gone"]).await;
    let [running] = status.running.as_slice() else { panic!("{:?}", status.running) };
    assert_eq!((&running.tables, &running.activities, running.may_do_more), (&None, &None, true));
    let doing = text::doing(running, now());
    assert!(
        doing[0].starts_with("what it does is not known: states:GetExecutionHistory failed: AccessDenied"),
        "{doing:?}"
    );
    let gone = &status.machines[1];
    assert_eq!((gone.executions, gone.problem.as_deref()), (None, Some("the state machine does not exist")));
    assert!(status.is_bad(), "a state machine is not known");
    let summary = text::summary(&status);
    assert_eq!(summary, "1 running; since 00:00:00 UTC, 0 failed and 0 succeeded; 1 state machine not known");

    for (code, expected) in [
        (
            "StateMachineTypeNotSupported",
            "it is an express workflow, whose executions Step Functions does not list",
        ),
        ("AccessDeniedException", "states:ListExecutions failed: AccessDeniedException"),
    ] {
        aws.refuse("states:ListExecutions", code);
        let status = read(&aws, &["snapshot"]).await;
        let problem = status.machines[0].problem.clone().unwrap();
        assert!(problem.starts_with(expected), "{problem}");
    }
}

#[tokio::test]
async fn an_account_where_all_succeeded_is_not_bad() {
    let aws = account(vec![("replay", vec![item("replay", "one", "SUCCEEDED", 9, Some(8))])]);
    assert!(!read(&aws, &["replay"]).await.is_bad());
    let empty = read(&account(vec![("replay", vec![])]), &["replay"]).await;
    assert_eq!((empty.is_bad(), text::succeeded(&empty).as_str()), (false, ""));
}

#[tokio::test]
async fn an_execution_that_fails_after_it_was_listed_has_failed() {
    let aws = account(vec![("replay", vec![item("replay", "one", "RUNNING", 9, None)])]);
    assert!(!read(&aws, &["replay"]).await.is_bad());
    for (kind, is_bad) in
        [("ExecutionSucceeded", false), ("ExecutionFailed", true), ("ExecutionAborted", true)]
    {
        aws.response("states:GetExecutionHistory", move |_| {
            (200, json!({ "events": [event(9, kind, 1, ("x", Value::Null))] }))
        });
        let status = read(&aws, &["replay"]).await;
        assert_eq!(status.is_bad(), is_bad, "{kind}");
        assert_eq!(text::doing(&status.running[0], now()), [format!("has ended ({kind}) 1 s ago")]);
    }
}

#[tokio::test]
async fn a_long_list_is_read_as_far_as_needed_and_no_running_execution_is_lost() {
    let aws = account(vec![]);
    let tokens = Arc::new(Mutex::new(0));
    let pages = Arc::clone(&tokens);
    aws.response("states:ListExecutions", move |call| {
        if call.input["statusFilter"] == "RUNNING" {
            return (200, json!({ "executions": [item("replay", "old", "RUNNING", 60_000, None)] }));
        }
        let mut page = pages.lock().unwrap();
        *page += 1;
        let name = format!("n-{page}");
        let began = if *page == 2 { 14 * 24 * 60 + 1_000 } else { *page };
        (200, json!({ "executions": [item("replay", &name, "SUCCEEDED", began, Some(0))], "nextToken": "t" }))
    });
    let status = read(&aws, &["replay"]).await;
    let counts = status.machines[0].executions.unwrap();
    assert_eq!((*tokens.lock().unwrap(), counts.succeeded, counts.running), (2, 2, 1));
    assert!(!counts.is_at_least, "what is older has ended before");
    *tokens.lock().unwrap() = 2;
    let status = read(&aws, &["replay"]).await;
    let counts = status.machines[0].executions.unwrap();
    assert_eq!((counts.succeeded, counts.running, counts.is_at_least), (3, 1, true));
    assert!(text::summary(&status).starts_with("at least 1 running"), "{}", text::summary(&status));
    assert!(status.is_bad(), "one that is not listed may have failed");
}

#[tokio::test]
async fn what_is_read_of_many_executions_is_bounded() {
    let of = |status: &str, index: usize| {
        let ended = (status == "FAILED").then_some(1);
        item("replay", &format!("{status}-{index}"), status, 5, ended)
    };
    let items = (0..70).map(|index| of("RUNNING", index)).chain((0..60).map(|index| of("FAILED", index)));
    let aws = account(vec![("replay", items.collect())]);
    let status = read(&aws, &["replay"]).await;
    assert_eq!((status.running.len(), status.running_left_out), (MOST_RUNNING, 20));
    assert_eq!((status.failed.len(), status.failed_left_out), (MOST_FAILED, 10));
    assert_eq!(status.calls["states:GetExecutionHistory"], MOST_RUNNING as u64);
    assert_eq!(status.calls["states:DescribeStateMachine"], 1);
    assert_eq!(text::summary(&status), "70 running; since 00:00:00 UTC, 60 failed and 0 succeeded");
}

#[tokio::test]
async fn what_does_not_change_is_read_once() {
    let aws = account(vec![(
        "replay",
        vec![item("replay", "one", "RUNNING", 1, None), item("replay", "broken", "FAILED", 3, Some(2))],
    )]);
    let mut reader = Reader::new(aws.clients().sfn(), vec![machine("replay")]);
    let calls = |status: &Status, action: &str| status.calls.get(action).copied().unwrap_or_default();
    let first = reader.read(now(), today()).await;
    assert_eq!(calls(&first, "states:DescribeExecution"), 2);
    let second = reader.read(now() + TimeDelta::seconds(5), today()).await;
    assert_eq!(calls(&second, "states:DescribeExecution"), 0);
    assert_eq!(calls(&second, "states:DescribeStateMachine"), 0);
    assert_eq!(calls(&second, "states:GetExecutionHistory"), 1);
    assert_eq!((&first.failed, &first.running[0].tables), (&second.failed, &second.running[0].tables));
    let later = reader.read(now() + TimeDelta::minutes(6), today()).await;
    assert_eq!(calls(&later, "states:DescribeStateMachine"), 1, "a definition may change");
}

#[tokio::test]
async fn more_events_are_read_until_the_state_is_found() {
    let aws = account(vec![("replay", vec![item("replay", "one", "RUNNING", 1, None)])]);
    aws.response("states:GetExecutionHistory", |call| {
        assert_eq!(call.input["reverseOrder"], true);
        if call.input["nextToken"].is_null() {
            let failed =
                json!({ "resourceType": "lambda", "resource": "invoke", "error": "Busy", "cause": "c" });
            let event = event(3, "TaskFailed", 2, ("taskFailedEventDetails", failed));
            return (200, json!({ "events": [event], "nextToken": "t" }));
        }
        let entered = json!({ "name": "Copy", "input": "{}" });
        let events = [
            event(2, "TaskScheduled", 3, ("x", Value::Null)),
            event(1, "TaskStateEntered", 4, ("stateEnteredEventDetails", entered)),
        ];
        (200, json!({ "events": events }))
    });
    let retry = json!([{ "ErrorEquals": ["Busy"], "IntervalSeconds": 30 }]);
    aws.response("states:DescribeStateMachine", move |_| {
        let definition = json!({ "States": { "Copy": { "Type": "Task", "Retry": retry } } }).to_string();
        (200, json!({ "stateMachineArn": "a", "name": "m", "definition": definition, "roleArn": "r", "type": "STANDARD",
            "creationDate": 0 }))
    });
    let status = read(&aws, &["replay"]).await;
    let running = &status.running[0];
    assert!(!running.may_do_more);
    assert!(matches!(running.activities.as_deref().unwrap()[0].doing, Doing::Retrying { failed: 1, .. }));
    assert_eq!(
        text::doing(running, now()),
        ["tries Copy again, at 14:28:38 UTC (in 28 s); try 1 failed: Busy: c"]
    );
}
