//! `restore-snapshot.plan-restore`: whether the table can take the snapshot, and which files it is written from.
//!
//! Whatever can be wrong before the first item is found here. Nothing is written.

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

/// Checks that a table can take a snapshot, and lists the files that it is written from.
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
    /// The execution's input.
    pub execution_input: ExecutionInput,
    /// The template's parameters.
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
        let (import, _) = plan(&self.dynamodb, &files, input, wanted).await?;
        Ok(Output::from_import(import))
    }
}

#[cfg(test)]
mod tests;
