//! Checks that the files of an import have not changed since it was planned.

use crate::error_name::ErrorName;
use crate::import::{Import, source};
use crate::storage::Files;

/// Files that changed after the import was planned, or could not be checked.
#[derive(Debug, thiserror::Error)]
pub enum Changed {
    /// Files were added, removed or changed.
    #[error(
        "the files in {location} are not the {was} files that the import was planned with; the files of an import must \
         not change until it ends"
    )]
    Others {
        /// Location of the folder.
        location: String,
        /// Number of files in the plan.
        was: u32,
    },
    /// The files no longer match their manifest.
    #[error("{0}; the files were valid when the import was planned, and must not change until it ends")]
    Wrong(source::Error),
    /// The files could not be read.
    #[error(transparent)]
    Unread(source::Error),
}

impl Changed {
    /// Returns the name that a step fails with.
    pub fn name(&self) -> ErrorName {
        match self {
            Changed::Others { .. } | Changed::Wrong(_) => ErrorName::ImportChanged,
            Changed::Unread(error) => error.name(),
        }
    }
}

/// Returns the files of an import. Fails if they have changed since it was planned.
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
