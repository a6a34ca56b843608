//! The scenarios of `fleet` and the accounts whose tables it reads.

use std::sync::Arc;

use aws_sdk_dynamodb::types::{
    ExportStatus, PointInTimeRecoverySpecification, StreamSpecification, StreamViewType,
};
use aws_sdk_lambda::types::EventSourcePosition;
use aws_sdk_s3::primitives::ByteStream;
use futures::future::LocalBoxFuture;
use local_aws::Fault;
use serde_json::{Value, json};
use tablekeeper_core::clock::Clock;
use tablekeeper_core::error_name::ErrorName;

use super::rotate_restore::{SOURCE, make_recovery_point, make_table};
use super::sync_settings::inject;
use crate::harness::workflow::scenario;
use crate::{Begin, Deployed, Ended, FaultMatrix, Workflow, until_some};

const WRITE: &str = "fleet.write-report";
const CHECK: &str = "fleet.check-rules";
/// A table that has no source.
pub const UNPROTECTED: &str = "sessions";
/// Key of the rules of most scenarios.
const RULES: &str = "rules/production.yaml";

/// Returns the workflow with its scenarios.
pub fn workflow() -> Workflow {
    Workflow {
        name: "fleet",
        template: "fleet",
        machine: "StateMachine",
        prepare: Some(with_buckets),
        parameters: &[("ScheduleExpression", ""), ("RulesKey", RULES)],
        scenarios: vec![
            scenario!("every rule is kept", kept => "Complete").golden().and(|ended| {
                let output = &ended.execution.as_ref().unwrap().output;
                assert_eq!(output["Sentence"], "No rule is broken: 1 table");
                assert_eq!((&output["Tables"], &output["Unprotected"]), (&json!(1), &json!(0)));
                assert_eq!(output["NotRead"], json!([]), "{output}");
                assert_eq!(output["WorstLossSeconds"], 0, "the stream of the incremental backup is idle");
                assert_eq!(keys(ended), ["fleet/DAY/by-hand.html", "fleet/DAY/by-hand.json", RULES]);
            }),
            scenario!("a table without any source", unprotected => "Rules Broken")
                .with(&[("RulesKey", "")])
                .failing(ErrorName::RulesBroken)
                .and(|ended| {
                    let cause = cause(ended);
                    assert!(cause.contains("1 of 1 table break a rule: sessions: built-in: "), "{cause}");
                    assert!(cause.contains("; the page is s3://"), "{cause}");
                    assert_eq!(keys(ended), ["fleet/DAY/by-hand.html", "fleet/DAY/by-hand.json"]);
                    assert!(published(ended));
                }),
            scenario!("backups that may not be listed", unlisted_backups => "Rules Not Known")
                .with(&[("RulesKey", "")])
                .failing(ErrorName::RulesNotKnown)
                .and(|ended| {
                    let cause = cause(ended);
                    assert!(cause.contains("dynamodb:ListBackups failed: AccessDenied"), "{cause}");
                    assert_eq!(keys(ended).len(), 2);
                    assert!(published(ended));
                }),
            scenario!("rules that were not uploaded", without_rules => "Input Refused")
                .failing(ErrorName::InvalidInput)
                .and(|ended| {
                    let cause = cause(ended);
                    assert!(
                        cause.contains("rules/production.yaml does not exist; upload the rules"),
                        "{cause}"
                    );
                    assert_eq!(keys(ended).len(), 0);
                }),
            scenario!("tables that may not be listed", unlisted_tables => "Report Not Written")
                .failing(ErrorName::AccessDenied)
                .and(|ended| assert!(keys(ended) == [RULES] && !published(ended))),
            scenario!("publishing is not allowed", publishing_refused => "Metrics Not Published")
                .with(&[("RulesKey", "")])
                .failing(ErrorName::AccessDenied)
                .and(|ended| assert_eq!(keys(ended).len(), 2)),
        ],
        fault_matrix: FaultMatrix::EveryKindOfCall,
        changes_settings_of: None,
        reports_refusals_by: Some(ErrorName::RulesNotKnown),
        unentered: &[],
    }
}

fn cause(ended: &Ended) -> &str {
    ended.execution.as_ref().unwrap().cause.as_deref().unwrap()
}

/// Returns the keys of the bucket, without the day.
fn keys(ended: &Ended) -> Vec<&str> {
    ended.state.objects.iter().map(|object| object.key.as_str()).collect()
}

fn published(ended: &Ended) -> bool {
    ended.calls.iter().any(|call| call.action == "cloudwatch:PutMetricData")
}

/// Creates the buckets that the report reads besides AWS's descriptions, and returns the parameters with their names.
fn with_buckets(deployed: &Deployed) -> LocalBoxFuture<'_, Vec<(&'static str, String)>> {
    let kinds =
        [("SettingsBucketName", "settings"), ("EvidenceBucketName", "evidence"), ("ItemBucketName", "items")];
    Box::pin(async move {
        let named = kinds.map(|(parameter, kind)| (parameter, bucket(deployed, kind)));
        for (_, name) in &named {
            deployed.s3.create_bucket().bucket(name).send().await.unwrap();
        }
        named.to_vec()
    })
}

fn bucket(deployed: &Deployed, kind: &str) -> String {
    format!("{kind}-{}", deployed.account)
}

async fn put(deployed: &Deployed, bucket: &str, key: &str, body: impl Into<ByteStream>) {
    deployed.s3.put_object().bucket(bucket).key(key).body(body.into()).send().await.unwrap();
}

