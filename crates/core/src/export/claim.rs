//! Whose a folder is: a document in it says so, which is written before anything else.
//!
//! S3 takes a new object from one of several that come at once (`If-None-Match: *`). Who finds a document of its own
//! goes by what it says, so that a repetition decides nothing anew; who finds another's keeps off.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::aws::failure::AwsFailure;
use crate::storage::{Files, FilesError};

/// A document that says whose a folder is.
pub trait Owned: Serialize + DeserializeOwned {
    /// The version of its form that this code writes, and the only one that it reads.
    const VERSION: u32;
    /// Of its form.
    fn version(&self) -> u32;
    /// Whose the folder is.
    fn owner(&self) -> &str;
}

/// Whose a folder is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Claim<D> {
    /// The owner's. Its document is the one that was written first.
    Ours(D),
    /// Another's, which is what stands there.
    Taken(D),
    /// What lies there says nothing that can be gone by.
    Unusable {
        /// What is wrong with it, to follow "it".
        why: String,
    },
}

/// Writes the document, or takes what stands in its place if that is the owner's own.
pub async fn claim<D: Owned>(files: &Files, key: &str, document: D) -> Result<Claim<D>, FilesError> {
    let body = serde_json::to_vec_pretty(&document).map_err(AwsFailure::unbuilt("s3:PutObject"))?;
    if files.put_new(key, body).await? {
        return Ok(Claim::Ours(document));
    }
    let unusable = |why: String| Ok(Claim::Unusable { why });
    let Some(written) = files.get(key).await? else {
        return unusable("was taken away while it was looked at".to_owned());
    };
    match serde_json::from_slice::<D>(&written) {
        Ok(there) if there.owner() != document.owner() => Ok(Claim::Taken(there)),
        Ok(there) if there.version() == D::VERSION => Ok(Claim::Ours(there)),
        Ok(there) => unusable(format!("is of version {}", there.version())),
        Err(error) => unusable(format!("is no export's document: {error}")),
    }
}
