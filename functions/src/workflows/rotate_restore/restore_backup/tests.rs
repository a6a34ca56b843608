use aws_sdk_backup::operation::get_restore_job_metadata::GetRestoreJobMetadataOutput;
use aws_sdk_backup::operation::list_restore_jobs_by_protected_resource::ListRestoreJobsByProtectedResourceOutput;
use aws_sdk_backup::operation::start_restore_job::StartRestoreJobOutput;
use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::operation::describe_table::DescribeTableOutput;
use aws_sdk_dynamodb::operation::list_tags_of_resource::ListTagsOfResourceOutput;
use aws_sdk_dynamodb::operation::restore_table_from_backup::RestoreTableFromBackupOutput as Restored;
use aws_sdk_dynamodb::primitives::DateTime as SdkDateTime;
use aws_sdk_dynamodb::types::{RestoreSummary, TableDescription as SdkTable, TableStatus, Tag};
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use serde_json::{Value, json};
use tablekeeper_core::rotation::overrides::BillingMode;

use super::*;
use crate::step::AnyStep;

const TABLE: &str = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders";
const BACKUP: &str = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/backup/015-d3";
const RECOVERY_POINT: &str = "arn:aws:backup:eu-west-1:123456789012:recovery-point:1EB3B5E7";
const TARGET: &str = "copy-20190902-13-48-52";
const TARGET_ARN: &str = "arn:aws:dynamodb:eu-west-1:123456789012:table/copy-20190902-13-48-52";

fn input(recovery_point: &str) -> Value {
    json!({
        "executionArn": "arn:aws:states:eu-west-1:123456789012:execution:m:rot-1",
        "executionInput": {
            "BackupSnsMessage": {
                "RecoveryPointArn": recovery_point,
                "BackedUpResourceArn": TABLE,
                "StartTime": "2019-09-02T13:48:52.226Z"
            },
            "SourcePattern": "orders", "ReplacementPattern": "copy", "SSMParameterName": "/p"
        },
        "enteredAt": "1970-01-01T00:17:00Z",
        "restoreRoleArn": "arn:aws:iam::123456789012:role/restore",
        "restoreTimeoutHours": "1",
        "verification": { "against": "incremental", "allowedDifferencePercent": "0", "toleranceSeconds": "2" }
    })
}

fn with(mut input: Value, field: &str, value: Value) -> Value {
    input["executionInput"][field] = value;
    input
}

fn refusal(code: &str) -> HttpResponse {
    let body = json!({ "__type": code, "message": "so AWS says" }).to_string();
    let mut response = HttpResponse::new(400.try_into().unwrap(), body.into());
    response.headers_mut().insert("x-amzn-errortype", code.to_owned());
    response
}

fn table(made_from: Option<&str>, status: TableStatus) -> SdkTable {
    let summary = RestoreSummary::builder()
        .set_source_backup_arn(made_from.map(str::to_owned))
        .restore_date_time(SdkDateTime::from_secs(0))
        .restore_in_progress(true)
        .build()
        .unwrap();
    SdkTable::builder()
        .table_name(TARGET)
        .table_arn(TARGET_ARN)
        .table_id("id")
        .table_status(status)
        .creation_date_time(SdkDateTime::from_secs(1_000))
        .set_restore_summary(made_from.map(|_| summary))
        .build()
}

fn described(table: SdkTable) -> Rule {
    mock!(aws_sdk_dynamodb::Client::describe_table)
        .then_output(move || DescribeTableOutput::builder().table(table.clone()).build())
}

/// The target's tags: an unrelated one, and the one that says what it was made from.
fn tags(recovery_point: Option<&'static str>) -> Rule {
    let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build().unwrap();
    let own = recovery_point.map(|id| tag("tablekeeper:recovery-point", id));
    let tags: Vec<Tag> = std::iter::once(tag("team", "billing")).chain(own).collect();
    mock!(aws_sdk_dynamodb::Client::list_tags_of_resource)
        .match_requests(|request| request.resource_arn() == Some(TARGET_ARN))
        .then_output(move || ListTagsOfResourceOutput::builder().set_tags(Some(tags.clone())).build())
}

fn not_described() -> Rule {
    mock!(aws_sdk_dynamodb::Client::describe_table)
        .then_http_response(|| refusal("ResourceNotFoundException"))
}

