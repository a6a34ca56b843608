use serde_json::{Value, json};
use tablekeeper_core::settings::SettingsDocument;
use tablekeeper_core::testing::fake_store::{FakeStore, Fault};

use super::*;
use crate::step::AnyStep;
use crate::workflows::export_table::testing::{EXECUTION, FOLDER, plan_json, run_json};

async fn capture(store: &FakeStore) -> Result<Value, Failure> {
    let payload =
        json!({ "executionArn": EXECUTION, "run": run_json("plain", "none"), "plan": plan_json(1) });
    CaptureSettings::new(&store.clients()).unwrap().run_json(payload).await
}

fn orders() -> FakeStore {
    FakeStore::default().with_table("orders", &["id"])
}

#[tokio::test]
async fn the_settings_are_a_readable_document_next_to_the_items() {
    let store = orders();
    let _same = store.aws.clone().with_tag("orders", "team", "billing");
    let output = capture(&store).await.unwrap();
    let key = format!("{FOLDER}settings.json");
    assert_eq!(output, json!({ "settings": format!("s3://bucket/{key}"), "notes": [] }));
    let document = SettingsDocument::read(store.text(&key).unwrap().as_bytes()).unwrap();
    assert_eq!(document.table_id.as_deref(), Some("id-of-orders"));
    assert!(store.text(&key).unwrap().contains("billing"));
    assert_eq!(store.state().objects[&key].tags["Frequency"], "Daily");
}

#[tokio::test]
async fn an_unreadable_setting_is_a_note_and_the_rest_is_written() {
    let store = orders();
    store.aws.refuse("dynamodb:DescribeTimeToLive", "AccessDeniedException");
    let output = capture(&store).await.unwrap();
    let notes = output["notes"].as_array().unwrap();
    assert_eq!(notes.len(), 1);
    assert!(notes[0].as_str().unwrap().contains("AccessDenied"), "{notes:?}");
    assert!(store.text(&format!("{FOLDER}settings.json")).is_some());
}

#[tokio::test]
async fn refused_calls_have_their_error_names() {
    assert_eq!(capture(&FakeStore::default()).await.unwrap_err().name, ErrorName::SourceTableMissing);
    let store = orders();
    store.aws.refuse("dynamodb:DescribeTable", "ThrottlingException");
    assert_eq!(capture(&store).await.unwrap_err().name, ErrorName::Throttled);
    let store = orders();
    store.fail_action("s3:PutObject", 0, Fault::Refused(403, "AccessDenied"));
    assert_eq!(capture(&store).await.unwrap_err().name, ErrorName::AccessDenied);
}
