use serde_json::{Value, json};

use super::*;

const TABLE: &str = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders-production";
const JOB: &str = "1B2345B2-f22c-4dab-5eb6-bbc7890ed123";

fn sns(message: &str, attributes: &[(&str, &str)]) -> Value {
    let attributes: serde_json::Map<String, Value> = attributes
        .iter()
        .map(|(name, value)| ((*name).to_owned(), json!({ "Type": "String", "Value": value })))
        .collect();
    json!({ "Sns": { "Message": message, "MessageAttributes": attributes } })
}

fn completed(message: &str) -> Value {
    sns(
        message,
        &[
            ("EventType", "BACKUP_JOB"),
            ("State", "COMPLETED"),
            ("StartTime", "2019-09-02T13:48:52.226Z"),
            ("Id", JOB),
        ],
    )
}

fn live_wording(table: &str) -> String {
    format!(
        "An AWS Backup job was completed successfully. Recovery point ARN: {table}/backup/015-d3. \
         Backed up Resource ARN : {table}. Backup Job Id : {JOB}"
    )
}

fn documented_wording(table: &str) -> String {
    format!(
        "An AWS Backup job was completed successfully. Recovery point ARN: {table}/backup/015-d3. \
         Resource ARN : {table}. BackupJob ID : {JOB}"
    )
}

fn recovery_point_wording() -> String {
    format!(
        "An AWS Backup job was completed successfully. Recovery point ARN: \
         arn:aws:backup:eu-west-1:123456789012:recovery-point:1EB3B5E7-9EB0-435A-A80B-108B488B0D45. \
         Resource ARN : {TABLE}. BackupJob ID : {JOB}"
    )
}

fn decide_one(record: Value) -> Result<Decision, DecisionError> {
    let patterns = Patterns::new("(?i)-production$", "-staging", Some("/staging/arn")).unwrap();
    let mut decisions = decide(&json!({ "Records": [record] }), &patterns);
    assert_eq!(decisions.len(), 1);
    decisions.remove(0)
}

fn target(decision: Result<Decision, DecisionError>) -> String {
    match decision {
        Ok(Decision::Restore { rotation, .. }) => rotation.target_table,
        other => panic!("{other:?}"),
    }
}

