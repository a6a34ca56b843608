//! What the tests of several steps pass.

use item_formats::{Compression, Format, LineReader};
use serde_json::{Value, json};

use super::{ExportSegment, FinishExport, Plan, Run};
use crate::clock::Clock;
use crate::export_manifest;
use crate::fake_aws::arn;
use crate::fake_store::FakeStore;
use crate::step::{AnyStep, Failure, Step};

/// An execution.
pub(super) const EXECUTION: &str = "arn:aws:states:eu-west-1:123456789012:execution:export-table:nightly-1";
/// When it began.
pub(super) const STARTED_AT: &str = "2026-03-01T02:00:00Z";
/// The folder of its export of `orders`.
pub(super) const FOLDER: &str = "exports/orders/2026-03-01-02-00-00/";

/// A run that writes this format, of which a call takes one page.
pub(super) fn run_json(format: &str, compression: &str) -> Value {
    json!({
        "startedAt": STARTED_AT, "timestamp": "2026-03-01-02-00-00", "frequency": "Daily", "format": format,
        "nullTag": "nULL", "compression": compression, "consistentRead": true, "bucket": "bucket",
        "prefix": "exports/", "segments": 0, "mostSegments": 64, "maxReadCapacityUnits": 0, "managed": false,
        "deadline": "2026-03-01T03:00:00Z", "secondsPerCall": 0
    })
}

/// The same as a value.
pub(crate) fn run(format: &str, compression: &str) -> Run {
    serde_json::from_value(run_json(format, compression)).unwrap()
}

/// The plan of `orders` in so many segments.
pub(super) fn plan(segments: u32) -> Plan {
    serde_json::from_value(plan_json(segments)).unwrap()
}

/// The same as JSON.
pub(super) fn plan_json(segments: u32) -> Value {
    json!({
        "tableName": "orders", "tableArn": arn("orders"), "tableId": "id-of-orders", "folder": FOLDER,
        "exportId": "01772330400000-0d20b12c", "segments": segments, "exportTime": "2026-03-01T02:00:05Z",
        "notes": []
    })
}

/// A table `orders` with so many items of all types, some of which hold empty collections.
pub(super) fn orders(items: usize) -> FakeStore {
    let store = FakeStore::default().with_table("orders", &["id"]);
    (0..items).fold(store, |store, number| store.with_item("orders", &item(number)))
}

/// The item of this number: each third holds an empty list, or map.
pub(super) fn item(number: usize) -> String {
    let more = match number % 6 {
        0 => r#""list":{"L":[]}"#,
        3 => r#""map":{"M":{"deep":{"M":{}}}}"#,
        1 => r#""null":{"NULL":true},"set":{"SS":["a","\"L\":[]"]}"#,
        _ => r#""list":{"L":[{"N":"1.50"},{"BOOL":false},{"B":"AAEC"}]},"name":{"S":"Zoë\n"}"#,
    };
    format!(r#"{{"id":{{"S":"{number:05}"}},{more}}}"#)
}

/// Writes all parts of all segments and the manifests, step after step, as the state machine does. A step that fails is
/// tried again as it was called, `tries` times in all.
pub(super) async fn export(store: &FakeStore, run: &Value, plan: &Value, mut tries: usize) -> Value {
    let clients = store.clients();
    let segment_step = ExportSegment::at(&clients, Clock::Fixed(STARTED_AT.parse().unwrap()));
    for segment in 0..plan["segments"].as_u64().unwrap() {
        let mut next = json!({ "part": 0, "cursor": null });
        loop {
            let input = json!({ "executionArn": EXECUTION, "run": run, "plan": plan, "segment": segment,
                "part": next["part"], "cursor": next["cursor"] });
            match segment_step.run_json(input).await {
                Ok(output) if output["done"] == true => break,
                Ok(output) => next = output,
                Err(failure) => {
                    tries = tries.checked_sub(1).unwrap_or_else(|| panic!("{failure}"));
                }
            }
        }
    }
    loop {
        match finish(store, run, plan).await {
            Ok(report) => return report,
            Err(failure) => tries = tries.checked_sub(1).unwrap_or_else(|| panic!("{failure}")),
        }
    }
}

/// The end of an export.
pub(super) async fn finish(store: &FakeStore, run: &Value, plan: &Value) -> Result<Value, Failure> {
    let input = json!({ "executionArn": EXECUTION, "run": run, "plan": plan, "settings": null,
        "settingsFailure": null, "notes": [] });
    FinishExport::new(&store.clients()).unwrap().run_json(input).await
}

/// The lines of all data files that the manifest names, in its order.
pub(crate) fn exported(store: &FakeStore, manifest: &str) -> Vec<String> {
    let files = export_manifest::read_files(store.text(manifest).unwrap().as_bytes()).unwrap();
    let mut lines = Vec::new();
    for file in files {
        let object = store.state().objects[&file.data_file_s3_key].clone();
        assert_eq!(object.etag, file.etag, "{file:?}");
        assert_eq!(Some(export_manifest::md5_of(&object.body)), file.md5_checksum, "{file:?}");
        let mut reader = LineReader::new(Compression::of_key(&file.data_file_s3_key), 1 << 20);
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
pub(super) fn expected(store: &FakeStore, format: Format) -> Vec<String> {
    let line = |item: String| {
        let mut line = Vec::new();
        item_formats::write_line(format, item.as_bytes(), &mut line).unwrap();
        String::from_utf8(line).unwrap().trim_end().to_owned()
    };
    let mut lines: Vec<String> = store.items("orders").into_iter().map(line).collect();
    lines.sort();
    lines
}
