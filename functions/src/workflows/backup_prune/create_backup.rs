//! `backup-prune.create-backup`: starts the table's backup, or adopts the one that it started before.
//!
//! [`tablekeeper_core::prune::new_backup`] does so without making a second one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::readiness::Wait;
use tablekeeper_core::clock::Clock;
use tablekeeper_core::error_name::ErrorName;
use tablekeeper_core::prune::new_backup::{Error, start_or_adopt};
use tablekeeper_core::prune::{NewBackup, PruneConfig};

use crate::step::{Failure, Step};

/// The step that starts a table's backup, or adopts the one that this execution started before.
#[derive(Debug)]
pub struct CreateBackup {
    dynamodb: aws_sdk_dynamodb::Client,
    clock: Clock,
}

/// The input that the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// ARN of the execution, for the logs.
    pub execution_arn: String,
    /// The configuration of the prune.
    pub run: PruneConfig,
    /// Name of the table.
    pub table_name: String,
    /// Name for the backup.
    pub backup_name: String,
}

/// The backup that is being made.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// The backup that was started or adopted.
    pub backup: NewBackup,
    /// Whether an earlier invocation had started the backup.
    pub adopted: bool,
    /// Seconds to wait before the first poll.
    #[schemars(range(max = 601))]
    pub wait_seconds: u32,
}

impl Step for CreateBackup {
    const NAME: &'static str = "backup-prune.create-backup";
    const ERRORS: &'static [&'static [ErrorName]] = Error::NAMES;
    type Input = Input;
    type Output = Output;
    type Error = Error;

    fn new(clients: &Clients) -> Result<CreateBackup, Failure> {
        Ok(CreateBackup { dynamodb: clients.dynamodb(), clock: Clock::System })
    }

    async fn run(&self, Input { run, table_name, backup_name, .. }: Input) -> Result<Output, Error> {
        let (backup, adopted) = start_or_adopt(&self.dynamodb, &table_name, backup_name).await?;
        let wait_seconds = match run.schedule(backup.created_at).wait(self.clock.now()) {
            Wait::Seconds(seconds) if !adopted => seconds,
            _ => 0,
        };
        Ok(Output { backup, adopted, wait_seconds })
    }
}

#[cfg(test)]
mod tests;
