//! What the event about an execution that ended says.

use chrono::{DateTime, SecondsFormat, Utc};
use execution_report::{Execution, Report, Status, message_of};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::tables;
use crate::aws::arn::Arn;
use crate::aws::console;
use crate::schemas;
use crate::text::{bounded, cut};

/// The version of the event's detail.
const VERSION: u32 = 1;
/// Most sentences about what the execution did.
const MOST_SENTENCES: usize = 20;
/// Longest sentence and longest reason, in characters.
const LONGEST: usize = 500;

/// The detail of the event `Tablekeeper Execution Ended`. It has no items and no keys of items.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Ended {
    /// Version of the detail: 1. Fields may be added without another version.
    pub version: u32,
    /// Name of the workflow, such as `rotate-restore`. The name of the state machine if its log group does not end in a
    /// workflow.
    pub workflow: String,
    /// ARN of the state machine.
    pub state_machine_arn: String,
    /// ARN of the execution.
    pub execution_arn: String,
    /// Name of the execution.
    pub name: String,
    /// How the execution ended.
    pub status: EndStatus,
    /// What happened, in one sentence.
    pub sentence: String,
    /// ARNs of the tables that the input and the output of the execution name, at most 20.
    #[schemars(length(max = 20))]
    pub tables: Vec<String>,
    /// What the execution did, a sentence fragment for each table. Empty unless it succeeded.
    #[schemars(length(max = 21))]
    pub outcome: Vec<String>,
    /// Error of the execution; null if it has none.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(required, schema_with = "schemas::nullable_string")]
    pub error: Option<String>,
    /// Why the execution did not succeed: the message of its cause; null if it has none.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(required, schema_with = "schemas::nullable_string")]
    pub reason: Option<String>,
    /// Time when the execution started.
    pub started_at: DateTime<Utc>,
    /// Time when the execution ended.
    pub ended_at: DateTime<Utc>,
    /// Duration of the execution in seconds.
    pub seconds: f64,
    /// Location of the report as a page, `s3://bucket/key`.
    pub page: String,
    /// Location of the report as a document, `s3://bucket/key`.
    pub document: String,
    /// Address of the execution in the AWS console.
    pub console: String,
}

/// How an execution ended.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize, strum::Display)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum EndStatus {
    /// It succeeded.
    Succeeded,
    /// It failed.
    Failed,
    /// It reached the time limit of its state machine.
    TimedOut,
    /// It was stopped.
    Aborted,
}

impl Ended {
    /// Describes the end of an execution. `None` if it has not ended. `locations` are those of the page and of the
    /// document.
    pub fn new(report: &Report, (page, document): (String, String)) -> Option<Ended> {
        let status = match report.status {
            Status::Succeeded => EndStatus::Succeeded,
            Status::Failed => EndStatus::Failed,
            Status::TimedOut => EndStatus::TimedOut,
            Status::Aborted => EndStatus::Aborted,
            Status::Running | Status::PendingRedrive => return None,
        };
        let arn = &report.execution_arn;
        let failure = report.failure.as_ref();
        let error = failure.map(|failure| failure.error.clone()).filter(|error| !error.is_empty());
        Some(Ended {
            version: VERSION,
            workflow: report.workflow.clone(),
            state_machine_arn: report.state_machine_arn.clone(),
            execution_arn: arn.clone(),
            name: report.name.clone(),
            status,
            sentence: report.sentence.clone(),
            tables: tables::tables(report.output.iter().chain([&report.input]), arn),
            outcome: bounded(report.outcome.iter().cloned(), MOST_SENTENCES, LONGEST),
            error,
            reason: failure.and_then(|failure| reason(&failure.cause)),
            started_at: report.started_at,
            ended_at: report.ended_at?,
            seconds: report.seconds?,
            page,
            document,
            console: console::execution(arn).unwrap_or_default(),
        })
    }
}

/// Returns the message of a cause. A cause that is a document, such as one that was cut off, may hold the input of a
/// nested execution, so it is not passed on.
fn reason(cause: &str) -> Option<String> {
    let text = message_of(cause);
    let text = text.trim();
    match text.is_empty() {
        true => None,
        false if text.starts_with(['{', '[']) => Some("the console shows the cause".to_owned()),
        false => Some(cut(text.to_owned(), LONGEST)),
    }
}

/// Returns the workflow of an execution: the last part of the name of its state machine's log group, which the templates
/// end in the workflow. If there is none, the name of the state machine.
pub fn workflow(execution: &Execution) -> &str {
    let of_group = execution.log_group.as_deref().and_then(|group| {
        let name = Arn::parse(group).map_or(group, |arn| arn.resource);
        let name = name.trim_end_matches(":*");
        name.rsplit_once('/').map(|(_, workflow)| workflow).filter(|workflow| !workflow.is_empty())
    });
    let own = || execution.state_machine_arn.split(':').nth(6);
    of_group.or_else(own).unwrap_or(&execution.state_machine_arn)
}

/// Returns the time of an end as a part of a key.
pub fn time_of_key(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true).replace(':', "-")
}

#[cfg(test)]
pub(crate) mod tests {
    use execution_report::Failure;
    use serde_json::{Value, json};

