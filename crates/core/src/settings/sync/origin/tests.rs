use aws_sdk_dynamodb::primitives::DateTime as SdkDateTime;
use aws_sdk_dynamodb::types::TableDescription;
use serde_json::{Value, json};

use super::*;
use crate::error_name::ErrorName;
use crate::testing::fake_aws::{FakeAws, arn, backup_arn, refusal};

const POINT: &str = "arn:aws:backup:eu-west-1:123456789012:recovery-point:1EB3B5E7";

fn seconds(seconds: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(seconds, 0)
}

/// Returns the table `copy`, created at 9,000 s.
fn target() -> Table {
    Table::new(TableDescription::builder().creation_date_time(SdkDateTime::from_secs(9_000)).build())
}

fn of(input: Value, seen: Option<&RestoreSummary>) -> Option<Origin> {
    Origin::new(&serde_json::from_value(input).unwrap(), seen, &target())
}

async fn moment(aws: &FakeAws, origin: &Origin) -> Option<DateTime<Utc>> {
    origin.moment(&aws.clients(), &arn("orders")).await.unwrap()
}

#[test]
fn a_poll_of_the_restore_takes_precedence_over_the_input() {
    let seen = RestoreSummary {
        source_backup_arn: None,
        source_table_arn: Some(arn("orders")),
        restore_date_time: seconds(2_000).unwrap(),
        restore_in_progress: true,
    };
    let input = json!({ "Target": "copy", "BackupArn": POINT, "RestoreDateTime": "1970-01-01T00:00:01Z" });
    let origin = of(input, Some(&seen)).unwrap();
    assert_eq!((origin.backup_arn.as_deref(), origin.reported), (None, seconds(2_000)));
    assert!(origin.is_of(&arn("orders")) && !origin.is_of(&arn("archive")));
}

#[test]
fn the_input_gives_the_backup_or_the_moment() {
    let backup = backup_arn("orders", "01-2");
    let origin = of(json!({ "Target": "copy", "BackupArn": backup }), None).unwrap();
    assert_eq!((origin.source_arn, origin.reported), (Some(arn("orders")), None));
    let of_a_point = of(json!({ "Target": "copy", "BackupArn": POINT }), None).unwrap();
    assert!(of_a_point.is_of(&arn("orders")), "a recovery point does not contain the name of its table");
    let time = of(json!({ "Target": "copy", "RestoreDateTime": "1970-01-01T00:00:07Z" }), None).unwrap();
    assert_eq!((time.source_arn, time.reported), (None, seconds(7)));
    assert_eq!(of(json!({ "Target": "copy", "Source": "orders" }), None), None);
}

#[tokio::test]
async fn the_moment_is_reported_or_that_of_the_backup_or_of_the_target() {
    let aws = FakeAws::default().with_backup("orders", "1970-01-01T00:20:00Z");
    let backup = aws.state().backups[0]["BackupArn"].as_str().unwrap().to_owned();
    aws.response("backup:GET", |call| {
        assert!(call.key.starts_with("resources/arn%3Aaws%3Adynamodb"), "{}", call.key);
        let point = |arn: &str, time: f64| json!({ "RecoveryPointArn": arn, "CreationDate": time });
        (200, json!({ "RecoveryPoints": [point("another", 1.0), point(POINT, 1_300.0)] }))
    });
    let target_made = seconds(9_000);
    let from = |arn: &str| Origin { backup_arn: Some(arn.to_owned()), target_made, ..Origin::default() };
    let gone = backup_arn("orders", "gone");
    let gone_point = format!("{POINT}F");
    for (origin, expected) in [
        (Origin { reported: seconds(5), ..from(&backup) }, 5),
        (from(&backup), 1_200),
        (from(POINT), 1_300),
        (from(&gone), 9_000),
        (from(&gone_point), 9_000),
    ] {
        assert_eq!(moment(&aws, &origin).await, seconds(expected), "{origin:?}");
    }
    aws.response("backup:GET", |_| refusal("ResourceNotFoundException"));
    assert_eq!(moment(&aws, &from(POINT)).await, seconds(9_000));
    aws.response("backup:GET", |_| refusal("AccessDeniedException"));
    let failure = from(POINT).moment(&aws.clients(), &arn("orders")).await.unwrap_err();
    assert_eq!(
        (failure.name, failure.action),
        (ErrorName::AccessDenied, "backup:ListRecoveryPointsByResource")
    );
}
