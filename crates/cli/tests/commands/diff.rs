//! `tablekeeper diff`: compares tables, exports and states of an incremental backup.

use std::time::Duration;

use chrono::TimeDelta;
use local_aws::Fault;
use serde_json::{Value, json};
use tablekeeper_core::item_history::coverage;
use tablekeeper_core::item_history::coverage::Coverage;

use crate::incremental::support::{Account, all_types, item, passed_second, text};
use crate::shell::CommandOutput;

/// Creates a table with items.
async fn with(account: &Account, table: &str, items: &[Value]) {
    account.create(table, "id", false).await;
    account.put(table, items).await;
}

/// The items of `all_types` with one missing, one more, and one with another digit.
fn damaged() -> Vec<Value> {
    let mut items = all_types();
    items.retain(|item| item["id"]["S"] != "007");
    items.push(item("new", "…"));
    let all = items.iter_mut().find(|item| item["id"]["S"] == "all").unwrap();
    all["n"]["N"] = "-12345678901234567890.123456788".into();
    items
}

fn refused(reported: &CommandOutput, expected: &str) {
    assert_eq!((reported.code, reported.data.as_str()), (Some(2), ""), "{}", reported.remarks);
    let line = reported.remarks.lines().last().unwrap();
    assert!(line.starts_with(&format!("error: {expected}")), "{}", reported.remarks);
}

#[tokio::test]
async fn every_difference_between_a_table_and_an_export_is_shown() {
    let account = Account::new("495000000001").await;
    account.put("orders", &all_types()).await;
    with(&account, "copy", &all_types()).await;
    with(&account, "damaged", &damaged()).await;
    let export = account.done(&["export", "orders", "--to", "out", "--segments", "3"]).await;
    let export = export.data.split_once("AWSDynamoDB/").unwrap().0.to_owned();

    let equal = account.done(&["diff", "orders", "copy"]).await;
    assert_eq!(equal.data, "equal: 31 items in table orders and in table copy\n");
    assert!(equal.remarks.starts_with("comparing table orders with table copy\n"), "{}", equal.remarks);
    let note = "note: table copy may be written to: such items may be reported as different\n";
    assert!(equal.remarks.contains(note), "{}", equal.remarks);
    account.done(&["diff", &export, "copy", "--segments", "5", "--consistent-read"]).await;
    // The settings document of an export says the key, and `latest` is the newest export.
    let latest = account.done(&["diff", "out/orders/latest", &export]).await;
    assert!(latest.data.starts_with("equal: 31 items in out/orders/"), "{}", latest.data);
    assert!(latest.remarks.starts_with("latest is out/orders/"), "{}", latest.remarks);

    let different = account.run(&["diff", &export, "damaged", "--output", "all.jsonl"]).await;
    assert_eq!(different.code, Some(3), "{}", different.remarks);
    let counts = format!(
        "equal               29\nmissing              1  only in {export}\nextra                1  only in table damaged\n\
         changed              1  in both, with other attributes\n"
    );
    let shown = different.data.strip_prefix(&counts).unwrap_or_else(|| panic!("{}", different.data));
    let mut blocks: Vec<&str> = shown.trim().split("\n\n").collect();
    blocks.sort_unstable();
    assert_eq!(
        blocks,
        [
            "changed {\"id\":{\"S\":\"all\"}}\n~ \"n\": {\"N\":\"-12345678901234567890.123456789\"} -> \
             {\"N\":\"-12345678901234567890.123456788\"}",
            "extra {\"id\":{\"S\":\"new\"}}",
            "missing {\"id\":{\"S\":\"007\"}}",
        ]
    );
    let output = std::fs::read_to_string(account.path("all.jsonl")).unwrap();
    let mut lines: Vec<Value> = output.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    lines.sort_by_key(ToString::to_string);
    let line = |kind: &str, id: &str| json!({ "kind": kind, "key": { "id": { "S": id } } });
    assert_eq!(lines, [line("changed", "all"), line("extra", "new"), line("missing", "007")]);

    // Without the permission to read single items, the keys are shown.
    account.refuse_after("dynamodb:GetItem", 0).await;
    let keys = account.run(&["diff", &export, "damaged"]).await;
    assert_eq!(keys.code, Some(3), "{}", keys.remarks);
    assert!(
        keys.remarks.contains("note: the changed items are not shown: dynamodb:GetItem"),
        "{}",
        keys.remarks
    );
    assert!(keys.data.contains("changed {\"id\":{\"S\":\"all\"}}\n"), "{}", keys.data);
    crate::shell::stack().await.proxy().clear_rules(account.name);

    // The other way round, missing and extra change places.
    let turned = account.run(&["diff", "damaged", "orders", "--json", "--show", "1"]).await;
    assert_eq!(turned.code, Some(3), "{}", turned.remarks);
    let report = turned.json();
    assert_eq!(report["expected"], json!({ "name": "table damaged", "items": 31, "repeated": 0 }));
    assert_eq!([&report["missing"], &report["extra"], &report["changed"]], [1, 1, 1]);
    assert_eq!(report["differences"].as_array().unwrap().len(), 1);
    let left: Vec<_> = std::fs::read_dir(account.directory.path()).unwrap().collect();
    assert_eq!(left.len(), 2, "only the export and the output are left: {left:?}");
}

