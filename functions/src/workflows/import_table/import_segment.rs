//! `import-table.import-segment`: reads a share of the files and writes their items, until its time is up.

use std::time::Duration;

use item_formats::Doubts;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::aws::raw_items::RawItems;
use tablekeeper_core::error_name::{ErrorName, HasErrorName};
use tablekeeper_core::import::segment::{Checkpoint, Cursor, SegmentJob};
use tablekeeper_core::import::unchanged::{Changed, unchanged};
use tablekeeper_core::import::{Import, segment};
use tablekeeper_core::storage::bucket;

use crate::step::{Failure, Step};

/// The step that reads a share of the files and writes their items. The state machine runs it until the share is done.
#[derive(Debug)]
pub struct ImportSegment {
    clients: Clients,
    calls: RawItems,
}

/// The input that the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// ARN of the execution, for the logs.
    pub execution_arn: String,
    /// The plan of the import.
    pub import: Import,
    /// Segment number, starting at 0.
    pub segment: u32,
    /// Position up to which the segment is written; null for the first call.
    pub cursor: Option<Cursor>,
    /// Number of items written by the previous calls.
    pub items: u64,
    /// Counters of doubtful values among the items written by the previous calls.
    pub doubts: Doubts,
}

/// The progress of the segment.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// Segment number, starting at 0.
    pub segment: u32,
    /// Position up to which the segment is written.
    pub cursor: Option<Cursor>,
    /// Number of items written so far.
    pub items: u64,
    /// Counters of doubtful values among the items written so far.
    pub doubts: Doubts,
    /// Whether the whole segment is written.
    pub done: bool,
}

/// Why the segment could not be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The files are not those that the import was planned with.
    #[error(transparent)]
    Changed(#[from] Changed),
    /// Files could not be read, or items could not be written.
    #[error(transparent)]
    Segment(#[from] segment::Error),
}

impl HasErrorName for Error {
    fn name(&self) -> ErrorName {
        match self {
            Error::Changed(error) => error.name(),
            Error::Segment(error) => error.name(),
        }
    }
}

impl Step for ImportSegment {
    const NAME: &'static str = "import-table.import-segment";
    const ERRORS: &'static [&'static [ErrorName]] =
        &[AwsFailure::NAMES, &[ErrorName::ImportChanged, ErrorName::InvalidExport]];
    type Input = Input;
    type Output = Output;
    type Error = Error;

    fn new(clients: &Clients) -> Result<ImportSegment, Failure> {
        Ok(ImportSegment { clients: clients.clone(), calls: clients.raw_items() })
    }

    async fn run(
        &self,
        Input { import, segment, cursor, items, doubts, .. }: Input,
    ) -> Result<Output, Error> {
        let files = bucket(&self.clients, &import.bucket);
        let source = unchanged(&files, &import).await?;
        let share = f64::from(import.max_write_capacity_units) / f64::from(import.segments.max(1));
        let work = SegmentJob {
            files: &files,
            source: &source,
            format: import.format,
            binary: import.binary,
            compression: import.compression,
            calls: &self.calls,
            table: &import.table_name,
            keys: &import.keys(),
            segment,
            segments: import.segments,
            units_per_second: (share > 0.0).then_some(share),
            time: Some(Duration::from_secs(import.seconds_per_call.into())),
        };
        let from = Checkpoint { cursor, items, doubts, done: false };
        let Checkpoint { cursor, items, doubts, done } = segment::run(&work, from, &mut |_| {}).await?;
        Ok(Output { segment, cursor, items, doubts, done })
    }
}

#[cfg(test)]
mod tests;
