//! The events of an execution's history, and the visits of states that they tell of.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cause::message_of;

/// An event of an execution's history, with the members of GetExecutionHistory that a report reads.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Event {
    /// Id of the event. Ids begin at 1 and grow.
    pub id: i64,
    /// Id of the event before it. In a Map it is an event of the same item.
    pub previous_id: i64,
    /// Time of the event.
    pub at: DateTime<Utc>,
    /// Type of the event, such as `TaskStateEntered`.
    pub kind: String,
    /// Name of the state that is entered or left.
    pub state: Option<String>,
    /// What a task calls, such as `lambda:invoke`; only of the event that schedules it.
    pub call: Option<String>,
    /// Error and cause of an event that has them.
    pub failure: Option<Failure>,
}

/// An error and its cause, as Step Functions reports them.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Failure {
    /// Name of the error.
    pub error: String,
    /// Cause of the error. A failed function reports JSON, of which this is the message.
    pub cause: String,
}

impl Failure {
    /// Returns an error with the message of its cause.
    pub fn new(error: &str, cause: &str) -> Failure {
        Failure { error: error.to_owned(), cause: message_of(cause) }
    }
}

/// A visit of a state.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Visit {
    pub(crate) state: String,
    /// Type of the state: `Task`, `Wait`, `Choice`, `Map`, `Pass`, `Succeed`, `Fail`, `Parallel`.
    pub(crate) kind: String,
    pub(crate) entered: DateTime<Utc>,
    /// Time when the state was left; `None` if it was not.
    pub(crate) left: Option<DateTime<Utc>>,
    /// Tries that failed.
    pub(crate) failures: Vec<Failure>,
    /// The visit before it in the same flow.
    pub(crate) before: Option<usize>,
}

/// Returns the visits of states in the order in which they were entered.
pub(crate) fn visits(events: &[Event]) -> Vec<Visit> {
    let mut visits: Vec<Visit> = Vec::new();
    // The visit that each event belongs to.
    let mut of_event: HashMap<i64, usize> = HashMap::new();
    for event in events {
        let before = of_event.get(&event.previous_id).copied();
        if let (Some(kind), Some(state)) = (event.kind.strip_suffix("StateEntered"), &event.state) {
            of_event.insert(event.id, visits.len());
            visits.push(Visit {
                state: state.clone(),
                kind: kind.to_owned(),
                entered: event.at,
                // An end is left at once, without an event.
                left: matches!(kind, "Fail" | "Succeed").then_some(event.at),
                failures: Vec::new(),
                before,
            });
            continue;
        }
        let Some((index, visit)) = before.and_then(|index| Some((index, visits.get_mut(index)?))) else {
            continue;
        };
        of_event.insert(event.id, index);
        if event.kind.ends_with("StateExited") {
            visit.left = Some(event.at);
        } else if let Some(failure) = event.failure.as_ref().filter(|_| is_try(&event.kind)) {
            visit.failures.push(failure.clone());
        }
    }
    visits
}

/// Returns whether an event says that a try of a task failed.
fn is_try(kind: &str) -> bool {
    let of_a_try = ["Task", "LambdaFunction", "Activity", "EvaluationFailed", "MapRun"];
    of_a_try.iter().any(|prefix| kind.starts_with(prefix))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Returns the events of these types and states, one second apart, each after the one before.
    pub(crate) fn events(of: &[(&str, &str)]) -> Vec<Event> {
        let event = |(number, (kind, state)): (i64, &(&str, &str))| Event {
            id: number + 1,
            previous_id: number,
            at: DateTime::from_timestamp(number, 0).unwrap(),
            kind: (*kind).to_owned(),
            state: (!state.is_empty()).then(|| (*state).to_owned()),
            call: (*kind == "TaskScheduled").then(|| "lambda:invoke".to_owned()),
            failure: kind
                .ends_with("Failed")
                .then(|| Failure { error: "E".to_owned(), cause: "c".to_owned() }),
        };
        (0..).zip(of).map(event).collect()
    }

    #[test]
    fn a_visit_has_its_failed_tries() {
        let history = events(&[
            ("ExecutionStarted", ""),
            ("TaskStateEntered", "Copy"),
            ("TaskScheduled", ""),
            ("TaskFailed", ""),
            ("TaskScheduled", ""),
            ("TaskSucceeded", ""),
            ("TaskStateExited", "Copy"),
            ("SucceedStateEntered", "Complete"),
        ]);
        let visits = visits(&history);
        assert_eq!(visits.len(), 2);
        assert_eq!((visits[0].kind.as_str(), visits[0].failures.len()), ("Task", 1));
        assert_eq!((visits[0].left.unwrap() - visits[0].entered).num_seconds(), 5);
        assert_eq!((visits[1].before, visits[1].left), (Some(0), Some(visits[1].entered)));
    }

    #[test]
    fn items_of_a_map_are_told_apart() {
        let mut history = events(&[
            ("MapStateEntered", "Each"),
            ("MapIterationStarted", ""),
            ("MapIterationStarted", ""),
            ("TaskStateEntered", "Copy"),
            ("TaskStateEntered", "Copy"),
            ("TaskFailed", ""),
        ]);
        for (event, previous) in history.iter_mut().zip([0, 1, 1, 2, 3, 4]) {
            event.previous_id = previous;
        }
        let visits = visits(&history);
        let of = |index: usize| (visits[index].before, visits[index].failures.len());
        assert_eq!([of(0), of(1), of(2)], [(None, 0), (Some(0), 1), (Some(0), 0)]);
    }
}
