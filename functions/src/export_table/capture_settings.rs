//! `export-table.capture-settings`: writes a table's settings down beside its items.
//!
//! An export holds items; what else the table had (its tags, its scaling, its triggers) is needed on the day on which it
//! is made anew. `sync-settings` reads the same document. A setting that cannot be read is a note: the items are worth
//! having without it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::layout::Layout;
use super::{Plan, Run};
use crate::aws_failure::AwsFailure;
use crate::clients::Clients;
use crate::clock::Clock;
use crate::error_name::ErrorName;
use crate::files::{Files, FilesError};
use crate::settings::report::{self, bounded};
use crate::settings::{Aws, SettingsDocument};
use crate::step::{Failure, Named, Step};

/// Writes a table's settings down beside its items.
#[derive(Debug)]
pub struct CaptureSettings {
    aws: Aws,
    s3: aws_sdk_s3::Client,
    clock: Clock,
}

/// What the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// The execution, for the logs.
    pub execution_arn: String,
    /// What the run goes by.
    pub run: Run,
    /// What is exported.
    pub plan: Plan,
}

/// What was written.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// Where the document lies.
    pub settings: String,
    /// What could not be read, and why.
    #[schemars(length(max = 61), inner(length(max = 161)))]
    pub notes: Vec<String>,
}

/// Why the settings were not written down.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such table (any more).
    #[error("table {0} does not exist any more, so its settings cannot be read")]
    SourceTableMissing(String),
    /// The document could not be written.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// An AWS call failed. Its name and action are kept.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
}

impl Named for Error {
    fn name(&self) -> ErrorName {
        match self {
            Error::SourceTableMissing(_) => ErrorName::SourceTableMissing,
            Error::Files(error) => error.name(),
            Error::Aws(failure) => failure.name,
        }
    }
}

impl Step for CaptureSettings {
    const NAME: &'static str = "export-table.capture-settings";
    const ERRORS: &'static [&'static [ErrorName]] = &[AwsFailure::NAMES, &[ErrorName::SourceTableMissing]];
    type Input = Input;
    type Output = Output;
    type Error = Error;

    fn new(clients: &Clients) -> Result<CaptureSettings, Failure> {
        Ok(CaptureSettings { aws: clients.settings(), s3: clients.s3(), clock: Clock::System })
    }

    async fn run(&self, Input { run, plan, .. }: Input) -> Result<Output, Error> {
        let files = run.files(self.s3.clone(), &plan.table_name);
        capture(&self.aws, &files, &run, &plan, self.clock).await
    }
}

/// Reads the settings of the table and writes them down in the export's folder.
pub async fn capture(
    aws: &Aws,
    files: &Files,
    run: &Run,
    plan: &Plan,
    clock: Clock,
) -> Result<Output, Error> {
    let Some(table) = aws.describe(&plan.table_name).await? else {
        return Err(Error::SourceTableMissing(plan.table_name.clone()));
    };
    let mut document = SettingsDocument::of(&table, clock.now());
    let (settings, failed) = report::capture(aws, &table, |_| true).await?;
    document.settings = settings;
    let body = serde_json::to_vec_pretty(&document).map_err(AwsFailure::unbuilt("s3:PutObject"))?;
    let key = Layout::new(run, plan).settings();
    files.put(&key, body).await?;
    let notes = failed.iter().map(|unread| unread.report.in_words()).collect();
    Ok(Output { settings: files.location(&key), notes: bounded(notes) })
}

#[cfg(test)]
mod tests;
