//! Tests `restore-test` as its users see it: beside a restore testing plan.

use aws_sdk_backup::types::RestoreValidationStatus;
use aws_sdk_dynamodb::types::AttributeValue;
use local_aws::Call;
use serde_json::{Value, json};
use tablekeeper_tests::harness::run::{end_of, executions, invoke, invoke_start, start_by_hand};
use tablekeeper_tests::workflows::restore_test::{TEST_TABLE, event, restored, workflow};
use tablekeeper_tests::workflows::rotate_restore::SOURCE;
use tablekeeper_tests::workflows::verify_table;
use tablekeeper_tests::{Deployed, Workflow, stack};

crate::of_every_workflow!(restore_test);

/// Deploys the workflow with `verify-table` itself.
async fn deployed(parameters: &[(&str, &str)]) -> Deployed {
    let mut deployed = Deployed::empty_account().await;
    let parameters_of_verification = &[("TablePattern", "*"), ("ExportBucketName", "none")];
    let verification = Workflow { parameters: parameters_of_verification, ..verify_table::workflow() };
    deployed.deploy(&verification, &[]).await;
    let mut all = vec![("VerifyTableStateMachineArn", deployed.machine().to_owned())];
    all.extend(parameters.iter().map(|(name, value)| (*name, (*value).to_owned())));
    deployed.deploy(&Workflow { prepare: None, ..workflow() }, &all).await;
    deployed
}

/// Returns the status and the message of the job's validation.
async fn result_of(deployed: &Deployed, job: &str) -> (RestoreValidationStatus, String) {
    let job = deployed.backup.describe_restore_job().restore_job_id(job).send().await.unwrap();
    (job.validation_status().unwrap().clone(), job.validation_status_message().unwrap().to_owned())
}

/// Returns the calls that put a result.
async fn puts(deployed: &Deployed) -> Vec<Call> {
    let calls = stack().await.aws.proxy().calls(&deployed.account).into_iter();
    calls.filter(|call| call.action == "backup:PutRestoreValidationResult").collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_test_is_verified_and_its_result_put_once() {
    let deployed = deployed(&[("RestoreTestRule", "ENABLED"), ("Strength", "SAMPLED")]).await;
    // The end of the job is the first event.
    let job = restored(&deployed, &format!("{TEST_TABLE}1")).await;
    let name = format!("test-{}", job.to_ascii_lowercase());
    let second = invoke_start(&deployed, &event(&deployed, &job)).await;
    let execution = end_of(&deployed, &name).await;
    assert_eq!(execution.entered.last().unwrap(), "Complete", "{execution:?}");
    let third = invoke_start(&deployed, &event(&deployed, &job)).await;
    assert_eq!(third, json!({ "outcome": "duplicate", "executionName": name }), "{second}");
    assert_eq!((executions(&deployed).await, puts(&deployed).await.len()), (1, 1));

    let (status, message) = result_of(&deployed, &job).await;
    assert_eq!(status, RestoreValidationStatus::Successful);
    assert!(message.starts_with("SAMPLED against table "), "{message}");
    assert!(message.contains(", 5 sampled") && message.contains("; the report is s3://"), "{message}");
    let evidence = &execution.output["Evidence"];
    assert_eq!(evidence["Result"]["Message"], message);
    assert_eq!(evidence["Verification"]["Output"]["Strength"], "SAMPLED");

    let input = json!({ "evidenceBucket": deployed.output("EvidenceBucketName"), "tables": [SOURCE, "customers"],
        "stateMachineArn": deployed.machine(), "mostDays": "1", "namespace": "tablekeeper/test" });
    let watched = invoke(&deployed, "WatchTestsFunctionName", &input).await;
    let of = |table: &str| format!("tests/{}/us-east-1/{table}/", deployed.account);
    assert_eq!((&watched["overdue"], &watched["failing"]), (&json!([of("customers")]), &json!([])));
    assert!(watched["tables"][of(SOURCE)]["days"].as_f64().unwrap() < 0.1, "{watched}");
    let metrics = deployed.cloudwatch.list_metrics().namespace("tablekeeper/test").send().await.unwrap();
    let mut names: Vec<&str> = metrics.metrics().iter().filter_map(|metric| metric.metric_name()).collect();
    names.sort_unstable();
    assert_eq!(names, ["DaysSinceSuccessfulTest", "TablesFailing", "TablesOverdue"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_table_fails_its_test_with_the_numbers() {
    let deployed = deployed(&[("Strength", "COUNTED"), ("AllowedDifferencePercent", "0")]).await;
    let table = format!("{TEST_TABLE}2");
    let job = restored(&deployed, &table).await;
    let id = AttributeValue::S(format!("{SOURCE} 3"));
    deployed.dynamodb.delete_item().table_name(&table).key("id", id).send().await.unwrap();
    start_by_hand(&deployed, &json!({ "RestoreJobId": job })).await;
    let execution = end_of(&deployed, "by-hand").await;
    assert_eq!(execution.error.as_deref(), Some("VerificationFailed"), "{execution:?}");
    let (status, message) = result_of(&deployed, &job).await;
    assert_eq!((status, puts(&deployed).await.len()), (RestoreValidationStatus::Failed, 1));
    assert!(message.contains('4') && message.contains('5'), "{message}");
    let cause = execution.cause.unwrap();
    assert!(cause.contains("the evidence is s3://"), "{cause}");
    let watched: Value = invoke(
        &deployed,
        "WatchTestsFunctionName",
        &json!({ "evidenceBucket": deployed.output("EvidenceBucketName"), "tables": [],
            "stateMachineArn": deployed.machine(), "mostDays": "1", "namespace": "tablekeeper/test" }),
    )
    .await;
    assert_eq!(watched["failing"], watched["overdue"]);
    assert_eq!(watched["failing"].as_array().unwrap().len(), 1, "{watched}");
}
