//! The events that report a restore: CloudTrail's events of DynamoDB calls, and AWS Backup's events of its jobs.
//!
//! They are read by hand (docs/adr/0006). CloudTrail's event comes when the restore is requested, AWS Backup's when it
//! has ended. Both lead to the same execution, which waits for the table itself.

use chrono::{DateTime, Utc};
use serde_json::Value;
use tablekeeper_core::aws::arn::{Arn, RecoveryPointKind, table_arn_of_backup};
use tablekeeper_core::aws::envelope;
use tablekeeper_core::text::quoted;

/// The content of an event.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Notification {
    /// A table is being restored.
    Restore(Restore),
    /// Anything else, described in a sentence.
    Other(String),
}

/// A restore that an event reported.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Restore {
    /// ARN or name of the table that is made.
    pub target: String,
    /// ARN or name of the table that was backed up, if the event has it.
    pub source: Option<String>,
    /// ARN of the backup or recovery point that is restored; `None` for a restore to a point in time.
    pub backup_arn: Option<String>,
    /// Point in time that is restored.
    pub restore_date_time: Option<DateTime<Utc>>,
}

/// An event that cannot be read.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the event cannot be read: {0}")]
pub struct MalformedEvent(pub String);

/// Reads an event of EventBridge.
pub fn read(event: &Value) -> Result<Notification, MalformedEvent> {
    let kind =
        text(event, "/detail-type").ok_or_else(|| {
            let record = event.pointer("/Records/0").and_then(envelope::of_record);
            let known = record.or_else(|| envelope::of_event(event));
            MalformedEvent(known.unwrap_or_else(|| {
                "it has no `detail-type`, so it does not come from EventBridge".to_owned()
            }))
        })?;
    match kind {
        "AWS API Call via CloudTrail" => of_cloudtrail(event),
        "Restore Job State Change" => of_aws_backup(event),
        other => Ok(Notification::Other(format!("it is {}, which reports no restore", quoted(other)))),
    }
}

fn of_cloudtrail(event: &Value) -> Result<Notification, MalformedEvent> {
    let call = text(event, "/detail/eventName").unwrap_or_default();
    if !matches!(call, "RestoreTableToPointInTime" | "RestoreTableFromBackup") {
        return Ok(Notification::Other(format!("the call {} restores no table", quoted(call))));
    }
    if let Some(code) = text(event, "/detail/errorCode") {
        return Ok(Notification::Other(format!("the call was refused: {}", quoted(code))));
    }
    let asked = |name: &str| text(event, &format!("/detail/requestParameters/{name}")).map(str::to_owned);
    let missing = || MalformedEvent(format!("{call} has no requestParameters.targetTableName"));
    let backup_arn = asked("backupArn");
    let backed_up = backup_arn.as_deref().and_then(table_arn_of_backup).map(str::to_owned);
    let source = asked("sourceTableArn").or_else(|| asked("sourceTableName")).or(backed_up);
    let target = asked("targetTableName").ok_or_else(missing)?;
    let restore_date_time = match call {
        "RestoreTableToPointInTime" => point_in_time(event),
        _ => None,
    };
    Ok(restore_unless_a_test(Restore { target, source, backup_arn, restore_date_time }))
}

/// Returns the point in time that a call requests, as CloudTrail writes it (recorded in `recovery_audit.json` of
/// radkawar/stackd), or in seconds since 1970. For the latest time, and if the value cannot be read, returns the time
/// of the call itself, which is not earlier.
fn point_in_time(event: &Value) -> Option<DateTime<Utc>> {
    let asked = event.pointer("/detail/requestParameters/restoreDateTime").filter(|asked| !asked.is_null());
    let time = asked.and_then(moment);
    if let (Some(asked), None) = (asked, time) {
        tracing::warn!(%asked, "restoreDateTime cannot be read as a time; the time of the call is used");
    }
    time.or_else(|| moment(event.pointer("/detail/eventTime")?))
}

