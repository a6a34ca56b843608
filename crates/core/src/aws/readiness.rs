//! Looking at a table that is being made, and what a look leads to: the one implementation for every
//! workflow that waits for a table.

use aws_sdk_dynamodb::types::TableDescription;
use chrono::{DateTime, TimeDelta, Utc};

use super::failure::AwsFailure;
use super::poll_interval;
use super::poll_interval::wait_seconds_from;
use super::table::{Readiness, readiness};

/// DescribeTable may not know a new table at once (API reference, CreateTable); restores are looked at
/// after a minute, so five is generous.
const UNSEEN_FOR_AT_MOST: TimeDelta = TimeDelta::minutes(5);

/// Since when a table is waited for, and how long.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PollSchedule {
    /// The age that the waits grow with counts from here.
    pub started_at: DateTime<Utc>,
    /// When it is given up.
    pub deadline: DateTime<Utc>,
    /// For how long a table that cannot be seen may only be too new.
    pub unseen_for_at_most: TimeDelta,
    /// The shortest wait, in seconds.
    pub shortest_wait: i64,
}

/// What was seen of a table.
#[derive(Clone, Debug)]
pub enum TableState {
    /// It can be used.
    Ready(Box<TableDescription>),
    /// Not yet; the words say what is still going on. With the table, where it can be seen.
    Pending(String, Option<Box<TableDescription>>),
    /// It never will.
    Failed(String),
    /// There is no such table (any more).
    Missing,
}

/// What a wait comes to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Wait {
    /// So many seconds.
    Seconds(u32),
    /// The deadline is past.
    TimedOut,
}

impl PollSchedule {
    /// With a table that was asked for just now.
    pub fn until(started_at: DateTime<Utc>, deadline: DateTime<Utc>) -> PollSchedule {
        let shortest_wait = poll_interval::SHORTEST;
        PollSchedule { started_at, deadline, unseen_for_at_most: UNSEEN_FOR_AT_MOST, shortest_wait }
    }

    /// How long to wait at `now` for what was not ready.
    pub fn wait(&self, now: DateTime<Utc>) -> Wait {
        match now >= self.deadline {
            true => Wait::TimedOut,
            false => {
                let PollSchedule { started_at, deadline, shortest_wait, .. } = *self;
                Wait::Seconds(wait_seconds_from(shortest_wait, now, started_at, deadline))
            }
        }
    }

    /// What a table looks like. One that cannot be seen may only be too new.
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
