//! Writes items with BatchWriteItem, several requests at a time, and knows up to where all of them are written.
//!
//! BatchWriteItem takes up to 25 items and 16 MB, refuses two items of one key, keeps no order, and may leave items
//! unprocessed (API reference, BatchWriteItem). So an item whose key is under way already waits until nothing is; and
//! what counts as written ends before the first batch that is not answered in full.

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

/// Items of a request.
const MOST_ITEMS: usize = 25;
/// Bytes of a request's items: the 16 MB of a request, with room for what stands around them.
const MOST_BYTES: usize = 15 * 1024 * 1024;
/// A request's items take no more than what is had in this time, where there is a limit: but for one item alone.
const TIME_OF_A_REQUEST: Duration = Duration::from_secs(5);
/// Requests at a time.
const MOST_REQUESTS: usize = 8;
/// The wait before the first further try of what was left; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(25);
/// The longest wait before a further try.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How long a request may go without a single item of it being taken, where no time is set.
const LONGEST_STANDSTILL: Duration = Duration::from_secs(300);

/// Why a batch was not written.
#[derive(Clone, Debug)]
pub(super) enum Refused {
    /// An AWS call failed. Its name and action are kept.
    Aws(AwsFailure),
    /// DynamoDB refuses the item of this line.
    Item {
        /// Its line.
        line: u64,
        /// AWS's words.
        failure: AwsFailure,
    },
}

impl Refused {
    /// Returns whether the same batch may be written a little later.
    pub(super) fn is_transient(&self) -> bool {
        matches!(self, Refused::Aws(failure) if failure.name.is_transient())
    }
}

/// Where items go.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target<'a> {
    pub(super) calls: &'a RawItems,
    pub(super) table: &'a str,
    /// When what cannot be written is given up; `None` for when nothing moves for minutes.
    pub(super) until: Option<Instant>,
}

/// Items with their lines.
#[derive(Debug, Default)]
struct Batch {
    items: Vec<(u64, Vec<u8>)>,
    keys: Vec<Vec<u8>>,
    bytes: usize,
    /// Write capacity units, as guessed: one for each KB of an item.
    units: f64,
}

/// A batch that was tried to the end.
struct Tried {
    place: u64,
    batch: Batch,
    outcome: Result<f64, Refused>,
}

/// Writes the items of one file, in the order of its lines.
pub(super) struct Batches<'a> {
    target: Target<'a>,
    batch: Batch,
    /// Of the batch that is filled, and of those under way.
    keys: HashSet<Vec<u8>>,
    under_way: FuturesUnordered<BoxFuture<'a, Tried>>,
    /// How many batches were sent.
    sent: u64,
    /// Batches that are written, though one before them is not yet: last lines and numbers of items.
    ahead: BTreeMap<u64, (u64, u64)>,
    /// How many batches are written in a row.
    in_a_row: u64,
    line: u64,
    items: u64,
    refused: Option<Refused>,
}

impl<'a> Batches<'a> {
    /// Behind the lines up to `line`, which are written.
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

    /// Takes the item of a line. It goes out when there are enough of them.
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

    /// The write capacity units of the items that are not sent yet.
    pub(super) fn waiting(&self) -> f64 {
        self.batch.units
    }

    /// Sends what there is of a batch, as soon as there is room for one more and its time has come.
    pub(super) async fn send(&mut self, rate_limiter: &mut RateLimiter) {
        if self.batch.items.is_empty() || self.refused.is_some() {
            return;
        }
        while self.under_way.len() >= MOST_REQUESTS {
            self.answered(rate_limiter).await;
        }
        let batch = std::mem::take(&mut self.batch);
        let now = Instant::now();
        let due = now + rate_limiter.take(batch.units, now);
        loop {
            tokio::select! {
                () = tokio::time::sleep_until(due) => break,
                () = self.answered(rate_limiter), if !self.under_way.is_empty() => {}
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

    /// Waits until nothing is under way.
    pub(super) async fn settle(&mut self, rate_limiter: &mut RateLimiter) {
        while !self.under_way.is_empty() {
            self.answered(rate_limiter).await;
        }
    }

    async fn answered(&mut self, rate_limiter: &mut RateLimiter) {
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
            // One that does not pass counts for more.
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

    /// How many batches were sent.
    pub(super) fn sent(&self) -> u64 {
        self.sent
    }

    /// The line that all are written up to, and how many items those are that were written here.
    pub(super) fn written(&self) -> (u64, u64) {
        (self.line, self.items)
    }

    /// What could not be written; nothing more is sent then.
    pub(super) fn refused(&self) -> Option<&Refused> {
        self.refused.as_ref()
    }
}

/// Writes the items, whatever is left unprocessed again and again; how many units it took.
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
                    // A batch that moves is done soon, and counts only when it is: it may take longer than it has.
                    (pause, moved_at) = (FIRST_PAUSE, Instant::now());
                    tokio::time::sleep(pause).await;
                    continue;
                }
                AwsFailure {
                    action: "dynamodb:BatchWriteItem",
                    name: ErrorName::Throttled,
                    detail: format!("it left {} of {} items unprocessed", left.len(), items.len()),
                }
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

/// DynamoDB refuses a request as a whole where one of its items is wrong, and does not say which: one by one tells.
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