fn restore_refused(code: &'static str) -> Rule {
    mock!(aws_sdk_dynamodb::Client::restore_table_from_backup).then_http_response(move || refusal(code))
}

async fn run(dynamodb: &[&Rule], backup: &[&Rule], input: Value) -> Result<Value, Failure> {
    run_at(1_060, dynamodb, backup, input).await
}

async fn run_at(seconds: i64, dynamodb: &[&Rule], backup: &[&Rule], input: Value) -> Result<Value, Failure> {
    let step = RestoreBackup {
        dynamodb: mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, dynamodb),
        backup: mock_client!(aws_sdk_backup, RuleMode::MatchAny, backup),
        clock: Clock::Fixed(DateTime::from_timestamp(seconds, 0).unwrap()),
        template: template(),
    };
    step.run_json(input).await
}

fn template() -> Result<TemplateParameters, InvalidConfiguration> {
    Ok(TemplateParameters {
        source_pattern: "^(.+)$".to_owned(),
        replacement_pattern: "copy".to_owned(),
        ssm_parameter_name: "/copies/$1".to_owned(),
        billing_mode_override: Some(BillingMode::PayPerRequest),
        sse_kms_master_key_id: Some("alias/template".to_owned()),
    })
}

async fn failure(dynamodb: &[&Rule], backup: &[&Rule], input: Value) -> Failure {
    run(dynamodb, backup, input).await.unwrap_err()
}

#[tokio::test]
async fn a_dynamodb_backup_is_restored_by_dynamodb() {
    let restore = mock!(aws_sdk_dynamodb::Client::restore_table_from_backup)
        .match_requests(|request| {
            request.backup_arn() == Some(BACKUP) && request.target_table_name() == Some(TARGET)
        })
        .then_output(|| {
            Restored::builder().table_description(table(Some(BACKUP), TableStatus::Creating)).build()
        });
    let output = run(&[&restore], &[], input(BACKUP)).await.unwrap();
    assert_eq!(output["restore"]["targetTable"], TARGET);
    assert_eq!(
        (&output["restore"]["tableId"], &output["restore"]["restoreJobId"]),
        (&json!("id"), &Value::Null)
    );
    assert_eq!(output["restore"]["recoveryPointArn"], BACKUP);
    assert_eq!(output["restore"]["startedAt"], "1970-01-01T00:16:40Z");
    assert_eq!(output["restore"]["deadline"], "1970-01-01T01:16:40Z");
    assert_eq!((&output["waitSeconds"], &output["adopted"]), (&json!(60), &json!(false)));
    assert_eq!(output["ssmParameterName"], "/p");
    assert_eq!(output["RestoreTableFromBackupOutput"]["TableDescription"]["TableStatus"], "CREATING");
}

#[tokio::test]
async fn an_arn_without_patterns_is_restored_as_the_trigger_would() {
    const BACKUP: &str = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/backup/01567432132226-d3";
    let restore = mock!(aws_sdk_dynamodb::Client::restore_table_from_backup)
        .match_requests(|request| {
            request.backup_arn() == Some(BACKUP)
                && request.target_table_name() == Some(TARGET)
                && request.billing_mode_override().unwrap().as_str() == "PAY_PER_REQUEST"
                && request.sse_specification_override().unwrap().kms_master_key_id() == Some("alias/template")
        })
        .then_output(|| Restored::builder().build());
    let mut short = input(BACKUP);
    short["executionInput"] = json!({ "BackupArn": BACKUP });
    let output = run(&[&restore], &[], short).await.unwrap();
    assert_eq!(output["restore"]["recoveryPointArn"], BACKUP);
    assert_eq!(output["sourceTableArn"], TABLE);
    assert_eq!(output["expected"]["Incremental"]["At"], "2019-09-02T13:48:52Z");
    assert_eq!(output["ssmParameterName"], "/copies/orders");
}

#[tokio::test]
async fn only_an_input_without_patterns_needs_the_environment() {
    let restore = mock!(aws_sdk_dynamodb::Client::restore_table_from_backup)
        .then_output(|| Restored::builder().build());
    let missing = InvalidConfiguration { variable: "SOURCE_PATTERN", reason: "cannot be read".to_owned() };
    let step = RestoreBackup {
        dynamodb: mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, [&restore]),
        backup: mock_client!(aws_sdk_backup, RuleMode::MatchAny, []),
        clock: Clock::System,
        template: Err(missing),
    };
    step.run_json(input(BACKUP)).await.unwrap();
    let mut short = input(BACKUP);
    short["executionInput"] = json!({ "BackupArn": format!("{TABLE}/backup/01567432132226-d3") });
    assert_eq!(step.run_json(short).await.unwrap_err().name, ErrorName::InvalidConfiguration);
}

