//! `backup-prune.report-table`: what became of one table, in numbers and in few enough words.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::error_name::{ErrorName, HasErrorName};
use tablekeeper_core::prune::report::{Prune, bounded};
use tablekeeper_core::prune::{CHARACTERS_A_LINE, NewBackup, PruneConfig};
use tablekeeper_core::text::{cut, message_of};

use super::delete_backup::{Deletion, DeletionOutcome};
use crate::step::{Failure, Step};
use crate::workflows::sync_settings::capture_settings::Captured;

/// The longest cause, in characters.
pub(super) const LONGEST_CAUSE: usize = 300;

/// Reports what became of one table.
#[derive(Clone, Copy, Debug)]
pub struct ReportTable;

/// The input that the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// ARN of the execution, for the logs.
    pub execution_arn: String,
    /// What the run went by.
    pub run: PruneConfig,
    /// The table.
    pub table_name: String,
    /// The backup that was made.
    pub backup: NewBackup,
    /// Whether an earlier invocation had begun the backup.
    pub adopted: bool,
    /// Where the table's settings were written down; null where they were not.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(required, schema_with = "nullable_documents")]
    pub settings: Option<Vec<Captured>>,
    /// Why the settings were not, or not wholly, written down; null where they were, or were not to be.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(required, schema_with = "tablekeeper_core::schemas::nullable_string")]
    pub settings_failure: Option<String>,
    /// What was decided.
    pub prune: Prune,
    /// What became of the backups that were to go.
    #[schemars(length(max = 200))]
    pub deletions: Vec<Deletion>,
}

/// What became of a table.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct TableReport {
    /// The table.
    pub table_name: String,
    /// In a word.
    pub outcome: TableOutcome,
    /// The backup that was made; null where none was.
    pub backup_arn: Option<String>,
    /// Whether the backup was made by an earlier invocation of the same run.
    pub adopted: bool,
    /// Where the table's settings were written down, in S3; null where they were not.
    pub settings: Option<String>,
    /// How many backups stay.
    pub kept: u32,
    /// How many were deleted, or were gone already.
    pub deleted: u32,
    /// How many were to go and did not.
    pub not_deleted: u32,
    /// How many do not count: made by others, of an earlier table, not available.
    pub ignored: u32,
    /// Which rules keep which backup, and what else there is to say.
    #[schemars(length(max = 210))]
    pub details: Vec<String>,
    /// The name of the failure that kept the table from being backed up; null where it was.
    pub error: Option<String>,
    /// Its cause, or why the first backup that should go was not deleted, or why the settings were not written down.
    pub cause: Option<String>,
}

/// What became of a table, in a word.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TableOutcome {
    /// It was backed up, and what was to go is gone.
    Done,
    /// It was backed up, and something that was to go is still there.
    NotPruned,
    /// It was backed up and pruned; its settings were not, or not wholly, written down.
    NotCaptured,
    /// It was not backed up, or what was to go could not be found out, or not be told what became of it. Said by the
    /// state machine alone.
    Failed,
}

/// Nothing goes wrong here but what is said of the input.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub enum Error {}

impl HasErrorName for Error {
    fn name(&self) -> ErrorName {
        match *self {}
    }
}

impl Step for ReportTable {
    const NAME: &'static str = "backup-prune.report-table";
    const ERRORS: &'static [&'static [ErrorName]] = &[];
    type Input = Input;
    type Output = TableReport;
    type Error = Error;

    fn new(_clients: &Clients) -> Result<ReportTable, Failure> {
        Ok(ReportTable)
    }

    async fn run(&self, input: Input) -> Result<TableReport, Error> {
        let Input { run, backup, settings, settings_failure, prune, deletions, .. } = input;
        let count = |of: usize| u32::try_from(of).unwrap_or(u32::MAX);
        let (failed, gone): (Vec<&Deletion>, Vec<&Deletion>) =
            deletions.iter().partition(|deletion| deletion.outcome == DeletionOutcome::Failed);
        let reason = |deletion: &Deletion| message_of(deletion.reason.as_deref().unwrap_or_default());
        let line =
            |deletion: &&Deletion| format!("{} was not deleted: {}", deletion.backup_name, reason(deletion));
        let later = prune.stale.saturating_sub(count(deletions.len()));
        // What went wrong comes first, since what does not fit is left out at the end.
        let not_captured = settings_failure.map(|failure| cut(message_of(&failure), LONGEST_CAUSE));
        let details = [
            bounded(failed.iter().map(line), run.lines),
            not_captured.iter().map(|why| format!("its settings were not written down: {why}")).collect(),
            prune.kept_lines.into_iter().map(|line| format!("kept {line}")).collect(),
            prune.ignored_lines.into_iter().map(|line| format!("left {line}")).collect(),
            (later > 0).then(|| format!("{later} more go with the next runs")).into_iter().collect(),
            bounded(gone.iter().map(|deletion| format!("deleted {}", deletion.backup_name)), run.lines),
        ]
        .concat();
        let details = fitting(details, run.lines);
        let outcome = match (failed.first(), &not_captured) {
            (Some(_), _) => TableOutcome::NotPruned,
            (None, Some(_)) => TableOutcome::NotCaptured,
            (None, None) => TableOutcome::Done,
        };
        let document = settings.unwrap_or_default().into_iter().next();
        Ok(TableReport {
            table_name: input.table_name,
            outcome,
            backup_arn: Some(backup.backup_arn),
            adopted: input.adopted,
            settings: document.map(|captured| captured.document.to_string()),
            kept: prune.kept,
            deleted: count(gone.len()),
            not_deleted: count(failed.len()),
            ignored: prune.ignored,
            details,
            error: None,
            cause: failed.first().map(|deletion| cut(reason(deletion), LONGEST_CAUSE)).or(not_captured),
        })
    }
}

/// What `capture-settings` answers with, or null; not to be left out.
fn nullable_documents(generator: &mut SchemaGenerator) -> Schema {
    let document = generator.subschema_for::<Captured>();
    schemars::json_schema!({ "type": ["array", "null"], "items": document, "maxItems": 100 })
}

/// The first details that fit, and how many more there are.
fn fitting(details: Vec<String>, lines: u32) -> Vec<String> {
    let most = CHARACTERS_A_LINE.saturating_mul(usize::try_from(lines).unwrap_or(usize::MAX));
    let all = details.len();
    let mut length = 0;
    let fits = |detail: &String| {
        length += detail.chars().count();
        length <= most
    };
    let mut fitting: Vec<String> = details.into_iter().take_while(fits).collect();
    let left_out = all - fitting.len();
    fitting.extend((left_out > 0).then(|| format!("and {left_out} lines more")));
    fitting
}

#[cfg(test)]
mod tests;
