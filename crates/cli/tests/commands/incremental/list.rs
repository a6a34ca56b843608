//! `tablekeeper snapshot list`, and the tables that a snapshot accepts.

use serde_json::{Value, json};

use super::support::{Account, item, passed_second, text};
use crate::shell::stack;

#[tokio::test]
async fn a_misspelt_subcommand_is_not_only_a_missing_table() {
    let account = Account::new("490000000055").await;
    let bucket = account.store.bucket.clone();
    account.change("INSERT", "1", Some(&json!({ "id": { "S": "1" } })), 1).await;
    for settings in [bucket.as_str(), ""] {
        let reported = account.run_with(&["snapshot", "lst"], &[("INCREMENTAL_BUCKET", settings)]).await;
        assert_eq!(reported.code, Some(2), "{}", reported.remarks);
        let meant = ". Did you mean `tablekeeper snapshot list`?\n";
        assert!(reported.remarks.ends_with(meant), "{}", reported.remarks);
    }
    let other = account.run(&["snapshot", "customers"]).await;
    assert!(other.code == Some(2) && !other.remarks.contains("Did you mean"), "{}", other.remarks);
}

#[tokio::test]
async fn listing_snapshots_begins_none() {
    let account = Account::new("460000000007").await;
    account.change("INSERT", "1", Some(&item("1", "a")), 1).await;
    let snapshots = format!("snapshots-{}", account.name);
    let none = account.done(&["snapshot", "list"]).await;
    assert_eq!(
        (none.data.as_str(), none.remarks),
        ("", format!("there is no snapshot in s3://{snapshots}/\n"))
    );
    let first = text(passed_second().await);
    account.done(&["snapshot", "orders", "--at", &first, "--settle", "0"]).await;
    let second = text(passed_second().await);
    account.refuse_after("s3:PutObject", 3).await;
    assert_eq!(account.run(&["snapshot", "--at", &second, "--settle", "0"]).await.code, Some(1));
    stack().await.proxy().clear_rules(account.name);
    let put =
        |key: &str| account.s3.put_object().bucket(&snapshots).key(key).body(b"{}".to_vec().into()).send();
    put("x/export.json").await.unwrap();
    put("y/readme").await.unwrap();
    put("export.json").await.unwrap();

    let [first, second] = [first, second].map(|at| (at.replace(':', "-"), at));
    let reported = account.done(&["snapshot", "list"]).await;
    let lines: Vec<&str> = reported.data.lines().collect();
    let rows = [
        "NAME                      TABLE                             ITEMS        BYTES  STATE".to_owned(),
        format!("{}      orders                                1         43 B  complete", first.0),
        format!(
            "{}      -                                                     incomplete, begun by the command line",
            second.0
        ),
        "x                         -                                                     it is not a snapshot's document".to_owned(),
    ];
    assert_eq!(lines.len(), rows.len(), "{}", reported.data);
    for (line, row) in lines.iter().zip(&rows) {
        assert!(line.starts_with(row), "{line}");
    }
    let reported = account.done(&["snapshot", "list", "--json"]).await;
    let lines: Vec<Value> = reported.data.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        lines[0],
        json!({ "snapshot": first.0, "state": "complete", "at": first.1, "table": "orders", "itemCount": 1, "bytes": 43,
            "owner": null, "reason": null })
    );
    assert_eq!((&lines[1]["state"], &lines[1]["at"]), (&json!("incomplete"), &json!(second.1)));
    assert_eq!(lines[2]["state"], "unreadable");
    let reported = account.run_with(&["snapshot", "list"], &[("SNAPSHOT_BUCKET", "nowhere-at-all")]).await;
    assert_eq!(reported.code, Some(1));
    assert!(reported.remarks.contains("(bucket nowhere-at-all)"), "{}", reported.remarks);
}

#[tokio::test]
async fn a_given_table_must_exist_with_the_keys_of_the_items() {
    let account = Account::new("460000000008").await;
    account.change("INSERT", "1", Some(&item("1", "a")), 1).await;
    account.create("others", "pk", false).await;
    let at = text(passed_second().await);
    let snapshot = ["snapshot", "--at", &at, "--settle", "0"];
    for (table, expected) in [
        (
            &["lst"][..],
            "table lst does not exist, and neither does a snapshot of this name; leave TABLE out for a deleted",
        ),
        (
            &["--", "list"],
            "table list does not exist, and neither does a snapshot of this name; leave TABLE out for",
        ),
        (
            &["others"],
            "TABLE is others, whose key attributes are pk; those of the items in `s3://items-460000000008/items/`",
        ),
    ] {
        account.refused(&[&snapshot[..], table].concat(), 2, expected).await;
    }
    assert_eq!(account.keys(&format!("snapshots-{}", account.name)).await, [""; 0]);
    account.create("list", "id", false).await;
    let reported = account.done(&[&snapshot[..], &["--json", "--", "list"]].concat()).await;
    assert_eq!((&reported.json()["table"], &reported.json()["itemCount"]), (&json!("list"), &json!(1)));
}
