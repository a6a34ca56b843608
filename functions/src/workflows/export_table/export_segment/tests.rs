//! Tests of the step against a store, and of a whole export by scan with a fault at each of its calls.

use std::sync::LazyLock;

use item_formats::{Format, NullTag};
use proptest::prelude::*;
use serde_json::{Value, json};
use tablekeeper_core::testing::fake_store::{FakeStore, Fault};

use super::*;
use crate::step::AnyStep;
use crate::workflows::export_table::testing::{
    EXECUTION, FOLDER, STARTED_AT, expected, export, exported, orders, plan_json, run_json,
};

const ROOT: &str = "exports/orders/2026-03-01-02-00-00/AWSDynamoDB/01772330400000-0d20b12c/";

fn input(run: &Value, part: u32, cursor: Value) -> Value {
    json!({ "executionArn": EXECUTION, "run": run, "plan": plan_json(1), "segment": 0, "part": part,
        "cursor": cursor })
}

async fn call(store: &FakeStore, input: Value) -> Result<Value, Failure> {
    let clock = Clock::Fixed(STARTED_AT.parse().unwrap());
    ExportSegment::at(&store.clients(), clock).run_json(input).await
}

fn with_pages_of(items: usize, store: FakeStore) -> FakeStore {
    store.state().page_of_items = items;
    store
}

fn plain() -> Value {
    run_json("dynamodb-json", "none")
}

#[tokio::test]
async fn a_call_writes_a_file_and_its_record_and_returns_the_cursor() {
    let store = with_pages_of(4, orders(10));
    let first = call(&store, input(&plain(), 0, Value::Null)).await.unwrap();
    assert_eq!((&first["segment"], &first["part"], &first["done"]), (&json!(0), &json!(1), &json!(false)));
    let cursor = first["cursor"].as_str().unwrap();
    assert!(serde_json::from_str::<Value>(cursor).unwrap()["id"]["S"].is_string(), "{cursor}");
    assert_eq!(
        store.keys(),
        [format!("{ROOT}data/00000-00000.json"), format!("{FOLDER}parts/00000-00000.json")]
    );
    let record: Value = serde_json::from_str(&store.text(&store.keys()[1]).unwrap()).unwrap();
    let key = &store.keys()[0];
    let object = store.state().objects[key].clone();
    assert_eq!(record["items"], 4);
    assert_eq!((&record["size"], &record["bytes"]), (&json!(object.body.len()), &json!(object.body.len())));
    assert_eq!(record["etag"], object.etag);
    assert_eq!(record["md5"], tablekeeper_core::export::manifest::md5_of(&object.body));
    assert_eq!(
        (&record["cursor"], &record["next"], &record["done"]),
        (&Value::Null, &first["cursor"], &json!(false))
    );
    // Both have their tags from the call that created them. No other call was made.
    for key in store.keys() {
        let tags = store.state().objects[&key].tags.clone();
        assert_eq!((tags["TableName"].as_str(), tags["Frequency"].as_str()), ("orders", "Daily"), "{key}");
    }
    assert_eq!(store.count("s3:PutObjectTagging"), 0);
    let second = call(&store, input(&plain(), 1, first["cursor"].clone())).await.unwrap();
    let third = call(&store, input(&plain(), 2, second["cursor"].clone())).await.unwrap();
    assert_eq!(third, json!({ "segment": 0, "part": 3, "cursor": null, "done": true }));
}

#[tokio::test]
async fn an_empty_segment_has_one_empty_file() {
    let store = orders(0);
    let output = call(&store, input(&plain(), 0, Value::Null)).await.unwrap();
    assert_eq!(output, json!({ "segment": 0, "part": 1, "cursor": null, "done": true }));
    assert_eq!(store.text(&format!("{ROOT}data/00000-00000.json")).unwrap(), "");
}

