//! The loop that reads a segment and writes one data file of it: for the step and for the command line.
//!
//! While a page is turned into lines, compressed and uploaded, the next one is on its way. The MD5 of the file is counted
//! as its bytes go out, since nothing may read them back. Capacity is paid for afterwards: DynamoDB says what a page took
//! only with the page, so the loop waits until the rate allows for what it took already.

mod data_file;
mod pace;

use std::time::Duration;

use futures::future;
use item_formats::Malformed;
use tokio::time::Instant;

use data_file::{Content, DataFile};
use pace::Pace;

use super::layout::Layout;
use super::part::Part;
use super::{ExportFormat, Plan, Run};
use crate::aws_failure::AwsFailure;
use crate::clock::Clock;
use crate::error_name::ErrorName;
use crate::export_manifest::md5_text;
use crate::files::{Files, FilesError, StoredFile, Upload};
use crate::item_calls::{ItemCalls, Page, ScanPage};
use crate::step::Named;

/// Bytes of lines after which a data file ends.
const MOST_BYTES: u64 = 4 << 30;
/// The first wait before a page is asked for again, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));

/// What writes the parts of a table's export.
#[derive(Clone, Copy, Debug)]
pub struct SegmentExport<'a> {
    /// Reads pages.
    pub calls: &'a ItemCalls,
    /// Takes files.
    pub files: &'a Files,
    /// What the run goes by. `seconds_per_call` is how long a part takes pages, and for how long a page that DynamoDB
    /// refuses for a reason that passes is asked for again.
    pub run: &'a Run,
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
        /// Why.
        source: Malformed,
    },
    /// The library that compresses failed.
    #[error("the data file {key} could not be compressed")]
    Compression {
        /// The file.
        key: String,
        /// What the library says.
        source: std::io::Error,
    },
    /// A file could not be written or read.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// A call failed.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
}

impl Named for SegmentError {
    fn name(&self) -> ErrorName {
        match self {
            SegmentError::SourceTableMissing(_) => ErrorName::SourceTableMissing,
            SegmentError::Item { .. } | SegmentError::Compression { .. } => ErrorName::ExportFailed,
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
        let layout = Layout::new(self.run, self.plan);
        let (key, record) = (layout.data(segment, part), layout.part(segment, part));
        if let Some(earlier) = self.earlier(&record, &key, cursor).await? {
            return Ok(earlier);
        }
        let mut upload = self.files.upload(&key);
        let (content, stored) = match self.write(&mut upload, &key, segment, cursor, progress).await {
            Ok(content) => (content, upload.finish().await?),
            Err(error) => {
                upload.abort().await;
                return Err(error);
            }
        };
        let part = self.record(segment, part, cursor, content, stored);
        let body = serde_json::to_vec(&part).map_err(AwsFailure::unbuilt("s3:PutObject"))?;
        self.files.put(&record, body).await?;
        Ok(part)
    }

    fn record(
        &self,
        segment: u32,
        part: u32,
        cursor: Option<&str>,
        content: Content,
        stored: StoredFile,
    ) -> Part {
        Part {
            segment,
            part,
            key: stored.key,
            items: content.items,
            bytes: content.bytes,
            size: stored.size,
            md5: md5_text(content.md5),
            etag: stored.etag,
            cursor: cursor.map(str::to_owned),
            done: content.next.is_none(),
            next: content.next,
            with_empty_collections: content.with_empty_collections,
            written_at: self.clock.now(),
        }
    }

    /// The part as an earlier call wrote it: if its record begins where this one begins, and its file is there as the
    /// record says. One that cannot be read counts for nothing, as the part is written anew then.
    async fn earlier(
        &self,
        record: &str,
        key: &str,
        cursor: Option<&str>,
    ) -> Result<Option<Part>, FilesError> {
        let Some(written) = self.files.get(record).await? else { return Ok(None) };
        let Ok(part) = serde_json::from_slice::<Part>(&written) else { return Ok(None) };
        if part.cursor.as_deref() != cursor || part.key != key {
            return Ok(None);
        }
        let there = self.files.list(key).await?;
        let is_it = |file: &StoredFile| file.key == part.key && file.is(part.size, &part.etag);
        Ok(there.iter().any(is_it).then_some(part))
    }

    /// Reads pages into a file until the time, or the file's room, or the segment is used up.
    async fn write(
        &self,
        upload: &mut Upload,
        key: &str,
        segment: u32,
        cursor: Option<&str>,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Content, SegmentError> {
        let began = Instant::now();
        let time = Duration::from_secs(self.run.seconds_per_call.into());
        let mut pace = Pace::of(self.run, self.plan, began);
        let mut file = DataFile::new(self, key, segment);
        let mut start = cursor.map(str::to_owned);
        let mut page =
            self.page(segment, start.as_deref(), began).await.map_err(|error| self.failed(error))?;
        loop {
            pace.took(page.capacity);
            let room = file.content.bytes.saturating_add(page.answer.len().try_into().unwrap_or(u64::MAX))
                < MOST_BYTES;
            let next = page.next.take();
            let (Some(next), true) = (&next, room && began.elapsed() < time) else {
                file.take(&page, start.as_deref(), upload, progress).await?;
                file.content.next = next;
                break;
            };
            let fetch = async {
                pace.wait().await;
                self.page(segment, Some(next), began).await
            };
            let take = file.take(&page, start.as_deref(), upload, progress);
            let (fetched, taken) = future::join(fetch, take).await;
            taken?;
            page = match fetched {
                Ok(page) => page,
                // What was read so far is worth keeping: the next call begins with this page.
                Err(failure) if passes(&failure) => {
                    file.content.next = Some(next.clone());
                    break;
                }
                Err(failure) => return Err(self.failed(failure)),
            };
            start = Some(next.clone());
        }
        if file.content.next.is_some() {
            // What the last page took is paid for by this call, as the next one does not know of it.
            pace.wait().await;
        }
        file.finish(upload).await
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
                Err(failure) if passes(&failure) && began.elapsed() + pause < time => {
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

/// Whether the same call may succeed a little later.
fn passes(failure: &AwsFailure) -> bool {
    matches!(failure.name, ErrorName::Throttled | ErrorName::ServiceUnavailable)
}

#[cfg(test)]
mod tests;
