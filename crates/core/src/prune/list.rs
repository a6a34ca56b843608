//! Lists the on-demand backups of a table.

use aws_sdk_dynamodb::types::{BackupStatus, BackupSummary, BackupTypeFilter};

use crate::aws::failure::AwsFailure;
use crate::clock::utc;
use crate::prune::retention::Backup;

/// Lists all on-demand backups (`USER`) of tables with this name, on all pages. It does not list those of AWS Backup,
/// nor those that DynamoDB makes of a deleted table. The table ids separate the backups of earlier tables with the same
/// name.
pub async fn backups(dynamodb: &aws_sdk_dynamodb::Client, table: &str) -> Result<Vec<Backup>, AwsFailure> {
    let mut backups = Vec::new();
    let mut start = None;
    loop {
        let list = dynamodb.list_backups().table_name(table).backup_type(BackupTypeFilter::User);
        let page = list.set_exclusive_start_backup_arn(start).send().await;
        let page = page.map_err(AwsFailure::from_call("dynamodb:ListBackups"))?;
        backups.extend(page.backup_summaries().iter().filter_map(of_summary));
        start = page.last_evaluated_backup_arn;
        if start.is_none() {
            return Ok(backups);
        }
    }
}

/// Converts a backup. Skips one without an ARN, name, time or table id, which cannot be identified.
fn of_summary(summary: &BackupSummary) -> Option<Backup> {
    Some(Backup {
        arn: summary.backup_arn()?.to_owned(),
        name: summary.backup_name()?.to_owned(),
        created_at: utc(summary.backup_creation_date_time()?),
        available: summary.backup_status() == Some(&BackupStatus::Available),
        table_id: summary.table_id()?.to_owned(),
    })
}

#[cfg(test)]
mod tests;
