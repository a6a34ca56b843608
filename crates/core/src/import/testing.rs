//! Fixtures for the tests of several steps.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that goes wrong is to panic"
)]

use item_formats::{Compressor, NullTag, write_line};
use serde_json::{Value, json};

use crate::export::manifest;
use crate::export::manifest::{DataFile, ManifestSummary, OutputFormat, md5_of, write_files};
use crate::testing::fake_store::FakeStore;

/// ARN of an execution.
pub const EXECUTION: &str = "arn:aws:states:eu-west-1:123456789012:execution:import-table:by-hand";
/// Folder of an export.
pub const FOLDER: &str = "orders/2026-03-01-02-00-00/";

/// Returns a fake AWS with an empty table `orders`.
pub fn aws() -> FakeStore {
    FakeStore::default().with_table("orders", &["id"])
}

/// Returns an item as DynamoDB JSON with sorted fields.
pub fn item(number: usize, text: &str) -> String {
    format!(r#"{{"id":{{"S":"{number}"}},"text":{{"S":"{text}"}}}}"#)
}

/// Returns the items with these numbers.
pub fn items(numbers: std::ops::Range<usize>) -> Vec<String> {
    numbers.map(|number| item(number, &format!("text of {number}"))).collect()
}

/// Returns a data file with these items.
pub fn data(format: OutputFormat, compression: item_formats::Compression, items: &[String]) -> Vec<u8> {
    let format = match format {
        OutputFormat::DynamodbJson => item_formats::Format::DynamodbJson,
        OutputFormat::DataPipeline => item_formats::Format::DataPipeline(NullTag::Null),
        OutputFormat::Plain => item_formats::Format::Plain,
    };
    let mut lines = Vec::new();
    for item in items {
        write_line(format, item.as_bytes(), &mut lines).unwrap();
    }
    let mut compressor = Compressor::new(compression);
    compressor.push(&lines).unwrap();
    let mut bytes = compressor.take();
    bytes.extend(compressor.finish().unwrap());
    bytes
}

/// Part of the name of a file that is empty, whatever its ending.
pub const ZERO_BYTES: &str = "zero-bytes";

/// Returns the objects of an export in [`FOLDER`], with their keys. Its manifest names another folder. Files with
/// [`ZERO_BYTES`] in their names are empty.
pub fn export(format: OutputFormat, files: &[(&str, Vec<String>)]) -> Vec<(String, Vec<u8>)> {
    let mut objects = Vec::new();
    let mut entries = Vec::new();
    for (name, items) in files {
        let content = match name.contains(ZERO_BYTES) {
            true => Vec::new(),
            false => data(format, item_formats::Compression::from_key(name), items),
        };
        entries.push(DataFile {
            item_count: items.len() as u64,
            md5_checksum: Some(md5_of(&content)),
            etag: "of-another-bucket".to_owned(),
            data_file_s3_key: format!("where/it/was/{name}"),
        });
        objects.push((format!("{FOLDER}{name}"), content));
    }
    let list = write_files(&entries);
    let key = format!("where/it/was/{}", manifest::FILES);
    let mut summary = ManifestSummary::from_full_export(key, format);
    summary.item_count = entries.iter().map(|entry| entry.item_count).sum();
    let summary = summary.write();
    for (name, content) in [
        (manifest::FILES_MD5, md5_of(&list).into_bytes()),
        (manifest::FILES, list),
        (manifest::SUMMARY_MD5, format!("{}\n", md5_of(&summary)).into_bytes()),
        (manifest::SUMMARY, summary),
    ] {
        objects.push((format!("{FOLDER}{name}"), content));
    }
    objects
}

/// Adds these objects to a fake AWS.
pub fn with_objects(aws: FakeStore, objects: Vec<(String, Vec<u8>)>) -> FakeStore {
    objects.into_iter().fold(aws, |aws, (key, content)| aws.with_object(&key, content))
}

/// Returns a fake AWS with an export of three files with 70, 0 and 3 items.
pub fn with_export() -> FakeStore {
    let files =
        [("data/a.json.gz", items(0..70)), ("data/b.json.gz", Vec::new()), ("data/c.json.gz", items(70..73))];
    with_objects(aws(), export(OutputFormat::DynamodbJson, &files))
}

/// Returns the input of `plan-import` with these fields added or replaced.
pub fn plan_input(more: Value) -> Value {
    let mut input = json!({ "TableName": "orders", "From": format!("s3://exports/{FOLDER}") });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({ "executionArn": EXECUTION, "executionInput": input,
        "defaults": { "segments": "0", "maxWriteCapacityUnits": "0", "secondsPerCall": "600" } })
}

/// Returns the items of `orders`, sorted, each as JSON with sorted fields.
pub fn table(aws: &FakeStore) -> Vec<String> {
    sorted(aws.items("orders").iter().map(String::as_str))
}

/// Returns items in the form of [`table`].
pub fn sorted<'a>(items: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut items: Vec<String> =
        items.map(|item| serde_json::from_str::<Value>(item).unwrap().to_string()).collect();
    items.sort();
    items
}
