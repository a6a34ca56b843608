//! Tests of whole exports, written and verified step by step.

use serde_json::{Value, json};
use tablekeeper_core::error_name::ErrorName;
use tablekeeper_core::export::manifest::{EmrManifest, md5_of};
use tablekeeper_core::testing::fake_store::{FakeStore, Fault};

use super::testing::{FOLDER, export, exported, finish, orders, plan_json, run_json};

const ROOT: &str = "exports/orders/2026-03-01-02-00-00/AWSDynamoDB/01772330400000-0d20b12c/";

/// Returns an export in two segments and several parts, without its manifests.
async fn incomplete(format: &str) -> FakeStore {
    let store = orders(20);
    store.state().page_of_items = 4;
    export(&store, &run_json(format, "none"), &plan_json(2), 0).await;
    store.state().objects.retain(|key, _| !key.contains("/manifest"));
    store
}

fn record_of(store: &FakeStore, name: &str) -> Value {
    serde_json::from_str(&store.text(&format!("{FOLDER}parts/{name}.json")).unwrap()).unwrap()
}

fn set_record(store: &FakeStore, name: &str, record: &Value) {
    let _same = store.clone().with_object(&format!("{FOLDER}parts/{name}.json"), record.to_string());
}

async fn finish_as(store: &FakeStore, format: &str) -> Result<Value, String> {
    let finished = finish(store, &run_json(format, "none"), &plan_json(2)).await;
    finished.map_err(|failure| {
        assert_eq!(failure.name, ErrorName::ExportNotVerified, "{failure}");
        failure.message
    })
}

#[tokio::test]
async fn no_summary_is_written_if_any_manifest_fails() {
    for (format, manifests) in [("dynamodb-json", 4), ("data-pipeline", 5), ("plain", 4)] {
        for number in 0..manifests {
            let store = incomplete(format).await;
            store.fail_action("s3:PutObject", number, Fault::Refused(403, "AccessDenied"));
            let failure = finish(&store, &run_json(format, "none"), &plan_json(2)).await.unwrap_err();
            assert_eq!(failure.name, ErrorName::AccessDenied, "{format}, {number}");
            let summaries = store.keys().into_iter().filter(|key| key.ends_with("manifest-summary.json"));
            assert_eq!(summaries.count(), 0, "{format}, {number}: {:?}", store.keys());
            finish_as(&store, format).await.unwrap();
        }
    }
}

#[tokio::test]
async fn the_summary_has_the_fields_of_dynamodbs() {
    let store = incomplete("dynamodb-json").await;
    let report = finish_as(&store, "dynamodb-json").await.unwrap();
    let summary: Value =
        serde_json::from_str(&store.text(&format!("{ROOT}manifest-summary.json")).unwrap()).unwrap();
    let files = format!("{ROOT}manifest-files.json");
    let expected = json!({
        "version": "2020-06-30",
        "exportArn": "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/export/01772330400000-0d20b12c",
        "startTime": "2026-03-01T02:00:00.000Z", "endTime": "2026-03-01T02:00:00.000Z",
        "tableArn": "arn:aws:dynamodb:eu-west-1:123456789012:table/orders", "tableId": "id-of-orders",
        "exportTime": "2026-03-01T02:00:05.000Z", "s3Bucket": "bucket", "s3Prefix": FOLDER.trim_end_matches('/'),
        "s3SseAlgorithm": null, "s3SseKmsKeyId": null, "manifestFilesS3Key": files,
        "billedSizeBytes": report["Bytes"], "itemCount": 20, "outputFormat": "DYNAMODB_JSON",
        "exportType": "FULL_EXPORT"
    });
    assert_eq!(summary, expected);
    for name in ["manifest-summary", "manifest-files"] {
        let text = store.text(&format!("{ROOT}{name}.json")).unwrap();
        let md5 = store.text(&format!("{ROOT}{name}.md5")).unwrap();
        assert_eq!(md5, md5_of(text.as_bytes()));
    }
    assert_eq!(report["Manifest"], format!("s3://bucket/{ROOT}manifest-summary.json"));
    assert_eq!(exported(&store, &files).len(), 20);
    assert!(!store.keys().contains(&format!("{ROOT}manifest")));
}

