use local_aws::SimulatedLatency;
use serde_json::{Value, json};

use crate::client::{Api, stack};

const DAY: f64 = 86_400.0;

async fn create(api: &Api, table: &str, name: &str) -> String {
    let input = json!({"TableName": table, "BackupName": name});
    let details = api.dynamodb("CreateBackup", input).await.ok()["BackupDetails"].take();
    assert_eq!(details["BackupStatus"], "CREATING");
    details["BackupArn"].as_str().unwrap().to_owned()
}

async fn describe(api: &Api, arn: &str) -> Value {
    let output = api.dynamodb("DescribeBackup", json!({"BackupArn": arn})).await.ok();
    output["BackupDescription"]["BackupDetails"].clone()
}

async fn list(api: &Api, input: Value) -> Value {
    api.dynamodb("ListBackups", input).await.ok()
}

fn arns(page: &Value) -> Vec<String> {
    let summaries = page["BackupSummaries"].as_array().unwrap();
    summaries.iter().map(|summary| summary["BackupArn"].as_str().unwrap().to_owned()).collect()
}

async fn error(api: &Api, operation: &str, input: Value) -> String {
    api.dynamodb(operation, input).await.error()
}

async fn with_latency(account: &'static str, on_demand_backups: u32) -> Api {
    let api = Api::new(account).await;
    stack()
        .await
        .proxy()
        .slow(account, SimulatedLatency { on_demand_backups, ..SimulatedLatency::default() });
    api.make_table("orders").await;
    api
}

#[tokio::test]
async fn a_backup_takes_polls_and_can_be_used_only_after_them() {
    let api = with_latency("370000000001", 8).await;
    let arn = create(&api, "orders", "nightly").await;
    let by_arn = json!({"BackupArn": arn});
    let restore = json!({"BackupArn": arn, "TargetTableName": "orders-2"});
    for _ in 0..2 {
        assert_eq!(list(&api, json!({})).await["BackupSummaries"][0]["BackupStatus"], "CREATING");
        assert_eq!(error(&api, "DeleteBackup", by_arn.clone()).await, "BackupInUseException");
        assert_eq!(error(&api, "RestoreTableFromBackup", restore.clone()).await, "BackupInUseException");
        assert_eq!(describe(&api, &arn).await["BackupStatus"], "CREATING");
    }
    assert_eq!(list(&api, json!({})).await["BackupSummaries"][0]["BackupStatus"], "AVAILABLE");
    assert_eq!(describe(&api, &arn).await["BackupStatus"], "AVAILABLE");
    api.dynamodb("RestoreTableFromBackup", restore).await.ok();

    let of_a_copy = json!({"TableName": "orders-2", "BackupName": "early"});
    assert_eq!(error(&api, "CreateBackup", of_a_copy).await, "TableNotFoundException");
    // The backup is in use until the copy is ACTIVE.
    for _ in 0..2 {
        assert_eq!(error(&api, "DeleteBackup", by_arn.clone()).await, "BackupInUseException");
        assert_eq!(api.table("orders-2").await["TableStatus"], "CREATING");
    }
    let deleted = api.dynamodb("DeleteBackup", by_arn.clone()).await.ok();
    assert_eq!(deleted["BackupDescription"]["BackupDetails"]["BackupStatus"], "DELETED");
    for operation in ["DescribeBackup", "DeleteBackup"] {
        assert_eq!(error(&api, operation, by_arn.clone()).await, "BackupNotFoundException");
    }
    assert_eq!(arns(&list(&api, json!({})).await), Vec::<String>::new());
}

#[tokio::test]
async fn a_caller_who_only_lists_or_only_restores_sees_the_backup_made() {
    let api = with_latency("370000000006", 2).await;
    let listed = create(&api, "orders", "nightly").await;
    for status in ["CREATING", "CREATING", "AVAILABLE"] {
        assert_eq!(list(&api, json!({})).await["BackupSummaries"][0]["BackupStatus"], status);
    }
    api.dynamodb("DeleteBackup", json!({"BackupArn": listed})).await.ok();
    let restored = create(&api, "orders", "nightly").await;
    let restore = json!({"BackupArn": restored, "TargetTableName": "orders-2"});
    for _ in 0..2 {
        assert_eq!(error(&api, "RestoreTableFromBackup", restore.clone()).await, "BackupInUseException");
    }
    api.dynamodb("RestoreTableFromBackup", restore).await.ok();
}

