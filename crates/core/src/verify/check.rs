//! The check of a user's own function.

use execution_report::message_of;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::VerifyError;
use super::execution_input::ExecutionInput;
use crate::text::{cut, quoted};

/// Maximum number of bytes of a reason.
const LONGEST_REASON: usize = 1_000;

/// What a user's function is invoked with.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct CheckInput {
    /// Version of this contract.
    pub version: u32,
    /// ARN of the execution that verifies the table.
    pub execution_arn: String,
    /// ARN of the table to check.
    pub table_arn: String,
    /// Input of the execution.
    pub execution_input: ExecutionInput,
}

/// What a user's function returns.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct FunctionCheck {
    /// Whether the table passes.
    pub verified: bool,
    /// Why the table does not pass, in one sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The result of the task that invokes a user's function.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CheckResult {
    /// What the function returned, which may be anything.
    #[serde(default)]
    pub payload: Value,
    /// Error and cause, if it did not return.
    #[serde(default)]
    pub failure: Option<CheckFailure>,
}

/// The failure of a task, as a catcher receives it.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct CheckFailure {
    /// Name of the error.
    pub error: String,
    /// Cause, which Lambda writes as JSON.
    #[serde(default)]
    pub cause: String,
}

impl FunctionCheck {
    /// Reads what the function returned. Further fields are ignored.
    pub(super) fn from_result(result: &CheckResult) -> Result<FunctionCheck, VerifyError> {
        let CheckResult { payload, failure } = result;
        if let Some(CheckFailure { error, cause }) = failure {
            let cause = cut(message_of(cause), LONGEST_REASON);
            return Err(VerifyError::CheckFailed(format!("failed: {error}: {cause}")));
        }
        let check: FunctionCheck = serde_json::from_value(payload.clone()).map_err(|error| {
            VerifyError::CheckFailed(format!(
                "returned {} ({error}); it must return {{\"Verified\": true}}, or {{\"Verified\": false, \"Reason\": \"a \
                 sentence\"}}",
                quoted(&payload.to_string())
            ))
        })?;
        let reason = check.reason.map(|reason| cut(reason, LONGEST_REASON));
        Ok(FunctionCheck { reason, ..check })
    }
}
