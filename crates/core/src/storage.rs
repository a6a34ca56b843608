//! Files that an export is written to and an import read from: objects of a bucket under a prefix, or a directory.
//!
//! Both keep the same promises, which the steps rest upon: a file is there whole or not at all; a call may be made
//! again, also where its answer got lost; and what a call left open when its process was killed can be cleared away by
//! [`Files::abort_uploads`].

mod directory;
mod reading;
mod s3;
mod upload;

use bytes::Bytes;
use directory::Directory;

pub use reading::Reading;
pub use upload::Upload;

use crate::aws::clients::Clients;
use crate::aws::failure::AwsFailure;
use crate::error_name::ErrorName;

/// Where files are. Keys are relative to it, with `/` between their parts.
#[derive(Clone, Debug)]
pub enum Files {
    /// Objects of a bucket.
    S3(S3Files),
    /// A directory of this machine. It is made, with its parents, when a file is written.
    Directory(std::path::PathBuf),
}

/// Objects of a bucket under a prefix.
#[derive(Clone, Debug)]
pub struct S3Files {
    /// The client.
    pub s3: aws_sdk_s3::Client,
    /// The bucket.
    pub bucket: String,
    /// Before every key; empty, or ending in `/`.
    pub prefix: String,
    /// Put on every object in the call that makes it.
    pub tags: Vec<(String, String)>,
}

/// A file that is there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StoredFile {
    /// Its key, relative.
    pub key: String,
    /// Its size in bytes.
    pub size: u64,
    /// S3's ETag without its quotation marks; of a file in a directory the hexadecimal MD5. Empty where
    /// [`Files::list`] lists a directory, which would have to read every file for it.
    pub etag: String,
}

impl StoredFile {
    /// Whether this is a file of that size and ETag; where the ETag is not known it is of that size at least.
    pub fn is(&self, size: u64, etag: &str) -> bool {
        self.size == size && (self.etag.is_empty() || self.etag == etag)
    }
}

/// Why a file could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// An AWS call failed. Its name and action are kept.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
    /// Another file has taken the place of the one that was being read.
    #[error("{location} was written anew while it was being read")]
    Changed {
        /// Where it is.
        location: String,
    },
    /// The file system refused.
    #[error("{path}: {source}")]
    File {
        /// The path.
        path: String,
        /// What it said.
        source: std::io::Error,
    },
}

impl FilesError {
    /// The names that [`FilesError::name`] answers beside [`AwsFailure::NAMES`], where files are opened.
    pub const NAMES: &'static [ErrorName] = &[ErrorName::ImportChanged];

    /// The name that a step fails by.
    pub fn name(&self) -> ErrorName {
        match self {
            FilesError::Aws(failure) => failure.name,
            FilesError::Changed { .. } => ErrorName::ImportChanged,
            FilesError::File { source, .. } if source.kind() == std::io::ErrorKind::PermissionDenied => {
                ErrorName::AccessDenied
            }
            FilesError::File { .. } => ErrorName::RequestRefused,
        }
    }
}

impl Files {
    /// Where a key is, for people: `s3://bucket/prefix/key`, or a path.
    pub fn location(&self, key: &str) -> String {
        match self {
            Files::S3(files) => files.location(key),
            Files::Directory(root) => root.join(key).display().to_string(),
        }
    }

    /// Writes a file whole, over one that is there.
    pub async fn put(&self, key: &str, body: Vec<u8>) -> Result<StoredFile, FilesError> {
        match self {
            Files::S3(files) => files.put(key, body.into()).await,
            Files::Directory(root) => Directory(root).put(key, &body).await,
        }
    }

    /// Writes a file unless there is one: `false` then. One with the same bytes counts as this one, as it may have been
    /// written by this call before its answer got lost; what must be told apart has to differ in its bytes.
    ///
    /// The file system of a directory must know hard links.
    pub async fn put_new(&self, key: &str, body: Vec<u8>) -> Result<bool, FilesError> {
        match self {
            Files::S3(files) => files.put_new(key, body.into()).await,
            Files::Directory(root) => Directory(root).put_new(key, &body).await,
        }
    }

    /// Reads a file whole; `None` where there is none.
    pub async fn get(&self, key: &str) -> Result<Option<Bytes>, FilesError> {
        match self {
            Files::S3(files) => files.get(key).await,
            Files::Directory(root) => Directory(root).get(key).await,
        }
    }

    /// Opens a file to be read in pieces; `None` where there is none.
    pub async fn open(&self, key: &str) -> Result<Option<Reading>, FilesError> {
        match self {
            Files::S3(files) => reading::open_object(files, key).await,
            Files::Directory(root) => reading::open_file(Directory(root), key).await,
        }
    }

    /// The files whose keys begin so, all pages of them, in the order of their keys (of the bytes of these).
    pub async fn list(&self, beginning: &str) -> Result<Vec<StoredFile>, FilesError> {
        match self {
            Files::S3(files) => files.list(beginning).await,
            Files::Directory(root) => Directory(root).list(beginning).await,
        }
    }

    /// Begins a file that is written in pieces: nothing is there before [`Upload::finish`].
    pub fn upload(&self, key: &str) -> Upload {
        Upload::new(self, key)
    }

    /// Ends uploads that were left open, of files whose keys begin so; how many there were. To be called when nobody
    /// writes such a file any more.
    pub async fn abort_uploads(&self, beginning: &str) -> Result<usize, FilesError> {
        match self {
            Files::S3(files) => files.abort_uploads(beginning).await,
            Files::Directory(root) => Directory(root).abort_uploads(beginning).await,
        }
    }
}

/// The whole of a bucket.
pub fn bucket(clients: &Clients, bucket: &str) -> Files {
    Files::S3(S3Files {
        s3: clients.s3(),
        bucket: bucket.to_owned(),
        prefix: String::new(),
        tags: Vec::new(),
    })
}

/// The bucket and the key, which may be empty, of `s3://bucket/key`; `None` where it is no such URI.
pub fn bucket_and_key(uri: &str) -> Option<(String, String)> {
    let rest = uri.strip_prefix("s3://")?;
    let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
    let allowed =
        |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit() || matches!(letter, b'.' | b'-');
    // "General purpose bucket naming rules" in S3's user guide.
    let is_bucket = (3..=63).contains(&bucket.len()) && bucket.bytes().all(allowed);
    is_bucket.then(|| (bucket.to_owned(), key.to_owned()))
}

/// The text as it stands before keys: empty, or ending in `/`.
pub fn as_prefix(text: &str) -> String {
    match text.trim_matches('/') {
        "" => String::new(),
        folder => format!("{folder}/"),
    }
}

#[cfg(test)]
mod tests;
