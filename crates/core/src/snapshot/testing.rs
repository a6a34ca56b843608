//! Inputs and fixtures for the tests of several steps.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that goes wrong is to panic"
)]

use chrono::{DateTime, Utc};
use item_formats::key_of;
use serde_json::{Value, json};

use crate::export::manifest;
use crate::item_history::change::Change;
use crate::item_history::coverage;
use crate::item_history::coverage::Coverage;
use crate::item_history::position::Position;
use crate::item_history::sequence_number::SequenceNumber;
use crate::item_history::store::Store;
use crate::item_history::version::{
    EventName, TOMBSTONE_SIZE, Version, body_of_item, body_of_tombstone, object_key,
};
use crate::testing::fake_aws::arn;
use crate::testing::fake_store::FakeStore;

/// ARN of an execution.
pub const EXECUTION: &str = "arn:aws:states:eu-west-1:123456789012:execution:snapshot:by-hand-1";
/// Key prefix of versions.
pub const PREFIX: &str = "items/";

/// Returns the template's parameters.
pub fn defaults() -> Value {
    json!({
        "tableArn": arn("orders"), "itemsBucket": "bucket", "itemsPrefix": PREFIX, "tablesPrefix": "tables/",
        "functionName": "stream-backup", "failuresPrefix": "failures/",
        "bucket": "bucket", "prefix": "snapshots/", "compression": "gzip", "shards": "2", "settleSeconds": "300",
        "noncurrentDays": "0", "secondsPerCall": "600"
    })
}

/// Returns the second with this number.
pub fn second(number: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + number, 0).unwrap()
}

/// Returns a fake AWS with the table `orders`, of which a backfill ended long ago.
pub fn aws() -> FakeStore {
    let aws = covered(FakeStore::default().with_table("orders", &["id"]), DateTime::UNIX_EPOCH);
    aws.at(second(0));
    aws
}

/// Adds a first backfill that ended at this time.
pub fn covered(aws: FakeStore, complete_since: DateTime<Utc>) -> FakeStore {
    let coverage = Coverage { complete_since: Some(complete_since), ..Coverage::default() };
    aws.with_object(&coverage::key(PREFIX), serde_json::to_vec(&coverage).unwrap())
}

/// Returns the bucket of the items.
pub fn store(aws: &FakeStore) -> Store {
    Store { s3: aws.clients().s3(), bucket: "bucket".to_owned(), prefix: PREFIX.to_owned() }
}

/// Returns the key of the object of the item of `orders` with this ID.
pub fn object(id: &str) -> String {
    object_key(PREFIX, format!(r#"{{"id":{{"S":"{id}"}}}}"#).as_bytes())
}

/// Returns an item of `orders`.
pub fn item(id: &str, value: &str) -> String {
    format!(r#"{{"id":{{"S":"{id}"}},"value":{{"S":"{value}"}}}}"#)
}

/// Returns a change of an item with these key attributes. For a deletion, `item` needs only the key.
pub fn change(item: &str, key_names: &[&str], event: EventName, number: u64, at: DateTime<Utc>) -> Change {
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

/// Backs up a change of the item of `orders` with this ID. `happened` is the second of the change, and `put` that of
/// its backup.
pub async fn put(aws: &FakeStore, id: &str, value: Option<&str>, number: u64, happened: i64, put: i64) {
    let begins = aws.text(&object(id)).is_none_or(|body| body.len() == TOMBSTONE_SIZE);
    let event = match value {
        Some(_) if begins => EventName::Insert,
        Some(_) => EventName::Modify,
        None => EventName::Remove,
    };
    put_as(aws, event, id, value, number, happened, put).await;
}

/// Backs up a change with this event.
pub async fn put_as(
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

/// Returns the items of a snapshot, in the order of its files, after checking them against the manifest.
pub fn items(aws: &FakeStore, report: &Value) -> Vec<String> {
    let manifest = report["Manifest"].as_str().unwrap().replace("manifest-summary", "manifest-files");
    let manifest = manifest.strip_prefix("s3://bucket/").unwrap();
    let lines = crate::export::testing::exported(aws, manifest);
    assert_eq!(report["ItemCount"], lines.len());
    let files = manifest::read_files(aws.text(manifest).unwrap().as_bytes()).unwrap();
    assert_eq!(report["Files"], files.len());
    let item = |line: String| {
        line.strip_prefix(r#"{"Item":"#).and_then(|line| line.strip_suffix("}")).unwrap().to_owned()
    };
    lines.into_iter().map(item).collect()
}
