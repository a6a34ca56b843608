//! Finds a snapshot by its name, and checks that its items fit the key of a table.

use crate::error_name::{ErrorName, HasErrorName};
use crate::export::layout::document_in;
use crate::import;
use crate::import::Import;
use crate::import::execution_input::Wanted;
use crate::import::source::Source;
use crate::input::InvalidInput;
use crate::snapshot::document;
use crate::snapshot::document::Document;
use crate::storage::{Files, FilesError};

/// The reason why a restore does not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The snapshot does not exist or cannot be read.
    #[error("{location}: {reason}")]
    NoSnapshot {
        /// Location of the snapshot's document.
        location: String,
        /// What is wrong with the document.
        reason: String,
    },
    /// The import was refused.
    #[error(transparent)]
    Import(#[from] import::plan::Error),
    /// A file could not be read.
    #[error(transparent)]
    Files(#[from] FilesError),
}

impl From<InvalidInput> for Error {
    fn from(error: InvalidInput) -> Error {
        Error::Import(error.into())
    }
}

impl HasErrorName for Error {
    fn name(&self) -> ErrorName {
        match self {
            Error::NoSnapshot { .. } => ErrorName::InvalidExport,
            Error::Import(error) => error.name(),
            Error::Files(error) => error.name(),
        }
    }
}

/// Checks the snapshot and the table as an import does, and compares their key attributes. Returns the same as
/// [`import::plan::plan`].
pub async fn plan(
    dynamodb: &aws_sdk_dynamodb::Client,
    files: &Files,
    input: import::execution_input::ExecutionInput,
    wanted: Wanted,
    found: Option<Source>,
) -> Result<(Import, Source), Error> {
    let key = document_in(&folder_of(&wanted.place));
    let Document { snapshot, .. } = match document::read(files, &key).await? {
        Ok(document) => document,
        Err(reason) => return Err(Error::NoSnapshot { location: files.location(&key), reason }),
    };
    let (import, source) = import::plan::plan(dynamodb, files, input, wanted, found).await?;
    if import.key_names != snapshot.key_names {
        let (own, others) = (import.key_names.join(", "), snapshot.key_names.join(", "));
        let reason = format!(
            "is {}, whose key attributes are {own}; those of the snapshot's items are {others}",
            import.table_name
        );
        return Err(InvalidInput { field: "TableName", reason }.into());
    }
    Ok((import, source))
}

/// Returns the folder of a snapshot. `location` is the folder or a manifest in it.
fn folder_of(location: &str) -> String {
    let folder = location.split_once("AWSDynamoDB/").map_or(location, |(folder, _)| folder);
    match folder {
        "" => String::new(),
        folder => format!("{}/", folder.trim_end_matches('/')),
    }
}
