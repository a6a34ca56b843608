//! `replay.replay-objects`: applies discarded changes, object by object, until its time is up.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::clock::Clock;
use tablekeeper_core::error_name::{ErrorName, HasErrorName};
use tablekeeper_core::input::InvalidInput;
use tablekeeper_core::item_history::tables::{FollowedError, followed};
use tablekeeper_core::replay::execution_input::{Defaults, ExecutionInput};
use tablekeeper_core::replay::objects::{Checkpoint, ReplayJob};
use tablekeeper_core::replay::report::describe;
use tablekeeper_core::replay::{Counts, objects};

use crate::step::{Failure, Step};

/// The step that applies changes that Lambda discarded. The state machine runs it until no object is left to process.
#[derive(Debug)]
pub struct ReplayObjects {
    dynamodb: aws_sdk_dynamodb::Client,
    lambda: aws_sdk_lambda::Client,
    s3: aws_sdk_s3::Client,
    clock: Clock,
}

/// The input that the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// ARN of the execution, for the logs.
    pub execution_arn: String,
    /// Input of the execution.
    pub execution_input: ExecutionInput,
    /// Default values: the template's parameters.
    pub defaults: Defaults,
    /// Cursor from the output of the previous call; null for the first call.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(required, schema_with = "tablekeeper_core::schemas::nullable_string")]
    pub cursor: Option<String>,
    /// Counters of the previous calls.
    pub counts: Counts,
    /// Reasons for the first objects that the previous calls did not delete.
    #[schemars(length(max = 5))]
    pub reasons: Vec<String>,
}

/// The progress of the replay.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// Key after which the next call begins; null after the last object.
    pub cursor: Option<String>,
    /// Counters of all calls so far.
    pub counts: Counts,
    /// Reasons for the first objects that were not deleted.
    #[schemars(length(max = 5))]
    pub reasons: Vec<String>,
    /// Whether all objects were processed.
    pub done: bool,
}

/// Why the replay did not finish.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The input is invalid.
    #[error(transparent)]
    Input(#[from] InvalidInput),
    /// No mapping is known that reads the table's stream.
    #[error(transparent)]
    Followed(#[from] FollowedError),
    /// Some objects could not be deleted; holds the counters and the first reasons.
    #[error("{}", describe(.0, .1))]
    Left(Counts, Vec<String>),
    /// The replay stopped early.
    #[error(transparent)]
    Objects(#[from] objects::Error),
}

impl HasErrorName for Error {
    fn name(&self) -> ErrorName {
        match self {
            Error::Input(_) => ErrorName::InvalidInput,
            Error::Followed(error) => error.name(),
            Error::Left(..) => ErrorName::ObjectsLeft,
            Error::Objects(error) => error.name(),
        }
    }
}

impl Step for ReplayObjects {
    const NAME: &'static str = "replay.replay-objects";
    const ERRORS: &'static [&'static [ErrorName]] =
        &[AwsFailure::NAMES, &[ErrorName::ObjectsLeft, ErrorName::SourceTableMissing]];
    type Input = Input;
    type Output = Output;
    type Error = Error;

    fn new(clients: &Clients) -> Result<ReplayObjects, Failure> {
        let (dynamodb, lambda, s3) = (clients.dynamodb(), clients.lambda(), clients.s3());
        Ok(ReplayObjects { dynamodb, lambda, s3, clock: Clock::System })
    }

    async fn run(&self, input: Input) -> Result<Output, Error> {
        let Input { execution_input, defaults, .. } = &input;
        let stream_arn = match execution_input.other_table(defaults) {
            Some(table) => followed(&self.lambda, &defaults.function_name, table).await?.stream_arn,
            None => defaults.stream_arn.clone(),
        };
        let replay = execution_input.wanted(defaults, &stream_arn)?;
        let Input { cursor, counts, reasons, .. } = input;
        let work = ReplayJob { replay: &replay, dynamodb: &self.dynamodb, s3: &self.s3, clock: self.clock };
        let from = Checkpoint { cursor, counts, reasons, done: false };
        let Checkpoint { cursor, counts, reasons, done } = objects::run(&work, from, &mut |_| {}).await?;
        tracing::info!(?counts, done, "objects replayed");
        if done && counts.left > 0 {
            return Err(Error::Left(counts, reasons));
        }
        Ok(Output { cursor, counts, reasons, done })
    }
}

#[cfg(test)]
mod tests;
