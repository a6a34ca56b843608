//! `rotate-restore.restore-backup`: validates the execution's input and starts the restore.
//!
//! The recovery point decides which service restores. DynamoDB restores its own backups, AWS Backup restores its
//! recovery points ("Restore a DynamoDB table" in the AWS Backup developer guide). Neither makes a second table if this
//! step is invoked again. The step adopts a table of the target's name that was made from the same recovery point,
//! whether its restore runs or has ended. It adopts a running restore job of that recovery point as well. For a time it
//! waits for the tag of a table that another execution may have made.

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
use tablekeeper_core::input::InvalidInput;
use tablekeeper_core::rotation::execution_input::ExecutionInput;
use tablekeeper_core::rotation::naming::{Rotation, RotationError};
use tablekeeper_core::rotation::request::{IncompleteInput, Request, TemplateParameters};
use tablekeeper_core::rotation::verification::Verification;
use tablekeeper_core::text::quoted;
use tablekeeper_core::verify::execution_input::Expected;

use super::{Restore, template};
use crate::environment::InvalidConfiguration;
use crate::step::{Failure, Step};

/// The step that validates an execution's input and starts the restore.
#[derive(Debug)]
pub struct RestoreBackup {
    dynamodb: aws_sdk_dynamodb::Client,
    backup: aws_sdk_backup::Client,
    clock: Clock,
    /// Parameters of the template, for an input without patterns. Another input does not need them.
    template: Result<TemplateParameters, InvalidConfiguration>,
}

/// The input that the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// ARN of the execution, for the logs.
    pub execution_arn: String,
    /// Input of the execution.
    pub execution_input: ExecutionInput,
    /// Time when the state machine entered the state. It is the same for every retry.
    pub entered_at: DateTime<Utc>,
    /// ARN of the role that AWS Backup restores with.
    pub restore_role_arn: String,
    /// Default for how long the restore may take, in hours, as digits: the template's parameter. Used if the
    /// execution's input sets no timeout.
    pub restore_timeout_hours: String,
    /// The template's parameters for the verification of the table.
    pub verification: Verification,
}

/// The restore that was started or adopted.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// Values that identify the restore for the next steps.
    pub restore: Restore,
    /// ARN of the table that was backed up, for the sync of its settings.
    pub source_table_arn: String,
    /// What the table should hold, for its verification.
    pub expected: Expected,
    /// Seconds to wait before the first poll.
    #[schemars(range(max = 601))]
    pub wait_seconds: u32,
    /// Name of the parameter to point at the table, with its groups filled in; null for none.
    pub ssm_parameter_name: Option<String>,
    /// Whether an earlier invocation had started the restore.
    pub adopted: bool,
    /// The part of the response that goes into the execution's output.
    #[serde(rename = "RestoreTableFromBackupOutput")]
    pub restore_table_from_backup_output: RestoreTableFromBackupOutput,
}

/// The part of the response of the call that started the restore, for the execution's output.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct RestoreTableFromBackupOutput {
    /// Description of the new table; null if AWS Backup restores, which responds before it makes the table.
    pub table_description: Option<TableDescription>,
    /// Id of AWS Backup's restore job; null if DynamoDB itself restores.
    pub restore_job_id: Option<String>,
    /// Whether the table or the restore job was made from the same backup before this execution.
    pub adopted: bool,
}

/// A restore, as one of the two services reports it.
struct Started {
    at: DateTime<Utc>,
    table: Option<TableDescription>,
    restore_job_id: Option<String>,
    adopted: bool,
}

