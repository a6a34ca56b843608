use hyper::Method;
use local_aws::SimulatedLatency;
use serde_json::{Value, json};

use crate::client::{Api, stack};

async fn backed_up(api: &Api, table: &str) -> String {
    api.make_table(table).await;
    let input = json!({"TableName": table, "BackupName": "before"});
    let backup = api.dynamodb("CreateBackup", input).await.ok();
    let arn = backup["BackupDetails"]["BackupArn"].as_str().unwrap().to_owned();
    // The backup is available after one poll.
    api.dynamodb("DescribeBackup", json!({"BackupArn": arn})).await.ok();
    arn
}

fn shown(table: &Value) -> (&str, Option<bool>, Option<&str>, bool) {
    let index = &table["GlobalSecondaryIndexes"][0];
    (
        table["TableStatus"].as_str().unwrap(),
        table["RestoreSummary"]["RestoreInProgress"].as_bool(),
        index["IndexStatus"].as_str(),
        index["Backfilling"].as_bool().unwrap_or(false),
    )
}

#[tokio::test]
async fn a_restored_table_takes_polls_and_shows_its_source() {
    let api = Api::new("300000000001").await;
    let backup_arn = backed_up(&api, "orders").await;
    let latency = SimulatedLatency { tables: 2, indexes: 1, ..SimulatedLatency::default() };
    stack().await.proxy().slow(api.account, latency);

    let input = json!({"BackupArn": backup_arn, "TargetTableName": "orders-2"});
    let restored = api.dynamodb("RestoreTableFromBackup", input.clone()).await.ok();
    let summary = &restored["TableDescription"]["RestoreSummary"];
    assert_eq!(summary["SourceBackupArn"], backup_arn);
    assert_eq!(summary["SourceTableArn"], "arn:aws:dynamodb:us-east-1:300000000001:table/orders");
    assert!(summary["RestoreDateTime"].as_f64().unwrap() > 1.7e9);

    let creating = ("CREATING", Some(true), None, false);
    let ready = ("ACTIVE", None, Some("ACTIVE"), false);
    let expected = [creating, creating, ("ACTIVE", None, Some("CREATING"), true), ready, ready];
    assert_eq!(shown(&restored["TableDescription"]), creating);
    for (number, expected) in expected.into_iter().enumerate() {
        let table = api.table("orders-2").await;
        assert_eq!(shown(&table), expected, "poll {number}");
        let source = table.pointer("/RestoreSummary/SourceBackupArn");
        assert_eq!(source, (number < 2).then_some(&json!(backup_arn)), "poll {number}");
    }
    let item =
        api.dynamodb("GetItem", json!({"TableName": "orders-2", "Key": {"id": {"S": "1"}}})).await.ok();
    assert_eq!(item["Item"]["kind"]["S"], "a");
    let again = api.dynamodb("RestoreTableFromBackup", input).await;
    assert_eq!((again.status, again.error().as_str()), (400, "TableAlreadyExistsException"));
    assert_eq!(shown(&api.table("orders").await), ("ACTIVE", None, Some("ACTIVE"), false));
}

#[tokio::test]
async fn a_later_table_of_the_same_name_does_not_count_as_restored() {
    let api = Api::new("300000000002").await;
    let backup_arn = backed_up(&api, "orders").await;
    let input = json!({"BackupArn": backup_arn, "TargetTableName": "orders-2"});
    api.dynamodb("RestoreTableFromBackup", input).await.ok();
    api.dynamodb("DeleteTable", json!({"TableName": "orders-2"})).await.ok();
    api.make_table("orders-2").await;
    assert_eq!(shown(&api.table("orders-2").await), ("ACTIVE", None, Some("ACTIVE"), false));
}

#[tokio::test]
async fn overrides_are_honoured() {
    let api = Api::new("300000000003").await;
    let backup_arn = backed_up(&api, "orders").await;
    let input = json!({
        "BackupArn": backup_arn,
        "TargetTableName": "orders-2",
        "BillingModeOverride": "PROVISIONED",
        "ProvisionedThroughputOverride": {"ReadCapacityUnits": 7, "WriteCapacityUnits": 3},
        "GlobalSecondaryIndexOverride": [],
        "SSESpecificationOverride": {"Enabled": true, "SSEType": "KMS"},
    });
    let restored = api.dynamodb("RestoreTableFromBackup", input).await.ok();
    let table = &restored["TableDescription"];
    assert_eq!(table["ProvisionedThroughput"]["ReadCapacityUnits"], 7, "{table}");
    assert_eq!(table["SSEDescription"]["SSEType"], "KMS");
    assert_eq!(table.get("GlobalSecondaryIndexes"), None);
}

#[tokio::test]
async fn a_table_can_be_shown_in_a_state_that_the_emulator_never_reaches() {
    let api = Api::new("300000000004").await;
    api.make_table("orders").await;
    let status = "INACCESSIBLE_ENCRYPTION_CREDENTIALS";
    stack().await.proxy().show_table_status(api.account, "orders", Some(status.to_owned()));
    assert_eq!(api.table("orders").await["TableStatus"], status);
    stack().await.proxy().show_table_status(api.account, "orders", None);
    assert_eq!(api.table("orders").await["TableStatus"], "ACTIVE");
}

#[tokio::test]
async fn a_point_in_time_restore_has_a_summary_too() {
    let api = Api::new("300000000005").await;
    api.make_table("orders").await;
    let input = json!({
        "SourceTableName": "orders", "TargetTableName": "orders-2", "UseLatestRestorableTime": true
    });
    let restored = api.dynamodb("RestoreTableToPointInTime", input).await.ok();
    let summary = &restored["TableDescription"]["RestoreSummary"];
    assert_eq!(summary["SourceTableArn"], "arn:aws:dynamodb:us-east-1:300000000005:table/orders");
    assert_eq!(summary.get("SourceBackupArn"), None);
    assert_eq!(shown(&api.table("orders-2").await).0, "CREATING");
}

#[tokio::test]
async fn backups_are_listed_by_type_and_time() {
    let api = Api::new("300000000006").await;
    let own = backed_up(&api, "orders").await;
    api.backup(Method::PUT, "/backup-vaults/Default", json!({})).await.ok();
    let job = json!({
        "BackupVaultName": "Default",
        "ResourceArn": "arn:aws:dynamodb:us-east-1:300000000006:table/orders",
        "IamRoleArn": "arn:aws:iam::300000000006:role/backup",
    });
    let taken = api.backup(Method::PUT, "/backup-jobs", job).await.ok()["RecoveryPointArn"].take();
    let listed = async |input: Value| -> Vec<Value> {
        let output = api.dynamodb("ListBackups", input).await.ok();
        output["BackupSummaries"]
            .as_array()
            .unwrap()
            .iter()
            .map(|summary| summary["BackupArn"].clone())
            .collect()
    };
    assert_eq!(listed(json!({})).await, [json!(own)]);
    assert_eq!(listed(json!({"BackupType": "AWS_BACKUP"})).await, std::slice::from_ref(&taken));
    assert_eq!(
        listed(json!({"BackupType": "ALL", "TableName": "orders"})).await,
        [json!(own), taken.clone()]
    );
    assert_eq!(listed(json!({"BackupType": "ALL", "TimeRangeUpperBound": 1_000})).await, Vec::<Value>::new());
    let described = api.dynamodb("DescribeBackup", json!({"BackupArn": taken})).await.ok();
    assert_eq!(described["BackupDescription"]["BackupDetails"]["BackupType"], "AWS_BACKUP");
}
