//! What an execution takes, whether the trigger or a person writes it.
//!
//! The first four fields are those of the system that this one succeeds, under the same names, so that
//! what its users have written down still works. An unknown field is refused, for it is most likely a
//! misspelt one, and a misspelt `SSMParameterName` would otherwise be a pointer that never moves.

use chrono::{DateTime, FixedOffset};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::overrides::{
    BillingMode, GlobalSecondaryIndex, LocalSecondaryIndex, OnDemandThroughput, ProvisionedThroughput,
    SseSpecification, VectorIndex,
};

/// The input of an execution of `rotate-restore`.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct ExecutionInput {
    /// The backup to restore.
    pub backup_sns_message: BackupSnsMessage,
    /// Finds, in the source table's name, what is replaced: a regular expression in RE2's syntax,
    /// which matches anywhere in the name unless it is anchored.
    pub source_pattern: String,
    /// What every match is replaced by: `$0`, `$1`, `${name}` stand for the match and its groups, `$$`
    /// for a dollar sign; may be empty.
    pub replacement_pattern: String,
    /// The SSM parameter that is pointed at the new table; `$1` and the like stand for groups of the
    /// first match. Absent, null or empty: no parameter.
    #[serde(rename = "SSMParameterName", default)]
    pub ssm_parameter_name: Option<String>,
    /// How long the restore may take, instead of the template's `RestoreTimeoutHours`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 604_800))]
    pub restore_timeout_seconds: Option<u32>,
    /// As in RestoreTableFromBackup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billing_mode_override: Option<BillingMode>,
    /// As in RestoreTableFromBackup: the indexes to keep; an empty list keeps none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 20))]
    pub global_secondary_index_override: Option<Vec<GlobalSecondaryIndex>>,
    /// As in RestoreTableFromBackup: the indexes to keep; an empty list keeps none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 5))]
    pub local_secondary_index_override: Option<Vec<LocalSecondaryIndex>>,
    /// As in RestoreTableFromBackup: the vector indexes to keep; an empty list keeps none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 20))]
    pub vector_index_override: Option<Vec<VectorIndex>>,
    /// As in RestoreTableFromBackup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provisioned_throughput_override: Option<ProvisionedThroughput>,
    /// As in RestoreTableFromBackup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_demand_throughput_override: Option<OnDemandThroughput>,
    /// As in RestoreTableFromBackup.
    #[serde(rename = "SSESpecificationOverride", default, skip_serializing_if = "Option::is_none")]
    pub sse_specification_override: Option<SseSpecification>,
    /// What Step Functions users add to link an execution to the one that started it.
    #[serde(
        rename = "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub started_by_execution_id: Option<String>,
}

/// What AWS Backup said of a backup.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct BackupSnsMessage {
    /// The notification's first sentence; for people.
    #[serde(default)]
    pub status_message: String,
    /// What to restore: a DynamoDB backup's ARN, or an AWS Backup recovery point's.
    pub recovery_point_arn: String,
    /// The table that was backed up.
    pub backed_up_resource_arn: String,
    /// The backup job's id; for people, and for the execution's name where the trigger starts it.
    #[serde(rename = "BackupJobID", default)]
    pub backup_job_id: String,
    /// When the backup began (RFC 3339). The new table's name ends in this time, in its own offset. Absent: the time that a
    /// DynamoDB backup's ARN holds, in UTC; an AWS Backup recovery point's holds none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_time: Option<DateTime<FixedOffset>>,
}
