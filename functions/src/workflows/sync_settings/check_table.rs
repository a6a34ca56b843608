//! `sync-settings.check-table`: checks whether the target is usable, and if not, when to poll again.
//!
//! It uses the same predicate and the same poll intervals as `rotate-restore` ([`tablekeeper_core::aws::readiness`]).
//! As the first step of the state machine, it also validates the input. It passes on what DynamoDB reports about the
//! restore while the restore runs, because DynamoDB no longer reports it once the table is usable.

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::aws::readiness::{PollSchedule, TableState, Wait};
use tablekeeper_core::aws::table::RestoreSummary;
use tablekeeper_core::clock::Clock;
use tablekeeper_core::error_name::{ErrorName, HasErrorName};
use tablekeeper_core::input::InvalidInput;
use tablekeeper_core::settings::sync::execution_input::ExecutionInput;

use crate::step::{Failure, Step};

/// The step that checks whether the target is usable. The state machine runs it until it is.
#[derive(Debug)]
pub struct CheckTable {
    dynamodb: aws_sdk_dynamodb::Client,
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
    /// Time when the execution began. The poll interval grows with the age since then.
    pub started_at: DateTime<Utc>,
    /// How long to wait for the table, in hours: the template's parameter, 1 to 168.
    pub table_timeout_hours: String,
    /// What an earlier poll reported about the restore; null if none did.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(required, schema_with = "tablekeeper_core::schemas::nullable::<RestoreSummary>")]
    pub restore_summary: Option<RestoreSummary>,
}

/// The state of the target.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(tag = "status", rename_all = "SCREAMING_SNAKE_CASE", rename_all_fields = "camelCase")]
pub enum Output {
    /// The table is usable.
    Ready {
        /// ARN of the table.
        table_arn: String,
        /// What DynamoDB reported about the restore while it ran; null if no poll came in time.
        restore_summary: Option<RestoreSummary>,
    },
    /// The table is not ready yet.
    Pending {
        /// Seconds to wait before the next poll.
        #[schemars(range(max = 601))]
        wait_seconds: u32,
        /// What is still in progress.
        reason: String,
        /// What this poll or an earlier one reported about the restore; null if none did.
        restore_summary: Option<RestoreSummary>,
    },
}

/// Why the table will not become usable, or could not be checked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The input is invalid.
    #[error(transparent)]
    Input(#[from] InvalidInput),
    /// The table will never be usable.
    #[error("table {table} cannot be used: {reason}")]
    RestoreFailed {
        /// Name or ARN of the table.
        table: String,
        /// Why the table is not usable.
        reason: String,
    },
    /// The table was not usable by the deadline.
    #[error("table {table} was to be usable by {deadline}, but {reason}")]
    RestoreTimedOut {
        /// Name or ARN of the table.
        table: String,
        /// Time by which the table had to be usable.
        deadline: String,
        /// What is still in progress.
        reason: String,
    },
    /// The table does not exist.
    #[error("the target table {0} does not exist")]
    TargetTableMissing(String),
    /// An AWS call failed; holds its error name and action.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
}

impl HasErrorName for Error {
    fn name(&self) -> ErrorName {
        match self {
            Error::Input(_) => ErrorName::InvalidInput,
            Error::RestoreFailed { .. } => ErrorName::RestoreFailed,
            Error::RestoreTimedOut { .. } => ErrorName::RestoreTimedOut,
            Error::TargetTableMissing(_) => ErrorName::TargetTableMissing,
            Error::Aws(failure) => failure.name,
        }
    }
}

impl Step for CheckTable {
    const NAME: &'static str = "sync-settings.check-table";
    const ERRORS: &'static [&'static [ErrorName]] = &[
        AwsFailure::NAMES,
        &[ErrorName::RestoreFailed, ErrorName::RestoreTimedOut, ErrorName::TargetTableMissing],
    ];
    type Input = Input;
    type Output = Output;
    type Error = Error;

    fn new(clients: &Clients) -> Result<CheckTable, Failure> {
        Ok(CheckTable { dynamodb: clients.dynamodb(), clock: Clock::System })
    }

    async fn run(&self, input: Input) -> Result<Output, Error> {
        input.execution_input.validate()?;
        let timeout = input.execution_input.table_timeout(&input.table_timeout_hours)?;
        // Whoever starts an execution has seen the table. If it is not found now, it was deleted.
        let deadline = input.started_at + timeout;
        let schedule = PollSchedule {
            unseen_for_at_most: TimeDelta::zero(),
            ..PollSchedule::until(input.started_at, deadline)
        };
        let table = input.execution_input.target;
        let now = self.clock.now();
        let (reason, description) = match schedule.poll(&self.dynamodb, &table, now).await? {
            TableState::Ready(description) => {
                let table_arn = description.table_arn().unwrap_or_default().to_owned();
                return Ok(Output::Ready { table_arn, restore_summary: input.restore_summary });
            }
            TableState::Failed(reason) => return Err(Error::RestoreFailed { table, reason }),
            TableState::Missing => return Err(Error::TargetTableMissing(table)),
            TableState::Pending(reason, description) => (reason, description),
        };
        let seen = description.and_then(|description| RestoreSummary::from_table(&description));
        let restore_summary = seen.or(input.restore_summary);
        match schedule.wait(now) {
            Wait::Seconds(wait_seconds) => Ok(Output::Pending { wait_seconds, reason, restore_summary }),
            Wait::TimedOut => {
                Err(Error::RestoreTimedOut { table, deadline: schedule.deadline.to_rfc3339(), reason })
            }
        }
    }
}

#[cfg(test)]
mod tests;
