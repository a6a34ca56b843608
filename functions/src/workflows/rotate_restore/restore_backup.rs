//! `rotate-restore.restore-backup`: validates the execution's input and starts the restore.
//!
//! Which service restores, the recovery point decides: DynamoDB its own backups, AWS Backup its
//! recovery points ("Restore a DynamoDB table" in the AWS Backup developer guide). Neither way makes
//! a second table when this step is invoked again: a table of the target's name that was made from
//! this very recovery point is adopted, whether its restore runs or ended, and a running restore job of it likewise.

mod with_backup;
mod with_dynamodb;

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::arn::RecoveryPointKind;
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::aws::poll_interval::wait_seconds;
use tablekeeper_core::aws::table::TableDescription;
use tablekeeper_core::clock::Clock;
use tablekeeper_core::error_name::{ErrorName, HasErrorName};
use tablekeeper_core::rotation::execution_input::ExecutionInput;
use tablekeeper_core::rotation::naming::{Patterns, Rotation, RotationError};
use tablekeeper_core::text::quoted;

use super::Restore;
use crate::step::{Failure, Step};

/// Validates an execution's input and starts the restore.
#[derive(Debug)]
pub struct RestoreBackup {
    dynamodb: aws_sdk_dynamodb::Client,
    backup: aws_sdk_backup::Client,
    clock: Clock,
}

/// The input that the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// ARN of the execution, for the logs.
    pub execution_arn: String,
    /// What the execution was started with.
    pub execution_input: ExecutionInput,
    /// The role that AWS Backup restores with.
    pub restore_role_arn: String,
    /// How long the restore may take where the execution's input does not say: the template's
    /// parameter, in digits, as it is put into the state machine.
    pub restore_timeout_hours: String,
}

/// The restore, under way.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// What finds it again.
    pub restore: Restore,
    /// How long to wait before looking at it.
    #[schemars(range(max = 601))]
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
    /// The restore is allowed no time, or more than a week.
    #[error("{name} is {value}; {allowed} (a week) may be given")]
    Timeout {
        /// Where it is said.
        name: &'static str,
        /// What is said.
        value: String,
        /// What may be.
        allowed: &'static str,
    },
    /// An override that AWS Backup does not know, or that DynamoDB would refuse.
    #[error("{name} cannot be honoured: {reason}")]
    Override {
        /// The field of the execution's input.
        name: &'static str,
        /// The reason, as text.
        reason: String,
    },
    /// There is a table of that name already, from elsewhere.
    #[error(
        "table {table} exists, and is not known to be made from {recovery_point_arn}: {made_from}. It was left as it is"
    )]
    TargetTableExists {
        /// The table.
        table: String,
        /// What was to be restored.
        recovery_point_arn: String,
        /// Where the table comes from, as far as that is known.
        made_from: String,
    },
    /// Another table is being made from the same backup.
    #[error(
        "another table is being restored from {recovery_point_arn}, and DynamoDB makes one at a time: {reason}"
    )]
    BackupInUse {
        /// What was to be restored.
        recovery_point_arn: String,
        /// AWS's words.
        reason: String,
    },
    /// There is nothing to restore from.
    #[error("the recovery point {recovery_point_arn} does not exist (any more): {reason}")]
    BackupNotFound {
        /// What was to be restored.
        recovery_point_arn: String,
        /// AWS's words.
        reason: String,
    },
    /// AWS's limit of restores at a time, or of tables.
    #[error("the account runs as many restores, or has as many tables, as it may: {0}")]
    TooManyRestores(String),
    /// The target's name is taken by a table that is on its way out.
    #[error("table {0} is being deleted, and its name is taken until it is gone")]
    TargetTableDeleting(String),
    /// An AWS call failed; holds its error name and action.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
}

impl HasErrorName for Error {
    fn name(&self) -> ErrorName {
        match self {
            Error::Rotation(error) => error.name(),
            Error::Timeout { .. } => ErrorName::InvalidInput,
            Error::Override { .. } => ErrorName::OverrideNotSupported,
            Error::TargetTableExists { .. } => ErrorName::TargetTableExists,
            Error::BackupInUse { .. } => ErrorName::BackupInUse,
            Error::BackupNotFound { .. } => ErrorName::BackupNotFound,
            Error::TooManyRestores(_) => ErrorName::TooManyRestores,
            Error::TargetTableDeleting(_) => ErrorName::ResourceBusy,
            Error::Aws(failure) => failure.name,
        }
    }
}

impl Step for RestoreBackup {
    const NAME: &'static str = "rotate-restore.restore-backup";
    const ERRORS: &'static [&'static [ErrorName]] = &[
        AwsFailure::NAMES,
        &[
            ErrorName::BackupInUse,
            ErrorName::BackupNotFound,
            ErrorName::InvalidParameterName,
            ErrorName::InvalidPattern,
            ErrorName::InvalidTargetName,
            ErrorName::OverrideNotSupported,
            ErrorName::TargetTableExists,
            ErrorName::TooManyRestores,
        ],
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
        let timeout = timeout(&input)?;
        let started = match rotation.recovery_point_kind {
            RecoveryPointKind::DynamoDb => self.restore_with_dynamodb(wanted, &rotation.target_table).await?,
            RecoveryPointKind::Backup => {
                self.restore_with_backup(wanted, &rotation.target_table, &input.restore_role_arn).await?
            }
        };
        let made_by_dynamodb = started.table.as_ref().filter(|_| started.restore_job_id.is_none());
        let restore = Restore {
            target_table: rotation.target_table,
            table_id: made_by_dynamodb.map(|table| table.table_id.clone()).filter(|id| !id.is_empty()),
            recovery_point_arn: wanted.backup_sns_message.recovery_point_arn.clone(),
            restore_job_id: started.restore_job_id.clone(),
            started_at: started.at,
            deadline: started.at + timeout,
        };
        // What an earlier invocation started may be ready long since, and is looked at at once.
        let wait_seconds = match started.adopted {
            true => 0,
            false => wait_seconds(self.clock.now(), restore.started_at, restore.deadline),
        };
        Ok(Output {
            wait_seconds,
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

/// How long the restore may take: a week at most, for the state machine itself ends a day later.
fn timeout(input: &Input) -> Result<TimeDelta, Error> {
    if let Some(seconds) = input.execution_input.restore_timeout_seconds {
        return match seconds {
            1..=604_800 => Ok(TimeDelta::seconds(seconds.into())),
            _ => {
                let (name, value) = ("RestoreTimeoutSeconds", seconds.to_string());
                Err(Error::Timeout { name, value, allowed: "1 to 604800" })
            }
        };
    }
    match input.restore_timeout_hours.parse() {
        Ok(hours @ 1..=168) => Ok(TimeDelta::hours(hours)),
        _ => {
            let (name, value) = ("RestoreTimeoutHours", quoted(&input.restore_timeout_hours));
            Err(Error::Timeout { name, value, allowed: "1 to 168" })
        }
    }
}

#[cfg(test)]
mod tests;
