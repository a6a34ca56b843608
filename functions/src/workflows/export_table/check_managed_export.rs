//! `export-table.check-managed-export`: checks whether DynamoDB's own export is done, and if not, when to poll again.

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::ExportStatus;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::aws::readiness::Wait;
use tablekeeper_core::clock::Clock;
use tablekeeper_core::error_name::{ErrorName, HasErrorName};
use tablekeeper_core::export::{ExportConfig, Plan};

use crate::step::{Failure, Step};

/// The step that checks whether DynamoDB's own export is done. The state machine runs it until it is.
#[derive(Debug)]
pub struct CheckManagedExport {
    dynamodb: aws_sdk_dynamodb::Client,
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
    /// ARN of DynamoDB's export.
    pub export_arn: String,
}

/// The state of DynamoDB's export.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(tag = "status", rename_all = "SCREAMING_SNAKE_CASE", rename_all_fields = "camelCase")]
pub enum Output {
    /// The export is done.
    Ready {
        /// Key of the export's `manifest-summary.json`.
        manifest: String,
        /// Number of exported items.
        item_count: u64,
        /// Bytes that DynamoDB bills.
        bytes: u64,
    },
    /// The export is not done yet.
    Pending {
        /// Seconds to wait before the next poll.
        #[schemars(range(max = 601))]
        wait_seconds: u32,
    },
}

/// Why the export will not be done, or could not be checked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The export failed for good.
    #[error("DynamoDB's export {export_arn} failed: {reason}")]
    ExportFailed {
        /// ARN of the export.
        export_arn: String,
        /// Why the export failed.
        reason: String,
    },
    /// The export was not done by the deadline.
    #[error("DynamoDB's export {export_arn} was to be done by {deadline}, but is in progress")]
    ExportTimedOut {
        /// ARN of the export.
        export_arn: String,
        /// Time by which the export had to be done.
        deadline: String,
    },
    /// An AWS call failed; holds its error name and action.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
}

impl HasErrorName for Error {
    fn name(&self) -> ErrorName {
        match self {
            Error::ExportFailed { .. } => ErrorName::ExportFailed,
            Error::ExportTimedOut { .. } => ErrorName::ExportTimedOut,
            Error::Aws(failure) => failure.name,
        }
    }
}

impl Step for CheckManagedExport {
    const NAME: &'static str = "export-table.check-managed-export";
    const ERRORS: &'static [&'static [ErrorName]] =
        &[AwsFailure::NAMES, &[ErrorName::ExportFailed, ErrorName::ExportTimedOut]];
    type Input = Input;
    type Output = Output;
    type Error = Error;

    fn new(clients: &Clients) -> Result<CheckManagedExport, Failure> {
        Ok(CheckManagedExport { dynamodb: clients.dynamodb(), clock: Clock::System })
    }

    async fn run(&self, Input { run, export_arn, .. }: Input) -> Result<Output, Error> {
        let failed = |reason: String| Err(Error::ExportFailed { export_arn: export_arn.clone(), reason });
        let described = match self.dynamodb.describe_export().export_arn(&export_arn).send().await {
            Ok(described) => described.export_description,
            Err(error) if error.code() == Some("ExportNotFoundException") => None,
            Err(error) => return Err(AwsFailure::from_call("dynamodb:DescribeExport")(error).into()),
        };
        let Some(export) = described else { return failed("it no longer exists".to_owned()) };
        match (export.export_status, export.export_manifest) {
            (Some(ExportStatus::Completed), Some(manifest)) => {
                let count = |number: Option<i64>| {
                    number.and_then(|value| u64::try_from(value).ok()).unwrap_or_default()
                };
                let (item_count, bytes) = (count(export.item_count), count(export.billed_size_bytes));
                return Ok(Output::Ready { manifest, item_count, bytes });
            }
            (Some(ExportStatus::Completed), None) => return failed("it names no manifest".to_owned()),
            (Some(ExportStatus::Failed), _) => {
                let code = export.failure_code.unwrap_or_else(|| "no code".to_owned());
                let message =
                    export.failure_message.unwrap_or_else(|| "DynamoDB does not say why".to_owned());
                return failed(format!("{code}: {message}"));
            }
            _ => {}
        }
        let schedule = run.schedule();
        match schedule.wait(self.clock.now()) {
            Wait::Seconds(wait_seconds) => Ok(Output::Pending { wait_seconds }),
            Wait::TimedOut => {
                Err(Error::ExportTimedOut { export_arn, deadline: schedule.deadline.to_rfc3339() })
            }
        }
    }
}

#[cfg(test)]
mod tests;
