//! The input of an execution of `rotate-restore`, from the trigger or from a person.
//!
//! `BackupSnsMessage`, the patterns and `SSMParameterName` are the fields of the predecessor of this workflow, under the
//! same names, so existing inputs still work. [`Request`](super::request::Request) fills in what an input leaves out. An
//! unknown field is refused, because it is probably misspelt. A misspelt `SSMParameterName` would otherwise
//! leave the pointer unchanged without an error.

use chrono::{DateTime, FixedOffset};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::overrides::{
    BillingMode, GlobalSecondaryIndex, LocalSecondaryIndex, OnDemandThroughput, ProvisionedThroughput,
    SseSpecification, VectorIndex,
};

/// The input of an execution of `rotate-restore`.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct ExecutionInput {
    /// ARN of the DynamoDB backup to restore. It names the table and the time. Refused beside `BackupSnsMessage`, and for
    /// a recovery point of AWS Backup, whose ARN does not name its table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup_arn: Option<String>,
    /// Backup or recovery point to restore, as AWS Backup describes it. Required without `BackupArn`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup_sns_message: Option<BackupSnsMessage>,
    /// Regular expression in RE2's syntax for the part of the source table's name to replace. It matches anywhere in
    /// the name unless it is anchored. Without both patterns, those of the template are used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_pattern: Option<String>,
    /// Replacement of every match. `$0`, `$1` and `${name}` stand for the match and its groups, `$$` for a dollar sign.
    /// May be empty. Without both patterns, those of the template are used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replacement_pattern: Option<String>,
    /// Name of the SSM parameter that will point to the new table. `$1` and the like stand for groups of the first
    /// match. Empty for no parameter. Absent or null means no parameter beside patterns, and the template's
    /// `SSMParameterName` without them.
    #[serde(rename = "SSMParameterName", default)]
    pub ssm_parameter_name: Option<String>,
    /// Seconds after which the restore times out, instead of the template's `RestoreTimeoutHours`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 604_800))]
    pub restore_timeout_seconds: Option<u32>,
    /// Billing mode, as in RestoreTableFromBackup. Without patterns, the template's by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billing_mode_override: Option<BillingMode>,
    /// Global secondary indexes to restore, as in the backup. Others are not restored; an empty list restores none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 20))]
    pub global_secondary_index_override: Option<Vec<GlobalSecondaryIndex>>,
    /// Local secondary indexes to restore, as in the backup. Others are not restored; an empty list restores none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 5))]
    pub local_secondary_index_override: Option<Vec<LocalSecondaryIndex>>,
    /// Vector indexes to restore, as in the backup. Others are not restored; an empty list restores none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 20))]
    pub vector_index_override: Option<Vec<VectorIndex>>,
    /// Provisioned throughput, as in RestoreTableFromBackup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provisioned_throughput_override: Option<ProvisionedThroughput>,
    /// On-demand throughput, as in RestoreTableFromBackup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_demand_throughput_override: Option<OnDemandThroughput>,
    /// Encryption, as in RestoreTableFromBackup. Without patterns, by the template's KMS key by default.
    #[serde(rename = "SSESpecificationOverride", default, skip_serializing_if = "Option::is_none")]
    pub sse_specification_override: Option<SseSpecification>,
    /// Id of the execution that started this one. Users of Step Functions add it to link the two.
    #[serde(
        rename = "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub started_by_execution_id: Option<String>,
}

/// The description of a completed backup by AWS Backup.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct BackupSnsMessage {
    /// First sentence of the notification, for people.
    #[serde(default)]
    pub status_message: String,
    /// ARN of the recovery point to restore: a DynamoDB backup or a recovery point of AWS Backup.
    pub recovery_point_arn: String,
    /// ARN of the table that was backed up.
    pub backed_up_resource_arn: String,
    /// Id of the backup job, for people, and for the name of an execution that the trigger starts.
    #[serde(rename = "BackupJobID", default)]
    pub backup_job_id: String,
    /// Time at which the backup began (RFC 3339). The name of the new table ends in this time, in its own offset. If
    /// absent, the time in the ARN of a DynamoDB backup is used, in UTC. The ARN of an AWS Backup recovery point has no
    /// time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_time: Option<DateTime<FixedOffset>>,
}
