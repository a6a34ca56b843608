//! Inputs and fixtures for the tests of several modules.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that goes wrong is to panic"
)]

use serde_json::{Value, json};

use crate::testing::fake_store::FakeStore;

/// ARN of the stream that is followed.
pub const STREAM: &str =
    "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2026-11-20T00:00:00.000";

/// Returns the template's parameters.
pub fn defaults() -> Value {
    json!({ "streamArn": STREAM, "givenUpBucket": "given-up", "bucket": "items", "prefix": "items/", "tablesPrefix": "tables/",
        "functionName": "stream-backup", "failuresPrefix": "failures/", "noncurrentDays": "35", "secondsPerCall": "600" })
}

/// Returns a record that changes the item `id` at this second.
pub fn record(event: &str, id: &str, number: u64, second: i64, value: &str) -> Value {
    let mut dynamodb = json!({ "ApproximateCreationDateTime": second, "Keys": { "id": { "S": id } },
        "SequenceNumber": number.to_string(), "StreamViewType": "NEW_IMAGE" });
    if event != "REMOVE" {
        dynamodb["NewImage"] = json!({ "id": { "S": id }, "value": { "S": value } });
    }
    json!({ "eventName": event, "eventSourceARN": STREAM, "dynamodb": dynamodb })
}

/// Returns the report that Lambda writes for a discarded batch with these records.
pub fn report(records: &[Value]) -> Value {
    json!({
        "requestContext": { "requestId": "3f1c9a5e-0b7d-4c62-9b1a-5d0e8f2a7c44", "condition": "RecordAgeExceeded",
            "functionArn": "arn:aws:lambda:eu-west-1:123456789012:function:stream-backup", "approximateInvokeCount": 1 },
        "responseContext": { "statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled" },
        "version": "1.0", "timestamp": "2026-11-30T00:38:06.021Z",
        "DDBStreamBatchInfo": { "shardId": "shardId-00000001573689847184-864758bb", "streamArn": STREAM,
            "startSequenceNumber": "100", "endSequenceNumber": "101", "batchSize": records.len(),
            "approximateArrivalOfFirstRecord": "2026-11-29T01:13:19Z",
            "approximateArrivalOfLastRecord": "2026-11-29T01:13:19Z" },
        "payload": { "Records": records },
    })
}

/// Returns a fake AWS with the table, at this second.
pub fn aws(second: i64) -> FakeStore {
    let aws = FakeStore::default().with_table("orders", &["id"]);
    aws.at(chrono::DateTime::from_timestamp(second, 0).unwrap());
    aws
}