#[tokio::test]
async fn a_complete_part_of_an_earlier_call_is_adopted() {
    let store = with_pages_of(4, orders(10));
    let first = call(&store, input(&plain(), 0, Value::Null)).await.unwrap();
    let (data, record) = (format!("{ROOT}data/00000-00000.json"), format!("{FOLDER}parts/00000-00000.json"));
    let scans = || store.count("dynamodb:Scan");
    let again = async || call(&store, input(&plain(), 0, Value::Null)).await.unwrap();
    assert_eq!((again().await, scans()), (first.clone(), 1), "adopted");
    // If a part is incomplete, none of it is adopted.
    let object = store.state().objects.remove(&data).unwrap();
    assert_eq!((again().await, scans()), (first.clone(), 2), "the file is gone");
    store.state().objects.get_mut(&data).unwrap().etag = "another".to_owned();
    assert_eq!((again().await, scans()), (first.clone(), 3), "the file is another");
    assert_eq!(store.state().objects[&data], object, "it is written as it was");
    store.state().objects.remove(&record);
    assert_eq!((again().await, scans()), (first.clone(), 4), "the record is gone");
    let broken = store.clone().with_object(&record, "{");
    assert_eq!(call(&broken, input(&plain(), 0, Value::Null)).await.unwrap(), first);
    assert_eq!(scans(), 5, "the record cannot be read");
    let moved = call(&store, input(&plain(), 0, first["cursor"].clone())).await.unwrap();
    assert!(moved != first && scans() == 6, "the record is of a part that begins elsewhere");
}

#[tokio::test]
async fn a_call_reads_pages_until_its_time_is_up() {
    let store = with_pages_of(1, orders(7));
    let mut run = plain();
    run["secondsPerCall"] = json!(600);
    assert_eq!(call(&store, input(&run, 0, Value::Null)).await.unwrap()["done"], true);
    assert_eq!(store.count("dynamodb:Scan"), 8);
    assert_eq!(store.text(&format!("{ROOT}data/00000-00000.json")).unwrap().lines().count(), 7);
}

#[tokio::test]
async fn a_throttled_page_is_retried() {
    let store = with_pages_of(1, orders(3));
    store.fail_action("dynamodb:Scan", 1, Fault::Refused(400, "ProvisionedThroughputExceededException"));
    store.fail_action("dynamodb:Scan", 2, Fault::Dropped);
    let mut run = plain();
    run["secondsPerCall"] = json!(600);
    assert_eq!(call(&store, input(&run, 0, Value::Null)).await.unwrap()["done"], true);
    assert_eq!(store.text(&format!("{ROOT}data/00000-00000.json")).unwrap().lines().count(), 3);
}

#[tokio::test]
async fn refused_calls_have_their_error_names_and_leave_no_file() {
    for (action, fault, name) in [
        ("dynamodb:Scan", Fault::Refused(400, "ThrottlingException"), ErrorName::Throttled),
        ("dynamodb:Scan", Fault::Refused(400, "AccessDeniedException"), ErrorName::AccessDenied),
        ("dynamodb:Scan", Fault::Refused(400, "ValidationException"), ErrorName::RequestRefused),
        ("dynamodb:Scan", Fault::Refused(400, "ResourceNotFoundException"), ErrorName::SourceTableMissing),
        ("dynamodb:Scan", Fault::Dropped, ErrorName::ServiceUnavailable),
        ("s3:GetObject", Fault::Refused(403, "AccessDenied"), ErrorName::AccessDenied),
        ("s3:PutObject", Fault::Refused(503, "SlowDown"), ErrorName::Throttled),
    ] {
        let store = with_pages_of(4, orders(10));
        store.fail_action(action, 0, fault);
        let failure = call(&store, input(&plain(), 0, Value::Null)).await.unwrap_err();
        assert_eq!(failure.name, name, "{action} {fault:?}: {failure}");
        assert!(store.keys().is_empty(), "{action} {fault:?}");
    }
}

#[tokio::test]
async fn an_unwritable_item_is_reported_with_its_location() {
    let store = orders(1).with_item("orders", r#"{"id":{"S":"00001"},"odd":{"X":1}}"#);
    let failure = call(&store, input(&plain(), 0, Value::Null)).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::ExportFailed);
    assert!(failure.message.contains("of the page after the beginning of segment 0"), "{failure}");
    assert!(store.keys().is_empty());
}

