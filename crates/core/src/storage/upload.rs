//! Writes a file in pieces.
//!
//! For an object, memory holds the piece that is being filled and two that are being sent: 24 MiB.

use std::path::{Path, PathBuf};

use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart};
use bytes::Bytes;
use tokio::task::JoinSet;

use super::directory::{Directory, Temporary};
use super::reading::bare;
use super::s3::{content_type, patient, unintelligible};
use super::{Files, FilesError, S3Files, StoredFile};
use crate::aws::failure::AwsFailure;
use crate::error_name::ErrorName;

/// Bytes of a piece. S3 accepts at least 5 MiB per piece, except for the last one, and at most 10,000 pieces: 78 GiB.
pub(super) const PIECE: usize = 8 * 1024 * 1024;
/// Maximum number of pieces being sent.
const IN_FLIGHT: usize = 2;

/// A file being written.
#[derive(Debug)]
pub struct Upload {
    target: Target,
    /// Whether an earlier push failed, so that bytes are missing.
    failed: bool,
}

#[derive(Debug)]
enum Target {
    Object(Box<Object>),
    File { root: PathBuf, key: String, temporary: Option<Box<Temporary>> },
}

#[derive(Debug)]
struct Object {
    files: S3Files,
    key: String,
    /// The piece that is being filled.
    piece: Vec<u8>,
    size: u64,
    /// Id of the upload; `None` until a second piece is needed.
    id: Option<String>,
    flying: JoinSet<Result<CompletedPart, AwsFailure>>,
    sent: i32,
    parts: Vec<CompletedPart>,
}

impl Upload {
    pub(super) fn new(files: &Files, key: &str) -> Upload {
        let key = key.to_owned();
        let target = match files {
            Files::S3(files) => Target::Object(Box::new(Object {
                files: files.clone(),
                key,
                piece: Vec::new(),
                size: 0,
                id: None,
                flying: JoinSet::new(),
                sent: 0,
                parts: Vec::new(),
            })),
            Files::Directory(root) => Target::File { root: root.clone(), key, temporary: None },
        };
        Upload { target, failed: false }
    }

    /// Appends bytes. Sends pieces of 8 MiB in the background. A file of at most one piece is sent in one request at
    /// the end. After an error the file can only be aborted.
    pub async fn push(&mut self, bytes: Vec<u8>) -> Result<(), FilesError> {
        // This also marks a push whose future is dropped.
        let failed = std::mem::replace(&mut self.failed, true);
        let taken = match &mut self.target {
            Target::Object(object) => object.push(&bytes).await,
            Target::File { root, key, temporary } => match opened(root, key, temporary).await {
                Ok(file) => file.write(&bytes).await,
                Err(error) => Err(error),
            },
        };
        self.failed = failed || taken.is_err();
        taken
    }

    /// Completes the file. If that fails nothing is left behind.
    pub async fn finish(self) -> Result<StoredFile, FilesError> {
        if self.failed {
            let error = self.target.incomplete();
            self.abort().await;
            return Err(error);
        }
        match self.target {
            Target::Object(mut object) => match object.finish().await {
                Ok(file) => Ok(file),
                Err(error) => {
                    object.abort().await;
                    Err(error)
                }
            },
            Target::File { root, key, temporary } => {
                // An empty file must exist, too.
                match temporary {
                    Some(temporary) => temporary.keep().await,
                    None => Directory(&root).put(&key, &[]).await,
                }
            }
        }
    }

    /// Discards the file. Call it after any failure. What cannot be removed now stays until [`Files::abort_uploads`].
    pub async fn abort(self) {
        match self.target {
            Target::Object(mut object) => object.abort().await,
            Target::File { temporary: Some(temporary), .. } => temporary.discard().await,
            Target::File { temporary: None, .. } => {}
        }
    }
}

async fn opened<'a>(
    root: &Path,
    key: &str,
    temporary: &'a mut Option<Box<Temporary>>,
) -> Result<&'a mut Temporary, FilesError> {
    let open = match temporary.take() {
        Some(open) => open,
        None => Box::new(Directory(root).create(key).await?),
    };
    Ok(temporary.insert(open))
}

impl Target {
    /// Returns the error of a file with missing bytes.
    fn incomplete(&self) -> FilesError {
        const REASON: &str = "an earlier write failed";
        match self {
            Target::Object(object) => object.missing(REASON).into(),
            Target::File { root, key, .. } => {
                let source = std::io::Error::other(REASON);
                FilesError::File { path: root.join(key).display().to_string(), source }
            }
        }
    }
}

impl Object {
    async fn push(&mut self, mut bytes: &[u8]) -> Result<(), FilesError> {
        self.size += bytes.len() as u64;
        while !bytes.is_empty() {
            if self.piece.len() == PIECE {
                self.send().await?;
            }
            if self.piece.capacity() == 0 {
                self.piece.reserve_exact(PIECE);
            }
            let room = (PIECE - self.piece.len()).min(bytes.len());
            let (now, later) = bytes.split_at(room);
            self.piece.extend_from_slice(now);
            bytes = later;
        }
        Ok(())
    }

