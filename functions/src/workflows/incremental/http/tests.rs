use aws_sdk_sfn::operation::describe_execution::{DescribeExecutionError, DescribeExecutionOutput};
use aws_sdk_sfn::operation::start_execution::{StartExecutionError, StartExecutionOutput};
use aws_sdk_sfn::primitives::DateTime;
use aws_sdk_sfn::types::ExecutionStatus;
use aws_sdk_sfn::types::error::{ExecutionAlreadyExists, ExecutionDoesNotExist};
use aws_smithy_mocks::{Rule, mock, mock_client};
use serde_json::{Value, json};

use super::*;

const SNAPSHOTS: &str = "arn:aws:states:eu-west-1:123456789012:stateMachine:snapshot";
const RESTORES: &str = "arn:aws:states:eu-west-1:123456789012:stateMachine:restore";

fn event(route: &str, body: &str) -> Value {
    json!({ "version": "2.0", "routeKey": route, "body": body, "isBase64Encoded": false,
        "headers": { "content-type": "application/json" }, "requestContext": { "requestId": "JKJaXmPLvHcESHA=" } })
}

/// Returns the step's response to an event, with this response of Step Functions.
async fn response(rule: &Rule, event: Value) -> (u16, Value) {
    let config = Config { snapshot_machine: SNAPSHOTS.to_owned(), restore_machine: RESTORES.to_owned() };
    let http = Http { sfn: mock_client!(aws_sdk_sfn, [rule]), config };
    let response = http.run(Event(event)).await.unwrap();
    assert_eq!(response.headers["content-type"], "application/json");
    (response.status_code, serde_json::from_str(&response.body).unwrap())
}

/// Step Functions, which starts one execution with this input.
fn starts(machine: &'static str, name: &'static str, input: Value) -> Rule {
    let execution = execution_of(machine, name);
    mock!(aws_sdk_sfn::Client::start_execution)
        .match_requests(move |request| {
            let given: Value = serde_json::from_str(request.input().unwrap()).unwrap();
            assert_eq!(given, input);
            request.state_machine_arn() == Some(machine) && request.name() == Some(name)
        })
        .then_output(move || {
            let now = DateTime::from_secs(0);
            StartExecutionOutput::builder().execution_arn(&execution).start_date(now).build().unwrap()
        })
}

#[tokio::test]
async fn the_fields_of_the_predecessor_start_a_snapshot_and_a_restore() {
    let name = "http-JKJaXmPLvHcESHA";
    for (body, input) in [
        ("", json!({})),
        ("{}", json!({})),
        (
            r#"{"at": "2026-11-20T02:00:00Z", "tableName": "customers", "allowIncomplete": true}"#,
            json!({ "At": "2026-11-20T02:00:00Z", "TableName": "customers", "AllowIncomplete": true }),
        ),
    ] {
        let (status, reported) =
            response(&starts(SNAPSHOTS, name, input), event("POST /snapshot", body)).await;
        let arn = "arn:aws:states:eu-west-1:123456789012:execution:snapshot:http-JKJaXmPLvHcESHA";
        let expected = json!({ "executionArn": arn, "name": name, "ask": format!("/snapshot/{name}") });
        assert_eq!((status, reported), (202, expected), "{body}");
    }
    let body = r#"{"tableName": "Movies-restored", "snapshotFilename": "2026-11-20T02-00-00Z"}"#;
    let input = json!({ "TableName": "Movies-restored", "Snapshot": "2026-11-20T02-00-00Z" });
    let (status, reported) = response(&starts(RESTORES, name, input), event("POST /restore", body)).await;
    assert_eq!((status, &reported["ask"]), (202, &json!(format!("/restore/{name}"))));
}

#[tokio::test]
async fn a_request_with_the_same_key_starts_one_execution() {
    let exists = mock!(aws_sdk_sfn::Client::start_execution).then_error(|| {
        let message = "Execution Already Exists";
        StartExecutionError::ExecutionAlreadyExists(
            ExecutionAlreadyExists::builder()
                .message(message)
                .meta(aws_sdk_sfn::error::ErrorMetadata::builder().code("ExecutionAlreadyExists").build())
                .build(),
        )
    });
    let mut event = event("POST /snapshot", "");
    event["headers"]["idempotency-key"] = json!("nightly-2026-11-20");
    let (status, reported) = response(&exists, event.clone()).await;
    assert_eq!((status, &reported["name"]), (202, &json!("http-nightly-2026-11-20")));
    event["headers"]["idempotency-key"] = json!("a/b");
    let (status, reported) = response(&exists, event).await;
    let expected = "The execution's name is `http-a/b`; it must be 1 to 80 letters, digits, - and _";
    assert_eq!((status, &reported["message"]), (400, &json!(expected)));
}

