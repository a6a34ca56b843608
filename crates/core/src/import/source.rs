//! Finds the files of an import.
//!
//! The location is a manifest, a folder, or one file. In a folder, the manifest of an export is used: one in the folder
//! itself, or else one of a DynamoDB export below it. Without a manifest, all files of the folder are used. An
//! incomplete export is refused. It has a file that begins an export (`export.json`, `_started`), but no manifest.
//!
//! A manifest names its files by their keys in the bucket that they were written to. They may have been copied since,
//! together with the manifest, so they are looked up relative to the manifest.

use std::collections::BTreeMap;

use chrono::NaiveDateTime;
use sha2::{Digest, Sha256};

use super::{Compression, Format};
use crate::error_name::ErrorName;
use crate::export::manifest;
use crate::export::manifest::{EmrManifest, InvalidManifest, ManifestSummary};
use crate::storage::{Files, FilesError, StoredFile};
use crate::text::hex;
use crate::text::{bounded, quoted};

/// The files of an import.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Source {
    /// Prefix of the files: empty, or ending in `/`; or the key of a single file.
    pub root: String,
    /// Key of the manifest; `None` if all files below `root` are read.
    pub manifest: Option<String>,
    /// Format of the lines; `None` if no manifest says it.
    pub format: Option<Format>,
    /// Number of items in all files; `None` if no manifest says it.
    pub item_count: Option<u64>,
    /// Files, always in the same order.
    pub files: Vec<SourceFile>,
}

/// A file of an import.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SourceFile {
    /// The stored file.
    pub stored: StoredFile,
    /// Number of items in the file according to the manifest.
    pub item_count: Option<u64>,
    /// Base64 of the MD5 of the file according to the manifest.
    pub md5: Option<String>,
}

