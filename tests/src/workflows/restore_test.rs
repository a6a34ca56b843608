//! The scenarios of `restore-test` and the restore jobs that they need.
//!
//! A state machine stands in for that of `verify-table`: it finds in a table what the name of the table says. The
//! journeys verify tables with `verify-table` itself.

use std::sync::Arc;

use aws_sdk_backup::types::{RestoreJobStatus, RestoreValidationStatus};
use futures::future::LocalBoxFuture;
use local_aws::Fault;
use serde_json::{Value, json};
use tablekeeper_core::error_name::ErrorName;

use super::rotate_restore::make_recovery_point;
use super::sync_settings::{before_repeated, inject};
use crate::harness::deployed::stack;
use crate::harness::run::{end_of, invoke};
use crate::harness::workflow::scenario;
use crate::{Begin, Deployed, Ended, FaultMatrix, Workflow, until_some};

/// Prefix of the names of the tables that restore testing makes.
pub const TEST_TABLE: &str = "awsbackup-restore-test-";
/// ARN of a state machine that does not exist.
const NO_MACHINE: &str = "arn:aws:states:us-east-1:ACCOUNT:stateMachine:none";
const PLAN: &str = "restore-test.plan-validation";
const PUT: &str = "restore-test.put-result";
const RECORD: &str = "restore-test.record-test";

