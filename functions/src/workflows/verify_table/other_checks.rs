//! Verifies what is not an item: indexes, the answer of a check function, and counts that may have changed.

use serde_json::{Value, json};
use tablekeeper_core::error_name::ErrorName;
use tablekeeper_core::testing::fake_aws::{arn, backup_arn};
use tablekeeper_core::testing::fake_store::FakeStore;

use super::testing::{EXECUTION, REPORT, at_the_end, verify, verify_until};
use crate::step::Failure;

/// Returns a fake AWS with a table `orders` of `found` items and a table `live` of 100.
fn with_items(found: usize) -> FakeStore {
    let aws = FakeStore::default().with_table("orders", &["id"]).with_table("live", &["id"]);
    let item = |number: usize| json!({ "id": { "S": number.to_string() } }).to_string();
    let aws = (0..100).fold(aws, |aws, number| aws.with_item("live", &item(number)));
    (0..found).fold(aws, |aws, number| aws.with_item("orders", &item(number)))
}

fn index(name: &str) -> Value {
    json!([{ "IndexName": name, "KeySchema": [{ "AttributeName": "customer", "KeyType": "HASH" }],
        "Projection": { "ProjectionType": "ALL" } }])
}

fn counted(expected: Value) -> Value {
    json!({ "Strength": "COUNTED", "Expected": expected })
}

/// Returns an expectation of the table `live`, whose writes since a time are allowed.
fn since(time: &str) -> Value {
    counted(json!({ "Table": { "TableArn": arn("live"), "CopiedAt": time } }))
}

fn report(aws: &FakeStore) -> Value {
    serde_json::from_str(&aws.text(REPORT).unwrap()).unwrap()
}

/// Verifies, and ends when both sides had been read at this time.
async fn read_at(aws: &FakeStore, input: Value, time: &str) -> Result<Value, Failure> {
    verify_until(aws, input, EXECUTION, json!({ "readAt": time, "check": null })).await
}

#[tokio::test]
async fn other_indexes_than_those_of_a_live_table_are_noted_unless_they_are_required() {
    let mut input = since("2027-01-15T08:00:00Z");
    let aws = with_items(100);
    aws.aws.set("live", "GlobalSecondaryIndexes", index("by-customer"));
    let output = verify(&aws, input.clone()).await.unwrap();
    let expected = "the indexes differ: it lacks the index by-customer (global, by customer, ALL)";
    assert_eq!(output["Notes"], json!([expected]));
    assert_eq!(report(&aws)["Verified"], true);

    let aws = with_items(100);
    aws.aws.set("live", "GlobalSecondaryIndexes", index("by-customer"));
    input["Indexes"] = json!("REQUIRED");
    let failure = verify(&aws, input).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::VerificationFailed);
    assert!(failure.message.contains("(COUNTED): it lacks the index by-customer (global,"), "{failure}");
    assert_eq!(report(&aws)["IndexDifferences"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_check_function_decides_too() {
    let run = async |payload: Value| {
        let end = json!({ "readAt": "2027-01-15T08:11:00Z", "check": { "payload": payload } });
        let aws = with_items(100);
        let ended = verify_until(&aws, since("2027-01-15T08:00:00Z"), EXECUTION, end).await;
        (ended, aws)
    };
    let (ended, aws) = run(json!({ "Verified": true, "Rows": 7 })).await;
    assert_eq!(ended.unwrap()["Items"], 100);
    assert_eq!(report(&aws)["FunctionCheck"], json!({ "Verified": true }));

    let (ended, aws) = run(json!({ "Verified": false, "Reason": "no order of today" })).await;
    let failure = ended.unwrap_err();
    assert_eq!(failure.name, ErrorName::VerificationFailed);
    assert!(failure.message.contains("the check function refuses it: no order of today"), "{failure}");
    assert_eq!(report(&aws)["FunctionCheck"]["Verified"], false);

    for answer in [json!(null), json!("ok"), json!({ "verified": true }), json!({ "Verified": "true" })] {
        let (ended, aws) = run(answer.clone()).await;
        let failure = ended.unwrap_err();
        assert_eq!(failure.name, ErrorName::CheckFunctionFailed, "{answer}");
        assert!(failure.message.contains("it must return {\"Verified\": true}"), "{failure}");
        assert_eq!(aws.text(REPORT), None, "an answer that cannot be read decides nothing");
    }
}

#[tokio::test]
async fn counts_may_differ_by_what_was_written_and_no_more() {
    // The fake AWS has no metrics: nothing was written.
    let aws = with_items(98);
    let failure = read_at(&aws, since("2026-10-01T00:00:00Z"), "2026-10-01T01:00:00Z").await.unwrap_err();
    assert_eq!(failure.name, ErrorName::VerificationFailed);
    let expected = "it has 98 items instead of 100 (0 items were inserted or deleted at most)";
    assert!(failure.message.contains(expected), "{failure}");
    assert_eq!(report(&aws)["ChangedAtMost"], 0);

    let aws = with_items(100);
    let output = verify(&aws, since("2027-01-15T08:00:00Z")).await.unwrap();
    assert_eq!(output.get("ChangedAtMost"), None, "equal counts need no metrics");
}

#[tokio::test]
async fn metrics_that_may_still_come_are_waited_for() {
    let aws = with_items(98);
    let failure = verify(&aws, since("2027-01-15T08:00:00Z")).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::ResourceBusy);
    let expected = "the write metrics of table live until 2027-01-15 08:11:00 UTC are complete at 2027-01-15 08:21:00 UTC";
    assert_eq!(failure.message, expected);
    assert_eq!(aws.text(REPORT), None);
}

#[tokio::test]
async fn the_writes_of_a_replica_are_not_known() {
    let aws = with_items(98);
    aws.aws.set("live", "Replicas", json!([{ "RegionName": "eu-central-1" }]));
    let failure = verify(&aws, since("2027-01-15T08:00:00Z")).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::InvalidInput);
    let expected =
        "Expected.Table.CopiedAt needs the write metrics of table live, which is a replica of a global table";
    assert!(failure.message.starts_with(expected), "{failure}");
}

