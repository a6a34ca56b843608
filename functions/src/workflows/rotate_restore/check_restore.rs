//! `rotate-restore.check-restore`: checks whether the restored table is usable, and if not, when to poll again.
//!
//! If AWS Backup restores, its job is checked first. Until the job is completed, the table may not exist yet. If the
//! job fails, it holds the reason. In both cases the table itself then decides ([`tablekeeper_core::aws::readiness`]).
//! A failure that the restore cannot recover from is an error with its own name. A restore that takes longer than
//! allowed is an error too, but only if the table is not ready.
//!
//! An ACTIVE table gets a tag with the recovery point that it was made from, for another start of the same rotation
//! ([`tablekeeper_core::aws::own_tag`]). It does not wait for the table's indexes.

use aws_sdk_backup::types::RestoreJobStatus;
use aws_sdk_dynamodb::types::TableStatus;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::aws::own_tag;
use tablekeeper_core::aws::readiness::{PollSchedule, TableState, Wait};
use tablekeeper_core::aws::table::TableDescription;
use tablekeeper_core::clock::Clock;
use tablekeeper_core::error_name::{ErrorName, HasErrorName};

use super::Restore;
use crate::step::{Failure, Step};

/// The step that checks whether the restored table is usable. The state machine runs it until it is.
#[derive(Debug)]
pub struct CheckRestore {
    dynamodb: aws_sdk_dynamodb::Client,
    backup: aws_sdk_backup::Client,
    clock: Clock,
}

/// The input that the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// ARN of the execution, for the logs.
    pub execution_arn: String,
    /// The restore to check.
    pub restore: Restore,
}

/// The state of the restore.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(tag = "status", rename_all = "SCREAMING_SNAKE_CASE", rename_all_fields = "camelCase")]
pub enum Output {
    /// The table is usable.
    Ready {
        /// ARN of the table.
        table_arn: String,
        /// The part of the DescribeTable response that goes into the execution's output.
        #[serde(rename = "DescribeTableOutput")]
        describe_table_output: DescribeTableOutput,
    },
    /// The table is not ready yet.
    Pending {
        /// Seconds to wait before the next poll.
        #[schemars(range(max = 601))]
        wait_seconds: u32,
        /// What is still in progress.
        reason: String,
    },
}

/// The part of a DescribeTable response that goes into the execution's output.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct DescribeTableOutput {
    /// Description of the table.
    pub table: TableDescription,
}

/// Why the table will not become usable, or could not be checked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The restore failed for good.
    #[error("the restore of {table} failed: {reason}")]
    RestoreFailed {
        /// Name of the table.
        table: String,
        /// Why the restore failed.
        reason: String,
    },
    /// The table was not ready by the deadline.
    #[error("the restore of {table} began at {started_at} and was to be ready by {deadline}, but {reason}")]
    RestoreTimedOut {
        /// Name of the table.
        table: String,
        /// Time when the restore began.
        started_at: String,
        /// Time by which the table had to be ready.
        deadline: String,
        /// What is still in progress.
        reason: String,
    },
    /// The table was deleted. Another table may have its name now.
    #[error("table {0} was deleted while it was being restored")]
    TargetTableMissing(String),
    /// An AWS call failed; holds its error name and action.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
}

impl HasErrorName for Error {
    fn name(&self) -> ErrorName {
        match self {
            Error::RestoreFailed { .. } => ErrorName::RestoreFailed,
            Error::RestoreTimedOut { .. } => ErrorName::RestoreTimedOut,
            Error::TargetTableMissing(_) => ErrorName::TargetTableMissing,
            Error::Aws(failure) => failure.name,
        }
    }
}

