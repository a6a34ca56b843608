//! Starting an execution once.
//!
//! The execution's name derives from what it is about, and Step Functions gives a name once in 90 days (API reference,
//! StartExecution): the same name with the same input is the execution that runs; of one that has ended, or has another
//! input, it says that it exists. Both mean that somebody has started it already, which is what was wanted.

use aws_sdk_sfn::error::ProvideErrorMetadata;
use serde::Serialize;

use super::failure::AwsFailure;

/// What became of a start.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Started {
    /// The execution of this ARN was, or it runs and has the same input.
    Now(String),
    /// One of this name was started before.
    Before,
}

/// Starts an execution of this name.
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
