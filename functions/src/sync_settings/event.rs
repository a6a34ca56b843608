//! The events that tell of a restore: CloudTrail's of DynamoDB's own calls, and AWS Backup's of its jobs.
//!
//! They are read by hand (docs/adr/0006). CloudTrail's comes when the restore is asked for, AWS Backup's when it
//! has ended; both lead to the same execution, which waits for the table by itself.

use serde_json::Value;

use crate::arn::Arn;
use crate::words::quoted;

/// What an event tells.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum News {
    /// A table is being restored.
    Restore(Restore),
    /// Something else; the words say what.
    Other(String),
}

/// A restore that was told of.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Restore {
    /// The table that is made: its ARN, or its name.
    pub target: String,
    /// The table that was backed up, where the event tells it: its ARN, or its name.
    pub source: Option<String>,
}

/// An event that cannot be read.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the event cannot be read: {0}")]
pub struct MalformedEvent(pub String);

/// Reads an event.
pub fn read(event: &Value) -> Result<News, MalformedEvent> {
    let kind = text(event, "/detail-type").ok_or_else(|| {
        MalformedEvent("it has no `detail-type`, so it does not come from EventBridge".to_owned())
    })?;
    match kind {
        "AWS API Call via CloudTrail" => of_cloudtrail(event),
        "Restore Job State Change" => of_aws_backup(event),
        other => Ok(News::Other(format!("it is {}, which tells of no restore", quoted(other)))),
    }
}

fn of_cloudtrail(event: &Value) -> Result<News, MalformedEvent> {
    let call = text(event, "/detail/eventName").unwrap_or_default();
    if !matches!(call, "RestoreTableToPointInTime" | "RestoreTableFromBackup") {
        return Ok(News::Other(format!("the call {} restores no table", quoted(call))));
    }
    if let Some(code) = text(event, "/detail/errorCode") {
        return Ok(News::Other(format!("the call was refused: {}", quoted(code))));
    }
    let asked = |name: &str| text(event, &format!("/detail/requestParameters/{name}")).map(str::to_owned);
    let missing = || MalformedEvent(format!("{call} without requestParameters.targetTableName"));
    let backup = asked("backupArn");
    let backed_up =
        backup.as_deref().and_then(|arn| arn.split_once("/backup/")).map(|(table, _)| table.to_owned());
    let source = asked("sourceTableArn").or_else(|| asked("sourceTableName")).or(backed_up);
    let target = asked("targetTableName").ok_or_else(missing)?;
    Ok(restore_unless_a_test(target, source))
}

fn of_aws_backup(event: &Value) -> Result<News, MalformedEvent> {
    let told = |name: &str| text(event, &format!("/detail/{name}"));
    // A job that was just created has `state` where every other has `status`.
    let status = told("status").or_else(|| told("state"));
    if status != Some("COMPLETED") {
        let status = quoted(status.unwrap_or("not told"));
        return Ok(News::Other(format!("the restore job is {status}")));
    }
    if let Some(other) = told("resourceType").filter(|kind| *kind != "DynamoDB") {
        return Ok(News::Other(format!("the restore job is of {}, not of DynamoDB", quoted(other))));
    }
    let Some(target) = told("createdResourceArn") else {
        return Err(MalformedEvent("a completed restore job without createdResourceArn".to_owned()));
    };
    let is_table = |arn: &str| Arn::parse(arn).is_some_and(|arn| arn.table_name().is_some());
    if !is_table(target) {
        return Ok(News::Other(format!("what was restored, {}, is not a table", quoted(target))));
    }
    if let Some(plan) = told("restoreTestingPlanArn") {
        return Ok(News::Other(format!("the restore job is a test by {}", quoted(plan))));
    }
    let source = told("sourceResourceArn").filter(|arn| is_table(arn));
    Ok(restore_unless_a_test(target.to_owned(), source.map(str::to_owned)))
}

/// What AWS Backup's restore testing calls the tables that it makes and soon deletes ("Restore testing" in the AWS Backup
/// developer guide).
const TEST_TABLE: &str = "awsbackup-restore-test-";

/// A test's table must not act on production: with the source's settings it would call its functions, feed its Kinesis
/// streams, and be protected from the deletion that ends the test.
fn restore_unless_a_test(target: String, source: Option<String>) -> News {
    let name = Arn::parse(&target).and_then(|arn| arn.table_name()).unwrap_or(&target);
    if name.starts_with(TEST_TABLE) {
        return News::Other(format!("{} is a table of AWS Backup's restore testing", quoted(name)));
    }
    News::Restore(Restore { target, source })
}

