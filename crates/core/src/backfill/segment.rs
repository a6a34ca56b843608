//! Reads a segment of a table and writes its items to the bucket. The step and the command line call this.
//!
//! While the items of a page are written, the next page is fetched. A page is done when each of its items is in the
//! bucket, from this call or from before. The cursor is after the last page that is done. Capacity is paid for
//! afterwards, because DynamoDB returns the consumed capacity only with the page.
//!
//! The time of a version is the second at which DynamoDB responded, by DynamoDB's clock. The item was read in that
//! second or before. If the item changes later in that second, the stream delivers the change, and its version replaces
//! this one. An earlier time would make snapshots contain a state that did not exist yet. A later time only makes them
//! lack items that are not known. The caller's clock may be hours off, and is used only if a response has no time.

use std::pin::pin;
use std::time::Duration;

use chrono::{DateTime, SubsecRound as _, Utc};
use futures::{StreamExt as _, TryStreamExt as _, future, stream};
use item_formats::{Format, Malformed, write_line};
use tokio::time::Instant;

use super::Backfill;
use super::window::Window;
use crate::aws::failure::AwsFailure;
use crate::aws::rate_limiter::RateLimiter;
use crate::aws::raw_items::{Page, RawItems, ScanPage};
use crate::clock::Clock;
use crate::error_name::{ErrorName, HasErrorName};
use crate::item_history::change::Change;
use crate::item_history::position::Position;
use crate::item_history::sequence_number::SequenceNumber;
use crate::item_history::store::Store;
use crate::item_history::version::{EventName, Version, body_of_item, object_key};

/// The segment to read, and the clients that it needs.
#[derive(Clone, Copy, Debug)]
pub struct SegmentJob<'a> {
    /// The plan of the backfill.
    pub backfill: &'a Backfill,
    /// Index of the segment, starting at 0.
    pub segment: u32,
    /// DynamoDB client.
    pub calls: &'a RawItems,
    /// Bucket of the items.
    pub store: &'a Store,
    /// Time limit of the call; `None` to run until the segment is done. At least one page is read.
    pub time: Option<Duration>,
    /// Clock for the times of versions if a response has no time.
    pub clock: Clock,
}

/// The progress of a segment.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Checkpoint {
    /// Key after which the next page begins, as DynamoDB JSON; `None` before the first page and after the last.
    pub cursor: Option<String>,
    /// Number of the segment's items written so far.
    pub written: u64,
    /// Number of the segment's items that already had an object.
    pub kept: u64,
    /// Whether the segment is done.
    pub done: bool,
}

/// The reason why a segment was not finished.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The table was deleted.
    #[error("table {0} was deleted while it was being read")]
    TableMissing(String),
    /// An item cannot be read.
    #[error("item {number} of the page after {cursor} of segment {segment} cannot be read")]
    Item {
        /// Number of the item in the page, starting at 1.
        number: usize,
        /// Start of the page.
        cursor: String,
        /// Index of the segment.
        segment: u32,
        /// What is wrong with the item, and where.
        source: Malformed,
    },
    /// An AWS call failed; holds its error name and action.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
}

impl HasErrorName for Error {
    fn name(&self) -> ErrorName {
        match self {
            Error::TableMissing(_) => ErrorName::SourceTableMissing,
            Error::Item { .. } => ErrorName::RequestRefused,
            Error::Aws(failure) => failure.name,
        }
    }
}

/// The result of writing an item of a page.
enum Put {
    /// The item is in the bucket; `new` if this write put it there.
    Done { new: bool },
    /// S3 throttled the write.
    Throttled { index: usize, failure: AwsFailure },
}

/// A page, and the time at which it was read.
struct Seen {
    page: Page,
    at: DateTime<Utc>,
}

