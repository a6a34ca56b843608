//! Restoring an AWS Backup recovery point: StartRestoreJob.
//!
//! The call takes an idempotency token, which derives from the recovery point and the target table. A call that is
//! repeated after a lost response returns the job that it started before. AWS does not document how long it remembers a
//! token. So the step first lists the restore jobs of this recovery point whose target is this table. It adopts a job
//! that runs, or that made the existing table. After jobs that failed, or whose table is gone, it starts a new one. It
//! leaves any other table of that name alone, unless the table's own tag says that it was made from this recovery point
//! ([`tablekeeper_core::aws::own_tag`]).

use std::fmt::Write as _;

use aws_sdk_backup::error::ProvideErrorMetadata;
use aws_sdk_backup::types::{RestoreJobStatus, RestoreJobsListMember};
use aws_sdk_dynamodb::types::{TableDescription as SdkTable, TableStatus};
use sha2::{Digest, Sha256};
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::aws::table as table_description;
use tablekeeper_core::aws::table::TableDescription;
use tablekeeper_core::clock::utc;
use tablekeeper_core::rotation::execution_input::{BackupSnsMessage, ExecutionInput};
use tablekeeper_core::rotation::request::Request;

use super::with_dynamodb::Origin;
use super::{Error, RestoreBackup, Started};

impl RestoreBackup {
    pub(super) async fn restore_with_backup(
        &self,
        Request { backup, input: wanted, .. }: &Request,
        target_table: &str,
        restore_role_arn: &str,
    ) -> Result<Started, Error> {
        refuse_unknown_overrides(wanted)?;
        let recovery_point_arn = &backup.recovery_point_arn;
        let jobs = self.restore_jobs_of(backup, target_table).await?;
        let table = table_description::describe(&self.dynamodb, target_table).await?;
        if table.as_ref().is_some_and(|table| table.table_status() == Some(&TableStatus::Deleting)) {
            return Err(Error::TargetTableDeleting(target_table.to_owned()));
        }
        let made_by = |job: &&RestoreJobsListMember| is_running(job) || has_made(job, table.as_ref());
        if let Some(job) = jobs.iter().find(made_by) {
            return Ok(Started {
                at: job.creation_date().map_or_else(|| self.clock.now(), utc),
                table: table.as_ref().map(TableDescription::from),
                restore_job_id: job.restore_job_id.clone(),
                adopted: true,
            });
        }
        if let Some(table) = table {
            let being_made = table.table_status() == Some(&TableStatus::Creating);
            // AWS Backup forgets its jobs after some time, but the table's tag stays.
            let origin = match being_made {
                true => Origin::Other("no restore job of that recovery point is known to make it".to_owned()),
                false => self.tagged(&table, recovery_point_arn).await?,
            };
            let made_from = match origin {
                Origin::SameRecoveryPoint => return Ok(self.adopt(&table)),
                Origin::Other(made_from) | Origin::Unknown(made_from) => made_from,
            };
            return Err(Error::TargetTableExists {
                table: target_table.to_owned(),
                recovery_point_arn: recovery_point_arn.clone(),
                made_from,
            });
        }
        let mut request = self
            .backup
            .start_restore_job()
            .recovery_point_arn(recovery_point_arn)
            .iam_role_arn(restore_role_arn)
            .resource_type("DynamoDB")
            .idempotency_token(token(recovery_point_arn, target_table, jobs.len()))
            .metadata("targetTableName", target_table);
        if let Some(encryption) = &wanted.sse_specification_override {
            request = request.metadata("encryptionType", if encryption.enabled { "KMS" } else { "Default" });
            if let Some(key) = encryption.kms_master_key_id.as_ref().filter(|_| encryption.enabled) {
                // AWS Backup calls the key `kmsMasterKeyArn`. DynamoDB accepts ids and aliases as well.
                request = request.metadata("kmsMasterKeyArn", key);
            }
        }
        match request.send().await {
            Ok(response) => Ok(Started {
                at: self.clock.now(),
                table: None,
                restore_job_id: response.restore_job_id,
                adopted: false,
            }),
            Err(error) if error.code() == Some("ResourceNotFoundException") => Err(Error::BackupNotFound {
                recovery_point_arn: recovery_point_arn.clone(),
                reason: error.message().unwrap_or_default().to_owned(),
            }),
            Err(error) if error.code() == Some("LimitExceededException") => {
                Err(Error::TooManyRestores(error.message().unwrap_or_default().to_owned()))
            }
            Err(error) => Err(AwsFailure::from_call("backup:StartRestoreJob")(error).into()),
        }
    }

