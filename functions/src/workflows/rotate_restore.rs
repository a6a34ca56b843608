//! # rotate-restore: every AWS Backup of a matching table becomes a new table
//!
//! AWS Backup announces a finished backup job. Two patterns rewrite the name of the table, and the time of the backup
//! is appended. The recovery point is restored under that name. When the new table is usable, an SSM parameter is
//! pointed at it. Programs that read the parameter always find the newest copy, and never one that is still being
//! filled.
//!
//! ## What it guarantees
//!
//! - **One restore per backup.** The name of the execution derives from the id of the backup job. The name of the new
//!   table derives from the source table and the time of the backup. If a notification is delivered again, or by both
//!   SNS and EventBridge, it finds its earlier work: the execution and the table. An existing table of that name from
//!   anywhere else is left unchanged, and is an error.
//! - **Success is a usable table.** The execution succeeds only when the table is active, its items are restored and
//!   its indexes filled, and the parameter, if one is named, was read back.
//! - **Verified before it is used**, if requested: `verify-table` runs as a nested execution once the table is usable. If it
//!   fails, the table gets no settings, and the pointer does not move.
//! - **Settings before the pointer**, if requested: `sync-settings` runs as a nested execution once the table is
//!   usable. The pointer moves only if it succeeded.
//! - **The pointer never goes back.** Executions may end in any order. A parameter that points at a newer rotation of
//!   the same table is left alone. So is a pinned one ([`tablekeeper_core::rotation::pointer`]).
//! - **Nothing is ever deleted.**
//!
//! ## Its shape
//!
//! [`Start`] runs outside the state machine, on the notification. Inside it, [`RestoreBackup`] validates the input (a
//! person may have written it) and starts the restore. [`CheckRestore`] polls the table at growing intervals
//! ([`tablekeeper_core::aws::poll_interval`]) and tags it with the recovery point that it was made from
//! ([`tablekeeper_core::aws::own_tag`]). [`PublishPointer`] moves the parameter. The state machine passes one value
//! between them, [`Restore`].

pub mod check_restore;
pub mod publish_pointer;
pub mod restore_backup;
pub mod start;
pub mod template;

use chrono::{DateTime, Utc};
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use tablekeeper_core::schemas;

pub use check_restore::CheckRestore;
pub use publish_pointer::PublishPointer;
pub use restore_backup::RestoreBackup;
pub use start::Start;
pub use tablekeeper_core::rotation::execution_input::{BackupSnsMessage, ExecutionInput};

use super::sync_settings;
use crate::step::StepEntry;

/// Returns the steps of the workflow.
pub fn steps() -> Vec<StepEntry> {
    vec![
        StepEntry::new::<Start>(),
        StepEntry::new::<RestoreBackup>(),
        StepEntry::new::<CheckRestore>(),
        StepEntry::new::<PublishPointer>(),
    ]
}

/// Returns the schema of the output of an execution.
pub fn execution_output() -> Schema {
    schemas::execution_output_schema::<ExecutionInput>(vec![
        (
            "RestoreTableFromBackupOutput",
            schemas::output_schema::<restore_backup::RestoreTableFromBackupOutput>(),
        ),
        ("DescribeTableOutput", schemas::output_schema::<check_restore::DescribeTableOutput>()),
        ("UpdateSSMParameterOutput", schemas::output_schema::<publish_pointer::Output>()),
        // Null if no verification was requested.
        ("VerifyTableOutput", schemas::output_schema::<Option<tablekeeper_core::verify::finish::Output>>()),
        // Null if no sync of the settings was requested.
        ("SyncSettingsOutput", schemas::output_schema::<Option<sync_settings::Report>>()),
    ])
}

/// A restore that was started. [`CheckRestore`] finds it by these values.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Restore {
    /// Name of the table that is being made.
    pub target_table: String,
    /// Id of the table, which distinguishes it from other tables of its name; null if AWS Backup makes the table later.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(required, schema_with = "schemas::nullable_string")]
    pub table_id: Option<String>,
    /// ARN of the recovery point or DynamoDB backup that the table is made from.
    pub recovery_point_arn: String,
    /// Id of AWS Backup's restore job; null if DynamoDB itself restores.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(required, schema_with = "schemas::nullable_string")]
    pub restore_job_id: Option<String>,
    /// Time when the restore began. The poll interval grows with the age since then.
    pub started_at: DateTime<Utc>,
    /// Time after which the restore counts as timed out.
    pub deadline: DateTime<Utc>,
}