#[tokio::test]
async fn an_invalid_request_gets_a_status_and_a_message() {
    let never = mock!(aws_sdk_sfn::Client::start_execution)
        .then_error(|| StartExecutionError::unhandled("nothing is started"));
    for (route, body, status, expected) in [
        ("POST /restore", "", 400, "The body cannot be used: EOF while parsing"),
        ("POST /restore", "{}", 400, "The body cannot be used: missing field `tableName`"),
        (
            "POST /restore",
            r#"{"tableName": 1, "snapshotFilename": "a"}"#,
            400,
            "The body cannot be used: invalid type: integer `1`, expected a string",
        ),
        (
            "POST /restore",
            r#"{"tableName": "Movies", "snapshotFilename": "2020-09-05 03:29"}"#,
            400,
            "snapshotFilename is `2020-09-05 03:29`; it must be the name of a snapshot",
        ),
        (
            "POST /restore",
            r#"{"tableName": "a/b", "snapshotFilename": "2026-11-20T02-00-00Z"}"#,
            400,
            "tableName is `a/b`; it must be a table name (3 to 255 letters, digits, `_`, `-` or `.`)",
        ),
        ("POST /snapshot", r#"{"at": "yesterday"}"#, 400, "At is `yesterday`; it must be a time"),
        ("POST /snapshot", r#"{"on": "x"}"#, 400, "The body cannot be used: unknown field `on`"),
        ("POST /snapshot", "[]x", 400, "The body cannot be used: "),
        ("GET /", "", 404, "there is no route `GET /`"),
        ("POST /snapshot", "", 500, "states:StartExecution failed"),
    ] {
        let (reported_status, reported) = response(&never, event(route, body)).await;
        let message = reported["message"].as_str().unwrap();
        assert!(
            reported_status == status && message.starts_with(expected),
            "{route} {body}: {reported_status} {message}"
        );
    }
    let mut encoded = event("POST /snapshot", "e30=");
    encoded["isBase64Encoded"] = json!(true);
    let started = starts(SNAPSHOTS, "http-JKJaXmPLvHcESHA", json!({}));
    assert_eq!(response(&started, encoded.clone()).await.0, 202);
    encoded["body"] = json!("%");
    assert_eq!(response(&never, encoded).await.0, 400);
}

#[tokio::test]
async fn the_status_of_an_execution_can_be_read() {
    let arn = execution_of(RESTORES, "http-1");
    let of = |status: ExecutionStatus| {
        let arn = arn.clone();
        mock!(aws_sdk_sfn::Client::describe_execution).then_output(move || {
            let (now, machine) = (DateTime::from_secs(0), RESTORES);
            let described = DescribeExecutionOutput::builder().execution_arn(&arn).state_machine_arn(machine);
            let described = described.start_date(now).status(status.clone());
            match status {
                ExecutionStatus::Succeeded => described.output(r#"{"Items":3}"#),
                ExecutionStatus::Failed => described.error("TableNotEmpty").cause("it holds items"),
                _ => described,
            }
            .build()
            .unwrap()
        })
    };
    let mut ask = event("GET /restore/{name}", "");
    ask["pathParameters"] = json!({ "name": "http-1" });
    let shown = |status: &str, output: Value, error: Value, cause: Value| json!({ "executionArn": arn, "status": status, "output": output, "error": error, "cause": cause });
    for (status, expected) in [
        (ExecutionStatus::Running, shown("RUNNING", Value::Null, Value::Null, Value::Null)),
        (ExecutionStatus::Succeeded, shown("SUCCEEDED", json!({ "Items": 3 }), Value::Null, Value::Null)),
        (
            ExecutionStatus::Failed,
            shown("FAILED", Value::Null, json!("TableNotEmpty"), json!("it holds items")),
        ),
    ] {
        assert_eq!(response(&of(status), ask.clone()).await, (200, expected));
    }
    let gone = mock!(aws_sdk_sfn::Client::describe_execution).then_error(|| {
        DescribeExecutionError::ExecutionDoesNotExist(ExecutionDoesNotExist::builder().message("no").build())
    });
    let (status, reported) = response(&gone, ask).await;
    let expected = "there is no execution `http-1`; it may be older than 90 days";
    assert_eq!((status, &reported["message"]), (404, &json!(expected)));
}
