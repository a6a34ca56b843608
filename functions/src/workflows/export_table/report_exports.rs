//! `export-table.report-exports`: reports the results of all tables.
//!
//! The execution succeeds only if every selected table was exported. Otherwise its cause has a line for every table, so
//! that whoever handles the alarm finds everything there.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::error_name::{ErrorName, HasErrorName};

use super::select_tables::MOST_TABLES;
use super::table_report::{TableOutcome, TableReport};
use crate::step::{Failure, Step};
use crate::table_reports::{self, FailedTable, FullReport, Report};

/// The step that reports the results of all tables of an execution.
#[derive(Clone, Copy, Debug)]
pub struct ReportExports;

/// The input that the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// ARN of the execution, for the logs.
    pub execution_arn: String,
    /// Reports of the tables.
    #[schemars(length(max = 100))]
    pub reports: Vec<Report<TableReport, TableOutcome>>,
    /// Number of selected tables beyond the maximum of an execution.
    pub left_out: u32,
}

/// The output of an execution.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    /// Reports of the tables.
    #[schemars(length(max = 100))]
    pub tables: Vec<TableReport>,
}

/// Some tables were not exported.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{failed} of {all} tables were not exported{left_out}:\n{lines}")]
pub struct TablesFailed {
    failed: usize,
    /// Message about the tables that were left out; empty if there are none.
    left_out: String,
    all: usize,
    lines: String,
}

impl HasErrorName for TablesFailed {
    fn name(&self) -> ErrorName {
        ErrorName::TablesFailed
    }
}

impl Step for ReportExports {
    const NAME: &'static str = "export-table.report-exports";
    const ERRORS: &'static [&'static [ErrorName]] = &[&[ErrorName::TablesFailed]];
    type Input = Input;
    type Output = Output;
    type Error = TablesFailed;

    fn new(_clients: &Clients) -> Result<ReportExports, Failure> {
        Ok(ReportExports)
    }

    async fn run(&self, Input { reports, left_out, .. }: Input) -> Result<Output, TablesFailed> {
        let tables = table_reports::full(reports);
        let (failed, lines) = table_reports::failures(&tables);
        if failed == 0 && left_out == 0 {
            return Ok(Output { tables });
        }
        let more = usize::try_from(left_out).unwrap_or_default();
        let (failed, all) = (failed.saturating_add(more), tables.len().saturating_add(more));
        let left_out = match left_out {
            0 => String::new(),
            count => format!(
                ", {count} of them because one execution exports at most {MOST_TABLES}, the first by name; choose the others \
                 by another schedule's TableName or TableTag"
            ),
        };
        Err(TablesFailed { failed, left_out, all, lines })
    }
}

impl FullReport for TableReport {
    type Outcome = TableOutcome;

    fn from_failure(failed: FailedTable<TableOutcome>) -> TableReport {
        let cause = failed.message();
        TableReport {
            table_name: failed.table_name,
            outcome: failed.outcome,
            mode: None,
            manifest: None,
            item_count: 0,
            bytes: 0,
            files: 0,
            settings: None,
            notes: Vec::new(),
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
            TableOutcome::Done => {
                format!("{table}: {} items exported, in {} files", self.item_count, self.files)
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
