//! `snapshot.snapshot-shard`: writes one data file of a shard. The state machine runs it until the shard is done.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::clock::Clock;
use tablekeeper_core::error_name::ErrorName;
use tablekeeper_core::snapshot::Snapshot;
use tablekeeper_core::snapshot::as_of::AsOfError;
use tablekeeper_core::snapshot::shard::{ShardError, Shards};

use crate::step::{Failure, Step};

/// The step that writes one data file of a shard. The state machine runs it until the shard is done.
#[derive(Debug)]
pub struct SnapshotShard {
    s3: aws_sdk_s3::Client,
    clock: Clock,
}

/// The input that the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// ARN of the execution, for the logs.
    pub execution_arn: String,
    /// The plan of the snapshot.
    pub snapshot: Snapshot,
    /// Shard number, starting at 0.
    pub shard: u32,
    /// Part number within the shard, starting at 0.
    pub part: u32,
    /// Cursor from the output of the previous part; null for the first part.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(required, schema_with = "tablekeeper_core::schemas::nullable_string")]
    pub cursor: Option<String>,
}

/// The progress of the shard.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// Shard number, starting at 0.
    pub shard: u32,
    /// Number of the next part.
    pub part: u32,
    /// Object key after which the next part begins; null at the end of the shard.
    pub cursor: Option<String>,
    /// Whether the shard is done.
    pub done: bool,
}

impl Step for SnapshotShard {
    const NAME: &'static str = "snapshot.snapshot-shard";
    const ERRORS: &'static [&'static [ErrorName]] = &[AwsFailure::NAMES, AsOfError::NAMES];
    type Input = Input;
    type Output = Output;
    type Error = ShardError;

    fn new(clients: &Clients) -> Result<SnapshotShard, Failure> {
        Ok(SnapshotShard { s3: clients.s3(), clock: Clock::System })
    }

    async fn run(&self, input: Input) -> Result<Output, ShardError> {
        let Input { snapshot, shard, part, cursor, .. } = input;
        let files = snapshot.run.files(self.s3.clone(), &snapshot.plan.table_name);
        let shards = Shards { s3: &self.s3, files: &files, snapshot: &snapshot, clock: self.clock };
        let written = shards.part(shard, part, cursor.as_deref(), &mut |_, _| {}).await?;
        tracing::info!(shard, part, items = written.items, bytes = written.bytes, "part written");
        Ok(Output { shard, part: part.saturating_add(1), cursor: written.next, done: written.done })
    }
}

#[cfg(test)]
impl SnapshotShard {
    /// Creates the step with a fixed clock.
    pub(super) fn at(clients: &Clients, clock: Clock) -> SnapshotShard {
        SnapshotShard { s3: clients.s3(), clock }
    }
}

#[cfg(test)]
mod tests;
