//! `sync-settings.start`: starts an execution for the event of a restore.
//!
//! Several events report one restore. So the name of the execution derives from what they have in common: the id of the
//! table that is made. The table's name would not suffice. A table of the same name may be restored again the next day,
//! while Step Functions remembers the name of an execution for 90 days. An existing execution is a success.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tablekeeper_core::aws::arn::table_arn;
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::aws::start_execution::{Started, start_execution};
use tablekeeper_core::aws::table as table_description;
use tablekeeper_core::error_name::{ErrorName, HasErrorName};
use tablekeeper_core::settings::sync::execution_input::ExecutionInput;

use super::event;
use super::event::{MalformedEvent, Notification, Restore};
use crate::environment::{InvalidConfiguration, required};
use crate::step::{Failure, Step};

/// The step that starts an execution for the event of a restore.
#[derive(Debug)]
pub struct Start {
    dynamodb: aws_sdk_dynamodb::Client,
    sfn: aws_sdk_sfn::Client,
    state_machine_arn: String,
}

/// An event of EventBridge.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Event(pub Value);

/// The outcome for the event.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(tag = "outcome", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Output {
    /// An execution was started.
    Started {
        /// ARN of the execution.
        execution_arn: String,
        /// ARN of the table that gets its settings.
        target: String,
    },
    /// An execution for this table exists already.
    Duplicate {
        /// Name of the execution.
        execution_name: String,
    },
    /// The event asks for no sync.
    Skipped {
        /// Why the event asks for no sync.
        reason: String,
    },
}

/// Why an event could not be processed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The event cannot be read.
    #[error(transparent)]
    Malformed(#[from] MalformedEvent),
    /// The table that the event names does not exist.
    #[error("table {0}, which the event reports as restored, does not exist yet or was deleted")]
    TargetTableMissing(String),
    /// An environment variable of the function is wrong.
    #[error(transparent)]
    Configuration(#[from] InvalidConfiguration),
    /// An AWS call failed; holds its error name and action.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
}

impl HasErrorName for Error {
    fn name(&self) -> ErrorName {
        match self {
            Error::Malformed(_) => ErrorName::MalformedNotification,
            Error::TargetTableMissing(_) => ErrorName::TargetTableMissing,
            Error::Configuration(error) => error.name(),
            Error::Aws(failure) => failure.name,
        }
    }
}

/// Returns the name of the execution for a table. It derives from the table's id, so Step Functions refuses a second
/// one.
pub fn execution_name(table_id: &str) -> String {
    format!("sync-{table_id}")
}

impl Step for Start {
    const NAME: &'static str = "sync-settings.start";
    const ERRORS: &'static [&'static [ErrorName]] =
        &[AwsFailure::NAMES, &[ErrorName::InvalidConfiguration, ErrorName::TargetTableMissing]];
    const REFUSED_INPUT: ErrorName = ErrorName::MalformedNotification;
    type Input = Event;
    type Output = Output;
    type Error = Error;

    fn new(clients: &Clients) -> Result<Start, Failure> {
        let state_machine_arn = required("STATE_MACHINE_ARN")?;
        Ok(Start { dynamodb: clients.dynamodb(), sfn: clients.sfn(), state_machine_arn })
    }

    async fn run(&self, Event(event): Event) -> Result<Output, Error> {
        let output = match event::read(&event)? {
            Notification::Other(reason) => Output::Skipped { reason },
            Notification::Restore(restore) => self.start(restore).await?,
        };
        tracing::info!(outcome = %serde_json::json!(output), "event processed");
        Ok(output)
    }
}

impl Start {
    async fn start(&self, restore: Restore) -> Result<Output, Error> {
        let Restore { target, source, backup_arn, restore_date_time } = restore;
        let table = table_description::describe(&self.dynamodb, &target).await?;
        let described = table.as_ref().and_then(|table| Some((table.table_id()?, table.table_arn()?)));
        let Some((id, arn)) = described else { return Err(Error::TargetTableMissing(target)) };
        let execution_name = execution_name(id);
        // `rotate-restore` writes the same. The same name with the same input is the same execution.
        let source = source.map(|source| table_arn(&source, arn));
        let input = ExecutionInput {
            backup_arn,
            restore_date_time,
            ..ExecutionInput::from_restore(source, arn.to_owned())
        };
        Ok(match start_execution(&self.sfn, &self.state_machine_arn, &execution_name, &input).await? {
            Started::Now(execution_arn) => Output::Started { execution_arn, target: input.target },
            Started::Before => Output::Duplicate { execution_name },
        })
    }
}

#[cfg(test)]
mod tests;
