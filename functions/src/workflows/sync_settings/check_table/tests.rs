use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::operation::describe_table::DescribeTableOutput as Described;
use aws_sdk_dynamodb::primitives::DateTime as SdkDateTime;
use aws_sdk_dynamodb::types as sdk;
use aws_sdk_dynamodb::types::{TableDescription, TableStatus};
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use serde_json::{Value, json};

use super::*;
use crate::step::AnyStep;

const ARN: &str = "arn:aws:dynamodb:eu-west-1:123456789012:table/copy";

fn described(status: TableStatus) -> Rule {
    mock!(aws_sdk_dynamodb::Client::describe_table).then_output(move || {
        let table = TableDescription::builder().table_arn(ARN).table_status(status.clone());
        Described::builder().table(table.build()).build()
    })
}

fn refused(code: &'static str) -> Rule {
    mock!(aws_sdk_dynamodb::Client::describe_table).then_http_response(move || {
        let body = json!({ "__type": code, "message": "so AWS says" }).to_string();
        HttpResponse::new(400.try_into().unwrap(), body.into())
    })
}

async fn run(age: i64, dynamodb: &[&Rule], hours: &str, input: Value) -> Result<Value, Failure> {
    let step = CheckTable {
        dynamodb: mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, dynamodb),
        clock: Clock::Fixed(DateTime::from_timestamp(age, 0).unwrap()),
    };
    step.run_json(json!({
        "executionArn": "arn:aws:states:eu-west-1:123456789012:execution:sync-settings:sync-1",
        "executionInput": input, "startedAt": "1970-01-01T00:00:00Z", "tableTimeoutHours": hours,
        "restoreSummary": null
    }))
    .await
}

/// Polls a table for which an execution has waited for `age` seconds and may wait an hour.
async fn poll(age: i64, dynamodb: &Rule) -> Result<Value, Failure> {
    run(age, &[dynamodb], "1", json!({ "Target": "copy" })).await
}

#[tokio::test]
async fn a_ready_table_is_ready_even_after_the_deadline() {
    for age in [0, 3_600, 1_000_000] {
        let output = poll(age, &described(TableStatus::Active)).await.unwrap();
        assert_eq!(output, json!({ "status": "READY", "tableArn": ARN, "restoreSummary": null }));
    }
}

#[tokio::test]
async fn the_wait_for_an_unready_table_grows() {
    for (age, wait) in [(0, 60), (120, 100), (600, 500), (2_000, 600), (3_599, 2)] {
        let output = poll(age, &described(TableStatus::Creating)).await.unwrap();
        let reason = "the table is being created";
        let expected =
            json!({ "status": "PENDING", "waitSeconds": wait, "reason": reason, "restoreSummary": null });
        assert_eq!(output, expected);
    }
}

#[tokio::test]
async fn the_restore_summary_is_passed_on_after_dynamodb_drops_it() {
    let summary = json!({ "SourceBackupArn": null, "SourceTableArn": "arn",
        "RestoreDateTime": "1970-01-01T00:00:09Z", "RestoreInProgress": true });
    let restoring = mock!(aws_sdk_dynamodb::Client::describe_table).then_output(|| {
        let reported = sdk::RestoreSummary::builder().source_table_arn("arn").restore_in_progress(true);
        let reported = reported.restore_date_time(SdkDateTime::from_secs(9)).build().unwrap();
        let table = TableDescription::builder().table_status(TableStatus::Creating).restore_summary(reported);
        Described::builder().table(table.build()).build()
    });
    let poll = async |dynamodb: &Rule, seen: &Value| {
        let step = CheckTable {
            dynamodb: mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, [dynamodb]),
            clock: Clock::Fixed(DateTime::UNIX_EPOCH),
        };
        let input = json!({ "executionArn": "arn:aws:states:eu-west-1:123456789012:execution:sync-settings:sync-1",
            "executionInput": { "Target": "copy" }, "startedAt": "1970-01-01T00:00:00Z",
            "tableTimeoutHours": "1", "restoreSummary": seen });
        step.run_json(input).await.unwrap()["restoreSummary"].clone()
    };
    assert_eq!(poll(&restoring, &Value::Null).await, summary);
    // While the table is UPDATING, and once it is ACTIVE, DynamoDB no longer reports the restore.
    for status in [TableStatus::Updating, TableStatus::Active] {
        assert_eq!(poll(&described(status), &summary).await, summary);
    }
}

