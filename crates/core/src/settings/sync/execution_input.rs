//! The input of an execution that an event or a person starts.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::arn::{Arn, RecoveryPointKind, TABLE_NAME, is_table_name};
use crate::input::InvalidInput;
use crate::settings::SettingName;
use crate::settings::profile::Profile;
use crate::text::quoted;

/// The input of an execution of `sync-settings`. `{"Target": "orders-restored"}` is enough for a table that is still
/// being restored: until it is ACTIVE, DynamoDB reports what it is restored from.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct ExecutionInput {
    /// Name or ARN of the table whose settings are copied. The ARN may be of another Region or account. Default: the
    /// table that the target was restored from, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Name or ARN of the table that gets the settings, in this Region and account.
    pub target: String,
    /// ARN of the backup that the target was restored from: a DynamoDB backup or a recovery point of AWS Backup. If the
    /// source was deleted or recreated, it determines the time of the settings to copy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup_arn: Option<String>,
    /// Time of the target's items, if the target was restored to a point in time or the backup is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restore_date_time: Option<DateTime<Utc>>,
    /// Role of the target towards the source. Default: the template's `SettingsProfile`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
    /// Settings that are switched on or off, where that differs from the template's parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<BTreeMap<String, bool>>")]
    pub settings: Option<BTreeMap<SettingName, bool>>,
    /// Whether to remove settings that the target has and the source lacks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remove_extra: Option<bool>,
    /// ARN of the role for reading the source's settings in another account. Default, also if empty: the template's
    /// role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_role_arn: Option<String>,
    /// Seconds to wait until the table is usable. Default: the template's `TableTimeoutHours`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 604_800))]
    pub table_timeout_seconds: Option<u32>,
    /// Seconds to retry a setting that AWS does not accept yet. Default: the template's `SettingTimeoutMinutes`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 86_400))]
    pub setting_timeout_seconds: Option<u32>,
    /// ID of the execution that started this one; Step Functions links nested executions by it.
    #[serde(
        default,
        rename = "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID",
        skip_serializing_if = "Option::is_none"
    )]
    pub started_by_execution_id: Option<String>,
}

impl ExecutionInput {
    /// Returns the input for a restored table with all defaults. `start` and `rotate-restore` start executions with it.
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

    /// Returns the time limit for the table, from the input or the template's parameter: 1 second to a week, because
    /// the state machine itself times out a day later.
    pub fn table_timeout(&self, hours: &str) -> Result<TimeDelta, InvalidInput> {
        if let Some(seconds) = self.table_timeout_seconds {
            return in_seconds("TableTimeoutSeconds", seconds, 604_800);
        }
        match hours.parse() {
            Ok(hours @ 1..=168) => Ok(TimeDelta::hours(hours)),
            _ => Err(out_of_range("TableTimeoutHours", quoted(hours), 168)),
        }
    }

    /// Returns the time limit for a setting, from the input or the template's parameter: 1 second to a day.
    pub fn setting_timeout(&self, minutes: &str) -> Result<TimeDelta, InvalidInput> {
        if let Some(seconds) = self.setting_timeout_seconds {
            return in_seconds("SettingTimeoutSeconds", seconds, 86_400);
        }
        match minutes.parse() {
            Ok(minutes @ 1..=1_440) => Ok(TimeDelta::minutes(minutes)),
            _ => Err(out_of_range("SettingTimeoutMinutes", quoted(minutes), 1_440)),
        }
    }

    /// Checks the names and ARNs of the input.
    pub fn validate(&self) -> Result<(), InvalidInput> {
        table(&self.target).map_err(|reason| InvalidInput { field: "Target", reason })?;
        if let Some(source) = &self.source {
            table(source).map_err(|reason| InvalidInput { field: "Source", reason })?;
        }
        if let Some(backup) = &self.backup_arn
            && Arn::parse(backup).is_none_or(|arn| RecoveryPointKind::from_arn(&arn).is_none())
        {
            let reason = format!(
                "is {}; it must be the ARN of a DynamoDB backup or of an AWS Backup recovery point",
                quoted(backup)
            );
            return Err(InvalidInput { field: "BackupArn", reason });
        }
        if let Some(role) = self.source_role_arn.as_deref().filter(|role| !role.is_empty()) {
            let is_role = |arn: Arn<'_>| arn.service == "iam" && arn.resource.starts_with("role/");
            if !Arn::parse(role).is_some_and(is_role) {
                let reason = format!("is {}; it must be the ARN of a role", quoted(role));
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
    InvalidInput { field, reason: format!("is {value}; it must be between 1 and {most}") }
}

fn table(text: &str) -> Result<(), String> {
    let is_table = match Arn::parse(text) {
        Some(arn) => arn.table_name().is_some(),
        None => is_table_name(text),
    };
    is_table.then_some(()).ok_or_else(|| format!("is {}; it must be {TABLE_NAME} or ARN", quoted(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(input: serde_json::Value) -> Option<String> {
        let input: ExecutionInput = serde_json::from_value(input).unwrap();
        input.validate().err().map(|error| error.to_string())
    }

    #[test]
    fn only_names_and_arns_of_tables_are_accepted() {
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
            Some(
                "Target is `a b`; it must be a table name (3 to 255 letters, digits, `_`, `-` or `.`) or ARN"
            )
        );
        for backup in [format!("{arn}/backup/01-2"), "arn:aws:backup:r:1:recovery-point:1EB3".to_owned()] {
            assert_eq!(refused(serde_json::json!({ "Target": "abc", "BackupArn": backup })), None);
        }
        let backup = refused(serde_json::json!({ "Target": "abc", "BackupArn": arn })).unwrap();
        assert!(backup.starts_with("BackupArn is `arn:aws-cn:dynamodb"), "{backup}");
        let role = serde_json::json!({ "Target": "abc", "SourceRoleArn": "admin" });
        assert!(refused(role).unwrap().contains("it must be the ARN of a role"));
    }
}
