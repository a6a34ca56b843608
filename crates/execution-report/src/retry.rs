//! The retriers of a state, which say whether and when a failed try is repeated.
//!
//! The history does not say it: after the failure of a try it has nothing until the next one begins.

use chrono::TimeDelta;
use serde_json::Value;

/// Number of retries of a retrier that does not say it (Amazon States Language).
const DEFAULT_ATTEMPTS: u64 = 3;
/// Seconds before the first retry of a retrier that does not say it.
const DEFAULT_INTERVAL: f64 = 1.0;
/// Growth of the interval of a retrier that does not say it.
const DEFAULT_BACKOFF: f64 = 2.0;

/// An entry of `Retry`.
#[derive(Clone, Debug, PartialEq)]
pub struct Retrier {
    errors: Vec<String>,
    attempts: u64,
    interval: f64,
    backoff: f64,
    longest: Option<f64>,
    has_jitter: bool,
}

impl Retrier {
    /// Returns the retriers of a state's definition, in their order.
    pub fn from_state(state: &Value) -> Vec<Retrier> {
        let entries = state.get("Retry").and_then(Value::as_array).into_iter().flatten();
        entries.map(Retrier::from_entry).collect()
    }

    fn from_entry(entry: &Value) -> Retrier {
        let errors = entry.get("ErrorEquals").and_then(Value::as_array).into_iter().flatten();
        let number = |name: &str| entry.get(name).and_then(Value::as_f64);
        Retrier {
            errors: errors.filter_map(Value::as_str).map(str::to_owned).collect(),
            attempts: entry.get("MaxAttempts").and_then(Value::as_u64).unwrap_or(DEFAULT_ATTEMPTS),
            interval: number("IntervalSeconds").unwrap_or(DEFAULT_INTERVAL),
            backoff: number("BackoffRate").unwrap_or(DEFAULT_BACKOFF),
            longest: number("MaxDelaySeconds"),
            has_jitter: entry.get("JitterStrategy").and_then(Value::as_str) == Some("FULL"),
        }
    }

    /// Returns whether the retrier is for this error.
    pub fn matches(&self, error: &str) -> bool {
        self.errors.iter().any(|name| match name.as_str() {
            "States.ALL" => true,
            "States.TaskFailed" => error != "States.Timeout",
            name => name == error,
        })
    }

    /// Returns how often the retrier tries again in one visit of its state.
    pub fn attempts(&self) -> u64 {
        self.attempts
    }

    /// Returns whether the wait is a random part of [`Retrier::wait`].
    pub fn has_jitter(&self) -> bool {
        self.has_jitter
    }

    /// Returns the wait before a retry of this number, from 1. It is the longest one with jitter.
    pub fn wait(&self, retry: u64) -> Option<TimeDelta> {
        let growth = self.backoff.powf(retry.saturating_sub(1) as f64);
        let seconds = self.interval * growth;
        let seconds = self.longest.map_or(seconds, |longest| seconds.min(longest));
        // A year is the longest time that an execution may take.
        (0.0..31_622_400.0).contains(&seconds).then(|| TimeDelta::milliseconds((seconds * 1_000.0) as i64))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_wait_grows_to_its_limit() {
        let state = json!({ "Retry": [
            { "ErrorEquals": ["Throttled"], "IntervalSeconds": 5, "BackoffRate": 3, "MaxDelaySeconds": 30, "MaxAttempts": 9 },
            { "ErrorEquals": ["States.ALL"], "JitterStrategy": "FULL" },
        ] });
        let retriers = Retrier::from_state(&state);
        let waits = |index: usize| [1, 2, 3].map(|retry| retriers[index].wait(retry).unwrap().num_seconds());
        assert_eq!((waits(0), waits(1)), ([5, 15, 30], [1, 2, 4]));
        assert_eq!((retriers[0].attempts(), retriers[1].attempts()), (9, 3));
        assert!(!retriers[0].has_jitter() && retriers[1].has_jitter());
        assert_eq!(retriers[1].wait(90), None, "longer than an execution may take");
        assert!(Retrier::from_state(&json!({ "Type": "Wait" })).is_empty());
    }

    #[test]
    fn a_time_limit_is_no_failed_task() {
        let of = |name: &str| Retrier::from_entry(&json!({ "ErrorEquals": [name] }));
        assert!(of("States.ALL").matches("States.Timeout") && of("States.TaskFailed").matches("E"));
        assert!(!of("States.TaskFailed").matches("States.Timeout") && !of("E").matches("F"));
    }
}
