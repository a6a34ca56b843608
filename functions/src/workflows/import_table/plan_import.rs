//! `import-table.plan-import`: checks whether the table can be written to, and lists the files to import.
//!
//! This step finds whatever can be wrong before the first item: the input, the table, the manifest, a missing file. It
//! writes nothing.

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

/// The step that checks that a table can be written to, and lists the files to import.
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
    /// Input of the execution.
    pub execution_input: ExecutionInput,
    /// Default values: the template's parameters.
    pub defaults: Defaults,
}

/// The plan of the import and its segments.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// The plan of the import.
    pub import: Import,
    /// Segments of the import.
    #[schemars(length(max = 40))]
    pub segments: Vec<Segment>,
}

impl Output {
    /// Creates the output of an import, with its segments.
    pub fn from_import(import: Import) -> Output {
        let segments = (0..import.segments).map(|segment| Segment { segment }).collect();
        Output { import, segments }
    }
}

/// A share of the files.
#[derive(Clone, Copy, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Segment {
    /// Segment number, starting at 0.
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
        let (import, _) = plan(&self.dynamodb, &files, execution_input, wanted, None).await?;
        Ok(Output::from_import(import))
    }
}

#[cfg(test)]
mod tests;
