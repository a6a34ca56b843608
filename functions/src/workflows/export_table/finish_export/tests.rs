use serde_json::{Value, json};
use tablekeeper_core::testing::fake_store::{FakeStore, Fault};

use super::*;
use crate::step::AnyStep;
use crate::workflows::export_table::testing::{EXECUTION, export, orders, plan_json, run_json};

async fn finish(store: &FakeStore, input: Value) -> Result<Value, Failure> {
    let mut payload = json!({ "executionArn": EXECUTION, "run": run_json("dynamodb-json", "gzip"),
        "plan": plan_json(1), "settings": null, "settingsFailure": null, "notes": [] });
    payload.as_object_mut().unwrap().extend(input.as_object().unwrap().clone());
    FinishExport::new(&store.clients()).unwrap().run_json(payload).await
}

async fn exported() -> FakeStore {
    let store = orders(3);
    export(&store, &run_json("dynamodb-json", "gzip"), &plan_json(1), 0).await;
    store
}

#[tokio::test]
async fn the_report_has_the_counts_and_the_manifest() {
    let store = exported().await;
    let report = finish(&store, json!({ "settings": "s3://bucket/settings.json" })).await.unwrap();
    let manifest = "s3://bucket/exports/orders/2026-03-01-02-00-00/AWSDynamoDB/01772330400000-0d20b12c/\
                    manifest-summary.json";
    let bytes = report["Bytes"].as_u64().unwrap();
    assert!(bytes > 0);
    assert_eq!(
        report,
        json!({ "TableName": "orders", "Outcome": "DONE", "Mode": "SCAN", "Manifest": manifest, "ItemCount": 3,
            "Bytes": bytes, "Files": 1, "Settings": "s3://bucket/settings.json", "Notes": [], "Error": null,
            "Cause": null })
    );
}

#[tokio::test]
async fn settings_that_were_not_captured_are_a_note() {
    let store = exported().await;
    let mut plan = plan_json(1);
    plan["notes"] = json!(["of the plan"]);
    let failure = r#"{"errorType":"AccessDenied","errorMessage":"not allowed"}"#;
    let input = json!({ "plan": plan, "settingsFailure": failure, "notes": ["of the settings"] });
    let report = finish(&store, input).await.unwrap();
    let notes = json!(["of the plan", "its settings were not captured: not allowed", "of the settings"]);
    assert_eq!(report["Notes"], notes);
    let many: Vec<String> = (0..9).map(|number| format!("{number}{}", "x".repeat(400))).collect();
    let report = finish(&store, json!({ "notes": many })).await.unwrap();
    let notes = report["Notes"].as_array().unwrap();
    assert_eq!((notes.len(), &notes[6]), (7, &json!("and 3 more")));
    assert_eq!(notes[0].as_str().unwrap().chars().count(), 201);
}

#[tokio::test]
async fn refused_calls_have_their_error_names() {
    for (action, fault, name) in [
        ("s3:ListObjectsV2", Fault::Refused(403, "AccessDenied"), ErrorName::AccessDenied),
        ("s3:ListMultipartUploads", Fault::Refused(503, "SlowDown"), ErrorName::Throttled),
        ("s3:GetObject", Fault::Dropped, ErrorName::ServiceUnavailable),
        ("s3:PutObject", Fault::Refused(400, "InvalidRequest"), ErrorName::RequestRefused),
        ("dynamodb:DescribeTable", Fault::Refused(400, "ThrottlingException"), ErrorName::Throttled),
    ] {
        let store = exported().await;
        store.fail_action(action, 0, fault);
        assert_eq!(finish(&store, json!({})).await.unwrap_err().name, name, "{action}");
    }
}

#[tokio::test]
async fn an_export_of_two_tables_of_one_name_is_rejected() {
    let store = exported().await;
    store.aws.set("orders", "TableId", json!("id-of-the-next"));
    store.state().objects.retain(|key, _| !key.contains("/manifest"));
    let failure = finish(&store, json!({})).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::ExportNotVerified);
    assert!(
        failure.message.starts_with("table orders is not the table that was scanned at first"),
        "{failure}"
    );
    assert!(!store.keys().iter().any(|key| key.contains("/manifest")), "{:?}", store.keys());
    // A table that is gone was scanned to its end.
    store.aws.state().tables.remove("orders");
    let report = finish(&store, json!({})).await.unwrap();
    assert_eq!(report["Notes"], json!(["the table was deleted before the export was finished"]));
}