#[tokio::test]
async fn overrides_reach_dynamodb_under_their_own_names() {
    let restore = mock!(aws_sdk_dynamodb::Client::restore_table_from_backup)
        .match_requests(|request| {
            let index = &request.global_secondary_index_override()[0];
            request.billing_mode_override().unwrap().as_str() == "PROVISIONED"
                && index.index_name() == "by-day"
                && index.projection().unwrap().non_key_attributes() == ["total"]
                && request.vector_index_override()[0].dimensions() == 384
                && request.vector_index_override()[0].vector_attribute().unwrap().attribute_name()
                    == "meaning"
                && request.vector_index_override()[0].search_schema()[0].attribute_name() == "tenant"
                && request.local_secondary_index_override.as_ref().is_some_and(Vec::is_empty)
                && request.provisioned_throughput_override().unwrap().read_capacity_units() == 5
                && request.sse_specification_override().unwrap().kms_master_key_id() == Some("alias/k")
        })
        .then_output(|| Restored::builder().build());
    let wanted = with(input(BACKUP), "BillingModeOverride", json!("PROVISIONED"));
    let wanted =
        with(wanted, "SSESpecificationOverride", json!({ "Enabled": true, "KMSMasterKeyId": "alias/k" }));
    let wanted = with(wanted, "LocalSecondaryIndexOverride", json!([]));
    let vectors = json!([{ "IndexName": "by-meaning", "VectorAttribute": { "AttributeName": "meaning" },
        "SearchSchema": [{ "AttributeName": "tenant", "SearchSchemaElementType": "HASH" }],
        "Dimensions": 384, "DistanceFunction": "COSINE" }]);
    let wanted = with(wanted, "VectorIndexOverride", vectors);
    let units = json!({ "ReadCapacityUnits": 5, "WriteCapacityUnits": 5 });
    let wanted = with(wanted, "ProvisionedThroughputOverride", units.clone());
    let index = json!([{ "IndexName": "by-day", "ProvisionedThroughput": units,
        "KeySchema": [{ "AttributeName": "day", "KeyType": "HASH" }],
        "Projection": { "ProjectionType": "INCLUDE", "NonKeyAttributes": ["total"] } }]);
    run(&[&restore], &[], with(wanted, "GlobalSecondaryIndexOverride", index)).await.unwrap();
}

#[tokio::test]
async fn a_table_made_from_this_backup_is_adopted() {
    for code in ["TableAlreadyExistsException", "TableInUseException", "BackupInUseException"] {
        let here = described(table(Some(BACKUP), TableStatus::Creating));
        let output = run(&[&restore_refused(code), &here], &[], input(BACKUP)).await.unwrap();
        assert_eq!(output["adopted"], true);
        assert_eq!(output["restore"]["startedAt"], "1970-01-01T00:16:40Z");
    }
}

#[tokio::test]
async fn a_table_that_an_earlier_try_of_the_execution_made_is_not_one_from_before() {
    let refused = restore_refused("TableAlreadyExistsException");
    let here = described(table(Some(BACKUP), TableStatus::Creating));
    for (entered, before) in [("1970-01-01T00:16:41Z", true), ("1970-01-01T00:16:40Z", false)] {
        let mut input = input(BACKUP);
        input["enteredAt"] = json!(entered);
        let output = run(&[&refused, &here], &[], input).await.unwrap();
        assert_eq!(output["adopted"], true);
        assert_eq!(output["RestoreTableFromBackupOutput"]["Adopted"], before);
    }
}

#[tokio::test]
async fn a_restored_table_is_recognised_by_its_tag() {
    let refused = restore_refused("TableAlreadyExistsException");
    for status in [TableStatus::Active, TableStatus::Updating] {
        let here = described(table(None, status));
        let output = run(&[&refused, &here, &tags(Some("015-d3"))], &[], input(BACKUP)).await.unwrap();
        assert_eq!((&output["adopted"], &output["restore"]["tableId"]), (&json!(true), &json!("id")));
    }
}

