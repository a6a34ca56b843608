//! `incremental.http`: starts snapshots and restores by HTTP, and reports their status.
//!
//! | Request | Body | Response |
//! | --- | --- | --- |
//! | `POST /snapshot` | none, or `{"at": …, "tableName": …}` | 202 with the execution's ARN and name |
//! | `POST /restore` | `{"tableName": …, "snapshotFilename": …}` | the same |
//! | `GET /snapshot/{name}`, `GET /restore/{name}` | | 200 with the execution's status, and its output or error |
//!
//! The fields are those of the predecessor system. Requests with the same `Idempotency-Key` header start one execution.
//! An invalid request gets a 400 with a message. It never fails the function, because API Gateway would return a 500
//! without a message.

mod request;
mod response;

use request::{Machine, Request};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::aws::start_execution::{Started, start_execution};
use tablekeeper_core::error_name::{ErrorName, HasErrorName};
use tablekeeper_core::input::InvalidInput;
use tablekeeper_core::text::quoted;

pub use response::Response;

use crate::environment::{InvalidConfiguration, required};
use crate::step::{Failure, Step};

/// The step that starts snapshots and restores by HTTP. API Gateway invokes it.
#[derive(Debug)]
pub struct Http {
    sfn: aws_sdk_sfn::Client,
    config: Config,
}

/// ARNs of the state machines, from the function's environment.
#[derive(Clone, Debug)]
struct Config {
    snapshot_machine: String,
    restore_machine: String,
}

/// A request, in API Gateway's payload format 2.0.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Event(pub Value);

/// Why a request is not executed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such route exists.
    #[error(
        "there is no route {0}; use POST /snapshot or POST /restore to start an execution, and GET /snapshot/NAME or \
         GET /restore/NAME to read its status"
    )]
    NoRoute(String),
    /// The body or the name is invalid.
    #[error(transparent)]
    Input(#[from] InvalidInput),
    /// No execution has this name.
    #[error("there is no execution {0}; it may be older than 90 days")]
    NoExecution(String),
    /// An environment variable of the function is missing.
    #[error(transparent)]
    Configuration(#[from] InvalidConfiguration),
    /// An AWS call failed; holds its error name and action.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
}

impl HasErrorName for Error {
    fn name(&self) -> ErrorName {
        match self {
            Error::NoRoute(_) | Error::Input(_) | Error::NoExecution(_) => ErrorName::InvalidInput,
            Error::Configuration(error) => error.name(),
            Error::Aws(failure) => failure.name,
        }
    }
}

impl Step for Http {
    const NAME: &'static str = "incremental.http";
    const ERRORS: &'static [&'static [ErrorName]] = &[&[ErrorName::InvalidConfiguration]];
    type Input = Event;
    type Output = Response;
    type Error = Error;

    fn new(clients: &Clients) -> Result<Http, Failure> {
        Ok(Http { sfn: clients.sfn(), config: Config::from_env()? })
    }

    /// Accepts any payload. The request is parsed by hand, so that an invalid one gets a response.
    fn input(payload: Value) -> Result<Event, Failure> {
        Ok(Event(payload))
    }

    async fn run(&self, Event(event): Event) -> Result<Response, Error> {
        let outcome = match Request::parse(&event) {
            Ok(request) => self.follow(request).await,
            Err(error) => Err(error),
        };
        Ok(outcome.unwrap_or_else(|error| {
            tracing::warn!(name = %error.name(), %error, "a request failed");
            Response::from_error(&error)
        }))
    }
}

impl Http {
    async fn follow(&self, request: Request) -> Result<Response, Error> {
        match request {
            Request::Start { machine, name, input } => {
                let arn = self.config.machine(machine);
                let execution_arn = match start_execution(&self.sfn, arn, &name, &input).await? {
                    Started::Now(execution_arn) => execution_arn,
                    Started::Before => execution_of(arn, &name),
                };
                tracing::info!(execution_arn, "started by HTTP");
                let ask = format!("/{machine}/{name}");
                Ok(Response::new(202, &json!({ "executionArn": execution_arn, "name": name, "ask": ask })))
            }
            Request::Ask { machine, name } => {
                let arn = execution_of(self.config.machine(machine), &name);
                self.status(&arn, &name).await
            }
        }
    }

    /// Returns the status of an execution.
    async fn status(&self, arn: &str, name: &str) -> Result<Response, Error> {
        let described = self.sfn.describe_execution().execution_arn(arn).send().await;
        let execution = match described {
            Ok(execution) => execution,
            Err(error)
                if error.as_service_error().is_some_and(|error| error.is_execution_does_not_exist()) =>
            {
                return Err(Error::NoExecution(quoted(name)));
            }
            Err(error) => return Err(AwsFailure::from_call("states:DescribeExecution")(error).into()),
        };
        let output =
            execution.output.as_deref().and_then(|output| serde_json::from_str::<Value>(output).ok());
        Ok(Response::new(
            200,
            &json!({ "executionArn": arn, "status": execution.status.as_str(), "output": output,
                "error": execution.error, "cause": execution.cause }),
        ))
    }
}

impl Config {
    fn from_env() -> Result<Config, InvalidConfiguration> {
        Ok(Config {
            snapshot_machine: required("SNAPSHOT_STATE_MACHINE_ARN")?,
            restore_machine: required("RESTORE_STATE_MACHINE_ARN")?,
        })
    }

    fn machine(&self, machine: Machine) -> &str {
        match machine {
            Machine::Snapshot => &self.snapshot_machine,
            Machine::Restore => &self.restore_machine,
        }
    }
}

/// Returns the ARN of a state machine's execution.
fn execution_of(machine_arn: &str, name: &str) -> String {
    format!("{}:{name}", machine_arn.replacen(":stateMachine:", ":execution:", 1))
}

#[cfg(test)]
mod tests;
