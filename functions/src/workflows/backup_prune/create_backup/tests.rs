use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tablekeeper_core::testing::fake_aws::{FakeAws, backup_arn};

use super::*;
use crate::step::AnyStep;
use crate::workflows::backup_prune::testing::{EXECUTION, NEW, STARTED_AT, run};

fn aws() -> FakeAws {
    FakeAws::default().with_table("orders")
}

/// Starts the backup of `orders` in a run that is `age` seconds old and may wait an hour.
async fn create_with(clients: &Clients, age: i64) -> Result<Value, Failure> {
    let started_at: DateTime<Utc> = STARTED_AT.parse().unwrap();
    let now = Clock::Fixed(started_at + chrono::TimeDelta::seconds(age));
    let step = CreateBackup { clock: now, ..CreateBackup::new(clients).unwrap() };
    let input =
        json!({ "executionArn": EXECUTION, "run": run(3, 50), "tableName": "orders", "backupName": NEW });
    step.run_json(input).await
}

async fn create(aws: &FakeAws) -> Result<Value, Failure> {
    create_with(&aws.clients(), 5).await
}

fn creations(aws: &FakeAws) -> usize {
    aws.calls("dynamodb:CreateBackup").len()
}

fn lost(_call: &tablekeeper_core::testing::fake_aws::Call) -> tablekeeper_core::testing::fake_aws::Response {
    (500, json!({ "__type": "InternalServerError", "message": "so AWS says" }))
}

#[tokio::test]
async fn a_backup_is_started_under_the_runs_name() {
    let aws = aws().with_backup("orders", "2026-02-28T02:00:00Z");
    let made = json!({
        "backup": { "backupArn": format!("{}-made-1", backup_arn("orders", NEW)), "backupName": NEW,
            "tableId": "id-of-orders", "createdAt": "2026-03-01T02:00:05Z" },
        "adopted": false, "waitSeconds": 5
    });
    assert_eq!(create(&aws).await.unwrap(), made);
    let calls = aws.calls("dynamodb:CreateBackup");
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].input, json!({ "TableName": "orders", "BackupName": NEW }));
}

#[tokio::test]
async fn the_second_invocation_adopts_the_backup_of_the_first() {
    // However far back it is in the list.
    let aws =
        aws().with_backup("orders", "2026-02-27T02:00:00Z").with_backup("orders", "2026-02-28T02:00:00Z");
    let aws = aws.with_pages_of(1);
    let first = create(&aws).await.unwrap();
    let second = create(&aws).await.unwrap();
    assert_eq!(second["backup"], first["backup"]);
    assert_eq!((&second["adopted"], &second["waitSeconds"]), (&json!(true), &json!(0)));
    assert_eq!(creations(&aws), 1);
}

#[tokio::test]
async fn a_backup_of_that_name_of_an_earlier_table_is_not_adopted() {
    let aws = aws().with_backup("orders", STARTED_AT);
    aws.set_backup(0, "TableId", json!("id-of-an-earlier-table"));
    let output = create(&aws).await.unwrap();
    assert_eq!((&output["adopted"], &output["backup"]["tableId"]), (&json!(false), &json!("id-of-orders")));
    assert_eq!(creations(&aws), 1);
}

#[tokio::test]
async fn a_backup_of_aws_backup_with_that_name_is_not_adopted() {
    let aws = aws().with_backup("orders", STARTED_AT);
    aws.set_backup(0, "BackupType", json!("AWS_BACKUP"));
    assert_eq!(create(&aws).await.unwrap()["adopted"], false);
}

#[tokio::test]
async fn after_a_lost_response_a_retry_finds_the_backup() {
    let aws = aws();
    aws.response("dynamodb:CreateBackup", lost);
    let failure = create(&aws).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::ServiceUnavailable);
    // AWS made it nevertheless.
    let aws = aws.with_backup("orders", STARTED_AT);
    let output = create(&aws).await.unwrap();
    assert_eq!((&output["adopted"], &output["backup"]["backupName"]), (&json!(true), &json!(NEW)));
    assert_eq!(creations(&aws), 1);
}

#[tokio::test]
async fn a_response_without_content_is_a_lost_response() {
    let aws = aws();
    aws.response("dynamodb:CreateBackup", |_| (200, json!({})));
    let failure = create(&aws).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::ServiceUnavailable);
    assert_eq!(failure.message, "dynamodb:CreateBackup failed: the response names no backup");
}

