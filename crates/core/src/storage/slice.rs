//! Reads a part of a file.

use std::io::SeekFrom;
use std::ops::Range;

use aws_sdk_s3::error::ProvideErrorMetadata;
use bytes::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};

use super::directory::Directory;
use super::{FilesError, S3Files};
use crate::aws::failure::AwsFailure;

/// Maximum number of attempts to read a part whose body breaks off.
const TRIES: u32 = 4;

/// Reads the bytes of an object in this range, fewer at its end.
pub(super) async fn of_object(
    files: &S3Files,
    key: &str,
    range: Range<u64>,
) -> Result<Option<Bytes>, FilesError> {
    let last = range.end.saturating_sub(1);
    let get = files.s3.get_object().bucket(&files.bucket).key(files.full_key(key));
    let get = get.range(format!("bytes={}-{last}", range.start));
    let mut tries = 0;
    loop {
        let response = match get.clone().send().await {
            Ok(response) => response,
            Err(error) => match error.code() {
                Some("NoSuchKey") => return Ok(None),
                Some("InvalidRange") => return Ok(Some(Bytes::new())),
                _ => return Err(AwsFailure::from_call("s3:GetObject")(error).into()),
            },
        };
        tries += 1;
        match response.body.collect().await {
            Ok(body) => return Ok(Some(body.into_bytes())),
            Err(_) if tries < TRIES => {}
            Err(error) => {
                let location = files.location(key);
                return Err(AwsFailure::broken_off("s3:GetObject", &location, error).into());
            }
        }
    }
}

/// Reads the bytes of a file in this range, fewer at its end.
pub(super) async fn of_file(
    directory: Directory<'_>,
    key: &str,
    range: Range<u64>,
) -> Result<Option<Bytes>, FilesError> {
    let path = directory.path(key)?;
    let read = async {
        let mut file = tokio::fs::File::open(&path).await?;
        file.seek(SeekFrom::Start(range.start)).await?;
        let mut bytes = Vec::new();
        file.take(range.end.saturating_sub(range.start)).read_to_end(&mut bytes).await?;
        Ok::<_, std::io::Error>(bytes)
    };
    match read.await {
        Ok(bytes) => Ok(Some(bytes.into())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(FilesError::File { path: path.display().to_string(), source }),
    }
}
