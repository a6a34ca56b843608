use std::sync::{Arc, Mutex};

use serde_json::json;
use tablekeeper_core::testing::fake_aws::{FakeAws, refusal};

use super::*;
use crate::step::AnyStep;
use crate::workflows::restore_test::testing::{EXECUTION, JOB, job, test};

/// An AWS Backup that holds one result, as DescribeRestoreJob shows it. A put is refused if there is one. If
/// `lose_response`, the first put fails after its effect.
fn backup(status: &'static str, lose_response: bool) -> (FakeAws, Arc<Mutex<Value>>) {
    let aws = FakeAws::default();
    let held = Arc::new(Mutex::new(json!({ "ValidationStatus": status })));
    let shown = Arc::clone(&held);
    aws.response("backup:GET", move |_| {
        let mut job = job();
        job.as_object_mut().unwrap().extend(shown.lock().unwrap().as_object().unwrap().clone());
        (200, job)
    });
    let put = Arc::clone(&held);
    aws.response("backup:PUT", move |call| {
        assert_eq!(call.key, format!("restore-jobs/{JOB}/validations"));
        let mut held = put.lock().unwrap();
        if held["ValidationStatus"] != "VALIDATING" {
            return refusal("InvalidRequestException");
        }
        *held = call.input.clone();
        if lose_response { (500, json!({ "__type": "InternalFailure" })) } else { (204, json!("")) }
    });
    (aws, held)
}

async fn put(aws: &FakeAws, verified: Value, damage: Value) -> Result<Value, Failure> {
    let step = PutResult { backup: aws.clients().backup() };
    let input = json!({ "executionArn": EXECUTION, "test": test(), "verified": verified, "damage": damage });
    step.run_json(input).await
}

fn verified() -> Value {
    json!({ "TableArn": "arn:t", "Strength": "COUNTED", "Against": "table orders", "Items": 5, "ItemsExpected": 5,
        "Report": "s3://reports/r/report.json", "Notes": [], "StartedAt": "2027-01-15T08:02:00Z",
        "FinishedAt": "2027-01-15T08:03:00Z" })
}

#[tokio::test]
async fn a_success_is_put_with_its_numbers() {
    let (aws, held) = backup("VALIDATING", false);
    let message =
        "COUNTED against table orders, 5 items, 5 expected; the report is s3://reports/r/report.json";
    let expected = json!({
        "verification": { "Damaged": false, "Finding": message, "Output": verified() },
        "result": { "Status": "SUCCESSFUL", "Message": message, "PutBy": "THIS_EXECUTION" },
    });
    for _ in 0..2 {
        assert_eq!(put(&aws, verified(), Value::Null).await.unwrap(), expected);
    }
    let stored = json!({ "ValidationStatus": "SUCCESSFUL", "ValidationStatusMessage": message });
    assert_eq!(*held.lock().unwrap(), stored);
    assert_eq!(aws.calls("backup:PUT").len(), 1, "the second step finds the result");
}

#[tokio::test]
async fn damage_is_put_with_its_cause() {
    let (aws, held) = backup("VALIDATING", false);
    let failure = json!({ "Error": "VerificationFailed", "Cause": "2 of 5 items are missing" }).to_string();
    let output = put(&aws, Value::Null, json!(failure)).await.unwrap();
    assert_eq!(output["verification"]["Damaged"], true);
    let stored =
        json!({ "ValidationStatus": "FAILED", "ValidationStatusMessage": "2 of 5 items are missing" });
    assert_eq!(*held.lock().unwrap(), stored);
}

#[tokio::test]
async fn a_lost_response_is_recognized_by_the_next_try() {
    let (aws, _) = backup("VALIDATING", true);
    let failure = put(&aws, verified(), Value::Null).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::ServiceUnavailable);
    let output = put(&aws, verified(), Value::Null).await.unwrap();
    assert_eq!(output["result"]["PutBy"], "THIS_EXECUTION");
    assert_eq!(aws.calls("backup:PUT").len(), 1);
}

#[tokio::test]
async fn a_result_of_another_is_left_alone_and_named() {
    for status in ["SUCCESSFUL", "FAILED", "TIMED_OUT"] {
        let (aws, held) = backup(status, false);
        let output = put(&aws, verified(), Value::Null).await.unwrap();
        let expected = json!({ "Status": status, "Message": null, "PutBy": "ANOTHER" });
        assert_eq!(output["result"], expected);
        assert_eq!(*held.lock().unwrap(), json!({ "ValidationStatus": status }));
        assert_eq!(aws.calls("backup:PUT").len(), 0);
    }
}

#[tokio::test]
async fn a_result_that_another_puts_at_the_same_time_is_left_alone() {
    let (aws, held) = backup("VALIDATING", false);
    aws.response("backup:PUT", move |_| {
        *held.lock().unwrap() = json!({ "ValidationStatus": "FAILED", "ValidationStatusMessage": "by hand" });
        refusal("InvalidRequestException")
    });
    let output = put(&aws, verified(), Value::Null).await.unwrap();
    let expected = json!({ "Status": "FAILED", "Message": "by hand", "PutBy": "ANOTHER" });
    assert_eq!(output["result"], expected);
}

#[tokio::test]
async fn failures_have_their_names() {
    for (code, name) in [
        ("AccessDeniedException", ErrorName::AccessDenied),
        ("InvalidRequestException", ErrorName::RequestRefused),
        ("ThrottlingException", ErrorName::Throttled),
    ] {
        let (aws, _) = backup("VALIDATING", false);
        aws.refuse("backup:PUT", code);
        assert_eq!(put(&aws, verified(), Value::Null).await.unwrap_err().name, name, "{code}");
    }
    let (aws, _) = backup("VALIDATING", false);
    aws.refuse("backup:GET", "AccessDeniedException");
    assert_eq!(put(&aws, verified(), Value::Null).await.unwrap_err().name, ErrorName::AccessDenied);
    let neither = put(&backup("VALIDATING", false).0, Value::Null, Value::Null).await.unwrap_err();
    assert_eq!(neither.name, ErrorName::InvalidInput);
}