#[tokio::test]
async fn a_payload_that_does_not_fit_is_rejected() {
    let mut payload = input(&plain(), 0, Value::Null);
    payload.as_object_mut().unwrap().remove("cursor");
    let failure = call(&orders(1), payload).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::InvalidInput);
    assert!(failure.message.contains("missing field `cursor`"), "{failure}");
}

/// Each call of a large file's upload fails once. Finishing the export ends any open upload.
#[tokio::test]
async fn a_large_file_is_a_multipart_upload_that_leaves_no_parts_behind() {
    let text = |number: usize| format!("{number:04}").repeat(97_000);
    let large = || {
        (0..25).fold(orders(0), |store, number| {
            let item = format!(r#"{{"id":{{"S":"{number}"}},"text":{{"S":"{}"}}}}"#, text(number));
            store.with_item("orders", &item)
        })
    };
    let mut run = plain();
    run["secondsPerCall"] = json!(600);
    let whole = large();
    export(&whole, &run, &plan_json(1), 0).await;
    assert!(whole.count("s3:UploadPart") > 1, "it is not a large file");
    for action in ["s3:CreateMultipartUpload", "s3:UploadPart", "s3:CompleteMultipartUpload"] {
        for fault in [Fault::Dropped, Fault::Lost] {
            let store = large();
            store.fail_action(action, 0, fault);
            // The upload cannot even be aborted.
            store.fail_action("s3:AbortMultipartUpload", 0, Fault::Dropped);
            export(&store, &run, &plan_json(1), 2).await;
            assert_eq!(store.state().objects, whole.state().objects, "{action} {fault:?}");
            assert!(store.state().uploads.is_empty(), "{action} {fault:?}");
        }
    }
}

/// How many calls the largest export of the property below makes.
const CALLS: usize = 200;

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        Just(Fault::Dropped),
        Just(Fault::Lost),
        (0_usize..200).prop_map(Fault::Broken),
        Just(Fault::Refused(500, "InternalError")),
        Just(Fault::Refused(400, "ThrottlingException")),
        Just(Fault::Refused(403, "AccessDenied")),
    ]
}

static RUNTIME: LazyLock<tokio::runtime::Runtime> =
    LazyLock::new(|| tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap());

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whichever call fails, before its effect or after it, the same files exist at the end. Each item is in them once,
    /// whatever the number of parts and segments.
    #[test]
    fn an_export_killed_at_any_call_and_repeated_is_the_same(
        items in 0_usize..40,
        page in 1_usize..9,
        segments in 1_u32..5,
        (format, lines) in prop_oneof![
            Just(("dynamodb-json", Format::DynamodbJson)),
            Just(("data-pipeline", Format::DataPipeline(NullTag::Null))),
            Just(("plain", Format::Plain)),
        ],
        compression in prop_oneof![Just("none"), Just("gzip"), Just("zstd")],
        seconds in prop_oneof![4 => Just(0), 1 => Just(600)],
        faults in prop::collection::btree_map(0..CALLS, fault(), 0..6),
    ) {
        let (mut run, plan) = (run_json(format, compression), plan_json(segments));
        run["secondsPerCall"] = json!(seconds);
        let exported_by = |faults: Vec<(usize, Fault)>| {
            let store = with_pages_of(page, orders(items));
            let tries = faults.len();
            for (number, fault) in faults {
                store.fail(number, fault);
            }
            let report = RUNTIME.block_on(export(&store, &run, &plan, tries));
            (store, report)
        };
        let (undisturbed, report) = exported_by(Vec::new());
        let manifest = undisturbed.keys().into_iter().find(|key| key.ends_with("manifest-files.json")).unwrap();
        let mut exported_lines = exported(&undisturbed, &manifest);
        if seconds == 0 && items > page * usize::try_from(segments).unwrap() {
            prop_assert!(report["Files"].as_u64().unwrap() > u64::from(segments));
        }
        exported_lines.sort();
        prop_assert_eq!(exported_lines, expected(&undisturbed, lines));
        prop_assert_eq!(&report["ItemCount"], items);
        let (disturbed, report_again) = exported_by(faults.into_iter().collect());
        prop_assert_eq!(report_again, report);
        prop_assert_eq!(&disturbed.state().objects, &undisturbed.state().objects);
        prop_assert!(disturbed.state().uploads.is_empty());
    }
}
