//! Inputs and fixtures for the tests of several steps.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that goes wrong is to panic"
)]

use serde_json::{Value, json};

use super::Backfill;
use crate::testing::fake_store::FakeStore;

/// ARN of an execution.
pub const EXECUTION: &str = "arn:aws:states:eu-west-1:123456789012:execution:backfill:by-hand";
/// ARN of the table's stream.
pub const STREAM: &str =
    "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2026-11-20T00:00:00.000";

/// Returns the template's defaults.
pub fn defaults() -> Value {
    json!({ "streamArn": STREAM, "bucket": "items-of-orders", "prefix": "items/", "tablesPrefix": "tables/",
        "functionName": "stream-backup", "segments": "0",
        "maxReadCapacityUnits": "0", "secondsPerCall": "600" })
}

/// Returns the plan of a backfill of [`aws`] with one segment.
pub fn backfill() -> Backfill {
    Backfill {
        table_name: "orders".to_owned(),
        table_id: "id-of-orders".to_owned(),
        stream_arn: STREAM.to_owned(),
        key_names: vec!["id".to_owned()],
        bucket: "items-of-orders".to_owned(),
        prefix: "items/".to_owned(),
        segments: 1,
        max_read_capacity_units: 0,
        seconds_per_call: 600,
    }
}

/// Returns a fake AWS with an empty table `orders` whose stream carries its items.
pub fn aws() -> FakeStore {
    let store = FakeStore::default().with_table("orders", &["id"]);
    store.aws.set("orders", "TableId", json!("id-of-orders"));
    store.aws.set("orders", "LatestStreamArn", json!(STREAM));
    let stream = json!({ "StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES" });
    store.aws.set("orders", "StreamSpecification", stream);
    store
}
