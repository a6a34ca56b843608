use serde_json::{Value, json};
use tablekeeper_core::testing::fake_aws::FakeAws;

use super::*;
use crate::step::AnyStep;
use crate::workflows::backup_prune::testing::{EXECUTION, NEW, STARTED_AT, new_backup, run};

fn aws(status: &str) -> FakeAws {
    let aws = FakeAws::default().with_backup("orders", STARTED_AT);
    aws.set_backup(0, "BackupStatus", json!(status));
    aws
}

/// Polls the backup of a run that is `age` seconds old and may wait an hour.
async fn check(aws: &FakeAws, age: i64) -> Result<Value, Failure> {
    let started_at: chrono::DateTime<chrono::Utc> = STARTED_AT.parse().unwrap();
    let now = Clock::Fixed(started_at + chrono::TimeDelta::seconds(age));
    let step = CheckBackup { clock: now, ..CheckBackup::new(&aws.clients()).unwrap() };
    let input = json!({ "executionArn": EXECUTION, "run": run(3, 50), "backup": new_backup() });
    step.run_json(input).await
}

#[tokio::test]
async fn an_available_backup_is_ready_even_after_the_deadline() {
    for age in [0, 60, 3_600, 1_000_000] {
        assert_eq!(check(&aws("AVAILABLE"), age).await.unwrap(), json!({ "status": "READY" }));
    }
}

#[tokio::test]
async fn the_wait_for_an_unfinished_backup_grows() {
    for (age, wait) in [(0, 5), (6, 5), (120, 100), (600, 500), (2_000, 600), (3_599, 2)] {
        let output = check(&aws("CREATING"), age).await.unwrap();
        assert_eq!(output, json!({ "status": "PENDING", "waitSeconds": wait, "reason": "it is CREATING" }));
    }
    // A status that AWS may add later is not a failure.
    assert_eq!(check(&aws("COPYING"), 0).await.unwrap()["reason"], "it is COPYING");
}

#[tokio::test]
async fn the_backup_times_out_and_the_message_names_the_deadline() {
    let failure = check(&aws("CREATING"), 3_600).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::BackupTimedOut);
    assert_eq!(
        failure.message,
        format!("backup {NEW} was to be available by 2026-03-01T03:00:00+00:00, but it is CREATING")
    );
}

#[tokio::test]
async fn a_backup_made_late_in_a_run_still_has_ten_minutes() {
    let check = async |age: i64| {
        let started_at: chrono::DateTime<chrono::Utc> = STARTED_AT.parse().unwrap();
        let now = Clock::Fixed(started_at + chrono::TimeDelta::seconds(age));
        let aws = aws("CREATING");
        let step = CheckBackup { clock: now, ..CheckBackup::new(&aws.clients()).unwrap() };
        let mut backup = new_backup();
        backup["createdAt"] = json!("2026-03-01T03:30:00Z");
        step.run_json(json!({ "executionArn": EXECUTION, "run": run(3, 50), "backup": backup })).await
    };
    // It was made an hour and a half after the execution began, half an hour after the run's deadline.
    assert_eq!(check(5_400).await.unwrap()["waitSeconds"], 5);
    assert_eq!(check(5_999).await.unwrap()["status"], "PENDING");
    assert_eq!(check(6_000).await.unwrap_err().name, ErrorName::BackupTimedOut);
}

#[tokio::test]
async fn a_deleted_or_missing_backup_fails_the_step() {
    let failure = check(&aws("DELETED"), 0).await.unwrap_err();
    assert_eq!(
        (failure.name, failure.message),
        (ErrorName::BackupFailed, format!("backup {NEW} failed: it was deleted"))
    );
    let failure = check(&FakeAws::default(), 0).await.unwrap_err();
    let expected = format!("backup {NEW} failed: it no longer exists");
    assert_eq!((failure.name, failure.message), (ErrorName::BackupFailed, expected));
}

#[tokio::test]
async fn refused_calls_have_their_error_names() {
    for (code, name) in [
        ("AccessDeniedException", ErrorName::AccessDenied),
        ("ThrottlingException", ErrorName::Throttled),
        ("ValidationException", ErrorName::RequestRefused),
    ] {
        let aws = aws("AVAILABLE");
        aws.refuse("dynamodb:DescribeBackup", code);
        assert_eq!(check(&aws, 0).await.unwrap_err().name, name);
    }
}
