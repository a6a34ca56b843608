//! Prunes the on-demand backups of a table.
//!
//! [`new_backup`] makes a backup, [`list`] finds the others, [`retention`] decides without an AWS call which ones to delete, and [`report`] says why
//! the others are retained.

pub mod execution_input;
pub mod list;
pub mod new_backup;
pub mod report;
pub mod retention;

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::retention::{Others, Retention};
use crate::aws::readiness::PollSchedule;

/// Maximum number of characters of a line in a report, in any of its lists.
pub const CHARACTERS_A_LINE: usize = 300;

/// The options of a prune, which are the same from its beginning to its end.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PruneConfig {
    /// Retention rules.
    pub retention: Retention,
    /// Backups that count in addition to the workflow's own.
    pub others: Others,
    /// Time at which the execution began.
    pub started_at: DateTime<Utc>,
    /// Time at which a pending backup times out. Each backup has at least ten minutes after its creation.
    pub deadline: DateTime<Utc>,
    /// Maximum number of lines in each list of a table's report. It makes all reports fit into the state of the
    /// execution.
    pub lines: u32,
    /// Maximum number of deletions per table. It makes all deletions fit into the history of the execution.
    pub deletions: u32,
}

/// Seconds before the first poll of a new backup. On AWS it is available about 50 ms after the request (measured,
/// DDB-BACKUP-003).
const FIRST_LOOK: i64 = 5;

/// Minimum time for a backup, however late in an execution it is made.
const AT_LEAST: TimeDelta = TimeDelta::minutes(10);

impl PruneConfig {
    /// Returns the schedule for polling a backup that was made at this time. The waits grow with the age of the backup,
    /// not with that of the execution, which may have spent hours on other tables.
    pub fn schedule(&self, created_at: DateTime<Utc>) -> PollSchedule {
        let deadline = self.deadline.max(created_at + AT_LEAST);
        PollSchedule { shortest_wait: FIRST_LOOK, ..PollSchedule::until(created_at, deadline) }
    }
}

/// A backup that this execution made.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewBackup {
    /// ARN of the backup.
    pub backup_arn: String,
    /// Name of the backup.
    pub backup_name: String,
    /// Id of the table.
    pub table_id: String,
    /// Time at which the backup was made.
    pub created_at: DateTime<Utc>,
}

/// A backup to delete.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StaleBackup {
    /// ARN of the backup.
    pub backup_arn: String,
    /// Name of the backup.
    pub backup_name: String,
}
