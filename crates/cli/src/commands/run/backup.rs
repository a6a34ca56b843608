//! `--table` and `--backup`: fields of the input that need no file.

use anyhow::{Context as _, bail};
use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{BackupStatus, BackupSummary, BackupTypeFilter};
use chrono::{DateTime, SecondsFormat};
use clap::Args;
use serde_json::{Map, Value, json};
use tablekeeper_core::aws::arn::{Arn, RecoveryPointKind, backed_up_table};
use tablekeeper_core::text::quoted;

use super::input::has_field;
use crate::failure::Unusable;
use crate::transfer::check_table_name;
use crate::{console, failure, stack};

/// The options that name a table and a backup.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The table: the field TableName of the input, or the table whose backup is meant.
    #[arg(long)]
    table: Option<String>,
    /// The backup: its ARN, or `latest` for the newest available one of --table.
    #[arg(long, value_name = "ARN|latest")]
    backup: Option<String>,
}

impl Options {
    /// Returns the fields of the input. Fails with [`Unusable`] if the workflow takes no table or no backup, or if there
    /// is no such backup.
    pub(crate) async fn fields(
        &self,
        workflow: &str,
        config: &SdkConfig,
    ) -> anyhow::Result<Map<String, Value>> {
        let table = self.table.as_deref();
        table.map_or(Ok(()), check_table_name)?;
        let Some(backup) = &self.backup else {
            return match table {
                None => Ok(Map::new()),
                Some(table) if has_field(workflow, "TableName") => Ok(fields(json!({ "TableName": table }))),
                Some(_) => bail!(Unusable(format!(
                    "{workflow} has no field TableName; {}",
                    match workflow {
                        "sync-settings" => "give the target with --set Target=TABLE",
                        _ => "give a backup of the table with --backup latest",
                    }
                ))),
            };
        };
        if !has_field(workflow, "BackupArn") && !has_field(workflow, "BackupSnsMessage") {
            bail!(Unusable(format!("{workflow} restores no backup; leave --backup out")));
        }
        if backup != "latest" {
            check_arn(backup, table)?;
            return Ok(fields(json!({ "BackupArn": backup })));
        }
        let table = table.ok_or_else(|| Unusable("--backup latest needs --table".to_owned()))?;
        let newest = newest(&Client::new(config), table).await?.with_context(|| {
            let place = stack::place(config).unwrap_or_default();
            Unusable(format!(
                "table {table} has no available backup {place}. If one is still being created, wait for it; otherwise \
                 make one"
            ))
        })?;
        console::print_remark(&format!("the newest backup of {table} is {newest}, of {}", newest.time()));
        newest.fields(workflow)
    }
}

/// Refuses a backup that is not an ARN, or that is of another table than `--table`.
fn check_arn(backup: &str, table: Option<&str>) -> Result<(), Unusable> {
    let Some(arn) = Arn::parse(backup) else {
        return Err(Unusable(format!("--backup is {}; it must be an ARN, or `latest`", quoted(backup))));
    };
    match (backed_up_table(&arn), table) {
        (Some(own), Some(table)) if own != table => {
            Err(Unusable(format!("--backup is of table {own}, but --table is {table}; leave --table out")))
        }
        _ => Ok(()),
    }
}

/// A backup that can be restored.
#[derive(Debug, PartialEq)]
struct Backup {
    arn: String,
    table_arn: String,
    created: i64,
}

impl std::fmt::Display for Backup {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.arn)
    }
}

impl Backup {
    fn new(summary: &BackupSummary) -> Option<Backup> {
        Some(Backup {
            arn: summary.backup_arn()?.to_owned(),
            table_arn: summary.table_arn()?.to_owned(),
            created: summary.backup_creation_date_time()?.secs(),
        })
    }

    fn time(&self) -> String {
        let time = DateTime::from_timestamp(self.created, 0).unwrap_or_default();
        time.to_rfc3339_opts(SecondsFormat::Secs, true)
    }

