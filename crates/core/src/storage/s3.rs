//! Objects of an S3 bucket.

use std::time::Duration;

use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::operation::put_object::builders::PutObjectFluentBuilder;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;

use super::reading::bare;
use super::{FilesError, Reading, S3Files, StoredFile, reading};
use crate::aws::failure::AwsFailure;
use crate::error_name::ErrorName;

/// Maximum number of attempts of a call that S3 asks to repeat, or whose outcome must be checked.
const TRIES: u32 = 5;

impl S3Files {
    pub(super) fn location(&self, key: &str) -> String {
        format!("s3://{}/{}{key}", self.bucket, self.prefix)
    }

    /// Returns the full key in the bucket.
    pub(super) fn full_key(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    /// Returns the tags as a query string, as the calls take them.
    pub(super) fn tagging(&self) -> Option<String> {
        let encoded = |text: &str| -> String {
            text.bytes()
                .map(|byte| match byte {
                    b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                        char::from(byte).to_string()
                    }
                    _ => format!("%{byte:02X}"),
                })
                .collect()
        };
        let tags = self.tags.iter().map(|(key, value)| format!("{}={}", encoded(key), encoded(value)));
        let tags: Vec<String> = tags.collect();
        (!tags.is_empty()).then(|| tags.join("&"))
    }

    pub(super) async fn put(&self, key: &str, body: Bytes) -> Result<StoredFile, FilesError> {
        let size = body.len() as u64;
        let response = self.putting(key, body).customize().config_override(patient(&self.s3)).send().await;
        let response = response.map_err(AwsFailure::from_call("s3:PutObject"))?;
        Ok(StoredFile { key: key.to_owned(), size, etag: bare(response.e_tag) })
    }

    pub(super) async fn put_new(&self, key: &str, body: Bytes) -> Result<bool, FilesError> {
        let mut tries = 0;
        loop {
            let put = self.putting(key, body.clone()).if_none_match("*");
            let error = match put.customize().config_override(patient(&self.s3)).send().await {
                Ok(_) => return Ok(true),
                Err(error) => error,
            };
            tries += 1;
            match error.code() {
                // The SDK repeats a call whose response was lost, and then finds its own object.
                Some("PreconditionFailed") => match self.get(key).await? {
                    Some(existing) => return Ok(existing == body),
                    // The object was deleted in between.
                    None if tries < TRIES => {}
                    None => return Err(AwsFailure::from_call("s3:PutObject")(error).into()),
                },
                // Another call for the same key was in progress. S3 says to try again.
                Some("ConditionalRequestConflict") if tries < TRIES => {
                    tokio::time::sleep(Duration::from_millis(50) * 2_u32.pow(tries)).await;
                }
                Some("ConditionalRequestConflict") => {
                    let failure = AwsFailure::from_call("s3:PutObject")(error);
                    return Err(AwsFailure { name: ErrorName::ResourceBusy, ..failure }.into());
                }
                _ => return Err(AwsFailure::from_call("s3:PutObject")(error).into()),
            }
        }
    }

    fn putting(&self, key: &str, body: Bytes) -> PutObjectFluentBuilder {
        self.s3
            .put_object()
            .bucket(&self.bucket)
            .key(self.full_key(key))
            .content_type(content_type(key))
            .set_tagging(self.tagging())
            .body(ByteStream::from(body))
    }

    pub(super) async fn get(&self, key: &str) -> Result<Option<Bytes>, FilesError> {
        let mut tries = 0;
        loop {
            let Some(mut reading) = reading::open_object(self, key).await? else { return Ok(None) };
            tries += 1;
            match whole(&mut reading).await {
                Err(FilesError::Changed { .. }) if tries < TRIES => {}
                read => return read.map(Some),
            }
        }
    }

