//! From a table to its backup and back to any second: `backfill`, `history`, `snapshot` and `restore`.

use serde_json::{Value, json};
use tablekeeper_core::item_history::version::object_key;

use super::support::{Account, all_types, by_ids, item, passed_second, text};

#[tokio::test]
async fn a_table_is_restored_as_of_any_second() {
    let account = Account::new("460000000001").await;
    account.put("orders", &all_types()).await;
    let reported = account.done(&["backfill", "orders", "--segments", "2"]).await;
    let place = format!("s3://{}/items/", account.store.bucket);
    assert_eq!(reported.data, format!("{place}: 31 items of orders: 31 written, 0 already had an object\n"));
    assert!(reported.remarks.starts_with(&format!("backfilling orders in 2 segments into {place}\n")));
    std::fs::write(account.path("orders.toml"), "table = \"orders\"\n").unwrap();
    let again = account.done(&["backfill", "--config", "orders.toml", "--json"]).await.json();
    let expected = json!({ "table": "orders", "bucket": account.store.bucket, "prefix": "items/", "itemCount": 31,
        "written": 0, "kept": 31 });
    assert_eq!(again, expected);
    assert!(!account.path(".tablekeeper-backfill-orders.json").exists());

    let (mut model, first) = (by_ids(&all_types()), passed_second().await);
    let before = model.clone();
    for (number, event, id, changed) in [
        (1, "MODIFY", "001", Some(item("001", "changed"))),
        (2, "REMOVE", "002", None),
        (3, "INSERT", "new", Some(item("new", "here"))),
        (4, "REMOVE", "003", None),
    ] {
        account.change(event, id, changed.as_ref(), number).await;
        match changed {
            Some(item) => model.insert(id.to_owned(), item),
            None => model.remove(id),
        };
    }
    let second = passed_second().await;
    account.change("INSERT", "003", Some(&item("003", "again")), 5).await;

    let reported = account.done(&["history", "orders", "--key", r#"{"id":{"S":"001"}}"#]).await;
    let lines: Vec<&str> = reported.data.lines().collect();
    assert!(
        lines.len() == 3 && lines[0].starts_with("TIME ") && !reported.data.contains('\u{1b}'),
        "{}",
        reported.data
    );
    assert!(
        lines[1].contains("  MODIFY ") && lines[1].contains(" 1405400000000002063282833 "),
        "{}",
        reported.data
    );
    assert!(lines[2].contains("  BACKFILL ") && lines[2].contains(" 0 "), "{}", reported.data);
    let reported = account.done(&["history", "orders", "--key", r#"{ "id": {"S": "003"} }"#, "--json"]).await;
    let lines: Vec<Value> = reported.data.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let events: Vec<&Value> = lines.iter().map(|line| &line["event"]).collect();
    assert_eq!(events, ["INSERT", "REMOVE", "BACKFILL"]);
    assert_eq!((&lines[0]["item"], &lines[1]["item"]), (&item("003", "again"), &Value::Null));
    assert!(!lines[0]["versionId"].as_str().unwrap().is_empty());

    let reported = account.done(&["snapshot", "--at", &text(first), "--settle", "0"]).await;
    let name = first.format("%Y-%m-%dT%H-%M-%SZ").to_string();
    let folder = format!("s3://snapshots-{}/{name}/", account.name);
    assert!(reported.data.starts_with(&format!("{folder}: 31 items, ")), "{}", reported.data);
    let again = account.done(&["snapshot", "orders", "--at", &text(first), "--json"]).await;
    assert!(again.remarks.starts_with(&format!("{folder} already exists\n")), "{}", again.remarks);
    assert_eq!((&again.json()["snapshot"], &again.json()["itemCount"]), (&json!(name), &json!(31)));
    assert_eq!((&again.json()["at"], &again.json()["table"]), (&json!(text(first)), &Value::Null));

    for table in ["copy", "later"] {
        account.create(table, "id", false).await;
    }
    let reported = account.done(&["restore", "copy", &name]).await;
    assert!(
        reported.data.starts_with("copy: 31 items from ") && reported.data.contains(&folder),
        "{}",
        reported.data
    );
    assert_eq!(account.items("copy").await, before);
    let full = "table copy holds items; with --merge they stay, and those with the same keys are replaced \
                (TableNotEmpty)";
    account.refused(&["restore", "copy", &name], 2, full).await;
    account.refused(&["restore", "copy", "--at", &text(second)], 2, full).await;
    account.done(&["restore", "copy", &folder, "--merge", "--yes", "--max-rate", "1000"]).await;

    let reported = account
        .done(&[
            "restore",
            "later",
            "--at",
            &text(second),
            "--settle",
            "0",
            "--json",
            "--config",
            "orders.toml",
        ])
        .await;
    assert_eq!(reported.json()["itemCount"], json!(30), "{}", reported.remarks);
    assert_eq!(account.items("later").await, model);
    assert!(!account.path(".tablekeeper-import-later.json").exists());

    // Marks the object as deleted, as the lifecycle rule does days later.
    let object = object_key("items/", br#"{"id":{"S":"002"}}"#);
    account.store.s3.delete_object().bucket(&account.store.bucket).key(object).send().await.unwrap();
    let deleted = account.done(&["history", "orders", "--key", r#"{"id":{"S":"002"}}"#]).await;
    let lines: Vec<&str> = deleted.data.lines().collect();
    assert!(lines[1].contains("  DELETE MARKER  hides the deleted item"), "{}", deleted.data);
    assert!(lines[2].contains("  REMOVE ") && lines[2].ends_with("deleted"), "{}", deleted.data);

    // The key attributes of a deleted table are taken from its versions.
    account.dynamodb.delete_table().table_name("orders").send().await.unwrap();
    let gone = account.done(&["history", "orders", "--key", r#"{"id":{"S":"new"}}"#]).await;
    assert!(gone.data.contains("  INSERT "), "{}", gone.data);
    let third = passed_second().await;
    let snapshot = ["snapshot", "--at", &text(third), "--settle", "0"];
    let reported = account.run(&[&snapshot[..], &["orders"]].concat()).await;
    assert!(reported.code == Some(2) && reported.remarks.contains("leave TABLE out"), "{}", reported.remarks);
    std::fs::write(account.path("orders.toml"), "table = \"orders\"\n").unwrap();
    let reported = account.done(&[&snapshot[..], &["--config", "orders.toml", "--json"]].concat()).await;
    assert_eq!((&reported.json()["table"], &reported.json()["itemCount"]), (&json!("orders"), &json!(31)));
}