#[tokio::test]
async fn a_second_of_an_incremental_backup_is_a_side() {
    let account = Account::new("495000000002").await;
    let before: Vec<Value> = (0..10).map(|number| item(&format!("{number:03}"), "old")).collect();
    for (number, item) in (0..).zip(&before) {
        account.change("INSERT", item["id"]["S"].as_str().unwrap(), Some(item), number).await;
    }
    let at = text(passed_second().await);
    account.change("MODIFY", "003", Some(&item("003", "new")), 100).await;
    account.change("REMOVE", "004", None, 101).await;
    with(&account, "restored", &before).await;
    let side = format!("orders@{at}");
    let equal = account.done(&["diff", &side, "restored"]).await;
    assert_eq!(equal.data, format!("equal: 10 items in orders at {at} and in table restored\n"));
    let since = account.run(&["diff", &side, "orders"]).await;
    assert_eq!(since.code, Some(3), "{}", since.remarks);
    assert!(since.data.contains("missing {\"id\":{\"S\":\"004\"}}"), "{}", since.data);
    let changed = "changed {\"id\":{\"S\":\"003\"}}\n~ \"name\": {\"S\":\"old\"} -> {\"S\":\"new\"}";
    assert!(since.data.contains(changed), "{}", since.data);
}

#[tokio::test]
async fn what_an_incremental_backup_does_not_know_is_not_compared() {
    let account = Account::new("495000000005").await;
    account.change("INSERT", "1", Some(&item("1", "old")), 1).await;
    let at = passed_second().await;
    let side = format!("orders@{}", text(at));
    let elsewhere = account.run_with(&["diff", &side, "orders"], &[("INCREMENTAL_PREFIX", "item/")]).await;
    refused(&elsewhere, "there are no objects under `s3://items-495000000005/item/`, so no item is known;");

    // A backfill that ends later.
    let coverage = Coverage { complete_since: Some(at + TimeDelta::hours(1)), ..Coverage::default() };
    let put = account.s3.put_object().bucket("items-495000000005").key(coverage::key("items/"));
    put.body(serde_json::to_vec(&coverage).unwrap().into()).send().await.unwrap();
    let reason =
        format!("the items of orders at {} are not all known: the first backfill ended at", text(at));
    refused(&account.run(&["diff", &side, "orders"]).await, &reason);
    let known = account.done(&["diff", &side, "orders", "--allow-incomplete"]).await;
    assert!(known.remarks.contains(&format!("note: {reason}")), "{}", known.remarks);
    assert!(known.data.starts_with("equal: 1 item in orders at"), "{}", known.data);
}

