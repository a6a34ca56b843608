//! Reads a segment and writes one data file of it, for the step and for the command line.
//!
//! The next page is fetched while a page is formatted, compressed and uploaded. The MD5 of the file is computed while
//! its bytes are sent, since nothing reads them back. DynamoDB reports the capacity of a page only with the page, so
//! the loop waits after a page until the rate covers it.

use std::time::Duration;

use futures::future;
use item_formats::Malformed;
use tokio::time::Instant;

use super::part::{Opened, Part, PartError, PartWriter, Parts, holds_empty_collection};
use super::{ExportConfig, FormatName, Plan};
use crate::aws::failure::AwsFailure;
use crate::aws::rate_limiter::RateLimiter;
use crate::aws::raw_items::{Page, RawItems};
use crate::aws::scan_segment::ScanSegment;
use crate::clock::Clock;
use crate::error_name::{ErrorName, HasErrorName};
use crate::storage::{Files, FilesError};

/// Bytes of lines after which a data file ends.
pub const MOST_BYTES: u64 = 4 << 30;

/// The export of one table's segments.
#[derive(Clone, Copy, Debug)]
pub struct SegmentExport<'a> {
    /// Client for reading pages.
    pub calls: &'a RawItems,
    /// Location of the files.
    pub files: &'a Files,
    /// Options of the export. `seconds_per_call` limits the time for which a part reads pages, and for which a page is
    /// retried after a transient failure.
    pub run: &'a ExportConfig,
    /// Plan of the table's export.
    pub plan: &'a Plan,
    /// Source of the times in the records.
    pub clock: Clock,
}

/// The items of one page, reported while a part is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Progress {
    /// Segment of the page.
    pub segment: u32,
    /// Number of items in the page.
    pub items: u64,
    /// Bytes of the lines of the page.
    pub bytes: u64,
}

/// A part that could not be written.
#[derive(Debug, thiserror::Error)]
pub enum SegmentError {
    /// The table was deleted.
    #[error("table {0} was deleted while it was being exported")]
    SourceTableMissing(String),
    /// An item cannot be written as a line.
    #[error("item {number} of the page after {cursor} of segment {segment} cannot be written as {format}")]
    Item {
        /// Position of the item in the page, starting at 1.
        number: usize,
        /// Cursor at which the page begins.
        cursor: String,
        /// Segment of the page.
        segment: u32,
        /// Format of the lines.
        format: FormatName,
        /// What is wrong with the item, and where.
        source: Malformed,
    },
    /// The data file could not be compressed.
    #[error(transparent)]
    Part(PartError),
    /// A file could not be written or read.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// An AWS call failed; holds its error name and action.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
}

impl SegmentError {
    fn from_part(error: PartError) -> SegmentError {
        match error {
            PartError::Files(error) => SegmentError::Files(error),
            other => SegmentError::Part(other),
        }
    }
}

impl HasErrorName for SegmentError {
    fn name(&self) -> ErrorName {
        match self {
            SegmentError::SourceTableMissing(_) => ErrorName::SourceTableMissing,
            SegmentError::Item { .. } => ErrorName::ExportFailed,
            SegmentError::Part(error) => error.name(),
            SegmentError::Files(error) => error.name(),
            SegmentError::Aws(failure) => failure.name,
        }
    }
}

impl SegmentExport<'_> {
    /// Writes the part of a segment that begins after `cursor` (`None` at the beginning of the segment). Returns its
    /// record, which an earlier call may have written. Calls `progress` for each page.
    pub async fn part(
        &self,
        segment: u32,
        part: u32,
        cursor: Option<&str>,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Part, SegmentError> {
        let parts = Parts { files: self.files, run: self.run, plan: self.plan, clock: self.clock };
        let mut writer = match parts.open(segment, part, cursor).await? {
            Opened::Earlier(earlier) => return Ok(earlier),
            Opened::New(writer) => writer,
        };
        match self.write(&mut writer, segment, cursor, progress).await {
            Ok(next) => writer.finish(next).await.map_err(SegmentError::from_part),
            Err(error) => {
                writer.abort().await;
                Err(error)
            }
        }
    }

    /// Reads pages into a part until the time is over, the file is full, or the segment ends. Returns the key after
    /// which the next part begins.
    async fn write(
        &self,
        writer: &mut PartWriter<'_>,
        segment: u32,
        cursor: Option<&str>,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Option<String>, SegmentError> {
        let began = Instant::now();
        let end_of_call = began + Duration::from_secs(self.run.seconds_per_call.into());
        let mut rate_limiter =
            RateLimiter::share(self.run.max_read_capacity_units, self.plan.segments, began);
        let pages = ScanSegment {
            calls: self.calls,
            table: &self.plan.table_name,
            segment,
            segments: self.plan.segments,
            consistent_read: self.run.consistent_read,
            count_only: false,
            until: end_of_call,
        };
        let mut start = cursor.map(str::to_owned);
        let mut page = pages.page(start.as_deref()).await.map_err(|error| self.failed(error))?;
        let end = loop {
            rate_limiter.owe(page.capacity);
            let room =
                writer.bytes.saturating_add(page.response.len().try_into().unwrap_or(u64::MAX)) < MOST_BYTES;
            let next = page.next.take();
            let take = self.take(&page, segment, start.as_deref(), writer, progress);
            let (Some(next), true) = (&next, room && !rate_limiter.is_over(end_of_call, Instant::now()))
            else {
                take.await?;
                break next;
            };
            let fetch = async {
                rate_limiter.wait().await;
                pages.page(Some(next)).await
            };
            let (fetched, taken) = future::join(fetch, take).await;
            taken?;
            page = match fetched {
                Ok(page) => page,
                // The pages so far are still valid. The next call begins with this page.
                Err(failure) if failure.name.is_transient() => break Some(next.clone()),
                Err(failure) => return Err(self.failed(failure)),
            };
            start = Some(next.clone());
        };
        if end.is_some() {
            // This call waits until the rate covers its last page, because the next call does not know about it.
            rate_limiter.wait().await;
        }
        Ok(end)
    }

    /// Writes the items of the page that begins after `start`.
    async fn take(
        &self,
        page: &Page,
        segment: u32,
        start: Option<&str>,
        writer: &mut PartWriter<'_>,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<(), SegmentError> {
        let may_hold_empties = holds_empty_collection(&page.response);
        let (items, bytes) = (writer.items, writer.bytes);
        for (place, range) in page.items.iter().enumerate() {
            let item = page.response.get(range.clone()).unwrap_or_default();
            writer.item(item, may_hold_empties).await.map_err(|error| match error {
                PartError::Item(source) => SegmentError::Item {
                    number: place + 1,
                    cursor: start.unwrap_or("the beginning").to_owned(),
                    segment,
                    format: self.run.format,
                    source,
                },
                other => SegmentError::from_part(other),
            })?;
        }
        progress(Progress { segment, items: writer.items - items, bytes: writer.bytes - bytes });
        Ok(())
    }

    fn failed(&self, failure: AwsFailure) -> SegmentError {
        match failure.detail.starts_with("ResourceNotFoundException") {
            true => SegmentError::SourceTableMissing(self.plan.table_name.clone()),
            false => SegmentError::Aws(failure),
        }
    }
}

#[cfg(test)]
mod tests;
