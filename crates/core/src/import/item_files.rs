//! Reads the items of an export's files, for an import and for a comparison.
//!
//! A file is always read from its beginning: decompression requires it, and the MD5 and the number of items cover the
//! whole file. Lines that the caller already has are skipped.

use item_formats::{Doubts, KeyAttribute, LineReader, key_of};
use md5::{Digest, Md5};

use super::source::SourceFile;
use super::{Binary, Compression, Format, hint};
use crate::error_name::ErrorName;
use crate::export::manifest::md5_text;
use crate::storage::{Files, FilesError, Reading};

/// Maximum bytes of a line. Even an item of 400 KB with every character escaped is shorter.
pub(crate) const LONGEST_LINE: usize = 8 * 1024 * 1024;

/// Files with items, and what is known about their lines.
#[derive(Clone, Copy, Debug)]
pub struct ItemFiles<'a> {
    /// Location of the files.
    pub files: &'a Files,
    /// Whether a manifest lists the files.
    pub has_manifest: bool,
    /// Format of the lines.
    pub format: Format,
    /// Representation of binaries in the lines.
    pub binary: Binary,
    /// Compression of the files.
    pub compression: Compression,
    /// Key attributes of the items.
    pub keys: &'a [KeyAttribute<'a>],
}

/// Files that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file changed after it was listed.
    #[error("{location} {reason}; the files must not change while they are read")]
    Changed {
        /// Location of the file, as `s3://bucket/key` or a path.
        location: String,
        /// What has changed.
        reason: String,
    },
    /// A file cannot be read, or does not match its manifest.
    #[error("{location}: {reason}")]
    Invalid {
        /// Location of the file, as `s3://bucket/key` or a path.
        location: String,
        /// Position of the error in the file, what is wrong, and what would be right.
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
            Error::Changed { .. } => ErrorName::ImportChanged,
            Error::Invalid { .. } => ErrorName::InvalidExport,
            Error::Files(error) => error.name(),
        }
    }
}

/// An item of a file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FileItem {
    /// Number of its line, starting at 1.
    pub line: u64,
    /// The item, as DynamoDB JSON.
    pub item: Vec<u8>,
    /// Key attributes of the item, as [`key_of`] returns them.
    pub key: Vec<u8>,
    /// Counts of doubtful values in the item.
    pub doubts: Doubts,
}

/// An open file.
#[derive(Debug)]
pub struct FileItems<'a> {
    of: ItemFiles<'a>,
    key_names: Vec<&'a str>,
    file: &'a SourceFile,
    reading: Reading,
    lines: LineReader,
    /// Number of the last line that is skipped.
    after: u64,
    /// First bytes of the file, for hints.
    head: Vec<u8>,
    hash: Md5,
    bytes: u64,
    count: u64,
    ended: bool,
}

impl<'a> ItemFiles<'a> {
    /// Opens a file to read the items of the lines after `after`; 0 for all lines.
    pub async fn open(self, file: &'a SourceFile, after: u64) -> Result<FileItems<'a>, Error> {
        let Some(reading) = self.files.open(&file.stored.key).await? else {
            return Err(self.changed(file, "was deleted"));
        };
        Ok(FileItems {
            of: self,
            key_names: self.keys.iter().map(|key| key.name).collect(),
            file,
            reading,
            lines: LineReader::new(file.compression(self.compression), LONGEST_LINE),
            after,
            head: Vec::with_capacity(hint::HEAD),
            hash: Md5::new(),
            bytes: 0,
            count: 0,
            ended: false,
        })
    }

    /// Builds the error for a file that cannot be read.
    pub(super) fn invalid(&self, file: &SourceFile, reason: String) -> Error {
        Error::Invalid { location: self.files.location(&file.stored.key), reason }
    }

    fn changed(&self, file: &SourceFile, reason: impl Into<String>) -> Error {
        Error::Changed { location: self.files.location(&file.stored.key), reason: reason.into() }
    }
}

impl FileItems<'_> {
    /// Returns the number of bytes of the file that were read.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Reads the next item. Returns `None` at the end of the file.
    pub async fn next(&mut self) -> Result<Option<FileItem>, Error> {
        loop {
            if let Some(item) = self.next_read()? {
                return Ok(Some(item));
            }
            if self.ended {
                return Ok(None);
            }
            let given = match self.reading.next().await? {
                Some(bytes) => {
                    self.head.extend(bytes.iter().take(hint::HEAD - self.head.len()));
                    self.hash.update(&bytes);
                    self.bytes += bytes.len() as u64;
                    self.lines.push(&bytes)
                }
                // DynamoDB writes an empty file for a partition without items, whatever its ending.
                None if self.bytes == 0 && self.file.item_count == Some(0) => return Ok(None),
                None => {
                    self.ended = true;
                    self.lines.end()
                }
            };
            given.map_err(|error| self.of.invalid(self.file, error.to_string()))?;
        }
    }

    /// Returns the next item of the bytes that were read.
    fn next_read(&mut self) -> Result<Option<FileItem>, Error> {
        let FileItems { of, file, .. } = *self;
        let ItemFiles { keys, format, binary, .. } = of;
        loop {
            let next = self.lines.next_line().map_err(|error| {
                let hint = hint::of_file(file.compression(of.compression), &self.head);
                of.invalid(file, hint::with(error.to_string(), hint))
            })?;
            let Some((number, line)) = next else { return Ok(None) };
            self.count += 1;
            if number <= self.after {
                continue;
            }
            let mut item = Vec::with_capacity(line.len());
            let read = format.read(binary, line, keys, &mut item);
            let read = read.and_then(|doubts| Ok((doubts, key_of(&item, &self.key_names)?)));
            let (doubts, key) = read.map_err(|error| {
                let of_reason = || hint::of_reason(&error.reason).filter(|_| !of.has_manifest);
                let hint = hint::of_line(number, line, &self.head, keys).or_else(of_reason);
                of.invalid(file, hint::with(format!("line {number} is not an item: {error}"), hint))
            })?;
            return Ok(Some(FileItem { line: number, item, key, doubts }));
        }
    }

    /// Checks that the file, which was read to its end, matches its size and its manifest.
    pub fn check(self) -> Result<(), Error> {
        let FileItems { of, file, hash, bytes, count, .. } = self;
        if bytes != file.stored.size {
            return Err(of.changed(file, format!("has {bytes} bytes, not {}", file.stored.size)));
        }
        if let Some(expected) = file.item_count.filter(|expected| *expected != count) {
            let reason = format!("it holds {count} items, but its manifest says {expected}");
            return Err(of.invalid(file, reason));
        }
        let is = md5_text(hash);
        match &file.md5 {
            Some(expected) if *expected != is => {
                Err(of.invalid(file, format!("its MD5 is {is}, but its manifest says {expected}")))
            }
            _ => Ok(()),
        }
    }
}
