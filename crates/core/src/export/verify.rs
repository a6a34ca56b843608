//! Verifies a complete export or snapshot against its manifest, without changing anything.
//!
//! A file with the size and the ETag that were recorded is the one that was written. A file with another ETag may be a
//! copy, so it is read, and its MD5 and its items are compared.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use item_formats::{Compression, LineReader};
use md5::{Digest as _, Md5};

use super::layout::Layout;
use super::manifest::{self, DataFile, FILES, FILES_MD5, ManifestSummary, SUMMARY, SUMMARY_MD5};
use super::part::Part;
use super::{ExportConfig, Plan};
use crate::import::item_files::LONGEST_LINE;
use crate::storage::{Files, FilesError, StoredFile};

/// Number of files that are read concurrently.
const AT_A_TIME: usize = 8;

/// The result of a verification.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Verification {
    /// Number of items according to the manifest.
    pub items: u64,
    /// Number of data files according to the manifest.
    pub files: u64,
    /// Number of data files whose content was read.
    pub read: u64,
    /// What is wrong, a sentence for each file.
    pub damages: Vec<String>,
}

/// Verifies the export of this plan. With `read_all`, reads the content of every data file.
pub async fn verify(
    files: &Files,
    run: &ExportConfig,
    plan: &Plan,
    read_all: bool,
) -> Result<Verification, FilesError> {
    let layout = Layout::new(run, plan);
    let mut found = Verification::default();
    let summary = checked(files, &layout, SUMMARY, SUMMARY_MD5, &mut found).await?;
    let list = checked(files, &layout, FILES, FILES_MD5, &mut found).await?;
    let (Some(summary), Some(list)) = (summary, list) else { return Ok(found) };
    let summary = match ManifestSummary::read(&summary) {
        Ok(summary) => summary,
        Err(error) => return Ok(found.with(layout.manifest(SUMMARY), error.to_string())),
    };
    let entries = match manifest::read_files(&list) {
        Ok(entries) => entries,
        Err(error) => return Ok(found.with(layout.manifest(FILES), error.to_string())),
    };
    found.items = summary.item_count;
    found.files = u64::try_from(entries.len()).unwrap_or(u64::MAX);
    let counted: u64 = entries.iter().map(|entry| entry.item_count).sum();
    if counted != summary.item_count {
        let reason = format!("itemCount is {}, but its files hold {counted}", summary.item_count);
        found.damage(layout.manifest(SUMMARY), reason);
    }
    let stored = files.list(&layout.data_folder()).await?;
    let stored: BTreeMap<&str, &StoredFile> = stored.iter().map(|file| (file.key.as_str(), file)).collect();
    let records = records(files, &layout, &mut found).await?;
    let named: BTreeSet<&str> = entries.iter().map(|entry| entry.data_file_s3_key.as_str()).collect();
    for key in stored.keys().filter(|key| layout.is_data(key) && !named.contains(*key)) {
        found.damage(
            (*key).to_owned(),
            "is in the folder of the data files, but not in the manifest".to_owned(),
        );
    }
    let checks = stream::iter(&entries).map(|entry| {
        let file = stored.get(entry.data_file_s3_key.as_str()).copied();
        let record = records.get(&entry.data_file_s3_key);
        check(files, entry, file, record, read_all)
    });
    let mut checks = checks.buffered(AT_A_TIME);
    while let Some((was_read, damage)) = checks.try_next().await? {
        found.read += u64::from(was_read);
        found.damages.extend(damage);
    }
    Ok(found)
}

impl Verification {
    fn damage(&mut self, key: String, reason: String) {
        self.damages.push(format!("{key}: {reason}"));
    }

    fn with(mut self, key: String, reason: String) -> Verification {
        self.damage(key, reason);
        self
    }
}

/// Reads a manifest, and compares it with the MD5 next to it.
async fn checked(
    files: &Files,
    layout: &Layout<'_>,
    name: &str,
    md5: &str,
    found: &mut Verification,
) -> Result<Option<bytes::Bytes>, FilesError> {
    let (key, md5_key) = (layout.manifest(name), layout.manifest(md5));
    let Some(content) = files.get(&key).await? else {
        found.damage(key, "is missing".to_owned());
        return Ok(None);
    };
    match files.get(&md5_key).await? {
        None => found.damage(md5_key, "is missing".to_owned()),
        Some(expected) if expected.trim_ascii() != manifest::md5_of(&content).as_bytes() => {
            found.damage(key, format!("its MD5 is not the one in {md5}"));
        }
        Some(_) => {}
    }
    Ok(Some(content))
}

