//! Finds a snapshot by its name, its location, or `latest`.

use anyhow::bail;
use tablekeeper_core::export::layout::document_in;
use tablekeeper_core::snapshot::document;
use tablekeeper_core::snapshot::document::Document;
use tablekeeper_core::snapshot::overview;
use tablekeeper_core::snapshot::overview::{Overview, State};
use tablekeeper_core::snapshot::restore_input::is_name;
use tablekeeper_core::storage::{Files, as_prefix, bucket_and_key};
use tablekeeper_core::text::quoted;

use crate::config::{Settings, reported};
use crate::console::{Console, counted};
use crate::failure::Unusable;
use crate::transfer::{Aws, meant, named, whole};

/// The name of the newest complete snapshot or export.
pub(crate) const LATEST: &str = "latest";

/// The folder of a snapshot.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Folder {
    pub(crate) bucket: String,
    /// Prefix of the keys, which ends in `/`.
    pub(crate) key: String,
}

impl Folder {
    /// Returns the location, for people and for `import`.
    pub(crate) fn location(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.key)
    }

    /// Returns the name of the snapshot.
    pub(crate) fn name(&self) -> &str {
        let folder = self.key.trim_end_matches('/');
        folder.rsplit('/').next().unwrap_or(folder)
    }

    /// Returns the folder above, whose snapshots `latest` is one of; `None` for a named snapshot.
    fn above(&self) -> Option<&str> {
        self.key
            .strip_suffix('/')?
            .strip_suffix(LATEST)
            .filter(|above| above.is_empty() || above.ends_with('/'))
    }

    /// Returns the key of the snapshot's document.
    pub(crate) fn document(&self) -> String {
        document_in(&self.key)
    }

    /// Reads the document of the snapshot, which also says who began it. Fails with [`Unusable`] if it cannot be used.
    pub(crate) async fn read(&self, files: &Files) -> anyhow::Result<Document> {
        let read = document::read(files, &self.document()).await;
        read.map_err(|error| named(error.name(), error))?.map_err(|reason| {
            Unusable(format!("{}export.json: {reason} (InvalidExport)", self.location())).into()
        })
    }

    /// Returns the files of the bucket.
    pub(crate) fn files(&self, aws: &Aws) -> Files {
        whole(&aws.s3, &self.bucket)
    }
}

/// Returns the folder that a name or a location means. It need not exist.
pub(crate) fn parse(text: &str, settings: &Settings) -> anyhow::Result<Folder> {
    if let Some((bucket, key)) = bucket_and_key(text) {
        return Ok(Folder { bucket, key: as_prefix(&key) });
    }
    if !is_name(text) {
        let meant = meant(text).map(|uri| format!(". Did you mean {uri}?")).unwrap_or_default();
        bail!(Unusable(format!(
            "SNAPSHOT is {}; it must be a snapshot name such as 2026-11-20T02-00-00Z, {LATEST}, or a location such as \
             s3://bucket/folder{meant}",
            quoted(text)
        )));
    }
    let snapshots = settings.snapshots()?;
    Ok(Folder { bucket: snapshots.bucket.clone(), key: format!("{}{text}/", snapshots.prefix) })
}

/// Returns the folder of an existing snapshot. For `latest` it is the newest complete one, which the console names.
pub(crate) async fn find(
    text: &str,
    settings: &Settings,
    aws: &Aws,
    console: &Console,
) -> anyhow::Result<Folder> {
    let folder = parse(text, settings)?;
    let exists = exists(&folder, aws).await?;
    if !exists && let Some(above) = folder.above() {
        return newest(&folder.bucket, above, settings.table.as_deref(), aws, console).await;
    }
    if !exists {
        let above = folder.key.trim_end_matches('/').rsplit_once('/').map_or("", |(above, _)| above);
        bail!(Unusable(format!(
            "there is no snapshot {} in s3://{}/{}; `tablekeeper snapshot list` lists them (InvalidExport)",
            quoted(folder.name()),
            folder.bucket,
            as_prefix(above)
        )));
    }
    Ok(folder)
}

/// Returns whether a folder has the document of a snapshot.
pub(crate) async fn exists(folder: &Folder, aws: &Aws) -> anyhow::Result<bool> {
    let found = folder.files(aws).get(&folder.document()).await;
    Ok(found.map_err(|error| named(error.name(), error))?.is_some())
}

/// Finds the newest complete snapshot directly below a prefix. Skips those of other tables, if the table is known.
pub(crate) async fn newest(
    bucket: &str,
    prefix: &str,
    table: Option<&str>,
    aws: &Aws,
    console: &Console,
) -> anyhow::Result<Folder> {
    let mut newest = None;
    let mut take = |Overview { name, state }: Overview| {
        if let State::Whole { at, table_name, items, .. } = state
            && (table_name.is_empty() || table.is_none_or(|table| table == table_name))
            && newest.as_ref().is_none_or(|(_, than, _)| at >= *than)
        {
            newest = Some((name, at, items));
        }
    };
    let listed = overview::each(&aws.s3, bucket, prefix, &mut take).await;
    listed.map_err(|error| named(error.name(), error))?;
    let Some((name, at, items)) = newest else {
        let of = table.map(|table| format!(" of {table}")).unwrap_or_default();
        bail!(Unusable(format!("there is no complete snapshot{of} in s3://{bucket}/{prefix}")));
    };
    console.line(&format!("{LATEST} is {name}, of {}, with {}", reported(at), counted(items, "item")));
    Ok(Folder { bucket: bucket.to_owned(), key: format!("{prefix}{name}/") })
}