fn moment(reported: &Value) -> Option<DateTime<Utc>> {
    match reported.as_str() {
        Some(text) => DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc()),
        None => DateTime::from_timestamp_millis((reported.as_f64()? * 1_000.0) as i64),
    }
}

fn of_aws_backup(event: &Value) -> Result<Notification, MalformedEvent> {
    let reported = |name: &str| text(event, &format!("/detail/{name}"));
    // The event of a job that was just created has `state`; all others have `status`.
    let status = reported("status").or_else(|| reported("state"));
    if status != Some("COMPLETED") {
        let status = quoted(status.unwrap_or("not reported"));
        return Ok(Notification::Other(format!("the restore job is {status}")));
    }
    if let Some(other) = reported("resourceType").filter(|kind| *kind != "DynamoDB") {
        return Ok(Notification::Other(format!("the restore job is of {}, not of DynamoDB", quoted(other))));
    }
    let Some(target) = reported("createdResourceArn") else {
        return Err(MalformedEvent("the completed restore job has no createdResourceArn".to_owned()));
    };
    let is_table = |arn: &str| Arn::parse(arn).is_some_and(|arn| arn.table_name().is_some());
    if !is_table(target) {
        return Ok(Notification::Other(format!("what was restored, {}, is not a table", quoted(target))));
    }
    if let Some(plan) = reported("restoreTestingPlanArn") {
        return Ok(Notification::Other(format!("the restore job is a test by {}", quoted(plan))));
    }
    let source = reported("sourceResourceArn").filter(|arn| is_table(arn));
    Ok(restore_unless_a_test(Restore {
        target: target.to_owned(),
        source: source.map(str::to_owned),
        backup_arn: reported("recoveryPointArn").or_else(|| recovery_point(event)).map(str::to_owned),
        restore_date_time: None,
    }))
}

/// Returns the recovery point among the resources of an event of AWS Backup.
fn recovery_point(event: &Value) -> Option<&str> {
    let mut resources = event.get("resources")?.as_array()?.iter().filter_map(Value::as_str);
    resources.find(|arn| Arn::parse(arn).is_some_and(|arn| RecoveryPointKind::from_arn(&arn).is_some()))
}

/// Prefix of the tables that AWS Backup's restore testing makes and soon deletes ("Restore testing" in the AWS Backup
/// developer guide).
const TEST_TABLE: &str = "awsbackup-restore-test-";