/// Reads the records of the parts, by the keys of their data files.
async fn records(
    files: &Files,
    layout: &Layout<'_>,
    found: &mut Verification,
) -> Result<BTreeMap<String, Part>, FilesError> {
    let stored = files.list(&layout.parts()).await?;
    let read = stream::iter(stored).map(|StoredFile { key, .. }| async move {
        let body = files.get(&key).await?.unwrap_or_default();
        Ok::<_, FilesError>((key, serde_json::from_slice::<Part>(&body)))
    });
    let read: Vec<_> = read.buffered(AT_A_TIME).try_collect().await?;
    let mut records = BTreeMap::new();
    for (key, part) in read {
        match part {
            Ok(part) => drop(records.insert(part.key.clone(), part)),
            Err(error) => found.damage(key, format!("is not the record of a part: {error}")),
        }
    }
    Ok(records)
}

/// Checks a data file. Returns whether it was read, and what is wrong with it.
async fn check(
    files: &Files,
    entry: &DataFile,
    file: Option<&StoredFile>,
    record: Option<&Part>,
    read_all: bool,
) -> Result<(bool, Option<String>), FilesError> {
    let key = &entry.data_file_s3_key;
    let damaged = |was_read: bool, reason: String| Ok((was_read, Some(format!("{key}: {reason}"))));
    let Some(file) = file else { return damaged(false, "is missing".to_owned()) };
    if let Some(record) = record
        && record.size != file.size
    {
        return damaged(false, format!("has {} bytes; {} were written", file.size, record.size));
    }
    if let Some(record) = record
        && record.items != entry.item_count
    {
        let reason =
            format!("has {} items in its record, and {} in the manifest", record.items, entry.item_count);
        return damaged(false, reason);
    }
    let is_as_written = !file.etag.is_empty() && file.etag == entry.etag;
    if is_as_written && !read_all {
        return Ok((false, None));
    }
    let Some(content) = content(files, key).await? else { return damaged(true, "is missing".to_owned()) };
    match (&entry.md5_checksum, content) {
        (Some(expected), Content { md5, .. }) if *expected != md5 => {
            damaged(true, format!("its MD5 is {md5}; {expected} was written"))
        }
        (None, Content { .. }) if !is_as_written => {
            damaged(true, format!("its ETag is {}; {} was written", file.etag, entry.etag))
        }
        (_, Content { items: Err(reason), .. }) => damaged(true, reason),
        (_, Content { items: Ok(items), .. }) if items != entry.item_count => {
            damaged(true, format!("holds {items} items; {} were written", entry.item_count))
        }
        _ => Ok((true, None)),
    }
}

/// What a data file holds.
struct Content {
    md5: String,
    /// Number of lines; the error says why they cannot be read.
    items: Result<u64, String>,
}

async fn content(files: &Files, key: &str) -> Result<Option<Content>, FilesError> {
    let Some(mut reading) = files.open(key).await? else { return Ok(None) };
    let mut lines = LineReader::new(Compression::from_key(key), LONGEST_LINE);
    let (mut hash, mut items) = (Md5::new(), Ok(0));
    while let Some(piece) = reading.next().await? {
        hash.update(&piece);
        if let Ok(count) = items {
            items = push(&mut lines, Some(&piece)).map(|more| count + more);
        }
    }
    let items = items.and_then(|count| push(&mut lines, None).map(|more| count + more));
    Ok(Some(Content { md5: manifest::md5_text(hash), items }))
}

/// Adds a piece of a file, or its end, and returns the number of complete lines.
fn push(lines: &mut LineReader, piece: Option<&[u8]>) -> Result<u64, String> {
    let pushed = match piece {
        Some(piece) => lines.push(piece),
        None => lines.end(),
    };
    pushed.map_err(|error| error.to_string())?;
    let mut count = 0;
    while lines.next_line().map_err(|error| error.to_string())?.is_some() {
        count += 1;
    }
    Ok(count)
}
