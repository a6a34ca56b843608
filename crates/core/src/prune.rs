//! On-demand backups of a table: which stay, which go, and why.
//!
//! [`retention`] decides, without an AWS call. [`list`] finds the backups, [`report`] says what was decided.

pub mod execution_input;
pub mod list;
pub mod report;
pub mod retention;

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::retention::{Others, Retention};
use crate::aws::readiness::PollSchedule;

/// How many characters a report has for each of the run's lines, whichever list a line is of.
pub const CHARACTERS_A_LINE: usize = 300;

/// What a run goes by, from its beginning to its end.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PruneConfig {
    /// The rules.
    pub retention: Retention,
    /// Whose backups count too.
    pub others: Others,
    /// When the execution began.
    pub started_at: DateTime<Utc>,
    /// When a backup that is not available is given up, unless it was made just before.
    pub deadline: DateTime<Utc>,
    /// How many lines of each list a table's report may have, so that all of them fit the execution's state.
    pub lines: u32,
    /// How many backups of a table go at most, so that all of them fit the execution's history.
    pub deletions: u32,
}

/// The first look at a new backup comes after so many seconds: on AWS it is available some 50 ms after it was asked for
/// (measured, DDB-BACKUP-003).
const FIRST_LOOK: i64 = 5;

/// However late in a run a backup is made, it may take so long.
const AT_LEAST: TimeDelta = TimeDelta::minutes(10);

impl PruneConfig {
    /// How long a backup that was made at this time is waited for. The waits grow with its own age, and not with the run's,
    /// which may have been busy with other tables for hours.
    pub fn schedule(&self, created_at: DateTime<Utc>) -> PollSchedule {
        let deadline = self.deadline.max(created_at + AT_LEAST);
        PollSchedule { shortest_wait: FIRST_LOOK, ..PollSchedule::until(created_at, deadline) }
    }
}

/// A backup that the run made.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewBackup {
    /// Its ARN.
    pub backup_arn: String,
    /// Its name.
    pub backup_name: String,
    /// The id of the table that it is of.
    pub table_id: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// A backup that is to go.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StaleBackup {
    /// Its ARN.
    pub backup_arn: String,
    /// Its name.
    pub backup_name: String,
}
