//! `tablekeeper restore --create`: a snapshot becomes a table.

use aws_sdk_dynamodb::types::BillingMode;
use local_aws::Fault;

use super::support::{Account, item, passed_second, second_of, text};

#[tokio::test]
async fn a_snapshot_becomes_a_table_with_the_key_of_its_items() {
    let account = Account::new("490000000014").await;
    account.change("INSERT", "0", Some(&item("0", "a")), 1).await;
    account.change("REMOVE", "0", None, 2).await;
    let empty = account.snapshot(&["snapshot", "orders"]).await;
    account.change("INSERT", "1", Some(&item("1", "a")), 3).await;
    let name = account.snapshot(&["snapshot", "orders"]).await;
    let untyped = "--create needs the types of the key attributes id, which the snapshot does not say, because it has no item; \
                   give --like TABLE or --settings FILE";
    account.refused(&["restore", "copy", &empty, "--create"], 2, untyped).await;
    let reported = account.done(&["restore", "copy", &name, "--create"]).await;
    let made =
        "making table copy as in the items of the snapshot: key id (S), no index, on demand, STANDARD\n";
    assert!(reported.remarks.starts_with(made), "{}", reported.remarks);
    let note =
        "note: a snapshot says nothing about indexes, capacity and other settings; --like TABLE copies";
    assert!(reported.remarks.contains(note), "{}", reported.remarks);
    assert_eq!(account.items("copy").await.len(), 1);
    let full = "table copy already exists and holds items. If this command was interrupted, continue it with --resume";
    account.refused(&["restore", "copy", &name, "--create"], 2, full).await;
    account.refused(&["restore", "copy", "--at", &second_of(&name), "--create"], 2, full).await;

    let nowhere = "--like is nowhere, which does not exist (SourceTableMissing); DynamoDB was called";
    let at = second_of(&name);
    account.refused(&["restore", "like", "--at", &at, "--create", "--like", "nowhere"], 2, nowhere).await;

    let reported = account.done(&["restore", "like", &empty, "--create", "--like", "orders"]).await;
    assert!(
        reported
            .remarks
            .contains("note: Stream is not copied: NEW_AND_OLD_IMAGES; the workflow sync-settings"),
        "{}",
        reported.remarks
    );
    let described = account.dynamodb.describe_table().table_name("like").send().await.unwrap().table.unwrap();
    assert_eq!(described.billing_mode_summary().unwrap().billing_mode(), Some(&BillingMode::PayPerRequest));
    // The response of CreateTable is lost, and the snapshot is made first.
    account.fault("dynamodb:CreateTable", 0, 1, Fault::LoseResponse).await;
    let at = text(passed_second().await);
    account.done(&["restore", "later", "--at", &at, "--settle", "0", "--create"]).await;
    assert_eq!(account.items("later").await.len(), 1);
}
