//! Checks that all items of an export were written, and into one table.

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

/// A segment that is done.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Written {
    /// How many items it wrote.
    pub items: u64,
    /// What is in doubt of them.
    pub doubts: Doubts,
}

/// What an execution ends with.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    /// The table.
    pub table_name: String,
    /// How many items were written; those that several lines hold are counted once for each.
    pub item_count: u64,
    /// How many files they were read from.
    pub files: u32,
    /// Where those lie.
    pub from: String,
    /// What of lines without types may have been another type in the table that they came from.
    #[schemars(length(max = 4))]
    pub notes: Vec<String>,
}

/// Why the import is not what it should be.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The files are not those that the import was planned with.
    #[error(transparent)]
    Changed(#[from] Changed),
    /// The table is gone.
    #[error("table {0} does not exist any more: it was deleted while items were written to it")]
    TableMissing(String),
    /// The table is another now.
    #[error(
        "table {0} is not the one that items were written to at first: it was deleted and made anew meanwhile, and lacks \
         those that were written before"
    )]
    TableReplaced(String),
    /// Not as many items were written as there are.
    #[error("{written} items were written to table {table}, but {from} holds {said}")]
    NotVerified {
        /// The table.
        table: String,
        /// The export.
        from: String,
        /// How many were written.
        written: u64,
        /// How many its manifest says there are.
        said: u64,
    },
    /// Not all segments are done.
    #[error("{done} segments are done, but the import has {all}")]
    Segments {
        /// So many are.
        done: usize,
        /// Of so many.
        all: u32,
    },
    /// An AWS call failed. Its name and action are kept.
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

/// Looks at the table once more, and compares what was written with what there is.
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
        Some(said) if said != written => {
            Err(Error::NotVerified { table: import.table_name, from, written, said })
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

/// Fails where the table is gone, or is another one. Items are written by the table's name, for days where there is a rate: a
/// table that is deleted and created again under that name lacks what was written before, and no count shows it.
async fn check_same_table(dynamodb: &aws_sdk_dynamodb::Client, import: &Import) -> Result<(), Error> {
    let name = || import.table_name.clone();
    let there = table_description::describe(dynamodb, &import.table_name).await?;
    match there.filter(|table| table.table_status() != Some(&TableStatus::Deleting)) {
        None => Err(Error::TableMissing(name())),
        Some(table) if table.table_id().unwrap_or_default() != import.table_id => {
            Err(Error::TableReplaced(name()))
        }
        Some(_) => Ok(()),
    }
}
