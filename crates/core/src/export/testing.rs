//! Fixtures for the tests of several steps.

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

/// ARN of an execution.
pub const EXECUTION: &str = "arn:aws:states:eu-west-1:123456789012:execution:export-table:nightly-1";
/// Start time of the execution.
pub const STARTED_AT: &str = "2026-03-01T02:00:00Z";
/// Folder of its export of `orders`.
pub const FOLDER: &str = "exports/orders/2026-03-01-02-00-00/";

/// Returns the options of an export in this format as JSON. Each call reads one page.
pub fn run_json(format: &str, compression: &str) -> Value {
    json!({
        "startedAt": STARTED_AT, "timestamp": "2026-03-01-02-00-00", "frequency": "Daily", "format": format,
        "nullTag": "nULL", "compression": compression, "consistentRead": true, "bucket": "bucket",
        "prefix": "exports/", "segments": 0, "mostSegments": 64, "maxReadCapacityUnits": 0, "managed": false,
        "deadline": "2026-03-01T03:00:00Z", "secondsPerCall": 0
    })
}

/// Returns the options of [`run_json`].
pub fn run(format: &str, compression: &str) -> ExportConfig {
    serde_json::from_value(run_json(format, compression)).unwrap()
}

/// Returns the plan of `orders` with this many segments.
pub fn plan(segments: u32) -> Plan {
    serde_json::from_value(plan_json(segments)).unwrap()
}

/// Returns the plan as JSON.
pub fn plan_json(segments: u32) -> Value {
    json!({
        "tableName": "orders", "tableArn": arn("orders"), "tableId": "id-of-orders", "folder": FOLDER,
        "exportId": "01772330400000-0d20b12c", "segments": segments, "exportTime": "2026-03-01T02:00:05Z",
        "notes": []
    })
}

/// Returns a table `orders` with this many items of all types. Some of them hold empty collections.
pub fn orders(items: usize) -> FakeStore {
    let store = FakeStore::default().with_table("orders", &["id"]);
    (0..items).fold(store, |store, number| store.with_item("orders", &item(number)))
}

/// Returns the item with this number. Every third item holds an empty list or map.
pub fn item(number: usize) -> String {
    let more = match number % 6 {
        0 => r#""list":{"L":[]}"#,
        3 => r#""map":{"M":{"deep":{"M":{}}}}"#,
        1 => r#""null":{"NULL":true},"set":{"SS":["a","\"L\":[]"]}"#,
        _ => r#""list":{"L":[{"N":"1.50"},{"BOOL":false},{"B":"AAEC"}]},"name":{"S":"Zoë\n"}"#,
    };
    format!(r#"{{"id":{{"S":"{number:05}"}},{more}}}"#)
}

/// Returns the lines of all data files in the manifest, in its order.
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

/// Returns the items of the table as sorted lines of this format.
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

/// Returns the default parameters of the template.
pub fn defaults() -> Defaults {
    serde_json::from_value(json!({
        "bucket": "bucket", "prefix": "/exports/", "tableTag": "BackupEnabled=true", "format": "dynamodb-json",
        "nullTag": "nULL", "compression": "gzip", "consistentRead": "true", "segments": "0",
        "segmentConcurrency": "8", "maxReadCapacityUnits": "0", "managed": "false", "timeoutHours": "1", "secondsPerCall": "300"
    }))
    .unwrap()
}
