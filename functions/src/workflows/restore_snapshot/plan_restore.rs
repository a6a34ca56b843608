//! `restore-snapshot.plan-restore`: checks whether the table can take the snapshot, and lists the files to write.
//!
//! This step finds whatever can be wrong before the first item. It writes nothing.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::error_name::ErrorName;
use tablekeeper_core::snapshot::restore::{Error, plan};
use tablekeeper_core::snapshot::restore_input::{Defaults, ExecutionInput};
use tablekeeper_core::storage::{FilesError, bucket};

use crate::step::{Failure, Step};
use crate::workflows::import_table::plan_import::Output;

/// The step that checks that a table can take a snapshot, and lists the files to write.
#[derive(Debug)]
pub struct PlanRestore {
    clients: Clients,
    dynamodb: aws_sdk_dynamodb::Client,
}

/// The input that the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// ARN of the execution, for the logs.
    pub execution_arn: String,
    /// Input of the execution.
    pub execution_input: ExecutionInput,
    /// Default values: the template's parameters.
    pub defaults: Defaults,
}

impl Step for PlanRestore {
    const NAME: &'static str = "restore-snapshot.plan-restore";
    const ERRORS: &'static [&'static [ErrorName]] = &[
        AwsFailure::NAMES,
        FilesError::NAMES,
        &[ErrorName::InvalidExport, ErrorName::TableNotEmpty, ErrorName::TargetTableMissing],
    ];
    type Input = Input;
    type Output = Output;
    type Error = Error;

    fn new(clients: &Clients) -> Result<PlanRestore, Failure> {
        Ok(PlanRestore { clients: clients.clone(), dynamodb: clients.dynamodb() })
    }

    async fn run(&self, Input { execution_input, defaults, .. }: Input) -> Result<Output, Error> {
        let (input, defaults) = execution_input.into_import(&defaults)?;
        let wanted = input.wanted(&defaults)?;
        let files = bucket(&self.clients, &wanted.bucket);
        let (import, _) = plan(&self.dynamodb, &files, input, wanted, None).await?;
        Ok(Output::from_import(import))
    }
}

#[cfg(test)]
mod tests;
