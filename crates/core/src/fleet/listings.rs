//! Reads what one listing has for all tables: backups of DynamoDB and restore jobs of AWS Backup.

use std::collections::HashMap;

use aws_sdk_backup::types::{RestoreJobStatus, RestoreValidationStatus};
use aws_sdk_dynamodb::types as sdk;
use chrono::{DateTime, Utc};

use super::rates::Apis;
use crate::aws::arn::table_arn_of_backup;
use crate::aws::failure::AwsFailure;
use crate::clock::utc;

/// The backups of a table's name, by the ARN of the table. They may belong to an earlier table of that name.
pub(super) type Backups = HashMap<String, Vec<Backup>>;

/// A backup that DynamoDB can restore.
#[derive(Clone, Debug)]
pub(super) struct Backup {
    pub(super) arn: String,
    pub(super) table_id: String,
    pub(super) created_at: DateTime<Utc>,
}

/// Lists the available backups of the account in DynamoDB.
pub(super) async fn backups(apis: &Apis, dynamodb: &aws_sdk_dynamodb::Client) -> Result<Backups, AwsFailure> {
    let (mut backups, mut start) = (Backups::new(), None);
    loop {
        let list = || {
            let list = dynamodb.list_backups().backup_type(sdk::BackupTypeFilter::All);
            list.set_exclusive_start_backup_arn(start.clone()).send()
        };
        let page = apis.list_backups.call(list).await?;
        for summary in page.backup_summaries.unwrap_or_default() {
            let is_available = summary.backup_status() == Some(&sdk::BackupStatus::Available);
            let (Some(arn), Some(time), true) =
                (summary.backup_arn(), summary.backup_creation_date_time(), is_available)
            else {
                continue;
            };
            let table = summary.table_arn().or_else(|| table_arn_of_backup(arn)).unwrap_or_default();
            backups.entry(table.to_owned()).or_default().push(Backup {
                arn: arn.to_owned(),
                table_id: summary.table_id().unwrap_or_default().to_owned(),
                created_at: utc(time),
            });
        }
        start = page.last_evaluated_backup_arn;
        if start.is_none() {
            return Ok(backups);
        }
    }
}

/// A completed restore job of AWS Backup.
#[derive(Clone, Debug)]
pub(super) struct RestoreJob {
    pub(super) id: String,
    pub(super) source_arn: String,
    pub(super) created_arn: Option<String>,
    pub(super) seconds: u64,
    pub(super) ended_at: DateTime<Utc>,
    /// Whether AWS Backup has the validation result SUCCESSFUL.
    pub(super) is_validated: bool,
}

/// Lists the completed restore jobs of tables that AWS Backup still knows.
pub(super) async fn restore_jobs(
    apis: &Apis,
    backup: &aws_sdk_backup::Client,
) -> Result<Vec<RestoreJob>, AwsFailure> {
    let (mut jobs, mut token) = (Vec::new(), None);
    loop {
        let list = || {
            let list = backup.list_restore_jobs().by_resource_type("DynamoDB");
            list.by_status(RestoreJobStatus::Completed).set_next_token(token.clone()).send()
        };
        let page = apis.list_restore_jobs.call(list).await?;
        jobs.extend(page.restore_jobs.unwrap_or_default().iter().filter_map(restore_job));
        token = page.next_token;
        if token.is_none() {
            return Ok(jobs);
        }
    }
}

fn restore_job(job: &aws_sdk_backup::types::RestoreJobsListMember) -> Option<RestoreJob> {
    let point = job.recovery_point_arn();
    let source = job.source_resource_arn().or_else(|| point.and_then(table_arn_of_backup))?;
    let (began, ended_at) = (utc(job.creation_date()?), utc(job.completion_date()?));
    Some(RestoreJob {
        id: job.restore_job_id()?.to_owned(),
        source_arn: source.to_owned(),
        created_arn: job.created_resource_arn().map(str::to_owned),
        seconds: (ended_at - began).num_seconds().max(0).unsigned_abs(),
        ended_at,
        is_validated: job.validation_status() == Some(&RestoreValidationStatus::Successful),
    })
}
