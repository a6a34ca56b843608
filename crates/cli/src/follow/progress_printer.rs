//! Prints the progress of an execution while it runs.

use std::{collections::HashMap, time::Duration};

use aws_sdk_sfn::Client;
use execution_report::message_of;
use serde_json::Value;
use tablekeeper_core::outcome;

use super::retries::Retries;
use super::{Follower, Outcome, Transition, Visit};
use crate::console;
use crate::console::Console;

/// Maximum length of a state's comment next to its name.
const COMMENT: usize = 90;

/// A printer of states as they are entered, with the comments of the state machine.
#[derive(Debug)]
pub(crate) struct ProgressPrinter<'a> {
    console: &'a Console,
    comments: HashMap<String, String>,
    retries: Retries,
    /// In the demo, the fraction of a reported wait that really passes; otherwise `None`.
    story: Option<f64>,
}

impl<'a> ProgressPrinter<'a> {
    /// Reads the comments of the state machine. Without permission to do so, only names are printed.
    pub(crate) async fn new(console: &'a Console, client: &Client, machine: &str) -> Self {
        let described = client.describe_state_machine().state_machine_arn(machine).send().await;
        let (comments, retries) = described.map(|machine| read(&machine.definition)).unwrap_or_default();
        Self { console, comments, retries, story: None }
    }

    /// Prints as part of the demo: uses the console's clock instead of the execution's, and adds the shortened duration
    /// of each wait.
    pub(crate) fn within_story(self, wait_scale: f64) -> Self {
        Self { story: Some(wait_scale), ..self }
    }

    /// Follows the execution until it ends.
    pub(crate) async fn follow(mut self, mut follower: Follower, poll: Duration) -> anyhow::Result<Outcome> {
        let mut reported_wait = None;
        let mut repeated = Repeated::default();
        loop {
            for (since_start, happening) in follower.next(poll).await? {
                let time = match self.story {
                    Some(_) => self.console.elapsed().as_secs_f64(),
                    None => since_start,
                };
                if !matches!(happening, Transition::Failed { .. }) {
                    repeated.end(self.console);
                }
                match happening {
                    Transition::Entered { kind, .. } if kind == "Wait" && reported_wait == Some(0.0) => {}
                    Transition::Entered { state, kind } => self.entered(time, &state, &kind, reported_wait),
                    Transition::Succeeded { output } => {
                        if let Some(fact) = output.as_ref().and_then(outcome::of_step) {
                            self.console.detail(&fact);
                        }
                        reported_wait = output.as_ref().and_then(wait_seconds).or(reported_wait);
                    }
                    Transition::Failed { visit, error, cause } => {
                        self.failed(visit.as_ref(), &error, &cause, &mut repeated);
                    }
                    Transition::Ended(outcome) => {
                        self.console.idle();
                        let reported = if outcome.succeeded() {
                            self.console.good(&outcome.status)
                        } else {
                            self.console.bad(&outcome.status)
                        };
                        self.console.event_at(time, &reported);
                        return Ok(outcome);
                    }
                }
            }
        }
    }

    /// Prints a failed try. Tries that are retried and fail like the one before are only counted.
    fn failed(&mut self, visit: Option<&Visit>, error: &str, cause: &str, repeated: &mut Repeated) {
        let failed = visit.map(|visit| self.retries.failed(visit, error));
        let heading = failed.map_or_else(|| "failed".to_owned(), |failed| failed.heading());
        let text = format!("{error}: {}", message_of(cause));
        let is_retried = failed.is_some_and(|failed| failed.is_retried);
        if is_retried && repeated.counts(&text) {
            if self.console.moves() {
                let state = visit.map(|visit| visit.state.as_str()).unwrap_or_default();
                self.console.moving(&format!("{state}: {heading}"));
            }
            return;
        }
        repeated.end(self.console);
        let line = format!("{heading}: {text}");
        self.console.detail(&if is_retried { self.console.changed(&line) } else { self.console.bad(&line) });
        if is_retried {
            *repeated = Repeated { text, more: 0 };
        }
    }

    fn entered(&self, time: f64, state: &str, kind: &str, reported_wait: Option<f64>) {
        let comment = self.comments.get(state).map(String::as_str).unwrap_or_default();
        let reported = if kind == "Wait" {
            reported_wait.map(|seconds| self.wait(seconds)).unwrap_or_else(|| comment.to_owned())
        } else {
            comment.to_owned()
        };
        let line = if reported.is_empty() {
            state.to_owned()
        } else {
            format!("{state:<24}  {}", self.console.faint(&reported))
        };
        self.console.event_at(time, &line);
        self.console.busy(state);
    }

