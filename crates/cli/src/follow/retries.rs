//! Says of a failed try of a task whether the state machine tries again, from the `Retry` of its definition.
//!
//! The history does not say it: after the failure of a try it has nothing until the next one begins.

use std::collections::HashMap;

use execution_report::Retrier;
use serde_json::Value;

use super::Visit;

/// The retriers of the states of a state machine, and how often each was used.
#[derive(Debug, Default)]
pub(super) struct Retries {
    retriers: HashMap<String, Vec<Retrier>>,
    /// The tries of each visit of a state.
    tries: HashMap<i64, Tries>,
}

/// The failed tries of a visit of a state, and the retries by each retrier.
#[derive(Debug, Default)]
struct Tries {
    failed: u64,
    retries: HashMap<usize, u64>,
}

/// A failed try of a task.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Try {
    /// Number of the try in this visit of the state, from 1.
    number: u64,
    /// Whether the state machine tries again.
    pub(super) is_retried: bool,
}

impl Retries {
    /// Adds the retriers of a state.
    pub(super) fn add(&mut self, state: &str, definition: &Value) {
        self.retriers.insert(state.to_owned(), Retrier::from_state(definition));
    }

    /// Counts a failed try.
    pub(super) fn failed(&mut self, visit: &Visit, error: &str) -> Try {
        let retriers = self.retriers.get(&visit.state).map(Vec::as_slice).unwrap_or_default();
        let retrier = retriers.iter().enumerate().find(|(_, retrier)| retrier.matches(error));
        let tries = self.tries.entry(visit.entered).or_default();
        tries.failed += 1;
        let is_retried = retrier.is_some_and(|(index, retrier)| {
            let used = tries.retries.entry(index).or_default();
            *used += 1;
            *used <= retrier.attempts()
        });
        Try { number: tries.failed, is_retried }
    }
}

impl Try {
    /// Returns the beginning of a message about the failure.
    pub(super) fn heading(self) -> String {
        match self {
            Try { number, is_retried: true } => format!("failed (try {number}, will be retried)"),
            Try { number: 1, .. } => "failed".to_owned(),
            Try { number, .. } => format!("failed (try {number}, not retried)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn retries() -> Retries {
        let mut retries = Retries::default();
        let state = json!({ "Retry": [
            { "ErrorEquals": ["Throttled"], "MaxAttempts": 1 },
            { "ErrorEquals": ["ResourceBusy"], "MaxAttempts": 2 },
            { "ErrorEquals": ["States.TaskFailed"] },
        ] });
        retries.add("Restore", &state);
        retries
    }

    #[test]
    fn each_retrier_has_its_own_number_of_retries() {
        let (mut retries, visit) = (retries(), Visit { entered: 7, state: "Restore".to_owned() });
        let headings = ["ResourceBusy", "Throttled", "ResourceBusy", "ResourceBusy"]
            .map(|error| retries.failed(&visit, error).heading());
        let expected = [
            "failed (try 1, will be retried)",
            "failed (try 2, will be retried)",
            "failed (try 3, will be retried)",
            "failed (try 4, not retried)",
        ];
        assert_eq!(headings, expected);
        let later = Visit { entered: 20, ..visit };
        assert!(
            retries.failed(&later, "ResourceBusy").is_retried,
            "a state that is entered again begins anew"
        );
    }

    #[test]
    fn an_error_without_a_retrier_is_final() {
        let (mut retries, visit) = (retries(), Visit { entered: 7, state: "Restore".to_owned() });
        assert_eq!(retries.failed(&visit, "States.Timeout").heading(), "failed");
        assert!(retries.failed(&visit, "Other").is_retried);
        let elsewhere = Visit { entered: 8, state: "Publish".to_owned() };
        assert_eq!(retries.failed(&elsewhere, "ResourceBusy").heading(), "failed");
    }
}
