//! Reads the files of one segment of an import and writes their items, for the step and for the command line.
//!
//! Lines that are already written are skipped. A file is done when all of its items are written and it matches its
//! manifest.

use std::time::Duration;

use item_formats::{Doubts, KeyAttribute};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::batch_writer::{Batches, Refused, Target};
use super::doubts::Waiting;
use super::item_files::{FileItem, FileItems, ItemFiles};
use super::source::{Source, SourceFile};
use super::{Binary, Compression, Format, item_files};
use crate::aws::failure::AwsFailure;
use crate::aws::rate_limiter::RateLimiter;
use crate::aws::raw_items::RawItems;
use crate::error_name::ErrorName;
use crate::storage::Files;

/// Maximum time after the end of a call for which it waits until the rate covers what it wrote.
const LATEST: Duration = Duration::from_secs(30);

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
    /// A file could not be read, or does not match its manifest.
    #[error(transparent)]
    Files(#[from] item_files::Error),
    /// Items could not be written.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
}

impl Error {
    /// Returns the name that a step fails with.
    pub fn name(&self) -> ErrorName {
        match self {
            Error::Files(error) => error.name(),
            Error::Aws(failure) => failure.name,
        }
    }
}

impl<'a> SegmentJob<'a> {
    fn items(&self) -> ItemFiles<'a> {
        ItemFiles {
            files: self.files,
            has_manifest: self.source.manifest.is_some(),
            format: self.format,
            binary: self.binary,
            compression: self.compression,
            keys: self.keys,
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

impl<'a> SegmentRun<'a, '_> {
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
        let read = self.items(&mut batches, &mut waiting, file, passed, items).await;
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
                return Err(self.work.items().invalid(file, reason).into());
            }
            Some(Refused::Aws(failure)) => return Err(failure.clone().into()),
            None => {}
        }
        let Some(read) = read? else { return Ok(false) };
        read.check()?;
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

    /// Reads the items of a file, and passes those to `batches` that are not written yet. Returns `None` if it stopped
    /// before the end of the file.
    async fn items<'f>(
        &mut self,
        batches: &mut Batches<'_>,
        waiting: &mut Waiting,
        file: &'f SourceFile,
        passed: Cursor,
        items: u64,
    ) -> Result<Option<FileItems<'f>>, Error>
    where
        'a: 'f,
    {
        let key = &file.stored.key;
        let earlier = self.bytes;
        let mut reading = self.work.items().open(file, passed.line).await?;
        while let Some(FileItem { line, item, key: key_of_item, doubts }) = reading.next().await? {
            self.bytes = earlier + reading.bytes();
            waiting.push(line, doubts);
            let (_, reported) = batches.written();
            batches.push(&mut self.rate_limiter, line, item, key_of_item).await;
            let (line, written) = batches.written();
            if written > reported {
                let cursor = Some(Cursor { line, ..passed });
                let doubts = waiting.written_up_to(line);
                (self.report)(Progress { key, items: items + written, doubts, cursor, bytes: self.bytes });
            }
            let moved = self.sent + batches.sent() > 0;
            if batches.refused().is_some() || (moved && self.is_over_with(batches.waiting())) {
                return Ok(None);
            }
        }
        self.bytes = earlier + reading.bytes();
        Ok(Some(reading))
    }
}

#[cfg(test)]
mod tests;
