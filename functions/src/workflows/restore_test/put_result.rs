//! `restore-test.put-result`: puts the validation result of a restore test, exactly once.
//!
//! AWS Backup refuses to change a result. Before and after the call the step reads which result the job has, so a
//! response that was lost, and a result that another put meanwhile, are recognized. The latter is left alone.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::error_name::{ErrorName, HasErrorName};
use tablekeeper_core::input::InvalidInput;
use tablekeeper_core::restore_test::job::{JobError, RestoreTest, describe};
use tablekeeper_core::restore_test::result::{PutBy, ValidationResult, Verification};
use tablekeeper_core::schemas;

use crate::step::{Failure, Step};

const PUT: &str = "backup:PutRestoreValidationResult";

/// The step that puts the result.
#[derive(Debug)]
pub struct PutResult {
    backup: aws_sdk_backup::Client,
}

/// The input that the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// ARN of the execution, for the logs.
    pub execution_arn: String,
    /// The restore test.
    pub test: RestoreTest,
    /// Output of the execution of `verify-table`; null if it found damage.
    pub verified: Value,
    /// Failure of the execution of `verify-table` that found damage; null if it found none.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(required, schema_with = "schemas::nullable_string")]
    pub damage: Option<String>,
}

/// What was found, and the result that AWS Backup has.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// What the verification found.
    pub verification: Verification,
    /// The validation result of the job.
    pub result: ValidationResult,
}

/// Why the result was not put.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The input has neither an output nor a failure of the verification.
    #[error(transparent)]
    Input(#[from] InvalidInput),
    /// The job could not be described.
    #[error(transparent)]
    Job(#[from] JobError),
    /// The result could not be put; holds the error name and the action.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
}

impl HasErrorName for Error {
    fn name(&self) -> ErrorName {
        match self {
            Error::Input(_) => ErrorName::InvalidInput,
            Error::Job(error) => error.name(),
            Error::Aws(failure) => failure.name,
        }
    }
}

impl Step for PutResult {
    const NAME: &'static str = "restore-test.put-result";
    const ERRORS: &'static [&'static [ErrorName]] = &[AwsFailure::NAMES];
    type Input = Input;
    type Output = Output;
    type Error = Error;

    fn new(clients: &Clients) -> Result<PutResult, Failure> {
        Ok(PutResult { backup: clients.backup() })
    }

    async fn run(&self, Input { test, verified, damage, .. }: Input) -> Result<Output, Error> {
        let verification = match damage {
            Some(failure) if verified.is_null() => Verification::from_failure(&failure),
            None if verified.is_object() => Verification::from_output(verified),
            _ => {
                let reason =
                    "and damage do not say what was found; one must, and the other must be null".to_owned();
                return Err(InvalidInput { field: "verified", reason }.into());
            }
        };
        let result = self.put(&test.restore_job_id, verification.result()).await?;
        if result.put_by == PutBy::Another {
            tracing::warn!(result = %serde_json::json!(result), "another put the result, which is left alone");
        }
        Ok(Output { verification, result })
    }
}

impl PutResult {
    /// Puts the result unless the job has a final one. Returns the result of the job.
    async fn put(&self, id: &str, own: ValidationResult) -> Result<ValidationResult, Error> {
        if let Some(existing) = self.existing(id).await? {
            return Ok(existing.or_own(&own));
        }
        let put = self.backup.put_restore_validation_result().restore_job_id(id);
        let put = put.validation_status(own.status.into()).set_validation_status_message(own.message.clone());
        let failure = match put.send().await.map_err(AwsFailure::from_call(PUT)) {
            Ok(_) => return Ok(own),
            Err(failure) if failure.name != ErrorName::RequestRefused => return Err(failure.into()),
            Err(failure) => failure,
        };
        match self.existing(id).await? {
            Some(existing) => Ok(existing.or_own(&own)),
            None => Err(failure.into()),
        }
    }

    async fn existing(&self, id: &str) -> Result<Option<ValidationResult>, JobError> {
        Ok(ValidationResult::from_job(&describe(&self.backup, id).await?))
    }
}

#[cfg(test)]
mod tests;
