//! Reads a file in pieces.
//!
//! The body of an object follows the head of the response, and the SDK does not retry a body that breaks off. This
//! module then requests the rest of the same object (`If-Match`).

use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use tokio::io::AsyncReadExt;

use super::directory::Directory;
use super::{FilesError, S3Files};
use crate::aws::failure::AwsFailure;
use crate::error_name::ErrorName;

/// Retries in a row of a body that breaks off without any new bytes.
const TRIES: u32 = 4;
/// Bytes of a file to read at a time.
const PIECE: usize = 256 * 1024;

/// An open file.
#[derive(Debug)]
pub struct Reading(Source);

#[derive(Debug)]
enum Source {
    Object(Box<Object>),
    File { path: String, file: tokio::fs::File },
}

#[derive(Debug)]
struct Object {
    files: S3Files,
    key: String,
    etag: String,
    size: u64,
    read: u64,
    body: ByteStream,
    tries: u32,
}

impl Reading {
    /// Reads the next piece. Returns `None` at the end.
    pub async fn next(&mut self) -> Result<Option<Bytes>, FilesError> {
        match &mut self.0 {
            Source::Object(object) => object.next().await,
            Source::File { path, file } => {
                let mut piece = Vec::with_capacity(PIECE);
                let count = file.read_buf(&mut piece).await;
                let count = count.map_err(|source| FilesError::File { path: path.clone(), source })?;
                Ok((count > 0).then(|| piece.into()))
            }
        }
    }
}

pub(super) async fn open_file(directory: Directory<'_>, key: &str) -> Result<Option<Reading>, FilesError> {
    let path = directory.path(key)?;
    let file = match tokio::fs::File::open(&path).await {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(FilesError::File { path: path.display().to_string(), source }),
    };
    Ok(Some(Reading(Source::File { path: path.display().to_string(), file })))
}

pub(super) async fn open_object(files: &S3Files, key: &str) -> Result<Option<Reading>, FilesError> {
    let get = files.s3.get_object().bucket(&files.bucket).key(files.full_key(key));
    let response = match get.send().await {
        Ok(response) => response,
        Err(error) if error.code() == Some("NoSuchKey") => return Ok(None),
        Err(error) => return Err(AwsFailure::from_call("s3:GetObject")(error).into()),
    };
    let GetObjectOutput { body, e_tag, content_length, .. } = response;
    let size = content_length.and_then(|length| u64::try_from(length).ok()).unwrap_or_default();
    let object = Object {
        files: files.clone(),
        key: key.to_owned(),
        etag: bare(e_tag),
        size,
        read: 0,
        body,
        tries: 0,
    };
    Ok(Some(Reading(Source::Object(Box::new(object)))))
}

impl Object {
    async fn next(&mut self) -> Result<Option<Bytes>, FilesError> {
        loop {
            let reason = match self.body.next().await {
                Some(Ok(piece)) if piece.is_empty() => continue,
                Some(Ok(piece)) => {
                    self.read += piece.len() as u64;
                    self.tries = 0;
                    return Ok(Some(piece));
                }
                None if self.read >= self.size => return Ok(None),
                None => "the body ended too early".to_owned(),
                // All bytes came, but their checksum is wrong.
                Some(Err(error)) if self.read >= self.size => {
                    return Err(self.broken(&causes(&error)));
                }
                Some(Err(error)) => causes(&error),
            };
            self.tries += 1;
            if self.tries > TRIES {
                return Err(self.broken(&reason));
            }
            self.resume().await?;
        }
    }

    /// Requests the bytes that have not arrived yet.
    async fn resume(&mut self) -> Result<(), FilesError> {
        let get = self.files.s3.get_object().bucket(&self.files.bucket);
        let get = get.key(self.files.full_key(&self.key)).if_match(format!("\"{}\"", self.etag));
        match get.range(format!("bytes={}-", self.read)).send().await {
            Ok(response) => {
                self.body = response.body;
                Ok(())
            }
            Err(error) if matches!(error.code(), Some("PreconditionFailed" | "NoSuchKey")) => {
                Err(FilesError::Changed { location: self.files.location(&self.key) })
            }
            Err(error) => Err(AwsFailure::from_call("s3:GetObject")(error).into()),
        }
    }

    fn broken(&self, reason: &str) -> FilesError {
        let detail = format!(
            "{} broke off after {} of {} bytes: {reason}",
            self.files.location(&self.key),
            self.read,
            self.size
        );
        AwsFailure::new("s3:GetObject", ErrorName::ServiceUnavailable, detail).into()
    }
}

/// Writes an error and its causes into one line.
fn causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Removes the quotation marks of an ETag.
pub(super) fn bare(etag: Option<String>) -> String {
    etag.unwrap_or_default().trim_matches('"').to_owned()
}
