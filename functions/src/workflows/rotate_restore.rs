//! # rotate-restore: every AWS Backup of a matching table becomes a new table
//!
//! AWS Backup announces a finished backup job; the table's name is rewritten by two patterns and
//! given the backup's time; the recovery point is restored under that name; and when the new table can
//! be used, an SSM parameter is pointed at it. Programs that read the parameter always find the newest
//! copy, and never one that is still being filled.
//!
//! ## What it guarantees
//!
//! - **One restore a backup.** The execution's name derives from the backup job's id, and the table's
//!   name from the table's and the backup's time, so that the same notification, delivered again or by
//!   SNS and EventBridge both, finds its own earlier work: the execution that runs or ran, the table
//!   that it made. A table of that name that came from anywhere else is left as it is, and is an error.
//! - **Success is a usable table.** The execution ends well only when the table is active, its items
//!   are restored and its indexes filled, and the parameter, where one is named, was read back.
//! - **Settings before the pointer**, where that is asked for: `sync-settings` runs as a nested execution once the
//!   table can be used, and the pointer moves only if it succeeded.
//! - **The pointer never goes back.** Executions may end in any order; a parameter that points at a
//!   newer rotation of the same table is left alone.
//! - **Nothing is deleted**, ever.
//!
//! ## Its shape
//!
//! [`Start`] runs outside the machine, on the notification. Inside, [`RestoreBackup`] validates the
//! input (a person may have written it) and starts the restore; [`CheckRestore`] is asked again after
//! waits that grow ([`tablekeeper_core::aws::poll_interval`]), and writes down on the table what it was made from ([`tablekeeper_core::aws::own_tag`]);
//! [`PublishPointer`] moves the parameter. What a machine
//! must remember between them is one value, [`Restore`].

pub mod check_restore;
pub mod publish_pointer;
pub mod restore_backup;
pub mod start;

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

/// The schema of what an execution ends with.
pub fn execution_output() -> Schema {
    schemas::execution_output_schema::<ExecutionInput>(vec![
        (
            "RestoreTableFromBackupOutput",
            schemas::output_schema::<restore_backup::RestoreTableFromBackupOutput>(),
        ),
        ("DescribeTableOutput", schemas::output_schema::<check_restore::DescribeTableOutput>()),
        ("UpdateSSMParameterOutput", schemas::output_schema::<publish_pointer::Output>()),
        // Null where no sync of the settings is asked for.
        ("SyncSettingsOutput", schemas::output_schema::<Option<sync_settings::Report>>()),
    ])
}

/// A restore that was started: what [`CheckRestore`] needs to find it again.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Restore {
    /// The table that is being made.
    pub target_table: String,
    /// Tells it from other tables of its name; null where that is not known, as AWS Backup makes the table later.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(required, schema_with = "schemas::nullable_string")]
    pub table_id: Option<String>,
    /// What it is made from.
    pub recovery_point_arn: String,
    /// AWS Backup's restore job; null where DynamoDB itself restores.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(required, schema_with = "schemas::nullable_string")]
    pub restore_job_id: Option<String>,
    /// When the restore began: the age that the waits grow with counts from here.
    pub started_at: DateTime<Utc>,
    /// When the restore is given up.
    pub deadline: DateTime<Utc>,
}
