//! The scenarios of `snapshot` and the versions that they read.

use std::sync::Arc;

use aws_sdk_s3::primitives::ByteStream;
use local_aws::{Call, Fault};
use serde_json::{Value, json};
use tablekeeper_core::error_name::ErrorName;
use tablekeeper_core::export::layout::{Layout, document_in};
use tablekeeper_core::export::{Compression, ExportConfig, FormatName, Frequency, NullTag, Plan};
use tablekeeper_core::item_history::Items;
use tablekeeper_core::item_history::coverage;
use tablekeeper_core::item_history::coverage::Coverage;
use tablekeeper_core::item_history::position::Position;
use tablekeeper_core::item_history::sequence_number::SequenceNumber;
use tablekeeper_core::item_history::version::{
    EventName, Version, body_of_item, body_of_tombstone, object_key,
};
use tablekeeper_core::snapshot::Snapshot;
use tablekeeper_core::snapshot::document::Document;

use super::backfill::{MORE_TABLES, OTHER, delete_table, follow, with_stream};
use super::sync_settings::{before, inject, takes_two_seconds};
use crate::harness::workflow::scenario;
use crate::{Begin, Deployed, Ended, FaultMatrix, Workflow};

const PLAN: &str = "snapshot.plan-snapshot";
const CHECK: &str = "snapshot.check-stream";
const SHARD: &str = "snapshot.snapshot-shard";
const FINISH: &str = "snapshot.finish-snapshot";

/// The time of the snapshots.
pub(super) const AT: &str = "2026-01-01T00:00:00Z";
/// The key prefix of the snapshot of [`AT`].
const FOLDER: &str = "snapshots/2026-01-01T00-00-00Z/";
/// One second per call. A call ends after an object that takes two.
const IN_SHORT_CALLS: &[(&str, &str)] = &[("SecondsPerCall", "1")];
/// The parameter that enables the mapping, so that the stream is read.
const READ: &[(&str, &str)] = &[("MappingState", "ENABLED")];
const UNCOMPRESSED: &[(&str, &str)] = &[("SnapshotCompression", "none")];

