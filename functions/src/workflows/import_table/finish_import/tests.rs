use serde_json::{Value, json};
use tablekeeper_core::import::testing::{EXECUTION, FOLDER, aws, plan_input, with_export};
use tablekeeper_core::testing::fake_store::{FakeStore, Fault};

use super::*;
use crate::step::AnyStep;
use crate::workflows::import_table::PlanImport;

/// Finishes an import whose segments wrote these numbers of items, after `change`.
async fn finish(written: &[u64], change: impl Fn(&FakeStore)) -> Result<Value, Failure> {
    let aws = with_export();
    let plan = PlanImport::new(&aws.clients()).unwrap().run_json(plan_input(json!({ "Segments": 2 }))).await;
    change(&aws);
    let segments: Vec<Value> = written.iter().map(|items| written_by(*items, 0)).collect();
    let input = json!({ "executionArn": EXECUTION, "import": plan.unwrap()["import"], "segments": segments });
    FinishImport::new(&aws.clients()).unwrap().run_json(input).await
}

/// Returns the result of a segment that wrote this many items, with this many nulls.
fn written_by(items: u64, nulls: u64) -> Value {
    json!({ "items": items, "doubts": { "nulls": nulls, "buffers": 0, "arrays": 0, "numbers": 0 } })
}

#[tokio::test]
async fn the_number_of_items_of_the_manifest_is_a_success() {
    let from = format!("s3://exports/{FOLDER}manifest-summary.json");
    let done = json!({ "TableName": "orders", "ItemCount": 73, "Files": 3, "From": from, "Notes": [] });
    assert_eq!(finish(&[70, 3], |_| {}).await.unwrap(), done);
}

#[tokio::test]
async fn doubts_of_all_segments_are_reported() {
    let aws = aws().with_object("old/one", "{}").with_object("old/two", "{}");
    let input = plan_input(json!({ "From": "s3://exports/old/", "Format": "json" }));
    let plan = PlanImport::new(&aws.clients()).unwrap().run_json(input).await.unwrap();
    let segments = [written_by(1, 2), written_by(1, 1)];
    let input = json!({ "executionArn": EXECUTION, "import": plan["import"], "segments": segments });
    let done = FinishImport::new(&aws.clients()).unwrap().run_json(input).await.unwrap();
    let note = "3 values were null and were written as NULL; they may have been binaries or sets";
    assert_eq!(done["Notes"], json!([note]));
}

#[tokio::test]
async fn any_other_number_of_items_fails() {
    let Failure { name, message } = finish(&[70, 2], |_| {}).await.unwrap_err();
    assert_eq!(name, ErrorName::ImportNotVerified);
    assert!(message.starts_with("72 items were written to table orders, but s3://exports/"), "{message}");
    assert!(message.ends_with("holds 73"), "{message}");
    let Failure { name, message } = finish(&[73], |_| {}).await.unwrap_err();
    assert_eq!(name, ErrorName::ImportNotVerified);
    assert_eq!(message, "1 segments are done, but the import has 2");
}

#[tokio::test]
async fn files_that_changed_at_the_end_are_detected() {
    let change = |aws: &FakeStore| {
        let _ = aws.clone().with_object(&format!("{FOLDER}data/a.json.gz"), "another");
    };
    assert_eq!(finish(&[70, 3], change).await.unwrap_err().name, ErrorName::ImportChanged);
    let refuse = |aws: &FakeStore| {
        aws.fail_action("s3:ListObjectsV2", 0, Fault::Refused(403, "AccessDenied"));
    };
    assert_eq!(finish(&[70, 3], refuse).await.unwrap_err().name, ErrorName::AccessDenied);
}

#[tokio::test]
async fn a_deleted_or_replaced_table_fails_the_step() {
    let replace = |aws: &FakeStore| aws.aws.set("orders", "TableId", json!("another"));
    let Failure { name, message } = finish(&[70, 3], replace).await.unwrap_err();
    assert_eq!(name, ErrorName::ImportNotVerified);
    assert!(
        message.starts_with("table orders is not the table that items were written to at first"),
        "{message}"
    );
    let delete = |aws: &FakeStore| {
        aws.aws.state().tables.remove("orders");
    };
    let Failure { name, message } = finish(&[70, 3], delete).await.unwrap_err();
    assert_eq!(name, ErrorName::ImportNotVerified);
    assert!(message.starts_with("table orders was deleted while items were written to it"), "{message}");
    let deleting = |aws: &FakeStore| aws.aws.set("orders", "TableStatus", json!("DELETING"));
    assert_eq!(finish(&[70, 3], deleting).await.unwrap_err().name, ErrorName::ImportNotVerified);
    let refuse = |aws: &FakeStore| aws.aws.refuse("dynamodb:DescribeTable", "AccessDeniedException");
    assert_eq!(finish(&[70, 3], refuse).await.unwrap_err().name, ErrorName::AccessDenied);
}
