//! What a snapshot's folder says of it: `export.json`.

use serde::{Deserialize, Serialize};

use super::Snapshot;
use crate::export::claim::Owned;
use crate::export::layout::Layout;
use crate::export::manifest::SUMMARY;
use crate::storage::{Files, FilesError};

/// The document.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Document {
    /// Of the document's form.
    pub version: u32,
    /// Whose the folder is.
    pub owner: String,
    /// What the snapshot goes by.
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
    /// Whether its manifest is there, which says that it is whole.
    pub async fn is_whole(&self, files: &Files) -> Result<bool, FilesError> {
        let manifest = Layout::new(&self.run, &self.plan).manifest(SUMMARY);
        Ok(files.list(&manifest).await?.iter().any(|file| file.key == manifest))
    }
}

/// The document at this key; the inner error says why it is none, to follow where it lies.
pub async fn read(files: &Files, key: &str) -> Result<Result<Document, String>, FilesError> {
    let Some(body) = files.get(key).await? else {
        return Ok(Err("there is no snapshot: this document, which each begins with, is missing".to_owned()));
    };
    Ok(match serde_json::from_slice::<Document>(&body) {
        Ok(document) if document.version == Document::VERSION => Ok(document),
        Ok(document) => {
            Err(format!("it is of version {}, and {} can be read", document.version, Document::VERSION))
        }
        Err(error) => Err(format!("it is no snapshot's document: {error}")),
    })
}