/// Returns an expectation of a backup's description.
fn of_backup(percent: Option<f64>) -> Value {
    let mut backup = json!({ "BackupArn": backup_arn("live", "nightly") });
    if let Some(percent) = percent {
        backup["AllowedDifferencePercent"] = json!(percent);
    }
    counted(json!({ "Backup": backup }))
}

/// Returns a fake AWS with a table of this many items, and a backup of 100 with an index.
fn with_backup(found: usize, count: Value) -> FakeStore {
    let aws = with_items(found);
    aws.aws.set("orders", "GlobalSecondaryIndexes", index("by-customer"));
    let description = json!({ "BackupDescription": {
        "BackupDetails": { "BackupArn": backup_arn("live", "nightly"), "BackupName": "nightly", "BackupStatus": "AVAILABLE",
            "BackupType": "USER", "BackupCreationDateTime": 1_772_330_405.0 },
        "SourceTableDetails": { "TableName": "live", "TableId": "id", "TableCreationDateTime": 1.0, "ItemCount": count,
            "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }],
            "ProvisionedThroughput": { "ReadCapacityUnits": 1, "WriteCapacityUnits": 1 } },
        "SourceTableFeatureDetails": { "GlobalSecondaryIndexes": index("by-customer") } } });
    aws.aws.response("dynamodb:DescribeBackup", move |_| (200, description.clone()));
    aws
}

#[tokio::test]
async fn a_backups_description_tells_the_number_of_items_and_the_indexes() {
    let aws = with_backup(100, json!(100));
    let output = verify(&aws, of_backup(None)).await.unwrap();
    assert_eq!((&output["Items"], &output["ItemsExpected"]), (&json!(100), &json!(100)));
    let against = format!("the description of the backup {}", backup_arn("live", "nightly"));
    assert_eq!(output["Against"], against);

    let output = verify(&with_backup(99, json!(100)), of_backup(Some(1.0))).await.unwrap();
    assert_eq!((&output["Items"], &output["AllowedDifferencePercent"]), (&json!(99), &json!(1.0)));
    for (percent, bound) in
        [(None, "(0 items were inserted or deleted at most)"), (Some(0.5), "(0.5 % may differ)")]
    {
        let failure = verify(&with_backup(99, json!(100)), of_backup(percent)).await.unwrap_err();
        let expected = format!("it has 99 items instead of 100 {bound}");
        assert!(failure.message.contains(&expected), "{failure}");
    }

    let aws = with_backup(100, json!(100));
    aws.aws.set("orders", "GlobalSecondaryIndexes", index("by-buyer"));
    let failure = verify(&aws, of_backup(None)).await.unwrap_err();
    assert!(failure.message.contains("it lacks the index by-customer"), "{failure}");
    assert!(failure.message.contains("it has another index by-buyer"), "{failure}");
}

#[tokio::test]
async fn a_backup_that_says_too_little_is_refused() {
    let failure = verify(&with_backup(100, Value::Null), of_backup(None)).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::InvalidInput);
    assert!(
        failure.message.ends_with("whose description has no number of items; use another expectation"),
        "{failure}"
    );
    let failure = verify(&with_items(100), of_backup(None)).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::BackupNotFound);
    let mut input = of_backup(None);
    input["Strength"] = json!("EXACT");
    let failure = verify_until(&with_items(100), input, EXECUTION, at_the_end()).await.unwrap_err();
    assert!(
        failure.message.contains("the description of a backup has only the number of items"),
        "{failure}"
    );
}
