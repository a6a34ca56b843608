//! `sync-settings.check-table`: whether the target can be used, and if not, when to look again.
//!
//! The same predicate and the same waits as where a rotation waits ([`tablekeeper_core::aws::readiness`]). As the first step of
//! the machine it also validates the input, in words. What DynamoDB tells of the restore while it runs, it hands on: once
//! the table can be used, DynamoDB tells it no more.

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::aws::readiness::{PollSchedule, TableState, Wait};
use tablekeeper_core::aws::table::RestoreSummary;
use tablekeeper_core::clock::Clock;
use tablekeeper_core::error_name::{ErrorName, HasErrorName};
use tablekeeper_core::settings::sync::execution_input::{ExecutionInput, InvalidInput};

use crate::step::{Failure, Step};

/// Looks whether the target can be used. Use it again until it can.
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
    /// The execution's input.
    pub execution_input: ExecutionInput,
    /// When the execution began: the age that the waits grow with counts from here.
    pub started_at: DateTime<Utc>,
    /// How long the table is waited for: the template's parameter, 1 to 168.
    pub table_timeout_hours: String,
    /// What an earlier look saw of the restore; null where none did.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(required, schema_with = "tablekeeper_core::schemas::nullable::<RestoreSummary>")]
    pub restore_summary: Option<RestoreSummary>,
}

/// What was seen.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(tag = "status", rename_all = "SCREAMING_SNAKE_CASE", rename_all_fields = "camelCase")]
pub enum Output {
    /// The table can be used.
    Ready {
        /// The table's ARN.
        table_arn: String,
        /// What was seen of the restore while it ran; null where nobody looked in time.
        restore_summary: Option<RestoreSummary>,
    },
    /// Not yet.
    Pending {
        /// How long to wait before looking again.
        #[schemars(range(max = 601))]
        wait_seconds: u32,
        /// What is still going on.
        reason: String,
        /// What was seen of the restore, now or before; null where nothing was.
        restore_summary: Option<RestoreSummary>,
    },
}

/// Why the table will not be usable, or could not be looked at.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The input cannot be followed.
    #[error(transparent)]
    Input(#[from] InvalidInput),
    /// It will never be.
    #[error("table {table} cannot be used: {reason}")]
    RestoreFailed {
        /// The table.
        table: String,
        /// The reason, as text.
        reason: String,
    },
    /// It is not in time.
    #[error("table {table} was to be usable by {deadline}, but {reason}")]
    RestoreTimedOut {
        /// The table.
        table: String,
        /// Until when.
        deadline: String,
        /// What is still going on.
        reason: String,
    },
    /// It does not exist.
    #[error("the target table {0} does not exist (any more)")]
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
        // Whoever starts this has seen the table; one that cannot be seen now is gone.
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
