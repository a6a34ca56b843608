//! Reads a share of an import's files and writes their items: what the step and the command line call.
//!
//! A file is read from its beginning whatever the cursor, as compression allows nothing else, and as its MD5 and its
//! number of items count from there; lines that are written already are passed over. A file is done when all of its
//! items are written and it is what its manifest says.

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

/// What is owed for what was written is paid for by then after the time of a call, or not at all.
const LATEST: Duration = Duration::from_secs(30);
/// No item of 400 KB takes a longer line, were each of its letters escaped.
const LONGEST_LINE: usize = 8 * 1024 * 1024;

/// What is read, and where it goes.
#[derive(Clone, Copy, Debug)]
pub struct SegmentJob<'a> {
    /// Where the files are.
    pub files: &'a Files,
    /// The files, as they were found.
    pub source: &'a Source,
    /// What their lines are.
    pub format: Format,
    /// What stands in them for a binary.
    pub binary: Binary,
    /// How they are compressed.
    pub compression: Compression,
    /// DynamoDB.
    pub calls: &'a RawItems,
    /// The table.
    pub table: &'a str,
    /// Its key attributes.
    pub keys: &'a [KeyAttribute<'a>],
    /// The share that is read: each file whose place is this,
    pub segment: u32,
    /// counted by so many.
    pub segments: u32,
    /// Write capacity units a second; `None` for as many as there are.
    pub units_per_second: Option<f64>,
    /// How long; `None` until all is done. At least one request is made.
    pub time: Option<Duration>,
}

/// Up to where a segment's items are written.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Cursor {
    /// The place of a file among all of the import; those of the segment before it are done.
    pub file: u32,
    /// Its last line that is written; 0 before the first.
    pub line: u64,
}

/// How far it came.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Checkpoint {
    /// Up to where; `None` before the first file.
    pub cursor: Option<Cursor>,
    /// Items of the segment up to there.
    pub items: u64,
    /// What is in doubt of them.
    pub doubts: Doubts,
    /// Whether that is all.
    pub done: bool,
}

/// What is told while it runs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Progress<'a> {
    /// The file that is read.
    pub key: &'a str,
    /// Items of the segment that are written.
    pub items: u64,
    /// What is in doubt of them.
    pub doubts: Doubts,
    /// Up to where that is; `None` before the first line.
    pub cursor: Option<Cursor>,
    /// Bytes of files that this call has read, those that it passed over among them.
    pub bytes: u64,
}

/// Takes what is told.
pub type Teller<'a> = &'a mut (dyn FnMut(Progress<'_>) + Send);

/// Why it stopped short.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file is not what it was.
    #[error("{location} {reason}; the files of an import have to stay as they are until it ends")]
    Changed {
        /// The file, as `s3://bucket/key` or a path.
        location: String,
        /// What is another.
        reason: String,
    },
    /// A file cannot be read, or is not what its manifest says.
    #[error("{location}: {reason}")]
    Invalid {
        /// The file, as `s3://bucket/key` or a path.
        location: String,
        /// Where in it, what is wrong, and what would be right.
        reason: String,
    },
    /// It could not be got.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// Items could not be written.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
}

impl Error {
    /// The name that a step fails by.
    pub fn name(&self) -> ErrorName {
        match self {
            Error::Changed { .. } => ErrorName::ImportChanged,
            Error::Invalid { .. } => ErrorName::InvalidExport,
            Error::Files(error) => error.name(),
            Error::Aws(failure) => failure.name,
        }
    }
}

/// Goes on from what an earlier call reached; from the default at first. What may pass ends it well if anything was
/// written, as the next call goes on from there.
pub async fn run(work: &SegmentJob<'_>, from: Checkpoint, tell: Teller<'_>) -> Result<Checkpoint, Error> {
    let begin = Instant::now();
    let mut run = SegmentRun {
        work,
        until: work.time.map(|time| begin + time),
        rate_limiter: RateLimiter::new(work.units_per_second, begin),
        reached: Checkpoint { done: false, ..from },
        sent: 0,
        bytes: 0,
        tell,
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

/// A run under way.
struct SegmentRun<'a, 'b> {
    work: &'a SegmentJob<'a>,
    until: Option<Instant>,
    rate_limiter: RateLimiter,
    reached: Checkpoint,
    /// Requests for the files before the present one.
    sent: u64,
    /// Bytes that were read.
    bytes: u64,
    tell: Teller<'b>,
}

/// What was read of a file.
struct Read {
    hash: Md5,
    bytes: u64,
    items: u64,
}

impl SegmentRun<'_, '_> {
    /// Writes the files from this place on; whether to their end.
    async fn files(&mut self, from: u32) -> Result<bool, Error> {
        for (place, file) in self.work.source.of_segment(self.work.segment, self.work.segments) {
            if place >= from && !self.file(place, file).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether its time is up, or would be once so many units more were paid for.
    fn is_over_with(&self, units: f64) -> bool {
        self.until.is_some_and(|until| self.rate_limiter.is_over_with(units, until, Instant::now()))
    }

    /// When what was written is paid for; `None` where there is no limit, or no time that a call has.
    fn due(&self) -> Option<Instant> {
        Some(self.rate_limiter.due()?.min(self.until? + LATEST))
    }

    /// Reads a file and writes it; whether to its end.
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
        let mut waiting = Waiting::behind(self.reached.doubts);
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
        self.reported(file);
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
        self.reported(file);
        Ok(true)
    }

    /// Tells how far it came.
    fn reported(&mut self, file: &SourceFile) {
        let Checkpoint { cursor, items, doubts, .. } = self.reached;
        (self.tell)(Progress { key: &file.stored.key, items, doubts, cursor, bytes: self.bytes });
    }

    /// Reads a file's lines, and gives those to `batches` that are not written yet. `None` where it ended before.
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
        let Some(mut reading) = files.open(key).await? else { return Err(self.changed(file, "is gone")) };
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
                    let reason = format!("line {number} is no item: {error}");
                    self.invalid(file, hint::with(reason, hint))
                })?;
                waiting.push(number, doubts);
                let (_, reported) = batches.written();
                batches.push(&mut self.rate_limiter, number, item, key_of_item).await;
                let (line, written) = batches.written();
                if written > reported {
                    let cursor = Some(Cursor { line, ..passed });
                    let doubts = waiting.written_up_to(line);
                    (self.tell)(Progress { key, items: items + written, doubts, cursor, bytes: self.bytes });
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

    /// Whether a file that was read to its end is what it is said to be.
    fn check(&self, file: &SourceFile, Read { hash, bytes, items }: Read) -> Result<(), Error> {
        if bytes != file.stored.size {
            return Err(self.changed(file, format!("has {bytes} bytes, not {}", file.stored.size)));
        }
        if let Some(said) = file.item_count.filter(|said| *said != items) {
            let reason = format!("it holds {items} items, but its manifest says {said}");
            return Err(self.invalid(file, reason));
        }
        let is = md5_text(hash);
        match &file.md5 {
            Some(said) if *said != is => {
                Err(self.invalid(file, format!("its MD5 is {is}, but its manifest says {said}")))
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
