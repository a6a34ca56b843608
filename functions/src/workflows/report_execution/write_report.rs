//! `report-execution.write-report`: reads an execution that has ended, writes its report, and claims its delivery.
//!
//! The report is written again by each execution for the same end. It is the same each time, as the history of an
//! execution that has ended does not change. A redriven execution ends again, and is reported again.

use std::collections::BTreeSet;

use execution_report::{Execution, Report, page};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::execution_history;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::error_name::{ErrorName, HasErrorName};
use tablekeeper_core::input::InvalidInput;
use tablekeeper_core::outcome;
use tablekeeper_core::report_execution::delivery::{self, DeliveryError, Turn};
use tablekeeper_core::report_execution::ended::{Ended, time_of_key, workflow};
use tablekeeper_core::report_execution::execution_input::{ExecutionInput, FIELD};
use tablekeeper_core::report_execution::facts::facts;
use tablekeeper_core::report_execution::message::{Message, MessageFormat};
use tablekeeper_core::storage::{Files, FilesError, bucket};

use crate::step::{Failure, Step};

/// Seconds until another execution for the same end is asked about again.
const WAIT_SECONDS: u32 = 20;

/// The step that writes the report.
#[derive(Debug)]
pub struct WriteReport {
    clients: Clients,
}

/// The input that the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// ARN of the execution.
    pub execution_arn: String,
    /// Input of the execution.
    pub execution_input: ExecutionInput,
    /// Parameters of the template.
    pub parameters: Parameters,
}

/// Parameters of the template, as text.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Parameters {
    /// Name of the bucket of the reports.
    pub report_bucket: String,
    /// Prefix of the keys of the reports.
    pub report_prefix: String,
    /// ARN of the topic of the messages; empty for none.
    pub topic_arn: String,
    /// Format of the messages: `text`, `json` or `chat`.
    pub message_format: String,
}

/// What the state machine has to do.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// Whose turn it is.
    pub turn: WhoseTurn,
    /// Seconds to wait for another execution.
    #[schemars(range(max = 601))]
    pub wait_seconds: u32,
    /// The detail of the event.
    pub ended: Ended,
    /// Whether the event is to be put.
    pub put_event: bool,
    /// Whether the message is to be published.
    pub publish_message: bool,
    /// Subject of the message.
    pub subject: String,
    /// Body of the message.
    pub message: String,
    /// Key of the note to write after the delivery.
    pub note: String,
}

/// Whose turn it is to deliver.
#[derive(Clone, Copy, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum WhoseTurn {
    /// This execution delivers.
    Own,
    /// Another execution for the same end runs.
    OfAnother,
    /// Everything was delivered before.
    Over,
}

/// Why the step fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The input or a parameter is invalid.
    #[error(transparent)]
    InvalidInput(#[from] InvalidInput),
    /// The execution could not be read.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
    /// The report could not be written.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// The delivery could not be claimed.
    #[error(transparent)]
    Delivery(#[from] DeliveryError),
}

impl HasErrorName for Error {
    fn name(&self) -> ErrorName {
        match self {
            Error::InvalidInput(_) => ErrorName::InvalidInput,
            Error::Aws(failure) => failure.name,
            // Reports are written and not read in pieces, so this does not happen again.
            Error::Files(FilesError::Changed { .. }) => ErrorName::ServiceUnavailable,
            Error::Files(error) => error.name(),
            Error::Delivery(error) => error.name(),
        }
    }
}

impl Step for WriteReport {
    const NAME: &'static str = "report-execution.write-report";
    const ERRORS: &'static [&'static [ErrorName]] = &[AwsFailure::NAMES];
    type Input = Input;
    type Output = Output;
    type Error = Error;

    fn new(clients: &Clients) -> Result<WriteReport, Failure> {
        Ok(WriteReport { clients: clients.clone() })
    }

    async fn run(&self, input: Input) -> Result<Output, Error> {
        let Input { execution_arn: own, execution_input, parameters } = input;
        let (machine, name) = execution_input.check()?;
        let format = MessageFormat::parse(&parameters.message_format)?;
        let files = bucket(&self.clients, &parameters.report_bucket);
        let execution = self.read(&execution_input.execution_arn).await?;
        let workflow = workflow(&execution).to_owned();
        let stem = format!("{}{workflow}/{machine}/{name}", parameters.report_prefix);
        let (page_key, document_key) = (format!("{stem}.html"), format!("{stem}.json"));
        let outcome = execution.output.as_ref().and_then(outcome::of_execution).unwrap_or_default();
        let facts = facts(&execution, true);
        let report = Report::new(&workflow, execution, outcome, facts);
        let locations = (files.location(&page_key), files.location(&document_key));
        let ended = Ended::new(&report, locations).ok_or_else(|| InvalidInput {
            field: FIELD,
            reason: format!(
                "is {}, which has not ended; a redriven execution is reported when it ends again",
                execution_input.execution_arn
            ),
        })?;
        files.put(&document_key, document(&report)?).await?;
        files.put(&page_key, page(&report).into_bytes()).await?;
        let folder = format!(
            "{}deliveries/{machine}/{name}/{}",
            parameters.report_prefix,
            time_of_key(ended.ended_at)
        );
        let turn = self.turn(&files, &folder, &own).await?;
        let Message { subject, body: message } = Message::new(&ended, format);
        let (turn, note, event, publish) = match turn {
            Turn::Deliver { note, event, message } => (WhoseTurn::Own, note, event, message),
            Turn::ClaimedBy(_) => (WhoseTurn::OfAnother, String::new(), false, false),
            Turn::Delivered => (WhoseTurn::Over, String::new(), false, false),
        };
        let publish_message = publish && !parameters.topic_arn.is_empty();
        let wait_seconds = WAIT_SECONDS;
        Ok(Output { turn, wait_seconds, ended, put_event: event, publish_message, subject, message, note })
    }
}

impl WriteReport {
    /// Reads an execution with its history.
    async fn read(&self, arn: &str) -> Result<Execution, Error> {
        let read = execution_history::read(&self.clients.sfn(), arn, |_| {}).await?;
        read.ok_or_else(|| {
            let reason =
                format!("is {arn}, which does not exist; Step Functions keeps executions for 90 days");
            InvalidInput { field: FIELD, reason }.into()
        })
    }

    /// Claims the delivery. Asks Step Functions about other executions that claimed it.
    async fn turn(&self, files: &Files, folder: &str, own: &str) -> Result<Turn, Error> {
        let mut ended = BTreeSet::new();
        loop {
            match delivery::claim(files, folder, own, &ended).await? {
                Turn::ClaimedBy(other) if !execution_history::runs(&self.clients.sfn(), &other).await? => {
                    ended.insert(other);
                }
                turn => return Ok(turn),
            }
        }
    }
}

fn document(report: &Report) -> Result<Vec<u8>, AwsFailure> {
    let document = serde_json::to_vec_pretty(report);
    document.map_err(|error| {
        AwsFailure::new("s3:PutObject", ErrorName::RequestRefused, format!("the report is not JSON: {error}"))
    })
}

#[cfg(test)]
mod tests;
