use serde_json::{Value, json};
use tablekeeper_core::testing::fake_aws::{FakeAws, arn};

use super::*;
use crate::step::AnyStep;
use crate::workflows::export_table::testing::{EXECUTION, FOLDER, STARTED_AT, plan_json, run_json};

async fn start_by(aws: &FakeAws, execution: &str, at: &str) -> Result<Value, Failure> {
    let clock = Clock::Fixed(at.parse().unwrap());
    let step = StartManagedExport { dynamodb: aws.clients().dynamodb(), clock };
    step.run_json(
        json!({ "executionArn": execution, "run": run_json("dynamodb-json", "gzip"), "plan": plan_json(1) }),
    )
    .await
}

fn exporting() -> FakeAws {
    let aws = FakeAws::default().with_table("orders");
    aws.response("dynamodb:ExportTableToPointInTime", |_| {
        (200, json!({ "ExportDescription": { "ExportArn": "the export", "ExportStatus": "IN_PROGRESS" } }))
    });
    aws
}

#[tokio::test]
async fn the_export_goes_into_the_folder_and_a_retry_has_the_same_token() {
    let aws = exporting();
    let output = start_by(&aws, EXECUTION, STARTED_AT).await.unwrap();
    assert_eq!(output, json!({ "exportArn": "the export", "waitSeconds": 60 }));
    let late = start_by(&aws, EXECUTION, "2026-03-01T04:00:00Z").await.unwrap();
    assert_eq!(late["waitSeconds"], 0, "the poll that reports the timeout comes at once");
    start_by(&aws, "arn:aws:states:eu-west-1:123456789012:execution:export-table:other", STARTED_AT)
        .await
        .unwrap();
    let calls = aws.calls("dynamodb:ExportTableToPointInTime");
    let token = |place: usize| calls[place].input["ClientToken"].as_str().unwrap();
    assert_eq!(token(0).len(), 32);
    assert!(token(0) == token(1) && token(0) != token(2));
    let mut asked = calls[0].input.clone();
    asked.as_object_mut().unwrap().remove("ClientToken");
    assert_eq!(
        asked,
        json!({ "TableArn": arn("orders"), "S3Bucket": "bucket", "S3Prefix": FOLDER.trim_end_matches('/'),
            "ExportFormat": "DYNAMODB_JSON" })
    );
}

#[tokio::test]
async fn refused_calls_have_their_error_names() {
    for (code, name) in [
        ("TableNotFoundException", ErrorName::SourceTableMissing),
        ("PointInTimeRecoveryUnavailableException", ErrorName::RequestRefused),
        ("ExportConflictException", ErrorName::RequestRefused),
        ("LimitExceededException", ErrorName::ResourceBusy),
        ("AccessDeniedException", ErrorName::AccessDenied),
    ] {
        let aws = exporting();
        aws.refuse("dynamodb:ExportTableToPointInTime", code);
        assert_eq!(start_by(&aws, EXECUTION, STARTED_AT).await.unwrap_err().name, name, "{code}");
    }
    let aws = exporting();
    aws.response("dynamodb:ExportTableToPointInTime", |_| (200, json!({})));
    assert_eq!(start_by(&aws, EXECUTION, STARTED_AT).await.unwrap_err().name, ErrorName::ExportFailed);
}