#[tokio::test]
async fn a_table_from_elsewhere_is_rejected() {
    const OTHER: &str = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/backup/014-aa";
    for (made_from, status, tag, expected) in [
        (Some(OTHER), TableStatus::Creating, None, "it is being restored from arn:aws:dynamodb"),
        (None, TableStatus::Creating, None, "it is being created, but not from a backup"),
        (None, TableStatus::Active, Some("014-aa"), "its tag tablekeeper:recovery-point says 014-aa"),
    ] {
        let here = described(table(made_from, status));
        let refused = restore_refused("TableAlreadyExistsException");
        let failure = failure(&[&refused, &here, &tags(tag)], &[], input(BACKUP)).await;
        assert_eq!(failure.name, ErrorName::TargetTableExists);
        assert!(failure.message.contains(TARGET) && failure.message.contains("left as it is"));
        assert!(failure.message.contains(expected), "{failure}");
    }
}

#[tokio::test]
async fn another_restore_of_the_same_backup_is_in_use() {
    let refused = restore_refused("BackupInUseException");
    let waiting = failure(&[&refused, &not_described()], &[], input(BACKUP)).await;
    assert_eq!(waiting.name, ErrorName::BackupInUse);
    assert!(waiting.message.contains("so AWS says"), "{waiting}");
    // An existing table of that name is checked as usual.
    let here = described(table(None, TableStatus::Active));
    let output = run(&[&refused, &here, &tags(Some("015-d3"))], &[], input(BACKUP)).await.unwrap();
    assert_eq!(output["adopted"], true);
    let elsewhere = failure(&[&refused, &here, &tags(Some("014-aa"))], &[], input(BACKUP)).await;
    assert_eq!(elsewhere.name, ErrorName::TargetTableExists);
}

#[tokio::test]
async fn a_table_without_a_tag_is_busy_until_another_execution_would_have_tagged_it() {
    let refused = restore_refused("TableAlreadyExistsException");
    let here = described(table(None, TableStatus::Active));
    let rules = [&refused, &here, &tags(None)];
    for (seconds, name, expected) in [
        (1_020, ErrorName::ResourceBusy, "that execution tags it at its next poll"),
        (1_919, ErrorName::ResourceBusy, "nothing says yet what it was made from"),
        (
            1_920,
            ErrorName::TargetTableExists,
            "it has no tag tablekeeper:recovery-point with the value 015-d3",
        ),
    ] {
        let failure = run_at(seconds, &rules, &[], input(BACKUP)).await.unwrap_err();
        assert_eq!(failure.name, name, "{failure}");
        assert!(failure.message.contains(TARGET) && failure.message.contains(expected), "{failure}");
    }
}

#[tokio::test]
async fn a_table_that_is_being_deleted_is_busy() {
    for code in ["TableInUseException", "TableAlreadyExistsException"] {
        let refused = restore_refused(code);
        let gone = failure(&[&refused, &not_described()], &[], input(BACKUP)).await;
        assert_eq!(gone.name, ErrorName::ResourceBusy);
        // DynamoDB no longer reports what it was made from, and it does not matter.
        for made_from in [None, Some(BACKUP)] {
            let deleting = described(table(made_from, TableStatus::Deleting));
            let failure = failure(&[&refused, &deleting], &[], input(BACKUP)).await;
            assert_eq!(failure.name, ErrorName::ResourceBusy);
        }
    }
}

#[tokio::test]
async fn errors_of_dynamodb_have_their_names() {
    for (code, name) in [
        ("LimitExceededException", ErrorName::TooManyRestores),
        ("AccessDeniedException", ErrorName::AccessDenied),
        ("ValidationException", ErrorName::RequestRefused),
    ] {
        let failure = failure(&[&restore_refused(code)], &[], input(BACKUP)).await;
        assert_eq!(failure.name, name);
        assert!(failure.message.contains("so AWS says"), "{failure}");
    }
}

#[tokio::test]
async fn a_table_outlasts_the_backup_that_it_was_made_from() {
    let refused = restore_refused("BackupNotFoundException");
    for (here, tag) in [
        (described(table(None, TableStatus::Active)), Some("015-d3")),
        (described(table(Some(BACKUP), TableStatus::Creating)), None),
    ] {
        let output = run(&[&refused, &here, &tags(tag)], &[], input(BACKUP)).await.unwrap();
        assert_eq!((&output["adopted"], &output["restore"]["tableId"]), (&json!(true), &json!("id")));
    }
    for (here, tag) in [
        (not_described(), None),
        (described(table(None, TableStatus::Active)), None),
        (described(table(None, TableStatus::Active)), Some("014-aa")),
        (described(table(Some(BACKUP), TableStatus::Deleting)), Some("015-d3")),
    ] {
        let failure = failure(&[&refused, &here, &tags(tag)], &[], input(BACKUP)).await;
        assert_eq!(failure.name, ErrorName::BackupNotFound);
        assert!(failure.message.contains("so AWS says"), "{failure}");
    }
}