/// Uploads rules to the bucket of the stack.
pub async fn upload_rules(deployed: &Deployed, rules: &'static str) {
    put(deployed, deployed.output("ReportBucketName"), RULES, ByteStream::from_static(rules.as_bytes()))
        .await;
}

/// Turns point-in-time recovery of a table on.
pub async fn turn_recovery_on(deployed: &Deployed, table: &str) {
    let on = PointInTimeRecoverySpecification::builder().point_in_time_recovery_enabled(true);
    let update = deployed.dynamodb.update_continuous_backups().table_name(table);
    update.point_in_time_recovery_specification(on.build().unwrap()).send().await.unwrap();
}

/// Exports a table and waits until the export is complete.
async fn export(deployed: &Deployed, table_arn: &str) {
    let exports = bucket(deployed, "exports");
    deployed.s3.create_bucket().bucket(&exports).send().await.unwrap();
    let export = deployed.dynamodb.export_table_to_point_in_time().table_arn(table_arn).s3_bucket(&exports);
    let arn = export.send().await.unwrap().export_description.unwrap().export_arn.unwrap();
    until_some("the export to be completed", async || {
        let described = deployed.dynamodb.describe_export().export_arn(&arn).send().await.unwrap();
        let status = described.export_description.unwrap().export_status;
        (status == Some(ExportStatus::Completed)).then_some(())
    })
    .await;
}

/// Gives a table a stream, a function that reads it, and the history of an incremental backup.
async fn follow(deployed: &Deployed, table: &str) {
    let images = StreamSpecification::builder().stream_enabled(true);
    let images = images.stream_view_type(StreamViewType::NewAndOldImages).build().unwrap();
    deployed.dynamodb.update_table().table_name(table).stream_specification(images).send().await.unwrap();
    let (arn, label) = until_some("the stream of the table", async || {
        let described =
            deployed.dynamodb.describe_table().table_name(table).send().await.unwrap().table.unwrap();
        described.latest_stream_arn.zip(described.latest_stream_label)
    })
    .await;
    // Any function: nothing is written to the table, so it is not invoked.
    let function = deployed.output("CheckRulesFunctionName");
    let create = deployed.lambda.create_event_source_mapping().function_name(function).event_source_arn(arn);
    create.starting_position(EventSourcePosition::Latest).send().await.unwrap();
    let coverage = json!({ "CompleteSince": Clock::System.now(), "Stream": label }).to_string();
    put(
        deployed,
        &bucket(deployed, "items"),
        &format!("tables/{table}/coverage.json"),
        coverage.into_bytes(),
    )
    .await;
}

/// Returns the evidence of a restore test that failed. It proves nothing, so whatever else may prove that the table can
/// be restored is read, too.
fn evidence(table_arn: &str) -> Value {
    let now = Clock::System.now();
    json!({ "Version": 1, "Successful": false, "Verification": null, "Result": null, "ExecutionArn": "arn:e",
        "RecordedAt": now, "Test": { "PlanArn": "arn:aws:backup:us-east-1:1:restore-testing-plan:weekly",
            "RestoreJobId": "1F1B3C5E-0B7D-4C62-9B1A-5D0E8F2A7C44", "RecoveryPointArn": "arn:r",
            "RecoveryPointCreatedAt": now, "SourceTableArn": table_arn, "RestoredTableArn": null,
            "StartedAt": now, "EndedAt": now, "RestoreSeconds": 90, "Failure": "the key is gone" } })
}

/// Makes a table that every source has, and rules that it keeps.
async fn kept(deployed: Arc<Deployed>) -> Begin {
    make_recovery_point(&deployed).await;
    turn_recovery_on(&deployed, SOURCE).await;
    let account = &deployed.account;
    let arn = format!("arn:aws:dynamodb:us-east-1:{account}:table/{SOURCE}");
    export(&deployed, &arn).await;
    follow(&deployed, SOURCE).await;
    let settings = format!("settings/{account}/us-east-1/{SOURCE}/20990101T000000Z.json");
    put(&deployed, &bucket(&deployed, "settings"), &settings, ByteStream::from_static(b"{}")).await;
    let tests = format!("tests/{account}/us-east-1/{SOURCE}/2026-12-01T00-00-00Z-1.json");
    let evidence = evidence(&arn).to_string().into_bytes();
    put(&deployed, &bucket(&deployed, "evidence"), &tests, evidence).await;
    upload_rules(
        &deployed,
        "Rules:\n- Name: production\n  Must: {Pitr: true, MaxLossSeconds: 600, BackupWithinDays: 1, SettingsCaptured: true}\n",
    )
    .await;
    Begin::Input(json!({}))
}

async fn unprotected(deployed: Arc<Deployed>) -> Begin {
    make_table(&deployed, UNPROTECTED).await;
    Begin::Input(json!({}))
}

async fn unlisted_backups(deployed: Arc<Deployed>) -> Begin {
    inject(&deployed, WRITE, "dynamodb:ListBackups", usize::MAX, Fault::Refuse).await;
    unprotected(deployed).await
}

async fn without_rules(deployed: Arc<Deployed>) -> Begin {
    unprotected(deployed).await
}

async fn unlisted_tables(deployed: Arc<Deployed>) -> Begin {
    inject(&deployed, WRITE, "dynamodb:ListTables", usize::MAX, Fault::Refuse).await;
    upload_rules(&deployed, "Rules: [{Name: all, Must: {Pitr: true}}]").await;
    unprotected(deployed).await
}

async fn publishing_refused(deployed: Arc<Deployed>) -> Begin {
    inject(&deployed, CHECK, "cloudwatch:PutMetricData", usize::MAX, Fault::Refuse).await;
    unprotected(deployed).await
}
