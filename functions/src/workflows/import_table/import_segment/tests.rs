use serde_json::{Value, json};
use tablekeeper_core::import::testing::{EXECUTION, FOLDER, items, plan_input, sorted, table, with_export};
use tablekeeper_core::testing::fake_store::{FakeStore, Fault};

use super::*;
use crate::step::AnyStep;
use crate::workflows::import_table::PlanImport;

async fn planned(aws: &FakeStore, more: Value) -> Value {
    let plan = PlanImport::new(&aws.clients()).unwrap().run_json(plan_input(more)).await;
    plan.unwrap()["import"].clone()
}

/// Returns counters without doubts.
fn doubts() -> Value {
    json!({ "nulls": 0, "buffers": 0, "arrays": 0, "numbers": 0 })
}

async fn import(aws: &FakeStore, import: &Value, segment: u32, cursor: Value) -> Result<Value, Failure> {
    let input = json!({ "executionArn": EXECUTION, "import": import, "segment": segment, "cursor": cursor, "items": 0,
        "doubts": doubts() });
    ImportSegment::new(&aws.clients()).unwrap().run_json(input).await
}

#[tokio::test]
async fn segments_write_only_their_files() {
    let aws = with_export();
    let plan = planned(&aws, json!({ "Segments": 2, "MaxWriteCapacityUnits": 1_000_000 })).await;
    let second = import(&aws, &plan, 1, Value::Null).await.unwrap();
    let done = json!({ "segment": 1, "cursor": { "file": 2, "line": 0 }, "items": 0, "doubts": doubts(), "done": true });
    assert_eq!(second, done);
    assert!(table(&aws).is_empty());
    let first = import(&aws, &plan, 0, Value::Null).await.unwrap();
    let done = json!({ "segment": 0, "cursor": { "file": 3, "line": 0 }, "items": 73, "doubts": doubts(), "done": true });
    assert_eq!(first, done);
    assert_eq!(table(&aws), sorted(items(0..73).iter().map(String::as_str)));
    assert_eq!(import(&aws, &plan, 0, Value::Null).await.unwrap(), first, "a second time");
}

#[tokio::test]
async fn changed_files_are_rejected_before_anything_is_written() {
    for (key, content) in [
        ("data/c.json.gz", Some("another")),
        ("data/c.json.gz", None),
        ("manifest-files.json", Some("")),
        ("manifest-summary.json", None),
    ] {
        let aws = with_export();
        let plan = planned(&aws, json!({})).await;
        let key = format!("{FOLDER}{key}");
        match content {
            Some(content) => drop(aws.clone().with_object(&key, content)),
            None => drop(aws.state().objects.remove(&key)),
        }
        let Failure { name, message } = import(&aws, &plan, 0, Value::Null).await.unwrap_err();
        assert_eq!(name, ErrorName::ImportChanged, "{message}");
        assert!(message.contains("must not change until the end"), "{message}");
        assert!(table(&aws).is_empty());
    }
}

#[tokio::test]
async fn every_failure_has_its_error_name() {
    for (action, status, code, name) in [
        ("s3:ListObjectsV2", 403, "AccessDenied", ErrorName::AccessDenied),
        ("s3:GetObject", 503, "SlowDown", ErrorName::Throttled),
        ("dynamodb:BatchWriteItem", 400, "AccessDeniedException", ErrorName::AccessDenied),
    ] {
        let aws = with_export();
        let plan = planned(&aws, json!({})).await;
        aws.fail_action(action, 0, Fault::Refused(status, code));
        assert_eq!(import(&aws, &plan, 0, Value::Null).await.unwrap_err().name, name, "{action}");
    }
}
