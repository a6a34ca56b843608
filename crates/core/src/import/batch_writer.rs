//! Writes items with BatchWriteItem in concurrent requests, and tracks the line up to which all items are written.
//!
//! BatchWriteItem takes up to 25 items and 16 MB, refuses two items with the same key, does not preserve order, and may
//! leave items unprocessed (API reference, BatchWriteItem). An item whose key is in flight therefore waits until no
//! request is in flight. The items count as written up to the first batch that is incomplete.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use tokio::time::Instant;

use crate::aws::failure::AwsFailure;
use crate::aws::rate_limiter::RateLimiter;
use crate::aws::raw_items::RawItems;
use crate::error_name::ErrorName;

/// Maximum number of items per request.
const MOST_ITEMS: usize = 25;
/// Maximum bytes of the items in a request: the 16 MB of a request, less the JSON around the items.
const MOST_BYTES: usize = 15 * 1024 * 1024;
/// With a rate limit, the items of a request take no more units than the rate allows in this time. A single item may
/// take more.
const TIME_OF_A_REQUEST: Duration = Duration::from_secs(5);
/// Maximum number of concurrent requests.
const MOST_REQUESTS: usize = 8;
/// Wait before the first retry of unprocessed items. It doubles with each retry.
const FIRST_PAUSE: Duration = Duration::from_millis(25);
/// Longest wait before a retry.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// Time without any progress after which a batch fails, if the call has no time limit.
const LONGEST_STANDSTILL: Duration = Duration::from_secs(300);

/// A batch that could not be written.
#[derive(Clone, Debug)]
pub(super) enum Refused {
    /// An AWS call failed; holds its error name and action.
    Aws(AwsFailure),
    /// DynamoDB refuses the item of a line.
    Item {
        /// Number of the line.
        line: u64,
        /// Error of AWS.
        failure: AwsFailure,
    },
}

impl Refused {
    /// Returns whether the same batch may be written a little later.
    pub(super) fn is_transient(&self) -> bool {
        matches!(self, Refused::Aws(failure) if failure.name.is_transient())
    }
}

/// The destination of the items.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target<'a> {
    pub(super) calls: &'a RawItems,
    pub(super) table: &'a str,
    /// Time after which a failed write is not retried; `None` to fail after five minutes without progress.
    pub(super) until: Option<Instant>,
}

/// Items with their line numbers.
#[derive(Debug, Default)]
struct Batch {
    items: Vec<(u64, Vec<u8>)>,
    keys: Vec<Vec<u8>>,
    bytes: usize,
    /// Estimated write capacity units: one per KB of each item.
    units: f64,
}

/// A batch after its last attempt.
struct Tried {
    place: u64,
    batch: Batch,
    outcome: Result<f64, Refused>,
}

/// A writer for the items of one file, in the order of its lines.
pub(super) struct Batches<'a> {
    target: Target<'a>,
    batch: Batch,
    /// Keys of the current batch and of the batches in flight.
    keys: HashSet<Vec<u8>>,
    under_way: FuturesUnordered<BoxFuture<'a, Tried>>,
    /// Number of batches sent.
    sent: u64,
    /// Batches that are written while an earlier one is not, by their number: last line and number of items.
    ahead: BTreeMap<u64, (u64, u64)>,
    /// Number of batches that are written without a gap.
    in_a_row: u64,
    line: u64,
    items: u64,
    refused: Option<Refused>,
}

