//! Decides what to do about a notification, for the trigger and for `tablekeeper plan rotate`. Makes no AWS calls.

use serde_json::Value;

use super::naming::{Patterns, Rotation, RotationError, split_time};
use super::notification::{MalformedNotification, Notification};
use super::{BackupSnsMessage, notification};
use crate::aws::arn::Arn;
use crate::error_name::{ErrorName, HasErrorName};
use crate::text::quoted;

/// The decision about one record of an event.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Decision {
    /// Restore the backup in an execution of this name.
    Restore {
        /// Backup that AWS Backup reported.
        backup: Box<BackupSnsMessage>,
        /// Names of the tables, and of the parameter.
        rotation: Rotation,
        /// Name of the execution, the same for every delivery of this notification.
        execution_name: String,
    },
    /// Do nothing, for this reason.
    Skip(String),
}

/// A record that should lead to a restore, but cannot.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum DecisionError {
    /// The notification cannot be read.
    #[error(transparent)]
    Malformed(#[from] MalformedNotification),
    /// The table cannot be restored under the new name.
    #[error(transparent)]
    Rotation(#[from] RotationError),
}

impl HasErrorName for DecisionError {
    fn name(&self) -> ErrorName {
        match self {
            DecisionError::Malformed(_) => ErrorName::MalformedNotification,
            DecisionError::Rotation(error) => error.name(),
        }
    }
}

/// Decides about each record of an SNS or EventBridge event.
pub fn decide(event: &Value, patterns: &Patterns) -> Vec<Result<Decision, DecisionError>> {
    match notification::read(event) {
        Ok(records) => records.into_iter().map(|record| decide_record(record?, patterns)).collect(),
        Err(malformed) => vec![Err(malformed.into())],
    }
}

/// Returns the name of the execution for a backup job. It derives from the job, so Step Functions refuses a second
/// execution.
pub fn execution_name(backup_job_id: &str) -> String {
    format!("rot-{}", backup_job_id.to_ascii_lowercase())
}

fn decide_record(news: Notification, patterns: &Patterns) -> Result<Decision, DecisionError> {
    let backup = match news {
        Notification::Completed(backup) => backup,
        Notification::Other(reason) => return Ok(Decision::Skip(reason)),
    };
    let resource = &backup.backed_up_resource_arn;
    let malformed = |reason: String| DecisionError::Malformed(MalformedNotification(reason));
    let arn = Arn::parse(resource)
        .ok_or_else(|| malformed(format!("the backed-up resource {} is not an ARN", quoted(resource))))?;
    if arn.service != "dynamodb" || !arn.resource.starts_with("table/") {
        return Ok(Decision::Skip(format!("{} is not a DynamoDB table", quoted(resource))));
    }
    if let Some(table) = arn.table_name().filter(|table| split_time(table).is_some()) {
        let reason = "is a rotation itself, because its name ends in a time; a copy is never copied again";
        return Ok(Decision::Skip(format!("{} {reason}", quoted(table))));
    }
    match Rotation::plan(&backup, patterns) {
        Ok(rotation) => {
            let execution_name = execution_name(&backup.backup_job_id);
            Ok(Decision::Restore { backup: Box::new(backup), rotation, execution_name })
        }
        Err(reason @ RotationError::NoMatch { .. }) => Ok(Decision::Skip(reason.to_string())),
        Err(
            error @ (RotationError::NotATable { .. }
            | RotationError::NotARecoveryPoint { .. }
            | RotationError::OtherTable { .. }),
        ) => Err(malformed(error.to_string())),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests;
