//! # backup-prune: on-demand backups on a schedule, and never one deletion too many
//!
//! Every table that is selected gets a new backup, its settings are written down beside it, and of the
//! backups that this workflow made before, those go that no rule of the retention keeps.
//!
//! ## What it guarantees
//!
//! - **Nothing is deleted before the new backup is available**, and it is looked at once more before each
//!   deletion. If it fails, nothing is deleted.
//! - **Only its own.** A backup counts if it has the name that this workflow gives (`<table>-YYYYMMDDTHHMMSSZ`),
//!   with `IncludeFormer` if the system before this one made it (`<table>-YYYYMMDDHHMMSS`), or with `IncludeManual` if anybody
//!   made it on demand; of the table as it is now, told apart by its id from
//!   an earlier one of its name; and if it is available. What does not count is neither counted nor touched.
//! - **A backup goes only if no rule keeps it**, and the newest one stays whatever the rules say
//!   ([`retention`]).
//! - **One backup a run.** Its name derives from the table and the execution's start, and a step that finds it
//!   made already adopts it.
//! - **One table that fails stops no other**, one deletion that fails no other. The execution's output has each
//!   table's own result, and its end says whether all went well.
//!
//! ## Its shape
//!
//! [`SelectTables`] validates the input and finds the tables. For each, [`CreateBackup`] and [`CheckBackup`] make
//! a backup and wait for it, [`PlanPrune`] lists and decides, [`DeleteBackup`] runs for each backup that goes, and
//! [`ReportTable`] sums up; [`FinishPrune`] says how it all ended. `sync-settings.capture-settings` runs beside,
//! where a bucket for settings documents is named.

pub mod check_backup;
pub mod create_backup;
pub mod delete_backup;
pub mod execution_input;
pub mod finish_prune;
pub mod list;
pub mod plan_prune;
pub mod report_table;
pub mod retention;
pub mod select_tables;

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use check_backup::CheckBackup;
pub use create_backup::CreateBackup;
pub use delete_backup::DeleteBackup;
pub use execution_input::ExecutionInput;
pub use finish_prune::FinishPrune;
pub use plan_prune::PlanPrune;
pub use report_table::ReportTable;
pub use retention::{Others, Retention};
pub use select_tables::SelectTables;

use crate::step::StepEntry;
use crate::table_look::Patience;

/// How many characters a report has for each of the run's lines, whichever list a line is of.
const CHARACTERS_A_LINE: usize = 300;

/// The workflow's steps.
pub fn steps() -> Vec<StepEntry> {
    vec![
        StepEntry::of::<SelectTables>(),
        StepEntry::of::<CreateBackup>(),
        StepEntry::of::<CheckBackup>(),
        StepEntry::of::<PlanPrune>(),
        StepEntry::of::<DeleteBackup>(),
        StepEntry::of::<ReportTable>(),
        StepEntry::of::<FinishPrune>(),
    ]
}

/// What a run goes by, from its beginning to its end.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Run {
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

impl Run {
    /// How long a backup that was made at this time is waited for. The waits grow with its own age, and not with the run's,
    /// which may have been busy with other tables for hours.
    pub fn patience(&self, created_at: DateTime<Utc>) -> Patience {
        let deadline = self.deadline.max(created_at + AT_LEAST);
        Patience { shortest_wait: FIRST_LOOK, ..Patience::until(created_at, deadline) }
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

#[cfg(test)]
mod testing;