#[tokio::test]
async fn a_comparison_continues_after_what_it_has_read() {
    let account = Account::new("495000000003").await;
    account.put("orders", &all_types()).await;
    with(&account, "copy", &all_types()).await;
    let command = ["diff", "orders", "copy", "--segments", "1", "--work", "work"];
    account.fault("dynamodb:Scan", 1, usize::MAX, Fault::Hold).await;
    let mut child = account.command(&command).await.spawn().unwrap();
    let one_is_done = async {
        let state = account.path("work/diff.json");
        while !std::fs::read_to_string(&state).unwrap_or_default().contains("\"done\":true") {
            assert!(child.try_wait().unwrap().is_none(), "it ended too early");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(120), one_is_done).await.unwrap();
    refused(
        &account.run(&[&command[..], &["--resume"]].concat()).await,
        "another process compares in work; wait for its end, or choose another directory with --work",
    );
    child.kill().await.unwrap();
    crate::shell::stack().await.proxy().clear_rules(account.name);

    refused(
        &account.run(&command).await,
        "work has the progress of a comparison that did not finish; use --resume to continue it",
    );
    let others = ["diff", "copy", "orders", "--segments", "1", "--work", "work", "--resume"];
    refused(&account.run(&others).await, "work/diff.json has the progress of a comparison of other sides");
    let before = account.calls("dynamodb:Scan").await;
    let resumed = account.done(&[&command[..], &["--resume"]].concat()).await;
    assert_eq!(resumed.data, "equal: 31 items in table orders and in table copy\n");
    assert_eq!(account.calls("dynamodb:Scan").await - before, 1, "one side was read before");
    assert!(!account.path("work").exists());
    refused(
        &account.run(&[&command[..], &["--resume"]].concat()).await,
        "nothing to resume: work/diff.json not found. Run without --resume to start a new comparison",
    );
}

#[tokio::test]
async fn sides_that_cannot_be_compared_are_refused() {
    let account = Account::new("495000000004").await;
    account.put("orders", &all_types()).await;
    account.create("other", "number", false).await;
    std::fs::create_dir(account.path("lines")).unwrap();
    std::fs::write(account.path("lines/a.json"), "{\"id\":{\"S\":\"1\"}}\n").unwrap();
    for (arguments, expected) in [
        (&["diff", "orders", "gone"][..], "table gone does not exist (SourceTableMissing)"),
        (&["diff", "orders", "other"], "the key of table orders is id, but that of table other is number;"),
        (
            &["diff", "orders", "./lines"],
            "./lines has no manifest that says the format of its lines; name it with",
        ),
        (
            &["diff", "./lines", "./lines", "--format", "plain"],
            "neither ./lines nor ./lines says which attributes are the key; name them with --key-names",
        ),
        (
            &["diff", "./lines", "./lines", "--format", "json", "--key-names", "id"],
            "the lines of ./lines have no types, so they can only be compared with a side that",
        ),
        (
            &["diff", "orders", "./lines", "--format", "plain", "--key-names", "x"],
            "--key-names is x, but the key of",
        ),
        (&["diff", "orders", "./none"], "FOUND is ./none, which does not exist"),
        (
            &["diff", "orders", "lines"],
            "table lines does not exist (SourceTableMissing); for the directory of this name, write ./lines",
        ),
    ] {
        refused(&account.run(arguments).await, expected);
    }
    assert!(!account.path("work").exists() && account.directory.path().read_dir().unwrap().count() == 1);
    let same = ["diff", "./lines", "./lines", "--format", "plain", "--key-names", "id"];
    assert_eq!(account.done(&same).await.data, "equal: 1 item in ./lines and in ./lines\n");
    account.refuse_after("dynamodb:Scan", 0).await;
    let denied = account.run(&["diff", "orders", "./lines", "--format", "plain", "--work", "work"]).await;
    assert_eq!(denied.code, Some(1), "{}", denied.remarks);
    assert!(denied.remarks.contains("(AccessDenied)"), "{}", denied.remarks);
    let advice =
        "work has the progress; `tablekeeper diff orders ./lines --resume`, with the same options, continues";
    assert!(denied.remarks.contains(advice), "{}", denied.remarks);
}