fn text<'a>(event: &'a Value, pointer: &str) -> Option<&'a str> {
    event.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const SOURCE: &str = "arn:aws:dynamodb:eu-west-1:123456789012:table/my.orders";
    const TARGET: &str = "arn:aws:dynamodb:eu-west-1:123456789012:table/my.orders-restored";

    const TEST: &str = "arn:aws:dynamodb:eu-west-1:123456789012:table/awsbackup-restore-test-orders-1";

    fn call(name: &str, parameters: Value) -> Value {
        json!({ "detail-type": "AWS API Call via CloudTrail", "source": "aws.dynamodb",
            "detail": { "eventName": name, "requestParameters": parameters, "responseElements": null } })
    }

    fn job(detail: Value) -> Value {
        json!({ "detail-type": "Restore Job State Change", "source": "aws.backup", "detail": detail })
    }

    fn restore(target: &str, source: Option<&str>) -> Result<News, MalformedEvent> {
        Ok(News::Restore(Restore { target: target.to_owned(), source: source.map(str::to_owned) }))
    }

    #[test]
    fn both_calls_tell_target_and_source() {
        let by_name = json!({ "sourceTableName": "orders", "targetTableName": "copy" });
        assert_eq!(read(&call("RestoreTableToPointInTime", by_name)), restore("copy", Some("orders")));
        let by_arn = json!({ "sourceTableArn": SOURCE, "targetTableName": "copy" });
        assert_eq!(read(&call("RestoreTableToPointInTime", by_arn)), restore("copy", Some(SOURCE)));
        let backup = json!({ "backupArn": format!("{SOURCE}/backup/01-2"), "targetTableName": "copy" });
        assert_eq!(read(&call("RestoreTableFromBackup", backup)), restore("copy", Some(SOURCE)));
    }

    #[test]
    fn a_completed_job_tells_them_in_either_spelling() {
        for field in ["status", "state"] {
            let detail = json!({ field: "COMPLETED", "resourceType": "DynamoDB", "createdResourceArn": TARGET,
                "sourceResourceArn": SOURCE });
            assert_eq!(read(&job(detail)), restore(TARGET, Some(SOURCE)), "{field}");
        }
        let without_source = json!({ "status": "COMPLETED", "createdResourceArn": TARGET });
        assert_eq!(read(&job(without_source)), restore(TARGET, None));
    }

    #[test]
    fn whatever_is_no_restore_of_a_table_that_succeeded_is_told_so() {
        let mut refused = call("RestoreTableFromBackup", json!({ "targetTableName": "copy" }));
        refused["detail"]["errorCode"] = json!("TableInUseException");
        for event in [
            refused,
            call("DeleteTable", json!({ "tableName": "orders" })),
            job(json!({ "state": "CREATED", "restoreJobId": "1" })),
            job(json!({ "status": "FAILED", "resourceType": "DynamoDB" })),
            job(json!({ "status": "COMPLETED", "resourceType": "EC2", "createdResourceArn": TARGET })),
            job(json!({ "status": "COMPLETED", "createdResourceArn": "arn:aws:ec2:r:1:instance/i-1" })),
            json!({ "detail-type": "Scheduled Event" }),
            job(json!({ "status": "COMPLETED", "createdResourceArn": TARGET,
                "restoreTestingPlanArn": "arn:aws:backup:eu-west-1:123456789012:restore-testing-plan:weekly" })),
            job(json!({ "status": "COMPLETED", "createdResourceArn": TEST })),
            call("RestoreTableFromBackup", json!({ "targetTableName": "awsbackup-restore-test-1" })),
        ] {
            assert!(matches!(read(&event), Ok(News::Other(_))), "{event}");
        }
        for event in [
            json!({}),
            json!([]),
            call("RestoreTableFromBackup", json!({})),
            call("RestoreTableFromBackup", Value::Null),
            job(json!({ "status": "COMPLETED" })),
        ] {
            assert!(matches!(read(&event), Err(MalformedEvent(_))), "{event}");
        }
    }

    proptest! {
        #[test]
        fn no_text_anywhere_makes_it_panic(kind in ".*", name in ".*", target in ".*", backup in ".*") {
            let mut event = call(&name, json!({ "targetTableName": target, "backupArn": backup }));
            event["detail-type"] = json!(kind);
            let _ = read(&event);
            let _ = read(&job(json!({ "status": "COMPLETED", "createdResourceArn": target })));
        }
    }
}
