//! `export-table.plan-export`: plans how a table is exported, and claims the folder for this execution.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::aws::rate::Caller;
use tablekeeper_core::clock::Clock;
use tablekeeper_core::error_name::ErrorName;
use tablekeeper_core::export::plan::{Mode, PlanError};
use tablekeeper_core::export::{ExportConfig, Plan, plan};

use crate::step::{Failure, Step};

/// The step that plans a table's export and claims its folder.
#[derive(Debug)]
pub struct PlanExport {
    dynamodb: aws_sdk_dynamodb::Client,
    s3: aws_sdk_s3::Client,
    clock: Clock,
}

/// The input that the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// ARN of the execution, which becomes the owner of the folder.
    pub execution_arn: String,
    /// The configuration of the export.
    pub run: ExportConfig,
    /// Name of the table.
    pub table_name: String,
}

/// The plan of the table's export, and who reads the items.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(tag = "mode", rename_all = "SCREAMING_SNAKE_CASE", rename_all_fields = "camelCase")]
pub enum Output {
    /// The workflow reads the items, by Scan.
    Scan {
        /// Table, folder, and how the items are read.
        plan: Plan,
        /// Segments of the scan.
        #[schemars(length(min = 1, max = 64))]
        segments: Vec<Segment>,
    },
    /// DynamoDB exports the items, as of one moment.
    Managed {
        /// Table, and the folder that DynamoDB exports it to.
        plan: Plan,
    },
}

/// A segment of the scan.
#[derive(Clone, Copy, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Segment {
    /// Segment number, starting at 0.
    pub segment: u32,
}

impl Step for PlanExport {
    const NAME: &'static str = "export-table.plan-export";
    const ERRORS: &'static [&'static [ErrorName]] = &[
        AwsFailure::NAMES,
        &[ErrorName::ExportExists, ErrorName::ExportFailed, ErrorName::SourceTableMissing],
    ];
    type Input = Input;
    type Output = Output;
    type Error = PlanError;

    fn new(clients: &Clients) -> Result<PlanExport, Failure> {
        Ok(PlanExport { dynamodb: clients.dynamodb(), s3: clients.s3(), clock: Clock::System })
    }

    async fn run(&self, Input { execution_arn, run, table_name }: Input) -> Result<Output, PlanError> {
        let files = run.files(self.s3.clone(), &table_name);
        let now = self.clock.now();
        let caller = Caller::Execution;
        let (mode, plan) =
            plan::plan(&self.dynamodb, &files, &run, &execution_arn, &table_name, now, caller).await?;
        Ok(match mode {
            Mode::Scan => {
                let segments = (0..plan.segments).map(|segment| Segment { segment }).collect();
                Output::Scan { plan, segments }
            }
            Mode::Managed => Output::Managed { plan },
        })
    }
}

#[cfg(test)]
mod tests;
