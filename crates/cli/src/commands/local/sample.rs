//! The table with a backup that `local up` makes, so that the first execution of `rotate-restore` has something to
//! restore.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Context as _, bail};
use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BackupStatus, BillingMode, KeySchemaElement, KeyType,
    ScalarAttributeType,
};

use crate::failure;

/// The name of the table. It matches `SourcePattern` of [`parameters`].
const TABLE: &str = "customer-production";
/// Its items: id, name, city.
const ITEMS: &[(&str, &str, &str)] =
    &[("1", "Ada", "London"), ("2", "Grace", "New York"), ("3", "Katherine", "Hampton")];
const POLLS: usize = 50;
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Returns the parameters of `rotate-restore` with which the table's copies have a name and a parameter of their own.
pub(super) fn parameters() -> [(&'static str, String); 3] {
    [
        ("SourcePattern", "(?i)^(.+)-production$"),
        ("ReplacementPattern", "$1-staging"),
        ("SSMParameterName", "/staging/$1/table-arn"),
    ]
    .map(|(name, value)| (name, value.to_owned()))
}

/// Creates the table with its items and an on-demand backup. Returns the backup's ARN.
pub(super) async fn create(config: &SdkConfig) -> anyhow::Result<String> {
    let dynamodb = Client::new(config);
    let attribute = AttributeDefinition::builder().attribute_name("id");
    let key = KeySchemaElement::builder().attribute_name("id").key_type(KeyType::Hash);
    dynamodb
        .create_table()
        .table_name(TABLE)
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(attribute.attribute_type(ScalarAttributeType::S).build()?)
        .key_schema(key.build()?)
        .send()
        .await
        .map_err(failure::aws("dynamodb:CreateTable"))?;
    for (id, name, city) in ITEMS {
        let item = [("id", id), ("name", name), ("city", city)]
            .map(|(attribute, value)| (attribute.to_owned(), AttributeValue::S((*value).to_owned())));
        let put = dynamodb.put_item().table_name(TABLE).set_item(Some(HashMap::from(item)));
        put.send().await.map_err(failure::aws("dynamodb:PutItem"))?;
    }
    let create = dynamodb.create_backup().table_name(TABLE).backup_name("sample");
    let created = create.send().await.map_err(failure::aws("dynamodb:CreateBackup"))?;
    let backup_arn = created.backup_details.context("CreateBackup returned no backup")?.backup_arn;
    until_available(&dynamodb, &backup_arn).await?;
    Ok(backup_arn)
}

async fn until_available(dynamodb: &Client, backup_arn: &str) -> anyhow::Result<()> {
    for _ in 0..POLLS {
        let describe = dynamodb.describe_backup().backup_arn(backup_arn);
        let described = describe.send().await.map_err(failure::aws("dynamodb:DescribeBackup"))?;
        let details = described.backup_description.and_then(|description| description.backup_details);
        if details.is_some_and(|details| details.backup_status == BackupStatus::Available) {
            return Ok(());
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
    bail!("the backup {backup_arn} does not become AVAILABLE")
}