    /// Returns the restore jobs, in any state, that were asked to make the target from this recovery point.
    async fn restore_jobs_of(
        &self,
        backup: &BackupSnsMessage,
        target_table: &str,
    ) -> Result<Vec<RestoreJobsListMember>, Error> {
        let mut ours = Vec::new();
        let mut jobs = self
            .backup
            .list_restore_jobs_by_protected_resource()
            .resource_arn(&backup.backed_up_resource_arn)
            .into_paginator()
            .items()
            .send();
        while let Some(job) = jobs.next().await {
            let job = match job {
                Ok(job) => job,
                // AWS Backup does not know a table that nothing was ever restored from.
                Err(error) if error.code() == Some("ResourceNotFoundException") => break,
                Err(error) => {
                    return Err(
                        AwsFailure::from_call("backup:ListRestoreJobsByProtectedResource")(error).into()
                    );
                }
            };
            if job.recovery_point_arn() != Some(backup.recovery_point_arn.as_str()) {
                continue;
            }
            let metadata = self
                .backup
                .get_restore_job_metadata()
                .restore_job_id(job.restore_job_id().unwrap_or_default())
                .send()
                .await
                .map_err(AwsFailure::from_call("backup:GetRestoreJobMetadata"))?;
            let mut entries = metadata.metadata().into_iter().flatten();
            // AWS Backup ignores the case of the keys of a restore's metadata.
            if entries
                .any(|(key, value)| key.eq_ignore_ascii_case("targetTableName") && value == target_table)
            {
                ours.push(job);
            }
        }
        Ok(ours)
    }
}

/// Returns whether the job may still make its table.
fn is_running(job: &RestoreJobsListMember) -> bool {
    !matches!(
        job.status(),
        Some(RestoreJobStatus::Completed | RestoreJobStatus::Failed | RestoreJobStatus::Aborted)
    )
}

/// Returns whether the job made this table, and not someone else under that name later. The clocks of the two services
/// are compared by the second.
fn has_made(job: &RestoreJobsListMember, table: Option<&SdkTable>) -> bool {
    let created = table.and_then(|table| table.creation_date_time()).map(|time| time.secs());
    let (Some(created), Some(from)) = (created, job.creation_date().map(|time| time.secs())) else {
        return false;
    };
    let until = job.completion_date().map_or(i64::MAX, |time| time.secs());
    job.status() == Some(&RestoreJobStatus::Completed) && (from..=until).contains(&created)
}

/// Rejects overrides that AWS Backup does not support. It restores all indexes and the capacity unchanged; only the
/// encryption can be chosen.
fn refuse_unknown_overrides(wanted: &ExecutionInput) -> Result<(), Error> {
    let given = [
        ("BillingModeOverride", wanted.billing_mode_override.is_some()),
        ("GlobalSecondaryIndexOverride", wanted.global_secondary_index_override.is_some()),
        ("VectorIndexOverride", wanted.vector_index_override.is_some()),
        ("LocalSecondaryIndexOverride", wanted.local_secondary_index_override.is_some()),
        ("ProvisionedThroughputOverride", wanted.provisioned_throughput_override.is_some()),
        ("OnDemandThroughputOverride", wanted.on_demand_throughput_override.is_some()),
    ];
    let key = wanted
        .sse_specification_override
        .as_ref()
        .and_then(|encryption| encryption.kms_master_key_id.as_ref());
    if let Some(key) = key.filter(|key| !key.starts_with("arn:")) {
        let reason = format!(
            "AWS Backup restores this recovery point, and accepts a KMS key only by its ARN, not {key}"
        );
        return Err(Error::Override { name: "SSESpecificationOverride", reason });
    }
    match given.into_iter().find(|(_, given)| *given) {
        None => Ok(()),
        Some((name, _)) => Err(Error::Override {
            name,
            reason: "AWS Backup restores this recovery point, and supports only \
                     SSESpecificationOverride"
                .to_owned(),
        }),
    }
}

/// Returns the idempotency token. It is the same for every attempt at one restore. It changes once the earlier jobs
/// have ended without the table, because AWS Backup responds to a known token with the old job.
fn token(recovery_point_arn: &str, target_table: &str, ended_jobs: usize) -> String {
    let digest = Sha256::digest(format!("{recovery_point_arn} {target_table} {ended_jobs}"));
    digest.iter().fold(String::new(), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}
