//! `import-table.finish-import`: checks that all items of the export were written, and into one table.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::error_name::ErrorName;
use tablekeeper_core::import::Import;
use tablekeeper_core::import::finish::{Error, Output, Written, finish};
use tablekeeper_core::storage::bucket;

use crate::step::{Failure, Step};

/// The step that checks that all items of an export were written, and into one table. It runs after all segments.
#[derive(Debug)]
pub struct FinishImport {
    clients: Clients,
    dynamodb: aws_sdk_dynamodb::Client,
}

/// The input that the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// ARN of the execution, for the logs.
    pub execution_arn: String,
    /// The plan of the import.
    pub import: Import,
    /// Results of the segments.
    #[schemars(length(max = 40))]
    pub segments: Vec<Written>,
}

impl Step for FinishImport {
    const NAME: &'static str = "import-table.finish-import";
    const ERRORS: &'static [&'static [ErrorName]] =
        &[AwsFailure::NAMES, &[ErrorName::ImportChanged, ErrorName::ImportNotVerified]];
    type Input = Input;
    type Output = Output;
    type Error = Error;

    fn new(clients: &Clients) -> Result<FinishImport, Failure> {
        Ok(FinishImport { clients: clients.clone(), dynamodb: clients.dynamodb() })
    }

    async fn run(&self, Input { import, segments, .. }: Input) -> Result<Output, Error> {
        let files = bucket(&self.clients, &import.bucket);
        finish(&self.dynamodb, &files, import, &segments).await
    }
}

#[cfg(test)]
mod tests;
