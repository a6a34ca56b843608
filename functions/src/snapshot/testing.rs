//! What the tests of several steps pass.

use chrono::{DateTime, Utc};
use item_formats::key_of;
use serde_json::{Value, json};

use super::{FinishSnapshot, PlanSnapshot, SnapshotShard};
use crate::clock::Clock;
use crate::export_manifest;
use crate::fake_aws::arn;
use crate::fake_store::FakeStore;
use crate::incremental::change::Change;
use crate::incremental::coverage::{self, Coverage};
use crate::incremental::position::Position;
use crate::incremental::sequence_number::SequenceNumber;
use crate::incremental::store::Store;
use crate::incremental::version::{
    EventName, TOMBSTONE_SIZE, Version, body_of_item, body_of_tombstone, object_key,
};
use crate::step::{AnyStep, Failure, Step};

/// An execution.
pub(crate) const EXECUTION: &str = "arn:aws:states:eu-west-1:123456789012:execution:snapshot:by-hand-1";
/// Before the keys of versions.
pub(crate) const PREFIX: &str = "items/";

/// The template's parameters.
pub(crate) fn defaults() -> Value {
    json!({
        "tableArn": arn("orders"), "itemsBucket": "bucket", "itemsPrefix": PREFIX, "tablesPrefix": "tables/",
        "functionName": "stream-backup", "failuresPrefix": "failures/",
        "bucket": "bucket", "prefix": "snapshots/", "compression": "gzip", "shards": "2", "settleSeconds": "300",
        "noncurrentDays": "0", "secondsPerCall": "600"
    })
}

/// A second of this number.
pub(crate) fn second(number: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + number, 0).unwrap()
}

/// An AWS with the table `orders`, of which a backfill ended long ago.
pub(crate) fn aws() -> FakeStore {
    let aws = covered(FakeStore::default().with_table("orders", &["id"]), DateTime::UNIX_EPOCH);
    aws.at(second(0));
    aws
}

/// This AWS with a first backfill that ended then.
pub(crate) fn covered(aws: FakeStore, complete_since: DateTime<Utc>) -> FakeStore {
    let coverage = Coverage { complete_since: Some(complete_since), ..Coverage::default() };
    aws.with_object(&coverage::key(PREFIX), serde_json::to_vec(&coverage).unwrap())
}

/// The bucket.
pub(crate) fn store(aws: &FakeStore) -> Store {
    Store { s3: aws.clients().s3(), bucket: "bucket".to_owned(), prefix: PREFIX.to_owned() }
}

/// The key of the object of `orders`' item with this id.
pub(crate) fn object(id: &str) -> String {
    object_key(PREFIX, format!(r#"{{"id":{{"S":"{id}"}}}}"#).as_bytes())
}

/// An item of `orders`.
pub(crate) fn item(id: &str, value: &str) -> String {
    format!(r#"{{"id":{{"S":"{id}"}},"value":{{"S":"{value}"}}}}"#)
}

/// A change of an item with these key attributes: to this item, or to none, which then is only its key.
pub(crate) fn change(
    item: &str,
    key_names: &[&str],
    event: EventName,
    number: u64,
    at: DateTime<Utc>,
) -> Change {
    let key = key_of(item.as_bytes(), key_names).unwrap();
    let sequence_number = SequenceNumber::parse(&number.to_string()).unwrap();
    let body = match event {
        EventName::Remove => body_of_tombstone(&sequence_number),
        _ => body_of_item(item.as_bytes(), &sequence_number),
    };
    let item_key = String::from_utf8(key.clone()).unwrap();
    Change {
        object: object_key(PREFIX, &key),
        version: Version::new(Position { stream: None, sequence_number, at }, event, item_key),
        body,
    }
}

/// Backs up the change of `orders`' item with this id, which happened at the second of this number, at the second of the
/// other one.
pub(crate) async fn put(
    aws: &FakeStore,
    id: &str,
    value: Option<&str>,
    number: u64,
    happened: i64,
    put: i64,
) {
    let begins = aws.text(&object(id)).is_none_or(|body| body.len() == TOMBSTONE_SIZE);
    let event = match value {
        Some(_) if begins => EventName::Insert,
        Some(_) => EventName::Modify,
        None => EventName::Remove,
    };
    put_as(aws, event, id, value, number, happened, put).await;
}

/// The same, with this event.
pub(crate) async fn put_as(
    aws: &FakeStore,
    event: EventName,
    id: &str,
    value: Option<&str>,
    number: u64,
    happened: i64,
    put: i64,
) {
    let item = item(id, value.unwrap_or_default());
    let change = change(&item, &["id"], event, number, second(happened));
    aws.at(second(put));
    store(aws).apply(&change, None).await.unwrap();
}

/// Plans a snapshot of a second, begun at the second of this number.
pub(crate) async fn plan(
    aws: &FakeStore,
    input: Value,
    defaults: Value,
    begun: i64,
) -> Result<Value, Failure> {
    let input = json!({ "executionArn": EXECUTION, "executionInput": input, "startedAt": second(begun),
        "defaults": defaults });
    PlanSnapshot::at(&aws.clients(), Clock::Fixed(second(begun))).run_json(input).await
}

/// Writes all parts of all shards and the manifests, step after step, as the state machine does. A step that fails is
/// tried again as it was called, `tries` times in all.
pub(crate) async fn write(aws: &FakeStore, plan: &Value, now: DateTime<Utc>, mut tries: usize) -> Value {
    let clients = aws.clients();
    let step = SnapshotShard::at(&clients, Clock::Fixed(now));
    for shard in plan["shards"].as_array().unwrap() {
        let mut next = json!({ "part": 0, "cursor": null });
        loop {
            let input = json!({ "executionArn": EXECUTION, "snapshot": plan["snapshot"], "shard": shard["shard"],
                "part": next["part"], "cursor": next["cursor"] });
            match step.run_json(input).await {
                Ok(output) if output["done"] == true => break,
                Ok(output) => next = output,
                Err(failure) => tries = tries.checked_sub(1).unwrap_or_else(|| panic!("{failure}")),
            }
        }
    }
    loop {
        let input = json!({ "executionArn": EXECUTION, "snapshot": plan["snapshot"] });
        match FinishSnapshot::new(&clients).unwrap().run_json(input).await {
            Ok(report) => return report,
            Err(failure) => tries = tries.checked_sub(1).unwrap_or_else(|| panic!("{failure}")),
        }
    }
}

/// The items of a snapshot, in the order of its files, all of which are what the manifest says.
pub(crate) fn items(aws: &FakeStore, report: &Value) -> Vec<String> {
    let manifest = report["Manifest"].as_str().unwrap().replace("manifest-summary", "manifest-files");
    let manifest = manifest.strip_prefix("s3://bucket/").unwrap();
    let lines = crate::export_table::testing::exported(aws, manifest);
    assert_eq!(report["ItemCount"], lines.len());
    let files = export_manifest::read_files(aws.text(manifest).unwrap().as_bytes()).unwrap();
    assert_eq!(report["Files"], files.len());
    let item = |line: String| {
        line.strip_prefix(r#"{"Item":"#).and_then(|line| line.strip_suffix("}")).unwrap().to_owned()
    };
    lines.into_iter().map(item).collect()
}

/// The items of `orders` as they were at a second, by a whole snapshot that is begun at another.
pub(crate) async fn snapshot(aws: &FakeStore, at: i64, begun: i64) -> Vec<String> {
    let plan = plan(aws, json!({ "At": second(at) }), defaults(), begun).await.unwrap();
    aws.at(second(begun));
    let report = write(aws, &plan, second(begun), 0).await;
    items(aws, &report)
}
