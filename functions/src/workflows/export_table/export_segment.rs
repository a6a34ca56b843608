//! `export-table.export-segment`: writes one data file of a segment. The state machine runs it until the segment is
//! done.

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

/// The step that writes one data file of a segment. The state machine runs it until the segment is done.
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
    /// The configuration of the export.
    pub run: ExportConfig,
    /// The plan of the table's export.
    pub plan: Plan,
    /// Segment number, starting at 0.
    pub segment: u32,
    /// Part number within the segment, starting at 0.
    pub part: u32,
    /// Cursor from the output of the previous part; null for the first part.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(required, schema_with = "tablekeeper_core::schemas::nullable_string")]
    pub cursor: Option<String>,
}

/// The progress of the segment.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// Segment number, starting at 0.
    pub segment: u32,
    /// Number of the next part.
    pub part: u32,
    /// Key after which the next part begins, as DynamoDB JSON; null at the end of the segment.
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
    /// Creates the step with a fixed clock.
    pub(super) fn at(clients: &Clients, clock: Clock) -> ExportSegment {
        ExportSegment { calls: clients.raw_items(), s3: clients.s3(), clock }
    }
}

#[cfg(test)]
mod tests;
