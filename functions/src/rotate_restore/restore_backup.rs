//! `rotate-restore.restore-backup`: validates the execution's input and starts the restore.
//!
//! Which service restores, the recovery point decides: DynamoDB its own backups, AWS Backup its
//! recovery points ("Restore a DynamoDB table" in the AWS Backup developer guide). Neither way makes
//! a second table when this step is invoked again: a table of the target's name that was made from
//! this very recovery point is adopted, and a running restore job of it likewise.

mod with_backup;
mod with_dynamodb;

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Restore;
use super::execution_input::ExecutionInput;
use super::rotation::{Patterns, Rotation, RotationError};
use crate::arn::RecoveryPointKind;
use crate::aws_failure::AwsFailure;
use crate::clients::Clients;
use crate::clock::Clock;
use crate::error_name::ErrorName;
use crate::restore_wait::wait_seconds;
use crate::step::{Failure, Named, Step};
use crate::table_description::TableDescription;

/// A restore may take a week; the state machine itself ends a day later.
const LONGEST_TIMEOUT_SECONDS: u32 = 604_800;

/// The step.
#[derive(Debug)]
pub struct RestoreBackup {
    dynamodb: aws_sdk_dynamodb::Client,
    backup: aws_sdk_backup::Client,
    clock: Clock,
}

/// What the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// The execution, for the logs.
    pub execution_arn: String,
    /// What the execution was started with.
    pub execution_input: ExecutionInput,
    /// The role that AWS Backup restores with.
    pub restore_role_arn: String,
    /// How long the restore may take where the execution's input does not say.
    pub restore_timeout_seconds: u32,
}

/// The restore, under way.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// What finds it again.
    pub restore: Restore,
    /// How long to wait before looking at it.
    pub wait_seconds: u32,
    /// The parameter to point at the table, its groups filled in; null for none.
    pub ssm_parameter_name: Option<String>,
    /// Whether an earlier invocation had started it.
    pub adopted: bool,
    /// What the execution's output holds of the call.
    #[serde(rename = "RestoreTableFromBackupOutput")]
    pub restore_table_from_backup_output: RestoreTableFromBackupOutput,
}

/// What the execution's output holds of the call that started the restore.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct RestoreTableFromBackupOutput {
    /// The new table; null where AWS Backup restores, which answers before it makes the table.
    pub table_description: Option<TableDescription>,
    /// AWS Backup's restore job; null where DynamoDB itself restores.
    pub restore_job_id: Option<String>,
}

/// A restore as one of the two services has it.
struct Started {
    at: DateTime<Utc>,
    table: Option<TableDescription>,
    restore_job_id: Option<String>,
    adopted: bool,
}

/// Why the restore was not started.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The input names nothing that can be restored.
    #[error(transparent)]
    Rotation(#[from] RotationError),
    /// The input allows the restore no time, or more than a week.
    #[error("RestoreTimeoutSeconds is {0}; 1 to {LONGEST_TIMEOUT_SECONDS} (a week) may be given")]
    Timeout(u32),
    /// An override that AWS Backup does not know, or that DynamoDB would refuse.
    #[error("{name} cannot be honoured: {reason}")]
    Override {
        /// The field of the execution's input.
        name: &'static str,
        /// Why.
        reason: String,
    },
    /// There is a table of that name already, from elsewhere.
    #[error(
        "table {table} exists and was not made from {recovery_point_arn}: it {made_from}. It was left as it is"
    )]
    TargetTableExists {
        /// The table.
        table: String,
        /// What was to be restored.
        recovery_point_arn: String,
        /// Where the table comes from.
        made_from: String,
    },
    /// There is nothing to restore from.
    #[error("the recovery point {recovery_point_arn} does not exist (any more): {reason}")]
    BackupNotFound {
        /// What was to be restored.
        recovery_point_arn: String,
        /// AWS's words.
        reason: String,
    },
    /// AWS's limit of restores at a time.
    #[error("the account runs as many restores as it may: {0}")]
    TooManyRestores(String),
    /// The target's name is taken by a table that is on its way out.
    #[error("table {0} is being deleted, and its name is taken until it is gone")]
    TargetTableDeleting(String),
    /// The call failed.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
}

impl Named for Error {
    fn name(&self) -> ErrorName {
        match self {
            Error::Rotation(error) => error.name(),
            Error::Timeout(_) => ErrorName::InvalidInput,
            Error::Override { .. } => ErrorName::OverrideNotSupported,
            Error::TargetTableExists { .. } => ErrorName::TargetTableExists,
            Error::BackupNotFound { .. } => ErrorName::BackupNotFound,
            Error::TooManyRestores(_) => ErrorName::TooManyRestores,
            Error::TargetTableDeleting(_) => ErrorName::ResourceBusy,
            Error::Aws(failure) => failure.name,
        }
    }
}

impl Step for RestoreBackup {
    const NAME: &'static str = "rotate-restore.restore-backup";
    const ERRORS: &'static [ErrorName] = &[
        ErrorName::AccessDenied,
        ErrorName::BackupNotFound,
        ErrorName::InvalidInput,
        ErrorName::InvalidParameterName,
        ErrorName::InvalidPattern,
        ErrorName::InvalidTargetName,
        ErrorName::OverrideNotSupported,
        ErrorName::RequestRefused,
        ErrorName::ResourceBusy,
        ErrorName::ServiceUnavailable,
        ErrorName::TargetTableExists,
        ErrorName::Throttled,
        ErrorName::TooManyRestores,
    ];
    type Input = Input;
    type Output = Output;
    type Error = Error;

    fn new(clients: &Clients) -> Result<RestoreBackup, Failure> {
        let (dynamodb, backup) = (clients.dynamodb(), clients.backup());
        Ok(RestoreBackup { dynamodb, backup, clock: Clock::System })
    }

    async fn run(&self, input: Input) -> Result<Output, Error> {
        let wanted = &input.execution_input;
        let patterns = Patterns::new(
            &wanted.source_pattern,
            &wanted.replacement_pattern,
            wanted.ssm_parameter_name.as_deref(),
        )?;
        let rotation = Rotation::plan(&wanted.backup_sns_message, &patterns)?;
        let timeout = wanted.restore_timeout_seconds.unwrap_or(input.restore_timeout_seconds);
        if !(1..=LONGEST_TIMEOUT_SECONDS).contains(&timeout) {
            return Err(Error::Timeout(timeout));
        }
        let started = match rotation.recovery_point_kind {
            RecoveryPointKind::DynamoDb => self.restore_with_dynamodb(wanted, &rotation.target_table).await?,
            RecoveryPointKind::Backup => {
                self.restore_with_backup(wanted, &rotation.target_table, &input.restore_role_arn).await?
            }
        };
        let restore = Restore {
            target_table: rotation.target_table,
            restore_job_id: started.restore_job_id.clone(),
            started_at: started.at,
            deadline: started.at + TimeDelta::seconds(timeout.into()),
        };
        Ok(Output {
            wait_seconds: wait_seconds(self.clock.now(), restore.started_at, restore.deadline),
            restore,
            ssm_parameter_name: rotation.ssm_parameter_name,
            adopted: started.adopted,
            restore_table_from_backup_output: RestoreTableFromBackupOutput {
                table_description: started.table,
                restore_job_id: started.restore_job_id,
            },
        })
    }
}

#[cfg(test)]
mod tests;
