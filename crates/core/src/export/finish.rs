//! Verifies the export of a scan and writes its manifests.
//!
//! It does not rely on the output of a step, but verifies the files in the folder:
//!
//! - The records of the parts form a chain in each segment, from its beginning to its end.
//! - Each data file is as its record says.
//! - No other file is among the data files, since ImportTable reads every object that it finds.

use std::collections::BTreeMap;

use futures::{StreamExt, TryStreamExt, stream};

use super::layout::Layout;
use super::manifest::{
    DataFile, EMR, EmrManifest, FILES, FILES_MD5, ManifestSummary, OutputFormat, SUMMARY, SUMMARY_MD5,
};
use super::part::Part;
use super::{ExportConfig, FormatName, Plan, manifest};
use crate::aws::failure::AwsFailure;
use crate::error_name::{ErrorName, HasErrorName};
use crate::storage::{Files, FilesError, StoredFile};

/// Number of records to read concurrently.
const AT_A_TIME: usize = 16;

/// The result of a complete export.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Finished {
    /// Location of its `manifest-summary.json`.
    pub manifest: String,
    /// Number of items in the export.
    pub items: u64,
    /// Bytes of the lines before compression.
    pub bytes: u64,
    /// Number of data files.
    pub files: u64,
    /// Number of items that a snapshot omits because their state is unknown.
    pub unknown: u64,
    /// Notes for the reader of the export.
    pub notes: Vec<String>,
}

/// An export without a manifest.
#[derive(Debug, thiserror::Error)]
pub enum FinishError {
    /// The files in the folder failed verification.
    #[error("the export in {folder} failed verification: {reason}")]
    NotVerified {
        /// Location of the folder.
        folder: String,
        /// What is wrong.
        reason: String,
    },
    /// Another table now has the name of the exported one.
    #[error(
        "table {0} is not the table that was scanned at first: it was deleted and re-created during the export, so \
         the export may hold items of both"
    )]
    TableReplaced(String),
    /// The table could not be described.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
    /// A file could not be written or read.
    #[error(transparent)]
    Files(#[from] FilesError),
}

impl HasErrorName for FinishError {
    fn name(&self) -> ErrorName {
        match self {
            FinishError::NotVerified { .. } | FinishError::TableReplaced(_) => ErrorName::ExportNotVerified,
            FinishError::Aws(failure) => failure.name,
            FinishError::Files(error) => error.name(),
        }
    }
}

/// Verifies an export and writes its manifests. A repeated call writes the same.
pub async fn finish(files: &Files, run: &ExportConfig, plan: &Plan) -> Result<Finished, FinishError> {
    let layout = Layout::new(run, plan);
    // A call that timed out may still be writing. Aborting its uploads keeps it from adding a file after this check.
    files.abort_uploads(&layout.data_folder()).await?;
    let refused = |reason| FinishError::NotVerified { folder: files.location(&plan.folder), reason };
    let records = records(files, &layout).await?.map_err(refused)?;
    let data_files = files.list(&layout.data_folder()).await?;
    let parts = verified(&layout, plan, &records, &data_files).map_err(refused)?;
    write(files, run, plan, &parts).await?;
    let sum = |of: fn(&Part) -> u64| parts.iter().copied().map(of).sum::<u64>();
    let with_empties = sum(|part| part.with_empty_collections);
    let note = (run.format == FormatName::DataPipeline && with_empties > 0).then(|| {
        format!(
            "{with_empties} items hold an empty list or map: the readers of Data Pipeline and of the EMR connector turn \
             it into an attribute without a value, but import-table reads it correctly"
        )
    });
    Ok(Finished {
        manifest: files.location(&layout.manifest(SUMMARY)),
        items: sum(|part| part.items),
        bytes: sum(|part| part.bytes),
        unknown: sum(|part| part.unknown),
        files: u64::try_from(parts.len()).unwrap_or(u64::MAX),
        notes: note.into_iter().collect(),
    })
}

/// Reads the existing records by their keys. The inner error names a record that cannot be read.
async fn records(
    files: &Files,
    layout: &Layout<'_>,
) -> Result<Result<BTreeMap<String, Part>, String>, FilesError> {
    let stored = files.list(&layout.parts()).await?;
    let read = stream::iter(stored).map(|StoredFile { key, .. }| async move {
        let body = files.get(&key).await?;
        let part = body.as_deref().map(serde_json::from_slice::<Part>);
        Ok::<_, FilesError>(match part {
            Some(Ok(part)) => Ok((key, part)),
            Some(Err(error)) => Err(format!("{key} is not the record of a part: {error}")),
            None => Err(format!("{key} was deleted while it was being read")),
        })
    });
    let read: Vec<_> = read.buffered(AT_A_TIME).try_collect().await?;
    Ok(read.into_iter().collect())
}