/// Returns the workflow with its scenarios.
pub fn workflow() -> Workflow {
    Workflow {
        name: "snapshot",
        template: "incremental",
        machine: "SnapshotStateMachine",
        parameters: &[
            ("MappingState", "DISABLED"),
            ("SnapshotShards", "1"),
            ("SettleSeconds", "1"),
            ("NoncurrentDays", "0"),
            MORE_TABLES,
        ],
        prepare: Some(with_stream),
        scenarios: vec![
            scenario!("of a second", of_a_second => "Complete").golden().and(|ended| {
                assert_eq!((&output(ended)["ItemCount"], &output(ended)["Files"]), (&json!(5), &json!(1)));
                let data = |key: &str| key.starts_with("snapshots/") && key.ends_with(".json.gz");
                let mut files = ended.state.objects.iter().filter(|object| data(&object.key));
                let lines = &files.next().unwrap().lines;
                assert!(lines.iter().all(|line| line.contains("then")), "{lines:?}");
            }),
            scenario!("of another table that is followed", of_another_table => "Complete").golden().and(
                |ended| {
                    assert_eq!(output(ended)["ItemCount"], 1);
                    let keys = || ended.state.objects.iter().map(|object| object.key.as_str());
                    let is_manifest = |key: &str| key.ends_with("/manifest-summary.json");
                    let is_expected = |key: &str| key.starts_with("snapshots/customers/") && is_manifest(key);
                    assert!(keys().any(is_expected), "{:?}", ended.state.objects);
                },
            ),
            scenario!("of a table that is not followed", of_a_table_not_followed => "Input Refused")
                .failing(ErrorName::InvalidInput),
            scenario!("of now", of_now => "Complete").with(READ).and(|ended| {
                assert_eq!(output(ended)["ItemCount"], 5, "one was deleted, and one came later");
                let name = output(ended)["Snapshot"].as_str().unwrap().to_owned();
                assert!(!name.contains([':', ' ']), "{name}");
            }),
            scenario!("in several invocations", in_several => "Complete").with(IN_SHORT_CALLS).and(|ended| {
                assert_eq!(output(ended)["ItemCount"], 5);
                assert!(output(ended)["Files"].as_u64().unwrap() > 1, "{:?}", output(ended));
            }),
            scenario!("of a table that is gone", of_a_table_gone => "Complete").and(|ended| {
                assert_eq!(output(ended)["ItemCount"], 5);
            }),
            scenario!("an upload that somebody left open", with_an_open_upload => "Complete").and(|ended| {
                let aborted = |call: &Call| call.action == "s3:AbortMultipartUpload" && call.status == 204;
                assert!(ended.calls.iter().any(aborted), "{:?}", ended.calls);
                assert_eq!(ended.state.open_uploads, [""; 0]);
            }),
            scenario!("a second to come", to_come => "Input Refused").failing(ErrorName::InvalidInput),
            scenario!("a folder of something else", folder_of_another => "Snapshot Exists")
                .failing(ErrorName::ExportExists),
            scenario!("a snapshot that another did not end", not_ended => "Complete").and(|ended| {
                assert_eq!(output(ended)["Snapshot"], "2026-01-01T00-00-00Z-2");
                assert_eq!(output(ended)["ItemCount"], 5);
                let count = |name: &str| {
                    ended.state.objects.iter().filter(|object| object.key.ends_with(name)).count()
                };
                // The document of the other snapshot stays, without a manifest.
                assert_eq!((count("/export.json"), count("/manifest-summary.json")), (2, 1));
            }),
            scenario!("a snapshot that another ended", ended_already => "Snapshot Exists")
                .failing(ErrorName::ExportExists),
            scenario!("a second before the backfill's end", before_its_backfill => "History Incomplete")
                .failing(ErrorName::HistoryIncomplete)
                .and(has_no_manifest),
            scenario!("an item that is not known", with_an_unknown_item => "Snapshot Failed")
                .failing(ErrorName::HistoryIncomplete)
                .and(has_no_manifest),
            scenario!("only the known items", with_known_items => "Complete").and(|ended| {
                assert_eq!((&output(ended)["ItemCount"], &output(ended)["Unknown"]), (&json!(5), &json!(1)));
                let lists = ended.state.objects.iter().filter(|object| object.key.contains("/unknown/"));
                let lines: Vec<_> = lists.flat_map(|list| &list.lines).collect();
                assert!(lines.len() == 1 && lines[0].contains(r#""Key":{"id":{"S":"7"}}"#), "{lines:?}");
            }),
            scenario!("a stream that is not read", of_now => "Stream Lags")
                .failing(ErrorName::StreamLags)
                .and(|ended| {
                    let cause = ended.execution.as_ref().unwrap().cause.as_deref().unwrap();
                    assert!(cause.contains("the mapping's State is `Disabled`"), "{cause}");
                    has_no_manifest(ended);
                }),
            scenario!("describing the mapping is not allowed", mapping_refused => "Stream Not Checked")
                .failing(ErrorName::AccessDenied),
            scenario!("neither a table nor items", of_nothing => "Source Table Missing")
                .failing(ErrorName::SourceTableMissing),
            scenario!("describing is not allowed", describing_refused => "Snapshot Not Planned")
                .failing(ErrorName::AccessDenied),
            scenario!("an object that is not a version", with_another_object => "Snapshot Failed")
                .failing(ErrorName::InvalidVersion)
                .and(|ended| {
                    let cause = ended.execution.as_ref().unwrap().cause.as_deref().unwrap();
                    assert!(cause.contains("items/readme"), "{cause}");
                    has_no_manifest(ended);
                }),
            scenario!("a shard that breaks off", breaks_off => "Snapshot Failed")
                .with(UNCOMPRESSED)
                .failing(ErrorName::InvalidVersion)
                .and(|ended| {
                    let started = |call: &Call| call.action == "s3:AbortMultipartUpload";
                    assert!(ended.calls.iter().any(started), "an upload had begun: {:?}", ended.calls);
                    assert_eq!(ended.state.open_uploads, [""; 0]);
                    has_no_manifest(ended);
                }),
            scenario!("somebody deletes a file before the end", file_deleted_by_somebody => "Snapshot Not Verified")
                .failing(ErrorName::ExportNotVerified)
                .and(has_no_manifest),
            scenario!("the manifest cannot be written", manifest_refused => "Snapshot Not Verified")
                .failing(ErrorName::AccessDenied)
                .and(has_no_manifest),
        ],
        fault_matrix: FaultMatrix::EveryKindOfCall,
        changes_settings_of: None,
        reports_refusals_by: None,
        unentered: &[],
    }
}

fn output(ended: &Ended) -> Value {
    ended.execution.as_ref().unwrap().output.clone()
}

fn has_no_manifest(ended: &Ended) {
    let manifest = |key: &str| key.ends_with("manifest-summary.json");
    assert!(!ended.state.objects.iter().any(|object| manifest(&object.key)), "{:?}", ended.state.objects);
}

/// Puts a version of an item, or a tombstone, as `stream-backup` does.
pub async fn put_version(deployed: &Deployed, id: &str, text: Option<&str>, number: u32, at: &str) {
    put_version_under(deployed, "items/", id, text, number, at).await;
}

async fn put_version_under(
    deployed: &Deployed,
    prefix: &str,
    id: &str,
    text: Option<&str>,
    number: u32,
    at: &str,
) {
    let item_key = format!(r#"{{"id":{{"S":"{id}"}}}}"#);
    let sequence_number = SequenceNumber::parse(&number.to_string()).unwrap();
    let (event, body) = match text {
        Some(text) => {
            let item = format!(r#"{{"id":{{"S":"{id}"}},"text":{{"S":"{text}"}}}}"#);
            let event = if number == 1 { EventName::Insert } else { EventName::Modify };
            (event, body_of_item(item.as_bytes(), &sequence_number))
        }
        None => (EventName::Remove, body_of_tombstone(&sequence_number)),
    };
    let key = object_key(prefix, item_key.as_bytes());
    let position = Position { stream: None, sequence_number, at: at.parse().unwrap() };
    let version = Version::new(position, event, item_key);
    let put = deployed.s3.put_object().bucket(deployed.output("ItemBucketName")).key(key);
    put.set_metadata(Some(version.metadata())).body(ByteStream::from(body)).send().await.unwrap();
}

/// Puts five items that existed at [`AT`], of which one was changed and one deleted since. Also puts one that was
/// deleted before and one that was added later.
pub(super) async fn put_history(deployed: &Deployed) {
    put_coverage(deployed, "items/", "2025-11-01T00:00:00Z").await;
    for id in 0..6 {
        put_version(deployed, &id.to_string(), Some("then"), 1, "2025-12-01T00:00:00Z").await;
    }
    put_version(deployed, "5", None, 2, "2025-12-31T23:59:59Z").await;
    put_version(deployed, "0", Some("later"), 2, "2026-01-01T00:00:01Z").await;
    put_version(deployed, "1", None, 2, "2026-02-01T00:00:00Z").await;
    put_version(deployed, "6", Some("later"), 1, "2026-02-01T00:00:00Z").await;
}

/// Puts the coverage document of a backfill that ended at this time.
async fn put_coverage(deployed: &Deployed, prefix: &str, complete_since: &str) {
    let coverage = Coverage { complete_since: Some(complete_since.parse().unwrap()), ..Coverage::default() };
    let put = deployed.s3.put_object().bucket(deployed.output("ItemBucketName")).key(coverage::key(prefix));
    put.body(serde_json::to_vec(&coverage).unwrap().into()).send().await.unwrap();
}

fn at() -> Begin {
    Begin::Input(json!({ "At": AT }))
}

async fn of_a_second(deployed: Arc<Deployed>) -> Begin {
    put_history(&deployed).await;
    at()
}

/// Puts items of a followed table next to those of the stack's own table.
async fn of_another_table(deployed: Arc<Deployed>) -> Begin {
    follow(&deployed, OTHER).await;
    put_history(&deployed).await;
    let prefix = "tables/customers/";
    put_coverage(&deployed, prefix, "2025-11-01T00:00:00Z").await;
    put_version_under(&deployed, prefix, "1", Some("then"), 1, "2025-12-01T00:00:00Z").await;
    Begin::Input(json!({ "TableName": OTHER, "At": AT }))
}

async fn of_a_table_not_followed(_: Arc<Deployed>) -> Begin {
    Begin::Input(json!({ "TableName": OTHER, "At": AT }))
}

async fn of_now(deployed: Arc<Deployed>) -> Begin {
    put_history(&deployed).await;
    Begin::Input(json!({}))
}

async fn in_several(deployed: Arc<Deployed>) -> Begin {
    put_history(&deployed).await;
    takes_two_seconds(&deployed, (SHARD, "s3:GetObjectVersion")).await;
    at()
}

async fn of_a_table_gone(deployed: Arc<Deployed>) -> Begin {
    put_history(&deployed).await;
    delete_table(&deployed).await;
    at()
}

async fn of_nothing(deployed: Arc<Deployed>) -> Begin {
    delete_table(&deployed).await;
    at()
}

async fn to_come(_: Arc<Deployed>) -> Begin {
    Begin::Input(json!({ "At": "2999-01-01T00:00:00Z" }))
}

async fn folder_of_another(deployed: Arc<Deployed>) -> Begin {
    put_history(&deployed).await;
    let put = deployed.s3.put_object().bucket(bucket(&deployed)).key(format!("{FOLDER}export.json"));
    put.body(ByteStream::from_static(b"{}")).send().await.unwrap();
    at()
}

/// Puts the document of a snapshot that another execution began.
async fn put_document(deployed: &Deployed) -> Document {
    put_history(deployed).await;
    let (at, bucket) = (AT.parse().unwrap(), bucket(deployed));
    let items = Items {
        bucket: deployed.output("ItemBucketName").to_owned(),
        prefix: "items/".to_owned(),
        failures_prefix: "failures/".to_owned(),
        folder: String::new(),
    };
    let run = ExportConfig {
        started_at: at,
        timestamp: "2026-01-01T00-00-00Z".to_owned(),
        frequency: Frequency::Manual,
        format: FormatName::DynamodbJson,
        null_tag: NullTag::Null,
        compression: Compression::None,
        consistent_read: true,
        bucket: bucket.clone(),
        prefix: "snapshots/".to_owned(),
        segments: 1,
        most_segments: 1,
        max_read_capacity_units: 0,
        managed: false,
        deadline: at,
        seconds_per_call: 600,
    };
    let plan = Plan {
        table_name: "orders".to_owned(),
        table_arn: String::new(),
        table_id: String::new(),
        folder: FOLDER.to_owned(),
        export_id: "01767225600000-00000000".to_owned(),
        segments: 1,
        export_time: at,
        notes: Vec::new(),
    };
    let key_names = vec!["id".to_owned()];
    let name = "2026-01-01T00-00-00Z".to_owned();
    let snapshot = Snapshot {
        name,
        at,
        kept_until: None,
        allow_incomplete: false,
        items,
        key_names,
        run,
        plan,
        followed: None,
    };
    let document = Document { version: 1, owner: "another execution".to_owned(), snapshot };
    let body = ByteStream::from(serde_json::to_vec(&document).unwrap());
    let put = deployed.s3.put_object().bucket(bucket).key(document_in(FOLDER));
    put.body(body).send().await.unwrap();
    document
}

async fn not_ended(deployed: Arc<Deployed>) -> Begin {
    put_document(&deployed).await;
    at()
}

async fn ended_already(deployed: Arc<Deployed>) -> Begin {
    let Document { snapshot, .. } = put_document(&deployed).await;
    let manifest = Layout::new(&snapshot.run, &snapshot.plan).manifest("manifest-summary.json");
    deployed.s3.put_object().bucket(bucket(&deployed)).key(manifest).send().await.unwrap();
    at()
}

/// Puts items and refuses a call of a step.
async fn refused(deployed: &Deployed, step: &str, action: &str) -> Begin {
    put_history(deployed).await;
    inject(deployed, step, action, usize::MAX, Fault::Refuse).await;
    at()
}

async fn describing_refused(deployed: Arc<Deployed>) -> Begin {
    refused(&deployed, PLAN, "dynamodb:DescribeTable").await
}

async fn mapping_refused(deployed: Arc<Deployed>) -> Begin {
    refused(&deployed, CHECK, "lambda:GetEventSourceMapping").await;
    Begin::Input(json!({}))
}

async fn manifest_refused(deployed: Arc<Deployed>) -> Begin {
    refused(&deployed, FINISH, "s3:PutObject").await
}

async fn with_another_object(deployed: Arc<Deployed>) -> Begin {
    put_history(&deployed).await;
    let put = deployed.s3.put_object().bucket(deployed.output("ItemBucketName")).key("items/readme");
    put.body(ByteStream::from_static(b"hello")).send().await.unwrap();
    at()
}

async fn before_its_backfill(deployed: Arc<Deployed>) -> Begin {
    put_history(&deployed).await;
    put_coverage(&deployed, "items/", "2026-01-01T00:00:01Z").await;
    at()
}

async fn with_an_unknown_item(deployed: Arc<Deployed>) -> Begin {
    put_history(&deployed).await;
    put_version(&deployed, "7", Some("later"), 2, "2026-02-01T00:00:00Z").await;
    at()
}

async fn with_known_items(deployed: Arc<Deployed>) -> Begin {
    with_an_unknown_item(deployed).await;
    Begin::Input(json!({ "At": AT, "AllowIncomplete": true }))
}

async fn breaks_off(deployed: Arc<Deployed>) -> Begin {
    put_coverage(&deployed, "items/", "2025-11-01T00:00:00Z").await;
    // More than the 8 MiB of one part of an upload, before the last object, which is not a valid version.
    let text = "x".repeat(350_000);
    for id in 0..50 {
        put_version(&deployed, &id.to_string(), Some(&text), 1, "2025-12-01T00:00:00Z").await;
    }
    let last = format!("items/ff/{}", "f".repeat(64));
    deployed.s3.put_object().bucket(deployed.output("ItemBucketName")).key(last).send().await.unwrap();
    at()
}

async fn with_an_open_upload(deployed: Arc<Deployed>) -> Begin {
    put_history(&deployed).await;
    before(&deployed, (SHARD, "s3:ListBucketVersions"), |deployed| async move {
        let key = format!("{}data/00000-00009.json.gz", root(&deployed).await);
        deployed.s3.create_multipart_upload().bucket(bucket(&deployed)).key(key).send().await.unwrap();
    })
    .await;
    at()
}

async fn file_deleted_by_somebody(deployed: Arc<Deployed>) -> Begin {
    put_history(&deployed).await;
    before(&deployed, (FINISH, "s3:ListBucketMultipartUploads"), |deployed| async move {
        let key = format!("{}data/00000-00000.json.gz", root(&deployed).await);
        deployed.s3.delete_object().bucket(bucket(&deployed)).key(key).send().await.unwrap();
    })
    .await;
    at()
}

/// Returns the bucket of the snapshots.
fn bucket(deployed: &Deployed) -> String {
    deployed.output("SnapshotBucketName").to_owned()
}

/// Returns the key prefix of the manifests according to the snapshot's document.
async fn root(deployed: &Deployed) -> String {
    let get = deployed.s3.get_object().bucket(bucket(deployed)).key(format!("{FOLDER}export.json"));
    let document = get.send().await.unwrap().body.collect().await.unwrap().into_bytes();
    let document: Value = serde_json::from_slice(&document).unwrap();
    format!("{FOLDER}AWSDynamoDB/{}/", document["snapshot"]["plan"]["exportId"].as_str().unwrap())
}
