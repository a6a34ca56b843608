//! Polls a table that is being created or restored. Every workflow that waits for a table uses this module.

use aws_sdk_dynamodb::types::TableDescription;
use chrono::{DateTime, TimeDelta, Utc};

use super::failure::AwsFailure;
use super::poll_interval;
use super::poll_interval::wait_seconds_from;
use super::table::{Readiness, readiness};

/// DescribeTable may not find a new table at once (API reference, CreateTable). Restores are polled after a minute, so
/// five minutes are ample.
const UNSEEN_FOR_AT_MOST: TimeDelta = TimeDelta::minutes(5);

/// The timing of the polls of one table.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PollSchedule {
    /// Start time, from which the growing waits count.
    pub started_at: DateTime<Utc>,
    /// Time at which the wait times out.
    pub deadline: DateTime<Utc>,
    /// Time after the start in which a missing table counts as too new.
    pub unseen_for_at_most: TimeDelta,
    /// Shortest wait in seconds.
    pub shortest_wait: i64,
}

/// The state of a table at a poll.
#[derive(Clone, Debug)]
pub enum TableState {
    /// The table can be used.
    Ready(Box<TableDescription>),
    /// The table is not ready yet. The text says what is in progress. The description is present if the table is
    /// visible.
    Pending(String, Option<Box<TableDescription>>),
    /// The table will never be ready. The text says why.
    Failed(String),
    /// The table does not exist.
    Missing,
}

/// The decision after a poll that found the table not ready.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Wait {
    /// Wait this many seconds.
    Seconds(u32),
    /// The deadline has passed.
    TimedOut,
}

impl PollSchedule {
    /// Creates the schedule of a table that was just requested.
    pub fn until(started_at: DateTime<Utc>, deadline: DateTime<Utc>) -> PollSchedule {
        let shortest_wait = poll_interval::SHORTEST;
        PollSchedule { started_at, deadline, unseen_for_at_most: UNSEEN_FOR_AT_MOST, shortest_wait }
    }

    /// Returns how long to wait after a poll at `now`.
    pub fn wait(&self, now: DateTime<Utc>) -> Wait {
        match now >= self.deadline {
            true => Wait::TimedOut,
            false => {
                let PollSchedule { started_at, deadline, shortest_wait, .. } = *self;
                Wait::Seconds(wait_seconds_from(shortest_wait, now, started_at, deadline))
            }
        }
    }

    /// Polls a table. A missing table may only be too new.
    pub async fn poll(
        &self,
        dynamodb: &aws_sdk_dynamodb::Client,
        table: &str,
        now: DateTime<Utc>,
    ) -> Result<TableState, AwsFailure> {
        let Some(table) = crate::aws::table::describe(dynamodb, table).await? else {
            let too_new = now - self.started_at < self.unseen_for_at_most;
            return Ok(if too_new {
                TableState::Pending("the table cannot be seen yet".to_owned(), None)
            } else {
                TableState::Missing
            });
        };
        Ok(match readiness(&table) {
            Readiness::Ready => TableState::Ready(Box::new(table)),
            Readiness::Pending(reason) => TableState::Pending(reason, Some(Box::new(table))),
            Readiness::Failed(reason) => TableState::Failed(reason),
        })
    }
}
