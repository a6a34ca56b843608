//! `verify-table.read-sample`: reads the items of a sample from the table, until its time is up.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::error_name::ErrorName;
use tablekeeper_core::verify::Verification;
use tablekeeper_core::verify::error::VerifyError;
use tablekeeper_core::verify::sampling::read;

use super::read_segment::Output;
use crate::step::{Failure, Step};

/// The step that reads the items of a sample from the table. The state machine runs it until all are read.
#[derive(Debug)]
pub struct ReadSample {
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
    /// Number of the part of the sample to read, starting at 0.
    pub part: u32,
}

impl Step for ReadSample {
    const NAME: &'static str = "verify-table.read-sample";
    const ERRORS: &'static [&'static [ErrorName]] =
        &[AwsFailure::NAMES, &[ErrorName::ImportChanged, ErrorName::InvalidExport]];
    type Input = Input;
    type Output = Output;
    type Error = VerifyError;

    fn new(clients: &Clients) -> Result<ReadSample, Failure> {
        Ok(ReadSample { clients: clients.clone() })
    }

    async fn run(&self, Input { verification, part, .. }: Input) -> Result<Output, VerifyError> {
        let done = read(&self.clients, &verification, part).await?;
        Ok(Output { part: part + 1, done })
    }
}