#[tokio::test]
async fn a_recovery_point_is_restored_by_aws_backup() {
    let start = mock!(aws_sdk_backup::Client::start_restore_job)
        .match_requests(|request| {
            let metadata = request.metadata().unwrap();
            request.recovery_point_arn() == Some(RECOVERY_POINT)
                && request.iam_role_arn() == Some("arn:aws:iam::123456789012:role/restore")
                && request.idempotency_token().is_some_and(|token| token.len() == 64)
                && metadata["targetTableName"] == TARGET
                && metadata["encryptionType"] == "KMS"
                && metadata["kmsMasterKeyArn"] == "arn:key"
        })
        .then_output(|| StartRestoreJobOutput::builder().restore_job_id("job-1").build());
    let encryption = json!({ "Enabled": true, "KMSMasterKeyId": "arn:key" });
    let wanted = with(input(RECOVERY_POINT), "SSESpecificationOverride", encryption);
    let output = run(&[&not_described()], &[&start, &listed(Vec::new())], wanted).await.unwrap();
    assert_eq!(output["restore"]["restoreJobId"], "job-1");
    assert_eq!(output["restore"]["startedAt"], "1970-01-01T00:17:40Z");
    assert_eq!(
        output["RestoreTableFromBackupOutput"],
        json!({ "TableDescription": null, "RestoreJobId": "job-1", "Adopted": false })
    );
}

fn job(id: &str, recovery_point: &str, status: RestoreStatus) -> JobsMember {
    JobsMember::builder()
        .restore_job_id(id)
        .recovery_point_arn(recovery_point)
        .status(status)
        .creation_date(SdkDateTime::from_secs(900))
        .build()
}
use aws_sdk_backup::types::{RestoreJobStatus as RestoreStatus, RestoreJobsListMember as JobsMember};

fn listed(jobs: Vec<JobsMember>) -> Rule {
    mock!(aws_sdk_backup::Client::list_restore_jobs_by_protected_resource)
        .match_requests(|request| request.resource_arn() == Some(TABLE))
        .then_output(move || {
            ListRestoreJobsByProtectedResourceOutput::builder().set_restore_jobs(Some(jobs.clone())).build()
        })
}

fn metadata(id: &'static str, target: &'static str) -> Rule {
    mock!(aws_sdk_backup::Client::get_restore_job_metadata)
        .match_requests(move |request| request.restore_job_id() == Some(id))
        .then_output(move || {
            GetRestoreJobMetadataOutput::builder().metadata("TargetTableName", target).build()
        })
}

#[tokio::test]
async fn a_table_that_a_restore_job_of_the_recovery_point_makes_is_adopted() {
    let jobs = listed(vec![
        job("other-point", "arn:aws:backup:eu-west-1:123456789012:recovery-point:2", RestoreStatus::Running),
        job("failed", RECOVERY_POINT, RestoreStatus::Failed),
        job("other-target", RECOVERY_POINT, RestoreStatus::Completed),
        job("ours", RECOVERY_POINT, RestoreStatus::Running),
    ]);
    let metadata = [metadata("other-target", "elsewhere"), metadata("ours", TARGET)];
    let here = described(table(None, TableStatus::Creating));
    let failed = metadata_of("failed");
    let rules = [&jobs, &failed, &metadata[0], &metadata[1]];
    let output = run(&[&here], &rules, input(RECOVERY_POINT)).await.unwrap();
    assert_eq!((&output["adopted"], &output["restore"]["restoreJobId"]), (&json!(true), &json!("ours")));
    assert_eq!(output["waitSeconds"], 0);
    assert_eq!(output["restore"]["startedAt"], "1970-01-01T00:15:00Z");
}

fn metadata_of(id: &'static str) -> Rule {
    metadata(id, TARGET)
}

