//! Checks that the files of an import are those that it was planned with.

use crate::error_name::ErrorName;
use crate::import::{Import, source};
use crate::storage::Files;

/// The files are not those that the import was planned with.
#[derive(Debug, thiserror::Error)]
pub enum Changed {
    /// There are others, or some are missing, or hold something else.
    #[error(
        "the files in {location} are not those that the import was planned with ({was} files); they have to stay as \
         they are until it ends"
    )]
    Others {
        /// The folder or the manifest that they were planned by.
        location: String,
        /// How many there were.
        was: u32,
    },
    /// They do not fit their manifest any more.
    #[error(
        "{0}; when the import was planned, it was right: the files have to stay as they are until it ends"
    )]
    Wrong(source::Error),
    /// They could not be looked at.
    #[error(transparent)]
    Unread(source::Error),
}

impl Changed {
    /// The name that a step fails by.
    pub fn name(&self) -> ErrorName {
        match self {
            Changed::Others { .. } | Changed::Wrong(_) => ErrorName::ImportChanged,
            Changed::Unread(error) => error.name(),
        }
    }
}

/// The files of an import, which have to be those that it was planned with.
pub async fn unchanged(files: &Files, import: &Import) -> Result<source::Source, Changed> {
    let source = source::load(files, &import.root, import.manifest.as_deref()).await;
    let source = source.map_err(|error| match error {
        source::Error::Invalid { .. } => Changed::Wrong(error),
        source::Error::Files(_) => Changed::Unread(error),
    })?;
    match source.digest() == import.files_digest {
        true => Ok(source),
        false => Err(Changed::Others { location: files.location(&import.root), was: import.files }),
    }
}
