//! Restoring an AWS Backup recovery point: StartRestoreJob.
//!
//! The call takes an idempotency token, derived from what is restored to where, so that a call whose
//! answer was lost is answered with the job that it started. How long AWS keeps a token it does not
//! say; so before anything is started the target's name is looked up, and a table that is there is
//! adopted only if a restore job of this recovery point was told to make it.

use std::fmt::Write as _;

use aws_sdk_backup::error::ProvideErrorMetadata;
use aws_sdk_backup::types::{RestoreJobStatus, RestoreJobsListMember};
use sha2::{Digest, Sha256};

use super::{Error, RestoreBackup, Started};
use crate::aws_failure::AwsFailure;
use crate::rotate_restore::execution_input::ExecutionInput;
use crate::table_description::{TableDescription, utc};

impl RestoreBackup {
    pub(super) async fn restore_with_backup(
        &self,
        wanted: &ExecutionInput,
        target_table: &str,
        restore_role_arn: &str,
    ) -> Result<Started, Error> {
        refuse_unknown_overrides(wanted)?;
        let recovery_point_arn = &wanted.backup_sns_message.recovery_point_arn;
        if let Some(table) = self.describe(target_table).await? {
            let job =
                self.restore_job_of(wanted, target_table).await?.ok_or_else(|| Error::TargetTableExists {
                    table: target_table.to_owned(),
                    recovery_point_arn: recovery_point_arn.clone(),
                    made_from: "belongs to no restore job of that recovery point".to_owned(),
                })?;
            return Ok(Started {
                at: job.creation_date().map_or_else(|| self.clock.now(), utc),
                table: Some(TableDescription::from(&table)),
                restore_job_id: job.restore_job_id,
                adopted: true,
            });
        }
        let mut request = self
            .backup
            .start_restore_job()
            .recovery_point_arn(recovery_point_arn)
            .iam_role_arn(restore_role_arn)
            .resource_type("DynamoDB")
            .idempotency_token(token(recovery_point_arn, target_table))
            .metadata("targetTableName", target_table);
        if let Some(encryption) = &wanted.sse_specification_override {
            request = request.metadata("encryptionType", if encryption.enabled { "KMS" } else { "Default" });
            if let Some(key) = encryption.kms_master_key_id.as_ref().filter(|_| encryption.enabled) {
                request = request.metadata("kmsMasterKeyArn", key);
            }
        }
        match request.send().await {
            Ok(answer) => Ok(Started {
                at: self.clock.now(),
                table: None,
                restore_job_id: answer.restore_job_id,
                adopted: false,
            }),
            Err(error) if error.code() == Some("ResourceNotFoundException") => Err(Error::BackupNotFound {
                recovery_point_arn: recovery_point_arn.clone(),
                reason: error.message().unwrap_or_default().to_owned(),
            }),
            Err(error) if error.code() == Some("LimitExceededException") => {
                Err(Error::TooManyRestores(error.message().unwrap_or_default().to_owned()))
            }
            Err(error) => Err(AwsFailure::of("backup:StartRestoreJob")(error).into()),
        }
    }

    /// The restore job, not failed, that makes or made the target from this recovery point.
    async fn restore_job_of(
        &self,
        wanted: &ExecutionInput,
        target_table: &str,
    ) -> Result<Option<RestoreJobsListMember>, Error> {
        let backup = &wanted.backup_sns_message;
        let mut jobs = self
            .backup
            .list_restore_jobs_by_protected_resource()
            .resource_arn(&backup.backed_up_resource_arn)
            .into_paginator()
            .items()
            .send();
        while let Some(job) = jobs.next().await {
            let job = job.map_err(AwsFailure::of("backup:ListRestoreJobsByProtectedResource"))?;
            let ended_badly =
                matches!(job.status(), Some(RestoreJobStatus::Failed | RestoreJobStatus::Aborted));
            if ended_badly || job.recovery_point_arn() != Some(backup.recovery_point_arn.as_str()) {
                continue;
            }
            let metadata = self
                .backup
                .get_restore_job_metadata()
                .restore_job_id(job.restore_job_id().unwrap_or_default())
                .send()
                .await
                .map_err(AwsFailure::of("backup:GetRestoreJobMetadata"))?;
            let mut entries = metadata.metadata().into_iter().flatten();
            // AWS Backup treats the keys of a restore's metadata without regard to case.
            if entries
                .any(|(key, value)| key.eq_ignore_ascii_case("targetTableName") && value == target_table)
            {
                return Ok(Some(job));
            }
        }
        Ok(None)
    }
}

/// AWS Backup restores all indexes and the capacity as they were; encryption alone can be chosen.
fn refuse_unknown_overrides(wanted: &ExecutionInput) -> Result<(), Error> {
    let given = [
        ("BillingModeOverride", wanted.billing_mode_override.is_some()),
        ("GlobalSecondaryIndexOverride", wanted.global_secondary_index_override.is_some()),
        ("LocalSecondaryIndexOverride", wanted.local_secondary_index_override.is_some()),
        ("ProvisionedThroughputOverride", wanted.provisioned_throughput_override.is_some()),
        ("OnDemandThroughputOverride", wanted.on_demand_throughput_override.is_some()),
    ];
    match given.into_iter().find(|(_, given)| *given) {
        None => Ok(()),
        Some((name, _)) => Err(Error::Override {
            name,
            reason: "AWS Backup restores this recovery point, and of the overrides it knows \
                     SSESpecificationOverride alone"
                .to_owned(),
        }),
    }
}

fn token(recovery_point_arn: &str, target_table: &str) -> String {
    let digest = Sha256::digest(format!("{recovery_point_arn} {target_table}"));
    digest.iter().fold(String::new(), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}
