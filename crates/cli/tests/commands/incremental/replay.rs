//! `tablekeeper replay`: changes that Lambda discarded are applied.

use serde_json::{Value, json};
use tablekeeper_core::clock::Clock;

use super::support::Account;

const FOLDER: &str = "aws/lambda/3f1c9a5e-0b7d-4c62-9b1a-5d0e8f2a7c44/shardId-1/2026/11/30/";

/// Writes what Lambda writes for a discarded batch with a change of an item.
async fn give_up(account: &Account, name: &str, id: &str, number: u64) {
    let described = account.dynamodb.describe_table().table_name("orders").send().await.unwrap();
    let record = json!({ "eventName": "MODIFY", "eventSourceARN": described.table.unwrap().latest_stream_arn,
        "dynamodb": { "ApproximateCreationDateTime": Clock::System.now().timestamp(), "Keys": { "id": { "S": id } },
            "NewImage": { "id": { "S": id } }, "SequenceNumber": number.to_string() } });
    put(account, name, json!({ "payload": { "Records": [record] } })).await;
}

async fn put(account: &Account, name: &str, report: Value) {
    let put =
        account.s3.put_object().bucket(format!("given-up-{}", account.name)).key(format!("{FOLDER}{name}"));
    put.body(report.to_string().into_bytes().into()).send().await.unwrap();
}

async fn left(account: &Account) -> usize {
    let list = account.s3.list_objects_v2().bucket(format!("given-up-{}", account.name));
    list.send().await.unwrap().contents.unwrap_or_default().len()
}

#[tokio::test]
async fn discarded_changes_are_applied_and_other_objects_stay() {
    let account = Account::new("460000000011").await;
    account.change("INSERT", "1", Some(&super::support::item("1", "a")), 5).await;
    give_up(&account, "older", "1", 7).await;
    give_up(&account, "new", "2", 8).await;
    let reported = account.done(&["replay", "orders"]).await;
    let place = format!("s3://given-up-{}/aws/lambda/", account.name);
    let counts = "2 objects with 2 records: 1 written, 1 late version, 0 quarantined";
    assert_eq!(reported.data.trim_end(), format!("{place}: {counts}"));
    assert_eq!(left(&account).await, 0);

    put(&account, "other", json!({})).await;
    give_up(&account, "third", "3", 9).await;
    let reported = account.run(&["replay", "orders", "--prefix", FOLDER, "--json"]).await;
    assert_eq!(reported.code, Some(1), "{}", reported.remarks);
    let report = reported.json();
    assert_eq!((&report["written"], &report["left"]), (&json!(1), &json!(1)));
    assert!(report["reasons"][0].as_str().unwrap().ends_with("it has no payload, and so no records"));
    let expected = "1 objects that Lambda discarded are left, the first because: s3://given-up-460000000011/";
    account.refused(&["replay", "orders"], 1, expected).await;
    assert_eq!(left(&account).await, 1);
}

#[tokio::test]
async fn refusals_have_their_message() {
    let account = Account::new("460000000012").await;
    account.create("copy", "id", false).await;
    std::fs::write(account.path("empty.toml"), "[s3.incremental]\ngiven-up-bucket = \"A\"\n").unwrap();
    for (arguments, expected) in [
        (vec!["replay"], "TABLE is missing; give it, set `table` in the file of --config, or give --stream"),
        (
            vec!["replay", "copy"],
            "table copy does not exist or has no stream; give its earlier stream with --stream",
        ),
        (
            vec!["replay", "orders", "--stream", "orders"],
            "--stream is `orders`; it must be the ARN of a table's",
        ),
        (
            vec!["replay", "orders", "--prefix", "items/"],
            "--prefix is `items/`; it must begin with aws/lambda/, as the keys of",
        ),
        (
            vec!["replay", "orders", "--config", "empty.toml"],
            "s3.incremental.given-up-bucket of empty.toml (line 2) is `A`; it must be a bucket name",
        ),
    ] {
        account.refused(&arguments, 2, expected).await;
    }
}
