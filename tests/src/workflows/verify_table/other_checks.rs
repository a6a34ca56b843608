//! What the scenarios of other checks than those of items need: metrics, a backup, a check function.

use std::io::{Cursor, Write as _};
use std::sync::Arc;

use aws_sdk_cloudwatch::types::{Dimension, MetricDatum};
use aws_sdk_dynamodb::types::BackupStatus;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{FunctionCode, Runtime};
use chrono::TimeDelta;
use serde_json::{Value, json};
use tablekeeper_core::aws::arn::table_arn;
use tablekeeper_core::clock::Clock;
use zip::write::SimpleFileOptions;

use super::{ITEMS, LIVE, TABLE, fill, input, make_table, make_table_called, with_copy, with_live};
use crate::harness::waiting::until;
use crate::{Begin, Deployed};

/// Name of the check function.
const CHECK: &str = "check-orders";
/// The parameter that names it.
pub(super) const WITH_CHECK: &[(&str, &str)] =
    &[("CheckFunctionArn", "arn:aws:lambda:us-east-1:ACCOUNT:function:check-orders")];

/// Adds values of a write metric of the live table.
async fn put_metric(deployed: &Deployed, name: &str, value: f64) {
    let table = Dimension::builder().name("TableName").value(LIVE).build();
    let datum = MetricDatum::builder().metric_name(name).dimensions(table).value(value).build();
    let put = deployed.cloudwatch.put_metric_data().namespace("AWS/DynamoDB").metric_data(datum);
    put.send().await.unwrap();
}

pub(super) async fn of_live_since(deployed: Arc<Deployed>) -> Begin {
    let Begin::Input(mut input) = with_live(&deployed, "COUNTED", 0.0).await else { unreachable!() };
    put_metric(&deployed, "ConsumedWriteCapacityUnits", 2.0).await;
    put_metric(&deployed, "TimeToLiveDeletedItemCount", 1.0).await;
    let hour_ago = (Clock::System.now() - TimeDelta::hours(1)).to_rfc3339();
    input["Expected"]["Table"] =
        json!({ "TableArn": table_arn(LIVE, deployed.machine()), "CopiedAt": hour_ago });
    Begin::Input(input)
}

/// Backs a live table up, and returns an expectation of the backup's description.
async fn with_backup(deployed: &Deployed, found: usize) -> Value {
    make_table(deployed).await;
    make_table_called(deployed, LIVE).await;
    fill(deployed, TABLE, found).await;
    fill(deployed, LIVE, ITEMS).await;
    let create = deployed.dynamodb.create_backup().table_name(LIVE).backup_name("nightly");
    let backup = create.send().await.unwrap().backup_details.unwrap().backup_arn;
    until("the backup is available", async || {
        let describe = deployed.dynamodb.describe_backup().backup_arn(&backup).send().await.unwrap();
        let details = describe.backup_description.unwrap().backup_details.unwrap();
        details.backup_status == BackupStatus::Available
    })
    .await;
    let mut input = input(deployed, "COUNTED");
    input["Expected"] = json!({ "Backup": { "BackupArn": backup, "AllowedDifferencePercent": 0 } });
    input
}

pub(super) async fn of_backup(deployed: Arc<Deployed>) -> Begin {
    Begin::Input(with_backup(&deployed, ITEMS).await)
}

pub(super) async fn of_deleted_backup(deployed: Arc<Deployed>) -> Begin {
    let input = with_backup(&deployed, ITEMS).await;
    let arn = input["Expected"]["Backup"]["BackupArn"].as_str().unwrap();
    deployed.dynamodb.delete_backup().backup_arn(arn).send().await.unwrap();
    Begin::Input(input)
}

/// Makes a copy and a check function of this body, in Python.
async fn with_check(deployed: &Deployed, body: &str) -> Begin {
    with_copy(deployed, ITEMS).await;
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    archive.start_file("check.py", SimpleFileOptions::default()).unwrap();
    archive.write_all(format!("def handler(event, context):\n    {body}\n").as_bytes()).unwrap();
    let archive = archive.finish().unwrap().into_inner();
    let create = deployed.lambda.create_function().function_name(CHECK).runtime(Runtime::Python311);
    let create = create.handler("check.handler").role(format!("arn:aws:iam::{}:role/r", deployed.account));
    create.code(FunctionCode::builder().zip_file(Blob::new(archive)).build()).send().await.unwrap();
    Begin::Input(input(deployed, "COUNTED"))
}

pub(super) async fn check_agrees(deployed: Arc<Deployed>) -> Begin {
    let body = "return {'Verified': event['Version'] == 1 and event['ExecutionInput']['TableArn'] == event['TableArn']}";
    with_check(&deployed, body).await
}

pub(super) async fn check_refuses(deployed: Arc<Deployed>) -> Begin {
    with_check(&deployed, "return {'Verified': False, 'Reason': 'no order of today'}").await
}

pub(super) async fn check_says_nothing(deployed: Arc<Deployed>) -> Begin {
    with_check(&deployed, "pass").await
}

pub(super) async fn check_fails(deployed: Arc<Deployed>) -> Begin {
    with_check(&deployed, "raise ValueError('no connection')").await
}