#[tokio::test]
async fn the_data_pipeline_layout_has_its_manifest_too() {
    let store = incomplete("data-pipeline").await;
    let report = finish_as(&store, "data-pipeline").await.unwrap();
    let text = store.text(&format!("{FOLDER}manifest")).unwrap();
    assert!(text.starts_with(
        "{\"name\":\"DynamoDB-export\",\"version\":3,\n\"entries\": [\n{\"url\":\"s3://bucket/"
    ));
    let manifest = EmrManifest::read(text.as_bytes()).unwrap();
    assert_eq!(u64::try_from(manifest.entries.len()).unwrap(), report["Files"].as_u64().unwrap());
    let note = report["Notes"][0].as_str().unwrap();
    assert!(note.starts_with("7 items hold an empty list or map"), "{note}");
    let plain = incomplete("plain").await;
    let report = finish_as(&plain, "plain").await.unwrap();
    assert_eq!(report["Notes"], json!([]), "only Data Pipeline's readers lose them");
    assert!(!plain.keys().contains(&format!("{FOLDER}manifest")));
}

#[tokio::test]
async fn finishing_again_writes_the_same() {
    let store = incomplete("data-pipeline").await;
    let report = finish_as(&store, "data-pipeline").await.unwrap();
    let before = store.state().objects.clone();
    assert_eq!(finish_as(&store, "data-pipeline").await.unwrap(), report);
    assert_eq!(store.state().objects, before);
}

/// A description, a change of an incomplete export, and the expected message.
type Damage = (&'static str, fn(&FakeStore), &'static str);

const DAMAGES: &[Damage] = &[
    (
        "a record is missing",
        |store| drop(store.state().objects.remove(&format!("{FOLDER}parts/00001-00001.json"))),
        "part 1 of segment 1 is missing",
    ),
    (
        "a record cannot be read",
        |store| set_record(store, "00001-00001", &json!({ "part": 1 })),
        "parts/00001-00001.json is not the record of a part",
    ),
    (
        "a record is another's",
        |store| set_record(store, "00001-00001", &record_of(store, "00001-00000")),
        "parts/00001-00001.json is the record of another part",
    ),
    (
        "the chain is broken",
        |store| {
            let mut record = record_of(store, "00001-00001");
            record["cursor"] = json!(r#"{"id":{"S":"elsewhere"}}"#);
            set_record(store, "00001-00001", &record);
        },
        "part 1 of segment 1 does not begin where the previous part ends",
    ),
    (
        "a record contradicts itself",
        |store| {
            let mut record = record_of(store, "00001-00000");
            record["done"] = json!(true);
            set_record(store, "00001-00000", &record);
        },
        "parts/00001-00000.json does not say whether its segment continues",
    ),
    (
        "a segment ends too early",
        |store| {
            let mut record = record_of(store, "00001-00000");
            (record["done"], record["next"]) = (json!(true), Value::Null);
            set_record(store, "00001-00000", &record);
        },
        "parts/00001-00001.json is the record of a part after the last one",
    ),
    (
        "a data file is missing",
        |store| {
            let key = record_of(store, "00000-00001")["key"].as_str().unwrap().to_owned();
            store.state().objects.remove(&key);
        },
        "-00001.json is missing",
    ),
    (
        "a data file has another ETag",
        |store| {
            let key = record_of(store, "00000-00001")["key"].as_str().unwrap().to_owned();
            store.state().objects.get_mut(&key).unwrap().etag = "another".to_owned();
        },
        "is not the one that was written: it has",
    ),
];

#[tokio::test]
async fn a_damaged_export_is_rejected_and_gets_no_manifest() {
    for format in ["dynamodb-json", "plain"] {
        for (what, damage, expected) in DAMAGES {
            let store = incomplete(format).await;
            damage(&store);
            let refused = finish_as(&store, format).await.unwrap_err();
            assert!(refused.contains(expected), "{what}: {refused}");
            let begins = format!("the export in s3://bucket/{FOLDER} failed verification: ");
            assert!(refused.starts_with(&begins), "{refused}");
            assert!(!store.keys().iter().any(|key| key.contains("/manifest")), "{what}");
        }
    }
}

#[tokio::test]
async fn a_foreign_file_is_rejected_by_its_name() {
    for (format, key) in [
        ("dynamodb-json", format!("{ROOT}data/by-hand.json")),
        ("plain", format!("{FOLDER}by-hand.json")),
        ("data-pipeline", format!("{FOLDER}orders-Daily-2026-03-01-02-00-00-00000-00099.json")),
    ] {
        let store = incomplete(format).await.with_object(&key, "{}");
        let refused = finish_as(&store, format).await.unwrap_err();
        assert!(refused.contains(&format!("{key} is in the folder of the data files")), "{refused}");
    }
}
