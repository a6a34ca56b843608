//! Where settings documents are kept: an S3 bucket.
//!
//! `settings/<account>/<region>/<table>/<time>.json` is what `capture-settings` writes: a history for each
//! table, whose keys sort by time. The time is the moment that the document speaks for: that of the backup beside which it
//! was captured, or else when it was read. `syncs/<execution>.json` is what one sync goes by.

use aws_sdk_s3::primitives::ByteStream;
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::SettingsDocument;
use super::document::VERSION;
use crate::aws::arn::Arn;
use crate::aws::failure::AwsFailure;
use crate::error_name::ErrorName;

/// Where a document lies.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Location {
    /// The bucket.
    pub bucket: String,
    /// The object.
    pub key: String,
}

/// Why a document could not be written or read.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The call failed.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
    /// It is not a settings document.
    #[error("{location} is not a settings document of version {VERSION}: {reason}")]
    Unreadable {
        /// Where it lies.
        location: Location,
        /// What is wrong with it.
        reason: String,
    },
}

impl StoreError {
    /// The name that a step fails by.
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

/// Where the documents of a table are: `None` where this is no table's ARN.
fn folder(table_arn: &str) -> Option<String> {
    let arn = Arn::parse(table_arn)?;
    Some(format!("settings/{}/{}/{}/", arn.account, arn.region, arn.table_name()?))
}

/// The key of a document that speaks for a table at this moment; the times of keys sort as text.
pub fn captured_key(table_arn: &str, moment: DateTime<Utc>) -> Option<String> {
    Some(format!("{}{}.json", folder(table_arn)?, moment.format("%Y%m%dT%H%M%SZ")))
}

/// Writes a document. Writing it again does no harm.
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
    // The body comes after the head of the answer, and can still break off.
    let broken_off = |error| AwsFailure::broken_off("s3:GetObject", &location.to_string(), error);
    let body = object.body.collect().await.map_err(broken_off)?;
    SettingsDocument::read(&body.into_bytes()).map_err(unreadable)
}

/// The documents of the table that are not later than `not_after`, the newest first.
pub async fn kept(
    s3: &aws_sdk_s3::Client,
    bucket: &str,
    table_arn: &str,
    not_after: DateTime<Utc>,
) -> Result<Vec<Location>, StoreError> {
    let Some(folder) = folder(table_arn) else { return Ok(Vec::new()) };
    let last = format!("{folder}{}.json", not_after.format("%Y%m%dT%H%M%SZ"));
    let list = s3.list_objects_v2().bucket(bucket).prefix(&folder);
    let mut pages = list.into_paginator().send();
    let mut kept = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(AwsFailure::from_call("s3:ListBucket"))?;
        let keys = page.contents.unwrap_or_default().into_iter().filter_map(|object| object.key);
        kept.extend(keys.filter(|key| *key <= last));
    }
    kept.sort_unstable_by(|one, other| other.cmp(one));
    Ok(kept.into_iter().map(|key| Location { bucket: bucket.to_owned(), key }).collect())
}

#[cfg(test)]
mod tests;
