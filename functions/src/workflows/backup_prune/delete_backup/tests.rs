use serde_json::{Value, json};
use tablekeeper_core::testing::fake_aws::{FakeAws, backup_arn};

use super::*;
use crate::step::AnyStep;
use crate::workflows::backup_prune::testing::{EXECUTION, NEW, STARTED_AT, new_backup};

const OLD: &str = "orders-20260227T020000Z";

/// Returns an AWS with the new backup of the run, and one to delete.
fn aws() -> FakeAws {
    FakeAws::default().with_backup("orders", STARTED_AT).with_backup("orders", "2026-02-27T02:00:00Z")
}

async fn delete(aws: &FakeAws) -> Result<Value, Failure> {
    let step = DeleteBackup::new(&aws.clients()).unwrap();
    let old = json!({ "backupArn": backup_arn("orders", OLD), "backupName": OLD });
    step.run_json(json!({ "executionArn": EXECUTION, "keeper": new_backup(), "backup": old })).await
}

fn outcome(word: &str) -> Value {
    json!({ "backupName": OLD, "outcome": word, "reason": null })
}

#[tokio::test]
async fn a_backup_is_deleted_and_the_second_time_it_is_gone() {
    let aws = aws();
    assert_eq!(delete(&aws).await.unwrap(), outcome("DELETED"));
    assert_eq!(aws.backup_names(), [NEW]);
    assert_eq!(delete(&aws).await.unwrap(), outcome("GONE"));
    assert_eq!(aws.backup_names(), [NEW]);
}

#[tokio::test]
async fn nothing_is_deleted_while_the_new_backup_is_not_available() {
    for status in ["CREATING", "DELETED", "COPYING"] {
        let aws = aws();
        aws.set_backup(0, "BackupStatus", json!(status));
        let failure = delete(&aws).await.unwrap_err();
        assert_eq!(failure.name, ErrorName::BackupNotAvailable, "{status}");
        assert_eq!(
            failure.message,
            format!(
                "backup {NEW}, which this run made, is no longer available, so no older backup is deleted"
            )
        );
        assert!(aws.calls("dynamodb:DeleteBackup").is_empty(), "{status}");
    }
    let gone = FakeAws::default().with_backup("orders", "2026-02-27T02:00:00Z");
    assert_eq!(delete(&gone).await.unwrap_err().name, ErrorName::BackupNotAvailable);
    assert_eq!(gone.backup_names(), [OLD]);
}

#[tokio::test]
async fn nothing_is_deleted_while_the_new_backup_cannot_be_described() {
    for (code, name) in
        [("ThrottlingException", ErrorName::Throttled), ("AccessDeniedException", ErrorName::AccessDenied)]
    {
        let aws = aws();
        aws.refuse("dynamodb:DescribeBackup", code);
        assert_eq!(delete(&aws).await.unwrap_err().name, name);
        assert!(aws.calls("dynamodb:DeleteBackup").is_empty());
    }
    let aws = aws();
    aws.response("dynamodb:DescribeBackup", |_| (200, json!({})));
    assert_eq!(delete(&aws).await.unwrap_err().name, ErrorName::BackupNotAvailable);
    assert!(aws.calls("dynamodb:DeleteBackup").is_empty());
}

#[tokio::test]
async fn refused_calls_have_their_error_names() {
    for (code, name) in [
        ("BackupInUseException", ErrorName::ResourceBusy),
        ("LimitExceededException", ErrorName::ResourceBusy),
        ("ThrottlingException", ErrorName::Throttled),
        ("AccessDeniedException", ErrorName::AccessDenied),
        ("ValidationException", ErrorName::RequestRefused),
    ] {
        let aws = aws();
        aws.refuse("dynamodb:DeleteBackup", code);
        assert_eq!(delete(&aws).await.unwrap_err().name, name, "{code}");
        assert_eq!(aws.backup_names().len(), 2);
    }
}
