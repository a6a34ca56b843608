//! `export-table.export-segment`: one data file of a segment. The state machine calls it until the segment is done.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::aws::raw_items::RawItems;
use tablekeeper_core::clock::Clock;
use tablekeeper_core::error_name::ErrorName;
use tablekeeper_core::export::segment::{SegmentError, SegmentExport};
use tablekeeper_core::export::{ExportConfig, Plan};

use crate::step::{Failure, Step};

/// Writes one data file of a segment. Use it again until the segment is read.
#[derive(Debug)]
pub struct ExportSegment {
    calls: RawItems,
    s3: aws_sdk_s3::Client,
    clock: Clock,
}

/// The input that the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// ARN of the execution, for the logs.
    pub execution_arn: String,
    /// What the run goes by.
    pub run: ExportConfig,
    /// What is exported.
    pub plan: Plan,
    /// The segment,
    pub segment: u32,
    /// and which of its parts: from 0.
    pub part: u32,
    /// What the part before answered with; null for the first.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(required, schema_with = "tablekeeper_core::schemas::nullable_string")]
    pub cursor: Option<String>,
}

/// How it goes on.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// The segment.
    pub segment: u32,
    /// The next part.
    pub part: u32,
    /// Where it begins: a key as DynamoDB JSON; null at the segment's end.
    pub cursor: Option<String>,
    /// Whether the segment is done.
    pub done: bool,
}

impl Step for ExportSegment {
    const NAME: &'static str = "export-table.export-segment";
    const ERRORS: &'static [&'static [ErrorName]] =
        &[AwsFailure::NAMES, &[ErrorName::ExportFailed, ErrorName::SourceTableMissing]];
    type Input = Input;
    type Output = Output;
    type Error = SegmentError;

    fn new(clients: &Clients) -> Result<ExportSegment, Failure> {
        Ok(ExportSegment { calls: clients.raw_items(), s3: clients.s3(), clock: Clock::System })
    }

    async fn run(&self, input: Input) -> Result<Output, SegmentError> {
        let Input { run, plan, segment, part, cursor, .. } = input;
        let files = run.files(self.s3.clone(), &plan.table_name);
        let (calls, clock) = (&self.calls, self.clock);
        let export = SegmentExport { calls, files: &files, run: &run, plan: &plan, clock };
        let written = export.part(segment, part, cursor.as_deref(), &mut |_| {}).await?;
        tracing::info!(segment, part, items = written.items, bytes = written.bytes, "part written");
        Ok(Output { segment, part: part.saturating_add(1), cursor: written.next, done: written.done })
    }
}

#[cfg(test)]
impl ExportSegment {
    /// The step at a moment that does not pass.
    pub(super) fn at(clients: &Clients, clock: Clock) -> ExportSegment {
        ExportSegment { calls: clients.raw_items(), s3: clients.s3(), clock }
    }
}

#[cfg(test)]
mod tests;