    use super::*;

    pub(crate) const TABLE: &str = "arn:aws:dynamodb:eu-west-1:123456789012:table";

    /// Returns an execution of `rotate-restore` that failed after an hour.
    pub(crate) fn execution() -> Execution {
        Execution {
            arn: "arn:aws:states:eu-west-1:123456789012:execution:StateMachine-a1:one".to_owned(),
            state_machine_arn: "arn:aws:states:eu-west-1:123456789012:stateMachine:StateMachine-a1"
                .to_owned(),
            log_group: Some(
                "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/vendedlogs/states/s/rotate-restore:*"
                    .to_owned(),
            ),
            status: Status::Failed,
            started_at: DateTime::from_timestamp(1_800_000_000, 0).unwrap(),
            ended_at: DateTime::from_timestamp(1_800_003_600, 250_000_000),
            input: json!({ "TableName": "orders", "Keys": [{ "id": { "S": "secret" } }] }),
            output: None,
            failure: Some(Failure::new("RestoreFailed", r#"{"errorMessage":"the key is gone"}"#)),
            definition: json!({ "StartAt": "A", "States": { "A": { "Type": "Fail" } } }),
            events: Vec::new(),
        }
    }

    /// Returns the detail of an execution's event.
    pub(crate) fn ended(execution: Execution) -> Option<Ended> {
        let workflow = workflow(&execution).to_owned();
        let outcome = execution.output.as_ref().and_then(crate::outcome::of_execution).unwrap_or_default();
        let report = Report::new(&workflow, execution, outcome, Vec::new());
        Ended::new(&report, ("s3://b/one.html".to_owned(), "s3://b/one.json".to_owned()))
    }

    #[test]
    fn a_failed_execution_is_described_without_its_items() {
        let ended = json!(ended(execution()).unwrap());
        let arn = "arn:aws:states:eu-west-1:123456789012:execution:StateMachine-a1:one";
        let expected = json!({ "version": 1, "workflow": "rotate-restore",
            "stateMachineArn": "arn:aws:states:eu-west-1:123456789012:stateMachine:StateMachine-a1",
            "executionArn": arn, "name": "one", "status": "FAILED",
            "sentence": "rotate-restore failed by RestoreFailed after 1 h.",
            "tables": [format!("{TABLE}/orders")], "outcome": [], "error": "RestoreFailed",
            "reason": "the key is gone", "startedAt": "2027-01-15T08:00:00Z",
            "endedAt": "2027-01-15T09:00:00.250Z", "seconds": 3_600.25, "page": "s3://b/one.html",
            "document": "s3://b/one.json", "console": format!(
                "https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1#/v2/executions/details/{arn}") });
        assert_eq!(ended, expected);
        assert!(!ended.to_string().contains("secret"));
    }

    #[test]
    fn every_end_has_a_status_and_an_execution_that_runs_has_none() {
        for (status, name) in [
            (Status::Succeeded, Some("SUCCEEDED")),
            (Status::Failed, Some("FAILED")),
            (Status::TimedOut, Some("TIMED_OUT")),
            (Status::Aborted, Some("ABORTED")),
            (Status::Running, None),
            (Status::PendingRedrive, None),
        ] {
            let status = ended(Execution { status, ..execution() }).map(|ended| ended.status);
            assert_eq!(
                status.map(|status| (json!(status), status.to_string())),
                name.map(|name| (json!(name), name.to_owned()))
            );
        }
    }

    #[test]
    fn a_cause_that_is_a_document_is_not_passed_on() {
        let long = "x".repeat(2_000);
        for (cause, expected) in [
            ("", None),
            ("the key is gone", Some("the key is gone")),
            (
                r#"{"ExecutionArn":"a","Input":"{\"Keys\":[\"secret\"]}"#,
                Some("the nested execution a failed: its cause was cut off"),
            ),
            (r#"{"Keys":["secret"]}"#, Some("the console shows the cause")),
            (r#"{"errorType":"E","errorMessage":"cut off"#, Some("cut off")),
        ] {
            assert_eq!(reason(cause).as_deref(), expected);
        }
        assert_eq!(reason(&long).map(|text| text.chars().count()), Some(LONGEST + 1));
    }

    #[test]
    fn the_workflow_is_that_of_the_log_group() {
        assert_eq!(workflow(&execution()), "rotate-restore");
        let without = Execution { log_group: None, ..execution() };
        assert_eq!(workflow(&without), "StateMachine-a1");
    }

    #[test]
    fn an_execution_that_succeeded_says_what_it_did() {
        let output: Value = json!({ "TableName": "t", "ItemCount": 3, "Files": 2, "From": "s3://b/x/" });
        let succeeded =
            Execution { status: Status::Succeeded, output: Some(output), failure: None, ..execution() };
        let ended = ended(succeeded).unwrap();
        assert_eq!(ended.outcome, ["wrote 3 items of 2 files from s3://b/x/ to t"]);
        assert_eq!((ended.error, ended.reason), (None, None));
    }

    #[test]
    fn the_time_of_a_key_has_milliseconds() {
        assert_eq!(time_of_key(execution().ended_at.unwrap()), "2027-01-15T09-00-00.250Z");
    }
}
