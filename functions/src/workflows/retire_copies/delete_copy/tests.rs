use serde_json::{Value, json};
use tablekeeper_core::aws::own_tag::RETIRING;
use tablekeeper_core::testing::fake_aws::{FakeAws, arn};

use super::*;
use crate::step::AnyStep;
use crate::workflows::retire_copies::testing::{EXECUTION, aws, copy, name, run};

/// Returns an account with three copies, of which the execution marked the first at 02:00 and made a backup.
fn marked() -> FakeAws {
    let value = format!("{EXECUTION} 2026-04-01T02:00:00Z");
    let name = name(1);
    aws(3).with_tag(&name, RETIRING, &value).with_backup(&name, "2026-04-01T02:00:00Z")
}

async fn delete_at(aws: &FakeAws, hour: u32, run: Value) -> Result<Value, Failure> {
    let clock = Clock::Fixed(format!("2026-04-01T{hour:02}:10:00Z").parse().unwrap());
    let step = DeleteCopy { clock, ..DeleteCopy::new(&aws.clients()).unwrap() };
    let backup_arn = aws.state().backups.first().map(|backup| backup["BackupArn"].clone());
    step.run_json(json!({ "executionArn": EXECUTION, "run": run, "copy": copy(1), "backupArn": backup_arn }))
        .await
}

async fn delete(aws: &FakeAws) -> Result<Value, Failure> {
    delete_at(aws, 2, run()).await
}

/// Asserts that the table stays for this reason.
async fn stays(aws: &FakeAws, reason: &str) {
    let output = delete(aws).await.unwrap();
    assert_eq!(
        (&output["deleted"], &output["report"]["Outcome"]),
        (&json!(false), &json!("KEPT")),
        "{output}"
    );
    let found = output["report"]["Reason"].as_str().unwrap();
    assert!(found.starts_with(reason), "{found}");
    assert!(aws.calls("dynamodb:DeleteTable").is_empty(), "{reason}");
}

#[tokio::test]
async fn a_marked_copy_that_nothing_keeps_is_deleted_once() {
    let aws = marked();
    let output = delete(&aws).await.unwrap();
    assert_eq!((&output["deleted"], &output["report"]["Outcome"]), (&json!(true), &json!("RETIRED")));
    assert!(output["report"]["BackupArn"].as_str().unwrap().contains("/backup/"));
    let again = delete(&aws).await.unwrap();
    assert_eq!(
        (&again["deleted"], &again["report"]["Reason"]),
        (&json!(true), &json!("it was gone already"))
    );
    assert_eq!(aws.calls("dynamodb:DeleteTable").len(), 1);
    assert!(!aws.state().tables.contains_key(&name(1)) && aws.state().tables.contains_key(&name(2)));
}

#[tokio::test]
async fn a_table_that_is_being_deleted_is_not_deleted_again() {
    let aws = marked();
    aws.set(&name(1), "TableStatus", json!("DELETING"));
    assert_eq!(delete(&aws).await.unwrap()["deleted"], true);
    assert!(aws.calls("dynamodb:DeleteTable").is_empty());
}

#[tokio::test]
async fn what_changed_since_the_plan_keeps_the_table() {
    let aws = marked();
    aws.state().parameters.put("/p", &arn(&name(1)));
    stays(&aws, "/p points at it (current)").await;

    let aws = marked();
    aws.set(&name(1), "TableId", json!("another"));
    stays(&aws, "it was deleted and made again").await;

    let aws = marked();
    aws.state().tags.get_mut(&arn(&name(1))).unwrap().remove(RETIRING);
    stays(&aws, "its mark was removed meanwhile").await;

    let aws = marked().with_tag(&name(1), RETIRING, "arn:another 2026-03-01T02:00:00Z");
    stays(&aws, "its mark is of another execution").await;

    let aws = marked();
    for day in [2, 3] {
        aws.state().tables.remove(&name(day));
    }
    stays(&aws, "it is one of the newest 1").await;
}

#[tokio::test]
async fn an_old_mark_of_its_own_does_not_delete() {
    let aws = marked();
    let output = delete_at(&aws, 15, run()).await.unwrap();
    assert_eq!(output["deleted"], false, "{output}");
    assert!(
        output["report"]["Reason"]
            .as_str()
            .unwrap()
            .starts_with("its mark is of another execution or too old")
    );
}

#[tokio::test]
async fn without_its_backup_nothing_is_deleted() {
    let aws = marked();
    aws.set_backup(0, "BackupStatus", json!("DELETED"));
    assert_eq!(delete(&aws).await.unwrap_err().name, ErrorName::BackupNotAvailable);
    aws.state().backups.clear();
    assert_eq!(delete(&aws).await.unwrap_err().name, ErrorName::BackupNotAvailable);
    let mut without = run();
    without["backUp"] = json!(false);
    assert_eq!(delete_at(&aws, 2, without).await.unwrap()["report"]["BackupArn"], Value::Null);
}

#[tokio::test]
async fn what_cannot_be_read_is_not_absent() {
    for action in ["ssm:DescribeParameters", "dynamodb:ListTables", "dynamodb:DescribeTable"] {
        let aws = marked();
        aws.refuse(action, "AccessDeniedException");
        assert_eq!(delete(&aws).await.unwrap_err().name, ErrorName::AccessDenied, "{action}");
        assert!(aws.calls("dynamodb:DeleteTable").is_empty());
    }
    let aws = marked();
    aws.refuse("dynamodb:ListTagsOfResource", "AccessDeniedException");
    assert_eq!(delete(&aws).await.unwrap_err().name, ErrorName::AccessDenied);
    assert!(aws.calls("dynamodb:DeleteTable").is_empty());
}

#[tokio::test]
async fn a_refused_deletion_has_its_error_name() {
    let aws = marked();
    aws.refuse("dynamodb:DeleteTable", "ResourceInUseException");
    assert_eq!(delete(&aws).await.unwrap_err().name, ErrorName::ResourceBusy);
}