/// Why the restore was not started.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The input does not name a backup that can be restored.
    #[error(transparent)]
    Rotation(#[from] RotationError),
    /// The input leaves out what neither the backup's ARN nor the template supplies.
    #[error(transparent)]
    Input(#[from] IncompleteInput),
    /// The input has no patterns, and the function's environment does not have the template's.
    #[error(transparent)]
    Configuration(#[from] InvalidConfiguration),
    /// The timeout is zero or more than a week.
    #[error("{name} is {value}; it must be between {allowed} (a week)")]
    Timeout {
        /// Name of the field or parameter.
        name: &'static str,
        /// Value that was given.
        value: String,
        /// The allowed range.
        allowed: &'static str,
    },
    /// A parameter for the verification is invalid.
    #[error(transparent)]
    Verification(#[from] InvalidInput),
    /// An override that AWS Backup does not support, or that DynamoDB would refuse.
    #[error("{name} cannot be applied: {reason}")]
    Override {
        /// Field of the execution's input.
        name: &'static str,
        /// Why the override is not possible.
        reason: String,
    },
    /// A table of that name from elsewhere exists already.
    #[error(
        "table {table} exists, and is not known to be made from {recovery_point_arn}: {made_from}. It was left as it is"
    )]
    TargetTableExists {
        /// Name of the table.
        table: String,
        /// ARN of the recovery point that was to be restored.
        recovery_point_arn: String,
        /// Where the table comes from, as far as that is known.
        made_from: String,
    },
    /// A table of that name may get the tag of another execution.
    #[error(
        "table {table} exists, and nothing says yet what it was made from. If another execution made it from \
         {recovery_point_arn}, that execution tags it at its next poll"
    )]
    TargetTableUntagged {
        /// Name of the table.
        table: String,
        /// ARN of the recovery point that was to be restored.
        recovery_point_arn: String,
    },
    /// Another table is being made from the same backup.
    #[error(
        "{recovery_point_arn} is in use: it is still being created, or another table is being restored from it, of which \
         DynamoDB makes one at a time: {reason}"
    )]
    BackupInUse {
        /// ARN of the recovery point that was to be restored.
        recovery_point_arn: String,
        /// Message of AWS.
        reason: String,
    },
    /// The recovery point does not exist.
    #[error("the recovery point {recovery_point_arn} does not exist: {reason}")]
    BackupNotFound {
        /// ARN of the recovery point that was to be restored.
        recovery_point_arn: String,
        /// Message of AWS.
        reason: String,
    },
    /// The AWS limit of concurrent restores, or of tables, is reached.
    #[error("the account has reached its limit of concurrent restores or of tables: {0}")]
    TooManyRestores(String),
    /// A table of the target's name is being deleted.
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
            Error::Input(error) => error.name(),
            Error::Configuration(error) => error.name(),
            Error::Timeout { .. } | Error::Verification(_) => ErrorName::InvalidInput,
            Error::Override { .. } => ErrorName::OverrideNotSupported,
            Error::TargetTableExists { .. } => ErrorName::TargetTableExists,
            Error::BackupInUse { .. } => ErrorName::BackupInUse,
            Error::BackupNotFound { .. } => ErrorName::BackupNotFound,
            Error::TooManyRestores(_) => ErrorName::TooManyRestores,
            Error::TargetTableDeleting(_) | Error::TargetTableUntagged { .. } => ErrorName::ResourceBusy,
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
            ErrorName::InvalidConfiguration,
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
        Ok(RestoreBackup { dynamodb, backup, clock: Clock::System, template: template::from_env() })
    }

    async fn run(&self, input: Input) -> Result<Output, Error> {
        let timeout = timeout(&input)?;
        let template = self.template.as_ref().map_err(|error| Error::from(error.clone()));
        let wanted = Request::from_input(input.execution_input, template)?;
        let rotation = Rotation::plan(&wanted.backup, &wanted.patterns)?;
        let source = &wanted.backup.backed_up_resource_arn;
        let expected = input.verification.expected(source, rotation.backed_up_at)?;
        let started = match rotation.recovery_point_kind {
            RecoveryPointKind::DynamoDb => {
                self.restore_with_dynamodb(&wanted, &rotation.target_table, input.entered_at).await?
            }
            RecoveryPointKind::Backup => {
                self.restore_with_backup(&wanted, &rotation.target_table, &input.restore_role_arn).await?
            }
        };
        let made_by_dynamodb = started.table.as_ref().filter(|_| started.restore_job_id.is_none());
        let restore = Restore {
            target_table: rotation.target_table,
            table_id: made_by_dynamodb.map(|table| table.table_id.clone()).filter(|id| !id.is_empty()),
            recovery_point_arn: wanted.backup.recovery_point_arn,
            restore_job_id: started.restore_job_id.clone(),
            started_at: started.at,
            deadline: started.at + timeout,
        };
        // A restore that an earlier invocation started may be ready already, so it is polled at once.
        let wait_seconds = match started.adopted {
            true => 0,
            false => wait_seconds(self.clock.now(), restore.started_at, restore.deadline),
        };
        Ok(Output {
            wait_seconds,
            restore,
            expected,
            source_table_arn: wanted.backup.backed_up_resource_arn,
            ssm_parameter_name: rotation.ssm_parameter_name,
            adopted: started.adopted,
            restore_table_from_backup_output: RestoreTableFromBackupOutput {
                table_description: started.table,
                restore_job_id: started.restore_job_id,
                // An earlier try of this execution, whose response was lost, made its table later than this time.
                adopted: started.adopted && started.at < input.entered_at,
            },
        })
    }
}

/// Returns how long the restore may take. A week is the maximum, because the state machine itself ends a week later.
fn timeout(input: &Input) -> Result<TimeDelta, Error> {
    if let Some(seconds) = input.execution_input.restore_timeout_seconds {
        return match seconds {
            1..=604_800 => Ok(TimeDelta::seconds(seconds.into())),
            _ => {
                let (name, value) = ("RestoreTimeoutSeconds", seconds.to_string());
                Err(Error::Timeout { name, value, allowed: "1 and 604800" })
            }
        };
    }
    match input.restore_timeout_hours.parse() {
        Ok(hours @ 1..=168) => Ok(TimeDelta::hours(hours)),
        _ => {
            let (name, value) = ("RestoreTimeoutHours", quoted(&input.restore_timeout_hours));
            Err(Error::Timeout { name, value, allowed: "1 and 168" })
        }
    }
}

#[cfg(test)]
mod tests;
