//! Starts an execution exactly once.
//!
//! The name of the execution derives from its subject. Step Functions accepts a name once in 90 days (API reference,
//! StartExecution). The same name with the same input returns the running execution. If that execution has ended, or
//! has another input, the call fails with ExecutionAlreadyExists. Both mean that the execution was already started,
//! which is the goal.

use aws_sdk_sfn::error::ProvideErrorMetadata;
use serde::Serialize;

use super::failure::AwsFailure;

/// The result of a start.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Started {
    /// ARN of the execution, which was just started, or is running with the same input.
    Now(String),
    /// An execution of this name was started before.
    Before,
}

/// Starts an execution of this name, or detects that it was started before.
pub async fn start_execution(
    sfn: &aws_sdk_sfn::Client,
    state_machine_arn: &str,
    name: &str,
    input: &impl Serialize,
) -> Result<Started, AwsFailure> {
    let input = serde_json::json!(input).to_string();
    match sfn.start_execution().state_machine_arn(state_machine_arn).name(name).input(input).send().await {
        Ok(response) => Ok(Started::Now(response.execution_arn)),
        Err(error) if error.code() == Some("ExecutionAlreadyExists") => Ok(Started::Before),
        Err(error) => Err(AwsFailure::from_call("states:StartExecution")(error)),
    }
}
