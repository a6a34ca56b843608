//! `backup-prune.report-table`: reports the result of one table, with counts and a bounded text.

use execution_report::message_of;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::error_name::{ErrorName, HasErrorName};
use tablekeeper_core::prune::report::{Prune, bounded};
use tablekeeper_core::prune::{CHARACTERS_A_LINE, NewBackup, PruneConfig};
use tablekeeper_core::text::cut;

use super::delete_backup::{Deletion, DeletionOutcome};
use crate::step::{Failure, Step};
use crate::table_reports::LONGEST_CAUSE;
use crate::workflows::sync_settings::capture_settings::Captured;

/// The step that reports the result of one table.
#[derive(Clone, Copy, Debug)]
pub struct ReportTable;

/// The input that the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// ARN of the execution, for the logs.
    pub execution_arn: String,
    /// The configuration of the prune.
    pub run: PruneConfig,
    /// Name of the table.
    pub table_name: String,
    /// The new backup.
    pub backup: NewBackup,
    /// Whether an earlier invocation had started the backup.
    pub adopted: bool,
    /// Documents with the table's settings; null if they were not captured.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(required, schema_with = "nullable_documents")]
    pub settings: Option<Vec<Captured>>,
    /// Why the settings were not captured, or not completely; null if they were, or were not to be captured.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(required, schema_with = "tablekeeper_core::schemas::nullable_string")]
    pub settings_failure: Option<String>,
    /// Result of the plan, with counts and lines for the report.
    pub prune: Prune,
    /// Results of the deletions.
    #[schemars(length(max = 200))]
    pub deletions: Vec<Deletion>,
}

/// The result of a table.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct TableReport {
    /// Name of the table.
    pub table_name: String,
    /// Whether the table was backed up and pruned.
    pub outcome: TableOutcome,
    /// ARN of the new backup; null if there is none.
    pub backup_arn: Option<String>,
    /// Whether an earlier invocation of the same run had started the backup.
    pub adopted: bool,
    /// Location of the document with the table's settings, in S3; null if they were not captured.
    pub settings: Option<String>,
    /// Number of backups that stay.
    pub kept: u32,
    /// Number of backups that were deleted, or were gone already.
    pub deleted: u32,
    /// Number of backups that should have been deleted and were not.
    pub not_deleted: u32,
    /// Number of backups that do not count: made by others, of an earlier table, or not available.
    pub ignored: u32,
    /// Lines that say which rules retain which backup, and other facts.
    #[schemars(length(max = 210))]
    pub details: Vec<String>,
    /// Error name if the table was not backed up; null if it was.
    pub error: Option<String>,
    /// Cause of the error. If there is none, why the first deletion failed, or why the settings were not captured; else
    /// null.
    pub cause: Option<String>,
}

/// Whether a table was backed up and pruned.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TableOutcome {
    /// The table was backed up and pruned.
    Done,
    /// The table was backed up, but a deletion failed.
    NotPruned,
    /// The table was backed up and pruned, but its settings were not captured, or not completely.
    NotCaptured,
    /// The table was not backed up, or the backups to delete or the results could not be determined. Only the state
    /// machine sets this outcome.
    Failed,
}

/// This step has no errors of its own. Only its input can be rejected.
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
        // Failures come first, because lines that do not fit are cut off at the end.
        let not_captured = settings_failure.map(|failure| cut(message_of(&failure), LONGEST_CAUSE));
        let details = [
            bounded(failed.iter().map(line), run.lines),
            not_captured.iter().map(|why| format!("its settings were not captured: {why}")).collect(),
            prune.kept_lines.into_iter().map(|line| format!("kept {line}")).collect(),
            prune.ignored_lines.into_iter().map(|line| format!("left {line}")).collect(),
            (later > 0)
                .then(|| format!("{later} more will be deleted by the next runs"))
                .into_iter()
                .collect(),
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

/// Returns the schema of the output of `capture-settings`, or null. The field is required.
fn nullable_documents(generator: &mut SchemaGenerator) -> Schema {
    let document = generator.subschema_for::<Captured>();
    schemars::json_schema!({ "type": ["array", "null"], "items": document, "maxItems": 100 })
}

/// Returns the first details that fit, and how many more there are.
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
    fitting.extend((left_out > 0).then(|| format!("and {left_out} more lines")));
    fitting
}

#[cfg(test)]
mod tests;
