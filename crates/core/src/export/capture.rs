//! Writes the settings of a table into the folder of its export.

use schemars::JsonSchema;
use serde::Serialize;

use crate::aws::failure::AwsFailure;
use crate::clock::Clock;
use crate::error_name::{ErrorName, HasErrorName};
use crate::export::layout::Layout;
use crate::export::{ExportConfig, Plan};
use crate::settings::report::bounded;
use crate::settings::{Aws, SettingsDocument, report};
use crate::storage::{Files, FilesError};

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

impl HasErrorName for Error {
    fn name(&self) -> ErrorName {
        match self {
            Error::SourceTableMissing(_) => ErrorName::SourceTableMissing,
            Error::Files(error) => error.name(),
            Error::Aws(failure) => failure.name,
        }
    }
}

/// Reads the settings of the table and writes them down in the export's folder.
pub async fn capture(
    aws: &Aws,
    files: &Files,
    run: &ExportConfig,
    plan: &Plan,
    clock: Clock,
) -> Result<Output, Error> {
    let Some(table) = aws.describe(&plan.table_name).await? else {
        return Err(Error::SourceTableMissing(plan.table_name.clone()));
    };
    let mut document = SettingsDocument::from_table(&table, clock.now());
    let (settings, failed) = report::capture(aws, &table, |_| true).await?;
    document.settings = settings;
    let body = serde_json::to_vec_pretty(&document).map_err(AwsFailure::unbuilt("s3:PutObject"))?;
    let key = Layout::new(run, plan).settings();
    files.put(&key, body).await?;
    let notes = failed.iter().map(|unread| unread.report.in_words()).collect();
    Ok(Output { settings: files.location(&key), notes: bounded(notes) })
}
