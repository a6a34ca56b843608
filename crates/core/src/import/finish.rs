//! Verifies that all items of an import were written into the planned table.

use aws_sdk_dynamodb::types::TableStatus;
use item_formats::Doubts;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::unchanged::{Changed, unchanged};
use crate::aws::failure::AwsFailure;
use crate::aws::table as table_description;
use crate::error_name::{ErrorName, HasErrorName};
use crate::import::{Import, doubts};
use crate::storage::Files;

/// The result of a finished segment.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Written {
    /// Number of items that the segment wrote.
    pub items: u64,
    /// Counts of doubtful values in these items.
    pub doubts: Doubts,
}

/// The output of an execution.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    /// Name of the table.
    pub table_name: String,
    /// Number of written lines. An item in several lines counts once per line.
    pub item_count: u64,
    /// Number of files that were read.
    pub files: u32,
    /// Location of the files.
    pub from: String,
    /// Notes about values that may have had another type in their original table.
    #[schemars(length(max = 4))]
    pub notes: Vec<String>,
}

/// An import that failed verification.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The files changed after the import was planned.
    #[error(transparent)]
    Changed(#[from] Changed),
    /// The table was deleted.
    #[error("table {0} was deleted while items were written to it")]
    TableMissing(String),
    /// The table was deleted and created again.
    #[error(
        "table {0} is not the table that items were written to at first: it was deleted and re-created during the import, \
         and lacks the items that were written before"
    )]
    TableReplaced(String),
    /// The number of written items differs from the manifest.
    #[error("{written} items were written to table {table}, but {from} holds {expected}")]
    NotVerified {
        /// Name of the table.
        table: String,
        /// Location of the export.
        from: String,
        /// Number of items written.
        written: u64,
        /// Number of items according to the manifest.
        expected: u64,
    },
    /// Some segments are not finished.
    #[error("{done} segments are done, but the import has {all}")]
    Segments {
        /// Number of finished segments.
        done: usize,
        /// Number of all segments.
        all: u32,
    },
    /// An AWS call failed; holds its error name and action.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
}

impl HasErrorName for Error {
    fn name(&self) -> ErrorName {
        match self {
            Error::Changed(error) => error.name(),
            Error::TableMissing(_)
            | Error::TableReplaced(_)
            | Error::NotVerified { .. }
            | Error::Segments { .. } => ErrorName::ImportNotVerified,
            Error::Aws(failure) => failure.name,
        }
    }
}

/// Verifies that the table and the files are still the planned ones and that all items were written.
pub async fn finish(
    dynamodb: &aws_sdk_dynamodb::Client,
    files: &Files,
    import: Import,
    segments: &[Written],
) -> Result<Output, Error> {
    if u32::try_from(segments.len()) != Ok(import.segments) {
        return Err(Error::Segments { done: segments.len(), all: import.segments });
    }
    check_same_table(dynamodb, &import).await?;
    unchanged(files, &import).await?;
    let from = files.location(import.manifest.as_deref().unwrap_or(&import.root));
    let written = segments.iter().map(|segment| segment.items).sum();
    match import.item_count {
        Some(expected) if expected != written => {
            Err(Error::NotVerified { table: import.table_name, from, written, expected })
        }
        _ => {
            let mut doubtful = Doubts::default();
            segments.iter().for_each(|segment| doubtful += segment.doubts);
            let notes = doubts::notes(import.format, &doubtful);
            let Import { table_name, files, .. } = import;
            Ok(Output { table_name, item_count: written, files, from, notes })
        }
    }
}

/// Checks that the table is still the planned one. Items are written by the name of the table, for days if the rate is
/// limited. A table that was deleted and created again lacks the items written before, and no count shows it.
async fn check_same_table(dynamodb: &aws_sdk_dynamodb::Client, import: &Import) -> Result<(), Error> {
    let name = || import.table_name.clone();
    let table = table_description::describe(dynamodb, &import.table_name).await?;
    match table.filter(|table| table.table_status() != Some(&TableStatus::Deleting)) {
        None => Err(Error::TableMissing(name())),
        Some(table) if table.table_id().unwrap_or_default() != import.table_id => {
            Err(Error::TableReplaced(name()))
        }
        Some(_) => Ok(()),
    }
}