#[tokio::test]
async fn the_sdk_retries_other_calls_but_not_create_backup() {
    let aws = aws();
    let retry = aws_config::retry::RetryConfig::standard().with_initial_backoff(Duration::from_millis(1));
    let clients = aws.clients_with(retry);
    aws.response("dynamodb:CreateBackup", lost);
    assert_eq!(create_with(&clients, 5).await.unwrap_err().name, ErrorName::ServiceUnavailable);
    assert_eq!(creations(&aws), 1);
    aws.response("dynamodb:ListBackups", lost);
    assert_eq!(create_with(&clients, 5).await.unwrap_err().name, ErrorName::ServiceUnavailable);
    assert!(aws.calls("dynamodb:ListBackups").len() > 2, "the client of this test repeats nothing at all");
    assert_eq!(creations(&aws), 1);
}

#[tokio::test]
async fn a_backup_made_late_in_a_run_is_polled_as_soon_as_an_early_one() {
    for age in [5, 3_599, 10_000] {
        let aws = aws();
        let made = 1_772_330_400 + age;
        aws.response("dynamodb:CreateBackup", move |_| {
            let details = json!({ "BackupArn": backup_arn("orders", NEW), "BackupName": NEW,
                "BackupStatus": "CREATING", "BackupType": "USER", "BackupCreationDateTime": made });
            (200, json!({ "BackupDetails": details }))
        });
        assert_eq!(create_with(&aws.clients(), age).await.unwrap()["waitSeconds"], 5, "{age}");
    }
}

#[tokio::test]
async fn a_table_that_is_being_created_is_busy_and_not_missing() {
    let aws = aws();
    aws.set("orders", "TableStatus", json!("CREATING"));
    let failure = create(&aws).await.unwrap_err();
    assert_eq!((failure.name, creations(&aws)), (ErrorName::ResourceBusy, 0));
    // The table was ACTIVE when it was described, or DynamoDB does not see yet that it is.
    aws.set("orders", "TableStatus", json!("ACTIVE"));
    aws.refuse("dynamodb:CreateBackup", "TableNotFoundException");
    let failure = create(&aws).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::ResourceBusy);
    assert!(failure.message.ends_with("is still being created or restored, and cannot be backed up yet"));
}

#[tokio::test]
async fn a_missing_table_is_detected_before_the_call_and_by_it() {
    let failure = create(&FakeAws::default()).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::SourceTableMissing);
    assert_eq!(failure.message, "table orders does not exist, so it cannot be backed up");
    for code in ["TableNotFoundException", "ResourceNotFoundException"] {
        let aws = aws();
        aws.refuse("dynamodb:CreateBackup", code);
        let polls = std::sync::atomic::AtomicUsize::new(0);
        aws.response("dynamodb:DescribeTable", move |_| {
            match polls.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
                0 => (200, json!({ "Table": { "TableId": "id-of-orders", "TableStatus": "ACTIVE" } })),
                _ => tablekeeper_core::testing::fake_aws::refusal("ResourceNotFoundException"),
            }
        });
        assert_eq!(create(&aws).await.unwrap_err().name, ErrorName::SourceTableMissing, "{code}");
    }
}

#[tokio::test]
async fn refused_calls_have_their_error_names() {
    for (action, code, name) in [
        ("dynamodb:CreateBackup", "LimitExceededException", ErrorName::TooManyBackups),
        ("dynamodb:CreateBackup", "ThrottlingException", ErrorName::Throttled),
        ("dynamodb:CreateBackup", "BackupInUseException", ErrorName::ResourceBusy),
        ("dynamodb:CreateBackup", "TableInUseException", ErrorName::ResourceBusy),
        ("dynamodb:CreateBackup", "ContinuousBackupsUnavailableException", ErrorName::ResourceBusy),
        ("dynamodb:CreateBackup", "AccessDeniedException", ErrorName::AccessDenied),
        ("dynamodb:CreateBackup", "ValidationException", ErrorName::RequestRefused),
        ("dynamodb:ListBackups", "AccessDeniedException", ErrorName::AccessDenied),
        ("dynamodb:DescribeTable", "ThrottlingException", ErrorName::Throttled),
    ] {
        let aws = aws();
        aws.refuse(action, code);
        let failure = create(&aws).await.unwrap_err();
        assert_eq!(failure.name, name, "{action} {code}");
        assert!(failure.message.contains("so AWS says"), "{failure}");
    }
}
