//! `verify-table.plan-verification`: checks the table and what it should hold, and plans how both are read.
//!
//! This step finds whatever can be wrong before the first item is read. It writes nothing.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::clock::Clock;
use tablekeeper_core::error_name::ErrorName;
use tablekeeper_core::storage::FilesError;
use tablekeeper_core::verify::comparing::buckets;
use tablekeeper_core::verify::error::VerifyError;
use tablekeeper_core::verify::execution_input::{Defaults, ExecutionInput};
use tablekeeper_core::verify::plan::plan;
use tablekeeper_core::verify::{SideName, Verification};

use crate::step::{Failure, Step};

/// The step that checks a table and what it should hold, and plans how both are read.
#[derive(Debug)]
pub struct PlanVerification {
    clients: Clients,
    clock: Clock,
}

/// The input that the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// ARN of the execution, whose name is in the keys of its files.
    pub execution_arn: String,
    /// Input of the execution.
    pub execution_input: ExecutionInput,
    /// Time when the execution began.
    pub started_at: DateTime<Utc>,
    /// Default values: the template's parameters.
    pub defaults: Defaults,
}

/// The plan of the verification, with its segments and ranges.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// The plan of the verification.
    pub verification: Verification,
    /// Segments of both sides.
    #[schemars(length(max = 40))]
    pub segments: Vec<Segment>,
    /// Whether a sample is read from the table.
    pub is_sampled: bool,
    /// Ranges to compare.
    #[schemars(length(max = 40))]
    pub ranges: Vec<Range>,
}

/// A segment of a side.
#[derive(Clone, Copy, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Segment {
    /// The side.
    pub side: SideName,
    /// Segment number, starting at 0.
    pub segment: u32,
}

/// A range of buckets of the hashes of the keys.
#[derive(Clone, Copy, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Range {
    /// The first bucket.
    pub from: u32,
    /// The bucket after the last one.
    pub to: u32,
}

impl Output {
    /// Creates the output of a plan.
    pub fn from_plan(verification: Verification) -> Output {
        let of_side =
            |side| (0..verification.segments_of(side)).map(move |segment| Segment { side, segment });
        let segments = of_side(SideName::Expected).chain(of_side(SideName::Found)).collect();
        let ranges = verification.ranges();
        let ranges = (0..ranges).map(|range| buckets(range, ranges)).map(|(from, to)| Range { from, to });
        Output { segments, is_sampled: verification.is_sampled(), ranges: ranges.collect(), verification }
    }
}

impl Step for PlanVerification {
    const NAME: &'static str = "verify-table.plan-verification";
    const ERRORS: &'static [&'static [ErrorName]] = &[
        AwsFailure::NAMES,
        FilesError::NAMES,
        &[
            ErrorName::BackupNotFound,
            ErrorName::HistoryIncomplete,
            ErrorName::InvalidExport,
            ErrorName::SourceTableMissing,
            ErrorName::TargetTableMissing,
        ],
    ];
    type Input = Input;
    type Output = Output;
    type Error = VerifyError;

    fn new(clients: &Clients) -> Result<PlanVerification, Failure> {
        Ok(PlanVerification { clients: clients.clone(), clock: Clock::System })
    }

    async fn run(&self, input: Input) -> Result<Output, VerifyError> {
        let Input { execution_arn, execution_input, started_at, defaults } = input;
        let wanted = execution_input.wanted(&defaults, &execution_arn, started_at)?;
        // The clocks of Step Functions and Lambda may differ.
        let now = self.clock.now().max(started_at);
        let verification = plan(&self.clients, wanted, &execution_arn, started_at, now).await?;
        Ok(Output::from_plan(verification))
    }
}