    /// Returns the fields that name this backup. The ARN of AWS Backup's own recovery points does not name the table and
    /// the time, so these are fields of their own.
    fn fields(&self, workflow: &str) -> anyhow::Result<Map<String, Value>> {
        let is_named_by_arn = Arn::parse(&self.arn).and_then(|arn| RecoveryPointKind::from_arn(&arn))
            == Some(RecoveryPointKind::DynamoDb);
        if is_named_by_arn && has_field(workflow, "BackupArn") || !has_field(workflow, "BackupSnsMessage") {
            return Ok(fields(json!({ "BackupArn": self.arn })));
        }
        Ok(fields(json!({ "BackupSnsMessage": {
            "RecoveryPointArn": self.arn, "BackedUpResourceArn": self.table_arn, "StartTime": self.time(),
        } })))
    }
}

/// Returns the newest available backup of a table, of DynamoDB or of AWS Backup.
async fn newest(client: &Client, table: &str) -> anyhow::Result<Option<Backup>> {
    let mut newest: Option<Backup> = None;
    let mut start = None;
    loop {
        let list = client.list_backups().table_name(table).backup_type(BackupTypeFilter::All);
        let page = list
            .set_exclusive_start_backup_arn(start)
            .send()
            .await
            .map_err(failure::aws("dynamodb:ListBackups"))?;
        let available = page
            .backup_summaries()
            .iter()
            .filter(|backup| backup.backup_status() == Some(&BackupStatus::Available));
        newest = available.filter_map(Backup::new).chain(newest).max_by_key(|backup| backup.created);
        start = page.last_evaluated_backup_arn;
        if start.is_none() {
            return Ok(newest);
        }
    }
}

fn fields(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recovery_point_of_aws_backup_is_named_with_its_table_and_time() {
        let backup =
            |arn: &str| Backup { arn: arn.to_owned(), table_arn: "t".to_owned(), created: 1_772_330_400 };
        let point = backup("arn:aws:backup:eu-west-1:123456789012:recovery-point:1-2-3");
        let expected = json!({ "BackupSnsMessage": {
            "RecoveryPointArn": point.arn, "BackedUpResourceArn": "t", "StartTime": "2026-03-01T02:00:00Z" } });
        assert_eq!(Value::from(point.fields("rotate-restore").unwrap()), expected);
        assert_eq!(Value::from(point.fields("sync-settings").unwrap()), json!({ "BackupArn": point.arn }));
    }

    #[tokio::test]
    async fn options_that_a_workflow_does_not_take_are_refused() {
        let config = SdkConfig::builder().build();
        let given = |table: Option<&str>, backup: Option<&str>| Options {
            table: table.map(str::to_owned),
            backup: backup.map(str::to_owned),
        };
        for (options, workflow, expected) in [
            (
                given(None, Some("latest")),
                "export-table",
                "export-table restores no backup; leave --backup out",
            ),
            (
                given(Some("t-1"), None),
                "rotate-restore",
                "rotate-restore has no field TableName; give a backup of the table with --backup latest",
            ),
            (given(None, Some("latest")), "rotate-restore", "--backup latest needs --table"),
            (
                given(None, Some("lates")),
                "rotate-restore",
                "--backup is `lates`; it must be an ARN, or `latest`",
            ),
            (
                given(
                    Some("orders"),
                    Some("arn:aws:dynamodb:r:1:table/other/backup/01772330400412-9c2f1ab7"),
                ),
                "rotate-restore",
                "--backup is of table other, but --table is orders",
            ),
            (given(Some("a b"), None), "export-table", "TABLE is `a b`; it must be a table name"),
        ] {
            let error = options.fields(workflow, &config).await.unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
        let table = given(Some("orders"), None).fields("export-table", &config).await.unwrap();
        assert_eq!(Value::from(table), json!({ "TableName": "orders" }));
    }
}