fn made_at(seconds: i64, status: TableStatus) -> Rule {
    let table = SdkTable::builder().table_name(TARGET).table_arn(TARGET_ARN).table_status(status);
    described(table.creation_date_time(SdkDateTime::from_secs(seconds)).build())
}

#[tokio::test]
async fn a_running_job_is_adopted_before_its_table_exists() {
    let jobs = listed(vec![job("ours", RECOVERY_POINT, RestoreStatus::Pending)]);
    let output =
        run(&[&not_described()], &[&jobs, &metadata_of("ours")], input(RECOVERY_POINT)).await.unwrap();
    assert_eq!((&output["adopted"], &output["restore"]["restoreJobId"]), (&json!(true), &json!("ours")));
}

#[tokio::test]
async fn a_job_is_started_after_jobs_that_ended_without_the_table() {
    let mut tokens = Vec::new();
    for ended in [vec![], vec![RestoreStatus::Failed], vec![RestoreStatus::Failed, RestoreStatus::Completed]]
    {
        let jobs = listed(ended.into_iter().map(|status| job("ended", RECOVERY_POINT, status)).collect());
        let token: std::sync::Arc<std::sync::Mutex<String>> = Default::default();
        let seen = token.clone();
        let start = mock!(aws_sdk_backup::Client::start_restore_job)
            .match_requests(move |request| {
                *seen.lock().unwrap() = request.idempotency_token().unwrap().to_owned();
                true
            })
            .then_output(|| StartRestoreJobOutput::builder().restore_job_id("new").build());
        let rules = [&jobs, &metadata_of("ended"), &start];
        let output = run(&[&not_described()], &rules, input(RECOVERY_POINT)).await.unwrap();
        assert_eq!(output["restore"]["restoreJobId"], "new");
        tokens.push(token.lock().unwrap().clone());
    }
    tokens.sort();
    tokens.dedup();
    assert_eq!(tokens.len(), 3, "AWS Backup would respond to an old token with the old job");
}

#[tokio::test]
async fn only_a_table_made_by_a_completed_job_is_adopted() {
    let completed = || {
        let job = JobsMember::builder().restore_job_id("ours").recovery_point_arn(RECOVERY_POINT);
        let job = job.status(RestoreStatus::Completed).creation_date(SdkDateTime::from_secs(900));
        listed(vec![job.completion_date(SdkDateTime::from_secs(1_100)).build()])
    };
    let check = async |created| {
        let table = made_at(created, TableStatus::Active);
        run(&[&table, &tags(None)], &[&completed(), &metadata_of("ours")], input(RECOVERY_POINT)).await
    };
    assert_eq!(check(1_000).await.unwrap()["adopted"], true);
    for elsewhere in [800, 1_200] {
        assert_eq!(check(elsewhere).await.unwrap_err().name, ErrorName::TargetTableExists);
    }
    let deleting = made_at(1_000, TableStatus::Deleting);
    let failure = failure(&[&deleting], &[&completed(), &metadata_of("ours")], input(RECOVERY_POINT)).await;
    assert_eq!(failure.name, ErrorName::ResourceBusy);
}

#[tokio::test]
async fn a_table_of_no_restore_job_is_rejected_before_a_job_is_started() {
    let here = described(table(None, TableStatus::Active));
    let jobs = listed(vec![job("failed", RECOVERY_POINT, RestoreStatus::Aborted)]);
    let rules = [&jobs, &metadata_of("failed")];
    let failure = failure(&[&here, &tags(None)], &rules, input(RECOVERY_POINT)).await;
    assert_eq!(failure.name, ErrorName::TargetTableExists);
    // AWS Backup forgets its jobs, but the table's tag stays.
    let output =
        run(&[&here, &tags(Some("1EB3B5E7"))], &[&listed(Vec::new())], input(RECOVERY_POINT)).await.unwrap();
    assert_eq!((&output["adopted"], &output["restore"]["restoreJobId"]), (&json!(true), &Value::Null));
}

#[tokio::test]
async fn a_key_that_aws_backup_does_not_accept_is_rejected() {
    let encryption = json!({ "Enabled": true, "KMSMasterKeyId": "alias/k" });
    let wanted = with(input(RECOVERY_POINT), "SSESpecificationOverride", encryption);
    assert_eq!(failure(&[], &[], wanted).await.name, ErrorName::OverrideNotSupported);
}

