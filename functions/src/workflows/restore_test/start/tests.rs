use aws_sdk_sfn::config::http::HttpResponse;
use aws_smithy_mocks::{MockResponse, RuleMode, mock, mock_client};
use serde_json::json;

use super::*;
use crate::step::AnyStep;
use crate::workflows::restore_test::testing::{JOB, PLAN};

const MACHINE: &str = "arn:aws:states:eu-west-1:123456789012:stateMachine:restore-test";

fn event(status: &str) -> Value {
    json!({ "detail-type": "Restore Job State Change", "source": "aws.backup", "detail": {
        "restoreJobId": JOB, "resourceType": "DynamoDB", "status": status, "restoreTestingPlanArn": PLAN } })
}

fn with(mut event: Value, field: &str, value: Value) -> Value {
    event["detail"][field] = value;
    event
}

/// Runs the step with a Step Functions that knows this execution, or none, or refuses with this code.
async fn start(event: Value, plan: &str, known: Option<&'static str>) -> Result<Value, Failure> {
    let response =
        |status: u16, body: Value| HttpResponse::new(status.try_into().unwrap(), body.to_string().into());
    let rule = mock!(aws_sdk_sfn::Client::start_execution).then_compute_response(move |request| {
        assert_eq!(request.name().unwrap(), format!("test-{}", JOB.to_ascii_lowercase()));
        assert_eq!(request.input().unwrap(), format!(r#"{{"RestoreJobId":"{JOB}"}}"#));
        MockResponse::Http(match known {
            Some(code) => response(400, json!({ "__type": code, "message": "no" })),
            None => response(200, json!({ "executionArn": "arn:e", "startDate": 1.0 })),
        })
    });
    let sfn = mock_client!(aws_sdk_sfn, RuleMode::MatchAny, [&rule]);
    let (state_machine_arn, plan_arn) = (MACHINE.to_owned(), plan.to_owned());
    Start { sfn, state_machine_arn, plan_arn }.run_json(event).await
}

#[tokio::test]
async fn every_ended_test_of_the_plan_starts_an_execution_once() {
    for status in ["COMPLETED", "FAILED", "ABORTED"] {
        for plan in [PLAN, "*"] {
            let started = json!({ "outcome": "started", "executionArn": "arn:e" });
            assert_eq!(start(event(status), plan, None).await.unwrap(), started);
        }
    }
    let name = format!("test-{}", JOB.to_ascii_lowercase());
    let again = start(event("COMPLETED"), PLAN, Some("ExecutionAlreadyExists")).await.unwrap();
    assert_eq!(again, json!({ "outcome": "duplicate", "executionName": name }));
}

#[tokio::test]
async fn other_events_are_skipped_with_the_reason() {
    let done = || event("COMPLETED");
    for (event, reason) in [
        (json!({ "detail-type": "Scheduled Event" }), "it is `Scheduled Event`, which reports no restore"),
        (event("RUNNING"), "the restore job is `RUNNING`"),
        (
            with(with(done(), "status", Value::Null), "state", json!("CREATED")),
            "the restore job is `CREATED`",
        ),
        (with(done(), "resourceType", json!("EC2")), "the restore job is of `EC2`, not of DynamoDB"),
        (
            with(done(), "restoreTestingPlanArn", Value::Null),
            "no restore testing plan started the restore job",
        ),
        (
            with(done(), "restoreTestingPlanArn", json!("arn:other")),
            "the restore job is a test by `arn:other`, not by ",
        ),
    ] {
        let output = start(event, PLAN, None).await.unwrap();
        assert_eq!(output["outcome"], "skipped");
        assert!(output["reason"].as_str().unwrap().starts_with(reason), "{output}");
    }
}

#[tokio::test]
async fn failures_have_their_names() {
    let wrapped =
        json!({ "Records": [{ "eventSource": "aws:sqs", "body": event("COMPLETED").to_string() }] });
    for (event, reason) in [
        (wrapped, "inside a message of an SQS queue"),
        (json!(7), "it has no `detail-type`"),
        (with(event("COMPLETED"), "restoreJobId", Value::Null), "RestoreJobId is ``"),
    ] {
        let failure = start(event, PLAN, None).await.unwrap_err();
        assert_eq!(failure.name, ErrorName::MalformedNotification);
        assert!(failure.message.contains(reason), "{failure}");
    }
    let refused = start(event("COMPLETED"), PLAN, Some("AccessDeniedException")).await.unwrap_err();
    assert_eq!(refused.name, ErrorName::AccessDenied);
    let gone = start(event("COMPLETED"), PLAN, Some("StateMachineDoesNotExist")).await.unwrap_err();
    assert_eq!(gone.name, ErrorName::RequestRefused);
}
