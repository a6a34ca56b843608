use serde_json::{Value, json};
use tablekeeper_core::testing::fake_aws::FakeAws;

use super::*;
use crate::step::AnyStep;
use crate::workflows::export_table::testing::{EXECUTION, plan_json, run_json};

const EARLY: &str = "2026-03-01T02:10:00Z";
const LATE: &str = "2026-03-01T03:00:00Z";

async fn check(aws: &FakeAws, at: &str) -> Result<Value, Failure> {
    let step =
        CheckManagedExport { dynamodb: aws.clients().dynamodb(), clock: Clock::Fixed(at.parse().unwrap()) };
    step.run_json(json!({ "executionArn": EXECUTION, "run": run_json("dynamodb-json", "gzip"),
        "plan": plan_json(1), "exportArn": "arn:the-export" }))
        .await
}

fn that_is(export: Value) -> FakeAws {
    let aws = FakeAws::default();
    aws.response("dynamodb:DescribeExport", move |_| (200, json!({ "ExportDescription": export })));
    aws
}

#[tokio::test]
async fn a_finished_export_reports_its_manifest_and_size() {
    let aws = that_is(
        json!({ "ExportStatus": "COMPLETED", "ExportManifest": "f/AWSDynamoDB/1/manifest-summary.json",
        "ItemCount": 7, "BilledSizeBytes": 900 }),
    );
    // Even after the deadline.
    assert_eq!(
        check(&aws, LATE).await.unwrap(),
        json!({ "status": "READY", "manifest": "f/AWSDynamoDB/1/manifest-summary.json", "itemCount": 7,
            "bytes": 900 })
    );
    assert_eq!(aws.calls("dynamodb:DescribeExport")[0].input["ExportArn"], "arn:the-export");
}

#[tokio::test]
async fn a_running_export_is_polled_until_the_deadline() {
    let aws = that_is(json!({ "ExportStatus": "IN_PROGRESS" }));
    assert_eq!(check(&aws, EARLY).await.unwrap(), json!({ "status": "PENDING", "waitSeconds": 500 }));
    let failure = check(&aws, LATE).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::ExportTimedOut);
    assert!(failure.message.contains("was to be done by 2026-03-01T03:00:00"), "{failure}");
}

#[tokio::test]
async fn a_failed_or_missing_export_says_why() {
    for (export, expected) in [
        (
            json!({ "ExportStatus": "FAILED", "FailureCode": "S3NoSuchBucket", "FailureMessage": "no bucket" }),
            "S3NoSuchBucket: no bucket",
        ),
        (json!({ "ExportStatus": "FAILED" }), "no code: DynamoDB does not say why"),
        (json!({ "ExportStatus": "COMPLETED" }), "it names no manifest"),
    ] {
        let failure = check(&that_is(export), EARLY).await.unwrap_err();
        assert_eq!(failure.name, ErrorName::ExportFailed);
        assert!(failure.message.ends_with(expected), "{failure}");
    }
    let aws = FakeAws::default();
    aws.refuse("dynamodb:DescribeExport", "ExportNotFoundException");
    let failure = check(&aws, EARLY).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::ExportFailed);
    aws.refuse("dynamodb:DescribeExport", "ThrottlingException");
    assert_eq!(check(&aws, EARLY).await.unwrap_err().name, ErrorName::Throttled);
}
