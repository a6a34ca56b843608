//! `import-table.plan-import`: whether the table can be written to, and which files it is written from.
//!
//! Whatever can be wrong before the first item is found here: the input, the table, the manifest, a file that is
//! missing. Nothing is written.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::error_name::ErrorName;
use tablekeeper_core::import::Import;
use tablekeeper_core::import::execution_input::{Defaults, ExecutionInput};
use tablekeeper_core::import::plan::{Error, plan};
use tablekeeper_core::storage::{FilesError, bucket};

use crate::step::{Failure, Step};

/// Checks that a table can be written to, and lists the files that its items come from.
#[derive(Debug)]
pub struct PlanImport {
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

/// What is imported.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// What the import goes by.
    pub import: Import,
    /// Its segments.
    #[schemars(length(max = 40))]
    pub segments: Vec<Segment>,
}

impl Output {
    /// With the import's segments.
    pub fn from_import(import: Import) -> Output {
        let segments = (0..import.segments).map(|segment| Segment { segment }).collect();
        Output { import, segments }
    }
}

/// A share of the files.
#[derive(Clone, Copy, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Segment {
    /// Its number, from 0.
    pub segment: u32,
}

impl Step for PlanImport {
    const NAME: &'static str = "import-table.plan-import";
    const ERRORS: &'static [&'static [ErrorName]] = &[
        AwsFailure::NAMES,
        FilesError::NAMES,
        &[ErrorName::InvalidExport, ErrorName::TableNotEmpty, ErrorName::TargetTableMissing],
    ];
    type Input = Input;
    type Output = Output;
    type Error = Error;

    fn new(clients: &Clients) -> Result<PlanImport, Failure> {
        Ok(PlanImport { clients: clients.clone(), dynamodb: clients.dynamodb() })
    }

    async fn run(&self, Input { execution_input, defaults, .. }: Input) -> Result<Output, Error> {
        let wanted = execution_input.wanted(&defaults)?;
        let files = bucket(&self.clients, &wanted.bucket);
        let (import, _) = plan(&self.dynamodb, &files, execution_input, wanted).await?;
        Ok(Output::from_import(import))
    }
}

#[cfg(test)]
mod tests;
