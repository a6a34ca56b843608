//! `backup-prune.create-backup`: starts the table's backup, or adopts the one that it started before.
//!
//! CreateBackup takes no token, and several backups may have the same name: a repeated call makes a second backup. So
//! the step first searches the table's backups for the name, and the SDK does not retry this call (docs/adr/0005 does
//! the same for SSM). If its response is lost, the step fails with a transient error. Its retry finds the backup.

use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::{TableDescription, TableStatus};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::aws::readiness::Wait;
use tablekeeper_core::aws::table as table_description;
use tablekeeper_core::clock::{Clock, utc};
use tablekeeper_core::error_name::{ErrorName, HasErrorName};
use tablekeeper_core::prune::{NewBackup, PruneConfig, list};

use crate::step::{Failure, Step};

/// The step that starts a table's backup, or adopts the one that this execution started before.
#[derive(Debug)]
pub struct CreateBackup {
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
    /// Name of the table.
    pub table_name: String,
    /// Name for the backup.
    pub backup_name: String,
}

/// The backup that is being made.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// The backup that was started or adopted.
    pub backup: NewBackup,
    /// Whether an earlier invocation had started the backup.
    pub adopted: bool,
    /// Seconds to wait before the first poll.
    #[schemars(range(max = 601))]
    pub wait_seconds: u32,
}

/// Why no backup was started.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The table does not exist.
    #[error("table {0} does not exist, so it cannot be backed up")]
    SourceTableMissing(String),
    /// The AWS limit of concurrent backups is reached.
    #[error("the account has reached its limit of concurrent backups: {0}")]
    TooManyBackups(String),
    /// An AWS call failed; holds its error name and action.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
}

impl HasErrorName for Error {
    fn name(&self) -> ErrorName {
        match self {
            Error::SourceTableMissing(_) => ErrorName::SourceTableMissing,
            Error::TooManyBackups(_) => ErrorName::TooManyBackups,
            Error::Aws(failure) => failure.name,
        }
    }
}

impl Step for CreateBackup {
    const NAME: &'static str = "backup-prune.create-backup";
    const ERRORS: &'static [&'static [ErrorName]] =
        &[AwsFailure::NAMES, &[ErrorName::SourceTableMissing, ErrorName::TooManyBackups]];
    type Input = Input;
    type Output = Output;
    type Error = Error;

    fn new(clients: &Clients) -> Result<CreateBackup, Failure> {
        Ok(CreateBackup { dynamodb: clients.dynamodb(), clock: Clock::System })
    }

    async fn run(&self, Input { run, table_name, backup_name, .. }: Input) -> Result<Output, Error> {
        let table = table_description::describe(&self.dynamodb, &table_name).await?;
        let table_id = table.as_ref().and_then(|table| table.table_id());
        let Some(table_id) = table_id else { return Err(Error::SourceTableMissing(table_name)) };
        if table.as_ref().is_some_and(is_being_made) {
            return Err(being_made(&table_name).into());
        }
        let earlier = list::backups(&self.dynamodb, &table_name).await?.into_iter();
        let mut of_this_run =
            earlier.filter(|backup| backup.name == backup_name && backup.table_id == table_id);
        if let Some(earlier) = of_this_run.next() {
            let backup = NewBackup {
                backup_arn: earlier.arn,
                backup_name: earlier.name,
                table_id: earlier.table_id,
                created_at: earlier.created_at,
            };
            return Ok(Output { backup, adopted: true, wait_seconds: 0 });
        }
        let (backup_arn, created_at) = self.create(&table_name, &backup_name).await?;
        let wait_seconds = match run.schedule(created_at).wait(self.clock.now()) {
            Wait::Seconds(seconds) => seconds,
            Wait::TimedOut => 0,
        };
        let backup = NewBackup { backup_arn, backup_name, table_id: table_id.to_owned(), created_at };
        Ok(Output { backup, adopted: false, wait_seconds })
    }
}

impl CreateBackup {
    async fn create(&self, table: &str, name: &str) -> Result<(String, DateTime<Utc>), Error> {
        let once = aws_sdk_dynamodb::config::Builder::new().retry_config(RetryConfig::disabled());
        let create = self.dynamodb.create_backup().table_name(table).backup_name(name);
        match create.customize().config_override(once).send().await {
            Ok(response) => {
                let made = response
                    .backup_details
                    .map(|details| (utc(details.backup_creation_date_time()), details.backup_arn));
                // A response without content is treated as a lost response.
                let (created_at, arn) = made.ok_or_else(|| {
                    AwsFailure::new(
                        "dynamodb:CreateBackup",
                        ErrorName::ServiceUnavailable,
                        "the response names no backup".to_owned(),
                    )
                })?;
                Ok((arn, created_at))
            }
            Err(error) => match error.code() {
                // DynamoDB reports the same for a table that is being created, though it was described a moment ago.
                Some("TableNotFoundException" | "ResourceNotFoundException") => {
                    Err(match table_description::describe(&self.dynamodb, table).await? {
                        Some(_) => being_made(table).into(),
                        None => Error::SourceTableMissing(table.to_owned()),
                    })
                }
                Some("LimitExceededException") => {
                    Err(Error::TooManyBackups(error.message().unwrap_or_default().to_owned()))
                }
                _ => Err(AwsFailure::from_call("dynamodb:CreateBackup")(error).into()),
            },
        }
    }
}

/// Returns whether a table is being created or restored. DynamoDB refuses to back up such a table, with the same error
/// as for a missing table (measured, DDB-BACKUP-001, DDB-TABLE-217).
fn is_being_made(table: &TableDescription) -> bool {
    table.table_status() == Some(&TableStatus::Creating)
}

fn being_made(table: &str) -> AwsFailure {
    let detail = format!("table {table} is still being created or restored, and cannot be backed up yet");
    AwsFailure::new("dynamodb:CreateBackup", ErrorName::ResourceBusy, detail)
}

#[cfg(test)]
mod tests;
