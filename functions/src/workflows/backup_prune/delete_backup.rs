//! `backup-prune.delete-backup`: deletes one backup that no rule retains.
//!
//! It does so only while the new backup of this run is still available. If that one has been lost, the last good
//! copy is not deleted. A backup that is gone already counts as deleted.

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::BackupStatus;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::error_name::{ErrorName, HasErrorName};
use tablekeeper_core::prune::{NewBackup, StaleBackup};

use super::check_backup::status;
use crate::step::{Failure, Step};

/// The step that deletes one backup that no rule retains.
#[derive(Debug)]
pub struct DeleteBackup {
    dynamodb: aws_sdk_dynamodb::Client,
}

/// The input that the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// ARN of the execution, for the logs.
    pub execution_arn: String,
    /// The new backup of this run, which has to be available.
    pub keeper: NewBackup,
    /// The backup to delete.
    pub backup: StaleBackup,
}

/// The result of a deletion.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Deletion {
    /// Name of the backup.
    pub backup_name: String,
    /// Whether the backup was deleted.
    pub outcome: DeletionOutcome,
    /// Why the backup was not deleted; null if it was.
    pub reason: Option<String>,
}

/// Whether a backup was deleted.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DeletionOutcome {
    /// The backup was deleted.
    Deleted,
    /// The backup was gone already.
    Gone,
    /// The backup could not be deleted. Only the state machine sets this outcome.
    Failed,
}

/// Why the backup was not deleted.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The new backup of this run is not available; holds its name.
    #[error("backup {0}, which this run made, is no longer available, so no older backup is deleted")]
    BackupNotAvailable(String),
    /// An AWS call failed; holds its error name and action.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
}

impl HasErrorName for Error {
    fn name(&self) -> ErrorName {
        match self {
            Error::BackupNotAvailable(_) => ErrorName::BackupNotAvailable,
            Error::Aws(failure) => failure.name,
        }
    }
}

impl Step for DeleteBackup {
    const NAME: &'static str = "backup-prune.delete-backup";
    const ERRORS: &'static [&'static [ErrorName]] = &[AwsFailure::NAMES, &[ErrorName::BackupNotAvailable]];
    type Input = Input;
    type Output = Deletion;
    type Error = Error;

    fn new(clients: &Clients) -> Result<DeleteBackup, Failure> {
        Ok(DeleteBackup { dynamodb: clients.dynamodb() })
    }

    async fn run(&self, Input { keeper, backup, .. }: Input) -> Result<Deletion, Error> {
        if status(&self.dynamodb, &keeper.backup_arn).await? != Some(BackupStatus::Available) {
            return Err(Error::BackupNotAvailable(keeper.backup_name));
        }
        let outcome = match self.dynamodb.delete_backup().backup_arn(&backup.backup_arn).send().await {
            Ok(_) => DeletionOutcome::Deleted,
            Err(error) if error.code() == Some("BackupNotFoundException") => DeletionOutcome::Gone,
            Err(error) => return Err(AwsFailure::from_call("dynamodb:DeleteBackup")(error).into()),
        };
        Ok(Deletion { backup_name: backup.backup_name, outcome, reason: None })
    }
}

#[cfg(test)]
mod tests;
