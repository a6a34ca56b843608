//! Stores settings documents in an S3 bucket.
//!
//! `capture-settings` writes `settings/<account>/<region>/<table>/<time>.json`: a history per table, whose keys sort by
//! time. The time is that of the backup for which the document was captured, or else the time of reading. A sync uses
//! the document `syncs/<execution>.json`.

use aws_sdk_s3::primitives::ByteStream;
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::SettingsDocument;
use super::document::VERSION;
use crate::aws::arn::Arn;
use crate::aws::failure::AwsFailure;
use crate::error_name::ErrorName;

/// The location of a document.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Location {
    /// Name of the bucket.
    pub bucket: String,
    /// Key of the object.
    pub key: String,
}

/// The reason why a document could not be written or read.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// An AWS call failed; holds its error name and action.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
    /// The object is not a settings document.
    #[error("{location} is not a settings document of version {VERSION}: {reason}")]
    Unreadable {
        /// Location of the object.
        location: Location,
        /// What is wrong with the object.
        reason: String,
    },
}

impl StoreError {
    /// Returns the error name with which a step fails.
    pub fn name(&self) -> ErrorName {
        match self {
            StoreError::Aws(failure) => failure.name,
            StoreError::Unreadable { .. } => ErrorName::InvalidSettingsDocument,
        }
    }
}

impl std::fmt::Display for Location {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "s3://{}/{}", self.bucket, self.key)
    }
}

/// Returns the prefix of a table's documents, or `None` if the text is not the ARN of a table.
fn folder(table_arn: &str) -> Option<String> {
    let arn = Arn::parse(table_arn)?;
    Some(format!("settings/{}/{}/{}/", arn.account, arn.region, arn.table_name()?))
}

/// Returns the key of a table's document for this moment. The times in keys sort as text.
pub fn captured_key(table_arn: &str, moment: DateTime<Utc>) -> Option<String> {
    Some(format!("{}{}.json", folder(table_arn)?, moment.format("%Y%m%dT%H%M%SZ")))
}

/// Writes a document. Writing it again is harmless.
pub async fn put(
    s3: &aws_sdk_s3::Client,
    location: &Location,
    document: &SettingsDocument,
) -> Result<(), StoreError> {
    let unreadable = |reason: serde_json::Error| StoreError::Unreadable {
        location: location.clone(),
        reason: reason.to_string(),
    };
    let body = serde_json::to_vec_pretty(document).map_err(unreadable)?;
    let put = s3.put_object().bucket(&location.bucket).key(&location.key).content_type("application/json");
    let put = put.body(ByteStream::from(body)).send().await;
    put.map(drop).map_err(|error| AwsFailure::from_call("s3:PutObject")(error).into())
}

/// Reads a document.
pub async fn get(s3: &aws_sdk_s3::Client, location: &Location) -> Result<SettingsDocument, StoreError> {
    let unreadable = |reason: String| StoreError::Unreadable { location: location.clone(), reason };
    let object = s3.get_object().bucket(&location.bucket).key(&location.key).send().await;
    let object = object.map_err(AwsFailure::from_call("s3:GetObject"))?;
    // The body comes after the headers of the response, and can still break off.
    let broken_off = |error| AwsFailure::broken_off("s3:GetObject", &location.to_string(), error);
    let body = object.body.collect().await.map_err(broken_off)?;
    SettingsDocument::read(&body.into_bytes()).map_err(unreadable)
}

/// Returns the locations of the table's documents that are not later than `not_after`, the newest first.
pub async fn list(
    s3: &aws_sdk_s3::Client,
    bucket: &str,
    table_arn: &str,
    not_after: DateTime<Utc>,
) -> Result<Vec<Location>, StoreError> {
    let Some(folder) = folder(table_arn) else { return Ok(Vec::new()) };
    let last = format!("{folder}{}.json", not_after.format("%Y%m%dT%H%M%SZ"));
    let list = s3.list_objects_v2().bucket(bucket).prefix(&folder);
    let mut pages = list.into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(AwsFailure::from_call("s3:ListBucket"))?;
        let keys = page.contents.unwrap_or_default().into_iter().filter_map(|object| object.key);
        found.extend(keys.filter(|key| *key <= last));
    }
    found.sort_unstable_by(|one, other| other.cmp(one));
    Ok(found.into_iter().map(|key| Location { bucket: bucket.to_owned(), key }).collect())
}

#[cfg(test)]
mod tests;
