use serde_json::{Value, json};
use tablekeeper_core::testing::fake_store::FakeStore;

use super::*;
use crate::step::AnyStep;
use crate::workflows::snapshot::testing;
use crate::workflows::snapshot::testing::{EXECUTION, defaults, put, second, write};

/// Returns an AWS with a snapshot of three items, and an empty table that could take it.
async fn aws() -> (FakeStore, String) {
    let aws = testing::aws().with_table("restored", &["id"]);
    for id in ["1", "2", "3"] {
        put(&aws, id, Some("a"), 1, 1, 1).await;
    }
    let plan = testing::plan(&aws, json!({}), defaults(), 100).await.unwrap();
    let report = write(&aws, &plan, second(100), 0).await;
    (aws, report["Snapshot"].as_str().unwrap().to_owned())
}

async fn plan_restore(aws: &FakeStore, input: Value) -> Result<Value, Failure> {
    let defaults = json!({ "bucket": "bucket", "prefix": "snapshots/", "segments": "0", "maxWriteCapacityUnits": "0",
        "secondsPerCall": "600" });
    let input = json!({ "executionArn": EXECUTION, "executionInput": input, "defaults": defaults });
    PlanRestore::new(&aws.clients()).unwrap().run_json(input).await
}

#[tokio::test]
async fn a_snapshot_is_found_by_its_name_and_by_its_location() {
    let (aws, name) = aws().await;
    let named = plan_restore(&aws, json!({ "TableName": "restored", "Snapshot": name })).await.unwrap();
    assert_eq!(named["import"]["itemCount"], 3);
    assert_eq!(named["import"]["keyNames"], json!(["id"]));
    assert_eq!(named["segments"].as_array().unwrap().len(), 2, "a segment for each file");
    let manifest = named["import"]["manifest"].as_str().unwrap();
    let folder = format!("s3://bucket/snapshots/{name}");
    for from in [folder.clone(), format!("{folder}/"), format!("s3://bucket/{manifest}")] {
        let found = plan_restore(&aws, json!({ "TableName": "restored", "From": from })).await.unwrap();
        assert_eq!(found, named, "{from}");
    }
    let more =
        json!({ "TableName": "restored", "Snapshot": name, "Segments": 1, "MaxWriteCapacityUnits": 50 });
    let import = plan_restore(&aws, more).await.unwrap()["import"].clone();
    assert_eq!((&import["segments"], &import["maxWriteCapacityUnits"]), (&json!(1), &json!(50)));
}

#[tokio::test]
async fn an_invalid_restore_is_rejected_before_anything_is_written() {
    let (aws, name) = aws().await;
    let aws = aws.with_table("other", &["id", "at"]).with_table("full", &["id"]);
    let aws = aws.with_item("full", r#"{"id":{"S":"9"}}"#);
    let input = |table: &str| json!({ "TableName": table, "Snapshot": name });
    for (input, error, expected) in [
        (
            input("other"),
            ErrorName::InvalidInput,
            "TableName is other, whose key attributes are id, at; those of the snapshot's items are id",
        ),
        (input("gone"), ErrorName::TargetTableMissing, "table gone does not exist"),
        (input("full"), ErrorName::TableNotEmpty, "table full holds items"),
        (
            json!({ "TableName": "restored", "Snapshot": "1999-01-01T00-00-00Z" }),
            ErrorName::InvalidExport,
            "s3://bucket/snapshots/1999-01-01T00-00-00Z/export.json: there is no snapshot",
        ),
        (
            json!({ "TableName": "restored", "From": "s3://bucket" }),
            ErrorName::InvalidExport,
            "s3://bucket/export.json: there is no snapshot",
        ),
        (json!({ "TableName": "restored" }), ErrorName::InvalidInput, "Snapshot is missing"),
        (json!({ "TableName": "a b", "Snapshot": name }), ErrorName::InvalidInput, "TableName is `a b`"),
    ] {
        let failure = plan_restore(&aws, input).await.unwrap_err();
        assert_eq!(failure.name, error, "{failure}");
        assert!(failure.message.starts_with(expected), "{failure}");
    }
    let merged = json!({ "TableName": "full", "Snapshot": name, "Merge": true });
    assert!(plan_restore(&aws, merged).await.is_ok());
    assert_eq!(aws.count("dynamodb:BatchWriteItem"), 0);
}

#[tokio::test]
async fn an_unfinished_snapshot_is_rejected() {
    let (aws, name) = aws().await;
    aws.state().objects.retain(|key, _| !key.ends_with("manifest-summary.json"));
    let input = json!({ "TableName": "restored", "Snapshot": name });
    let failure = plan_restore(&aws, input.clone()).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::InvalidExport);
    assert!(failure.message.contains("the export did not finish"), "{failure}");
    let key = format!("snapshots/{name}/export.json");
    let put = aws.clients().s3().put_object().bucket("bucket").key(&key);
    put.body(br#"{"version":1}"#.to_vec().into()).send().await.unwrap();
    let failure = plan_restore(&aws, input).await.unwrap_err();
    assert!(failure.message.contains("it is not a snapshot's document"), "{failure}");
}
