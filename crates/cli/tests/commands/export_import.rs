//! `tablekeeper export` and `tablekeeper import` on tables of the local stack.

use std::collections::{BTreeMap, HashMap};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use serde_json::Value;

use crate::shell::{CommandOutput, Shell, stack};

type Item = HashMap<String, AttributeValue>;

/// An account with the empty tables `orders` and `copy`.
struct Account(Shell);

impl Deref for Account {
    type Target = Shell;

    fn deref(&self) -> &Shell {
        &self.0
    }
}

impl Account {
    async fn new(name: &'static str) -> Account {
        let shell = Shell::new(name).await;
        for table in ["orders", "copy"] {
            shell.create(table, "id", false).await;
        }
        Account(shell)
    }

    async fn put(&self, table: &str, items: Vec<Item>) {
        for batch in items.chunks(25) {
            let request = |item: &Item| {
                let put = PutRequest::builder().set_item(Some(item.clone())).build().unwrap();
                WriteRequest::builder().put_request(put).build()
            };
            let requests = batch.iter().map(request).collect();
            let write = self.dynamodb.batch_write_item().request_items(table, requests).send();
            assert!(write.await.unwrap().unprocessed_items().is_none_or(HashMap::is_empty));
        }
    }

    /// Returns the table's items by their keys.
    async fn items(&self, table: &str) -> BTreeMap<String, Item> {
        let mut pages = self.dynamodb.scan().table_name(table).into_paginator().items().send();
        let mut items = BTreeMap::new();
        while let Some(item) = pages.next().await {
            let item = item.unwrap();
            let id = item.get("id").unwrap().as_s().unwrap().clone();
            assert!(items.insert(id, item).is_none());
        }
        items
    }
}

/// Returns the location of the manifest from the last line.
fn manifest_of(reported: &CommandOutput) -> String {
    reported.data.lines().last().unwrap().to_owned()
}

