//! The calls of other services that an execution made, and how long they took.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::history::Event;
use crate::report::duration;

/// What functions are invoked by.
const INVOKE: &str = "lambda:invoke";

/// The calls of one kind that the tasks of an execution made. Each try is one.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Calls {
    /// The service and its action, such as `lambda:invoke`.
    pub call: String,
    /// Number of calls.
    pub times: usize,
    /// Seconds from scheduling to the answer, summed over the calls that were answered. Lambda bills less than this: the
    /// time of the function without its way there and back.
    pub seconds: f64,
}

impl Calls {
    /// Returns the name of the calls for people.
    pub(crate) fn title(&self) -> String {
        match self.call.as_str() {
            INVOKE => "Invocations of functions".to_owned(),
            call => format!("Calls of {call}"),
        }
    }

    /// Says what the service bills.
    pub(crate) fn billed(&self) -> String {
        match self.call.as_str() {
            INVOKE => format!("{}, which took {}", self.times, duration(self.seconds)),
            _ => self.times.to_string(),
        }
    }
}

/// Returns the calls of a history, by their name.
pub(crate) fn calls(events: &[Event]) -> Vec<Calls> {
    let mut calls: BTreeMap<&str, (usize, f64)> = BTreeMap::new();
    // The call that each event belongs to, and when that was scheduled.
    let mut of_event: HashMap<i64, (&str, DateTime<Utc>)> = HashMap::new();
    for event in events {
        if let Some(call) = &event.call {
            calls.entry(call).or_default().0 += 1;
            of_event.insert(event.id, (call, event.at));
            continue;
        }
        let is_of_call = event.kind.starts_with("Task") || event.kind.starts_with("LambdaFunction");
        let Some(scheduled) = of_event.get(&event.previous_id).copied().filter(|_| is_of_call) else {
            continue;
        };
        if ["Started", "Submitted"].iter().any(|kind| event.kind.ends_with(kind)) {
            of_event.insert(event.id, scheduled);
        } else if !event.kind.contains("State") {
            let (call, at) = scheduled;
            calls.entry(call).or_default().1 += (event.at - at).as_seconds_f64();
        }
    }
    let calls = calls.into_iter();
    calls.map(|(call, (times, seconds))| Calls { call: call.to_owned(), times, seconds }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::tests::events;

    #[test]
    fn each_try_is_a_call_and_lasts_until_its_answer() {
        let mut history = events(&[
            ("TaskStateEntered", "Copy"),
            ("TaskScheduled", ""),
            ("TaskStarted", ""),
            ("TaskFailed", ""),
            ("TaskScheduled", ""),
            ("TaskStarted", ""),
            ("TaskSucceeded", ""),
            ("TaskStateExited", "Copy"),
            ("TaskStateEntered", "Tell"),
            ("TaskScheduled", ""),
            ("ExecutionAborted", ""),
        ]);
        history[9].call = Some("sns:publish".to_owned());
        let calls = calls(&history);
        let shown: Vec<_> = calls.iter().map(|calls| (calls.title(), calls.billed())).collect();
        let expected = [("Invocations of functions", "2, which took 4 s"), ("Calls of sns:publish", "1")];
        assert_eq!(shown, expected.map(|(title, billed)| (title.to_owned(), billed.to_owned())));
    }
}
