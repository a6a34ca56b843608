use serde_json::{Value, json};
use tablekeeper_core::testing::fake_store::{FakeStore, Fault};

use super::*;
use crate::step::AnyStep;
use crate::workflows::export_table::testing::{EXECUTION, FOLDER, run_json};

const OTHER: &str = "arn:aws:states:eu-west-1:123456789012:execution:export-table:another";

async fn plan_by(store: &FakeStore, execution: &str, run: Value) -> Result<Value, Failure> {
    let step = PlanExport::new(&store.clients()).unwrap();
    step.run_json(json!({ "executionArn": execution, "run": run, "tableName": "orders" })).await
}

async fn plan(store: &FakeStore, run: Value) -> Result<Value, Failure> {
    plan_by(store, EXECUTION, run).await
}

fn with(mut run: Value, field: &str, value: Value) -> Value {
    run[field] = value;
    run
}

fn run() -> Value {
    run_json("dynamodb-json", "gzip")
}

fn orders() -> FakeStore {
    FakeStore::default().with_table("orders", &["id"])
}

fn recovery(store: &FakeStore, status: &'static str) {
    store.aws.response("dynamodb:DescribeContinuousBackups", move |_| {
        let recovery = json!({ "PointInTimeRecoveryStatus": status });
        let backups =
            json!({ "ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": recovery });
        (200, json!({ "ContinuousBackupsDescription": backups }))
    });
}

#[tokio::test]
async fn a_plan_is_recorded_first_with_its_owner() {
    let store = orders();
    let output = plan(&store, run()).await.unwrap();
    assert_eq!((&output["mode"], &output["segments"]), (&json!("SCAN"), &json!([{ "segment": 0 }])));
    let planned = &output["plan"];
    assert_eq!((&planned["folder"], &planned["tableId"]), (&json!(FOLDER), &json!("id-of-orders")));
    let id = planned["exportId"].as_str().unwrap();
    assert!(id.starts_with("01772330400000-") && id.len() == 23, "{id}");
    assert_eq!(store.keys(), [format!("{FOLDER}export.json")]);
    let document: Value = serde_json::from_str(&store.text(&store.keys()[0]).unwrap()).unwrap();
    assert_eq!((&document["owner"], &document["plan"]), (&json!(EXECUTION), planned));
    let key = &store.keys()[0];
    let tags = store.state().objects[key].tags.clone();
    assert_eq!((tags["TableName"].as_str(), tags["Frequency"].as_str()), ("orders", "Daily"));
}

#[tokio::test]
async fn an_execution_adopts_its_plan_and_others_of_its_second_get_other_folders() {
    let store = orders();
    let first = plan(&store, run()).await.unwrap();
    // The table has grown since then, but the recorded plan counts.
    store.aws.set("orders", "TableSizeBytes", json!(5_u64 << 30));
    assert_eq!(plan(&store, run()).await.unwrap(), first);
    let second = plan_by(&store, OTHER, run()).await.unwrap();
    assert_eq!(second["plan"]["folder"], FOLDER.replace("00/", "00-2/"));
    assert_ne!(second["plan"]["exportId"], first["plan"]["exportId"]);
    // However often, and whichever execution was before.
    for nth in 3..=16 {
        let third = plan_by(&store, &format!("{OTHER}-{nth}"), run()).await.unwrap();
        assert_eq!(third["plan"]["folder"], FOLDER.replace("00/", &format!("00-{nth}/")));
    }
    assert_eq!(plan_by(&store, OTHER, run()).await.unwrap(), second);
    assert_eq!(plan(&store, run()).await.unwrap(), first);
    let failure = plan_by(&store, "one too many", run()).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::ExportExists);
    assert!(failure.message.contains("00-16/export.json already exists, and belongs to"), "{failure}");
}

#[tokio::test]
async fn a_foreign_document_blocks_the_folder() {
    for (body, expected) in [("{}", "is not an export document"), ("no JSON", "is not an export document")] {
        let store = orders().with_object(&format!("{FOLDER}export.json"), body);
        let failure = plan(&store, run()).await.unwrap_err();
        assert_eq!(failure.name, ErrorName::ExportExists);
        assert!(failure.message.contains(expected), "{failure}");
    }
}

#[tokio::test]
async fn a_plan_whose_response_was_lost_is_adopted() {
    let store = orders();
    store.fail_action("s3:PutObject", 0, Fault::Lost);
    let failure = plan(&store, run()).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::ServiceUnavailable);
    assert_eq!(store.keys().len(), 1);
    assert_eq!(plan(&store, run()).await.unwrap()["mode"], "SCAN");
}