    /// Sends the piece in the background.
    async fn send(&mut self) -> Result<(), FilesError> {
        let full_key = self.files.full_key(&self.key);
        let id = match &self.id {
            Some(id) => id.clone(),
            None => {
                let id = self.begin(&full_key).await?;
                self.id.insert(id).clone()
            }
        };
        while self.flying.len() >= IN_FLIGHT {
            self.land().await?;
        }
        self.sent += 1;
        let (number, body) = (self.sent, Bytes::from(std::mem::take(&mut self.piece)));
        let part = self.files.s3.upload_part().bucket(&self.files.bucket).key(full_key).upload_id(id);
        let part = part.part_number(number).checksum_algorithm(ChecksumAlgorithm::Crc32);
        let part = part.body(ByteStream::from(body)).customize().config_override(patient(&self.files.s3));
        self.flying.spawn(async move {
            let response = part.send().await.map_err(AwsFailure::from_call("s3:PutObject"))?;
            let part = CompletedPart::builder().part_number(number).set_e_tag(response.e_tag);
            Ok(part.set_checksum_crc32(response.checksum_crc32).build())
        });
        Ok(())
    }

    /// Begins the upload. S3 refuses parts with a checksum (the SDK sends CRC32) if the upload was begun without one.
    async fn begin(&self, full_key: &str) -> Result<String, FilesError> {
        let files = &self.files;
        let begin = files.s3.create_multipart_upload().bucket(&files.bucket).key(full_key);
        let begin = begin.content_type(content_type(&self.key)).set_tagging(files.tagging());
        let response = begin.checksum_algorithm(ChecksumAlgorithm::Crc32).send().await;
        let response = response.map_err(AwsFailure::from_call("s3:PutObject"))?;
        let id = response.upload_id;
        Ok(id.ok_or_else(|| unintelligible("s3:PutObject", "an upload without its id"))?)
    }

    /// Waits until a piece has arrived.
    async fn land(&mut self) -> Result<(), FilesError> {
        match self.flying.join_next().await {
            Some(Ok(part)) => self.parts.push(part?),
            Some(Err(error)) => return Err(self.missing(&error.to_string()).into()),
            None => {}
        }
        Ok(())
    }

    fn missing(&self, reason: &str) -> AwsFailure {
        let detail = format!("a piece of {} did not arrive: {reason}", self.files.location(&self.key));
        AwsFailure::new("s3:PutObject", ErrorName::ServiceUnavailable, detail)
    }

    async fn finish(&mut self) -> Result<StoredFile, FilesError> {
        if self.id.is_none() {
            return self.files.put(&self.key, std::mem::take(&mut self.piece).into()).await;
        }
        self.send().await?;
        while !self.flying.is_empty() {
            self.land().await?;
        }
        self.parts.sort_by_key(CompletedPart::part_number);
        self.complete().await
    }

    async fn complete(&self) -> Result<StoredFile, FilesError> {
        let files = &self.files;
        let parts = CompletedMultipartUpload::builder().set_parts(Some(self.parts.clone())).build();
        let complete = files.s3.complete_multipart_upload().bucket(&files.bucket);
        let complete = complete.key(files.full_key(&self.key)).set_upload_id(self.id.clone());
        let complete = complete.multipart_upload(parts);
        let error = match complete.customize().config_override(patient(&files.s3)).send().await {
            Ok(response) => {
                let etag = bare(response.e_tag);
                return Ok(StoredFile { key: self.key.clone(), size: self.size, etag });
            }
            Err(error) => error,
        };
        if error.code() == Some("NoSuchUpload") {
            // An earlier call completed it, and its response was lost.
            let stored = files.list(&self.key).await?;
            let is_own = |file: &StoredFile| file.key == self.key && file.size == self.size;
            if let Some(own) = stored.into_iter().find(is_own) {
                return Ok(own);
            }
        }
        // S3 begins its response before the object is assembled. A later failure comes with the status 200.
        let late = error.raw_response().is_some_and(|response| response.status().is_success());
        let mut failure = AwsFailure::from_call("s3:PutObject")(error);
        if late && failure.name == ErrorName::RequestRefused {
            failure.name = ErrorName::ServiceUnavailable;
        }
        Err(failure.into())
    }

    async fn abort(&mut self) {
        // A piece that arrives after the upload is aborted would be retained by S3.
        self.flying.shutdown().await;
        let Some(id) = self.id.take() else { return };
        if let Err(error) = self.files.abort_upload(&self.files.full_key(&self.key), &id).await {
            tracing::warn!(key = self.key, %error, "an upload could not be aborted");
        }
    }
}
