//! What an execution takes, whether an event or a person begins it.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::arn::{Arn, RecoveryPointKind, is_table_name};
use crate::settings::SettingName;
use crate::settings::profile::Profile;
use crate::text::quoted;

/// The input of an execution of `sync-settings`. `{"Target": "orders-restored"}` is enough for a table that is still being
/// restored: until it is ACTIVE, DynamoDB tells what from.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct ExecutionInput {
    /// The table whose settings are carried over: its name, or its ARN, which may be of another Region or
    /// account. Absent: the table that the target was restored from, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The table that gets them: its name or ARN, in this Region and account.
    pub target: String,
    /// The backup that the target was restored from: the ARN of a DynamoDB backup, or of a recovery point of AWS Backup.
    /// It says of which moment the settings are to be, where the source is gone or was made anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup_arn: Option<String>,
    /// The moment that the target's items are of, where it was restored to a point in time, or the backup is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restore_date_time: Option<DateTime<Utc>>,
    /// What the target is to the source, instead of the template's `SettingsProfile`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
    /// Which settings are carried over, where that differs from the template's parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<BTreeMap<String, bool>>")]
    pub settings: Option<BTreeMap<SettingName, bool>>,
    /// Whether settings that the target has and the source lacks are removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remove_extra: Option<bool>,
    /// The role that the source's settings are read with, where it is in another account; absent or empty:
    /// the template's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_role_arn: Option<String>,
    /// How long the table may take to be usable, instead of the template's `TableTimeoutHours`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 604_800))]
    pub table_timeout_seconds: Option<u32>,
    /// How long a setting may take that AWS does not take yet, instead of the template's
    /// `SettingTimeoutMinutes`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 86_400))]
    pub setting_timeout_seconds: Option<u32>,
    /// Step Functions' mark of a nested execution.
    #[serde(
        default,
        rename = "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID",
        skip_serializing_if = "Option::is_none"
    )]
    pub started_by_execution_id: Option<String>,
}

/// Why an input cannot be followed.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{field} {reason}")]
pub struct InvalidInput {
    /// Which field.
    pub field: &'static str,
    /// What is wrong with it, and what would be right.
    pub reason: String,
}

impl ExecutionInput {
    /// The input for a table that was restored, and nothing else: what `start` and `rotate-restore` begin an
    /// execution with.
    pub fn from_restore(source: Option<String>, target: String) -> ExecutionInput {
        ExecutionInput {
            source,
            target,
            backup_arn: None,
            restore_date_time: None,
            profile: None,
            settings: None,
            remove_extra: None,
            source_role_arn: None,
            table_timeout_seconds: None,
            setting_timeout_seconds: None,
            started_by_execution_id: None,
        }
    }

    /// How long the table may take, with the template's parameter: 1 second to a week, for the machine itself
    /// ends a day later.
    pub fn table_timeout(&self, hours: &str) -> Result<TimeDelta, InvalidInput> {
        if let Some(seconds) = self.table_timeout_seconds {
            return in_seconds("TableTimeoutSeconds", seconds, 604_800);
        }
        match hours.parse() {
            Ok(hours @ 1..=168) => Ok(TimeDelta::hours(hours)),
            _ => Err(out_of_range("TableTimeoutHours", quoted(hours), 168)),
        }
    }

    /// How long a setting may take, with the template's parameter: 1 second to a day.
    pub fn setting_timeout(&self, minutes: &str) -> Result<TimeDelta, InvalidInput> {
        if let Some(seconds) = self.setting_timeout_seconds {
            return in_seconds("SettingTimeoutSeconds", seconds, 86_400);
        }
        match minutes.parse() {
            Ok(minutes @ 1..=1_440) => Ok(TimeDelta::minutes(minutes)),
            _ => Err(out_of_range("SettingTimeoutMinutes", quoted(minutes), 1_440)),
        }
    }

    /// Refuses what is neither a table's name nor its ARN.
    pub fn validate(&self) -> Result<(), InvalidInput> {
        table(&self.target).map_err(|reason| InvalidInput { field: "Target", reason })?;
        if let Some(source) = &self.source {
            table(source).map_err(|reason| InvalidInput { field: "Source", reason })?;
        }
        if let Some(backup) = &self.backup_arn
            && Arn::parse(backup).is_none_or(|arn| RecoveryPointKind::from_arn(&arn).is_none())
        {
            let reason = format!(
                "is {}, neither a DynamoDB backup's ARN nor a recovery point's of AWS Backup",
                quoted(backup)
            );
            return Err(InvalidInput { field: "BackupArn", reason });
        }
        if let Some(role) = self.source_role_arn.as_deref().filter(|role| !role.is_empty()) {
            let is_role = |arn: Arn<'_>| arn.service == "iam" && arn.resource.starts_with("role/");
            if !Arn::parse(role).is_some_and(is_role) {
                let reason = format!("is {}, not the ARN of a role", quoted(role));
                return Err(InvalidInput { field: "SourceRoleArn", reason });
            }
        }
        Ok(())
    }
}

fn in_seconds(field: &'static str, seconds: u32, most: u32) -> Result<TimeDelta, InvalidInput> {
    match (1..=most).contains(&seconds) {
        true => Ok(TimeDelta::seconds(seconds.into())),
        false => Err(out_of_range(field, seconds.to_string(), most)),
    }
}

fn out_of_range(field: &'static str, value: String, most: u32) -> InvalidInput {
    InvalidInput { field, reason: format!("is {value}; 1 to {most} may be given") }
}

fn table(text: &str) -> Result<(), String> {
    let is_table = match Arn::parse(text) {
        Some(arn) => arn.table_name().is_some(),
        None => is_table_name(text),
    };
    is_table.then_some(()).ok_or_else(|| format!("is {}, neither a table's name nor its ARN", quoted(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(input: serde_json::Value) -> Option<String> {
        let input: ExecutionInput = serde_json::from_value(input).unwrap();
        input.validate().err().map(|error| error.to_string())
    }

    #[test]
    fn names_and_arns_of_tables_are_taken_and_nothing_else() {
        let arn = "arn:aws-cn:dynamodb:cn-north-1:123456789012:table/a.b_c";
        assert_eq!(refused(serde_json::json!({ "Source": arn, "Target": "orders-restored" })), None);
        let stream = format!("{arn}/stream/x");
        assert!(
            refused(serde_json::json!({ "Source": stream, "Target": "abc" }))
                .unwrap()
                .starts_with("Source is")
        );
        assert_eq!(
            refused(serde_json::json!({ "Target": "a b" })).as_deref(),
            Some("Target is `a b`, neither a table's name nor its ARN")
        );
        for backup in [format!("{arn}/backup/01-2"), "arn:aws:backup:r:1:recovery-point:1EB3".to_owned()] {
            assert_eq!(refused(serde_json::json!({ "Target": "abc", "BackupArn": backup })), None);
        }
        let backup = refused(serde_json::json!({ "Target": "abc", "BackupArn": arn })).unwrap();
        assert!(backup.starts_with("BackupArn is `arn:aws-cn:dynamodb"), "{backup}");
        let role = serde_json::json!({ "Target": "abc", "SourceRoleArn": "admin" });
        assert!(refused(role).unwrap().contains("not the ARN of a role"));
    }
}
