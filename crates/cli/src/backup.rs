//! Finds the backup that an option names: by its ARN, or as the newest one of a table.

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{BackupStatus, BackupSummary, BackupTypeFilter};
use chrono::{DateTime, SecondsFormat};
use serde_json::{Map, Value, json};
use tablekeeper_core::aws::arn::{Arn, RecoveryPointKind, backed_up_table};
use tablekeeper_core::aws::table as table_description;
use tablekeeper_core::text::quoted;

use crate::failure::Unusable;
use crate::{console, failure, stack};

/// The value of `--backup` for the newest backup.
const LATEST: &str = "latest";

/// Which form of a backup an input takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Forms {
    /// Whether it has the field `BackupArn`.
    pub(crate) has_arn: bool,
    /// Whether it has the field `BackupSnsMessage`.
    pub(crate) has_message: bool,
}

/// Returns the fields of an input that name the backup of `--backup`. Prints which one is the newest. Fails with
/// [`Unusable`] if there is no such backup.
pub(crate) async fn fields(
    backup: &str,
    table: Option<&str>,
    forms: Forms,
    config: &SdkConfig,
) -> anyhow::Result<Map<String, Value>> {
    if backup != LATEST {
        check_arn(backup, table)?;
        return Ok(fields_of(json!({ "BackupArn": backup })));
    }
    let table = table.ok_or_else(|| Unusable("--backup latest needs --table".to_owned()))?;
    let client = Client::new(config);
    let Some(newest) = newest(&client, table).await? else {
        let place = stack::place(config).unwrap_or_default();
        // Without permission to describe the table, it may exist.
        let is_missing = table_description::describe(&client, table).await.is_ok_and(|found| found.is_none());
        return Err(Unusable(match is_missing {
            true => format!("table {table} does not exist {place}, and has no available backup; check its name"),
            false => format!(
                "table {table} has no available backup {place}. If one is still being created, wait for it; otherwise \
                 make one"
            ),
        })
        .into());
    };
    console::print_remark(&format!("the newest backup of {table} is {newest}, of {}", newest.time()));
    Ok(newest.fields(forms))
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
    fn fields(&self, forms: Forms) -> Map<String, Value> {
        let is_named_by_arn = Arn::parse(&self.arn).and_then(|arn| RecoveryPointKind::from_arn(&arn))
            == Some(RecoveryPointKind::DynamoDb);
        if is_named_by_arn && forms.has_arn || !forms.has_message {
            return fields_of(json!({ "BackupArn": self.arn }));
        }
        fields_of(json!({ "BackupSnsMessage": {
            "RecoveryPointArn": self.arn, "BackedUpResourceArn": self.table_arn, "StartTime": self.time(),
        } }))
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

fn fields_of(value: Value) -> Map<String, Value> {
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
        let arn = "arn:aws:backup:eu-west-1:123456789012:recovery-point:1-2-3".to_owned();
        let point = Backup { arn, table_arn: "t".to_owned(), created: 1_772_330_400 };
        let expected = json!({ "BackupSnsMessage": {
            "RecoveryPointArn": point.arn, "BackedUpResourceArn": "t", "StartTime": "2026-03-01T02:00:00Z" } });
        let both = Forms { has_arn: true, has_message: true };
        assert_eq!(Value::from(point.fields(both)), expected);
        let only_arn = Forms { has_arn: true, has_message: false };
        assert_eq!(Value::from(point.fields(only_arn)), json!({ "BackupArn": point.arn }));
    }
}
