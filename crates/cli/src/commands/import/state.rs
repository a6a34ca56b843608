//! The file that says up to where an import has written.
//!
//! What it says is certainly written; of what lies behind it some may be, and is written a second time, to the same end.

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

/// The form that this code writes, and the only one that it reads.
pub(super) const VERSION: u32 = 2;

/// What the file says.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct State {
    pub(super) version: u32,
    /// The directory or bucket.
    pub(super) place: String,
    pub(super) import: Import,
    /// When the newest file was changed, where nothing else would show that one was: in a directory without a manifest.
    pub(super) changed_at: Option<String>,
    pub(super) segments: Vec<Segment>,
}

/// A segment's share of it.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Segment {
    pub(super) cursor: Option<Cursor>,
    pub(super) items: u64,
    pub(super) doubts: Doubts,
    pub(super) done: bool,
}

impl State {
    /// Bytes of the files that are to be read yet, those that are read again to find the place among them.
    pub(super) fn bytes_left(&self, source: &Source) -> u64 {
        let shares = (0..).zip(&self.segments).filter(|(_, segment)| !segment.done);
        let left = shares.flat_map(|(number, segment)| {
            let from = segment.cursor.map_or(0, |cursor| cursor.file);
            source.of_segment(number, self.import.segments).filter(move |(place, _)| *place >= from)
        });
        left.map(|(_, file)| file.stored.size).sum()
    }

    /// Puts it in the place of what the file said before.
    pub(super) fn write(&self, path: &Path) -> anyhow::Result<()> {
        cursor_file::write(path, self)
    }

    /// What the file says; `None` where there is none.
    pub(super) fn read(path: &Path) -> anyhow::Result<Option<State>> {
        let Some(state) = cursor_file::read::<State>(path, "an import")? else { return Ok(None) };
        if state.version != VERSION || u32::try_from(state.segments.len()) != Ok(state.import.segments) {
            let place = path.display();
            return Err(Unusable(format!("{place} is a cursor file that this version does not know")).into());
        }
        Ok(Some(state))
    }
}

/// Where the file of an import is, unless it is said: within the directory that is read, else in the current one.
pub(super) fn usual_path(table: &str, files: &Files) -> PathBuf {
    let name = cursor_file_of(table);
    match files {
        Files::Directory(directory) => directory.join(name),
        Files::S3(_) => PathBuf::from(name),
    }
}

/// What the file of an import into a table is called.
pub(crate) fn cursor_file_of(table: &str) -> String {
    format!(".tablekeeper-import-{table}.json")
}

/// The place as the file says it.
pub(super) fn place_of(place: &Location) -> anyhow::Result<String> {
    Ok(match place {
        Location::Bucket { bucket, .. } => format!("s3://{bucket}"),
        Location::Path(path) => std::fs::canonicalize(path)?.display().to_string(),
    })
}

/// When the newest of a directory's files was changed, where no manifest has their MD5.
pub(super) fn changed_at(files: &Files, source: &Source) -> anyhow::Result<Option<String>> {
    let Files::Directory(directory) = files else { return Ok(None) };
    let mut newest = None;
    for file in source.files.iter().filter(|file| file.md5.is_none()) {
        let modified = std::fs::metadata(directory.join(&file.stored.key))?.modified()?;
        newest = newest.max(modified.duration_since(UNIX_EPOCH).ok());
    }
    Ok(newest.map(|since| format!("{}.{:09}", since.as_secs(), since.subsec_nanos())))
}
