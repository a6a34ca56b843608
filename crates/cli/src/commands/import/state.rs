//! The cursor file of an import.
//!
//! Everything up to the saved position is written. Items after it may be written, too: a resumed import writes them
//! again, with the same result.

use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use item_formats::Doubts;
use serde::{Deserialize, Serialize};
use tablekeeper_core::import::Import;
use tablekeeper_core::import::segment::Cursor;
use tablekeeper_core::import::source::Source;
use tablekeeper_core::storage::Files;

use crate::failure::Unusable;
use crate::transfer::{Location, cursor_file};

/// The version of the file format. Other versions are refused.
pub(super) const VERSION: u32 = 2;

/// The content of the cursor file.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct State {
    pub(super) version: u32,
    /// The directory, or the bucket as `s3://bucket`.
    pub(super) place: String,
    pub(super) import: Import,
    /// Time at which the newest file of a directory without a manifest was changed. Nothing else would show a change
    /// there.
    pub(super) changed_at: Option<String>,
    pub(super) segments: Vec<Segment>,
}

/// The progress of one segment.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Segment {
    pub(super) cursor: Option<Cursor>,
    pub(super) items: u64,
    pub(super) doubts: Doubts,
    pub(super) done: bool,
}

impl State {
    /// Returns the bytes left to read, including those of files that are read again to find the position.
    pub(super) fn bytes_left(&self, source: &Source) -> u64 {
        let shares = (0..).zip(&self.segments).filter(|(_, segment)| !segment.done);
        let left = shares.flat_map(|(number, segment)| {
            let from = segment.cursor.map_or(0, |cursor| cursor.file);
            source.of_segment(number, self.import.segments).filter(move |(place, _)| *place >= from)
        });
        left.map(|(_, file)| file.stored.size).sum()
    }

    /// Replaces the content of the file.
    pub(super) fn write(&self, path: &Path) -> anyhow::Result<()> {
        cursor_file::write(path, self)
    }

    /// Reads the file; `None` if there is none.
    pub(super) fn read(path: &Path) -> anyhow::Result<Option<State>> {
        let Some(state) = cursor_file::read::<State>(path, "an import")? else { return Ok(None) };
        if state.version != VERSION || u32::try_from(state.segments.len()) != Ok(state.import.segments) {
            let place = path.display();
            return Err(Unusable(format!("{place} is a cursor file of another version")).into());
        }
        Ok(Some(state))
    }
}

/// Returns the default path of the cursor file: in the directory that is read, or in the current directory for a
/// bucket.
pub(super) fn usual_path(table: &str, files: &Files) -> PathBuf {
    let name = cursor_file_of(table);
    match files {
        Files::Directory(directory) => directory.join(name),
        Files::S3(_) => PathBuf::from(name),
    }
}

/// Returns the name of the cursor file of an import into a table.
pub(crate) fn cursor_file_of(table: &str) -> String {
    format!(".tablekeeper-import-{table}.json")
}

/// Returns the location as the file has it: `s3://bucket`, or an absolute path.
pub(super) fn place_of(place: &Location) -> anyhow::Result<String> {
    Ok(match place {
        Location::Bucket { bucket, .. } => format!("s3://{bucket}"),
        Location::Path(path) => std::fs::canonicalize(path)?.display().to_string(),
    })
}

/// Returns when the newest file of a directory was changed, of those without an MD5 in a manifest.
pub(super) fn changed_at(files: &Files, source: &Source) -> anyhow::Result<Option<String>> {
    let Files::Directory(directory) = files else { return Ok(None) };
    let mut newest = None;
    for file in source.files.iter().filter(|file| file.md5.is_none()) {
        let modified = std::fs::metadata(directory.join(&file.stored.key))?.modified()?;
        newest = newest.max(modified.duration_since(UNIX_EPOCH).ok());
    }
    Ok(newest.map(|since| format!("{}.{:09}", since.as_secs(), since.subsec_nanos())))
}