/// Returns the workflow with its scenarios.
pub fn workflow() -> Workflow {
    Workflow {
        name: "restore-test",
        template: "restore-test",
        machine: "StateMachine",
        prepare: Some(with_verification),
        parameters: &[("RestoreTestRule", "DISABLED")],
        scenarios: vec![
            scenario!("an event of an intact table", intact_by_event => "Complete").golden().and(|ended| {
                let evidence = &ended.execution.as_ref().unwrap().output["Evidence"];
                let message = "SAMPLED against the stand-in, 5 sampled, 5 equal; the report is s3://reports/report.json";
                assert_eq!(evidence["Result"], result("SUCCESSFUL", json!(message), "THIS_EXECUTION"));
                assert_eq!((&evidence["Successful"], documents(ended).len()), (&json!(true), 1));
            }),
            scenario!("a damaged table", damaged => "Table Damaged")
                .failing(ErrorName::VerificationFailed)
                .golden()
                .and(|ended| {
                    assert!(cause(ended).contains("found damage: 2 of 5 items are missing; the evidence is s3://"));
                    assert!(documents(ended)[0].contains(r#""Status": "FAILED","#), "{:?}", documents(ended));
                }),
            scenario!("a restore that failed", a_failed_restore => "Restore Failed")
                .failing(ErrorName::RestoreFailed)
                .golden()
                .and(|ended| {
                    assert!(cause(ended).contains("is FAILED: the key is gone; the evidence is s3://"));
                    assert!(documents(ended)[0].contains(r#""Result": null,"#), "{:?}", documents(ended));
                    assert!(!ended.calls.iter().any(|call| call.step.as_deref() == Some(PUT)));
                }),
            scenario!("again after it was validated", validated_before => "Complete").and(|ended| {
                assert_eq!(documents(ended).len(), 1);
                let entered = &ended.execution.as_ref().unwrap().entered;
                assert!(!entered.iter().any(|state| state == "Verify Table"), "{entered:?}");
            }),
            scenario!("a validation window that has closed", closed => "Validation Timed Out")
                .failing(ErrorName::ValidationTimedOut),
            scenario!("another puts a result meanwhile", put_meanwhile => "Table Damaged")
                .failing(ErrorName::VerificationFailed)
                .and(|ended| {
                    assert!(cause(ended).contains("found damage: by hand"), "{}", cause(ended));
                    assert!(documents(ended)[0].contains(r#""PutBy": "ANOTHER""#), "{:?}", documents(ended));
                }),
            scenario!("a job of no plan", a_job_of_no_plan => "Input Refused").failing(ErrorName::InvalidInput),
            scenario!("describing is not allowed", describing_refused => "Job Not Described")
                .failing(ErrorName::AccessDenied),
            scenario!("a table that cannot be read", unreadable => "Table Not Verified")
                .failing(ErrorName::AccessDenied)
                .and(|ended| assert_eq!(documents(ended).len(), 0)),
            scenario!("no such state machine", intact => "Table Not Verified")
                .with(&[("VerifyTableStateMachineArn", NO_MACHINE)])
                .failing_by("StateMachineDoesNotExist"),
            scenario!("putting is not allowed", putting_refused => "Result Not Put")
                .failing(ErrorName::AccessDenied),
            scenario!("writing is not allowed", writing_refused => "Test Not Recorded")
                .failing(ErrorName::AccessDenied),
        ],
        fault_matrix: FaultMatrix::EveryCall,
        changes_settings_of: None,
        reports_refusals_by: None,
        unentered: &[],
    }
}

fn result(status: &str, message: Value, put_by: &str) -> Value {
    json!({ "Status": status, "Message": message, "PutBy": put_by })
}

fn cause(ended: &Ended) -> &str {
    ended.execution.as_ref().unwrap().cause.as_deref().unwrap()
}

/// Returns the evidence, each document as its text without times and ids.
fn documents(ended: &Ended) -> Vec<String> {
    ended.state.objects.iter().map(|object| object.lines.join("\n")).collect()
}

/// Creates the state machine that stands in for that of `verify-table`, and returns the parameter with its ARN.
fn with_verification(deployed: &Deployed) -> LocalBoxFuture<'_, Vec<(&'static str, String)>> {
    let is_of = |name: &str| format!("{{% $contains($states.input.TableArn, '{TEST_TABLE}{name}') %}}");
    let to = |name: &str, next: &str| json!({ "Condition": is_of(name), "Next": next });
    let fail = |error: &str, cause: &str| json!({ "Type": "Fail", "Error": error, "Cause": cause });
    let output = json!({ "TableArn": "{% $states.input.TableArn %}", "Strength": "{% $states.input.Strength %}",
        "Against": "the stand-in", "Sampled": 5, "Equal": 5, "Report": "s3://reports/report.json", "Notes": [],
        "StartedAt": "2027-01-15T08:02:00Z", "FinishedAt": "2027-01-15T08:03:00Z" });
    let definition = json!({ "QueryLanguage": "JSONata", "StartAt": "Which?", "States": {
        "Which?": { "Type": "Choice", "Default": "Intact", "Choices": [
            to("damaged", "Damaged"), to("unreadable", "Unreadable")] },
        "Intact": { "Type": "Pass", "Output": output, "End": true },
        "Damaged": fail("VerificationFailed", "2 of 5 items are missing"),
        "Unreadable": fail("AccessDenied", "dynamodb:Scan failed"),
    } });
    Box::pin(async move {
        let role = "arn:aws:iam::123456789012:role/verify-table";
        let create = deployed.sfn.create_state_machine().name("verify-table").role_arn(role);
        let created = create.definition(definition.to_string()).send().await.unwrap();
        vec![("VerifyTableStateMachineArn", created.state_machine_arn)]
    })
}

/// Makes a table, backs it up, and runs a restore job into a table of this name. Returns the job's id when it has ended.
pub async fn restored(deployed: &Deployed, target: &str) -> String {
    let recovery_point = make_recovery_point(deployed).await;
    restored_from(deployed, &recovery_point, target).await
}

/// Runs a restore job of this recovery point. Returns its id when it has ended.
pub async fn restored_from(deployed: &Deployed, recovery_point: &str, target: &str) -> String {
    let start = deployed.backup.start_restore_job().recovery_point_arn(recovery_point);
    let start = start.iam_role_arn("arn:aws:iam::1:role/r").metadata("targetTableName", target);
    let id = start.send().await.unwrap().restore_job_id.unwrap();
    until_some("the restore job to end", async || {
        let job = deployed.backup.describe_restore_job().restore_job_id(&id).send().await.unwrap();
        matches!(job.status(), Some(RestoreJobStatus::Completed | RestoreJobStatus::Failed)).then_some(())
    })
    .await;
    id
}

fn input(job: &str) -> Begin {
    Begin::Input(json!({ "RestoreJobId": job }))
}

/// Returns AWS Backup's event of a restore test that has ended.
pub fn event(deployed: &Deployed, job: &str) -> Value {
    json!({ "source": "aws.backup", "detail-type": "Restore Job State Change", "resources": [], "detail": {
        "restoreJobId": job, "resourceType": "DynamoDB", "status": "COMPLETED", "restoreTestingPlanArn":
        format!("arn:aws:backup:us-east-1:{}:restore-testing-plan:local", deployed.account) } })
}

async fn test_of(deployed: &Deployed, name: &str) -> Begin {
    input(&restored(deployed, &format!("{TEST_TABLE}{name}")).await)
}

async fn intact_by_event(deployed: Arc<Deployed>) -> Begin {
    let job = restored(&deployed, &format!("{TEST_TABLE}intact")).await;
    Begin::Event(event(&deployed, &job))
}

async fn damaged(deployed: Arc<Deployed>) -> Begin {
    test_of(&deployed, "damaged").await
}

async fn unreadable(deployed: Arc<Deployed>) -> Begin {
    test_of(&deployed, "unreadable").await
}

async fn intact(deployed: Arc<Deployed>) -> Begin {
    test_of(&deployed, "intact").await
}

async fn a_failed_restore(deployed: Arc<Deployed>) -> Begin {
    let proxy = stack().await.aws.proxy();
    proxy.fail_restore_jobs(&deployed.account, Some("the key is gone".to_owned()));
    test_of(&deployed, "failed").await
}

/// Puts a result as a person does.
pub async fn put(deployed: &Deployed, job: &str, status: RestoreValidationStatus, message: &str) {
    let put = deployed.backup.put_restore_validation_result().restore_job_id(job).validation_status(status);
    put.validation_status_message(message).send().await.unwrap();
}

async fn validated_before(deployed: Arc<Deployed>) -> Begin {
    let job = restored(&deployed, &format!("{TEST_TABLE}intact")).await;
    let first = deployed.sfn.start_execution().state_machine_arn(deployed.machine()).name("first");
    first.input(json!({ "RestoreJobId": job }).to_string()).send().await.unwrap();
    end_of(&deployed, "first").await;
    let watched = json!({ "evidenceBucket": deployed.output("EvidenceBucketName"), "tables": [],
        "stateMachineArn": deployed.machine(), "mostDays": "1", "namespace": "tablekeeper/test" });
    assert_eq!(invoke(&deployed, "WatchTestsFunctionName", &watched).await["overdue"], json!([]));
    input(&job)
}

async fn closed(deployed: Arc<Deployed>) -> Begin {
    let job = restored(&deployed, &format!("{TEST_TABLE}late")).await;
    put(&deployed, &job, RestoreValidationStatus::TimedOut, "the validation window closed").await;
    input(&job)
}

async fn put_meanwhile(deployed: Arc<Deployed>) -> Begin {
    let job = restored(&deployed, &format!("{TEST_TABLE}intact")).await;
    let of_job = job.clone();
    let call = (PUT, "backup:PutRestoreValidationResult");
    before_repeated(&deployed, 0, call, |deployed| async move {
        put(&deployed, &of_job, RestoreValidationStatus::Failed, "by hand").await;
    })
    .await;
    input(&job)
}

async fn a_job_of_no_plan(deployed: Arc<Deployed>) -> Begin {
    input(&restored(&deployed, "orders-restored").await)
}

async fn refused(deployed: &Deployed, step: &str, action: &str) -> Begin {
    inject(deployed, step, action, usize::MAX, Fault::Refuse).await;
    test_of(deployed, "intact").await
}

async fn describing_refused(deployed: Arc<Deployed>) -> Begin {
    refused(&deployed, PLAN, "backup:DescribeRestoreJob").await
}

async fn putting_refused(deployed: Arc<Deployed>) -> Begin {
    refused(&deployed, PUT, "backup:PutRestoreValidationResult").await
}

async fn writing_refused(deployed: Arc<Deployed>) -> Begin {
    refused(&deployed, RECORD, "s3:PutObject").await
}
