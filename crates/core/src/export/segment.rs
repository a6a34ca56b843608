//! The loop that reads a segment and writes one data file of it: for the step and for the command line.
//!
//! While a page is turned into lines, compressed and uploaded, the next one is on its way. The MD5 of the file is counted
//! as its bytes go out, since nothing may read them back. Capacity is paid for afterwards: DynamoDB says what a page took
//! only with the page, so the loop waits until the rate allows for what it took already.

use std::time::Duration;

use futures::future;
use item_formats::Malformed;
use tokio::time::Instant;

use super::part::{Opened, Part, PartError, PartWriter, Parts, holds_empty_collection};
use super::{ExportConfig, ExportFormat, Plan};
use crate::aws::failure::AwsFailure;
use crate::aws::rate_limiter::RateLimiter;
use crate::aws::raw_items::{Page, RawItems, ScanPage};
use crate::clock::Clock;
use crate::error_name::{ErrorName, HasErrorName};
use crate::storage::{Files, FilesError};

/// Bytes of lines after which a data file ends.
pub const MOST_BYTES: u64 = 4 << 30;
/// The first wait before a page is asked for again, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));

/// What writes the parts of a table's export.
#[derive(Clone, Copy, Debug)]
pub struct SegmentExport<'a> {
    /// Reads pages.
    pub calls: &'a RawItems,
    /// Takes files.
    pub files: &'a Files,
    /// What the run goes by. `seconds_per_call` is how long a part takes pages, and for how long a page that DynamoDB
    /// refuses for a reason that passes is asked for again.
    pub run: &'a ExportConfig,
    /// What is exported.
    pub plan: &'a Plan,
    /// What the records' times are taken from.
    pub clock: Clock,
}

/// What a page brought, as it is told while a part is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Progress {
    /// The segment that it is of.
    pub segment: u32,
    /// Items in the page.
    pub items: u64,
    /// Bytes of their lines.
    pub bytes: u64,
}

/// Why a part was not written.
#[derive(Debug, thiserror::Error)]
pub enum SegmentError {
    /// The table is gone.
    #[error("table {0} does not exist any more: it was deleted while it was being exported")]
    SourceTableMissing(String),
    /// An item cannot stand in a line.
    #[error("item {number} of the page behind {cursor} of segment {segment} cannot be written as {format}")]
    Item {
        /// Its place in the page, from 1.
        number: usize,
        /// Where the page begins.
        cursor: String,
        /// The segment.
        segment: u32,
        /// The format.
        format: ExportFormat,
        /// What is wrong with the item, and where.
        source: Malformed,
    },
    /// Its file could not be compressed or written.
    #[error(transparent)]
    Part(PartError),
    /// A file could not be written or read.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// An AWS call failed. Its name and action are kept.
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
    /// Writes the part of a segment that begins behind `cursor` (`None` at the segment's beginning), or finds it written
    /// by an earlier call: then it answers with its record. `progress` is told of each page.
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

    /// Reads pages into a part until the time, or the file's room, or the segment is used up. Answers with the key behind
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
        let mut start = cursor.map(str::to_owned);
        let mut page =
            self.page(segment, start.as_deref(), began).await.map_err(|error| self.failed(error))?;
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
                self.page(segment, Some(next), began).await
            };
            let (fetched, taken) = future::join(fetch, take).await;
            taken?;
            page = match fetched {
                Ok(page) => page,
                // What was read so far is worth keeping: the next call begins with this page.
                Err(failure) if failure.name.is_transient() => break Some(next.clone()),
                Err(failure) => return Err(self.failed(failure)),
            };
            start = Some(next.clone());
        };
        if end.is_some() {
            // What the last page took is paid for by this call, as the next one does not know of it.
            rate_limiter.wait().await;
        }
        Ok(end)
    }

    /// Writes the items of the page that begins behind `start`.
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

    /// A page. Where DynamoDB refuses it for a reason that passes, it is asked for again until the call's time is up.
    async fn page(&self, segment: u32, start: Option<&str>, began: Instant) -> Result<Page, AwsFailure> {
        let time = Duration::from_secs(self.run.seconds_per_call.into());
        let (mut pause, longest) = PAUSES;
        let page = ScanPage {
            table: &self.plan.table_name,
            segment,
            segments: self.plan.segments,
            consistent_read: self.run.consistent_read,
            limit: None,
            start,
        };
        loop {
            match self.calls.scan(&page).await {
                Err(failure) if failure.name.is_transient() && began.elapsed() + pause < time => {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(longest);
                }
                answered => return answered,
            }
        }
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
