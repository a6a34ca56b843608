//! `--dry-run`: the commands say what they would do, and write nothing.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tablekeeper_tests::items_of;

use crate::incremental::support::{Account, item, passed_second, text};
use crate::shell::{CommandOutput, Shell, stack};

/// Everything that a command could write: the items and objects of the account, and the files of the directory.
async fn everything(shell: &Shell) -> BTreeMap<String, Vec<String>> {
    let mut found = BTreeMap::new();
    for table in shell.dynamodb.list_tables().send().await.unwrap().table_names() {
        let mut items: Vec<String> =
            items_of(&shell.dynamodb, table).await.iter().map(Value::to_string).collect();
        items.sort();
        found.insert(format!("table {table}"), items);
    }
    for bucket in shell.s3.list_buckets().send().await.unwrap().buckets() {
        let bucket = bucket.name().unwrap();
        let listed = shell.s3.list_object_versions().bucket(bucket).send().await.unwrap();
        let versions = listed.versions().iter();
        let versions = versions.map(|version| format!("{:?} {:?}", version.key(), version.version_id()));
        let markers = listed.delete_markers().iter().map(|marker| format!("marker {:?}", marker.key()));
        found.insert(format!("bucket {bucket}"), versions.chain(markers).collect());
    }
    let mut open = vec![shell.directory.path().to_owned()];
    let mut files = Vec::new();
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            files.push(path.display().to_string());
            if path.is_dir() {
                open.push(path);
            }
        }
    }
    files.sort();
    found.insert("files".to_owned(), files);
    found
}

/// Runs a command with `--dry-run`, which must write nothing, make no call that writes, and succeed.
async fn dry(shell: &Shell, arguments: &[&str]) -> CommandOutput {
    let before = everything(shell).await;
    stack().await.proxy().forget_calls(shell.name);
    let arguments = [arguments, &["--dry-run"]].concat();
    let reported = shell.done(&arguments).await;
    let writes = ["Put", "Delete", "Create", "Update", "BatchWrite", "Abort"];
    for call in stack().await.proxy().calls(shell.name) {
        let operation = call.action.split(':').nth(1).unwrap_or_default();
        assert!(!writes.iter().any(|verb| operation.starts_with(verb)), "{arguments:?}: {}", call.action);
    }
    assert_eq!(everything(shell).await, before, "{arguments:?}");
    assert!(reported.account.is_some(), "{arguments:?}");
    assert!(reported.remarks.ends_with("nothing was written (--dry-run)\n"), "{}", reported.remarks);
    reported
}

fn has(reported: &CommandOutput, rows: &[&str]) {
    for row in rows {
        assert!(reported.data.contains(row), "`{row}` is not in\n{}", reported.data);
    }
}

