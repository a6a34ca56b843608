//! `report-execution.note-delivery`: notes what was delivered, and fails if something was not.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::error_name::{ErrorName, HasErrorName};
use tablekeeper_core::report_execution::delivery::{self, DeliveryError, Note};
use tablekeeper_core::report_execution::ended::Ended;
use tablekeeper_core::storage::bucket;
use tablekeeper_core::text::cut;

use crate::step::{Failure, Step};

/// Longest error that is noted, in characters.
const LONGEST: usize = 1_000;

/// The step that notes the delivery.
#[derive(Debug)]
pub struct NoteDelivery {
    clients: Clients,
}

/// The input that the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// ARN of the execution.
    pub execution_arn: String,
    /// The detail of the event.
    pub ended: Ended,
    /// Name of the bucket of the reports.
    pub report_bucket: String,
    /// Key of the note.
    pub note: String,
    /// Why the event was not put; empty if it was.
    pub event_error: String,
    /// Why the message was not published; empty if it was, or if no topic is named.
    pub message_error: String,
}

/// What was delivered, with the detail of the event.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    /// Whether another execution had delivered everything.
    pub delivered_before: bool,
    /// The detail of the event.
    pub ended: Ended,
}

/// Why the step fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The event or the message was not delivered.
    #[error("the end of {execution} was not delivered: {reasons}; its report is {document}")]
    NotDelivered {
        /// ARN of the execution that ended.
        execution: String,
        /// What was not delivered, and why.
        reasons: String,
        /// Location of the report.
        document: String,
    },
    /// The note could not be written.
    #[error(transparent)]
    Delivery(#[from] DeliveryError),
}

impl HasErrorName for Error {
    fn name(&self) -> ErrorName {
        match self {
            Error::NotDelivered { .. } => ErrorName::NotDelivered,
            Error::Delivery(error) => error.name(),
        }
    }
}

impl Step for NoteDelivery {
    const NAME: &'static str = "report-execution.note-delivery";
    const ERRORS: &'static [&'static [ErrorName]] = &[AwsFailure::NAMES, &[ErrorName::NotDelivered]];
    type Input = Input;
    type Output = Output;
    type Error = Error;

    fn new(clients: &Clients) -> Result<NoteDelivery, Failure> {
        Ok(NoteDelivery { clients: clients.clone() })
    }

    async fn run(&self, input: Input) -> Result<Output, Error> {
        let Input { execution_arn, ended, report_bucket, note, event_error, message_error } = input;
        let (event_error, message_error) = (cut(event_error, LONGEST), cut(message_error, LONGEST));
        let failed = |what: &str, error: &str| (!error.is_empty()).then(|| format!("{what}: {error}"));
        let reasons = [failed("event", &event_error), failed("message", &message_error)];
        let noted = Note { execution_arn, event_error, message_error };
        delivery::note(&bucket(&self.clients, &report_bucket), &note, &noted).await?;
        let reasons: Vec<String> = reasons.into_iter().flatten().collect();
        if reasons.is_empty() {
            return Ok(Output { delivered_before: false, ended });
        }
        let (execution, document) = (ended.execution_arn, ended.document);
        Err(Error::NotDelivered { execution, reasons: reasons.join("; "), document })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use tablekeeper_core::testing::fake_store::{FakeStore, Fault};

    use super::*;
    use crate::step::AnyStep;

    fn ended() -> Value {
        json!({ "version": 1, "workflow": "rotate-restore", "stateMachineArn": "arn:m", "executionArn": "arn:e",
            "name": "one", "status": "TIMED_OUT", "sentence": "It ended.", "tables": [], "outcome": [],
            "error": null, "reason": null, "startedAt": "2027-01-15T08:00:00Z",
            "endedAt": "2027-01-15T09:00:00Z", "seconds": 3600.0, "page": "s3://b/one.html",
            "document": "s3://b/one.json", "console": "" })
    }

    async fn note(store: &FakeStore, event_error: &str, message_error: &str) -> Result<Value, Failure> {
        let input = json!({ "executionArn": "arn:own", "ended": ended(), "reportBucket": "reports",
            "note": "d/1.note.json", "eventError": event_error, "messageError": message_error });
        NoteDelivery { clients: store.clients() }.run_json(input).await
    }

    #[tokio::test]
    async fn a_delivery_is_noted() {
        let store = FakeStore::default();
        let output = note(&store, "", "").await.unwrap();
        assert_eq!(output, json!({ "DeliveredBefore": false, "Ended": ended() }));
        let noted: Value = serde_json::from_str(&store.text("d/1.note.json").unwrap()).unwrap();
        assert_eq!(noted, json!({ "ExecutionArn": "arn:own", "EventError": "", "MessageError": "" }));
    }

    #[tokio::test]
    async fn what_was_not_delivered_is_noted_and_fails() {
        let store = FakeStore::default();
        let failure = note(&store, "EventBridge.FailedEntry: x", "SNS.NotFound: y").await.unwrap_err();
        assert_eq!(failure.name, ErrorName::NotDelivered);
        let expected = "the end of arn:e was not delivered: event: EventBridge.FailedEntry: x; \
                        message: SNS.NotFound: y; its report is s3://b/one.json";
        assert_eq!(failure.message, expected);
        assert!(store.text("d/1.note.json").unwrap().contains("SNS.NotFound: y"));
    }

    #[tokio::test]
    async fn a_note_that_cannot_be_written_has_its_own_name() {
        let store = FakeStore::default();
        store.fail_action("s3:PutObject", 0, Fault::Refused(403, "AccessDenied"));
        assert_eq!(note(&store, "", "y").await.unwrap_err().name, ErrorName::AccessDenied);
    }
}
