use serde_json::json;

use super::*;
use crate::error_name::ErrorName;
use crate::testing::fake_aws::{FakeAws, backup_arn};

fn aws() -> FakeAws {
    ["2026-02-26T02:00:00Z", "2026-02-27T02:00:00Z", "2026-02-28T02:00:00Z"]
        .iter()
        .fold(FakeAws::default(), |aws, time| aws.with_backup("orders", time))
        .with_backup("customers", "2026-02-28T02:00:00Z")
}

async fn names(aws: &FakeAws) -> Vec<String> {
    let backups = backups(&aws.clients().dynamodb(), "orders").await.unwrap();
    backups.into_iter().map(|backup| backup.name).collect()
}

#[tokio::test]
async fn every_page_is_read_without_backups_of_other_tables() {
    for page in 1..=4 {
        let aws = aws().with_pages_of(page);
        assert_eq!(
            names(&aws).await,
            ["orders-20260226T020000Z", "orders-20260227T020000Z", "orders-20260228T020000Z"]
        );
        assert_eq!(aws.calls("dynamodb:ListBackups").len(), 3_usize.div_ceil(page));
    }
}

#[tokio::test]
async fn only_user_backups_are_listed() {
    let aws = aws().with_pages_of(1);
    aws.set_backup(0, "BackupType", json!("AWS_BACKUP"));
    aws.set_backup(1, "BackupType", json!("SYSTEM"));
    assert_eq!(names(&aws).await, ["orders-20260228T020000Z"]);
    for call in aws.calls("dynamodb:ListBackups") {
        assert_eq!((&call.input["BackupType"], &call.input["TableName"]), (&json!("USER"), &json!("orders")));
    }
}

#[tokio::test]
async fn backup_has_all_fields_for_the_decision() {
    let aws = aws();
    aws.set_backup(1, "BackupStatus", json!("CREATING"));
    aws.set_backup(2, "TableId", json!("earlier"));
    let backups = backups(&aws.clients().dynamodb(), "orders").await.unwrap();
    let expected = Backup {
        arn: backup_arn("orders", "orders-20260226T020000Z"),
        name: "orders-20260226T020000Z".to_owned(),
        created_at: "2026-02-26T02:00:00Z".parse().unwrap(),
        available: true,
        table_id: "id-of-orders".to_owned(),
    };
    assert_eq!(backups[0], expected);
    assert_eq!((backups[1].available, backups[2].table_id.as_str()), (false, "earlier"));
}

#[tokio::test]
async fn unidentifiable_backups_are_skipped() {
    for field in ["BackupArn", "BackupName", "BackupCreationDateTime", "TableId"] {
        let aws = aws();
        aws.set_backup(1, field, json!(null));
        assert_eq!(names(&aws).await, ["orders-20260226T020000Z", "orders-20260228T020000Z"], "{field}");
    }
}

#[tokio::test]
async fn refused_page_fails_the_list() {
    let aws = aws().with_pages_of(1);
    aws.response("dynamodb:ListBackups", |call| match call.input["ExclusiveStartBackupArn"].as_str() {
        None => (
            200,
            json!({ "BackupSummaries": [], "LastEvaluatedBackupArn": backup_arn("orders", "orders-1") }),
        ),
        Some(_) => crate::testing::fake_aws::refusal("ThrottlingException"),
    });
    let failure = backups(&aws.clients().dynamodb(), "orders").await.unwrap_err();
    assert_eq!((failure.action, failure.name), ("dynamodb:ListBackups", ErrorName::Throttled));
}