/// Files that could not be determined.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A manifest is invalid, or a file in it is missing or differs.
    #[error("{location}: {reason}")]
    Invalid {
        /// Location of the file with the error.
        location: String,
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// A file could not be read.
    #[error(transparent)]
    Files(#[from] FilesError),
}

impl Error {
    /// Returns the name that a step fails with.
    pub fn name(&self) -> ErrorName {
        match self {
            Error::Invalid { .. } => ErrorName::InvalidExport,
            Error::Files(error) => error.name(),
        }
    }
}

/// Finds the files of an import. `place` is the key of a manifest, of a folder with or without its last `/`, or of a
/// file; empty for the whole bucket or directory.
pub async fn find(files: &Files, place: &str) -> Result<Source, Error> {
    let (folder, name) = place.rsplit_once('/').map_or(("", place), |(folder, name)| (folder, name));
    let root = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    if matches!(name, manifest::SUMMARY | manifest::EMR) {
        if name == manifest::EMR && files.get(place).await?.is_none() {
            // A folder may have this name, too.
            return find_in(files, &format!("{place}/")).await;
        }
        return load(files, &root, Some(place)).await;
    }
    if place.is_empty() || place.ends_with('/') {
        return find_in(files, place).await;
    }
    let root = format!("{place}/");
    let is_file = files.list(&root).await?.is_empty() && !load(files, place, None).await?.files.is_empty();
    if is_file { load(files, place, None).await } else { find_in(files, &root).await }
}

async fn find_in(files: &Files, root: &str) -> Result<Source, Error> {
    let stored = files.list(root).await?;
    let invalid = |reason: String| Err(Error::Invalid { location: files.location(root), reason });
    if stored.is_empty() {
        return invalid("there are no files".to_owned());
    }
    let has = |name: &str| stored.iter().any(|file| file.key == format!("{root}{name}"));
    if has(manifest::SUMMARY) {
        return load(files, root, Some(&format!("{root}{}", manifest::SUMMARY))).await;
    }
    let below = format!("/{}", manifest::SUMMARY);
    let of_exports: Vec<&str> =
        stored.iter().map(|file| file.key.as_str()).filter(|key| key.ends_with(&below)).collect();
    match of_exports.as_slice() {
        [] => {}
        [one] => {
            let (folder, _) = one.rsplit_once('/').unwrap_or_default();
            return load(files, &format!("{folder}/"), Some(one)).await;
        }
        several => {
            let names = bounded(several.iter().map(|key| quoted(key)), 5, 200).join(", ");
            return invalid(format!("there are several exports; name one of them: {names}"));
        }
    }
    if has(manifest::EMR) {
        return load(files, root, Some(&format!("{root}{}", manifest::EMR))).await;
    }
    let begins = |file: &&StoredFile| matches!(name_of(&file.key), "export.json" | "_started");
    if let Some(begun) = stored.iter().find(begins) {
        return invalid(format!(
            "there is {} of an export, but no {}: the export did not finish, and holds at most a part of its table",
            quoted(&begun.key),
            manifest::SUMMARY
        ));
    }
    if let Some(folder) = dump_in(&stored) {
        return invalid(format!(
            "{} next to {} is a dump of dynamodump, whose data files are Scan responses with each item on several lines; \
             convert them first, `jq -c '.Items[]' data/*.json > lines/items.json`, and import the folder `lines/` as \
             plain",
            quoted(&format!("{folder}schema.json")),
            quoted(&format!("{folder}data/"))
        ));
    }
    let all = load(files, root, None).await?;
    if all.files.is_empty() {
        return invalid("there are no files that can hold items".to_owned());
    }
    let of_minutes: Vec<&str> = all.files.iter().map(|file| name_of(&file.stored.key)).collect();
    if of_minutes.len() > 1 && of_minutes.iter().all(|name| is_minute(name)) {
        let names = bounded(of_minutes.iter().map(|name| quoted(name)), 5, 200).join(", ");
        return invalid(format!("there are several snapshots of the whole table; name one of them: {names}"));
    }
    Ok(all)
}

/// Returns the folder of a dump of dynamodump, if there is one.
fn dump_in(stored: &[StoredFile]) -> Option<&str> {
    stored.iter().find_map(|file| {
        let folder = file.key.strip_suffix("schema.json")?;
        let data = format!("{folder}data/");
        let is_folder = folder.is_empty() || folder.ends_with('/');
        (is_folder && stored.iter().any(|file| file.key.starts_with(&data))).then_some(folder)
    })
}

/// Lists the files that [`find`] found again, as they are now.
pub async fn load(files: &Files, root: &str, manifest: Option<&str>) -> Result<Source, Error> {
    let stored = files.list(root).await?;
    let Some(key) = manifest else {
        let is_file = !root.is_empty() && !root.ends_with('/');
        let data = stored
            .into_iter()
            .filter(|file| if is_file { file.key == root } else { is_data(root, &file.key) });
        let data = data.map(|stored| SourceFile { stored, item_count: None, md5: None });
        let (root, files) = (root.to_owned(), data.collect());
        return Ok(Source { root, manifest: None, format: None, item_count: None, files });
    };
    let stored: BTreeMap<&str, &StoredFile> = stored.iter().map(|file| (file.key.as_str(), file)).collect();
    let reader = Reader { files, root, stored };
    match name_of(key) {
        manifest::SUMMARY => reader.of_summary(key).await,
        _ => reader.of_data_pipeline(key).await,
    }
}

impl Source {
    /// Returns the hexadecimal SHA-256 of everything that shows a change of a file.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        for SourceFile { stored, item_count, md5 } in &self.files {
            let StoredFile { key, size, etag } = stored;
            let line = format!("{key}\n{size}\n{etag}\n{item_count:?}\n{md5:?}\n");
            hash.update(line);
        }
        hash.update(format!("{:?} {:?}", self.format, self.item_count));
        hex(&hash.finalize())
    }

    /// Returns the number of files that are named in a summary without an MD5.
    pub fn unchecked(&self) -> usize {
        let of_exports = self.item_count.is_some();
        self.files.iter().filter(|file| of_exports && file.md5.is_none()).count()
    }

    /// Returns the files of a segment with their positions.
    pub fn of_segment(&self, segment: u32, segments: u32) -> impl Iterator<Item = (u32, &SourceFile)> {
        (0..).zip(&self.files).filter(move |(place, _)| place % segments.max(1) == segment)
    }
}

impl SourceFile {
    /// Returns the compression of the file.
    pub fn compression(&self, compression: Compression) -> item_formats::Compression {
        compression.for_key(&self.stored.key)
    }
}

/// A reader of the manifests in a folder.
struct Reader<'a> {
    files: &'a Files,
    root: &'a str,
    stored: BTreeMap<&'a str, &'a StoredFile>,
}

