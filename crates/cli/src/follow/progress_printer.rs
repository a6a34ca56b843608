//! Prints the progress of an execution while it runs.

use std::{collections::HashMap, time::Duration};

use aws_sdk_sfn::Client;
use serde_json::Value;

use super::{Follower, Outcome, Transition, facts, reason};
use crate::console;
use crate::console::Console;

/// Maximum length of a state's comment next to its name.
const COMMENT: usize = 90;

/// A printer of states as they are entered, with the comments of the state machine.
#[derive(Debug)]
pub(crate) struct ProgressPrinter<'a> {
    console: &'a Console,
    comments: HashMap<String, String>,
    /// In the demo, the fraction of a reported wait that really passes; otherwise `None`.
    story: Option<f64>,
}

impl<'a> ProgressPrinter<'a> {
    /// Reads the comments of the state machine. Without permission to do so, only names are printed.
    pub(crate) async fn new(console: &'a Console, client: &Client, machine: &str) -> Self {
        let described = client.describe_state_machine().state_machine_arn(machine).send().await;
        let comments = described.map(|machine| comments(&machine.definition)).unwrap_or_default();
        Self { console, comments, story: None }
    }

    /// Prints as part of the demo: uses the console's clock instead of the execution's, and adds the shortened duration
    /// of each wait.
    pub(crate) fn within_story(self, wait_scale: f64) -> Self {
        Self { story: Some(wait_scale), ..self }
    }

    /// Follows the execution until it ends.
    pub(crate) async fn follow(&self, mut follower: Follower, poll: Duration) -> anyhow::Result<Outcome> {
        let mut reported_wait = None;
        loop {
            for (since_start, happening) in follower.next(poll).await? {
                let time = match self.story {
                    Some(_) => self.console.elapsed().as_secs_f64(),
                    None => since_start,
                };
                match happening {
                    Transition::Entered { state, kind } => self.entered(time, &state, &kind, reported_wait),
                    Transition::Succeeded { output } => {
                        if let Some(fact) = output.as_ref().and_then(facts::of_step) {
                            self.console.detail(&fact);
                        }
                        reported_wait = output.as_ref().and_then(wait_seconds).or(reported_wait);
                    }
                    Transition::Failed { error, cause } => {
                        self.console
                            .detail(&self.console.bad(&format!("failed: {error}: {}", reason(&cause))));
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

/// Returns the first sentence of each state's comment by the state's name, nested states included.
fn comments(definition: &str) -> HashMap<String, String> {
    let mut found = HashMap::new();
    let mut open = vec![serde_json::from_str::<Value>(definition).unwrap_or_default()];
    while let Some(machine) = open.pop() {
        let Some(Value::Object(states)) = machine.get("States") else { continue };
        for (name, state) in states {
            if let Some(comment) = state.get("Comment").and_then(Value::as_str) {
                found.insert(name.clone(), shorten(first(comment)));
            }
            open.extend(["ItemProcessor", "Iterator"].iter().filter_map(|inner| state.get(inner)).cloned());
            open.extend(state.get("Branches").and_then(Value::as_array).into_iter().flatten().cloned());
        }
    }
    found
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

    use super::{COMMENT, comments, shorten, wait_seconds};

    #[test]
    fn comments_of_nested_states_are_found() {
        let definition = json!({"States": {
            "A": {"Type": "Task", "Comment": "First. Second."},
            "M": {"Type": "Map", "ItemProcessor": {"States": {"B": {"Comment": "Inner."}}}},
            "P": {"Type": "Parallel", "Branches": [{"States": {"C": {"Comment": "Branch"}}}]},
        }});
        let found = comments(&definition.to_string());
        let of = |name: &str| found.get(name).map(String::as_str);
        assert_eq!(
            (of("A"), of("B"), of("C"), of("M")),
            (Some("First"), Some("Inner"), Some("Branch"), None)
        );
        assert!(comments("not JSON").is_empty());
    }

    #[test]
    fn long_comments_are_cut_between_words() {
        let short = shorten(&"word ".repeat(40));
        assert!(short.ends_with("word…") && short.chars().count() <= COMMENT, "{short}");
        assert_eq!(shorten("as it is"), "as it is");
    }

    #[test]
    fn the_wait_is_found_with_and_without_the_envelope() {
        assert_eq!(wait_seconds(&json!({"waitSeconds": 60})), Some(60.0));
        assert_eq!(wait_seconds(&json!({"StatusCode": 200, "Payload": {"waitSeconds": 90}})), Some(90.0));
        assert_eq!(wait_seconds(&json!({"ready": true})), None);
    }
}