#[tokio::test]
async fn an_export_and_an_import_say_what_they_would_do() {
    let account = Account::new("490000000051").await;
    account.put("orders", &[item("1", "a"), item("2", "b")]).await;
    account.s3.create_bucket().bucket("exports-490000000051").send().await.unwrap();
    for to in ["out", "s3://exports-490000000051/daily"] {
        let reported = dry(&account, &["export", "orders", "--to", to]).await;
        assert!(reported.data.starts_with("would export orders in 1 segment\n"), "{}", reported.data);
        has(
            &reported,
            &[
                "\n  table      orders: ACTIVE, about 2 items, ",
                ", key id (S)\n",
                &format!("\n  to         {to}/orders/20"),
                "/ (new)\n",
                "\n  estimated  1 read unit\n",
            ],
        );
    }
    let missing = ["export", "orders", "--to", "s3://missing-490000000051/x", "--dry-run"];
    assert_eq!(account.run(&missing).await.code, Some(1));
    let nowhere = ["export", "nowhere", "--to", "out", "--dry-run"];
    assert_eq!(account.run(&nowhere).await.code, Some(2));

    account.done(&["export", "orders", "--to", "out"]).await;
    account.create("copy", "id", false).await;
    let reported = dry(&account, &["import", "copy", "--from", "out/latest"]).await;
    assert!(reported.data.starts_with("would import 1 file into copy\n"), "{}", reported.data);
    has(
        &reported,
        &[
            "\n  table      copy: ACTIVE, about 0 items, 0 B, key id (S)\n",
            "/manifest-summary.json (1 file, ",
            ", 2 items)\n",
            "\n  estimated  at least 2 write units, and more for indexes\n",
        ],
    );
    let reported = dry(&account, &["import", "new", "--from", "out/latest", "--create"]).await;
    has(&reported, &["\n  table      new does not exist\n", "\n  makes      table new as in "]);
    has(&reported, &["settings.json: key id (S), no index, on demand"]);
    // Without a terminal and --yes, an import would be refused here. Its dry run is not.
    let reported =
        dry(&account, &["import", "orders", "--from", "out/latest", "--merge", "--json"]).await.json();
    assert_eq!(
        (&reported["dryRun"], &reported["from"]["itemCount"], &reported["table"]["status"]),
        (&json!(true), &json!(2), &json!("ACTIVE"))
    );
    let full = account.run(&["import", "orders", "--from", "out/latest", "--dry-run"]).await;
    assert!(full.remarks.contains("table orders holds items; "), "{}", full.remarks);
    assert_eq!(full.code, Some(2));
    let full = account.run(&["import", "orders", "--from", "out/latest", "--create", "--dry-run"]).await;
    assert_eq!(full.code, Some(2), "{}", full.remarks);
}

#[tokio::test]
async fn the_commands_of_an_incremental_backup_say_what_they_would_do() {
    let account = Account::new("490000000052").await;
    account.create("copy", "id", false).await;
    account.put("orders", &[item("old", "a")]).await;
    let reported = dry(&account, &["backfill", "orders"]).await;
    assert!(reported.data.starts_with("would backfill orders in 1 segment\n"), "{}", reported.data);
    has(&reported, &["\n  to         s3://items-490000000052/items/\n", "\n  estimated  1 read unit\n"]);
    account.done(&["backfill", "orders"]).await;

    account.change("INSERT", "1", Some(&item("1", "a")), 1).await;
    let at = text(passed_second().await);
    let name = at.replace(':', "-");
    let folder = format!("s3://snapshots-490000000052/{name}/");
    let making = ["snapshot", "create", "orders", "--at", &at, "--settle", "0"];
    let reported = dry(&account, &making).await;
    let would = format!("would make the snapshot of {at} in 16 shards\n");
    assert!(reported.data.starts_with(&would), "{}", reported.data);
    has(&reported, &[&format!("\n  to         {folder} (new)\n"), "s3://items-490000000052/items/\n"]);
    let restoring = ["restore", "copy", "--at", &at, "--settle", "0"];
    let reported = dry(&account, &restoring).await;
    assert!(reported.data.starts_with(&would), "{}", reported.data);
    assert!(reported.remarks.contains("the snapshot would be restored into copy\n"), "{}", reported.remarks);

    account.done(&making).await;
    let reported = dry(&account, &making).await;
    assert!(reported.data.starts_with("would verify the existing snapshot\n"), "{}", reported.data);
    for restoring in [&restoring[..], &["restore", "copy", &name]] {
        let reported = dry(&account, restoring).await;
        assert!(reported.data.starts_with("would restore 16 files into copy\n"), "{}", reported.data);
        has(&reported, &[&format!("{folder}AWSDynamoDB/"), " (16 files, ", ", 2 items)\n"]);
    }

    let put = account.s3.put_object().bucket("given-up-490000000052").key("aws/lambda/x/1");
    put.body(b"{}".to_vec().into()).send().await.unwrap();
    let reported = dry(&account, &["replay", "orders"]).await;
    assert!(reported.data.starts_with("would apply the discarded changes of arn:"), "{}", reported.data);
    has(&reported, &["\n  from       s3://given-up-490000000052/aws/lambda/ (1 file, 2 B)\n"]);
}