#[tokio::test]
async fn errors_of_aws_backup_have_their_names() {
    for (code, name) in [
        ("ResourceNotFoundException", ErrorName::BackupNotFound),
        ("LimitExceededException", ErrorName::TooManyRestores),
        ("AccessDeniedException", ErrorName::AccessDenied),
        ("InvalidParameterValueException", ErrorName::RequestRefused),
    ] {
        let start =
            mock!(aws_sdk_backup::Client::start_restore_job).then_http_response(move || refusal(code));
        let rules = [&start, &listed(Vec::new())];
        let failure = failure(&[&not_described()], &rules, input(RECOVERY_POINT)).await;
        assert_eq!(failure.name, name, "{failure}");
    }
}

#[tokio::test]
async fn overrides_that_aws_backup_does_not_support_are_rejected() {
    for (field, value) in [
        ("BillingModeOverride", json!("PAY_PER_REQUEST")),
        ("GlobalSecondaryIndexOverride", json!([])),
        ("LocalSecondaryIndexOverride", json!([])),
        ("VectorIndexOverride", json!([])),
        ("ProvisionedThroughputOverride", json!({ "ReadCapacityUnits": 1, "WriteCapacityUnits": 1 })),
        ("OnDemandThroughputOverride", json!({ "MaxReadRequestUnits": 1 })),
    ] {
        let failure = failure(&[], &[], with(input(RECOVERY_POINT), field, value)).await;
        assert_eq!(failure.name, ErrorName::OverrideNotSupported);
        assert!(failure.message.starts_with(field), "{failure}");
    }
}

#[tokio::test]
async fn a_wrong_input_fails_with_a_readable_message() {
    let mut no_hours = input(BACKUP);
    no_hours["restoreTimeoutHours"] = json!("1.5");
    let mut no_time = input(RECOVERY_POINT);
    no_time["executionInput"]["BackupSnsMessage"].as_object_mut().unwrap().remove("StartTime");
    for (wrong, name, expected) in [
        (no_time, ErrorName::InvalidInput, "StartTime is missing, and RecoveryPointArn"),
        (
            with(input(BACKUP), "SSMParamName", json!("/p")),
            ErrorName::InvalidInput,
            "unknown field `SSMParamName`",
        ),
        (
            with(input(BACKUP), "SourcePattern", json!(7)),
            ErrorName::InvalidInput,
            "executionInput.SourcePattern",
        ),
        (with(input(BACKUP), "SourcePattern", json!("^x")), ErrorName::InvalidInput, "does not match"),
        (with(input(BACKUP), "SourcePattern", json!("(")), ErrorName::InvalidPattern, "unclosed group"),
        (with(input(BACKUP), "ReplacementPattern", json!("ü")), ErrorName::InvalidTargetName, "`ü`"),
        (with(input(BACKUP), "SSMParameterName", json!("a b")), ErrorName::InvalidParameterName, "`a b`"),
        (input("arn:aws:ec2:eu-west-1:123456789012:volume/v"), ErrorName::InvalidInput, "RecoveryPointArn"),
        (with(input(BACKUP), "RestoreTimeoutSeconds", json!(0)), ErrorName::InvalidInput, "is 0"),
        (with(input(BACKUP), "RestoreTimeoutSeconds", json!(604_801)), ErrorName::InvalidInput, "a week"),
        (no_hours, ErrorName::InvalidInput, "RestoreTimeoutHours is `1.5`"),
        (json!([]), ErrorName::InvalidInput, "the input of rotate-restore.restore-backup cannot be used"),
    ] {
        let failure = failure(&[], &[], wrong).await;
        assert_eq!(failure.name, name, "{failure}");
        assert!(failure.message.contains(expected), "{failure}");
    }
}

#[tokio::test]
async fn no_parameter_is_null_absent_or_empty() {
    for name in [json!(null), json!("")] {
        let restore = mock!(aws_sdk_dynamodb::Client::restore_table_from_backup)
            .then_output(|| Restored::builder().build());
        let output = run(&[&restore], &[], with(input(BACKUP), "SSMParameterName", name)).await.unwrap();
        assert_eq!(output["ssmParameterName"], Value::Null);
    }
}

#[tokio::test]
async fn a_wrong_parameter_of_the_verification_starts_no_restore() {
    let wrong = json!({ "against": "both", "allowedDifferencePercent": "0", "toleranceSeconds": "2" });
    let mut given = input(BACKUP);
    given["verification"] = wrong;
    let failure = run(&[], &[], given).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::InvalidInput);
}
