//! `sync-settings.capture-settings`: writes down what tables have, for the day on which they are gone.
//!
//! On a schedule, or called by whoever makes a backup. A table that does not exist, or a setting that cannot
//! be read, fails the capture by name, but only after every other table was written: a document that lacks a
//! setting is better than none, and a capture that fails unseen is worse than either.

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

use crate::step::{Failure, Step};

/// Writes down the settings of tables while they exist.
#[derive(Debug)]
pub struct CaptureSettings {
    aws: Aws,
    s3: aws_sdk_s3::Client,
    clock: Clock,
    bucket: String,
}

/// Whose settings are written down.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Input {
    /// The tables, by name or ARN.
    #[schemars(length(min = 1, max = 100))]
    pub table_names: Vec<String>,
    /// The moment that the settings are to speak for, where that is not now: when the backup was made that they are
    /// captured beside. They are found for a restore of that moment, and not only for one of a later moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<DateTime<Utc>>,
}

/// What was written.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    /// A document for each table, in the input's order.
    #[schemars(length(max = 100))]
    pub documents: Vec<Captured>,
}

/// A document that was written.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Captured {
    /// The table.
    pub table_arn: String,
    /// When it was read.
    pub captured_at: DateTime<Utc>,
    /// Where it lies.
    pub document: Location,
}

/// Why settings were not, or not wholly, written down.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The table does not exist.
    #[error("table {0} does not exist")]
    SourceTableMissing(String),
    /// Some of its settings cannot be read.
    #[error("the settings of {table} were written down to {location} without these: {missing}")]
    NotWhole {
        /// Why the first of them cannot be read.
        name: ErrorName,
        /// The table.
        table: String,
        /// Where the rest lies.
        location: Location,
        /// What is missing, and why.
        missing: String,
    },
    /// The function's environment is wrong.
    #[error("the function's environment variable SETTINGS_BUCKET cannot be read: {0}")]
    Configuration(String),
    /// The document could not be written.
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
            Error::Configuration(_) => ErrorName::InvalidConfiguration,
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

    #[expect(
        clippy::disallowed_methods,
        reason = "this step runs outside the machine, and the template tells it the bucket in the environment"
    )]
    fn new(clients: &Clients) -> Result<CaptureSettings, Failure> {
        let bucket =
            std::env::var("SETTINGS_BUCKET").map_err(|error| Error::Configuration(error.to_string()))?;
        Ok(CaptureSettings { aws: clients.settings(), s3: clients.s3(), clock: Clock::System, bucket })
    }

    async fn run(&self, Input { table_names, as_of }: Input) -> Result<Output, Error> {
        // Should the time not be enough for all, another run begins with another table.
        let minutes = usize::try_from(self.clock.now().timestamp() / 60).unwrap_or_default();
        let first = minutes.checked_rem(table_names.len()).unwrap_or_default();
        // For this run alone: the function's process lives on, and the alarms do not stay as they are.
        let aws = self.aws.clone().for_many_tables();
        let mut documents = BTreeMap::new();
        let mut first_error = None;
        let in_order = table_names.iter().enumerate();
        for (place, table) in in_order.clone().skip(first).chain(in_order.take(first)) {
            match self.capture(&aws, table, as_of).await {
                Ok(captured) => {
                    documents.insert(place, captured);
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
            let missing = failed.iter().map(|unread| unread.report.in_words()).collect::<Vec<_>>().join("; ");
            return Err(Error::NotWhole { name, table: table.name, location, missing });
        }
        let captured_at = document.captured_at;
        Ok(Captured { table_arn: table.arn, captured_at, document: location })
    }
}

#[cfg(test)]
mod tests;
