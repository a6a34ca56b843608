//! `snapshot.plan-snapshot`: determines the second, the items and the folder of a snapshot, and claims the folder for
//! this execution.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::clock::Clock;
use tablekeeper_core::error_name::ErrorName;
use tablekeeper_core::item_history::tables::followed;
use tablekeeper_core::snapshot::Snapshot;
use tablekeeper_core::snapshot::execution_input::{Defaults, ExecutionInput};
use tablekeeper_core::snapshot::plan::{Error, plan, whole_seconds};

use crate::step::{Failure, Step};

/// The step that plans a snapshot and claims its folder.
#[derive(Debug)]
pub struct PlanSnapshot {
    dynamodb: aws_sdk_dynamodb::Client,
    lambda: aws_sdk_lambda::Client,
    s3: aws_sdk_s3::Client,
    clock: Clock,
}

/// The input that the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// ARN of the execution, which becomes the owner of the folder.
    pub execution_arn: String,
    /// Input of the execution.
    pub execution_input: ExecutionInput,
    /// Time when the execution began.
    pub started_at: DateTime<Utc>,
    /// Default values: the template's parameters.
    pub defaults: Defaults,
}

/// The plan of the snapshot and its shards.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// The plan of the snapshot.
    pub snapshot: Snapshot,
    /// Shards of the snapshot.
    #[schemars(length(min = 1, max = 40))]
    pub shards: Vec<Shard>,
    /// Seconds to wait until the stream should have delivered the changes of the snapshot's second.
    #[schemars(range(max = 86_400))]
    pub wait_seconds: u32,
}

/// A range of the first letters of the hashes.
#[derive(Clone, Copy, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Shard {
    /// Shard number, starting at 0.
    pub shard: u32,
}

impl Step for PlanSnapshot {
    const NAME: &'static str = "snapshot.plan-snapshot";
    const ERRORS: &'static [&'static [ErrorName]] = &[
        AwsFailure::NAMES,
        &[ErrorName::ExportExists, ErrorName::HistoryIncomplete, ErrorName::SourceTableMissing],
    ];
    type Input = Input;
    type Output = Output;
    type Error = Error;

    fn new(clients: &Clients) -> Result<PlanSnapshot, Failure> {
        let (dynamodb, lambda, s3) = (clients.dynamodb(), clients.lambda(), clients.s3());
        Ok(PlanSnapshot { dynamodb, lambda, s3, clock: Clock::System })
    }

    async fn run(&self, input: Input) -> Result<Output, Error> {
        let Input { execution_arn, execution_input, started_at, defaults } = input;
        let wanted = execution_input.wanted(&defaults, started_at)?;
        let wait = wanted.settled_at - self.clock.now();
        let followed = match execution_input.table_name.as_deref().filter(|_| !wanted.items.folder.is_empty())
        {
            Some(table) => Some(followed(&self.lambda, &defaults.function_name, table).await?),
            None => None,
        };
        let (dynamodb, s3) = (&self.dynamodb, &self.s3);
        let snapshot = plan(dynamodb, s3, wanted, followed, &execution_arn, started_at).await?;
        let shards = (0..snapshot.plan.segments).map(|shard| Shard { shard }).collect();
        Ok(Output { snapshot, shards, wait_seconds: whole_seconds(wait) })
    }
}

#[cfg(test)]
impl PlanSnapshot {
    /// Creates the step with a fixed clock.
    pub(super) fn at(clients: &Clients, clock: Clock) -> PlanSnapshot {
        let (dynamodb, lambda, s3) = (clients.dynamodb(), clients.lambda(), clients.s3());
        PlanSnapshot { dynamodb, lambda, s3, clock }
    }
}

#[cfg(test)]
mod tests;
