//! `backup-prune.finish-prune`: reports the results of all tables.
//!
//! The execution succeeds only if every table was backed up and pruned. Otherwise its cause has a line for every table,
//! so that whoever handles the alarm finds everything there.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::error_name::{ErrorName, HasErrorName};

use super::report_table::{TableOutcome, TableReport};
use crate::step::{Failure, Step};
use crate::table_reports::{self, FailedTable, FullReport, Report};

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
    pub reports: Vec<Report<TableReport, TableOutcome>>,
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
        let tables = table_reports::full(reports);
        let (failed, lines) = table_reports::failures(&tables);
        if failed == 0 {
            return Ok(Output { tables });
        }
        Err(TablesFailed { failed, all: tables.len(), lines })
    }
}

impl FullReport for TableReport {
    type Outcome = TableOutcome;

    fn from_failure(failed: FailedTable<TableOutcome>) -> TableReport {
        let cause = failed.message();
        TableReport {
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
            cause: Some(cause),
        }
    }

    fn is_done(&self) -> bool {
        self.outcome == TableOutcome::Done
    }

    fn line(&self) -> String {
        let (table, cause) = (&self.table_name, self.cause.as_deref().unwrap_or_default());
        match self.outcome {
            TableOutcome::Done => format!("{table}: backed up, {} deleted, {} kept", self.deleted, self.kept),
            TableOutcome::NotPruned => {
                let not_deleted = self.not_deleted;
                format!("{table}: backed up, but {not_deleted} not deleted: {cause}")
            }
            TableOutcome::NotCaptured => {
                let deleted = self.deleted;
                format!("{table}: backed up, {deleted} deleted, but its settings were not captured: {cause}")
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
