//! `backup-prune.finish-prune`: reports the results of all tables.
//!
//! The execution succeeds only if every table was backed up and pruned. Otherwise its cause has a line for every table,
//! so that whoever handles the alarm finds everything there.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::error_name::{ErrorName, HasErrorName};
use tablekeeper_core::text::{cut, message_of};

use super::report_table::{LONGEST_CAUSE, TableOutcome, TableReport};
use crate::step::{Failure, Step};

/// The step that reports the results of all tables of an execution.
#[derive(Clone, Copy, Debug)]
pub struct FinishPrune;

/// The input that the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// ARN of the execution, for the logs.
    pub execution_arn: String,
    /// Reports of the tables.
    #[schemars(length(max = 150))]
    pub reports: Vec<Report>,
}

/// The result of a table: a full report, or what the state machine says of a table that failed.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Report {
    /// The table was backed up; the report says whether it was pruned.
    Table(TableReport),
    /// The table failed.
    Failed(FailedTable),
}

/// A table that failed.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct FailedTable {
    /// Name of the table.
    pub table_name: String,
    /// Outcome of the table: `FAILED`.
    pub outcome: TableOutcome,
    /// Error name of the failure.
    pub error: String,
    /// Cause of the failure.
    pub cause: String,
}

/// The output of an execution.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    /// Reports of the tables.
    #[schemars(length(max = 150))]
    pub tables: Vec<TableReport>,
}

/// Some tables were not backed up and pruned.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{failed} of {all} tables were not backed up and pruned as they should be:\n{lines}")]
pub struct TablesFailed {
    failed: usize,
    all: usize,
    lines: String,
}

impl HasErrorName for TablesFailed {
    fn name(&self) -> ErrorName {
        ErrorName::TablesFailed
    }
}

impl Step for FinishPrune {
    const NAME: &'static str = "backup-prune.finish-prune";
    const ERRORS: &'static [&'static [ErrorName]] = &[&[ErrorName::TablesFailed]];
    type Input = Input;
    type Output = Output;
    type Error = TablesFailed;

    fn new(_clients: &Clients) -> Result<FinishPrune, Failure> {
        Ok(FinishPrune)
    }

    async fn run(&self, Input { reports, .. }: Input) -> Result<Output, TablesFailed> {
        let tables: Vec<TableReport> = reports.into_iter().map(Report::whole).collect();
        let well = |table: &&TableReport| table.outcome == TableOutcome::Done;
        let (well, mut ill): (Vec<&TableReport>, Vec<&TableReport>) = tables.iter().partition(well);
        if ill.is_empty() {
            return Ok(Output { tables });
        }
        let (failed, all) = (ill.len(), tables.len());
        ill.extend(well);
        let lines: Vec<String> = ill.iter().map(|table| table.in_words()).collect();
        Err(TablesFailed { failed, all, lines: cut(lines.join("\n"), 20_000) })
    }
}

impl Report {
    fn whole(self) -> TableReport {
        match self {
            Report::Table(report) => report,
            Report::Failed(failed) => TableReport {
                table_name: failed.table_name,
                outcome: failed.outcome,
                backup_arn: None,
                adopted: false,
                settings: None,
                kept: 0,
                deleted: 0,
                not_deleted: 0,
                ignored: 0,
                details: Vec::new(),
                error: Some(failed.error),
                cause: Some(cut(message_of(&failed.cause), LONGEST_CAUSE)),
            },
        }
    }
}

impl TableReport {
    fn in_words(&self) -> String {
        let (table, cause) = (&self.table_name, self.cause.as_deref().unwrap_or_default());
        match self.outcome {
            TableOutcome::Done => format!("{table}: backed up, {} deleted, {} kept", self.deleted, self.kept),
            TableOutcome::NotPruned => {
                let not_deleted = self.not_deleted;
                format!("{table}: backed up, but {not_deleted} not deleted: {cause}")
            }
            TableOutcome::NotCaptured => {
                let deleted = self.deleted;
                format!("{table}: backed up, {deleted} deleted, but its settings not written down: {cause}")
            }
            TableOutcome::Failed => {
                let error = self.error.as_deref().unwrap_or_default();
                format!("{table}: failed: {error}: {cause}")
            }
        }
    }
}

#[cfg(test)]
mod tests;
