//! Fills in what the input of an execution leaves out: the table and the time from the ARN of the backup, the patterns
//! from the template. Makes no AWS calls.

use super::BackupSnsMessage;
use super::execution_input::ExecutionInput;
use super::naming::{Patterns, RotationError};
use super::overrides::{BillingMode, SseSpecification};
use crate::aws::arn::{Arn, RecoveryPointKind, backed_up_at, table_arn_of_backup};
use crate::error_name::{ErrorName, HasErrorName};
use crate::text::quoted;

/// The parameters of the template that an execution of the trigger gets.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TemplateParameters {
    /// `SourcePattern`.
    pub source_pattern: String,
    /// `ReplacementPattern`.
    pub replacement_pattern: String,
    /// `SSMParameterName`. Empty for no parameter.
    pub ssm_parameter_name: String,
    /// `BillingModeOverride`.
    pub billing_mode_override: Option<BillingMode>,
    /// `SSEKMSMasterKeyId`.
    pub sse_kms_master_key_id: Option<String>,
}

impl TemplateParameters {
    /// Returns the encryption that `SSEKMSMasterKeyId` asks for.
    fn sse_specification(&self) -> Option<SseSpecification> {
        let key = self.sse_kms_master_key_id.clone()?;
        Some(SseSpecification { enabled: true, kms_master_key_id: Some(key) })
    }

    /// Returns the complete input of an execution that restores this backup.
    pub fn execution_input(&self, backup: BackupSnsMessage) -> ExecutionInput {
        let input = ExecutionInput { backup_sns_message: Some(backup), ..ExecutionInput::default() };
        self.fill(input)
    }

    /// Fills in the patterns, and the other parameters unless the input has its own.
    fn fill(&self, input: ExecutionInput) -> ExecutionInput {
        ExecutionInput {
            source_pattern: Some(self.source_pattern.clone()),
            replacement_pattern: Some(self.replacement_pattern.clone()),
            ssm_parameter_name: input.ssm_parameter_name.or_else(|| Some(self.ssm_parameter_name.clone())),
            billing_mode_override: input.billing_mode_override.or(self.billing_mode_override),
            sse_specification_override: input.sse_specification_override.or_else(|| self.sse_specification()),
            ..input
        }
    }
}

/// The complete request of an execution.
#[derive(Clone, Debug)]
pub struct Request {
    /// Backup to restore.
    pub backup: BackupSnsMessage,
    /// Patterns that name the new table and the parameter.
    pub patterns: Patterns,
    /// Input of the execution, with the template's overrides filled in.
    pub input: ExecutionInput,
}

/// An input that is not a request.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum IncompleteInput {
    /// The input names no backup.
    #[error(
        "the input names no backup: give BackupArn, the ARN of a DynamoDB backup, or BackupSnsMessage with \
         RecoveryPointArn and BackedUpResourceArn"
    )]
    NoBackup,
    /// The input names the backup twice.
    #[error("the input has both BackupArn and BackupSnsMessage: give only one of them")]
    TwoBackups,
    /// `BackupArn` is a recovery point of AWS Backup.
    #[error(
        "BackupArn {arn} is a recovery point of AWS Backup, whose ARN does not name its table: give BackupSnsMessage \
         with RecoveryPointArn, BackedUpResourceArn and StartTime instead"
    )]
    RecoveryPoint {
        /// The ARN from the input.
        arn: String,
    },
    /// `BackupArn` is not the ARN of a DynamoDB backup.
    #[error(
        "BackupArn {arn} is not the ARN of a DynamoDB backup, such as \
         arn:aws:dynamodb:eu-west-1:123456789012:table/orders/backup/01772330400412-9c2f1ab7"
    )]
    NotABackup {
        /// The ARN from the input.
        arn: String,
    },
    /// Only one of the patterns is given.
    #[error("{given} is given without {missing}: give both, or neither to use those of the template")]
    OnePattern {
        /// Name of the given field.
        given: &'static str,
        /// Name of the missing field.
        missing: &'static str,
    },
}

impl HasErrorName for IncompleteInput {
    fn name(&self) -> ErrorName {
        ErrorName::InvalidInput
    }
}

impl Request {
    /// Completes the input of an execution. Uses the template's parameters, or fails with their error, only if the input
    /// has no patterns.
    pub fn from_input<E>(
        mut input: ExecutionInput,
        template: Result<&TemplateParameters, E>,
    ) -> Result<Request, E>
    where
        E: From<IncompleteInput> + From<RotationError>,
    {
        let backup = input.backup()?;
        if input.source_pattern.is_none() && input.replacement_pattern.is_none() {
            input = template?.fill(input);
        }
        let patterns = match (&input.source_pattern, &input.replacement_pattern) {
            (Some(source), Some(replacement)) => {
                Patterns::new(source, replacement, input.ssm_parameter_name.as_deref())?
            }
            (None, _) => return Err(one_pattern("ReplacementPattern", "SourcePattern").into()),
            (_, None) => return Err(one_pattern("SourcePattern", "ReplacementPattern").into()),
        };
        Ok(Request { backup, patterns, input })
    }
}

impl ExecutionInput {
    /// Returns the backup that the input names.
    pub fn backup(&self) -> Result<BackupSnsMessage, IncompleteInput> {
        match (&self.backup_sns_message, &self.backup_arn) {
            (Some(backup), None) => Ok(backup.clone()),
            (None, Some(backup_arn)) => named_by_arn(backup_arn),
            (None, None) => Err(IncompleteInput::NoBackup),
            (Some(_), Some(_)) => Err(IncompleteInput::TwoBackups),
        }
    }
}

fn one_pattern(given: &'static str, missing: &'static str) -> IncompleteInput {
    IncompleteInput::OnePattern { given, missing }
}

/// Describes a DynamoDB backup by its ARN, which names the table and the time.
fn named_by_arn(backup_arn: &str) -> Result<BackupSnsMessage, IncompleteInput> {
    let arn = Arn::parse(backup_arn);
    if arn.as_ref().and_then(RecoveryPointKind::from_arn) == Some(RecoveryPointKind::Backup) {
        return Err(IncompleteInput::RecoveryPoint { arn: quoted(backup_arn) });
    }
    match (table_arn_of_backup(backup_arn), arn.as_ref().and_then(backed_up_at)) {
        (Some(table_arn), Some(_)) => Ok(BackupSnsMessage {
            status_message: String::new(),
            recovery_point_arn: backup_arn.to_owned(),
            backed_up_resource_arn: table_arn.to_owned(),
            backup_job_id: String::new(),
            start_time: None,
        }),
        _ => Err(IncompleteInput::NotABackup { arn: quoted(backup_arn) }),
    }
}

#[cfg(test)]
mod tests;