#[tokio::test]
async fn the_table_times_out_and_the_message_names_the_deadline() {
    let failure = poll(3_600, &described(TableStatus::Creating)).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::RestoreTimedOut);
    assert_eq!(
        failure.message,
        "table copy was to be usable by 1970-01-01T01:00:00+00:00, but the table is being created"
    );
}

#[tokio::test]
async fn a_terminal_table_status_fails_the_step() {
    let failure = poll(60, &described(TableStatus::Deleting)).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::RestoreFailed);
    assert_eq!(failure.message, "table copy cannot be used: the table is DELETING");
}

#[tokio::test]
async fn a_table_that_does_not_exist_is_missing() {
    let failure = poll(0, &refused("ResourceNotFoundException")).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::TargetTableMissing);
    assert!(failure.message.contains("table copy does not exist"), "{failure}");
}

#[tokio::test]
async fn an_invalid_input_is_rejected_before_any_call() {
    for (hours, input, expected) in [
        (
            "1",
            json!({ "Target": "a b" }),
            "Target is `a b`; it must be a table name (3 to 255 letters, digits, `_`, `-` or `.`) or ARN",
        ),
        (
            "1",
            json!({ "Target": "copy", "Source": "a/b" }),
            "Source is `a/b`; it must be a table name (3 to 255 letters, digits, `_`, `-` or `.`) or ARN",
        ),
        (
            "1",
            json!({ "Target": "copy", "SourceRoleArn": "admin" }),
            "SourceRoleArn is `admin`; it must be the ARN",
        ),
        ("0", json!({ "Target": "copy" }), "TableTimeoutHours is `0`; it must be between 1 and 168"),
        ("169", json!({ "Target": "copy" }), "TableTimeoutHours is `169`"),
        ("one", json!({ "Target": "copy" }), "TableTimeoutHours is `one`"),
        (
            "1",
            json!({ "Target": "copy", "TableTimeoutSeconds": 604_801 }),
            "TableTimeoutSeconds is 604801; it must be between 1 and 604800",
        ),
        ("1", json!({}), "missing field `Target`"),
        ("1", json!({ "Target": "copy", "Targte": "x" }), "unknown field `Targte`"),
        ("1", json!({ "Target": "copy", "Settings": { "Tag": true } }), "unknown variant `Tag`"),
    ] {
        let failure = run(0, &[], hours, input).await.unwrap_err();
        assert_eq!(failure.name, ErrorName::InvalidInput);
        assert!(failure.message.contains(expected), "{failure}");
    }
}

#[tokio::test]
async fn the_maximum_timeout_is_a_week() {
    let creating = described(TableStatus::Creating);
    let input = || json!({ "Target": ARN, "SourceRoleArn": "" });
    let output = run(604_799, &[&creating], "168", input()).await.unwrap();
    assert_eq!(output["status"], "PENDING");
    let failure = run(604_800, &[&creating], "168", input()).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::RestoreTimedOut);
}

#[tokio::test]
async fn refused_calls_have_their_error_names() {
    for (code, name) in [
        ("AccessDeniedException", ErrorName::AccessDenied),
        ("ThrottlingException", ErrorName::Throttled),
        ("ValidationException", ErrorName::RequestRefused),
    ] {
        assert_eq!(poll(60, &refused(code)).await.unwrap_err().name, name);
    }
}
