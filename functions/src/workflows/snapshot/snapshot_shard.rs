//! `snapshot.snapshot-shard`: one data file of a shard. The state machine calls it until the shard is done.

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

/// Writes one data file of a shard. Use it again until the shard is read.
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
    /// What the snapshot goes by.
    pub snapshot: Snapshot,
    /// The shard,
    pub shard: u32,
    /// and which of its parts: from 0.
    pub part: u32,
    /// What the part before answered with; null for the first.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(required, schema_with = "tablekeeper_core::schemas::nullable_string")]
    pub cursor: Option<String>,
}

/// How it goes on.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// The shard.
    pub shard: u32,
    /// The next part.
    pub part: u32,
    /// The key of the object behind which it begins; null at the shard's end.
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
    /// The step at a moment that does not pass.
    pub(super) fn at(clients: &Clients, clock: Clock) -> SnapshotShard {
        SnapshotShard { s3: clients.s3(), clock }
    }
}

#[cfg(test)]
mod tests;
