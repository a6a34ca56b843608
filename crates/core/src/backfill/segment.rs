//! Reads a segment of a table and puts its items into the bucket: what the step and the command line call.
//!
//! While the items of a page are put, the next page is on its way. A page is done when each of its items is in the bucket,
//! by this call or by whatever was there before; the cursor stands behind the last page that is. Capacity is paid for
//! afterwards, as DynamoDB says what a page took only with the page.
//!
//! A version says since when its item is known to be so: the second at which DynamoDB answered, by DynamoDB's clock. The
//! item was read in that second or before, and a later change in it is told by the stream, whose version takes the place of
//! this one. An earlier second would have snapshots hold a state that was not yet so; a later one only has them lack what
//! is not known. The caller's own clock may be hours off, and is asked only where an answer has no time.

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

/// What is read, and where it goes.
#[derive(Clone, Copy, Debug)]
pub struct SegmentJob<'a> {
    /// What the backfill goes by.
    pub backfill: &'a Backfill,
    /// Which segment.
    pub segment: u32,
    /// DynamoDB.
    pub calls: &'a RawItems,
    /// The bucket.
    pub store: &'a Store,
    /// How long; `None` until all is done. At least one page is read.
    pub time: Option<Duration>,
    /// What versions have their times from, where an answer does not say when it was given.
    pub clock: Clock,
}

/// How far it came.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Checkpoint {
    /// The key behind which the next page begins, as DynamoDB JSON; `None` before the first page and behind the last.
    pub cursor: Option<String>,
    /// Items of the segment, up to there, that were put.
    pub written: u64,
    /// Those where something was already.
    pub kept: u64,
    /// Whether that is all.
    pub done: bool,
}

/// Why it stopped short.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The table is gone.
    #[error("table {0} does not exist any more: it was deleted while it was read")]
    TableMissing(String),
    /// An item is none.
    #[error("item {number} of the page behind {cursor} of segment {segment} cannot be read")]
    Item {
        /// Its place in the page, from 1.
        number: usize,
        /// Where the page begins.
        cursor: String,
        /// The segment.
        segment: u32,
        /// What is wrong with the item, and where.
        source: Malformed,
    },
    /// An AWS call failed. Its name and action are kept.
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

/// What became of an item of a page.
enum Put {
    /// It is in the bucket: by this put, or by what was there.
    Done { new: bool },
    /// S3 did not take it for now.
    Throttled { place: usize, failure: AwsFailure },
}

/// A page, and when it was there.
struct Seen {
    page: Page,
    at: DateTime<Utc>,
}

/// Goes on from where an earlier call came to. What may pass ends it well where a page was done, as the next call goes on
/// from there. `tell` is told of each page that is done.
pub async fn run(
    work: &SegmentJob<'_>,
    from: Checkpoint,
    tell: &mut (dyn FnMut(&Checkpoint) + Send),
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
                tell(&reached);
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
        // What the last page took is paid for by this call, as the next one does not know of it.
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

    /// Puts the items of a page that begins behind `start`: how many were put, and how many found something. Those that S3
    /// throttles are put again, fewer at a time; the others are not.
    async fn put(
        &self,
        Seen { page, at }: &Seen,
        start: Option<&str>,
        window: &mut Window,
    ) -> Result<(u64, u64), Error> {
        let names: Vec<&str> = self.backfill.key_names.iter().map(String::as_str).collect();
        let change = |place: usize| {
            let item =
                page.items.get(place).and_then(|range| page.response.get(range.clone())).unwrap_or_default();
            self.change(item, &names, *at).map_err(|source| Error::Item {
                number: place + 1,
                cursor: start.unwrap_or("the beginning").to_owned(),
                segment: self.segment,
                source,
            })
        };
        let change = &change;
        let put = |place: usize| async move {
            match self.store.apply_if_absent(&change(place)?).await {
                Ok(new) => Ok(Put::Done { new }),
                Err(failure) if failure.name == ErrorName::Throttled => Ok(Put::Throttled { place, failure }),
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
                    Put::Throttled { place, failure } => {
                        throttled.push(place);
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

    /// The version that an item makes.
    fn change(&self, item: &[u8], names: &[&str], at: DateTime<Utc>) -> Result<Change, Malformed> {
        let key = item_formats::key_of(item, names)?;
        let sequence_number = SequenceNumber::zero();
        // As the stream's are: without spaces between its parts.
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
