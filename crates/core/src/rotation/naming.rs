//! Derives the name of a new table from a backup and two patterns, for the trigger, for the restore and for
//! `tablekeeper plan rotate`. Makes no AWS calls.

mod groups;

use chrono::{DateTime, FixedOffset, SubsecRound as _, Utc};
use regex::Regex;

use super::BackupSnsMessage;
use crate::aws::arn::{Arn, RecoveryPointKind, backed_up_at, backed_up_table};
use crate::error_name::{ErrorName, HasErrorName};
use crate::text::{quoted, regex_error};

/// The patterns that rewrite names.
#[derive(Clone, Debug)]
pub struct Patterns {
    source: Regex,
    replacement: String,
    ssm_parameter_name: Option<String>,
}

/// A backup to restore under a new name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rotation {
    /// Name of the table that was backed up.
    pub source_table: String,
    /// Name of the table to create.
    pub target_table: String,
    /// Name of the SSM parameter that will point to the new table.
    pub ssm_parameter_name: Option<String>,
    /// Kind of the recovery point, which decides which service restores it.
    pub recovery_point_kind: RecoveryPointKind,
    /// Second of the backup. The ARN of a DynamoDB backup has its time. For a recovery point of AWS Backup it is the
    /// beginning of the job.
    pub backed_up_at: DateTime<Utc>,
}

/// A backup that cannot be restored under a new name.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RotationError {
    /// The source pattern is not a valid regular expression.
    #[error("SourcePattern {pattern} is not a regular expression in RE2's syntax: {reason}")]
    InvalidPattern {
        /// The source pattern.
        pattern: String,
        /// What is wrong with the pattern.
        reason: String,
    },
    /// A template names a group that the source pattern does not have. It would be replaced by nothing.
    #[error(
        "{parameter} {template} names the group {group}, which SourcePattern {pattern} does not have: {advice}"
    )]
    UnknownGroup {
        /// Name of the field: `ReplacementPattern` or `SSMParameterName`.
        parameter: &'static str,
        /// The template.
        template: String,
        /// Name of the group.
        group: String,
        /// The source pattern.
        pattern: String,
        /// What would be right.
        advice: String,
    },
    /// The backed-up resource is not a DynamoDB table.
    #[error(
        "BackedUpResourceArn {arn} is not the ARN of a DynamoDB table, such as \
         arn:aws:dynamodb:eu-west-1:123456789012:table/orders"
    )]
    NotATable {
        /// The ARN from the input.
        arn: String,
    },
    /// The ARN is not a recovery point of a DynamoDB table.
    #[error(
        "RecoveryPointArn {arn} is neither a DynamoDB backup (arn:aws:dynamodb:…:table/orders/backup/…) nor \
         an AWS Backup recovery point (arn:aws:backup:…:recovery-point:…)"
    )]
    NotARecoveryPoint {
        /// The ARN from the input.
        arn: String,
    },
    /// The backup belongs to another table.
    #[error("RecoveryPointArn is a backup of table {backed_up}, but BackedUpResourceArn names table {named}")]
    OtherTable {
        /// Name of the table in the recovery point's ARN.
        backed_up: String,
        /// Name of the table in the resource ARN.
        named: String,
    },
    /// The time of the backup is unknown.
    #[error(
        "StartTime is missing, and RecoveryPointArn {arn} does not contain the time of the backup, as the ARN of a \
         DynamoDB backup does; it must be a time such as 2026-03-01T02:00:00Z"
    )]
    NoTime {
        /// The ARN from the input.
        arn: String,
    },
    /// The table's name does not match the pattern.
    #[error("the table's name {table} does not match SourcePattern {pattern}")]
    NoMatch {
        /// Name of the table.
        table: String,
        /// The source pattern.
        pattern: String,
    },
    /// DynamoDB does not accept the new name.
    #[error(
        "the new table would be named {name}, which DynamoDB refuses: a name has 3 to 255 characters of a-z, \
         A-Z, 0-9, _, - and ., and this one {reason}"
    )]
    InvalidTargetName {
        /// The new name.
        name: String,
        /// What is wrong with the name.
        reason: String,
    },
    /// SSM does not accept the name of the parameter.
    #[error("SSMParameterName becomes {name}, which SSM refuses: {reason}")]
    InvalidParameterName {
        /// Name of the parameter.
        name: String,
        /// What is wrong with the name.
        reason: String,
    },
}

impl HasErrorName for RotationError {
    fn name(&self) -> ErrorName {
        match self {
            RotationError::InvalidPattern { .. } | RotationError::UnknownGroup { .. } => {
                ErrorName::InvalidPattern
            }
            RotationError::InvalidTargetName { .. } => ErrorName::InvalidTargetName,
            RotationError::InvalidParameterName { .. } => ErrorName::InvalidParameterName,
            RotationError::NotATable { .. }
            | RotationError::NotARecoveryPoint { .. }
            | RotationError::OtherTable { .. }
            | RotationError::NoTime { .. }
            | RotationError::NoMatch { .. } => ErrorName::InvalidInput,
        }
    }
}

