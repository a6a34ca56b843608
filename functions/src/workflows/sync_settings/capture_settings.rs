//! `sync-settings.capture-settings`: writes the settings of tables to S3, in case the tables are deleted later.
//!
//! The function runs on a schedule, or is invoked next to a backup. A table that does not exist, or a setting that
//! cannot be read, fails the capture with an error name, but only after all other tables were written. A document that
//! lacks a setting is better than none, and a capture must not fail unnoticed.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::clock::Clock;
use tablekeeper_core::error_name::{ErrorName, HasErrorName};
use tablekeeper_core::settings::store::{Location, StoreError};
use tablekeeper_core::settings::{Aws, SettingsDocument, report, store};

use crate::environment::{InvalidConfiguration, required};
use crate::step::{Failure, Step};

/// The step that writes the settings of tables to S3 while the tables exist.
#[derive(Debug)]
pub struct CaptureSettings {
    aws: Aws,
    s3: aws_sdk_s3::Client,
    clock: Clock,
    bucket: String,
}

/// The tables whose settings are captured.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Input {
    /// Names or ARNs of the tables.
    #[schemars(length(min = 1, max = 100))]
    pub table_names: Vec<String>,
    /// Time that the settings apply to, if it is not now: the time of the backup that they are captured for. A restore
    /// of that time then finds them. Without it, only a restore of a later time does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<DateTime<Utc>>,
}

/// The documents that were written.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    /// One document per table, in the order of the input.
    #[schemars(length(max = 100))]
    pub documents: Vec<Captured>,
}

/// A document that was written.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Captured {
    /// ARN of the table.
    pub table_arn: String,
    /// Time when the settings were read.
    pub captured_at: DateTime<Utc>,
    /// Location of the document.
    pub document: Location,
}

/// Why settings were not captured, or not completely.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// A table does not exist.
    #[error("table {0} does not exist")]
    SourceTableMissing(String),
    /// Some settings of a table cannot be read.
    #[error("the settings of {table} were written to {location} without these: {missing}")]
    NotWhole {
        /// Error name of the first setting that cannot be read.
        name: ErrorName,
        /// Name of the table.
        table: String,
        /// Location of the document with the other settings.
        location: Location,
        /// The missing settings, each with the reason.
        missing: String,
    },
    /// An environment variable of the function is wrong.
    #[error(transparent)]
    Configuration(#[from] InvalidConfiguration),
    /// A document could not be written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An AWS call failed; holds its error name and action.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
}

impl HasErrorName for Error {
    fn name(&self) -> ErrorName {
        match self {
            Error::SourceTableMissing(_) => ErrorName::SourceTableMissing,
            Error::NotWhole { name, .. } => *name,
            Error::Configuration(error) => error.name(),
            Error::Store(error) => error.name(),
            Error::Aws(failure) => failure.name,
        }
    }
}

impl Step for CaptureSettings {
    const NAME: &'static str = "sync-settings.capture-settings";
    const ERRORS: &'static [&'static [ErrorName]] = &[
        AwsFailure::NAMES,
        &[ErrorName::InvalidConfiguration, ErrorName::InvalidSettingsDocument, ErrorName::SourceTableMissing],
    ];
    type Input = Input;
    type Output = Output;
    type Error = Error;

    fn new(clients: &Clients) -> Result<CaptureSettings, Failure> {
        let bucket = required("SETTINGS_BUCKET")?;
        Ok(CaptureSettings { aws: clients.settings(), s3: clients.s3(), clock: Clock::System, bucket })
    }

    async fn run(&self, Input { table_names, as_of }: Input) -> Result<Output, Error> {
        // If the time does not suffice for all tables, the next run begins with another table.
        let minutes = usize::try_from(self.clock.now().timestamp() / 60).unwrap_or_default();
        let first = minutes.checked_rem(table_names.len()).unwrap_or_default();
        // For this run only: the function's process lives on, and the alarms change.
        let aws = self.aws.clone().for_many_tables();
        let mut documents = BTreeMap::new();
        let mut first_error = None;
        let in_order = table_names.iter().enumerate();
        for (index, table) in in_order.clone().skip(first).chain(in_order.take(first)) {
            match self.capture(&aws, table, as_of).await {
                Ok(captured) => {
                    documents.insert(index, captured);
                }
                Err(error) => {
                    tracing::error!(name = %error.name(), %error, "settings not captured");
                    first_error.get_or_insert(error);
                }
            }
        }
        first_error.map_or_else(|| Ok(Output { documents: documents.into_values().collect() }), Err)
    }
}

impl CaptureSettings {
    async fn capture(&self, aws: &Aws, table: &str, as_of: Option<DateTime<Utc>>) -> Result<Captured, Error> {
        let Some(table) = aws.describe(table).await? else {
            return Err(Error::SourceTableMissing(table.to_owned()));
        };
        let mut document = SettingsDocument::from_table(&table, self.clock.now());
        let (settings, failed) = report::capture(aws, &table, |_| true).await?;
        let name = failed.first().map(|unread| unread.name);
        document.settings = settings;
        let moment = as_of.unwrap_or(document.captured_at);
        let key = store::captured_key(&table.arn, moment);
        let key = key.unwrap_or_else(|| format!("settings/{}.json", table.name));
        let location = Location { bucket: self.bucket.clone(), key };
        store::put(&self.s3, &location, &document).await?;
        if let Some(name) = name {
            let missing = failed.iter().map(|unread| unread.report.to_text()).collect::<Vec<_>>().join("; ");
            return Err(Error::NotWhole { name, table: table.name, location, missing });
        }
        let captured_at = document.captured_at;
        Ok(Captured { table_arn: table.arn, captured_at, document: location })
    }
}

#[cfg(test)]
mod tests;