    fn wait(&self, seconds: f64) -> String {
        let reported = format!("poll again in {}", console::duration(seconds));
        match self.story {
            Some(scale) => format!("{reported} (here {})", console::duration(seconds * scale)),
            None => reported,
        }
    }
}

/// A failure that was printed, and how often it was repeated since.
#[derive(Debug, Default)]
struct Repeated {
    text: String,
    more: u64,
}

impl Repeated {
    /// Counts a failure and returns true if it is the same one again.
    fn counts(&mut self, text: &str) -> bool {
        let is_same = self.text == text;
        self.more += u64::from(is_same);
        is_same
    }

    /// Prints how often the failure was repeated, and forgets it.
    fn end(&mut self, console: &Console) {
        if self.more > 0 {
            console.detail(&console.changed(&format!("… and {}", console::counted(self.more, "more time"))));
        }
        *self = Self::default();
    }
}

/// Returns the first sentence of each state's comment by the state's name, and the retries, nested states included.
fn read(definition: &str) -> (HashMap<String, String>, Retries) {
    let (mut found, mut retries) = (HashMap::new(), Retries::default());
    let mut open = vec![serde_json::from_str::<Value>(definition).unwrap_or_default()];
    while let Some(machine) = open.pop() {
        let Some(Value::Object(states)) = machine.get("States") else { continue };
        for (name, state) in states {
            retries.add(name, state);
            if let Some(comment) = state.get("Comment").and_then(Value::as_str) {
                found.insert(name.clone(), shorten(first(comment)));
            }
            open.extend(["ItemProcessor", "Iterator"].iter().filter_map(|inner| state.get(inner)).cloned());
            open.extend(state.get("Branches").and_then(Value::as_array).into_iter().flatten().cloned());
        }
    }
    (found, retries)
}

fn first(text: &str) -> &str {
    let sentence = text.split_once(". ").map_or(text, |(sentence, _)| sentence);
    sentence.lines().next().unwrap_or_default().trim_end_matches('.')
}

/// Shortens a text between two words if it is too long for a line.
fn shorten(text: &str) -> String {
    if text.chars().count() <= COMMENT {
        return text.to_owned();
    }
    let mut short = String::new();
    for word in text.split_whitespace() {
        if short.chars().count() + word.chars().count() >= COMMENT {
            break;
        }
        short.push_str(word);
        short.push(' ');
    }
    format!("{}…", short.trim_end())
}

/// Reads the wait that a check step returned, directly or in the envelope of `lambda:invoke`.
fn wait_seconds(output: &Value) -> Option<f64> {
    ["/waitSeconds", "/Payload/waitSeconds"].iter().find_map(|path| output.pointer(path)?.as_f64())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{COMMENT, Repeated, read, shorten, wait_seconds};

    #[test]
    fn comments_of_nested_states_are_found() {
        let definition = json!({"States": {
            "A": {"Type": "Task", "Comment": "First. Second."},
            "M": {"Type": "Map", "ItemProcessor": {"States": {"B": {"Comment": "Inner."}}}},
            "P": {"Type": "Parallel", "Branches": [{"States": {"C": {"Comment": "Branch"}}}]},
        }});
        let (found, _) = read(&definition.to_string());
        let of = |name: &str| found.get(name).map(String::as_str);
        assert_eq!(
            (of("A"), of("B"), of("C"), of("M")),
            (Some("First"), Some("Inner"), Some("Branch"), None)
        );
        assert!(read("not JSON").0.is_empty());
    }

    #[test]
    fn long_comments_are_cut_between_words() {
        let short = shorten(&"word ".repeat(40));
        assert!(short.ends_with("word…") && short.chars().count() <= COMMENT, "{short}");
        assert_eq!(shorten("as it is"), "as it is");
    }

    #[test]
    fn only_equal_failures_are_counted() {
        let mut repeated = Repeated { text: "ResourceBusy: t".to_owned(), more: 0 };
        assert!(!repeated.counts("Throttled: t"));
        assert!(repeated.counts("ResourceBusy: t") && repeated.counts("ResourceBusy: t"));
        assert_eq!(repeated.more, 2);
    }

    #[test]
    fn the_wait_is_found_with_and_without_the_envelope() {
        assert_eq!(wait_seconds(&json!({"waitSeconds": 60})), Some(60.0));
        assert_eq!(wait_seconds(&json!({"StatusCode": 200, "Payload": {"waitSeconds": 90}})), Some(90.0));
        assert_eq!(wait_seconds(&json!({"ready": true})), None);
    }
}