    pub(super) async fn list(&self, beginning: &str) -> Result<Vec<StoredFile>, FilesError> {
        let list = self.s3.list_objects_v2().bucket(&self.bucket).prefix(self.full_key(beginning));
        let mut pages = list.into_paginator().send();
        let mut files = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(AwsFailure::from_call("s3:ListBucket"))?;
            for object in page.contents.unwrap_or_default() {
                let key = object.key.as_deref().and_then(|key| key.strip_prefix(&self.prefix));
                let size = object.size.and_then(|size| u64::try_from(size).ok());
                let (Some(key), Some(size)) = (key, size) else {
                    return Err(unintelligible("s3:ListBucket", "an object without its key or size").into());
                };
                files.push(StoredFile { key: key.to_owned(), size, etag: bare(object.e_tag) });
            }
        }
        files.sort_by(|one, other| one.key.cmp(&other.key));
        Ok(files)
    }

    pub(super) async fn delete(&self, key: &str) -> Result<(), FilesError> {
        let delete = self.s3.delete_object().bucket(&self.bucket).key(self.full_key(key)).send().await;
        delete.map(drop).map_err(|error| AwsFailure::from_call("s3:DeleteObject")(error).into())
    }

    pub(super) async fn abort_uploads(&self, beginning: &str) -> Result<usize, FilesError> {
        const LIST: &str = "s3:ListBucketMultipartUploads";
        let list = self.s3.list_multipart_uploads().bucket(&self.bucket).prefix(self.full_key(beginning));
        let (mut after, mut count) = ((None, None), 0);
        loop {
            let page = list.clone().set_key_marker(after.0).set_upload_id_marker(after.1).send().await;
            let page = page.map_err(AwsFailure::from_call(LIST))?;
            for upload in page.uploads.unwrap_or_default() {
                let (Some(key), Some(id)) = (upload.key, upload.upload_id) else {
                    return Err(unintelligible(LIST, "an upload without its key or id").into());
                };
                self.abort_upload(&key, &id).await?;
                count += 1;
            }
            if page.is_truncated != Some(true) {
                return Ok(count);
            }
            after = (page.next_key_marker, page.next_upload_id_marker);
        }
    }

    /// Aborts an upload by its full key. An upload that no longer exists is not an error.
    pub(super) async fn abort_upload(&self, full_key: &str, id: &str) -> Result<(), FilesError> {
        let abort = self.s3.abort_multipart_upload().bucket(&self.bucket).key(full_key).upload_id(id);
        match abort.send().await {
            Err(error) if error.code() != Some("NoSuchUpload") => {
                Err(AwsFailure::from_call("s3:AbortMultipartUpload")(error).into())
            }
            _ => Ok(()),
        }
    }
}

async fn whole(reading: &mut Reading) -> Result<Bytes, FilesError> {
    let mut body = Vec::new();
    while let Some(piece) = reading.next().await? {
        body.extend_from_slice(&piece);
    }
    Ok(body.into())
}

/// Returns the failure of a response without a required member.
pub(super) fn unintelligible(action: &'static str, what: &str) -> AwsFailure {
    AwsFailure::new(action, ErrorName::ServiceUnavailable, format!("the response has {what}"))
}

/// Allows 60 seconds per attempt for calls that send megabytes over a slow connection. Does not shorten a longer
/// timeout of the client.
pub(super) fn patient(s3: &aws_sdk_s3::Client) -> aws_sdk_s3::config::Builder {
    let own = s3.config().timeout_config().and_then(TimeoutConfig::operation_attempt_timeout);
    let time = own.unwrap_or_default().max(Duration::from_secs(60));
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(time).build();
    aws_sdk_s3::config::Builder::new().timeout_config(timeouts)
}

/// Returns the content type of a file by the ending of its key.
pub(super) fn content_type(key: &str) -> &'static str {
    match key.rsplit_once('.').map(|(_, ending)| ending) {
        Some("gz") => "application/gzip",
        Some("zst") => "application/zstd",
        Some("html") => "text/html; charset=utf-8",
        Some("json") => "application/json",
        Some("md5") => "text/plain",
        _ if key.rsplit('/').next() == Some("manifest") => "application/json",
        _ => "application/octet-stream",
    }
}