impl Step for CheckRestore {
    const NAME: &'static str = "rotate-restore.check-restore";
    const ERRORS: &'static [&'static [ErrorName]] = &[
        AwsFailure::NAMES,
        &[ErrorName::RestoreFailed, ErrorName::RestoreTimedOut, ErrorName::TargetTableMissing],
    ];
    type Input = Input;
    type Output = Output;
    type Error = Error;

    fn new(clients: &Clients) -> Result<CheckRestore, Failure> {
        let (dynamodb, backup) = (clients.dynamodb(), clients.backup());
        Ok(CheckRestore { dynamodb, backup, clock: Clock::System })
    }

    async fn run(&self, Input { restore, .. }: Input) -> Result<Output, Error> {
        let reason = match self.pending_job(&restore).await? {
            Some(reason) => reason,
            None => match self.poll_table(&restore).await? {
                Ok(ready) => return Ok(ready),
                Err(reason) => reason,
            },
        };
        match schedule(&restore).wait(self.clock.now()) {
            Wait::Seconds(wait_seconds) => Ok(Output::Pending { wait_seconds, reason }),
            Wait::TimedOut => Err(Error::RestoreTimedOut {
                table: restore.target_table,
                started_at: restore.started_at.to_rfc3339(),
                deadline: restore.deadline.to_rfc3339(),
                reason,
            }),
        }
    }
}

impl CheckRestore {
    /// Returns what AWS Backup's restore job is still doing; `None` if it is completed, or there is none.
    async fn pending_job(&self, restore: &Restore) -> Result<Option<String>, Error> {
        let Some(id) = &restore.restore_job_id else { return Ok(None) };
        let job = self
            .backup
            .describe_restore_job()
            .restore_job_id(id)
            .send()
            .await
            .map_err(AwsFailure::from_call("backup:DescribeRestoreJob"))?;
        match job.status() {
            Some(RestoreJobStatus::Completed) => Ok(None),
            Some(status @ (RestoreJobStatus::Failed | RestoreJobStatus::Aborted)) => {
                let message = job.status_message().unwrap_or("AWS Backup gives no reason");
                let reason = format!("AWS Backup's restore job {id} is {}: {message}", status.as_str());
                Err(Error::RestoreFailed { table: restore.target_table.clone(), reason })
            }
            status => {
                let status = status.map_or("not known", RestoreJobStatus::as_str);
                Ok(Some(format!("AWS Backup's restore job {id} is {status}")))
            }
        }
    }

    /// Polls the table. Returns `Ok` if it is ready, or `Err` with what is still in progress.
    async fn poll_table(&self, restore: &Restore) -> Result<Result<Output, String>, Error> {
        let table = &restore.target_table;
        let (description, pending) =
            match schedule(restore).poll(&self.dynamodb, table, self.clock.now()).await? {
                TableState::Ready(description) => (description, None),
                TableState::Pending(reason, Some(description))
                    if description.table_status() == Some(&TableStatus::Active) =>
                {
                    (description, Some(reason))
                }
                TableState::Pending(reason, _) => return Ok(Err(reason)),
                TableState::Failed(reason) => {
                    return Err(Error::RestoreFailed { table: table.clone(), reason });
                }
                TableState::Missing => return Err(Error::TargetTableMissing(table.clone())),
            };
        if restore.table_id.is_some() && description.table_id() != restore.table_id.as_deref() {
            return Err(Error::TargetTableMissing(table.clone()));
        }
        let table = TableDescription::from(description.as_ref());
        let table_arn = table.table_arn.clone();
        // DynamoDB also refuses the tag of a table that is being restored. A table that is gone is not found at the next
        // poll.
        let tagged = own_tag::write(&self.dynamodb, &table_arn, &restore.recovery_point_arn).await?;
        let untagged = || (!tagged).then(|| "the table does not accept tags yet".to_owned());
        match pending.or_else(untagged) {
            Some(reason) => Ok(Err(reason)),
            None => {
                let describe_table_output = DescribeTableOutput { table };
                Ok(Ok(Output::Ready { table_arn, describe_table_output }))
            }
        }
    }
}

fn schedule(restore: &Restore) -> PollSchedule {
    PollSchedule::until(restore.started_at, restore.deadline)
}

#[cfg(test)]
mod tests;
