//! `export-table.start-managed-export`: starts DynamoDB's own export of the table, as of now, into the folder.
//!
//! The token derives from the execution and the table. DynamoDB remembers it for eight hours, so a repeated call
//! returns the export that the first one started.

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::ExportFormat as AwsFormat;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::aws::readiness::Wait;
use tablekeeper_core::clock::Clock;
use tablekeeper_core::error_name::{ErrorName, HasErrorName};
use tablekeeper_core::export::{ExportConfig, Plan};
use tablekeeper_core::text::hex;

use crate::step::{Failure, Step};

/// The step that starts DynamoDB's own export of a table into its folder.
#[derive(Debug)]
pub struct StartManagedExport {
    dynamodb: aws_sdk_dynamodb::Client,
    clock: Clock,
}

/// The input that the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// ARN of the execution, which the token derives from.
    pub execution_arn: String,
    /// The configuration of the export.
    pub run: ExportConfig,
    /// The plan of the table's export.
    pub plan: Plan,
}

/// The export that was started.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// ARN of the export that was started or found.
    pub export_arn: String,
    /// Seconds to wait before the first poll.
    #[schemars(range(max = 601))]
    pub wait_seconds: u32,
}

/// Why no export was started.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The table does not exist.
    #[error("table {0} no longer exists, so it cannot be exported")]
    SourceTableMissing(String),
    /// DynamoDB's response does not name the export of this table.
    #[error("DynamoDB's response does not name the export of table {0} that it started")]
    ExportFailed(String),
    /// An AWS call failed; holds its error name and action.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
}

impl HasErrorName for Error {
    fn name(&self) -> ErrorName {
        match self {
            Error::SourceTableMissing(_) => ErrorName::SourceTableMissing,
            Error::ExportFailed(_) => ErrorName::ExportFailed,
            Error::Aws(failure) => failure.name,
        }
    }
}

impl Step for StartManagedExport {
    const NAME: &'static str = "export-table.start-managed-export";
    const ERRORS: &'static [&'static [ErrorName]] =
        &[AwsFailure::NAMES, &[ErrorName::ExportFailed, ErrorName::SourceTableMissing]];
    type Input = Input;
    type Output = Output;
    type Error = Error;

    fn new(clients: &Clients) -> Result<StartManagedExport, Failure> {
        Ok(StartManagedExport { dynamodb: clients.dynamodb(), clock: Clock::System })
    }

    async fn run(&self, Input { execution_arn, run, plan }: Input) -> Result<Output, Error> {
        let digest = hex(&Sha256::digest(format!("{execution_arn}\n{}", plan.table_arn)));
        let started = self
            .dynamodb
            .export_table_to_point_in_time()
            .table_arn(&plan.table_arn)
            .client_token(digest.get(..32).unwrap_or_default())
            .s3_bucket(&run.bucket)
            .s3_prefix(plan.folder.trim_end_matches('/'))
            .export_format(AwsFormat::DynamodbJson)
            .send()
            .await;
        let started = match started {
            Ok(started) => started,
            Err(error) if error.code() == Some("TableNotFoundException") => {
                return Err(Error::SourceTableMissing(plan.table_name));
            }
            Err(error) => {
                return Err(AwsFailure::from_call("dynamodb:ExportTableToPointInTime")(error).into());
            }
        };
        let export_arn = started.export_description.and_then(|export| export.export_arn);
        let export_arn = export_arn.ok_or(Error::ExportFailed(plan.table_name))?;
        let wait_seconds = match run.schedule().wait(self.clock.now()) {
            Wait::Seconds(seconds) => seconds,
            Wait::TimedOut => 0,
        };
        Ok(Output { export_arn, wait_seconds })
    }
}

#[cfg(test)]
mod tests;
