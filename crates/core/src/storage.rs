//! Files that an export writes and an import reads: S3 objects under a prefix, or a local directory.
//!
//! Both give the same guarantees, which the steps rely on. A file exists completely or not at all. A call can be
//! repeated, even if its response was lost. [`Files::abort_uploads`] removes uploads that a killed process left open.

mod directory;
mod reading;
mod s3;
mod slice;
mod upload;

use bytes::Bytes;
use directory::Directory;

pub use reading::Reading;
pub use upload::Upload;

use crate::aws::clients::Clients;
use crate::aws::failure::AwsFailure;
use crate::error_name::ErrorName;

/// A location of files. Keys are relative to it, with `/` between their parts.
#[derive(Clone, Debug)]
pub enum Files {
    /// Objects of a bucket.
    S3(S3Files),
    /// A local directory. Writing a file creates it and its parents.
    Directory(std::path::PathBuf),
}

/// Objects of a bucket under a prefix.
#[derive(Clone, Debug)]
pub struct S3Files {
    /// S3 client.
    pub s3: aws_sdk_s3::Client,
    /// Name of the bucket.
    pub bucket: String,
    /// Prefix of every key; empty, or ending in `/`.
    pub prefix: String,
    /// Tags that every new object gets in the call that creates it.
    pub tags: Vec<(String, String)>,
}

/// An existing file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StoredFile {
    /// Key, relative to the location.
    pub key: String,
    /// Size in bytes.
    pub size: u64,
    /// ETag of S3 without its quotation marks, or hexadecimal MD5 of a file in a directory. Empty if [`Files::list`]
    /// listed a directory, because it would have to read every file.
    pub etag: String,
}

impl StoredFile {
    /// Returns whether the file has this size and ETag. Compares only the size if the ETag is not known.
    pub fn is(&self, size: u64, etag: &str) -> bool {
        self.size == size && (self.etag.is_empty() || self.etag == etag)
    }
}

/// A file that could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// An AWS call failed; holds its error name and action.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
    /// The file was replaced while it was being read.
    #[error("{location} was replaced while it was being read")]
    Changed {
        /// Location of the file.
        location: String,
    },
    /// The file system reported an error.
    #[error("{path}: {source}")]
    File {
        /// Path of the file.
        path: String,
        /// Error of the file system.
        source: std::io::Error,
    },
}

impl FilesError {
    /// Error names that [`FilesError::name`] returns in addition to [`AwsFailure::NAMES`] when files are opened.
    pub const NAMES: &'static [ErrorName] = &[ErrorName::ImportChanged];

    /// Returns the name that a step fails with.
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
    /// Returns the location of a key for people: `s3://bucket/prefix/key`, or a path.
    pub fn location(&self, key: &str) -> String {
        match self {
            Files::S3(files) => files.location(key),
            Files::Directory(root) => root.join(key).display().to_string(),
        }
    }

    /// Writes a whole file and replaces an existing one.
    pub async fn put(&self, key: &str, body: Vec<u8>) -> Result<StoredFile, FilesError> {
        match self {
            Files::S3(files) => files.put(key, body.into()).await,
            Files::Directory(root) => Directory(root).put(key, &body).await,
        }
    }

    /// Writes a file unless one exists, and returns whether it did.
    ///
    /// An existing file with the same bytes counts as written, because an earlier attempt of this call may have written
    /// it and lost its response. Files of different writers must therefore differ in their bytes.
    ///
    /// In a directory, the file system must support hard links.
    pub async fn put_new(&self, key: &str, body: Vec<u8>) -> Result<bool, FilesError> {
        match self {
            Files::S3(files) => files.put_new(key, body.into()).await,
            Files::Directory(root) => Directory(root).put_new(key, &body).await,
        }
    }

    /// Reads a whole file. Returns `None` if it does not exist.
    pub async fn get(&self, key: &str) -> Result<Option<Bytes>, FilesError> {
        match self {
            Files::S3(files) => files.get(key).await,
            Files::Directory(root) => Directory(root).get(key).await,
        }
    }

    /// Reads the bytes of a file in this range, fewer if the file ends before. Returns `None` if it does not exist. The
    /// range must not be empty.
    pub async fn slice(&self, key: &str, range: std::ops::Range<u64>) -> Result<Option<Bytes>, FilesError> {
        match self {
            Files::S3(files) => slice::of_object(files, key, range).await,
            Files::Directory(root) => slice::of_file(Directory(root), key, range).await,
        }
    }

    /// Opens a file to read it in pieces. Returns `None` if it does not exist.
    pub async fn open(&self, key: &str) -> Result<Option<Reading>, FilesError> {
        match self {
            Files::S3(files) => reading::open_object(files, key).await,
            Files::Directory(root) => reading::open_file(Directory(root), key).await,
        }
    }

    /// Lists the files whose keys begin with `beginning`, sorted by the bytes of their keys. Reads all pages.
    pub async fn list(&self, beginning: &str) -> Result<Vec<StoredFile>, FilesError> {
        match self {
            Files::S3(files) => files.list(beginning).await,
            Files::Directory(root) => Directory(root).list(beginning).await,
        }
    }

    /// Deletes a file. A missing file is not an error.
    pub async fn delete(&self, key: &str) -> Result<(), FilesError> {
        match self {
            Files::S3(files) => files.delete(key).await,
            Files::Directory(root) => Directory(root).delete(key).await,
        }
    }

    /// Begins a file that is written in pieces. The file does not exist before [`Upload::finish`].
    pub fn upload(&self, key: &str) -> Upload {
        Upload::new(self, key)
    }

    /// Aborts open uploads of files whose keys begin with `beginning`, and returns their number. Call it when no such
    /// file is being written.
    pub async fn abort_uploads(&self, beginning: &str) -> Result<usize, FilesError> {
        match self {
            Files::S3(files) => files.abort_uploads(beginning).await,
            Files::Directory(root) => Directory(root).abort_uploads(beginning).await,
        }
    }
}

/// Returns the files of a whole bucket.
pub fn bucket(clients: &Clients, bucket: &str) -> Files {
    Files::S3(S3Files {
        s3: clients.s3(),
        bucket: bucket.to_owned(),
        prefix: String::new(),
        tags: Vec::new(),
    })
}

/// Splits `s3://bucket/key` into the bucket and the key, which may be empty. Returns `None` if it is not such a URI.
pub fn bucket_and_key(uri: &str) -> Option<(String, String)> {
    let rest = uri.strip_prefix("s3://")?;
    let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
    let allowed =
        |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit() || matches!(letter, b'.' | b'-');
    // "General purpose bucket naming rules" in S3's user guide.
    let is_bucket = (3..=63).contains(&bucket.len()) && bucket.bytes().all(allowed);
    is_bucket.then(|| (bucket.to_owned(), key.to_owned()))
}

/// Returns the text as a prefix of keys: empty, or ending in `/`.
pub fn as_prefix(text: &str) -> String {
    match text.trim_matches('/') {
        "" => String::new(),
        folder => format!("{folder}/"),
    }
}

#[cfg(test)]
mod tests;
