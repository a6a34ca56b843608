//! Keeps the calls of a screen that is refreshed within the rates of Step Functions.
//!
//! Each API has a bucket of calls, which is refilled at a rate ("Quotas related to API action throttling" in the developer
//! guide). These are the smallest documented ones:
//!
//! | Call | Bucket | Refill per second | Used per second |
//! | --- | --- | --- | --- |
//! | `ListExecutions` | 100 | 2 | 1 |
//! | `DescribeExecution` | 250 | 10 | 5 |
//! | `DescribeStateMachine` | 200 | 20 | 10 |
//! | `GetExecutionHistory` | 400 | 20 | 10 |
//!
//! Others in the account need these rates, too, so half of them is used: what a refresh took from a bucket is refilled twice
//! before the next one. A refresh takes at most half of a bucket at once.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Lists executions.
pub(super) const LIST: &str = "states:ListExecutions";
/// Reads the newest events of an execution.
pub(super) const HISTORY: &str = "states:GetExecutionHistory";
/// Reads input and error of an execution.
pub(super) const DESCRIBE: &str = "states:DescribeExecution";
/// Reads the definition of a state machine.
pub(super) const DEFINITION: &str = "states:DescribeStateMachine";

/// Half of the bucket, and half of the refill per second.
fn half(action: &str) -> (u64, f64) {
    match action {
        LIST => (50, 1.0),
        DESCRIBE => (125, 5.0),
        DEFINITION => (100, 10.0),
        _ => (200, 10.0),
    }
}

/// The calls of a refresh.
#[derive(Debug)]
pub(super) struct Turns {
    began: Instant,
    calls: Mutex<BTreeMap<&'static str, u64>>,
}

impl Turns {
    pub(super) fn new() -> Turns {
        Turns { began: Instant::now(), calls: Mutex::default() }
    }

    /// Counts a call, and waits for its turn.
    pub(super) async fn take(&self, action: &'static str) {
        let number = {
            let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
            let number = calls.entry(action).or_default();
            *number += 1;
            *number
        };
        let wait = wait(action, number);
        if !wait.is_zero() {
            sleep_until(self.began + wait).await;
        }
    }

    /// Returns the number of calls, by action.
    pub(super) fn counted(&self) -> BTreeMap<String, u64> {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.iter().map(|(action, calls)| ((*action).to_owned(), *calls)).collect()
    }
}

/// Returns the time from the begin of a refresh to its call of this number, from 1.
fn wait(action: &str, number: u64) -> Duration {
    let (burst, per_second) = half(action);
    Duration::from_secs_f64(number.saturating_sub(burst) as f64 / per_second)
}

/// Returns the least time from one refresh to the next one, after these calls.
pub fn least_interval(calls: &BTreeMap<String, u64>) -> Duration {
    let refilled = |(action, calls): (&String, &u64)| {
        let (_, per_second) = half(action);
        Duration::from_secs_f64(*calls as f64 / per_second)
    };
    calls.iter().map(refilled).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_api_decides_when_to_refresh() {
        let calls = |list: &[(&str, u64)]| {
            least_interval(&list.iter().map(|(action, calls)| ((*action).to_owned(), *calls)).collect())
        };
        assert_eq!(calls(&[]), Duration::ZERO);
        assert_eq!(calls(&[(LIST, 14), (HISTORY, 20)]), Duration::from_secs(14));
        assert_eq!(calls(&[(LIST, 2), (HISTORY, 50), (DESCRIBE, 5)]), Duration::from_secs(5));
    }

    #[test]
    fn no_more_than_half_of_a_bucket_is_taken_at_once() {
        assert_eq!((wait(LIST, 1), wait(LIST, 50)), (Duration::ZERO, Duration::ZERO));
        assert_eq!((wait(LIST, 51), wait(LIST, 60)), (Duration::from_secs(1), Duration::from_secs(10)));
        assert_eq!(wait(HISTORY, 150), Duration::ZERO);
    }

    #[tokio::test]
    async fn calls_are_counted_by_action() {
        let turns = Turns::new();
        for action in [LIST, HISTORY, LIST] {
            turns.take(action).await;
        }
        assert_eq!(turns.counted(), BTreeMap::from([(LIST.to_owned(), 2), (HISTORY.to_owned(), 1)]));
    }
}
