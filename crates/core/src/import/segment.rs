//! Reads the files of one segment of an import and writes their items, for the step and for the command line.
//!
//! A file is always read from its beginning, whatever the cursor: decompression requires it, and the MD5 and the number
//! of items cover the whole file. Lines that are already written are skipped. A file is done when all of its items are
//! written and it matches its manifest.

use std::time::Duration;

use item_formats::{Doubts, KeyAttribute, LineReader, key_of};
use md5::{Digest, Md5};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::batch_writer::{Batches, Refused, Target};
use super::doubts::Waiting;
use super::source::{Source, SourceFile};
use super::{Binary, Compression, Format, hint};
use crate::aws::failure::AwsFailure;
use crate::aws::rate_limiter::RateLimiter;
use crate::aws::raw_items::RawItems;
use crate::error_name::ErrorName;
use crate::export::manifest::md5_text;
use crate::storage::{Files, FilesError};

/// Maximum time after the end of a call for which it waits until the rate covers what it wrote.
const LATEST: Duration = Duration::from_secs(30);
/// Maximum bytes of a line. Even an item of 400 KB with every character escaped is shorter.
pub(crate) const LONGEST_LINE: usize = 8 * 1024 * 1024;

/// The files of a segment and the destination of their items.
#[derive(Clone, Copy, Debug)]
pub struct SegmentJob<'a> {
    /// Location of the files.
    pub files: &'a Files,
    /// Files of the import, as the plan found them.
    pub source: &'a Source,
    /// Format of the lines.
    pub format: Format,
    /// Representation of binaries in the lines.
    pub binary: Binary,
    /// Compression of the files.
    pub compression: Compression,
    /// Client for writing items.
    pub calls: &'a RawItems,
    /// Name of the table.
    pub table: &'a str,
    /// Key attributes of the table.
    pub keys: &'a [KeyAttribute<'a>],
    /// Segment to process, starting at 0. File `n` belongs to segment `n % segments`.
    pub segment: u32,
    /// Total number of segments.
    pub segments: u32,
    /// Maximum write capacity units per second; `None` means no limit.
    pub units_per_second: Option<f64>,
    /// Time limit of the call; `None` means no limit. At least one request is made.
    pub time: Option<Duration>,
}

/// The position up to which the items of a segment are written.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Cursor {
    /// Position of the current file among all files of the import, starting at 0. All earlier files of the segment are
    /// done.
    pub file: u32,
    /// Number of the last written line of the file; 0 before the first one.
    pub line: u64,
}

/// The progress of a segment.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Checkpoint {
    /// Position up to which items are written; `None` before the first file.
    pub cursor: Option<Cursor>,
    /// Number of items of the segment written up to the cursor.
    pub items: u64,
    /// Counts of doubtful values in these items.
    pub doubts: Doubts,
    /// Whether the segment is finished.
    pub done: bool,
}

/// The progress of a segment, reported while it runs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Progress<'a> {
    /// Key of the current file.
    pub key: &'a str,
    /// Number of items of the segment that are written.
    pub items: u64,
    /// Counts of doubtful values in these items.
    pub doubts: Doubts,
    /// Position up to which items are written; `None` before the first line.
    pub cursor: Option<Cursor>,
    /// Bytes of files that this call has read, including lines that it skipped.
    pub bytes: u64,
}

