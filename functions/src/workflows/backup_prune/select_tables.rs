//! `backup-prune.select-tables`: finds the tables to back up, and the rules for deleting their backups.
//!
//! This step finds everything that can be wrong with the input, before anything is made. It rejects a selection without
//! tables, because a schedule that backs up nothing should not succeed.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::aws::table_selection::hours_of;
use tablekeeper_core::error_name::{ErrorName, HasErrorName};
use tablekeeper_core::prune::PruneConfig;
use tablekeeper_core::prune::execution_input::{Defaults, ExecutionInput, SelectionError};
use tablekeeper_core::prune::report::MOST_DELETIONS;
use tablekeeper_core::prune::retention::backup_name;

use crate::step::{Failure, Step};

/// The maximum number of tables in an execution. The reports of all of them have to fit into its state.
const MOST_TABLES: usize = 150;
/// The maximum number of lines of the reports of all tables together, each of 300 characters. With the ARNs and causes,
/// they stay below 256 KiB.
const LINES_OF_ALL: usize = 400;
/// The maximum number of deletions of all tables together. An execution's history is limited to 25,000 events
/// (<https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>). An execution that reaches the limit
/// fails without running its own failure states. A deletion takes 7 events, a table about 50 and another 9 for each
/// further poll.
const DELETIONS_OF_ALL: usize = 1_500;

/// The step that selects the tables of an execution and determines the retention of their backups.
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
    /// Time when the execution began. The names of the backups end in it.
    pub started_at: DateTime<Utc>,
    /// Default values: the template's parameters.
    pub defaults: Defaults,
    /// How long a backup may take, in hours: the template's parameter, 1 to 168.
    pub backup_timeout_hours: String,
}

/// The selected tables and the configuration of the prune.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// The configuration of the prune.
    pub run: PruneConfig,
    /// Selected tables.
    #[schemars(length(max = 150))]
    pub tables: Vec<TableToBackUp>,
}

/// A selected table, and the name of its backup.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TableToBackUp {
    /// Name of the table.
    pub table_name: String,
    /// Name for the backup.
    pub backup_name: String,
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
    const NAME: &'static str = "backup-prune.select-tables";
    const ERRORS: &'static [&'static [ErrorName]] = &[AwsFailure::NAMES, &[ErrorName::InvalidPattern]];
    type Input = Input;
    type Output = Output;
    type Error = Error;

    fn new(clients: &Clients) -> Result<SelectTables, Failure> {
        Ok(SelectTables { dynamodb: clients.dynamodb() })
    }

    async fn run(&self, input: Input) -> Result<Output, Error> {
        let (wanted, defaults) = (&input.execution_input, &input.defaults);
        let retention = wanted.retention(defaults)?;
        let others = wanted.others(defaults)?;
        let timeout = hours_of("BackupTimeoutHours", &input.backup_timeout_hours)?;
        let selection = wanted.selection(defaults)?;
        let tables = selection.clone().tables(&self.dynamodb, &input.execution_arn).await?;
        if tables.is_empty() || tables.len() > MOST_TABLES {
            return Err(Error::Input(selection.refused(|none| match tables.len() {
                0 => none.to_owned(),
                many => {
                    format!("{many} tables are selected, and one execution backs up at most {MOST_TABLES}")
                }
            })));
        }
        let share = |of_all: usize, least, most| {
            u32::try_from((of_all / tables.len()).clamp(least, most)).unwrap_or(u32::MAX)
        };
        let lines = share(LINES_OF_ALL, 2, 50);
        let deletions = share(DELETIONS_OF_ALL, 1, MOST_DELETIONS);
        let run = PruneConfig {
            retention,
            others,
            started_at: input.started_at,
            deadline: input.started_at + timeout,
            lines,
            deletions,
        };
        let tables = tables.into_iter().map(|table_name| TableToBackUp {
            backup_name: backup_name(&table_name, input.started_at),
            table_name,
        });
        Ok(Output { run, tables: tables.collect() })
    }
}

#[cfg(test)]
mod tests;