impl Reader<'_> {
    async fn of_summary(&self, key: &str) -> Result<Source, Error> {
        let summary = self.checked(key, manifest::SUMMARY_MD5).await?;
        let summary = ManifestSummary::read(&summary).map_err(|error| self.invalid(key, error))?;
        let list = format!("{}{}", self.root, manifest::FILES);
        let content = self.checked(&list, manifest::FILES_MD5).await?;
        let entries = manifest::read_files(&content).map_err(|error| self.invalid(&list, error))?;
        let (was_in, _) = summary.manifest_files_s3_key.rsplit_once('/').unwrap_or_default();
        let was_in = if was_in.is_empty() { String::new() } else { format!("{was_in}/") };
        let mut files = Vec::new();
        for entry in entries {
            let name = entry.data_file_s3_key.strip_prefix(&was_in).unwrap_or(&entry.data_file_s3_key);
            let (item_count, md5) = (Some(entry.item_count), entry.md5_checksum);
            files.push(SourceFile { stored: self.listed(&list, name)?, item_count, md5 });
        }
        let counted: u64 = files.iter().filter_map(|file| file.item_count).sum();
        if counted != summary.item_count {
            let reason = format!("itemCount is {}, but its files hold {counted}", summary.item_count);
            return Err(self.invalid(key, reason));
        }
        Ok(Source {
            root: self.root.to_owned(),
            manifest: Some(key.to_owned()),
            format: Some(summary.output_format.into()),
            item_count: Some(summary.item_count),
            files,
        })
    }

    async fn of_data_pipeline(&self, key: &str) -> Result<Source, Error> {
        let content = self.content(key).await?;
        let manifest = EmrManifest::read(&content).map_err(|error| self.invalid(key, error))?;
        let mut files = Vec::new();
        for entry in manifest.entries {
            match self.listed(key, name_of(&entry.url)) {
                Ok(stored) => files.push(SourceFile { stored, item_count: None, md5: None }),
                Err(error) if entry.mandatory => return Err(error),
                Err(_) => {}
            }
        }
        Ok(Source {
            root: self.root.to_owned(),
            manifest: Some(key.to_owned()),
            format: Some(Format::DataPipeline),
            item_count: None,
            files,
        })
    }

    /// Finds a file that a manifest names.
    fn listed(&self, manifest: &str, name: &str) -> Result<StoredFile, Error> {
        match self.stored.get(format!("{}{name}", self.root).as_str()) {
            Some(file) => Ok((*file).clone()),
            None => {
                let place = self.files.location(self.root);
                Err(self.invalid(manifest, format!("{} is named, but is not in {place}", quoted(name))))
            }
        }
    }

    async fn content(&self, key: &str) -> Result<bytes::Bytes, Error> {
        let content = self.files.get(key).await?;
        content.ok_or_else(|| self.invalid(key, "the manifest is missing"))
    }

    /// Reads a manifest, and checks the MD5 next to it if there is one.
    async fn checked(&self, key: &str, md5: &str) -> Result<bytes::Bytes, Error> {
        let content = self.content(key).await?;
        let md5_key = format!("{}{md5}", self.root);
        if self.stored.contains_key(md5_key.as_str()) {
            let expected = self.content(&md5_key).await?;
            let (expected, is) = (String::from_utf8_lossy(&expected), manifest::md5_of(&content));
            if expected.trim() != is {
                let reason = format!("its MD5 is {is}, but {md5} says {}", quoted(expected.trim()));
                return Err(self.invalid(key, reason));
            }
        }
        Ok(content)
    }

    fn invalid(&self, key: &str, reason: impl Into<Reason>) -> Error {
        Error::Invalid { location: self.files.location(key), reason: reason.into().0 }
    }
}

/// The reason of an error.
struct Reason(String);

impl From<InvalidManifest> for Reason {
    fn from(error: InvalidManifest) -> Reason {
        Reason(error.to_string())
    }
}

impl From<String> for Reason {
    fn from(text: String) -> Reason {
        Reason(text)
    }
}

impl From<&str> for Reason {
    fn from(text: &str) -> Reason {
        Reason(text.to_owned())
    }
}

/// Returns whether the name of a file is a minute, `2026-03-01 02:00`, which is the name of a snapshot of a table.
fn is_minute(name: &str) -> bool {
    NaiveDateTime::parse_from_str(name, "%Y-%m-%d %H:%M").is_ok()
}

fn name_of(key: &str) -> &str {
    key.rsplit('/').next().unwrap_or(key)
}

/// Returns whether a file that no manifest names can hold items. Names with a leading `_` or `.` do not, by the
/// convention of Hadoop (`_SUCCESS`). Neither do the objects that represent folders in consoles.
fn is_data(root: &str, key: &str) -> bool {
    let within = key.strip_prefix(root).unwrap_or(key);
    !name_of(within).is_empty() && !within.split('/').any(|part| part.starts_with(['_', '.']))
}

#[cfg(test)]
mod tests;