#[tokio::test]
async fn names_of_backups_need_not_be_unique() {
    let api = with_latency("370000000002", 0).await;
    let one = create(&api, "orders", "nightly").await;
    let two = create(&api, "orders", "nightly").await;
    assert_ne!(one, two);
    assert_eq!(describe(&api, &two).await["BackupStatus"], "AVAILABLE");
    assert_eq!(arns(&list(&api, json!({"TableName": "orders"})).await), [one, two]);
    let short = json!({"TableName": "orders", "BackupName": "ab"});
    assert_eq!(error(&api, "CreateBackup", short).await, "ValidationException");
    let nowhere = json!({"TableName": "nowhere", "BackupName": "nightly"});
    assert_eq!(error(&api, "CreateBackup", nowhere).await, "TableNotFoundException");
}

#[tokio::test]
async fn a_backup_can_be_made_to_fail() {
    let api = with_latency("370000000003", 1).await;
    let proxy = stack().await.proxy();
    proxy.fail_backups(api.account, true);
    let failed = create(&api, "orders", "nightly").await;
    proxy.fail_backups(api.account, false);
    let made = create(&api, "orders", "nightly").await;
    for (arn, status) in [(&failed, "DELETED"), (&made, "AVAILABLE")] {
        assert_eq!(describe(&api, arn).await["BackupStatus"], "CREATING");
        assert_eq!(describe(&api, arn).await["BackupStatus"], status);
    }
    let restore = json!({"BackupArn": failed, "TargetTableName": "orders-2"});
    assert_eq!(error(&api, "RestoreTableFromBackup", restore).await, "BackupNotFoundException");
    assert_eq!(error(&api, "DeleteBackup", json!({"BackupArn": failed})).await, "BackupNotFoundException");
}

#[tokio::test]
async fn a_backup_can_be_made_to_appear_older() {
    let api = with_latency("370000000004", 0).await;
    let mut dated = Vec::new();
    for age in [1.0, 3.0, 2.0] {
        let arn = create(&api, "orders", "nightly").await;
        stack().await.proxy().date_backup(api.account, &arn, 1_790_000_000.0 - age * DAY);
        dated.push(arn);
    }
    let [one, three, two] = dated.try_into().unwrap();
    assert_eq!(arns(&list(&api, json!({})).await), [three.clone(), two.clone(), one.clone()]);
    assert_eq!(describe(&api, &two).await["BackupCreationDateTime"], 1_790_000_000.0 - 2.0 * DAY);
    let recent = json!({"TimeRangeLowerBound": 1_790_000_000.0 - 2.0 * DAY});
    assert_eq!(arns(&list(&api, recent).await), [two.clone(), one.clone()]);

    let first = list(&api, json!({"Limit": 2})).await;
    assert_eq!(first["LastEvaluatedBackupArn"], two.as_str());
    api.dynamodb("DeleteBackup", json!({"BackupArn": two})).await.ok();
    let second = list(&api, json!({"Limit": 2, "ExclusiveStartBackupArn": two})).await;
    assert_eq!(arns(&second), [one]);
}

#[tokio::test]
async fn more_than_a_hundred_backups_are_listed_in_pages() {
    let api = with_latency("370000000005", 0).await;
    let mut made = Vec::new();
    for number in 0..105 {
        made.push(create(&api, "orders", &format!("nightly-{number}")).await);
    }
    let first = list(&api, json!({"TableName": "orders"})).await;
    assert_eq!(arns(&first), made[..100]);
    let start = first["LastEvaluatedBackupArn"].clone();
    assert_eq!(start, made[99].as_str());
    let second = list(&api, json!({"TableName": "orders", "ExclusiveStartBackupArn": start})).await;
    assert_eq!(arns(&second), made[100..]);
    assert_eq!(second.get("LastEvaluatedBackupArn"), None);
    for limit in [0, 101] {
        assert_eq!(error(&api, "ListBackups", json!({"Limit": limit})).await, "ValidationException");
    }
}
