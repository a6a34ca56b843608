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
use tablekeeper_core::rotation::execution_input::{BackupSnsMessage, ExecutionInput};
use tablekeeper_core::rotation::naming::{Patterns, RotationError};
use tablekeeper_core::rotation::notification::{EventBridgeEvent, SnsRecord};
use tablekeeper_core::rotation::overrides::{BillingMode, SseSpecification};

use crate::environment::{InvalidConfiguration, optional, present, required};
use crate::step::{Failure, Step};

/// The step that starts executions for AWS Backup's notifications.
#[derive(Debug)]
pub struct Start {
    sfn: aws_sdk_sfn::Client,
    config: Config,
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

/// The input values of the executions: the template's parameters, from the function's environment.
#[derive(Clone, Debug)]
pub struct Config {
    state_machine_arn: String,
    source_pattern: String,
    replacement_pattern: String,
    ssm_parameter_name: String,
    billing_mode_override: Option<BillingMode>,
    sse_kms_master_key_id: Option<String>,
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

impl Config {
    /// Reads the configuration from the environment that the template gives the function.
    pub fn from_env() -> Result<Config, Error> {
        let billing_mode_override = match optional("BILLING_MODE_OVERRIDE") {
            None => None,
            Some(text) => Some(serde_json::from_value(Value::String(text)).map_err(|error| {
                InvalidConfiguration { variable: "BILLING_MODE_OVERRIDE", reason: error.to_string() }
            })?),
        };
        Ok(Config {
            state_machine_arn: required("STATE_MACHINE_ARN")?,
            source_pattern: present("SOURCE_PATTERN")?,
            replacement_pattern: present("REPLACEMENT_PATTERN")?,
            ssm_parameter_name: optional("SSM_PARAMETER_NAME").unwrap_or_default(),
            billing_mode_override,
            sse_kms_master_key_id: optional("SSE_KMS_MASTER_KEY_ID"),
        })
    }

    fn execution_input(&self, backup: BackupSnsMessage) -> ExecutionInput {
        ExecutionInput {
            backup_sns_message: backup,
            source_pattern: self.source_pattern.clone(),
            replacement_pattern: self.replacement_pattern.clone(),
            ssm_parameter_name: Some(self.ssm_parameter_name.clone()),
            restore_timeout_seconds: None,
            billing_mode_override: self.billing_mode_override,
            global_secondary_index_override: None,
            vector_index_override: None,
            local_secondary_index_override: None,
            provisioned_throughput_override: None,
            on_demand_throughput_override: None,
            sse_specification_override: self
                .sse_kms_master_key_id
                .clone()
                .map(|key| SseSpecification { enabled: true, kms_master_key_id: Some(key) }),
            started_by_execution_id: None,
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
        Ok(Start { sfn: clients.sfn(), config: Config::from_env()? })
    }

    async fn run(&self, Event(event): Event) -> Result<Output, Error> {
        let config = &self.config;
        let patterns = Patterns::new(
            &config.source_pattern,
            &config.replacement_pattern,
            Some(config.ssm_parameter_name.as_str()),
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
        let (machine, input) = (&self.config.state_machine_arn, self.config.execution_input(*backup));
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
