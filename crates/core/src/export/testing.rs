//! What the tests of several steps pass.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that goes wrong is to panic"
)]

use item_formats::{Compression, Format, LineReader};
use serde_json::{Value, json};

use super::execution_input::Defaults;
use super::{ExportConfig, Plan, manifest};
use crate::testing::fake_aws::arn;
use crate::testing::fake_store::FakeStore;

/// An execution.
pub const EXECUTION: &str = "arn:aws:states:eu-west-1:123456789012:execution:export-table:nightly-1";
/// When it began.
pub const STARTED_AT: &str = "2026-03-01T02:00:00Z";
/// The folder of its export of `orders`.
pub const FOLDER: &str = "exports/orders/2026-03-01-02-00-00/";

/// A run that writes this format, of which a call takes one page.
pub fn run_json(format: &str, compression: &str) -> Value {
    json!({
        "startedAt": STARTED_AT, "timestamp": "2026-03-01-02-00-00", "frequency": "Daily", "format": format,
        "nullTag": "nULL", "compression": compression, "consistentRead": true, "bucket": "bucket",
        "prefix": "exports/", "segments": 0, "mostSegments": 64, "maxReadCapacityUnits": 0, "managed": false,
        "deadline": "2026-03-01T03:00:00Z", "secondsPerCall": 0
    })
}

/// The same as a value.
pub fn run(format: &str, compression: &str) -> ExportConfig {
    serde_json::from_value(run_json(format, compression)).unwrap()
}

/// The plan of `orders` in so many segments.
pub fn plan(segments: u32) -> Plan {
    serde_json::from_value(plan_json(segments)).unwrap()
}

/// The same as JSON.
pub fn plan_json(segments: u32) -> Value {
    json!({
        "tableName": "orders", "tableArn": arn("orders"), "tableId": "id-of-orders", "folder": FOLDER,
        "exportId": "01772330400000-0d20b12c", "segments": segments, "exportTime": "2026-03-01T02:00:05Z",
        "notes": []
    })
}

/// A table `orders` with so many items of all types, some of which hold empty collections.
pub fn orders(items: usize) -> FakeStore {
    let store = FakeStore::default().with_table("orders", &["id"]);
    (0..items).fold(store, |store, number| store.with_item("orders", &item(number)))
}

/// The item of this number: each third holds an empty list, or map.
pub fn item(number: usize) -> String {
    let more = match number % 6 {
        0 => r#""list":{"L":[]}"#,
        3 => r#""map":{"M":{"deep":{"M":{}}}}"#,
        1 => r#""null":{"NULL":true},"set":{"SS":["a","\"L\":[]"]}"#,
        _ => r#""list":{"L":[{"N":"1.50"},{"BOOL":false},{"B":"AAEC"}]},"name":{"S":"Zoë\n"}"#,
    };
    format!(r#"{{"id":{{"S":"{number:05}"}},{more}}}"#)
}

/// The lines of all data files that the manifest names, in its order.
pub fn exported(store: &FakeStore, manifest: &str) -> Vec<String> {
    let files = manifest::read_files(store.text(manifest).unwrap().as_bytes()).unwrap();
    let mut lines = Vec::new();
    for file in files {
        let object = store.state().objects[&file.data_file_s3_key].clone();
        assert_eq!(object.etag, file.etag, "{file:?}");
        assert_eq!(Some(manifest::md5_of(&object.body)), file.md5_checksum, "{file:?}");
        let mut reader = LineReader::new(Compression::from_key(&file.data_file_s3_key), 1 << 20);
        let before = lines.len();
        reader.push(&object.body).unwrap();
        reader.end().unwrap();
        while let Some((_, line)) = reader.next_line().unwrap() {
            lines.push(String::from_utf8(line.to_vec()).unwrap());
        }
        assert_eq!(u64::try_from(lines.len() - before).unwrap(), file.item_count, "{file:?}");
    }
    lines
}

/// The table's items as lines of this format, sorted.
pub fn expected(store: &FakeStore, format: Format) -> Vec<String> {
    let line = |item: String| {
        let mut line = Vec::new();
        item_formats::write_line(format, item.as_bytes(), &mut line).unwrap();
        String::from_utf8(line).unwrap().trim_end().to_owned()
    };
    let mut lines: Vec<String> = store.items("orders").into_iter().map(line).collect();
    lines.sort();
    lines
}

/// The parameters of a template that was deployed as it is.
pub fn defaults() -> Defaults {
    serde_json::from_value(json!({
        "bucket": "bucket", "prefix": "/exports/", "tableTag": "BackupEnabled=true", "format": "dynamodb-json",
        "nullTag": "nULL", "compression": "gzip", "consistentRead": "true", "segments": "0",
        "segmentConcurrency": "8", "maxReadCapacityUnits": "0", "managed": "false", "timeoutHours": "1", "secondsPerCall": "300"
    }))
    .unwrap()
}
