//! `verify-table.compare-range`: compares a range of the hashes of the keys, until its time is up.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::error_name::ErrorName;
use tablekeeper_core::verify::Verification;
use tablekeeper_core::verify::comparing::compare;
use tablekeeper_core::verify::error::VerifyError;

use crate::step::{Failure, Step};

/// The step that compares a range of buckets. The state machine runs it until the range is done.
#[derive(Debug)]
pub struct CompareRange {
    clients: Clients,
}

/// The input that the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// ARN of the execution, for the logs.
    pub execution_arn: String,
    /// The plan of the verification.
    pub verification: Verification,
    /// The first bucket to compare.
    pub from: u32,
    /// The bucket after the last one.
    pub to: u32,
}

/// The progress of the range.
#[derive(Clone, Copy, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// The next bucket to compare.
    pub from: u32,
    /// Whether the whole range was compared.
    pub done: bool,
}

impl Step for CompareRange {
    const NAME: &'static str = "verify-table.compare-range";
    const ERRORS: &'static [&'static [ErrorName]] =
        &[AwsFailure::NAMES, &[ErrorName::ImportChanged, ErrorName::InvalidExport]];
    type Input = Input;
    type Output = Output;
    type Error = VerifyError;

    fn new(clients: &Clients) -> Result<CompareRange, Failure> {
        Ok(CompareRange { clients: clients.clone() })
    }

    async fn run(&self, Input { verification, from, to, .. }: Input) -> Result<Output, VerifyError> {
        let from = compare(&self.clients, &verification, from, to).await?;
        Ok(Output { from, done: from >= to })
    }
}
