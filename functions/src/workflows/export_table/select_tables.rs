//! `export-table.select-tables`: finds the tables to export, and determines how.
//!
//! This step finds everything that can be wrong with the input, before anything is written. It rejects a selection
//! without tables, because a schedule that exports nothing should not succeed. If a selection has more tables than an
//! execution exports, the first by name are exported. The execution fails at its end with the number of tables that
//! were left out. So a tag on one more table does not stop the exports of all others.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::aws::table as table_description;
use tablekeeper_core::error_name::{ErrorName, HasErrorName};
use tablekeeper_core::export::execution_input::{Defaults, ExecutionInput, SelectionError};
use tablekeeper_core::export::{ExportConfig, scan_plan};

use crate::step::{Failure, Step};

/// The maximum number of tables in an execution. The reports of all of them have to fit into its state.
pub(super) const MOST_TABLES: usize = 100;
/// The maximum number of segments of all tables together. An execution's history is limited to 25,000 events
/// (<https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>). An execution that reaches the limit
/// fails without running its own failure states. A table takes about 60 events, a segment 8 and another 7 for each of
/// its files.
const SEGMENTS_OF_ALL: usize = 500;

/// The step that selects the tables of an execution and determines how each is exported.
#[derive(Debug)]
pub struct SelectTables {
    dynamodb: aws_sdk_dynamodb::Client,
}

/// The input that the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// ARN of the execution. The tables are in its Region and account.
    pub execution_arn: String,
    /// Input of the execution.
    pub execution_input: ExecutionInput,
    /// Time when the execution began. The folders are named after it.
    pub started_at: DateTime<Utc>,
    /// Default values: the template's parameters.
    pub defaults: Defaults,
}

/// The selected tables and the configuration of the export.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// The configuration of the export.
    pub run: ExportConfig,
    /// Selected tables.
    #[schemars(length(max = 100))]
    pub tables: Vec<TableToExport>,
    /// Number of selected tables beyond the maximum of an execution.
    pub left_out: u32,
}

/// A selected table.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TableToExport {
    /// Name of the table.
    pub table_name: String,
}

/// Why no tables were selected.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The input is invalid.
    #[error(transparent)]
    Input(#[from] SelectionError),
    /// An AWS call failed; holds its error name and action.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
}

impl HasErrorName for Error {
    fn name(&self) -> ErrorName {
        match self {
            Error::Input(error) => error.name(),
            Error::Aws(failure) => failure.name,
        }
    }
}

impl Step for SelectTables {
    const NAME: &'static str = "export-table.select-tables";
    const ERRORS: &'static [&'static [ErrorName]] = &[AwsFailure::NAMES];
    type Input = Input;
    type Output = Output;
    type Error = Error;

    fn new(clients: &Clients) -> Result<SelectTables, Failure> {
        Ok(SelectTables { dynamodb: clients.dynamodb() })
    }

    async fn run(&self, input: Input) -> Result<Output, Error> {
        let (wanted, defaults) = (&input.execution_input, &input.defaults);
        let selection = wanted.selection(defaults)?;
        let mut run = wanted.run(defaults, input.started_at)?;
        let none = selection.refused(str::to_owned);
        let mut tables = selection.tables(&self.dynamodb, &input.execution_arn).await?;
        if tables.is_empty() {
            return Err(Error::Input(none));
        }
        let left_out = u32::try_from(tables.len().saturating_sub(MOST_TABLES)).unwrap_or(u32::MAX);
        if left_out > 0 {
            tracing::warn!(left_out, "more tables were chosen than one execution exports");
            tables.sort_unstable();
            tables.truncate(MOST_TABLES);
        }
        let share = u32::try_from(SEGMENTS_OF_ALL / tables.len()).unwrap_or(u32::MAX);
        run.most_segments = run.most_segments.min(share.max(1));
        if run.max_read_capacity_units > 0 && !run.managed && tables.len() > 1 {
            run.most_segments = scan_plan::most_segments(&run, &self.sizes(&tables).await?)?;
        }
        let tables = tables.into_iter().map(|table_name| TableToExport { table_name }).collect();
        Ok(Output { run, tables, left_out })
    }
}

impl SelectTables {
    /// Returns the sizes, in bytes, of the tables that can be described. For the other tables, planning fails later.
    async fn sizes(&self, tables: &[String]) -> Result<Vec<Option<i64>>, AwsFailure> {
        let mut sizes = Vec::new();
        for table in tables {
            match table_description::describe(&self.dynamodb, table).await {
                Ok(described) => sizes.extend(described.map(|table| table.table_size_bytes())),
                Err(failure)
                    if matches!(failure.name, ErrorName::Throttled | ErrorName::ServiceUnavailable) =>
                {
                    return Err(failure);
                }
                Err(_) => {}
            }
        }
        Ok(sizes)
    }
}

#[cfg(test)]
mod tests;
