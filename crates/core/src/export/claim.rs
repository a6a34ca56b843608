//! Claims a folder by writing a document with the name of its owner before anything else.
//!
//! S3 accepts a new object from only one of several concurrent writers (`If-None-Match: *`). An owner that finds its
//! own document uses it, so a repeated call does not decide again. An owner that finds another's document leaves
//! the folder alone.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::aws::failure::AwsFailure;
use crate::storage::{Files, FilesError};

/// A document that names the owner of a folder.
pub trait Owned: Serialize + DeserializeOwned {
    /// The version of the document that this code writes, and the only one that it reads.
    const VERSION: u32;
    /// Returns the version of this document.
    fn version(&self) -> u32;
    /// Returns the owner of the folder.
    fn owner(&self) -> &str;
}

/// The result of a claim.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Claim<D> {
    /// The folder belongs to the caller; holds the document that was written first.
    Ours(D),
    /// The folder belongs to another owner; holds its document.
    Taken(D),
    /// The existing document is invalid.
    Unusable {
        /// What is wrong with the document, as a predicate without its subject "it".
        why: String,
    },
}

/// Writes the document, or returns an existing document of the same owner.
pub async fn claim<D: Owned>(files: &Files, key: &str, document: D) -> Result<Claim<D>, FilesError> {
    let body = serde_json::to_vec_pretty(&document).map_err(AwsFailure::unbuilt("s3:PutObject"))?;
    if files.put_new(key, body).await? {
        return Ok(Claim::Ours(document));
    }
    let unusable = |why: String| Ok(Claim::Unusable { why });
    let Some(written) = files.get(key).await? else {
        return unusable("was deleted while it was being read".to_owned());
    };
    match serde_json::from_slice::<D>(&written) {
        Ok(existing) if existing.owner() != document.owner() => Ok(Claim::Taken(existing)),
        Ok(existing) if existing.version() == D::VERSION => Ok(Claim::Ours(existing)),
        Ok(existing) => unusable(format!("has version {}", existing.version())),
        Err(error) => unusable(format!("is not an export document: {error}")),
    }
}
