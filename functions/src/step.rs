//! The definition of a step, and how its outcome reaches Lambda and Step Functions.
//!
//! A step is a type with a name, an input, an output, an error and a `run` function. It holds only the clients that it
//! uses and a clock. Everything else comes in its input, from the state machine or from the workflow's first step. So
//! the behaviour of a step depends only on what the execution's history shows.
//!
//! Two types are erased at the edge, once for all steps:
//!
//! - The type of the input. A payload that does not fit is rejected with a message that names the location in it. The
//!   error name is the step's [`Step::REFUSED_INPUT`].
//! - The type of the error. Its [`ErrorName`] becomes the `errorType`, its chain of causes the `errorMessage`.

use std::future::Future;
use std::pin::Pin;

use lambda_runtime::Diagnostic;
use schemars::{JsonSchema, Schema};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::error_name::{ErrorName, HasErrorName};
use tablekeeper_core::schemas;

/// A step of a workflow.
pub trait Step: Sized + Send + Sync + 'static {
    /// `<workflow>.<step>`: the function's `Handler`, the path of its schemas and the SDK's app name.
    const NAME: &'static str;
    /// The error names that this step can fail with, in groups:
    /// [`AwsFailure::NAMES`](tablekeeper_core::aws::failure::AwsFailure::NAMES) if the step calls AWS, and its own
    /// names. [`Step::REFUSED_INPUT`] is added automatically.
    const ERRORS: &'static [&'static [ErrorName]];
    /// The error name for a payload that does not fit [`Step::Input`].
    const REFUSED_INPUT: ErrorName = ErrorName::InvalidInput;
    /// The type of the step's input.
    type Input: DeserializeOwned + JsonSchema + Send;
    /// The type of the step's output.
    type Output: Serialize + JsonSchema;
    /// The type of the step's error.
    type Error: HasErrorName;

    /// Builds the step with the clients that it uses, and with its configuration if it has any.
    fn new(clients: &Clients) -> Result<Self, Failure>;

    /// Parses the payload. A step that takes any JSON value has nothing to check here.
    fn input(payload: Value) -> Result<Self::Input, Failure> {
        serde_path_to_error::deserialize(payload).map_err(|error| refused::<Self>(&error))
    }

    /// Does the work of the step. It may be called twice with the same input, and must then end the same way.
    fn run(&self, input: Self::Input) -> impl Future<Output = Result<Self::Output, Self::Error>> + Send;
}

/// The failure of a step: an error name for the state machine and a message for a person.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, thiserror::Error)]
#[error("{name}: {message}")]
pub struct Failure {
    /// Error name; becomes the `errorType`.
    pub name: ErrorName,
    /// The error and its causes in one line; becomes the `errorMessage`.
    pub message: String,
}

impl<E: HasErrorName> From<E> for Failure {
    fn from(error: E) -> Failure {
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(inner) = cause {
            message = format!("{message}: {inner}");
            cause = inner.source();
        }
        Failure { name: error.name(), message }
    }
}

impl From<Failure> for Diagnostic {
    fn from(failure: Failure) -> Diagnostic {
        Diagnostic { error_type: failure.name.to_string(), error_message: failure.message }
    }
}

/// A step with its types erased, for the dispatch by name.
pub trait AnyStep: Send + Sync {
    /// Runs the step on a JSON payload and returns its output as JSON.
    fn run_json(&self, payload: Value) -> Pin<Box<dyn Future<Output = Result<Value, Failure>> + Send + '_>>;
}

impl<S: Step> AnyStep for S {
    fn run_json(&self, payload: Value) -> Pin<Box<dyn Future<Output = Result<Value, Failure>> + Send + '_>> {
        Box::pin(async move {
            let output = self.run(S::input(payload)?).await?;
            serde_json::to_value(output).map_err(|error| Failure {
                name: ErrorName::InvalidInput,
                message: format!("the output of {} is not JSON: {error}", S::NAME),
            })
        })
    }
}

fn refused<S: Step>(error: &serde_path_to_error::Error<serde_json::Error>) -> Failure {
    let path = error.path().to_string();
    let location = if path == "." { String::new() } else { format!(" at {path}") };
    Failure {
        name: S::REFUSED_INPUT,
        message: format!("the input of {} cannot be used{location}: {}", S::NAME, error.inner()),
    }
}

/// The entry of a step in the registry.
#[derive(Clone, Debug)]
pub struct StepEntry {
    /// Name of the step: `<workflow>.<step>`.
    pub name: &'static str,
    /// All error names that the step can fail with, including the one for a rejected input.
    pub errors: Vec<ErrorName>,
    /// Returns the JSON Schema (2020-12) of the input.
    pub input_schema: fn() -> Schema,
    /// Returns the JSON Schema (2020-12) of the output.
    pub output_schema: fn() -> Schema,
    /// Builds the step.
    pub build: fn(&Clients) -> Result<Box<dyn AnyStep>, Failure>,
}

impl StepEntry {
    /// Creates the entry of a step type.
    pub fn new<S: Step>() -> StepEntry {
        let mut errors = S::ERRORS.concat();
        errors.push(S::REFUSED_INPUT);
        errors.sort();
        errors.dedup();
        StepEntry {
            name: S::NAME,
            errors,
            input_schema: schemas::input_schema::<S::Input>,
            output_schema: schemas::output_schema::<S::Output>,
            build: |clients| Ok(Box::new(S::new(clients)?)),
        }
    }

    /// Returns the workflow's part of the name.
    pub fn workflow(&self) -> &'static str {
        self.name.split_once('.').map_or(self.name, |(workflow, _)| workflow)
    }

    /// Returns the step's part of the name.
    pub fn short_name(&self) -> &'static str {
        self.name.split_once('.').map_or(self.name, |(_, step)| step)
    }
}