impl<'a> Batches<'a> {
    /// Creates a writer. The lines up to `line` are already written.
    pub(super) fn new(target: Target<'a>, line: u64) -> Batches<'a> {
        Batches {
            target,
            batch: Batch::default(),
            keys: HashSet::new(),
            under_way: FuturesUnordered::new(),
            sent: 0,
            ahead: BTreeMap::new(),
            in_a_row: 0,
            line,
            items: 0,
            refused: None,
        }
    }

    /// Adds the item of a line. Sends the batch when it is full.
    pub(super) async fn push(
        &mut self,
        rate_limiter: &mut RateLimiter,
        line: u64,
        item: Vec<u8>,
        key: Vec<u8>,
    ) {
        if self.keys.contains(&key) {
            self.send(rate_limiter).await;
            self.settle(rate_limiter).await;
        }
        let units = item.len().div_ceil(1024) as f64;
        let most_units = rate_limiter.units_in(TIME_OF_A_REQUEST).unwrap_or(f64::INFINITY);
        let is_full = self.batch.items.len() >= MOST_ITEMS
            || self.batch.bytes + item.len() > MOST_BYTES
            || self.batch.units + units > most_units;
        if is_full {
            self.send(rate_limiter).await;
        }
        self.batch.bytes += item.len();
        self.batch.units += units;
        self.batch.items.push((line, item));
        self.batch.keys.push(key.clone());
        self.keys.insert(key);
    }

    /// Returns the write capacity units of the items that are not sent yet.
    pub(super) fn waiting(&self) -> f64 {
        self.batch.units
    }

    /// Sends the current batch as soon as fewer than the maximum of requests are in flight and the rate allows it.
    pub(super) async fn send(&mut self, rate_limiter: &mut RateLimiter) {
        if self.batch.items.is_empty() || self.refused.is_some() {
            return;
        }
        while self.under_way.len() >= MOST_REQUESTS {
            self.next_response(rate_limiter).await;
        }
        let batch = std::mem::take(&mut self.batch);
        let now = Instant::now();
        let wait = rate_limiter.take(batch.units, now);
        // A timer of no time would still wake the call up, and poll every request, once for each batch.
        while !wait.is_zero() {
            tokio::select! {
                () = tokio::time::sleep_until(now + wait) => break,
                () = self.next_response(rate_limiter), if !self.under_way.is_empty() => {}
            }
        }
        if self.refused.is_some() {
            return;
        }
        let (place, target) = (self.sent, self.target);
        self.sent += 1;
        self.under_way.push(Box::pin(async move {
            let outcome = write(target, &batch.items).await;
            Tried { place, batch, outcome }
        }));
    }

    /// Waits until no request is in flight.
    pub(super) async fn settle(&mut self, rate_limiter: &mut RateLimiter) {
        while !self.under_way.is_empty() {
            self.next_response(rate_limiter).await;
        }
    }

    async fn next_response(&mut self, rate_limiter: &mut RateLimiter) {
        let Some(Tried { place, batch, outcome }) = self.under_way.next().await else { return };
        for key in &batch.keys {
            self.keys.remove(key);
        }
        match outcome {
            Ok(took) => {
                rate_limiter.correct(batch.units, took);
                let last = batch.items.last().map_or(self.line, |(line, _)| *line);
                self.ahead.insert(place, (last, batch.items.len() as u64));
            }
            // A permanent failure replaces a transient one.
            Err(refused) if self.refused.as_ref().is_none_or(Refused::is_transient) => {
                self.refused = Some(refused)
            }
            Err(_) => {}
        }
        while let Some((line, items)) = self.ahead.remove(&self.in_a_row) {
            (self.line, self.items) = (line, self.items + items);
            self.in_a_row += 1;
        }
    }

    /// Returns the number of batches sent.
    pub(super) fn sent(&self) -> u64 {
        self.sent
    }

    /// Returns the line up to which all items are written, and the number of items that this writer has written.
    pub(super) fn written(&self) -> (u64, u64) {
        (self.line, self.items)
    }

    /// Returns the failure of a batch, after which nothing more is sent.
    pub(super) fn refused(&self) -> Option<&Refused> {
        self.refused.as_ref()
    }
}

/// Writes the items and retries unprocessed ones. Returns the write capacity units.
async fn write(target: Target<'_>, items: &[(u64, Vec<u8>)]) -> Result<f64, Refused> {
    let mut left: Vec<Vec<u8>> = items.iter().map(|(_, item)| item.clone()).collect();
    let mut took = 0.0;
    let (mut pause, mut moved_at) = (FIRST_PAUSE, Instant::now());
    loop {
        let pieces: Vec<&[u8]> = left.iter().map(Vec::as_slice).collect();
        let failure = match target.calls.put(target.table, &pieces).await {
            Ok(written) => {
                took += written.capacity;
                if written.unprocessed.is_empty() {
                    return Ok(took);
                }
                let moved = written.unprocessed.len() < left.len();
                left = written.unprocessed;
                if moved {
                    // A batch that makes progress is complete soon, and counts only then. It may exceed its time.
                    (pause, moved_at) = (FIRST_PAUSE, Instant::now());
                    tokio::time::sleep(pause).await;
                    continue;
                }
                AwsFailure::new(
                    "dynamodb:BatchWriteItem",
                    ErrorName::Throttled,
                    format!("it left {} of {} items unprocessed", left.len(), items.len()),
                )
            }
            Err(failure) if failure.name.is_transient() => failure,
            Err(failure) => return Err(of_one_item(target, items, failure).await),
        };
        let until = target.until.unwrap_or(moved_at + LONGEST_STANDSTILL);
        if Instant::now() + pause > until {
            return Err(Refused::Aws(failure));
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Finds the item that DynamoDB refuses, by writing the items one by one. DynamoDB refuses a whole request for one
/// invalid item and does not say which.
async fn of_one_item(target: Target<'_>, items: &[(u64, Vec<u8>)], failure: AwsFailure) -> Refused {
    let of_an_item =
        failure.name == ErrorName::RequestRefused && failure.detail.contains("ValidationException");
    if of_an_item {
        for (line, item) in items {
            if let Err(failure) = target.calls.put(target.table, &[item.as_slice()]).await
                && failure.name == ErrorName::RequestRefused
            {
                return Refused::Item { line: *line, failure };
            }
        }
    }
    Refused::Aws(failure)
}
