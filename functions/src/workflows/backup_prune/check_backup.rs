//! `backup-prune.check-backup`: whether the new backup is available, and if not, when to look again.
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

/// Looks whether the new backup is available. Use it again until it is.
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
    /// What the run goes by.
    pub run: PruneConfig,
    /// The backup.
    pub backup: NewBackup,
}

/// What was seen.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(tag = "status", rename_all = "SCREAMING_SNAKE_CASE", rename_all_fields = "camelCase")]
pub enum Output {
    /// It is available.
    Ready {},
    /// Not yet.
    Pending {
        /// How long to wait before looking again.
        #[schemars(range(max = 601))]
        wait_seconds: u32,
        /// What is still going on.
        reason: String,
    },
}

/// Why the backup will not be available, or could not be looked at.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// It never will.
    #[error("backup {name} failed: {reason}")]
    BackupFailed {
        /// The backup.
        name: String,
        /// The reason, as text.
        reason: String,
    },
    /// It is not in time.
    #[error("backup {name} was to be available by {deadline}, but {reason}")]
    BackupTimedOut {
        /// The backup.
        name: String,
        /// Until when.
        deadline: String,
        /// What is still going on.
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
            None => return Err(failed("it does not exist (any more)")),
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

/// The status of a backup; `None` where there is none of this ARN.
pub(super) async fn status(
    dynamodb: &aws_sdk_dynamodb::Client,
    backup_arn: &str,
) -> Result<Option<BackupStatus>, AwsFailure> {
    let described = backup_description::describe(dynamodb, backup_arn).await?;
    Ok(described.and_then(|backup| backup.backup_details).map(|details| details.backup_status))
}

#[cfg(test)]
mod tests;
