use aws_sdk_backup::operation::describe_restore_job::DescribeRestoreJobOutput;
use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::operation::describe_table::DescribeTableOutput as Described;
use aws_sdk_dynamodb::operation::tag_resource::TagResourceOutput;
use aws_sdk_dynamodb::types::{
    GlobalSecondaryIndexDescription, IndexStatus, TableDescription as SdkTable, TableStatus,
};
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use chrono::DateTime;
use serde_json::{Value, json};

use super::*;
use crate::step::AnyStep;

const ARN: &str = "arn:aws:dynamodb:eu-west-1:123456789012:table/copy";
const BACKUP: &str = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/backup/015-d3";

fn described(status: TableStatus) -> Rule {
    mock!(aws_sdk_dynamodb::Client::describe_table).then_output(move || {
        let table = SdkTable::builder().table_name("copy").table_arn(ARN).table_id("id");
        let table = table.table_status(status.clone());
        Described::builder().table(table.build()).build()
    })
}

fn refusal(code: &'static str) -> HttpResponse {
    let body = json!({ "__type": code, "message": "so AWS says" }).to_string();
    HttpResponse::new(400.try_into().unwrap(), body.into())
}

fn refused(code: &'static str) -> Rule {
    mock!(aws_sdk_dynamodb::Client::describe_table).then_http_response(move || refusal(code))
}

/// Accepts the tag that says what the table was made from.
fn tagged() -> Rule {
    mock!(aws_sdk_dynamodb::Client::tag_resource)
        .match_requests(|request| {
            let tag = &request.tags()[0];
            request.resource_arn() == Some(ARN)
                && (tag.key(), tag.value()) == ("tablekeeper:recovery-point", "015-d3")
        })
        .then_output(|| TagResourceOutput::builder().build())
}

fn not_tagged(code: &'static str) -> Rule {
    mock!(aws_sdk_dynamodb::Client::tag_resource).then_http_response(move || refusal(code))
}

fn job(status: RestoreJobStatus, message: Option<&'static str>) -> Rule {
    mock!(aws_sdk_backup::Client::describe_restore_job).then_output(move || {
        DescribeRestoreJobOutput::builder()
            .status(status.clone())
            .set_status_message(message.map(str::to_owned))
            .build()
    })
}

/// Polls a restore that began at 0 s, may take until 3,600 s, and is `age` seconds old.
async fn poll(
    age: i64,
    job_id: Option<&str>,
    dynamodb: &[&Rule],
    backup: &[&Rule],
) -> Result<Value, Failure> {
    check_at("id", age, job_id, dynamodb, backup).await
}

/// Polls the restore of the table with this id.
async fn check_at(
    id: &str,
    age: i64,
    job_id: Option<&str>,
    dynamodb: &[&Rule],
    backup: &[&Rule],
) -> Result<Value, Failure> {
    let step = CheckRestore {
        dynamodb: mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, dynamodb),
        backup: mock_client!(aws_sdk_backup, RuleMode::MatchAny, backup),
        clock: Clock::Fixed(DateTime::from_timestamp(age, 0).unwrap()),
    };
    step.run_json(json!({
        "executionArn": "arn:aws:states:eu-west-1:123456789012:execution:m:rot-1",
        "restore": { "targetTable": "copy", "tableId": id, "restoreJobId": job_id, "recoveryPointArn": BACKUP,
            "startedAt": "1970-01-01T00:00:00Z", "deadline": "1970-01-01T01:00:00Z" }
    }))
    .await
}

#[tokio::test]
async fn a_ready_table_is_ready_even_after_the_deadline() {
    for age in [60, 3_600, 1_000_000] {
        let rules = [&described(TableStatus::Active), &tagged()];
        let output = poll(age, None, &rules, &[]).await.unwrap();
        assert_eq!((&output["status"], &output["tableArn"]), (&json!("READY"), &json!(ARN)));
        assert_eq!(output["DescribeTableOutput"]["Table"]["TableStatus"], "ACTIVE");
    }
}

#[tokio::test]
async fn an_active_table_is_tagged_before_its_indexes_are_filled() {
    let filling = mock!(aws_sdk_dynamodb::Client::describe_table).then_output(|| {
        let index = GlobalSecondaryIndexDescription::builder().index_name("by-day");
        let index = index.index_status(IndexStatus::Creating).backfilling(true).build();
        let table = SdkTable::builder().table_name("copy").table_arn(ARN).table_id("id");
        let table = table.table_status(TableStatus::Active).global_secondary_indexes(index);
        Described::builder().table(table.build()).build()
    });
    let tag = tagged();
    let output = poll(60, None, &[&filling, &tag], &[]).await.unwrap();
    assert_eq!(
        (&output["status"], &output["reason"]),
        (&json!("PENDING"), &json!("index by-day is being filled"))
    );
    assert_eq!(tag.num_calls(), 1);
}