impl Patterns {
    /// Compiles the patterns. Without a parameter name, or with an empty one, no parameter is written.
    pub fn new(
        source: &str,
        replacement: &str,
        ssm_parameter_name: Option<&str>,
    ) -> Result<Patterns, RotationError> {
        let source = Regex::new(source).map_err(|error| RotationError::InvalidPattern {
            pattern: quoted(source),
            reason: regex_error(&error),
        })?;
        let ssm_parameter_name = ssm_parameter_name.filter(|name| !name.is_empty()).map(str::to_owned);
        groups::check("ReplacementPattern", replacement, &source)?;
        if let Some(template) = &ssm_parameter_name {
            groups::check("SSMParameterName", template, &source)?;
        }
        Ok(Patterns { source, replacement: replacement.to_owned(), ssm_parameter_name })
    }

    /// Returns the name of the new table: replaces every match, and appends the time of the backup in its own offset.
    pub fn target_table(&self, source_table: &str, time: &DateTime<FixedOffset>) -> String {
        let replaced = self.source.replace_all(source_table, self.replacement.as_str());
        format!("{replaced}{}", time.format("-%Y%m%d-%H-%M-%S"))
    }

    /// Returns the name of the parameter, with the groups of the first match filled in.
    fn parameter_for(&self, source_table: &str) -> Option<String> {
        let template = self.ssm_parameter_name.as_deref()?;
        let mut name = String::new();
        self.source.captures(source_table)?.expand(template, &mut name);
        Some(name)
    }
}

impl Rotation {
    /// Derives the names for this backup from these patterns.
    pub fn plan(backup: &BackupSnsMessage, patterns: &Patterns) -> Result<Rotation, RotationError> {
        let table_arn = &backup.backed_up_resource_arn;
        let source_table = Arn::parse(table_arn)
            .and_then(|arn| arn.table_name())
            .ok_or_else(|| RotationError::NotATable { arn: quoted(table_arn) })?;
        let not_a_recovery_point =
            || RotationError::NotARecoveryPoint { arn: quoted(&backup.recovery_point_arn) };
        let recovery_point = Arn::parse(&backup.recovery_point_arn).ok_or_else(not_a_recovery_point)?;
        let recovery_point_kind =
            RecoveryPointKind::from_arn(&recovery_point).ok_or_else(not_a_recovery_point)?;
        if let Some(backed_up) = backed_up_table(&recovery_point).filter(|table| *table != source_table) {
            let (backed_up, named) = (quoted(backed_up), quoted(source_table));
            return Err(RotationError::OtherTable { backed_up, named });
        }
        if !patterns.source.is_match(source_table) {
            let pattern = quoted(patterns.source.as_str());
            return Err(RotationError::NoMatch { table: quoted(source_table), pattern });
        }
        let of_the_backup = backed_up_at(&recovery_point);
        let time = backup.start_time.or_else(|| of_the_backup.map(|time| time.fixed_offset()));
        let time = time.ok_or_else(|| RotationError::NoTime { arn: quoted(&backup.recovery_point_arn) })?;
        let target_table = patterns.target_table(source_table, &time);
        check_table_name(&target_table)?;
        let ssm_parameter_name = patterns.parameter_for(source_table);
        if let Some(name) = &ssm_parameter_name {
            check_parameter_name(name)?;
        }
        Ok(Rotation {
            source_table: source_table.to_owned(),
            target_table,
            ssm_parameter_name,
            recovery_point_kind,
            backed_up_at: of_the_backup.unwrap_or_else(|| time.to_utc()).trunc_subsecs(0),
        })
    }
}

/// Splits the time, `-YYYYMMDD-HH-mm-ss`, from the end of a restored table's name or ARN. Returns `None` for any other
/// name.
pub fn split_time(name: &str) -> Option<(&str, &str)> {
    let (table, time) = name.split_at_checked(name.len().checked_sub(18)?)?;
    let like = |(letter, shape): (u8, u8)| match shape {
        b'0' => letter.is_ascii_digit(),
        _ => letter == shape,
    };
    time.bytes().zip(*b"-00000000-00-00-00").all(like).then_some((table, time))
}

fn check_table_name(name: &str) -> Result<(), RotationError> {
    let allowed = |letter: &char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.');
    let reason = match name.chars().find(|letter| !allowed(letter)) {
        Some(letter) => format!("holds {}", quoted(&letter.to_string())),
        None if (3..=255).contains(&name.len()) => return Ok(()),
        None => format!("has {}", name.len()),
    };
    Err(RotationError::InvalidTargetName { name: quoted(name), reason })
}

/// Checks the constraints of PutParameter's `Name` in the Systems Manager API reference.
fn check_parameter_name(name: &str) -> Result<(), RotationError> {
    let allowed = |letter: &char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.' | '/');
    let root = name.trim_start_matches('/').to_ascii_lowercase();
    let reason = if let Some(letter) = name.chars().find(|letter| !allowed(letter)) {
        format!("it holds {}, but only a-z, A-Z, 0-9, _, -, . and / are allowed", quoted(&letter.to_string()))
    } else if root.is_empty() || name.ends_with('/') || name.contains("//") {
        "a level of its path is empty".to_owned()
    } else if name.contains('/') && !name.starts_with('/') {
        "a name with levels begins with /".to_owned()
    } else if name.len() > 1_011 {
        format!("it has {} characters, but at most 1,011 are allowed", name.len())
    } else if name.matches('/').count() > 15 {
        "it has more than 15 levels".to_owned()
    } else if root.starts_with("aws") || root.starts_with("ssm") {
        "names that begin with aws or ssm are reserved".to_owned()
    } else {
        return Ok(());
    };
    Err(RotationError::InvalidParameterName { name: quoted(name), reason })
}

#[cfg(test)]
mod tests;
