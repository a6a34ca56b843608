//! `export-table.plan-export`: how a table is exported, written down in a folder that is this execution's from then on.

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

/// Plans a table's export and claims the folder that it goes to.
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
    /// The execution, which the folder becomes the property of.
    pub execution_arn: String,
    /// What the run goes by.
    pub run: ExportConfig,
    /// The table.
    pub table_name: String,
}

/// Who reads the items, and how.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(tag = "mode", rename_all = "SCREAMING_SNAKE_CASE", rename_all_fields = "camelCase")]
pub enum Output {
    /// We do, by Scan.
    Scan {
        /// The table, its folder, and how its items are read.
        plan: Plan,
        /// The segments.
        #[schemars(length(min = 1, max = 64))]
        segments: Vec<Segment>,
    },
    /// DynamoDB does, as of one moment.
    Managed {
        /// The table and the folder that DynamoDB exports it to.
        plan: Plan,
    },
}

/// A segment of the scan.
#[derive(Clone, Copy, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Segment {
    /// Which: from 0.
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
