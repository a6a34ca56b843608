//! `backup-prune.check-backup`: checks whether the new backup is available, and if not, when to poll again.
//!
//! Nothing is pruned before it is. DynamoDB makes most backups within seconds, whatever the table's size.

use aws_sdk_dynamodb::types::BackupStatus;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::backup_description;
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::aws::readiness::Wait;
use tablekeeper_core::clock::Clock;
use tablekeeper_core::error_name::{ErrorName, HasErrorName};
use tablekeeper_core::prune::{NewBackup, PruneConfig};

use crate::step::{Failure, Step};

/// The step that checks whether the new backup is available. The state machine runs it until it is.
#[derive(Debug)]
pub struct CheckBackup {
    dynamodb: aws_sdk_dynamodb::Client,
    clock: Clock,
}

/// The input that the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// ARN of the execution, for the logs.
    pub execution_arn: String,
    /// The configuration of the prune.
    pub run: PruneConfig,
    /// The new backup.
    pub backup: NewBackup,
}

/// The state of the new backup.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(tag = "status", rename_all = "SCREAMING_SNAKE_CASE", rename_all_fields = "camelCase")]
pub enum Output {
    /// The backup is available.
    Ready {},
    /// The backup is not available yet.
    Pending {
        /// Seconds to wait before the next poll.
        #[schemars(range(max = 601))]
        wait_seconds: u32,
        /// What is still in progress.
        reason: String,
    },
}

/// Why the backup will not be available, or could not be checked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The backup will never be available.
    #[error("backup {name} failed: {reason}")]
    BackupFailed {
        /// Name of the backup.
        name: String,
        /// Why the backup failed.
        reason: String,
    },
    /// The backup was not available by the deadline.
    #[error("backup {name} was to be available by {deadline}, but {reason}")]
    BackupTimedOut {
        /// Name of the backup.
        name: String,
        /// Time by which the backup had to be available.
        deadline: String,
        /// What is still in progress.
        reason: String,
    },
    /// An AWS call failed; holds its error name and action.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
}

impl HasErrorName for Error {
    fn name(&self) -> ErrorName {
        match self {
            Error::BackupFailed { .. } => ErrorName::BackupFailed,
            Error::BackupTimedOut { .. } => ErrorName::BackupTimedOut,
            Error::Aws(failure) => failure.name,
        }
    }
}

impl Step for CheckBackup {
    const NAME: &'static str = "backup-prune.check-backup";
    const ERRORS: &'static [&'static [ErrorName]] =
        &[AwsFailure::NAMES, &[ErrorName::BackupFailed, ErrorName::BackupTimedOut]];
    type Input = Input;
    type Output = Output;
    type Error = Error;

    fn new(clients: &Clients) -> Result<CheckBackup, Failure> {
        Ok(CheckBackup { dynamodb: clients.dynamodb(), clock: Clock::System })
    }

    async fn run(&self, Input { run, backup, .. }: Input) -> Result<Output, Error> {
        let name = backup.backup_name;
        let failed = |reason: &str| Error::BackupFailed { name: name.clone(), reason: reason.to_owned() };
        let reason = match status(&self.dynamodb, &backup.backup_arn).await? {
            Some(BackupStatus::Available) => return Ok(Output::Ready {}),
            Some(BackupStatus::Deleted) => return Err(failed("it was deleted")),
            Some(status) => format!("it is {}", status.as_str()),
            None => return Err(failed("it no longer exists")),
        };
        let schedule = run.schedule(backup.created_at);
        match schedule.wait(self.clock.now()) {
            Wait::Seconds(wait_seconds) => Ok(Output::Pending { wait_seconds, reason }),
            Wait::TimedOut => {
                Err(Error::BackupTimedOut { name, deadline: schedule.deadline.to_rfc3339(), reason })
            }
        }
    }
}

/// Returns the status of a backup; `None` if no backup has this ARN.
pub(crate) async fn status(
    dynamodb: &aws_sdk_dynamodb::Client,
    backup_arn: &str,
) -> Result<Option<BackupStatus>, AwsFailure> {
    let described = backup_description::describe(dynamodb, backup_arn).await?;
    Ok(described.and_then(|backup| backup.backup_details).map(|details| details.backup_status))
}

#[cfg(test)]
mod tests;
