//! `export-table.select-tables`: which tables are exported, and how.
//!
//! Everything that can be wrong with the input is found here, before anything is written. A selection that finds no
//! table is refused too: a schedule that exports nothing should not end well. Of one that finds more than an execution
//! takes, the first by name are exported, and the execution fails at its end by how many were left out: a tag that one more
//! table gets must not end the exports of all the others.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::aws::table as table_description;
use tablekeeper_core::aws::table_selection::field;
use tablekeeper_core::error_name::{ErrorName, HasErrorName};
use tablekeeper_core::export::execution_input::{Defaults, ExecutionInput, InvalidInput};
use tablekeeper_core::export::{ExportConfig, scan_plan};

use crate::step::{Failure, Step};

/// How many tables an execution takes: the reports of all of them have to fit its state.
pub(super) const MOST_TABLES: usize = 100;
/// Segments of all tables together. An execution's history has room for 25,000 events
/// (<https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>), and an execution that reaches them fails
/// without an end of its own: a table takes about 60 of them, a segment 8 and 7 for each of its files.
const SEGMENTS_OF_ALL: usize = 500;

/// Selects the tables of an execution and says how each is exported.
#[derive(Debug)]
pub struct SelectTables {
    dynamodb: aws_sdk_dynamodb::Client,
}

/// The input that the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// The execution: its Region and account are the tables'.
    pub execution_arn: String,
    /// The execution's input.
    pub execution_input: ExecutionInput,
    /// When the execution began; the folders are named after it.
    pub started_at: DateTime<Utc>,
    /// The template's parameters.
    pub defaults: Defaults,
}

/// What was selected.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// What the run goes by.
    pub run: ExportConfig,
    /// The tables.
    #[schemars(length(max = 100))]
    pub tables: Vec<TableToExport>,
    /// How many more were chosen than one execution takes.
    pub left_out: u32,
}

/// A table.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TableToExport {
    /// Its name.
    pub table_name: String,
}

/// Why no tables were selected.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The input cannot be followed.
    #[error(transparent)]
    Input(#[from] InvalidInput),
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
        let mut tables = selection.tables(&self.dynamodb, &input.execution_arn).await?;
        if tables.is_empty() {
            let reason = "and what stands beside it choose no table".to_owned();
            return Err(Error::Input(field("TableName", reason)));
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
    /// The bytes of the tables that can be looked at. What is planned for the others fails by itself.
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
