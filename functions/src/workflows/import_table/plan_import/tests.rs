use serde_json::{Value, json};
use tablekeeper_core::import::testing::{FOLDER, aws, item, plan_input, with_export};
use tablekeeper_core::testing::fake_store::{FakeStore, Fault};

use super::*;
use crate::step::AnyStep;

async fn plan(aws: &FakeStore, more: Value) -> Result<Value, Failure> {
    PlanImport::new(&aws.clients()).unwrap().run_json(plan_input(more)).await
}

/// Returns the error name and the message that planning fails with.
async fn refused(aws: &FakeStore, more: Value) -> (ErrorName, String) {
    let Failure { name, message } = plan(aws, more).await.unwrap_err();
    assert_eq!(aws.count("dynamodb:BatchWriteItem"), 0);
    (name, message)
}

#[tokio::test]
async fn an_export_is_planned_as_its_manifest_says() {
    let aws = with_export();
    let planned = plan(&aws, json!({ "MaxWriteCapacityUnits": 50 })).await.unwrap();
    let digest = planned["import"]["filesDigest"].as_str().unwrap();
    assert_eq!(digest.len(), 64);
    let import = json!({ "tableName": "orders", "tableArn": tablekeeper_core::testing::fake_aws::arn("orders"),
        "tableId": "id-of-orders", "keyNames": ["id"], "keyTypes": ["S"],
        "bucket": "exports", "root": FOLDER, "manifest": format!("{FOLDER}manifest-summary.json"),
        "format": "dynamodb-json", "binary": "base64", "compression": "by-ending", "files": 3, "filesDigest": digest, "itemCount": 73,
        "segments": 1, "maxWriteCapacityUnits": 50, "secondsPerCall": 600 });
    let segments = json!([{ "segment": 0 }]);
    assert_eq!(planned, json!({ "import": import, "segments": segments }));
    assert_eq!(plan(&aws, json!({ "MaxWriteCapacityUnits": 50 })).await.unwrap(), planned, "a second time");
}

#[tokio::test]
async fn there_are_at_most_as_many_segments_as_files() {
    for (asked, segments) in [(1, 1), (2, 2), (9, 3), (0, 3)] {
        let planned = plan(&with_export(), json!({ "Segments": asked })).await.unwrap();
        assert_eq!(planned["import"]["segments"], segments);
        assert_eq!(planned["segments"].as_array().unwrap().len(), segments);
    }
}

#[tokio::test]
async fn an_import_too_long_for_an_execution_is_rejected() {
    let million = "x".repeat(1 << 20);
    let aws = aws().with_object("a/one.json", million);
    let input = json!({ "From": "s3://exports/a/", "Format": "plain", "MaxWriteCapacityUnits": 1 });
    plan(&aws, input.clone()).await.unwrap();
    let input = with_seconds(plan_input(input), "1");
    let slow = PlanImport::new(&aws.clients()).unwrap().run_json(input.clone()).await.unwrap();
    assert_eq!(slow["import"]["segments"], 1);
    let aws = aws.with_object("a/two.json", "x".repeat(2 << 20));
    let Failure { name, message } =
        PlanImport::new(&aws.clients()).unwrap().run_json(input).await.unwrap_err();
    assert_eq!(name, ErrorName::InvalidInput);
    assert!(
        message.starts_with(
            "MaxWriteCapacityUnits is 1, but the import of 2 files with 3145728 bytes takes about 3072"
        ),
        "{message}"
    );
    assert!(
        message.ends_with("so use 2 or more, or 0 for no limit, or a SecondsPerCall of 2 or more"),
        "{message}"
    );
}

/// Returns the input with another length of a call.
fn with_seconds(mut input: Value, seconds: &str) -> Value {
    input["defaults"]["secondsPerCall"] = json!(seconds);
    input
}

#[tokio::test]
async fn both_key_attributes_are_read_partition_key_first() {
    let aws = FakeStore::default().with_table("orders", &["customer", "at"]);
    let schema = json!([{ "AttributeName": "at", "KeyType": "RANGE" },
        { "AttributeName": "customer", "KeyType": "HASH" }]);
    aws.aws.set("orders", "KeySchema", schema);
    let aws = aws.with_object("a/one.json", "");
    let planned = plan(&aws, json!({ "From": "s3://exports/a", "Format": "plain" })).await.unwrap();
    assert_eq!(planned["import"]["keyNames"], json!(["customer", "at"]));
    assert_eq!(planned["import"]["manifest"], Value::Null);
    assert_eq!(planned["import"]["itemCount"], Value::Null);
}