/// Continues a segment from a checkpoint. A transient failure ends the call successfully if at least one page was done,
/// because the next call continues from there. Passes the checkpoint after each page to `report`.
pub async fn run(
    work: &SegmentJob<'_>,
    from: Checkpoint,
    report: &mut (dyn FnMut(&Checkpoint) + Send),
) -> Result<Checkpoint, Error> {
    let began = Instant::now();
    let mut rate_limiter =
        RateLimiter::share(work.backfill.max_read_capacity_units, work.backfill.segments, began);
    let mut window = Window::default();
    let mut reached = from.clone();
    let mut seen = work.page(reached.cursor.as_deref(), &mut rate_limiter).await?;
    let outcome = loop {
        let next = seen.page.next.clone();
        let is_over = work.time.is_some_and(|time| rate_limiter.is_over(began + time, Instant::now()));
        let fetch = async {
            match next.as_deref().filter(|_| !is_over) {
                Some(next) => work.page(Some(next), &mut rate_limiter).await.map(Some),
                None => Ok(None),
            }
        };
        let (fetched, put) =
            future::join(fetch, work.put(&seen, reached.cursor.as_deref(), &mut window)).await;
        match put {
            Ok((written, kept)) => {
                reached.written += written;
                reached.kept += kept;
                reached.done = next.is_none();
                reached.cursor = next;
                report(&reached);
            }
            Err(error) => break Err(error),
        }
        match fetched {
            Ok(Some(page)) => seen = page,
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    match outcome {
        Err(error) if !error.name().is_transient() || reached == from => return Err(error),
        _ => {}
    }
    if !reached.done {
        // This call waits for the capacity of its last page, because the next call does not know about it.
        rate_limiter.wait().await;
    }
    Ok(reached)
}

impl SegmentJob<'_> {
    async fn page(&self, start: Option<&str>, rate_limiter: &mut RateLimiter) -> Result<Seen, Error> {
        let Backfill { table_name, segments, .. } = self.backfill;
        rate_limiter.wait().await;
        let page = ScanPage {
            table: table_name,
            segment: self.segment,
            segments: *segments,
            consistent_read: true,
            count_only: false,
            limit: None,
            start,
        };
        let page = self.calls.scan(&page).await.map_err(|failure| {
            match failure.detail.starts_with("ResourceNotFoundException") {
                true => Error::TableMissing(table_name.clone()),
                false => Error::Aws(failure),
            }
        })?;
        rate_limiter.owe(page.capacity);
        let at = page.at.unwrap_or_else(|| self.clock.now()).trunc_subsecs(0);
        Ok(Seen { page, at })
    }

    /// Writes the items of a page that begins after `start`. Returns how many were written and how many already had an
    /// object. Only throttled items are written again, fewer at a time.
    async fn put(
        &self,
        Seen { page, at }: &Seen,
        start: Option<&str>,
        window: &mut Window,
    ) -> Result<(u64, u64), Error> {
        let names: Vec<&str> = self.backfill.key_names.iter().map(String::as_str).collect();
        let change = |index: usize| {
            let item =
                page.items.get(index).and_then(|range| page.response.get(range.clone())).unwrap_or_default();
            self.change(item, &names, *at).map_err(|source| Error::Item {
                number: index + 1,
                cursor: start.unwrap_or("the beginning").to_owned(),
                segment: self.segment,
                source,
            })
        };
        let change = &change;
        let put = |index: usize| async move {
            match self.store.apply_if_absent(&change(index)?).await {
                Ok(new) => Ok(Put::Done { new }),
                Err(failure) if failure.name == ErrorName::Throttled => Ok(Put::Throttled { index, failure }),
                Err(failure) => Err(Error::Aws(failure)),
            }
        };
        let (mut written, mut kept, mut left) = (0, 0, Vec::from_iter(0..page.items.len()));
        for round in 0.. {
            let mut puts = pin!(stream::iter(left).map(put).buffer_unordered(window.size()));
            let (mut throttled, mut why) = (Vec::new(), None);
            while let Some(done) = puts.try_next().await? {
                match done {
                    Put::Done { new: true } => written += 1,
                    Put::Done { new: false } => kept += 1,
                    Put::Throttled { index, failure } => {
                        throttled.push(index);
                        why = Some(failure);
                    }
                }
            }
            let Some(failure) = why else { break };
            let Some(pause) = window.shrink(round) else { return Err(Error::Aws(failure)) };
            tracing::warn!(items = throttled.len(), at_a_time = window.size(), %failure, "S3 throttles a backfill");
            tokio::time::sleep(pause).await;
            left = throttled;
        }
        window.grow();
        Ok((written, kept))
    }

    /// Builds the change that an item makes.
    fn change(&self, item: &[u8], names: &[&str], at: DateTime<Utc>) -> Result<Change, Malformed> {
        let key = item_formats::key_of(item, names)?;
        let sequence_number = SequenceNumber::zero();
        // Writes the item as the stream does, without spaces between its parts.
        let mut line = Vec::with_capacity(item.len() + 1);
        write_line(Format::Plain, item, &mut line)?;
        let body = body_of_item(line.trim_ascii_end(), &sequence_number);
        let item_key = String::from_utf8_lossy(&key).into_owned();
        let position = Position { stream: None, sequence_number, at };
        let version = Version::new(position, EventName::Backfill, item_key);
        Ok(Change { object: object_key(&self.store.prefix, &key), version, body })
    }
}

#[cfg(test)]
mod tests;
