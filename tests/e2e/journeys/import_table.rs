//! Tests `import-table` end to end. Beyond the common tests and those of the commands, it imports files of the full
//! backup before `export-table`.

use std::collections::BTreeSet;

use aws_sdk_s3::primitives::ByteStream;
use execution_report::message_of;
use serde_json::{Value, json};
use tablekeeper_tests::harness::former_backup::{FormerFormat, every_type, file, key};
use tablekeeper_tests::harness::items::canonical;
use tablekeeper_tests::harness::run::{Execution, end_of};
use tablekeeper_tests::workflows::import_table::{TABLE, make_table, workflow};
use tablekeeper_tests::{Deployed, items_of};

crate::of_every_workflow!(import_table);

/// Creates an account with the workflow, an empty table, and a bucket as the former full backup created it.
async fn with_former_backup_bucket() -> (Deployed, String) {
    let mut deployed = Deployed::empty_account().await;
    deployed.deploy(&workflow(), &[("ExportBucketName", "*-dynamodb-backup".to_owned())]).await;
    make_table(&deployed).await;
    let bucket = format!("{}-dynamodb-backup", deployed.account);
    deployed.s3.create_bucket().bucket(&bucket).send().await.unwrap();
    (deployed, bucket)
}

async fn put(deployed: &Deployed, bucket: &str, key: &str, content: Vec<u8>) {
    let put = deployed.s3.put_object().bucket(bucket).key(key).body(ByteStream::from(content));
    put.send().await.unwrap();
}

async fn import(deployed: &Deployed, input: &Value) -> Execution {
    let start = deployed.sfn.start_execution().state_machine_arn(deployed.machine()).name("moved");
    start.input(input.to_string()).send().await.unwrap();
    end_of(deployed, "moved").await
}

async fn a_former_backup_is_found_whole(format: FormerFormat, name: &str, frequency: Option<&str>) {
    let (deployed, bucket) = with_former_backup_bucket().await;
    let items: Vec<Value> = (0..60).map(every_type).collect();
    let time = "2020-09-05-03-29-50";
    put(&deployed, &bucket, &key(TABLE, time, frequency), file(format, &items)).await;
    // A backup of another day, which must not be imported.
    put(&deployed, &bucket, &key(TABLE, "2020-09-04-03-29-50", frequency), b"half a li".to_vec()).await;
    let from = format!("s3://{bucket}/{TABLE}/{time}/");
    let input = json!({ "TableName": TABLE, "From": from, "Format": name, "Binary": "text" });
    let execution = import(&deployed, &input).await;
    assert_eq!(execution.entered.last().map(String::as_str), Some("Complete"), "{execution:?}");
    assert_eq!(execution.output["ItemCount"], 60);
    let found: BTreeSet<String> = items_of(&deployed.dynamodb, TABLE).await.iter().map(canonical).collect();
    assert_eq!(found, items.iter().map(canonical).collect());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_the_former_system_for_data_pipeline_is_imported_whole() {
    a_former_backup_is_found_whole(FormerFormat::DataPipeline, "data-pipeline", Some("Daily")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_backup_of_the_former_system_without_a_frequency_is_imported_whole() {
    a_former_backup_is_found_whole(FormerFormat::Plain, "plain", None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn binaries_of_a_former_backup_are_not_read_as_base64() {
    let (deployed, bucket) = with_former_backup_bucket().await;
    let time = "2020-09-05-03-29-50";
    let content = file(FormerFormat::DataPipeline, &[every_type(0)]);
    put(&deployed, &bucket, &key(TABLE, time, Some("Daily")), content).await;
    let from = format!("s3://{bucket}/{TABLE}/{time}/");
    let input = json!({ "TableName": TABLE, "From": from, "Format": "data-pipeline" });
    let execution = import(&deployed, &input).await;
    assert_eq!(execution.error.as_deref(), Some("InvalidExport"), "{execution:?}");
    let message = message_of(execution.cause.as_deref().unwrap());
    assert!(
        message.contains("line 1 is not an item") && message.ends_with("set Binary to text"),
        "{message}"
    );
    assert_eq!(items_of(&deployed.dynamodb, TABLE).await, Vec::<Value>::new());
}