/// Returns the restore, unless its table is one of AWS Backup's restore testing. Such a table must not act on
/// production. With the source's settings it would call its functions, feed its Kinesis streams, and be protected from
/// the deletion that ends the test.
fn restore_unless_a_test(restore: Restore) -> Notification {
    let target = restore.target.as_str();
    let name = Arn::parse(target).and_then(|arn| arn.table_name()).unwrap_or(target);
    if name.starts_with(TEST_TABLE) {
        return Notification::Other(format!("{} is a table of AWS Backup's restore testing", quoted(name)));
    }
    Notification::Restore(restore)
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
            "detail": { "eventName": name, "eventTime": "2026-03-01T09:02:56Z", "requestParameters": parameters,
                "responseElements": null } })
    }

    fn job(detail: Value) -> Value {
        json!({ "detail-type": "Restore Job State Change", "source": "aws.backup", "detail": detail })
    }

    fn restore(
        target: &str,
        source: Option<&str>,
        backup: Option<&str>,
        time: Option<&str>,
    ) -> Result<Notification, MalformedEvent> {
        Ok(Notification::Restore(Restore {
            target: target.to_owned(),
            source: source.map(str::to_owned),
            backup_arn: backup.map(str::to_owned),
            restore_date_time: time.map(|time| time.parse().unwrap()),
        }))
    }

    #[test]
    fn both_calls_name_the_target_the_source_and_the_backup_or_time() {
        let called = Some("2026-03-01T09:02:56Z");
        let latest = json!({ "sourceTableName": "orders", "targetTableName": "copy",
            "useLatestRestorableTime": true });
        let expected = restore("copy", Some("orders"), None, called);
        assert_eq!(read(&call("RestoreTableToPointInTime", latest)), expected);
        let of_a_time = json!({ "sourceTableArn": SOURCE, "targetTableName": "copy",
            "restoreDateTime": "2026-02-28T23:00:00Z" });
        let expected = restore("copy", Some(SOURCE), None, Some("2026-02-28T23:00:00Z"));
        assert_eq!(read(&call("RestoreTableToPointInTime", of_a_time)), expected);
        let arn = format!("{SOURCE}/backup/01-2");
        let backup = json!({ "backupArn": arn, "targetTableName": "copy" });
        let expected = restore("copy", Some(SOURCE), Some(&arn), None);
        assert_eq!(read(&call("RestoreTableFromBackup", backup)), expected);
    }

    #[test]
    fn a_completed_job_is_read_in_either_spelling() {
        let point = "arn:aws:backup:eu-west-1:123456789012:recovery-point:1";
        for field in ["status", "state"] {
            let detail = json!({ field: "COMPLETED", "resourceType": "DynamoDB", "createdResourceArn": TARGET,
                "recoveryPointArn": point, "sourceResourceArn": SOURCE });
            assert_eq!(read(&job(detail)), restore(TARGET, Some(SOURCE), Some(point), None), "{field}");
        }
        let target_alone = json!({ "status": "COMPLETED", "createdResourceArn": TARGET });
        assert_eq!(read(&job(target_alone.clone())), restore(TARGET, None, None, None));
        let mut among_resources = job(target_alone);
        among_resources["resources"] = json!([TARGET, point]);
        assert_eq!(read(&among_resources), restore(TARGET, None, Some(point), None));
    }

    #[test]
    fn an_event_inside_another_service_is_named() {
        let event = call("RestoreTableFromBackup", json!({})).to_string();
        let in_sns = json!({ "Records": [{ "EventSource": "aws:sns", "Sns": { "Message": event } }] });
        let in_sqs = json!({ "Records": [{ "eventSource": "aws:sqs", "body": event }] });
        for (wrapped, outer) in [(in_sns, "an SNS notification"), (in_sqs, "a message of an SQS queue")] {
            let error = read(&wrapped).unwrap_err().0;
            let named =
                "it is an EventBridge event (`AWS API Call via CloudTrail` of `aws.dynamodb`) inside ";
            assert!(error.starts_with(&format!("{named}{outer}")), "{error}");
        }
    }

    #[test]
    fn a_point_in_time_is_text_or_a_number_or_else_the_time_of_the_call() {
        for (asked, expected) in [
            (json!("2026-02-28T23:00:00Z"), "2026-02-28T23:00:00Z"),
            (json!(1_772_319_600), "2026-02-28T23:00:00Z"),
            (json!("Feb 28, 2026 11:00:00 PM"), "2026-03-01T09:02:56Z"),
            (json!(null), "2026-03-01T09:02:56Z"),
        ] {
            let parameters =
                json!({ "sourceTableName": "orders", "targetTableName": "copy", "restoreDateTime": asked });
            let read = read(&call("RestoreTableToPointInTime", parameters));
            assert_eq!(read, restore("copy", Some("orders"), None, Some(expected)), "{asked}");
        }
    }

    #[test]
    fn an_event_that_is_no_successful_restore_says_so() {
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
            assert!(matches!(read(&event), Ok(Notification::Other(_))), "{event}");
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
        fn no_text_makes_it_panic(kind in ".*", name in ".*", target in ".*", backup in ".*") {
            let mut event = call(&name, json!({ "targetTableName": target, "backupArn": backup }));
            event["detail-type"] = json!(kind);
            let _ = read(&event);
            let _ = read(&job(json!({ "status": "COMPLETED", "createdResourceArn": target })));
        }
    }
}
