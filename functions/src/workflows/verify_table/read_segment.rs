//! `verify-table.read-segment`: reads a segment of a side, until its time is up.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::clock::Clock;
use tablekeeper_core::error_name::ErrorName;
use tablekeeper_core::verify::error::VerifyError;
use tablekeeper_core::verify::reading::{Task, read};
use tablekeeper_core::verify::{SideName, Verification};

use crate::step::{Failure, Step};

/// The step that reads a segment of a side. The state machine runs it until the segment is done.
#[derive(Debug)]
pub struct ReadSegment {
    clients: Clients,
    clock: Clock,
}

/// The input that the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// ARN of the execution, for the logs.
    pub execution_arn: String,
    /// The plan of the verification.
    pub verification: Verification,
    /// The side.
    pub side: SideName,
    /// Segment number, starting at 0.
    pub segment: u32,
    /// Number of the part to read, starting at 0.
    pub part: u32,
}

/// The progress of the segment.
#[derive(Clone, Copy, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// Number of the next part.
    pub part: u32,
    /// Whether the whole segment was read.
    pub done: bool,
}

impl Step for ReadSegment {
    const NAME: &'static str = "verify-table.read-segment";
    const ERRORS: &'static [&'static [ErrorName]] = &[AwsFailure::NAMES, VerifyError::OF_READING];
    type Input = Input;
    type Output = Output;
    type Error = VerifyError;

    fn new(clients: &Clients) -> Result<ReadSegment, Failure> {
        Ok(ReadSegment { clients: clients.clone(), clock: Clock::System })
    }

    async fn run(
        &self,
        Input { verification, side, segment, part, .. }: Input,
    ) -> Result<Output, VerifyError> {
        let done = read(&self.clients, &self.clock, &verification, Task { side, segment, part }).await?;
        Ok(Output { part: part + 1, done })
    }
}
