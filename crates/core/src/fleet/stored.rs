//! Stores the document and the page of an inventory in a bucket.
//!
//! The keys `fleet/<date>/<execution>.json` and `.html` derive from the execution. A document is written once and never
//! changed. So a repeated step finds the document and does not read all tables again.

use chrono::{DateTime, Utc};

use super::page::page;
use super::report::{Fleet, VERSION};
use crate::error_name::{ErrorName, HasErrorName};
use crate::storage::{Files, FilesError};

/// Prefix of the keys of all documents and pages.
const PREFIX: &str = "fleet/";

/// Why a document could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum StoredError {
    /// An object could not be written or read.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// An object is not the document of an inventory.
    #[error("{location} is not the document of a fleet, version {VERSION}: {reason}")]
    Unusable {
        /// Location of the object.
        location: String,
        /// What is wrong with the object.
        reason: String,
    },
}

impl HasErrorName for StoredError {
    fn name(&self) -> ErrorName {
        match self {
            // Documents are never replaced, so this does not happen again.
            StoredError::Files(FilesError::Changed { .. }) => ErrorName::ServiceUnavailable,
            StoredError::Files(error) => error.name(),
            StoredError::Unusable { .. } => ErrorName::RequestRefused,
        }
    }
}

/// Where the document and the page of an execution are.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Keys {
    /// Key of the document.
    pub document: String,
    /// Key of the page.
    pub page: String,
}

impl Keys {
    /// Creates the keys of an execution that started at this time.
    pub fn new(started_at: DateTime<Utc>, execution: &str) -> Keys {
        let stem = format!("{PREFIX}{}/{execution}", started_at.format("%Y-%m-%d"));
        Keys { document: format!("{stem}.json"), page: format!("{stem}.html") }
    }

    /// Reads the document. Returns `None` if the execution has written none yet.
    pub async fn read(&self, files: &Files) -> Result<Option<Fleet>, StoredError> {
        let Some(text) = files.get(&self.document).await? else { return Ok(None) };
        let fleet: Fleet = serde_json::from_slice(&text).map_err(|error| self.unusable(files, error))?;
        match fleet.version {
            VERSION => Ok(Some(fleet)),
            other => Err(self.unusable(files, format!("its version is {other}"))),
        }
    }

    /// Writes the document unless one exists. Returns the one that the bucket holds.
    pub async fn write(&self, files: &Files, fleet: Fleet) -> Result<Fleet, StoredError> {
        let mut body = serde_json::to_vec(&fleet).map_err(|error| self.unusable(files, error))?;
        body.push(b'\n');
        if files.put_new(&self.document, body).await? {
            return Ok(fleet);
        }
        let existing = self.read(files).await?;
        existing.ok_or_else(|| self.unusable(files, "it was deleted meanwhile"))
    }

    /// Writes the page of the document.
    pub async fn draw(&self, files: &Files, fleet: &Fleet) -> Result<(), StoredError> {
        files.put(&self.page, page(fleet).into_bytes()).await?;
        Ok(())
    }

    fn unusable(&self, files: &Files, reason: impl ToString) -> StoredError {
        StoredError::Unusable { location: files.location(&self.document), reason: reason.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::collect::Stores;
    use crate::fleet::rules::Rules;
    use crate::fleet::testing::{Account, collected, now};
    use crate::storage::bucket;
    use crate::testing::fake_store::FakeStore;

    fn fleet(table: &str) -> Fleet {
        let account = Account::new();
        account.table(table);
        Fleet::new(collected(&account, &Stores::default()).unwrap(), Rules::built_in(), Some(0.25))
    }

    #[tokio::test]
    async fn the_first_document_of_an_execution_stays() {
        let store = FakeStore::default();
        let files = bucket(&store.clients(), "reports");
        let keys = Keys::new(now(), "nightly");
        assert_eq!(keys.document, "fleet/2026-11-30/nightly.json");
        assert_eq!(keys.read(&files).await.unwrap(), None);
        let first = fleet("orders");
        assert_eq!(keys.write(&files, first.clone()).await.unwrap(), first);
        assert_eq!(keys.write(&files, fleet("customers")).await.unwrap(), first);
        assert_eq!(keys.read(&files).await.unwrap(), Some(first.clone()));
        keys.draw(&files, &first).await.unwrap();
        assert!(store.text("fleet/2026-11-30/nightly.html").unwrap().contains("orders"));
    }

    #[tokio::test]
    async fn other_documents_are_refused_with_their_location() {
        let mut newer = serde_json::to_value(fleet("orders")).unwrap();
        newer["version"] = serde_json::json!(2);
        for (text, reason) in [("{}".to_owned(), "missing field"), (newer.to_string(), "its version is 2")] {
            let store = FakeStore::default().with_object("fleet/2026-11-30/n.json", text);
            let error = Keys::new(now(), "n").read(&bucket(&store.clients(), "reports")).await.unwrap_err();
            assert_eq!(error.name(), ErrorName::RequestRefused);
            let message = error.to_string();
            assert!(
                message.starts_with("s3://reports/fleet/2026-11-30/n.json is not the document"),
                "{message}"
            );
            assert!(message.contains(reason), "{message}");
        }
    }
}
