//! Checks that the files of an import or of a verification have not changed since it was planned.

use crate::error_name::ErrorName;
use crate::import::{Import, source};
use crate::storage::Files;

/// Files that changed since they were found, or could not be checked.
#[derive(Debug, thiserror::Error)]
pub enum Changed {
    /// Files were added, removed or changed.
    #[error(
        "the files in {location} are not the {was} files that were there at the beginning; they must not change until the \
         end"
    )]
    Others {
        /// Location of the folder.
        location: String,
        /// Number of files at the beginning.
        was: u32,
    },
    /// The files no longer match their manifest.
    #[error("{0}; the files were valid at the beginning, and must not change until the end")]
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
    let Import { root, manifest, files_digest, files: was, .. } = import;
    unchanged_files(files, root, manifest.as_deref(), files_digest, *was).await
}

/// Returns the files that [`source::find`] found before. Fails if there are others now than the `was` files with this
/// digest.
pub async fn unchanged_files(
    files: &Files,
    root: &str,
    manifest: Option<&str>,
    digest: &str,
    was: u32,
) -> Result<source::Source, Changed> {
    let source = source::load(files, root, manifest).await;
    let source = source.map_err(|error| match error {
        source::Error::Invalid { .. } => Changed::Wrong(error),
        source::Error::Files(_) => Changed::Unread(error),
    })?;
    match source.digest() == digest {
        true => Ok(source),
        false => Err(Changed::Others { location: files.location(root), was }),
    }
}