#[tokio::test]
async fn segments_depend_on_the_size_and_the_limits() {
    let gibibyte = 1_u64 << 30;
    for (size, asked, most, capacity, segments, note) in [
        (0, 0, 64, 0, 1, None),
        (gibibyte / 2, 0, 64, 0, 1, None),
        (gibibyte / 2 + 1, 0, 64, 0, 2, None),
        (10 * gibibyte, 0, 64, 0, 20, None),
        (10 * gibibyte, 0, 5, 0, 5, None),
        (100 * gibibyte, 0, 64, 0, 64, None),
        (10 * gibibyte, 0, 8, 50, 1, None),
        (10 * gibibyte, 0, 8, 2_000, 4, None),
        (0, 20, 8, 2_000, 8, Some("the table was read in 8 segments instead of 20")),
        (0, 7, 64, 0, 7, None),
        (0, 7, 5, 0, 5, Some("the table was read in 5 segments instead of 7")),
        (0, 7, 64, 10, 2, Some("the table was read in 2 segments instead of 7")),
    ] {
        let store = orders();
        store.aws.set("orders", "TableSizeBytes", json!(size));
        let run = with(with(run(), "segments", json!(asked)), "mostSegments", json!(most));
        let run = with(with(run, "maxReadCapacityUnits", json!(capacity)), "secondsPerCall", json!(600));
        let output = plan(&store, run).await.unwrap();
        assert_eq!(output["plan"]["segments"], segments, "{size} {asked} {most} {capacity}");
        assert_eq!(output["segments"].as_array().unwrap().len(), segments);
        let first_note = output["plan"]["notes"][0].as_str();
        assert_eq!(
            first_note.map(|text| text.starts_with(note.unwrap_or("nothing"))),
            note.map(|_| true),
            "{first_note:?}"
        );
    }
}

#[tokio::test]
async fn an_export_too_long_for_an_execution_is_rejected_unless_dynamodb_exports_it() {
    let store = orders();
    store.aws.set("orders", "TableSizeBytes", json!(50_000_000_000_u64));
    let slow = with(with(run(), "maxReadCapacityUnits", json!(20)), "secondsPerCall", json!(600));
    let failure = plan(&store, slow.clone()).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::InvalidInput);
    assert!(
        failure.message.starts_with("MaxReadCapacityUnits is 20, but the scan of table orders"),
        "{failure}"
    );
    assert!(store.keys().is_empty(), "no folder is taken");
    recovery(&store, "ENABLED");
    assert_eq!(plan(&store, with(slow, "managed", json!(true))).await.unwrap()["mode"], "MANAGED");
}

#[tokio::test]
async fn dynamodb_exports_a_table_with_recovery_if_managed() {
    let managed = || with(run(), "managed", json!(true));
    let store = orders();
    recovery(&store, "ENABLED");
    assert_eq!(plan(&store, run()).await.unwrap()["mode"], "SCAN");
    assert!(store.aws.calls("dynamodb:DescribeContinuousBackups").is_empty(), "nobody asked");
    let store = orders();
    recovery(&store, "ENABLED");
    let output = plan(&store, managed()).await.unwrap();
    assert_eq!((&output["mode"], output.get("segments")), (&json!("MANAGED"), None));
    // Recovery was switched off since then, but the recorded plan counts.
    recovery(&store, "DISABLED");
    assert_eq!(plan(&store, managed()).await.unwrap(), output);
    let store = orders();
    recovery(&store, "DISABLED");
    let output = plan(&store, managed()).await.unwrap();
    assert_eq!(output["mode"], "SCAN");
    let note = output["plan"]["notes"][0].as_str().unwrap();
    assert!(note.ends_with("point-in-time recovery is off"), "{note}");
}

#[tokio::test]
async fn a_table_that_cannot_be_scanned_fails_with_its_status() {
    for (status, name) in [
        ("CREATING", ErrorName::ResourceBusy),
        ("DELETING", ErrorName::ExportFailed),
        ("ARCHIVED", ErrorName::ExportFailed),
        ("INACCESSIBLE_ENCRYPTION_CREDENTIALS", ErrorName::ResourceBusy),
    ] {
        let store = orders();
        store.aws.set("orders", "TableStatus", json!(status));
        let failure = plan(&store, run()).await.unwrap_err();
        assert_eq!(failure.name, name, "{status}");
        assert!(store.keys().is_empty(), "nothing is written");
    }
    let store = orders();
    store.aws.set("orders", "TableStatus", json!("UPDATING"));
    assert!(plan(&store, run()).await.is_ok());
    let store = orders();
    store.aws.set("orders", "RestoreSummary", json!({ "RestoreDateTime": 1.0, "RestoreInProgress": true }));
    let failure = plan(&store, run()).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::ResourceBusy);
    assert!(failure.message.ends_with("it is being restored"), "{failure}");
    let failure = plan(&FakeStore::default(), run()).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::SourceTableMissing);
}

#[tokio::test]
async fn refused_calls_have_their_error_names() {
    let managed = || with(run(), "managed", json!(true));
    for (action, code, name) in [
        ("dynamodb:DescribeTable", "AccessDeniedException", ErrorName::AccessDenied),
        ("dynamodb:DescribeContinuousBackups", "ThrottlingException", ErrorName::Throttled),
    ] {
        let store = orders();
        store.aws.refuse(action, code);
        assert_eq!(plan(&store, managed()).await.unwrap_err().name, name);
    }
    let store = orders();
    store.fail_action("s3:PutObject", 0, Fault::Refused(403, "AccessDenied"));
    assert_eq!(plan(&store, run()).await.unwrap_err().name, ErrorName::AccessDenied);
}