/// Returns the parts in the order of the manifest if the export is complete and its folder holds no other data file.
fn verified<'a>(
    layout: &Layout<'_>,
    plan: &Plan,
    records: &'a BTreeMap<String, Part>,
    data_files: &[StoredFile],
) -> Result<Vec<&'a Part>, String> {
    let mut parts = Vec::new();
    for segment in 0..plan.segments {
        let mut cursor = None;
        for number in 0.. {
            let key = layout.part(segment, number);
            let part = records
                .get(&key)
                .ok_or_else(|| format!("part {number} of segment {segment} is missing: there is no {key}"))?;
            if (part.segment, part.part) != (segment, number) || part.key != layout.data(segment, number) {
                return Err(format!("{key} is the record of another part"));
            }
            if part.cursor.as_deref() != cursor {
                return Err(format!(
                    "part {number} of segment {segment} does not begin where the previous part ends: two calls wrote \
                     the segment at the same time"
                ));
            }
            if part.done != part.next.is_none() {
                return Err(format!("{key} does not say whether its segment continues"));
            }
            parts.push(part);
            cursor = part.next.as_deref();
            if part.done {
                break;
            }
        }
    }
    if parts.len() != records.len() {
        let known: Vec<String> = parts.iter().map(|part| layout.part(part.segment, part.part)).collect();
        let other = records.keys().find(|key| !known.contains(key)).cloned().unwrap_or_default();
        return Err(format!("{other} is the record of a part after the last one of its segment"));
    }
    let mut files: BTreeMap<&str, &StoredFile> = data_files
        .iter()
        .filter(|file| layout.is_data(&file.key))
        .map(|file| (file.key.as_str(), file))
        .collect();
    for part in &parts {
        match files.remove(part.key.as_str()) {
            None => return Err(format!("the data file {} is missing", part.key)),
            Some(file) if !file.is(part.size, &part.etag) => {
                let Part { key, size, etag, .. } = part;
                return Err(format!(
                    "the data file {key} is not the one that was written: it has {} bytes and the ETag {}, and should \
                     have {size} and {etag}",
                    file.size, file.etag
                ));
            }
            Some(_) => {}
        }
    }
    match files.into_keys().next() {
        Some(other) => {
            Err(format!("{other} is in the folder of the data files, but does not belong to this export"))
        }
        None => Ok(parts),
    }
}

/// Writes the manifests, each after the files that it names and the file with its MD5. The summary is last because it
/// declares the export complete. A call that fails leaves no summary.
async fn write(files: &Files, run: &ExportConfig, plan: &Plan, parts: &[&Part]) -> Result<(), FilesError> {
    let layout = Layout::new(run, plan);
    let lines: Vec<DataFile> = parts
        .iter()
        .map(|part| DataFile {
            item_count: part.items,
            md5_checksum: Some(part.md5.clone()),
            etag: part.etag.clone(),
            data_file_s3_key: part.key.clone(),
        })
        .collect();
    let put = async |name: &str, body: Vec<u8>| files.put(&layout.manifest(name), body).await.map(drop);
    let with_md5 = async |name: &str, md5: &str, body: Vec<u8>| {
        let digest = manifest::md5_of(&body).into_bytes();
        put(md5, digest).await?;
        put(name, body).await
    };
    with_md5(FILES, FILES_MD5, manifest::write_files(&lines)).await?;
    if run.format == FormatName::DataPipeline {
        let urls = parts.iter().map(|part| files.location(&part.key));
        put(EMR, EmrManifest::from_urls(urls).write()).await?;
    }
    with_md5(SUMMARY, SUMMARY_MD5, summary(run, plan, parts).write()).await
}

fn summary(run: &ExportConfig, plan: &Plan, parts: &[&Part]) -> ManifestSummary {
    let layout = Layout::new(run, plan);
    let format = match run.format {
        FormatName::DynamodbJson => OutputFormat::DynamodbJson,
        FormatName::DataPipeline => OutputFormat::DataPipeline,
        FormatName::Plain => OutputFormat::Plain,
    };
    // The current time would make a repeated call write something else.
    let ended = parts.iter().map(|part| part.written_at).max().unwrap_or(plan.export_time);
    ManifestSummary {
        export_arn: format!("{}/export/{}", plan.table_arn, plan.export_id),
        start_time: manifest::time(run.started_at),
        end_time: manifest::time(ended),
        table_arn: plan.table_arn.clone(),
        table_id: plan.table_id.clone(),
        export_time: manifest::time(plan.export_time),
        s3_bucket: run.bucket.clone(),
        s3_prefix: Some(plan.folder.trim_end_matches('/').to_owned()),
        billed_size_bytes: parts.iter().map(|part| part.bytes).sum(),
        item_count: parts.iter().map(|part| part.items).sum(),
        ..ManifestSummary::from_full_export(layout.manifest(FILES), format)
    }
}
