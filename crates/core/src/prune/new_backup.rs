//! Starts an on-demand backup of a table, or adopts the one that was started before.
//!
//! CreateBackup takes no token, and several backups may have the same name: a repeated call makes a second backup. So
//! the table's backups are first searched for the name, and the SDK does not retry this call (docs/adr/0005 does the
//! same for SSM). If its response is lost, the call fails with a transient error. The next attempt finds the backup.

use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::{TableDescription, TableStatus};
use chrono::{DateTime, Utc};

use super::{NewBackup, list};
use crate::aws::failure::AwsFailure;
use crate::aws::table as table_description;
use crate::clock::utc;
use crate::error_name::{ErrorName, HasErrorName};

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

impl Error {
    /// The names that [`start_or_adopt`] can fail by.
    pub const NAMES: &'static [&'static [ErrorName]] =
        &[AwsFailure::NAMES, &[ErrorName::SourceTableMissing, ErrorName::TooManyBackups]];
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

/// Starts a backup of this name, or adopts the one of the present table that was started before. Returns the backup, and
/// whether it was adopted.
pub async fn start_or_adopt(
    dynamodb: &aws_sdk_dynamodb::Client,
    table_name: &str,
    backup_name: String,
) -> Result<(NewBackup, bool), Error> {
    let table = table_description::describe(dynamodb, table_name).await?;
    let table_id = table.as_ref().and_then(|table| table.table_id());
    let Some(table_id) = table_id else { return Err(Error::SourceTableMissing(table_name.to_owned())) };
    if table.as_ref().is_some_and(is_being_made) {
        return Err(being_made(table_name).into());
    }
    let earlier = list::backups(dynamodb, table_name).await?.into_iter();
    let mut of_this_run = earlier.filter(|backup| backup.name == backup_name && backup.table_id == table_id);
    if let Some(earlier) = of_this_run.next() {
        let backup = NewBackup {
            backup_arn: earlier.arn,
            backup_name: earlier.name,
            table_id: earlier.table_id,
            created_at: earlier.created_at,
        };
        return Ok((backup, true));
    }
    let (backup_arn, created_at) = create(dynamodb, table_name, &backup_name).await?;
    Ok((NewBackup { backup_arn, backup_name, table_id: table_id.to_owned(), created_at }, false))
}

async fn create(
    dynamodb: &aws_sdk_dynamodb::Client,
    table: &str,
    name: &str,
) -> Result<(String, DateTime<Utc>), Error> {
    let once = aws_sdk_dynamodb::config::Builder::new().retry_config(RetryConfig::disabled());
    let create = dynamodb.create_backup().table_name(table).backup_name(name);
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
                Err(match table_description::describe(dynamodb, table).await? {
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

/// Returns whether a table is being created or restored. DynamoDB refuses to back up such a table, with the same error
/// as for a missing table (measured, DDB-BACKUP-001, DDB-TABLE-217).
fn is_being_made(table: &TableDescription) -> bool {
    table.table_status() == Some(&TableStatus::Creating)
}

fn being_made(table: &str) -> AwsFailure {
    let detail = format!("table {table} is still being created or restored, and cannot be backed up yet");
    AwsFailure::new("dynamodb:CreateBackup", ErrorName::ResourceBusy, detail)
}
