//! `export-table.capture-settings`: writes a table's settings next to its items.
//!
//! An export holds only items. The table's other properties (its tags, its scaling, its triggers) are needed when the
//! table is recreated. `sync-settings` reads the same document. A setting that cannot be read becomes a note, because
//! the items are useful without it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::clock::Clock;
use tablekeeper_core::error_name::ErrorName;
use tablekeeper_core::export::capture::{Error, Output, capture};
use tablekeeper_core::export::{ExportConfig, Plan};
use tablekeeper_core::settings::Aws;

use crate::step::{Failure, Step};

/// The step that writes a table's settings next to its items.
#[derive(Debug)]
pub struct CaptureSettings {
    aws: Aws,
    s3: aws_sdk_s3::Client,
    clock: Clock,
}

/// The input that the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// ARN of the execution, for the logs.
    pub execution_arn: String,
    /// The configuration of the export.
    pub run: ExportConfig,
    /// The plan of the table's export.
    pub plan: Plan,
}

impl Step for CaptureSettings {
    const NAME: &'static str = "export-table.capture-settings";
    const ERRORS: &'static [&'static [ErrorName]] = &[AwsFailure::NAMES, &[ErrorName::SourceTableMissing]];
    type Input = Input;
    type Output = Output;
    type Error = Error;

    fn new(clients: &Clients) -> Result<CaptureSettings, Failure> {
        Ok(CaptureSettings { aws: clients.settings(), s3: clients.s3(), clock: Clock::System })
    }

    async fn run(&self, Input { run, plan, .. }: Input) -> Result<Output, Error> {
        let files = run.files(self.s3.clone(), &plan.table_name);
        capture(&self.aws, &files, &run, &plan, self.clock).await
    }
}

#[cfg(test)]
mod tests;