fn reason(decision: Result<Decision, DecisionError>) -> String {
    match decision {
        Ok(Decision::Skip(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn both_wordings_have_the_same_result() {
    let live = decide_one(completed(&live_wording(TABLE))).unwrap();
    let documented = decide_one(completed(&documented_wording(TABLE))).unwrap();
    assert_eq!(live, documented);
    let Decision::Restore { backup, rotation, execution_name } = live else { panic!() };
    assert_eq!(backup.recovery_point_arn, format!("{TABLE}/backup/015-d3"));
    assert_eq!(backup.backed_up_resource_arn, TABLE);
    assert_eq!(backup.backup_job_id, JOB);
    assert_eq!(backup.status_message, "An AWS Backup job was completed successfully.");
    assert_eq!(rotation.target_table, "orders-staging-20190902-13-48-52");
    assert_eq!(rotation.ssm_parameter_name.as_deref(), Some("/staging/arn"));
    assert_eq!(execution_name, format!("rot-{}", JOB.to_lowercase()));
}

#[test]
fn dots_in_table_names_are_preserved() {
    for table in ["my.dotted.orders-production", "...-production"] {
        let arn = format!("arn:aws:dynamodb:eu-west-1:123456789012:table/{table}");
        let expected = format!("{}-20190902-13-48-52", table.replace("-production", "-staging"));
        assert_eq!(target(decide_one(completed(&live_wording(&arn)))), expected);
        assert_eq!(target(decide_one(completed(&documented_wording(&arn)))), expected);
    }
    let patterns = Patterns::new(r"\.$", "", None).unwrap();
    let arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders.";
    let decision = decide(&json!({ "Records": [completed(&live_wording(arn))] }), &patterns).remove(0);
    assert_eq!(target(decision), "orders-20190902-13-48-52");
}

#[test]
fn every_partition_and_both_kinds_of_recovery_point_are_accepted() {
    for partition in ["aws", "aws-cn", "aws-us-gov"] {
        let table = format!("arn:{partition}:dynamodb:cn-north-1:123456789012:table/Orders-PRODUCTION");
        assert_eq!(target(decide_one(completed(&live_wording(&table)))), "Orders-staging-20190902-13-48-52");
    }
    let decision = decide_one(completed(&recovery_point_wording()));
    let Ok(Decision::Restore { rotation, .. }) = decision else { panic!("{decision:?}") };
    assert_eq!(rotation.recovery_point_kind, crate::aws::arn::RecoveryPointKind::Backup);
}

#[test]
fn truncated_or_extended_job_id_is_corrected_by_its_attribute() {
    let name = |message: &str| match decide_one(completed(message)) {
        Ok(Decision::Restore { execution_name, .. }) => execution_name,
        other => panic!("{other:?}"),
    };
    let whole = live_wording(TABLE);
    for message in [&whole[..whole.len() - 20], &format!("{whole}."), &format!("{whole}. See the console.")] {
        assert_eq!(name(message), format!("rot-{}", JOB.to_lowercase()));
    }
    let other = whole.replace(JOB, "5a772b5a-36d5-4a69-9b18-ed2f5213c659");
    assert_eq!(
        name(&other),
        "rot-5a772b5a-36d5-4a69-9b18-ed2f5213c659",
        "the sentence's id, where both are whole"
    );
}

#[test]
fn text_after_an_arn_or_the_job_id_is_tolerated() {
    let name = |message: &str| match decide_one(completed(message)) {
        Ok(Decision::Restore { execution_name, rotation, .. }) => (execution_name, rotation.source_table),
        other => panic!("{message}: {other:?}"),
    };
    let whole = documented_wording(TABLE);
    let expected = (format!("rot-{}", JOB.to_ascii_lowercase()), "orders-production".to_owned());
    for message in [
        format!("{whole} Status Message : Completed with issues"),
        format!("{whole}. Status Message: Completed. With issues."),
        format!("{whole} (completed with issues)"),
        whole.replace(JOB, "not an id"),
        whole.replace(JOB, ""),
        whole.replace(". BackupJob", ". Status message : Completed with issues. BackupJob"),
        whole.replace(". BackupJob", " Status message : Completed with issues BackupJob"),
    ] {
        assert_eq!(name(&message), expected, "{message}");
    }
}

#[test]
fn restored_tables_are_never_rotated_again() {
    let copy = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders-20260301-02-00-00";
    let patterns = Patterns::new(".", "$0", None).unwrap();
    let decision = decide(&json!({ "Records": [completed(&live_wording(copy))] }), &patterns).remove(0);
    assert!(reason(decision).contains("is a rotation itself"));
}

#[test]
fn malformed_record_does_not_affect_the_others() {
    let other = "arn:aws:dynamodb:eu-west-1:123456789012:table/customers-production";
    let event = json!({ "Records": [
        completed(&live_wording(TABLE)), { "Sns": {} }, completed(&live_wording(other))
    ] });
    let patterns = Patterns::new("-production$", "", None).unwrap();
    let mut decisions = decide(&event, &patterns).into_iter();
    assert_eq!(target(decisions.next().unwrap()), "orders-20190902-13-48-52");
    assert_eq!(decisions.next().unwrap().unwrap_err().name(), ErrorName::MalformedNotification);
    assert_eq!(target(decisions.next().unwrap()), "customers-20190902-13-48-52");
    assert!(decisions.next().is_none());
}

#[test]
fn other_notifications_are_skipped_with_a_reason() {
    let failed = "An AWS Backup job failed. Resource ARN : x. BackupJob ID : y";
    let attributes = |kind, state| [("EventType", kind), ("State", state)];
    assert!(reason(decide_one(sns(failed, &attributes("BACKUP_JOB", "FAILED")))).contains("`FAILED`"));
    assert!(reason(decide_one(sns(failed, &attributes("BACKUP_JOB", "EXPIRED")))).contains("`EXPIRED`"));
    assert!(
        reason(decide_one(sns(failed, &attributes("RESTORE_JOB", "COMPLETED")))).contains("`RESTORE_JOB`")
    );
    let volume = "arn:aws:ec2:us-west-1:123456789012:volume/vol-012f345df6789012e";
    assert!(reason(decide_one(completed(&documented_wording(volume)))).contains("not a DynamoDB table"));
    let test_table = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders-test";
    assert!(reason(decide_one(completed(&live_wording(test_table)))).contains("does not match"));
}

#[test]
fn invalid_events_are_malformed_notifications() {
    let whole = live_wording(TABLE);
    let time = [("EventType", "BACKUP_JOB"), ("State", "COMPLETED"), ("StartTime", "yesterday"), ("Id", JOB)];
    let noise = "\u{0}Recovery point ARN: ".repeat(50_000);
    for record in [
        completed(""),
        completed(&whole[..100]),
        completed(&whole[..180]),
        completed(&recovery_point_wording()[..recovery_point_wording().find("-production").unwrap()]),
        completed(&recovery_point_wording()[..recovery_point_wording().find(". BackupJob").unwrap()]),
        completed(&whole.replace("Recovery point ARN", "Recovered")),
        sns(
            &whole.replace(JOB, "not an id"),
            &[("EventType", "BACKUP_JOB"), ("State", "COMPLETED"), ("StartTime", "2019-09-02T13:48:52.226Z")],
        ),
        completed(&whole.replace("orders-production.", "no.")),
        completed(&noise),
        sns(&whole, &[]),
        sns(&whole, &[("EventType", "BACKUP_JOB")]),
        sns(&whole, &[("EventType", "BACKUP_JOB"), ("State", "COMPLETED")]),
        sns(&whole, &time),
        json!({ "Sns": { "Message": 1 } }),
        json!(null),
    ] {
        let shown: String = record.to_string().chars().take(200).collect();
        assert_eq!(decide_one(record).unwrap_err().name(), ErrorName::MalformedNotification, "{shown}");
    }
    let patterns = Patterns::new("", "", None).unwrap();
    for event in [json!({}), json!([]), json!("text"), json!({ "Records": [] }), json!({ "Records": 5 })] {
        let decisions = decide(&event, &patterns);
        assert!(matches!(decisions.as_slice(), [Err(DecisionError::Malformed(_))]), "{event}");
    }
}

#[test]
fn eventbridge_event_has_the_recovery_point_in_its_resources() {
    let patterns = Patterns::new("-production$", "-copy", None).unwrap();
    let event = |state: &str, kind: &str| {
        json!({ "source": "aws.backup", "detail-type": kind, "resources": [format!("{TABLE}/backup/015-d3")],
            "detail": { "backupJobId": JOB, "state": state, "resourceArn": TABLE, "creationDate": "2020-07-15T21:38:07.074Z" } })
    };
    let decision = |event| decide(&event, &patterns).remove(0);
    assert_eq!(
        target(decision(event("COMPLETED", "Backup Job State Change"))),
        "orders-copy-20200715-21-38-07"
    );
    assert!(reason(decision(event("RUNNING", "Backup Job State Change"))).contains("`RUNNING`"));
    assert!(
        reason(decision(event("COMPLETED", "Copy Job State Change"))).contains("`Copy Job State Change`")
    );
    let mut bare = event("COMPLETED", "Backup Job State Change");
    bare["resources"] = json!([]);
    assert_eq!(decision(bare).unwrap_err().name(), ErrorName::MalformedNotification);
}

proptest::proptest! {
    #[test]
    fn no_message_panics(message in "(Recovery point ARN: |Resource ARN : |arn:aws:dynamodb:r:1:table/|\\. |.){0,30}", time in ".{0,30}") {
        let attributes = [("EventType", "BACKUP_JOB"), ("State", "COMPLETED"), ("StartTime", time.as_str())];
        let _either = decide_one(sns(&message, &attributes));
    }
}
