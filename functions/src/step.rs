//! What a step is, and how its outcome becomes what Lambda and Step Functions see.
//!
//! A step is a type with a name, an input, an output, an error and a `run`. It holds only the clients
//! that it uses and a clock; everything else comes in its input, put there by the state machine or by
//! the workflow's first step. That makes a step's behaviour a function of what can be read in the
//! execution's history.
//!
//! Two things are erased at the edge, once for all steps: the input's type (a payload that does not
//! fit is refused in words, with the place, by the step's own [`Step::REFUSED_INPUT`] name) and the
//! error's type (its [`ErrorName`] becomes the `errorType`, its chain of causes the `errorMessage`).

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

/// One step of a workflow.
pub trait Step: Sized + Send + Sync + 'static {
    /// `<workflow>.<step>`: the function's `Handler`, the schemas' path, the SDK's app name.
    const NAME: &'static str;
    /// The names that this step can fail by, in groups: [`AwsFailure::NAMES`](tablekeeper_core::aws::failure::AwsFailure::NAMES) of a step that calls AWS, and its own.
    /// [`Step::REFUSED_INPUT`] goes without saying.
    const ERRORS: &'static [&'static [ErrorName]];
    /// The name that a payload is refused by when it does not fit [`Step::Input`].
    const REFUSED_INPUT: ErrorName = ErrorName::InvalidInput;
    /// What it takes.
    type Input: DeserializeOwned + JsonSchema + Send;
    /// What it answers.
    type Output: Serialize + JsonSchema;
    /// How it fails.
    type Error: HasErrorName;

    /// The step with the clients that it uses, and with its configuration where it has one.
    fn new(clients: &Clients) -> Result<Self, Failure>;

    /// Reads the payload. For a step that takes it as it is there is nothing to read.
    fn input(payload: Value) -> Result<Self::Input, Failure> {
        serde_path_to_error::deserialize(payload).map_err(|error| refused::<Self>(&error))
    }

    /// Does the step's work. May be called twice with the same input, and must then end the same.
    fn run(&self, input: Self::Input) -> impl Future<Output = Result<Self::Output, Self::Error>> + Send;
}

/// How a step failed: the name for the state machine, and the words for a person.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, thiserror::Error)]
#[error("{name}: {message}")]
pub struct Failure {
    /// Becomes the `errorType`.
    pub name: ErrorName,
    /// Becomes the `errorMessage`: the error and its causes, in one line.
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

/// A step with its types erased, as the dispatch holds it.
pub trait AnyStep: Send + Sync {
    /// Runs the step on a JSON payload.
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
    let place = error.path().to_string();
    let place = if place == "." { String::new() } else { format!(" at {place}") };
    Failure {
        name: S::REFUSED_INPUT,
        message: format!("the input of {} cannot be used{place}: {}", S::NAME, error.inner()),
    }
}

/// What the registry knows of a step.
#[derive(Clone, Debug)]
pub struct StepEntry {
    /// `<workflow>.<step>`.
    pub name: &'static str,
    /// Every name that it can fail by, the refusal of its input included.
    pub errors: Vec<ErrorName>,
    /// The JSON Schema (2020-12) of what it takes.
    pub input_schema: fn() -> Schema,
    /// The JSON Schema (2020-12) of what it answers.
    pub output_schema: fn() -> Schema,
    /// Builds the step.
    pub build: fn(&Clients) -> Result<Box<dyn AnyStep>, Failure>,
}

impl StepEntry {
    /// The entry of one step type.
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

    /// The workflow's part of the name.
    pub fn workflow(&self) -> &'static str {
        self.name.split_once('.').map_or(self.name, |(workflow, _)| workflow)
    }

    /// The step's own part of the name.
    pub fn short_name(&self) -> &'static str {
        self.name.split_once('.').map_or(self.name, |(_, step)| step)
    }
}