/// A callback that receives the progress.
pub type ProgressCallback<'a> = &'a mut (dyn FnMut(Progress<'_>) + Send);

/// A segment that could not be imported.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file changed after the import was planned.
    #[error("{location} {reason}; the files of an import must not change until it ends")]
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
    /// Items could not be written.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
}

impl Error {
    /// Returns the name that a step fails with.
    pub fn name(&self) -> ErrorName {
        match self {
            Error::Changed { .. } => ErrorName::ImportChanged,
            Error::Invalid { .. } => ErrorName::InvalidExport,
            Error::Files(error) => error.name(),
            Error::Aws(failure) => failure.name,
        }
    }
}

/// Continues from a checkpoint; the first call passes the default. A transient failure still returns a checkpoint if
/// anything was written, so that the next call can continue.
pub async fn run(
    work: &SegmentJob<'_>,
    from: Checkpoint,
    report: ProgressCallback<'_>,
) -> Result<Checkpoint, Error> {
    let begin = Instant::now();
    let mut run = SegmentRun {
        work,
        until: work.time.map(|time| begin + time),
        rate_limiter: RateLimiter::new(work.units_per_second, begin),
        reached: Checkpoint { done: false, ..from },
        sent: 0,
        bytes: 0,
        report,
    };
    match run.files(from.cursor.map_or(0, |cursor| cursor.file)).await {
        Ok(done) => run.reached.done = done,
        Err(error) if error.name().is_transient() && run.reached.cursor != from.cursor => {}
        Err(error) => return Err(error),
    }
    if !run.reached.done
        && let Some(due) = run.due()
    {
        // The next call does not know what this one owes.
        tokio::time::sleep_until(due).await;
    }
    Ok(run.reached)
}

/// The state of a call.
struct SegmentRun<'a, 'b> {
    work: &'a SegmentJob<'a>,
    until: Option<Instant>,
    rate_limiter: RateLimiter,
    reached: Checkpoint,
    /// Number of requests for earlier files. A finished file counts as one more.
    sent: u64,
    /// Number of bytes that were read.
    bytes: u64,
    report: ProgressCallback<'b>,
}

/// The digest and counts of a file that was read to its end.
struct Read {
    hash: Md5,
    bytes: u64,
    items: u64,
}

impl SegmentRun<'_, '_> {
    /// Writes the files from this position on. Returns whether all of them are done.
    async fn files(&mut self, from: u32) -> Result<bool, Error> {
        for (place, file) in self.work.source.of_segment(self.work.segment, self.work.segments) {
            if place >= from && !self.file(place, file).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Returns whether the time is over, or would be once the rate covers `units` more.
    fn is_over_with(&self, units: f64) -> bool {
        self.until.is_some_and(|until| self.rate_limiter.is_over_with(units, until, Instant::now()))
    }

    /// Returns when the rate covers what was written. Returns `None` without a rate or without a time limit.
    fn due(&self) -> Option<Instant> {
        Some(self.rate_limiter.due()?.min(self.until? + LATEST))
    }

    /// Reads and writes one file. Returns whether it is done.
    async fn file(&mut self, place: u32, file: &SourceFile) -> Result<bool, Error> {
        let passed =
            self.reached.cursor.filter(|cursor| cursor.file == place).map_or(0, |cursor| cursor.line);
        let before = self.reached.cursor;
        if self.is_over_with(0.0) && self.sent > 0 {
            return Ok(false);
        }
        let SegmentJob { calls, table, .. } = *self.work;
        let mut batches = Batches::new(Target { calls, table, until: self.until }, passed);
        let items = self.reached.items;
        let mut waiting = Waiting::after(self.reached.doubts);
        let passed = Cursor { file: place, line: passed };
        let read = self.lines(&mut batches, &mut waiting, file, passed, items).await;
        if matches!(read, Ok(Some(_))) {
            batches.send(&mut self.rate_limiter).await;
        }
        batches.settle(&mut self.rate_limiter).await;
        self.sent += batches.sent();
        let (line, written) = batches.written();
        self.reached.items = items + written;
        self.reached.doubts = waiting.written_up_to(line);
        self.reached.cursor = if line > 0 { Some(Cursor { file: place, line }) } else { before };
        self.report_progress(file);
        match batches.refused() {
            Some(Refused::Item { line, failure }) => {
                let reason = format!("DynamoDB refuses the item of line {line}: {failure}");
                return Err(self.invalid(file, reason));
            }
            Some(Refused::Aws(failure)) => return Err(failure.clone().into()),
            None => {}
        }
        let Some(read) = read? else { return Ok(false) };
        self.check(file, read)?;
        self.reached.cursor = Some(Cursor { file: place + 1, line: 0 });
        self.sent += 1;
        self.report_progress(file);
        Ok(true)
    }

    /// Reports the progress.
    fn report_progress(&mut self, file: &SourceFile) {
        let Checkpoint { cursor, items, doubts, .. } = self.reached;
        (self.report)(Progress { key: &file.stored.key, items, doubts, cursor, bytes: self.bytes });
    }

    /// Reads the lines of a file, and passes those to `batches` that are not written yet. Returns `None` if it stopped
    /// before the end of the file.
    async fn lines(
        &mut self,
        batches: &mut Batches<'_>,
        waiting: &mut Waiting,
        file: &SourceFile,
        passed: Cursor,
        items: u64,
    ) -> Result<Option<Read>, Error> {
        let SegmentJob { files, source, format, binary, compression, keys, .. } = *self.work;
        let names: Vec<&str> = keys.iter().map(|key| key.name).collect();
        let key = &file.stored.key;
        let Some(mut reading) = files.open(key).await? else { return Err(self.changed(file, "was deleted")) };
        let compression = file.compression(compression);
        let mut lines = LineReader::new(compression, LONGEST_LINE);
        let mut head = Vec::with_capacity(hint::HEAD);
        let mut read = Read { hash: Md5::new(), bytes: 0, items: 0 };
        loop {
            let piece = reading.next().await?;
            let given = match &piece {
                Some(bytes) => {
                    head.extend(bytes.iter().take(hint::HEAD - head.len()));
                    read.hash.update(bytes);
                    read.bytes += bytes.len() as u64;
                    self.bytes += bytes.len() as u64;
                    lines.push(bytes)
                }
                // DynamoDB writes an empty file for a partition without items, whatever its ending.
                None if read.bytes == 0 && file.item_count == Some(0) => return Ok(Some(read)),
                None => lines.end(),
            };
            given.map_err(|error| self.invalid(file, error.to_string()))?;
            while let Some((number, line)) = lines.next_line().map_err(|error| {
                self.invalid(file, hint::with(error.to_string(), hint::of_file(compression, &head)))
            })? {
                read.items += 1;
                if number <= passed.line {
                    continue;
                }
                let mut item = Vec::with_capacity(line.len());
                let read_item = format.read(binary, line, keys, &mut item);
                let read_item = read_item.and_then(|doubts| Ok((doubts, key_of(&item, &names)?)));
                let (doubts, key_of_item) = read_item.map_err(|error| {
                    let of_reason = || hint::of_reason(&error.reason).filter(|_| source.manifest.is_none());
                    let hint = hint::of_line(number, line, &head, keys).or_else(of_reason);
                    let reason = format!("line {number} is not an item: {error}");
                    self.invalid(file, hint::with(reason, hint))
                })?;
                waiting.push(number, doubts);
                let (_, reported) = batches.written();
                batches.push(&mut self.rate_limiter, number, item, key_of_item).await;
                let (line, written) = batches.written();
                if written > reported {
                    let cursor = Some(Cursor { line, ..passed });
                    let doubts = waiting.written_up_to(line);
                    (self.report)(Progress {
                        key,
                        items: items + written,
                        doubts,
                        cursor,
                        bytes: self.bytes,
                    });
                }
                let moved = self.sent + batches.sent() > 0;
                if batches.refused().is_some() || (moved && self.is_over_with(batches.waiting())) {
                    return Ok(None);
                }
            }
            if piece.is_none() {
                return Ok(Some(read));
            }
        }
    }

    /// Checks that a file that was read to its end matches its size and its manifest.
    fn check(&self, file: &SourceFile, Read { hash, bytes, items }: Read) -> Result<(), Error> {
        if bytes != file.stored.size {
            return Err(self.changed(file, format!("has {bytes} bytes, not {}", file.stored.size)));
        }
        if let Some(expected) = file.item_count.filter(|expected| *expected != items) {
            let reason = format!("it holds {items} items, but its manifest says {expected}");
            return Err(self.invalid(file, reason));
        }
        let is = md5_text(hash);
        match &file.md5 {
            Some(expected) if *expected != is => {
                Err(self.invalid(file, format!("its MD5 is {is}, but its manifest says {expected}")))
            }
            _ => Ok(()),
        }
    }

    fn invalid(&self, file: &SourceFile, reason: String) -> Error {
        Error::Invalid { location: self.work.files.location(&file.stored.key), reason }
    }

    fn changed(&self, file: &SourceFile, reason: impl Into<String>) -> Error {
        Error::Changed { location: self.work.files.location(&file.stored.key), reason: reason.into() }
    }
}

#[cfg(test)]
mod tests;
