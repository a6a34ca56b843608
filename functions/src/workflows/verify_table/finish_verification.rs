//! `verify-table.finish-verification`: decides whether the table holds what it should, writes the report and tags the
//! table.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::clock::Clock;
use tablekeeper_core::error_name::ErrorName;
use tablekeeper_core::verify::Verification;
use tablekeeper_core::verify::check::CheckResult;
use tablekeeper_core::verify::error::VerifyError;
use tablekeeper_core::verify::finish::{End, Output, finish};

use crate::step::{Failure, Step};

/// The step that decides a verification. It runs after all segments and ranges.
#[derive(Debug)]
pub struct FinishVerification {
    clients: Clients,
    clock: Clock,
}

/// The input that the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// ARN of the execution, for the report.
    pub execution_arn: String,
    /// Time when both sides had been read.
    pub read_at: DateTime<Utc>,
    /// Result of the check function; null if there is no such function.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(required, schema_with = "tablekeeper_core::schemas::nullable::<CheckResult>")]
    pub check: Option<CheckResult>,
    /// The plan of the verification.
    pub verification: Verification,
}

impl Step for FinishVerification {
    const NAME: &'static str = "verify-table.finish-verification";
    const ERRORS: &'static [&'static [ErrorName]] = &[
        AwsFailure::NAMES,
        &[
            ErrorName::CheckFunctionFailed,
            ErrorName::ExportFailed,
            ErrorName::HistoryIncomplete,
            ErrorName::ImportChanged,
            ErrorName::InvalidExport,
            ErrorName::InvalidVersion,
            ErrorName::SourceTableMissing,
            ErrorName::TargetTableMissing,
            ErrorName::VerificationFailed,
        ],
    ];
    type Input = Input;
    type Output = Output;
    type Error = VerifyError;

    fn new(clients: &Clients) -> Result<FinishVerification, Failure> {
        Ok(FinishVerification { clients: clients.clone(), clock: Clock::System })
    }

    async fn run(&self, input: Input) -> Result<Output, VerifyError> {
        let Input { execution_arn, read_at, check, verification } = input;
        let end = End { execution_arn: &execution_arn, read_at, check: check.as_ref() };
        finish(&self.clients, &self.clock, &verification, end).await
    }
}
