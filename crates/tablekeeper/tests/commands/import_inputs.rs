//! What people and other tools give an import: read where it can be, and else called by its name.

use std::path::Path;

use item_formats::{Compression, Compressor};
use serde_json::json;
use tablekeeper_functions::export_manifest::{DataFile, ManifestSummary, OutputFormat, md5_of, write_files};
use tablekeeper_tests::items_of;

use crate::shell::Shell;

const LINE: &str = "{\"Item\":{\"id\":{\"S\":\"1\"}}}\n";

fn gzip(text: &str) -> Vec<u8> {
    let mut compressor = Compressor::new(Compression::Gzip);
    compressor.push(text.as_bytes()).unwrap();
    let mut bytes = compressor.take();
    bytes.extend(compressor.finish().unwrap());
    bytes
}

fn write(folder: &Path, name: &str, content: impl AsRef<[u8]>) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}

#[tokio::test]
async fn what_is_no_line_of_an_item_is_called_by_its_name() {
    let shell = Shell::new("430000000011").await;
    shell.create("copy", "id", false).await;
    write(&shell.path("bom"), "items.json", format!("\u{feff}{LINE}"));
    let item = json!({ "Item": { "id": { "S": "1" } } });
    write(&shell.path("pretty"), "items.json", serde_json::to_string_pretty(&item).unwrap());
    write(&shell.path("gzip"), "snapshot", gzip(LINE));
    write(&shell.path("not-gzip"), "items.json.gz", LINE);
    write(&shell.path("dump/orders"), "schema.json", "{}");
    write(&shell.path("dump/orders/data"), "0001.json", "{\n    \"Items\": []\n}");
    for (folder, words) in [
        ("bom", "the file begins with a byte order mark; write it as UTF-8 without one"),
        ("pretty", "each item has to stand on one line, whole"),
        ("gzip", "the file is compressed with gzip: let its name end in .gz, or say gzip as the compression"),
        ("not-gzip", "it is not gzip, whatever its name"),
        ("dump", "`orders/schema.json` beside `orders/data/` is a dump of dynamodump's"),
    ] {
        let told = shell.run(&["import", "copy", "--from", folder, "--format", "dynamodb-json"]).await;
        assert_eq!((told.code, told.data.as_str()), (Some(1), ""), "{folder}: {}", told.remarks);
        let error = told.remarks.lines().last().unwrap();
        assert!(error.contains(words) && error.ends_with("(InvalidExport)"), "{folder}: {error}");
        assert!(!told.remarks.contains("--resume"), "{folder}: {}", told.remarks);
        assert!(items_of(&shell.dynamodb, "copy").await.is_empty(), "{folder}");
    }
    let gzipped = ["import", "copy", "--from", "gzip", "--format", "dynamodb-json", "--compression", "gzip"];
    assert!(shell.done(&gzipped).await.data.contains(": 1 items"));
    assert_eq!(items_of(&shell.dynamodb, "copy").await, [json!({ "id": { "S": "1" } })]);
}

#[tokio::test]
async fn manifests_of_other_writers_are_read() {
    let shell = Shell::new("430000000012").await;
    shell.create("unchecked", "id", false).await;
    shell.create("zero", "id", false).await;
    // Without MD5s, and with keys that are relative.
    let folder = shell.path("relative");
    let list = "{\"itemCount\":1,\"dataFileS3Key\":\"data/00000.json.gz\"}\n";
    write(&folder, "manifest-files.json", list);
    let summary = r#"{"version":"2020-06-30","manifestFilesS3Key":"manifest-files.json","itemCount":1,"outputFormat":"DYNAMODB_JSON"}"#;
    write(&folder, "manifest-summary.json", summary);
    write(&folder, "data/00000.json.gz", gzip(LINE));
    let told = shell.done(&["import", "unchecked", "--from", "relative"]).await;
    let words =
        "note: the manifest has no md5Checksum of 1 of its files; their items are counted, and what else";
    assert!(told.remarks.contains(words), "{}", told.remarks);
    assert_eq!(items_of(&shell.dynamodb, "unchecked").await.len(), 1);
    // The count is still held against it.
    write(&folder, "data/00000.json.gz", gzip(&LINE.repeat(2)));
    let told = shell.run(&["import", "unchecked", "--from", "relative", "--merge"]).await;
    assert!(told.code == Some(1) && told.remarks.contains("(InvalidExport)"), "{}", told.remarks);

    // With a file of no bytes, for a partition without items.
    let folder = shell.path("zero/AWSDynamoDB/01777863600000-ab12cd34");
    let files = [("data/a.json.gz", gzip(LINE), 1), ("data/b.json.gz", Vec::new(), 0)];
    let entries: Vec<DataFile> = files
        .iter()
        .map(|(name, content, item_count)| DataFile {
            item_count: *item_count,
            md5_checksum: Some(md5_of(content)),
            etag: String::new(),
            data_file_s3_key: format!("AWSDynamoDB/01777863600000-ab12cd34/{name}"),
        })
        .collect();
    let key = "AWSDynamoDB/01777863600000-ab12cd34/manifest-files.json".to_owned();
    let summary =
        ManifestSummary { item_count: 1, ..ManifestSummary::of_full_export(key, OutputFormat::DynamodbJson) };
    write(&folder, "manifest-files.json", write_files(&entries));
    write(&folder, "manifest-summary.json", summary.write());
    write(&folder, "_started", "");
    files.iter().for_each(|(name, content, _)| write(&folder, name, content));
    let told = shell.done(&["import", "zero", "--from", "zero"]).await;
    assert!(told.data.contains(": 1 items from 2 files"), "{}", told.data);
    assert!(!told.remarks.contains("md5Checksum"), "{}", told.remarks);
}
