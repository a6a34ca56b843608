//! Reads `export.json`, the document that describes a snapshot in its folder.

use serde::{Deserialize, Serialize};

use super::Snapshot;
use crate::export::claim::Owned;
use crate::export::layout::Layout;
use crate::export::manifest::SUMMARY;
use crate::storage::{Files, FilesError};

/// The document of a snapshot.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Document {
    /// Version of the document's format.
    pub version: u32,
    /// Owner of the folder.
    pub owner: String,
    /// Plan of the snapshot.
    pub snapshot: Snapshot,
}

impl Owned for Document {
    const VERSION: u32 = 1;

    fn version(&self) -> u32 {
        self.version
    }

    fn owner(&self) -> &str {
        &self.owner
    }
}

impl Snapshot {
    /// Checks whether the snapshot is complete: its manifest exists.
    pub async fn is_whole(&self, files: &Files) -> Result<bool, FilesError> {
        let manifest = Layout::new(&self.run, &self.plan).manifest(SUMMARY);
        Ok(files.list(&manifest).await?.iter().any(|file| file.key == manifest))
    }
}

/// Reads the document at this key. The inner error is the reason why it is not usable, to be printed after its
/// location.
pub async fn read(files: &Files, key: &str) -> Result<Result<Document, String>, FilesError> {
    let Some(body) = files.get(key).await? else {
        return Ok(Err(
            "there is no snapshot: this document, which every snapshot has, is missing".to_owned()
        ));
    };
    Ok(match serde_json::from_slice::<Document>(&body) {
        Ok(document) if document.version == Document::VERSION => Ok(document),
        Ok(document) => Err(format!("its version is {}; it must be {}", document.version, Document::VERSION)),
        Err(error) => Err(format!("it is not a snapshot's document: {error}")),
    })
}