fn item_of(id: &str, more: impl IntoIterator<Item = (&'static str, AttributeValue)>) -> Item {
    let more = more.into_iter().map(|(name, value)| (name.to_owned(), value));
    more.chain([("id".to_owned(), AttributeValue::S(id.to_owned()))]).collect()
}

/// Returns one item with every type, and 60 more so that there are several files.
fn all_types() -> Vec<Item> {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let blob = |bytes: &[u8]| Blob::new(bytes);
    let map = HashMap::from([("a\"b".to_owned(), text("ü\n")), ("e".to_owned(), AttributeValue::L(vec![]))]);
    let all = item_of(
        "all",
        [
            ("s", text("")),
            ("n", AttributeValue::N("-12345678901234567890.123456789".to_owned())),
            ("b", AttributeValue::B(blob(b"\0\xff"))),
            ("bool", AttributeValue::Bool(false)),
            ("null", AttributeValue::Null(true)),
            ("m", AttributeValue::M(map)),
            ("l", AttributeValue::L(vec![AttributeValue::Null(true), text("x")])),
            ("ss", AttributeValue::Ss(vec!["a".to_owned()])),
            ("ns", AttributeValue::Ns(vec!["1".to_owned()])),
            ("bs", AttributeValue::Bs(vec![blob(b"z")])),
        ],
    );
    (0..60).map(|number| item_of(&format!("{number:03}"), [("s", text("…"))])).chain([all]).collect()
}

/// Returns items of 5 KB: each of four segments has several pages.
fn many() -> Vec<Item> {
    let filling = AttributeValue::S("x".repeat(5000));
    (0..4000).map(|number| item_of(&format!("{number:05}"), [("filling", filling.clone())])).collect()
}

/// Waits for a condition while the process is running.
async fn until(child: &mut tokio::process::Child, mut is_there: impl FnMut() -> bool) {
    let waiting = async {
        while !is_there() {
            assert!(child.try_wait().unwrap().is_none(), "it ended too early");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(120), waiting).await.unwrap();
    assert!(child.try_wait().unwrap().is_none(), "it ended too early");
}

/// Returns every file below a directory.
fn files(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// Returns the records of complete parts.
fn records(directory: &Path) -> Vec<PathBuf> {
    let is_record = |path: &PathBuf| {
        path.parent().unwrap().ends_with("parts") && path.extension().is_some_and(|ending| ending == "json")
    };
    files(directory).into_iter().filter(is_record).collect()
}

#[tokio::test]
async fn every_type_survives_every_format_in_a_directory() {
    let account = Account::new("430000000001").await;
    account.put("orders", all_types()).await;
    let expected = account.items("orders").await;
    for (place, options) in [
        ("native", &["--segments", "2", "--consistent-read"][..]),
        ("plain", &["--format", "plain", "--compression", "zstd", "--frequency", "daily"]),
        ("pipeline", &["--format", "data-pipeline", "--null-tag", "nULLValue", "--compression", "none"]),
    ] {
        let reported = account.done(&[&["export", "orders", "--to", place], options].concat()).await;
        let manifest = manifest_of(&reported);
        assert!(manifest.starts_with(&format!("{place}/orders/20")), "{}", reported.data);
        assert!(manifest.ends_with("/manifest-summary.json"), "{}", reported.data);
        assert!(reported.remarks.contains("\nexported 61 items ("), "{}", reported.remarks);
        assert!(reported.remarks.starts_with("exporting orders in "), "{}", reported.remarks);
        let summary: Value =
            serde_json::from_slice(&std::fs::read(account.path(&manifest)).unwrap()).unwrap();
        assert_eq!(summary.get("itemCount"), Some(&Value::from(61)));
        assert!(!files(&account.path(place)).iter().any(|path| path.to_string_lossy().ends_with(".upload")));

        let folder = Path::new(&manifest).ancestors().find(|path| path.parent().unwrap().ends_with("orders"));
        let reported = account
            .done(&["import", "copy", "--from", folder.unwrap().to_str().unwrap(), "--merge", "--yes"])
            .await;
        let line = reported.data.lines().last().unwrap();
        assert!(line.starts_with("copy: 61 items from ") && line.ends_with(&manifest), "{line}");
        assert_eq!(account.items("copy").await, expected, "{place}");
        let left = files(account.directory.path());
        assert!(!left.iter().any(|path| path.to_string_lossy().contains(".tablekeeper-import")), "{left:?}");
        account.dynamodb.delete_table().table_name("copy").send().await.unwrap();
        account.create("copy", "id", false).await;
    }
}

#[tokio::test]
async fn a_bucket_works_like_a_directory_and_json_is_one_object() {
    let account = Account::new("430000000002").await;
    account.s3.create_bucket().bucket("exports-430000000002").send().await.unwrap();
    account.put("orders", all_types()).await;
    let reported = account
        .done(&[
            "export",
            "orders",
            "--to",
            "s3://exports-430000000002/a/b/",
            "--frequency",
            "weekly",
            "--json",
        ])
        .await;
    let report = reported.json();
    let text = |name: &str| report.get(name).unwrap().as_str().unwrap().to_owned();
    let manifest = text("manifest");
    assert!(manifest.starts_with("s3://exports-430000000002/a/b/orders/20"), "{manifest}");
    assert!(text("settings").ends_with("/settings.json"), "{report}");
    assert_eq!((text("table"), report.get("itemCount")), ("orders".to_owned(), Some(&Value::from(61))));
    assert_eq!(report.get("files"), Some(&Value::from(1)));
    let key = manifest.strip_prefix("s3://exports-430000000002/").unwrap();
    let tags = account.s3.get_object_tagging().bucket("exports-430000000002").key(key).send().await.unwrap();
    let tags: BTreeMap<&str, &str> = tags.tag_set().iter().map(|tag| (tag.key(), tag.value())).collect();
    assert_eq!(tags, BTreeMap::from([("TableName", "orders"), ("Frequency", "Weekly")]));

    let reported = account.done(&["import", "copy", "--from", &manifest, "--json"]).await;
    let report = reported.json();
    assert_eq!(report.get("itemCount"), Some(&Value::from(61)), "{report}");
    assert_eq!(report.get("from"), Some(&Value::from(manifest.clone())));
    assert_eq!(account.items("copy").await, account.items("orders").await);
    assert!(files(account.directory.path()).is_empty(), "the cursor file goes away");

    let full = account.run(&["import", "copy", "--from", &manifest]).await;
    let expected = "error: table copy holds items; with --merge they stay, and those with the same keys are replaced \
                    (TableNotEmpty)\n";
    assert_eq!((full.code, full.remarks.as_str(), full.data.as_str()), (Some(2), expected, ""));
}

#[tokio::test]
async fn killed_exports_and_interrupted_imports_resume() {
    let account = Account::new("430000000003").await;
    account.put("orders", many()).await;
    let place = account.path("out");
    let export =
        ["export", "orders", "--to", "out", "--format", "plain", "--compression", "none", "--segments"];
    let slow = ["4", "--max-rate", "200", "--seconds-per-file", "1"];
    let mut child = account.command(&[&export[..], &slow].concat()).await.spawn().unwrap();
    until(&mut child, || !records(&place).is_empty()).await;
    child.kill().await.unwrap();
    let (adopted, all) = (records(&place), files(&place));
    assert!(
        !adopted.is_empty() && !all.iter().any(|path| path.ends_with("manifest-summary.json")),
        "{all:?}"
    );

    for (option, value, expected) in [
        ("--format", "data-pipeline", "--format is data-pipeline, but the export in `orders/20"),
        ("--compression", "zstd", "--compression is zstd, "),
        ("--segments", "3", "--segments is 3, "),
        ("--frequency", "daily", "--frequency is Daily, "),
    ] {
        let refused = account.run(&["export", "orders", "--to", "out", "--resume", option, value]).await;
        assert_eq!(refused.code, Some(2), "{}", refused.remarks);
        assert!(refused.remarks.starts_with(&format!("error: {expected}")), "{}", refused.remarks);
    }
    let consistent = account.run(&["export", "orders", "--to", "out", "--resume", "--consistent-read"]).await;
    assert_eq!(consistent.code, Some(2), "{}", consistent.remarks);

    let before: Vec<Vec<u8>> = adopted.iter().map(|path| std::fs::read(path).unwrap()).collect();
    let fast = account.done(&["export", "orders", "--to", "out", "--resume", "--max-rate", "100000"]).await;
    assert!(fast.remarks.contains("exported 4,000 items ("), "{}", fast.remarks);
    let after: Vec<Vec<u8>> = adopted.iter().map(|path| std::fs::read(path).unwrap()).collect();
    assert_eq!(before, after, "parts that were whole are adopted, not written again");
    let data = files(&place).into_iter().filter(|path| path.to_string_lossy().contains("/orders-manual-"));
    assert!(!files(&place).iter().any(|path| path.to_string_lossy().ends_with(".upload")));
    let lines: Vec<String> = data
        .flat_map(|path| {
            std::fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect::<Vec<_>>()
        })
        .collect();
    let ids: std::collections::BTreeSet<String> = lines
        .iter()
        .map(|line| serde_json::from_str::<Value>(line).unwrap().pointer("/id/S").unwrap().to_string())
        .collect();
    assert_eq!((lines.len(), ids.len()), (4000, 4000));
    let nothing = account.run(&["export", "orders", "--to", "out", "--resume"]).await;
    assert_eq!(nothing.code, Some(2), "{}", nothing.remarks);
    let expected =
        "error: nothing to resume: no incomplete export of orders below out that the command line began. Run";
    assert!(nothing.remarks.starts_with(expected), "{}", nothing.remarks);

    import_that_is_interrupted(&account, &manifest_of(&fast)).await;
}

async fn import_that_is_interrupted(account: &Account, manifest: &str) {
    let import = ["import", "copy", "--from", manifest, "--max-rate"];
    let state = account.path(manifest).parent().unwrap().join(".tablekeeper-import-copy.json");
    let written = || {
        let state: Option<Value> = serde_json::from_slice(&std::fs::read(&state).ok()?).ok()?;
        let segments = state?.get("segments")?.as_array()?.clone();
        Some(segments.iter().map(|segment| segment.get("items").unwrap().as_u64().unwrap()).sum::<u64>())
    };
    let mut child = account.command(&[&import[..], &["2000"]].concat()).await.spawn().unwrap();
    until(&mut child, || written() >= Some(500)).await;
    let id = child.id().unwrap().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let reported = CommandOutput::from_output(child.wait_with_output().await.unwrap());
    assert_eq!(reported.code, Some(130), "{}", reported.remarks);
    assert!(
        reported.remarks.contains("interrupted; ") && reported.remarks.contains("--resume"),
        "{}",
        reported.remarks
    );
    let known = written().unwrap();
    assert!((500..4000).contains(&known), "{known}");

    let full = account.run(&import[..4]).await;
    assert_eq!(full.code, Some(2), "{}", full.remarks);
    assert!(full.remarks.contains("; with --resume the import in "), "{}", full.remarks);
    let segments = account.run(&[&import[..4], &["--resume", "--segments", "1"]].concat()).await;
    assert_eq!(segments.code, Some(2), "{}", segments.remarks);
    assert!(segments.remarks.starts_with("error: --segments differs from that in "), "{}", segments.remarks);

    // A changed file is noticed before anything is written.
    let data = files(state.parent().unwrap());
    let data = data.iter().find(|path| path.to_string_lossy().contains("/orders-manual-")).unwrap();
    let content = std::fs::read(data).unwrap();
    std::fs::write(data, [&content[..], b"\n"].concat()).unwrap();
    let changed = account.run(&[&import[..4], &["--resume"]].concat()).await;
    assert_eq!(changed.code, Some(2), "{}", changed.remarks);
    assert!(changed.remarks.contains("(ImportChanged)"), "{}", changed.remarks);
    std::fs::write(data, &content).unwrap();

    stack().await.proxy().forget_calls(account.name);
    let reported = account.done(&[&import[..4], &["--resume"]].concat()).await;
    assert!(reported.data.starts_with("copy: 4,000 items from "), "{}", reported.data);
    let calls = stack().await.proxy().calls(account.name);
    let writes = calls.iter().filter(|call| call.action == "dynamodb:BatchWriteItem").count();
    assert!(writes > 0 && writes < 160, "written items are skipped: {writes} requests");
    assert_eq!(account.items("copy").await, account.items("orders").await);
    assert!(!state.exists());
    let nothing = account.run(&[&import[..4], &["--resume"]].concat()).await;
    assert_eq!(nothing.code, Some(2), "{}", nothing.remarks);
    assert!(nothing.remarks.contains("Run without --resume to start a new import"), "{}", nothing.remarks);
}

#[tokio::test]
async fn refusals_have_their_message() {
    let account = Account::new("430000000004").await;
    std::fs::write(account.path("file"), "").unwrap();
    std::fs::create_dir(account.path("empty")).unwrap();
    std::fs::create_dir(account.path("lines")).unwrap();
    std::fs::write(account.path("lines/a.json"), "{\"id\":{\"S\":\"1\"}}\n{\"id\":1}\n").unwrap();
    for (line, code, expected) in [
        (
            "export nowhere --to out",
            2,
            "table nowhere does not exist, so it cannot be exported (SourceTableMissing)",
        ),
        (
            "export a:b --to out",
            2,
            "TABLE is `a:b`; it must be a table name (3 to 255 letters, digits, `_`, `-` or `.`)",
        ),
        (
            "export orders --to ftp://x/y",
            2,
            "--to is `ftp://x/y`; it must be s3://bucket/prefix or a directory",
        ),
        ("export orders --to file", 2, "--to is `file`, which is not a directory"),
        ("export orders --to out --null-tag nULL", 2, "--null-tag only applies to --format data-pipeline"),
        ("export orders --to s3://missing-430000000004/x", 1, "s3:PutObject"),
        ("import nowhere --from lines --format plain", 2, "table nowhere does not exist; "),
        ("import copy --from s3:/x", 2, "--from is `s3:/x`; it must be s3://bucket/prefix or"),
        ("import copy --from nonsense://x", 2, "--from is `nonsense://x`; it must be s3://bucket/prefix or"),
        ("import copy --from file", 2, "--format is missing, and no manifest has it"),
        ("import copy --from empty", 1, "empty/: there are no files (InvalidExport)"),
        ("import copy --from lines", 2, "--format is missing, and no manifest has it"),
    ] {
        let reported = account.run(&line.split(' ').collect::<Vec<_>>()).await;
        assert_eq!((reported.code, reported.data.as_str()), (Some(code), ""), "{line}: {}", reported.remarks);
        let error = reported.remarks.lines().last().unwrap();
        assert!(error.starts_with(&format!("error: {expected}")), "{line}: {}", reported.remarks);
    }
    let broken = account.run(&["import", "copy", "--from", "lines", "--format", "plain"]).await;
    assert_eq!(broken.code, Some(1));
    assert!(broken.remarks.contains("lines/a.json: line 2 is not an item: "), "{}", broken.remarks);
    assert!(broken.remarks.ends_with("(InvalidExport)\n"), "{}", broken.remarks);
    assert!(!broken.remarks.contains("--resume"), "{}", broken.remarks);
    assert!(
        broken.remarks.contains("nothing was written; fix the file and start again\n"),
        "{}",
        broken.remarks
    );
    std::fs::write(account.path("lines/a.json"), "{\"id\":{\"S\":\"1\"}}\n{\"id\":{}}\n").unwrap();
    let changed = account.run(&["import", "copy", "--from", "lines", "--format", "plain", "--resume"]).await;
    assert_eq!(changed.code, Some(2), "{}", changed.remarks);
    assert!(changed.remarks.contains("(ImportChanged)"), "{}", changed.remarks);
}
