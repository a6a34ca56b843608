//! Finds the table from which a sync reads settings, and the role for reading it.

use super::execution_input::ExecutionInput;
use super::origin::Origin;
use crate::aws::arn::{Arn, table_arn};
use crate::aws::failure::AwsFailure;
use crate::error_name::{ErrorName, HasErrorName};
use crate::input::InvalidInput;
use crate::settings::Table;
use crate::settings::store::StoreError;
use crate::text::quoted;

/// The reason why a sync could not be planned.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The input is invalid.
    #[error(transparent)]
    Input(#[from] InvalidInput),
    /// The source table does not exist, and neither a document nor the backup has its settings.
    #[error(
        "the source table {source_arn} does not exist or is a later table of the same name, there is no settings document \
         from before {restored}, and the backup does not contain the settings"
    )]
    SourceTableMissing {
        /// ARN of the source table.
        source_arn: String,
        /// Moment that was restored.
        restored: String,
    },
    /// The target table does not exist.
    #[error("the target table {0} does not exist")]
    TargetTableMissing(String),
    /// A document could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An AWS call failed; holds its error name and action.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
}

impl HasErrorName for Error {
    fn name(&self) -> ErrorName {
        match self {
            Error::Input(_) => ErrorName::InvalidInput,
            Error::SourceTableMissing { .. } => ErrorName::SourceTableMissing,
            Error::TargetTableMissing(_) => ErrorName::TargetTableMissing,
            Error::Store(error) => error.name(),
            Error::Aws(failure) => failure.name,
        }
    }
}

/// Returns the source's ARN, from the input or from what the target was restored from.
pub fn source(
    input: &ExecutionInput,
    origin: Option<&Origin>,
    target: &Table,
) -> Result<String, InvalidInput> {
    let restored_from = || origin?.source_arn.as_deref();
    match input.source.as_deref().or_else(restored_from) {
        Some(source) if table_arn(source, &target.arn) == target.arn => {
            let reason = format!("is the target itself, {}", quoted(source));
            Err(InvalidInput { field: "Source", reason })
        }
        Some(source) => Ok(table_arn(source, &target.arn)),
        None => {
            let reason = format!(
                "is missing: DynamoDB reports what table {} was restored from only until it is ACTIVE; give the name of \
                 the table whose settings to copy, or a DynamoDB backup as BackupArn (a recovery point of AWS Backup does \
                 not contain the name of its table)",
                target.name
            );
            Err(InvalidInput { field: "Source", reason })
        }
    }
}

/// Returns the ARN of the role for reading the source, or an empty string in the target's own account. In another
/// account the role is required: without it, the names in the calls would mean tables of this account.
pub fn role<'a>(
    input: &'a ExecutionInput,
    by_default: &'a str,
    source: &str,
    target: &Table,
) -> Result<&'a str, InvalidInput> {
    let account = Arn::parse(source).map_or("", |arn| arn.account);
    if account == target.region_and_account().1 {
        return Ok("");
    }
    match input.source_role_arn.as_deref().filter(|role| !role.is_empty()).unwrap_or(by_default) {
        "" => {
            let reason = format!(
                "is missing: the source is in account {account}; give a role that may read the source in that account"
            );
            Err(InvalidInput { field: "SourceRoleArn", reason })
        }
        role => Ok(role),
    }
}
