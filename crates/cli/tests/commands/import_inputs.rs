//! Import of files by people and other tools: each is either read, or refused with its kind.

use std::path::Path;

use item_formats::{Compression, Compressor};
use serde_json::json;
use tablekeeper_core::export::manifest::{DataFile, ManifestSummary, OutputFormat, md5_of, write_files};
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
async fn files_that_are_not_lines_of_items_are_refused_with_their_kind() {
    let shell = Shell::new("430000000011").await;
    shell.create("copy", "id", false).await;
    write(&shell.path("bom"), "items.json", format!("\u{feff}{LINE}"));
    let item = json!({ "Item": { "id": { "S": "1" } } });
    write(&shell.path("pretty"), "items.json", serde_json::to_string_pretty(&item).unwrap());
    write(&shell.path("gzip"), "snapshot", gzip(LINE));
    write(&shell.path("not-gzip"), "items.json.gz", LINE);
    write(&shell.path("dump/orders"), "schema.json", "{}");
    write(&shell.path("dump/orders/data"), "0001.json", "{\n    \"Items\": []\n}");
    for (folder, expected) in [
        ("bom", "the file begins with a byte order mark; write it as UTF-8 without one"),
        ("pretty", "each item must be on one line"),
        ("gzip", "the file is compressed with gzip; end its name in .gz, or set the compression to gzip"),
        ("not-gzip", "the file is not compressed with gzip"),
        ("dump", "`orders/schema.json` next to `orders/data/` is a dump of dynamodump"),
    ] {
        let reported = shell.run(&["import", "copy", "--from", folder, "--format", "dynamodb-json"]).await;
        assert_eq!((reported.code, reported.data.as_str()), (Some(1), ""), "{folder}: {}", reported.remarks);
        let error = reported.remarks.lines().last().unwrap();
        assert!(error.contains(expected) && error.ends_with("(InvalidExport)"), "{folder}: {error}");
        assert!(!reported.remarks.contains("--resume"), "{folder}: {}", reported.remarks);
        assert!(items_of(&shell.dynamodb, "copy").await.is_empty(), "{folder}");
    }
    let gzipped = ["import", "copy", "--from", "gzip", "--format", "dynamodb-json", "--compression", "gzip"];
    assert!(shell.done(&gzipped).await.data.contains(": 1 item "));
    assert_eq!(items_of(&shell.dynamodb, "copy").await, [json!({ "id": { "S": "1" } })]);
}

#[tokio::test]
async fn manifests_of_other_writers_are_read() {
    let shell = Shell::new("430000000012").await;
    shell.create("unchecked", "id", false).await;
    shell.create("zero", "id", false).await;
    // Without MD5s, and with relative keys.
    let folder = shell.path("relative");
    let list = "{\"itemCount\":1,\"dataFileS3Key\":\"data/00000.json.gz\"}\n";
    write(&folder, "manifest-files.json", list);
    let summary = r#"{"version":"2020-06-30","manifestFilesS3Key":"manifest-files.json","itemCount":1,"outputFormat":"DYNAMODB_JSON"}"#;
    write(&folder, "manifest-summary.json", summary);
    write(&folder, "data/00000.json.gz", gzip(LINE));
    let reported = shell.done(&["import", "unchecked", "--from", "relative"]).await;
    let expected =
        "note: the manifest has no md5Checksum of 1 of its files; their items are counted, but other changes";
    assert!(reported.remarks.contains(expected), "{}", reported.remarks);
    assert_eq!(items_of(&shell.dynamodb, "unchecked").await.len(), 1);
    // The number of items is still checked.
    write(&folder, "data/00000.json.gz", gzip(&LINE.repeat(2)));
    let reported = shell.run(&["import", "unchecked", "--from", "relative", "--merge", "--yes"]).await;
    assert!(reported.code == Some(1) && reported.remarks.contains("(InvalidExport)"), "{}", reported.remarks);

    // With an empty file, for a partition without items.
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
    let summary = ManifestSummary {
        item_count: 1,
        ..ManifestSummary::from_full_export(key, OutputFormat::DynamodbJson)
    };
    write(&folder, "manifest-files.json", write_files(&entries));
    write(&folder, "manifest-summary.json", summary.write());
    write(&folder, "_started", "");
    files.iter().for_each(|(name, content, _)| write(&folder, name, content));
    let reported = shell.done(&["import", "zero", "--from", "zero"]).await;
    assert!(reported.data.contains(": 1 item from 2 files"), "{}", reported.data);
    assert!(!reported.remarks.contains("md5Checksum"), "{}", reported.remarks);
}

/// Lines as written by a program that drops DynamoDB's types.
const UNTYPED: &str = concat!(
    "{\"id\":\"1\",\"price\":12345678901234567890.5,\"old\":null,\"seen\":true,\"tags\":[\"a\",\"b\"]}\n",
    "{\"id\":\"2\",\"photo\":{\"type\":\"Buffer\",\"data\":[104,105]},\"at\":{\"x\":0.10}}\n",
);

