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

/// The location of the settings, and notes about them.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// Location of the settings document.
    pub settings: String,
    /// Settings that could not be read, each with the reason.
    #[schemars(length(max = 61), inner(length(max = 161)))]
    pub notes: Vec<String>,
}

/// An error that prevented writing the settings.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The table does not exist.
    #[error("table {0} no longer exists, so its settings cannot be read")]
    SourceTableMissing(String),
    /// The document could not be written.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// An AWS call failed; holds its error name and action.
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

/// Reads the settings of the table and writes them into the folder of the export.
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
    let notes = failed.iter().map(|unread| unread.report.to_text()).collect();
    Ok(Output { settings: files.location(&key), notes: bounded(notes) })
}