#[tokio::test]
async fn the_wait_for_an_unready_table_grows() {
    for (age, wait) in [(0, 60), (120, 100), (600, 500), (2_000, 600)] {
        let output = poll(age, None, &[&described(TableStatus::Creating)], &[]).await.unwrap();
        assert_eq!((&output["status"], &output["waitSeconds"]), (&json!("PENDING"), &json!(wait)));
        assert_eq!(output["reason"], "the table is being created");
    }
}

#[tokio::test]
async fn a_restore_times_out_at_the_deadline() {
    let failure = poll(3_600, None, &[&described(TableStatus::Creating)], &[]).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::RestoreTimedOut);
    assert!(failure.message.contains("the table is being created"), "{failure}");
}

#[tokio::test]
async fn a_terminal_state_fails_by_name() {
    let table = described(TableStatus::Archived);
    let failure = poll(60, None, &[&table], &[]).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::RestoreFailed);
    assert!(failure.message.contains("ARCHIVED"), "{failure}");
}

#[tokio::test]
async fn an_unusable_key_is_pending_until_the_deadline() {
    let table = described(TableStatus::InaccessibleEncryptionCredentials);
    poll(60, None, &[&table], &[]).await.unwrap();
    let failure = poll(3_600, None, &[&table], &[]).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::RestoreTimedOut);
    assert!(failure.message.contains("INACCESSIBLE_ENCRYPTION_CREDENTIALS"), "{failure}");
}

#[tokio::test]
async fn a_missing_table_is_new_or_deleted() {
    let missing = refused("ResourceNotFoundException");
    assert_eq!(poll(60, None, &[&missing], &[]).await.unwrap()["status"], "PENDING");
    let failure = poll(301, None, &[&missing], &[]).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::TargetTableMissing);
}

#[tokio::test]
async fn a_restore_job_is_checked_before_the_table() {
    for status in [RestoreJobStatus::Pending, RestoreJobStatus::Running] {
        let output = poll(60, Some("j"), &[], &[&job(status, None)]).await.unwrap();
        assert_eq!(output["status"], "PENDING");
    }
    let table = described(TableStatus::Active);
    let done = job(RestoreJobStatus::Completed, None);
    assert_eq!(poll(60, Some("j"), &[&table, &tagged()], &[&done]).await.unwrap()["status"], "READY");
}

#[tokio::test]
async fn another_table_of_the_name_is_neither_tagged_nor_accepted() {
    let failure = check_at("other", 60, None, &[&described(TableStatus::Active)], &[]).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::TargetTableMissing);
}

#[tokio::test]
async fn a_table_that_rejects_its_tag_is_not_ready() {
    for (code, name) in [
        ("LimitExceededException", ErrorName::ResourceBusy),
        ("AccessDeniedException", ErrorName::AccessDenied),
    ] {
        let rules = [&described(TableStatus::Active), &not_tagged(code)];
        assert_eq!(poll(60, None, &rules, &[]).await.unwrap_err().name, name);
    }
    let rules = [&described(TableStatus::Active), &not_tagged("ResourceNotFoundException")];
    assert_eq!(poll(60, None, &rules, &[]).await.unwrap()["reason"], "the table does not accept tags yet");
}

#[tokio::test]
async fn a_failed_restore_job_fails_with_its_reason() {
    for status in [RestoreJobStatus::Failed, RestoreJobStatus::Aborted] {
        let failure = poll(60, Some("j"), &[], &[&job(status, Some("the key is gone"))]).await.unwrap_err();
        assert_eq!(failure.name, ErrorName::RestoreFailed);
        assert!(failure.message.ends_with("the key is gone"), "{failure}");
    }
}

#[tokio::test]
async fn refused_calls_have_their_error_names() {
    for (code, name) in [
        ("AccessDeniedException", ErrorName::AccessDenied),
        ("ValidationException", ErrorName::RequestRefused),
    ] {
        assert_eq!(poll(60, None, &[&refused(code)], &[]).await.unwrap_err().name, name);
    }
}
