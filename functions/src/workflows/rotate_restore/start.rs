//! `rotate-restore.start`: starts executions for AWS Backup's notifications.
//!
//! The step reads every record of the event. A record that cannot be read or started does not prevent the others from
//! being started. The invocation then fails with the error name of the first bad record. So Lambda delivers the event
//! again, and finally puts it, with the reason, into the dead-letter queue. Delivering it again is harmless: the name
//! of an execution derives from the backup job, and an existing execution is a success.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::aws::start_execution::{Started, start_execution};
use tablekeeper_core::error_name::{ErrorName, HasErrorName};
use tablekeeper_core::rotation::decision::{Decision, DecisionError, decide};
use tablekeeper_core::rotation::naming::{Patterns, RotationError};
use tablekeeper_core::rotation::notification::{EventBridgeEvent, SnsRecord};
use tablekeeper_core::rotation::request::TemplateParameters;

use super::template;
use crate::environment::{InvalidConfiguration, required};
use crate::step::{Failure, Step};

/// The step that starts executions for AWS Backup's notifications.
#[derive(Debug)]
pub struct Start {
    sfn: aws_sdk_sfn::Client,
    state_machine_arn: String,
    template: TemplateParameters,
}

/// An event of SNS or EventBridge. It is read record by record and not as a whole.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub struct Event(pub Value);

impl JsonSchema for Event {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Event".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        /// An event of SNS or EventBridge.
        #[expect(dead_code, reason = "describes the shapes; the event is read by hand")]
        #[derive(JsonSchema)]
        #[serde(untagged)]
        enum Shape {
            /// Event of SNS.
            Sns {
                /// SNS notifications.
                #[serde(rename = "Records")]
                records: Vec<SnsRecord>,
            },
            /// Event of EventBridge.
            EventBridge(EventBridgeEvent),
        }
        Shape::json_schema(generator)
    }
}

/// The outcome of each record.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
pub struct Output {
    /// Outcomes, in the order of the event's records.
    #[schemars(length(max = 100))]
    pub records: Vec<RecordOutcome>,
}

/// The outcome of a record.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(tag = "outcome", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum RecordOutcome {
    /// An execution was started.
    Started {
        /// ARN of the execution.
        execution_arn: String,
        /// Name of the table that the execution makes.
        target_table: String,
    },
    /// An execution for this backup exists already.
    Duplicate {
        /// Name of the execution.
        execution_name: String,
    },
    /// The record asks for no restore.
    Skipped {
        /// Why the record asks for no restore.
        reason: String,
    },
}

/// Why an event, or a record of it, could not be processed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The record cannot be read, or its table cannot be restored under the new name.
    #[error(transparent)]
    Decision(#[from] DecisionError),
    /// An environment variable of the function is wrong.
    #[error(transparent)]
    Configuration(#[from] InvalidConfiguration),
    /// A pattern in the function's environment is wrong.
    #[error(transparent)]
    Pattern(#[from] RotationError),
    /// The execution could not be started.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
}

impl HasErrorName for Error {
    fn name(&self) -> ErrorName {
        match self {
            Error::Decision(error) => error.name(),
            Error::Configuration(error) => error.name(),
            Error::Pattern(error) => error.name(),
            Error::Aws(failure) => failure.name,
        }
    }
}

impl Step for Start {
    const NAME: &'static str = "rotate-restore.start";
    const ERRORS: &'static [&'static [ErrorName]] = &[
        AwsFailure::NAMES,
        &[
            ErrorName::InvalidConfiguration,
            ErrorName::InvalidParameterName,
            ErrorName::InvalidPattern,
            ErrorName::InvalidTargetName,
        ],
    ];
    const REFUSED_INPUT: ErrorName = ErrorName::MalformedNotification;
    type Input = Event;
    type Output = Output;
    type Error = Error;

    fn new(clients: &Clients) -> Result<Start, Failure> {
        Ok(Start {
            sfn: clients.sfn(),
            state_machine_arn: required("STATE_MACHINE_ARN")?,
            template: template::from_env()?,
        })
    }

    async fn run(&self, Event(event): Event) -> Result<Output, Error> {
        let template = &self.template;
        let patterns = Patterns::new(
            &template.source_pattern,
            &template.replacement_pattern,
            Some(template.ssm_parameter_name.as_str()),
        )?;
        let mut records = Vec::new();
        let mut first_error = None;
        for decision in decide(&event, &patterns) {
            match self.follow(decision).await {
                Ok(outcome) => {
                    tracing::info!(outcome = %serde_json::json!(outcome), "record processed");
                    records.push(outcome);
                }
                Err(error) => {
                    tracing::error!(name = %error.name(), %error, "record not processed");
                    first_error.get_or_insert(error);
                }
            }
        }
        first_error.map_or(Ok(Output { records }), Err)
    }
}

impl Start {
    async fn follow(&self, decision: Result<Decision, DecisionError>) -> Result<RecordOutcome, Error> {
        let (backup, rotation, execution_name) = match decision? {
            Decision::Restore { backup, rotation, execution_name } => (backup, rotation, execution_name),
            Decision::Skip(reason) => return Ok(RecordOutcome::Skipped { reason }),
        };
        let (machine, input) = (&self.state_machine_arn, self.template.execution_input(*backup));
        Ok(match start_execution(&self.sfn, machine, &execution_name, &input).await? {
            Started::Now(execution_arn) => {
                RecordOutcome::Started { execution_arn, target_table: rotation.target_table }
            }
            Started::Before => RecordOutcome::Duplicate { execution_name },
        })
    }
}

#[cfg(test)]
mod tests;