#[tokio::test]
async fn lines_without_types_are_imported_with_notes_on_possible_losses() {
    let shell = Shell::new("471000000001").await;
    for table in ["copy", "again"] {
        shell.create(table, "id", false).await;
    }
    write(&shell.path("snapshots"), "2026-03-01 02:00", UNTYPED);
    write(&shell.path("snapshots"), "2026-03-02 02:00", UNTYPED);
    let import = ["import", "copy", "--from", "snapshots/2026-03-01 02:00", "--format", "json"];
    let reported = shell.done(&import).await;
    assert!(
        reported.data.contains("copy: 2 items from 1 file of snapshots/2026-03-01 02:00"),
        "{}",
        reported.data
    );
    for expected in [
        "note: 1 values were null and were written as NULL; they may have been binaries or sets",
        "note: 1 objects were {\"type\":\"Buffer\",\"data\":[…]}, as Node.js writes a binary",
        "note: 1 arrays of strings or of numbers had no duplicates",
    ] {
        assert!(reported.remarks.contains(expected), "{}", reported.remarks);
    }
    let mut imported = items_of(&shell.dynamodb, "copy").await;
    imported.sort_by_key(|item| item["id"]["S"].to_string());
    let expected = [
        json!({ "id": { "S": "1" }, "price": { "N": "12345678901234567890.5" }, "old": { "NULL": true },
            "seen": { "BOOL": true }, "tags": { "L": [{ "S": "a" }, { "S": "b" }] } }),
        json!({ "id": { "S": "2" }, "at": { "M": { "x": { "N": "0.1" } } },
            "photo": { "M": { "type": { "S": "Buffer" }, "data": { "L": [{ "N": "104" }, { "N": "105" }] } } } }),
    ];
    assert_eq!(imported, expected);
    let json = [&["import", "again", "--from", import[3], "--format", "json"], &["--json"][..]].concat();
    let report: serde_json::Value = serde_json::from_str(&shell.done(&json).await.data).unwrap();
    assert_eq!(report["notes"].as_array().map(Vec::len), Some(3), "{report}");

    let several =
        shell.run(&["import", "copy", "--from", "snapshots", "--format", "json", "--merge", "--yes"]).await;
    assert_eq!(several.code, Some(1));
    assert!(
        several.remarks.contains("there are several snapshots of the whole table; name one of them"),
        "{}",
        several.remarks
    );
}

#[tokio::test]
async fn lines_with_other_key_types_or_another_format_are_refused() {
    let shell = Shell::new("471000000002").await;
    shell.create("copy", "id", false).await;
    write(&shell.path("number"), "a", "{\"id\":1}\n");
    write(&shell.path("typed"), "a", "{\"id\":{\"S\":\"1\"}}\n");
    write(&shell.path("wrapped"), "a", LINE);
    write(&shell.path("untyped"), "a", UNTYPED);
    for (folder, format, expected) in [
        (
            "number",
            "json",
            "line 1 is not an item: the key attribute `id` is a number, but that of the table is a string (`S`)",
        ),
        ("typed", "json", "the line has types, as in the format plain; use this format"),
        ("wrapped", "json", "the line has the format dynamodb-json; use this format"),
        ("untyped", "dynamodb-json", "the line has no types, as in the format json; use this format"),
    ] {
        let reported = shell.run(&["import", "copy", "--from", folder, "--format", format]).await;
        assert_eq!((reported.code, reported.data.as_str()), (Some(1), ""), "{folder}: {}", reported.remarks);
        let error = reported.remarks.lines().last().unwrap();
        assert!(error.contains(expected) && error.ends_with("(InvalidExport)"), "{folder}: {error}");
        assert!(items_of(&shell.dynamodb, "copy").await.is_empty(), "{folder}");
    }
}

#[tokio::test]
async fn the_first_item_is_checked_against_the_table_before_anything_is_written() {
    let shell = Shell::new("495000000006").await;
    shell.create("copy", "id", false).await;
    shell.create("other", "number", false).await;
    write(&shell.path("lines"), "a.json", "{\"id\":{\"S\":\"1\"}}\n");
    write(&shell.path("numbers"), "a.json", "{\"id\":{\"N\":\"1\"}}\n");
    for (table, from, format, expected) in [
        (
            "other",
            "lines",
            "plain",
            "the key attribute `number` is missing in the item that begins at byte 0; the key of table other is number (S) (InvalidExport)",
        ),
        (
            "copy",
            "numbers",
            "plain",
            "the key attribute `id` of line 1 is of type N; the key of table copy is id (S) (InvalidExport)",
        ),
        (
            "copy",
            "lines",
            "dynamodb-json",
            "the line has types, as in the format plain; use this format (InvalidExport)",
        ),
    ] {
        let command = ["import", table, "--from", from, "--format", format];
        let real = shell.run(&command).await;
        let dry = shell.run(&[&command[..], &["--dry-run"]].concat()).await;
        for reported in [&real, &dry] {
            assert_eq!((reported.code, reported.data.as_str()), (Some(1), ""), "{}", reported.remarks);
            let error = reported.remarks.lines().last().unwrap();
            assert!(error.ends_with(expected), "{error}");
        }
        assert!(items_of(&shell.dynamodb, table).await.is_empty());
    }
    assert!(!shell.path("lines/.tablekeeper-import-other.json").exists(), "nothing is left to resume");
}
