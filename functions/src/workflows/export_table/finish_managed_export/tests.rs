use serde_json::{Value, json};
use tablekeeper_core::testing::fake_store::{FakeStore, Fault};

use super::*;
use crate::step::AnyStep;
use crate::workflows::export_table::testing::{EXECUTION, FOLDER, plan_json, run_json};

async fn finish(store: &FakeStore) -> Result<Value, Failure> {
    let manifest = format!("{FOLDER}AWSDynamoDB/1/manifest-summary.json");
    let mut plan = plan_json(1);
    plan["notes"] = json!(["of the plan"]);
    FinishManagedExport::new(&store.clients())
        .unwrap()
        .run_json(json!({ "executionArn": EXECUTION, "run": run_json("dynamodb-json", "gzip"), "plan": plan,
            "manifest": manifest, "itemCount": 7, "bytes": 900 }))
        .await
}

/// Returns what DynamoDB wrote, without tags, on more than one page of a list; and the folder of another table.
fn managed() -> FakeStore {
    let names =
        ["manifest-summary.json", "manifest-files.json", "data/abc.json.gz", "data/bcd.json.gz", "_started"];
    let store = FakeStore::default().with_object("exports/orders2/untouched", "");
    store.state().page_of_list = 2;
    names.iter().fold(store, |store, name| store.with_object(&format!("{FOLDER}AWSDynamoDB/1/{name}"), ""))
}

#[tokio::test]
async fn only_the_objects_in_the_folder_get_the_tags() {
    let store = managed();
    let report = finish(&store).await.unwrap();
    assert_eq!(
        report,
        json!({ "TableName": "orders", "Outcome": "DONE", "Mode": "MANAGED",
            "Manifest": format!("s3://bucket/{FOLDER}AWSDynamoDB/1/manifest-summary.json"), "ItemCount": 7,
            "Bytes": 900, "Files": 2, "Settings": null, "Notes": ["of the plan"], "Error": null, "Cause": null })
    );
    for (key, object) in &store.state().objects {
        let tags = [("Frequency", "Daily"), ("TableName", "orders")];
        let expected = if key.starts_with(FOLDER) { &tags[..] } else { &[] };
        let is: Vec<(&str, &str)> =
            object.tags.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        assert_eq!(is, expected, "{key}");
    }
}

#[tokio::test]
async fn an_untagged_object_fails_the_step_and_a_retry_tags_it() {
    for number in 0..5 {
        let store = managed();
        store.fail_action("s3:PutObjectTagging", number, Fault::Refused(503, "SlowDown"));
        assert_eq!(finish(&store).await.unwrap_err().name, ErrorName::Throttled);
        finish(&store).await.unwrap();
        let tagged = store.state().objects.values().filter(|object| !object.tags.is_empty()).count();
        assert_eq!(tagged, 5);
    }
}

#[tokio::test]
async fn an_export_without_its_manifest_is_not_verified() {
    let store = managed();
    store.state().objects.remove(&format!("{FOLDER}AWSDynamoDB/1/manifest-summary.json"));
    let failure = finish(&store).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::ExportNotVerified);
    assert!(failure.message.contains("there is no s3://bucket/exports/orders/"), "{failure}");
    let store = managed();
    store.fail_action("s3:ListObjectsV2", 0, Fault::Refused(403, "AccessDenied"));
    assert_eq!(finish(&store).await.unwrap_err().name, ErrorName::AccessDenied);
}
