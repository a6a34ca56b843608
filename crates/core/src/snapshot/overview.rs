//! Lists the snapshots of a bucket from their documents and manifests, as `tablekeeper snapshot list` shows them.

use chrono::{DateTime, Utc};
use futures::{StreamExt as _, TryStreamExt as _, stream};

use super::document::Document;
use super::{Snapshot, document};
use crate::aws::failure::AwsFailure;
use crate::export::layout::{Layout, document_in};
use crate::export::manifest::{ManifestSummary, SUMMARY};
use crate::storage::{Files, FilesError, S3Files};

/// Number of folders that are read concurrently.
const AT_A_TIME: usize = 16;

/// A folder that has the document of a snapshot.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Overview {
    /// Name of the folder, which `restore` takes.
    pub name: String,
    /// State of the snapshot.
    pub state: State,
}

/// The state of a snapshot.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum State {
    /// The snapshot has its manifest.
    Whole {
        /// Second of the snapshot.
        at: DateTime<Utc>,
        /// Name of the table; empty if unknown.
        table_name: String,
        /// Number of items.
        items: u64,
        /// Size of the lines in bytes, before compression.
        bytes: u64,
    },
    /// The snapshot has no manifest.
    NotEnded {
        /// Second of the snapshot.
        at: DateTime<Utc>,
        /// Name of the table; empty if unknown.
        table_name: String,
        /// Owner of the folder.
        owner: String,
    },
    /// The document or the manifest cannot be read. Holds the reason, a sentence.
    Unreadable(String),
}

/// Passes each snapshot directly under the prefix to `report`, in the order of names, which is the order of seconds.
/// Returns the number of snapshots.
pub async fn each(
    s3: &aws_sdk_s3::Client,
    bucket: &str,
    prefix: &str,
    report: &mut (dyn FnMut(Overview) + Send),
) -> Result<u64, FilesError> {
    let files = Files::S3(S3Files {
        s3: s3.clone(),
        bucket: bucket.to_owned(),
        prefix: String::new(),
        tags: Vec::new(),
    });
    let list = s3.list_objects_v2().bucket(bucket).prefix(prefix).delimiter("/");
    let mut pages = list.into_paginator().send();
    let mut reported = 0;
    while let Some(page) = pages.next().await {
        let page = page.map_err(AwsFailure::from_call("s3:ListBucket"))?;
        let folders = page.common_prefixes.unwrap_or_default();
        let folders = folders.into_iter().filter_map(|folder| folder.prefix);
        let reads = stream::iter(folders).map(|folder| read(&files, folder, prefix)).buffered(AT_A_TIME);
        let mut reads = std::pin::pin!(reads);
        while let Some(overview) = reads.try_next().await? {
            if let Some(overview) = overview {
                reported += 1;
                report(overview);
            }
        }
    }
    Ok(reported)
}

/// Reads a folder. Returns `None` if it has no snapshot document.
async fn read(files: &Files, folder: String, prefix: &str) -> Result<Option<Overview>, FilesError> {
    let key = document_in(&folder);
    if files.get(&key).await?.is_none() {
        return Ok(None);
    }
    let name = folder.strip_prefix(prefix).unwrap_or(&folder).trim_end_matches('/').to_owned();
    let state = match document::read(files, &key).await? {
        Ok(document) => state(files, document).await?,
        Err(reason) => State::Unreadable(reason),
    };
    Ok(Some(Overview { name, state }))
}

async fn state(files: &Files, Document { owner, snapshot, .. }: Document) -> Result<State, FilesError> {
    let Snapshot { at, run, plan, .. } = snapshot;
    let manifest = files.get(&Layout::new(&run, &plan).manifest(SUMMARY)).await?;
    let table_name = plan.table_name;
    Ok(match manifest.as_deref().map(ManifestSummary::read) {
        None => State::NotEnded { at, table_name, owner },
        Some(Ok(ManifestSummary { item_count: items, billed_size_bytes: bytes, .. })) => {
            State::Whole { at, table_name, items, bytes }
        }
        Some(Err(error)) => State::Unreadable(format!("its manifest cannot be read: {error}")),
    })
}
