//! `restore-test.start`: starts an execution for the event of a restore test that has ended.
//!
//! The event is read by hand (docs/adr/0006). The name of the execution derives from the id of the restore job, so an
//! event that is delivered again finds the existing execution, which is a success. A test whose restore failed starts an
//! execution too, which records it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::envelope;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::aws::start_execution::{Started, start_execution};
use tablekeeper_core::error_name::{ErrorName, HasErrorName};
use tablekeeper_core::restore_test::execution_input::ExecutionInput;
use tablekeeper_core::text::quoted;

use crate::environment::{InvalidConfiguration, required};
use crate::step::{Failure, Step};

/// The plan of the environment that stands for every plan.
const ANY_PLAN: &str = "*";

/// The step that starts an execution for the event of a restore test.
#[derive(Debug)]
pub struct Start {
    sfn: aws_sdk_sfn::Client,
    state_machine_arn: String,
    plan_arn: String,
}

/// An event of EventBridge.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Event(pub Value);

/// The outcome for the event.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(tag = "outcome", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Output {
    /// An execution was started.
    Started {
        /// ARN of the execution.
        execution_arn: String,
    },
    /// An execution for this restore job exists already.
    Duplicate {
        /// Name of the execution.
        execution_name: String,
    },
    /// The event asks for no validation.
    Skipped {
        /// Why the event asks for no validation.
        reason: String,
    },
}

/// Why an event could not be processed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The event cannot be read.
    #[error("the event cannot be read: {0}")]
    Malformed(String),
    /// An environment variable of the function is wrong.
    #[error(transparent)]
    Configuration(#[from] InvalidConfiguration),
    /// An AWS call failed; holds its error name and action.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
}

impl HasErrorName for Error {
    fn name(&self) -> ErrorName {
        match self {
            Error::Malformed(_) => ErrorName::MalformedNotification,
            Error::Configuration(error) => error.name(),
            Error::Aws(failure) => failure.name,
        }
    }
}

/// What an event asks for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Request {
    /// The restore test of this job is to be validated, or recorded if its restore failed.
    Validate(ExecutionInput),
    /// Nothing, for this reason.
    Nothing(String),
}

/// Reads an event of EventBridge. `plan_arn` is the ARN of the restore testing plan to follow, or `*`.
pub fn read(event: &Value, plan_arn: &str) -> Result<Request, Error> {
    let nothing = |reason: String| Ok(Request::Nothing(reason));
    let reported = |name: &str| event.pointer(&format!("/detail/{name}")).and_then(Value::as_str);
    match event.get("detail-type").and_then(Value::as_str) {
        Some("Restore Job State Change") => {}
        Some(other) => return nothing(format!("it is {}, which reports no restore", quoted(other))),
        None => {
            let record = event.pointer("/Records/0").and_then(envelope::of_record);
            let known = record.or_else(|| envelope::of_event(event));
            let unknown = || "it has no `detail-type`, so it does not come from EventBridge".to_owned();
            return Err(Error::Malformed(known.unwrap_or_else(unknown)));
        }
    }
    // The event of a job that was just created has `state`; all others have `status`.
    let status = reported("status").or_else(|| reported("state")).unwrap_or("not reported");
    if !matches!(status, "COMPLETED" | "FAILED" | "ABORTED") {
        return nothing(format!("the restore job is {}", quoted(status)));
    }
    if let Some(other) = reported("resourceType").filter(|kind| *kind != "DynamoDB") {
        return nothing(format!("the restore job is of {}, not of DynamoDB", quoted(other)));
    }
    match reported("restoreTestingPlanArn") {
        None => return nothing("no restore testing plan started the restore job".to_owned()),
        Some(other) if plan_arn != ANY_PLAN && other != plan_arn => {
            return nothing(format!("the restore job is a test by {}, not by {plan_arn}", quoted(other)));
        }
        Some(_) => {}
    }
    let id = reported("restoreJobId").unwrap_or_default();
    let input = ExecutionInput::new(id.to_owned());
    input.check().map_err(|error| Error::Malformed(error.to_string()))?;
    Ok(Request::Validate(input))
}

impl Step for Start {
    const NAME: &'static str = "restore-test.start";
    const ERRORS: &'static [&'static [ErrorName]] = &[AwsFailure::NAMES, &[ErrorName::InvalidConfiguration]];
    const REFUSED_INPUT: ErrorName = ErrorName::MalformedNotification;
    type Input = Event;
    type Output = Output;
    type Error = Error;

    fn new(clients: &Clients) -> Result<Start, Failure> {
        let state_machine_arn = required("STATE_MACHINE_ARN")?;
        Ok(Start { sfn: clients.sfn(), state_machine_arn, plan_arn: required("RESTORE_TESTING_PLAN_ARN")? })
    }

    async fn run(&self, Event(event): Event) -> Result<Output, Error> {
        let output = match read(&event, &self.plan_arn)? {
            Request::Nothing(reason) => Output::Skipped { reason },
            Request::Validate(input) => {
                let execution_name = format!("test-{}", input.restore_job_id.to_ascii_lowercase());
                match start_execution(&self.sfn, &self.state_machine_arn, &execution_name, &input).await? {
                    Started::Now(execution_arn) => Output::Started { execution_arn },
                    Started::Before => Output::Duplicate { execution_name },
                }
            }
        };
        tracing::info!(outcome = %serde_json::json!(output), "event processed");
        Ok(output)
    }
}

#[cfg(test)]
mod tests;