#[tokio::test]
async fn a_table_with_items_is_written_to_only_with_merge() {
    let aws = with_export().with_item("orders", &item(1, "there"));
    let (name, message) = refused(&aws, json!({})).await;
    assert_eq!(name, ErrorName::TableNotEmpty);
    assert!(message.starts_with("table orders holds items; with `\"Merge\": true`"), "{message}");
    assert_eq!(refused(&aws, json!({ "Merge": false })).await.0, ErrorName::TableNotEmpty);
    plan(&aws, json!({ "Merge": true })).await.unwrap();
}

#[tokio::test]
async fn a_table_that_cannot_be_written_to_is_rejected_by_its_status() {
    assert_eq!(
        refused(&with_export(), json!({ "TableName": "missing" })).await,
        (
            ErrorName::TargetTableMissing,
            "table missing does not exist; an import needs an existing table".to_owned()
        )
    );
    for (status, name) in [
        ("CREATING", ErrorName::ResourceBusy),
        ("DELETING", ErrorName::ResourceBusy),
        ("ARCHIVED", ErrorName::RequestRefused),
        ("INACCESSIBLE_ENCRYPTION_CREDENTIALS", ErrorName::ResourceBusy),
    ] {
        let aws = with_export();
        aws.aws.set("orders", "TableStatus", json!(status));
        let (seen, message) = refused(&aws, json!({})).await;
        assert_eq!(seen, name, "{status}");
        assert!(message.contains(status), "{message}");
    }
    let aws = with_export();
    aws.aws.set("orders", "TableStatus", json!("UPDATING"));
    plan(&aws, json!({})).await.unwrap();
}

#[tokio::test]
async fn a_format_is_required_only_without_a_manifest() {
    let aws = aws().with_object("a/one.json", "");
    let (name, message) = refused(&aws, json!({ "From": "s3://exports/a/" })).await;
    assert_eq!(name, ErrorName::InvalidInput);
    assert!(message.starts_with("Format is missing"), "{message}");
    let (name, message) = refused(&with_export(), json!({ "Format": "plain" })).await;
    assert_eq!(name, ErrorName::InvalidInput);
    assert_eq!(message, "Format is plain, but the manifest says dynamodb-json; leave it out");
    plan(&with_export(), json!({ "Format": "dynamodb-json" })).await.unwrap();
}

#[tokio::test]
async fn binaries_are_text_only_without_a_manifest_of_their_writer() {
    let aws = aws().with_object("a/one.json", "");
    let input = json!({ "From": "s3://exports/a/", "Format": "plain", "Binary": "text" });
    assert_eq!(plan(&aws, input).await.unwrap()["import"]["binary"], "text");
    let untyped = json!({ "From": "s3://exports/a/", "Format": "json", "Binary": "text" });
    let (_, message) = refused(&aws, untyped).await;
    assert_eq!(message, "Binary is text, but the format json has no binaries; leave it out");
    let (name, message) = refused(&with_export(), json!({ "Binary": "text" })).await;
    assert_eq!(name, ErrorName::InvalidInput);
    assert!(message.starts_with("Binary is text, but the writer of the manifest `"), "{message}");
    plan(&with_export(), json!({ "Binary": "base64" })).await.unwrap();
}

#[tokio::test]
async fn an_invalid_input_and_an_invalid_export_are_distinguished() {
    let (name, message) = refused(&with_export(), json!({ "From": "exports" })).await;
    assert_eq!(name, ErrorName::InvalidInput);
    assert!(message.starts_with("From is `exports`"), "{message}");
    let (name, message) = refused(&with_export(), json!({ "From": "s3://exports/elsewhere/" })).await;
    assert_eq!(name, ErrorName::InvalidExport);
    assert_eq!(message, "s3://exports/elsewhere/: there are no files");
}

#[tokio::test]
async fn a_failed_call_fails_the_step_with_its_error_name() {
    for action in ["dynamodb:Scan", "s3:ListObjectsV2", "s3:GetObject"] {
        let aws = with_export();
        aws.fail_action(action, 0, Fault::Refused(403, "AccessDenied"));
        let name = refused(&aws, json!({})).await.0;
        assert_eq!(name, ErrorName::AccessDenied, "{action}");
    }
    let aws = with_export();
    aws.aws.refuse("dynamodb:DescribeTable", "ThrottlingException");
    assert_eq!(refused(&aws, json!({})).await.0, ErrorName::Throttled);
}
