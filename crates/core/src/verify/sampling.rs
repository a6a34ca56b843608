//! Reads the items of a sample from the table.

use std::time::Duration;

use item_compare::{Fingerprint, Fingerprinter, RunBuilder, fingerprints};
use tokio::time::Instant;

use super::error::VerifyError;
use super::reading::sample;
use super::work::{Part, Work, runs_of};
use super::{SideName, Verification};
use crate::aws::clients::Clients;
use crate::aws::keyed_reads::{KeyedReads, MOST_KEYS};
use crate::aws::rate_limiter::RateLimiter;
use crate::compare::CompareError;
use crate::compare::runs;
use crate::compare::side::SidePart;
use crate::storage::bucket;

/// The segment of the documents of the items that were found.
const SEGMENT: u32 = 0;

/// Reads a part of the sample from the table, unless it was read before. Returns whether it was the last one.
pub async fn read(clients: &Clients, of: &Verification, part: u32) -> Result<bool, VerifyError> {
    let files = bucket(clients, &of.bucket);
    let work = Work { files: &files, of };
    let Part { next, .. } = match work.part(SideName::Found, SEGMENT, part).await? {
        Some(existing) => existing,
        None => {
            if part == 0 {
                merge(work).await?;
            }
            let cursor = work.cursor(SideName::Found, SEGMENT, part).await?;
            let read = of_table(clients, work, cursor.as_deref()).await?;
            work.store(SideName::Found, SEGMENT, part, read).await?
        }
    };
    Ok(next.is_none())
}

/// Writes the sample of the whole expected side, from those of its parts.
async fn merge(work: Work<'_>) -> Result<(), VerifyError> {
    let mut whole = sample(work.of);
    let segments = work.of.segments_of(SideName::Expected);
    for key in runs_of(&work.parts(SideName::Expected, segments).await?) {
        fingerprints_of(work, &key).await?.iter().for_each(|fingerprint| whole.push(fingerprint));
    }
    let mut builder = RunBuilder::new();
    whole.into_fingerprints().iter().for_each(|fingerprint| builder.push(fingerprint));
    runs::write(work.files, &key(work), builder.finish()).await?;
    Ok(())
}

/// Reads keys of the sample from the table, after the cursor, until the time is up. The cursor is a number of keys.
async fn of_table(clients: &Clients, work: Work<'_>, cursor: Option<&str>) -> Result<SidePart, VerifyError> {
    let of = work.of;
    let wrong = |text: &str| work.broken(&key(work), &format!("{text} is not a position in it"));
    let start: usize = cursor.map_or(Ok(0), |text| text.parse().map_err(|_| wrong(text)))?;
    let sample = fingerprints_of(work, &key(work)).await?;
    let began = Instant::now();
    let until = began + Duration::from_secs(of.seconds_per_call.into());
    let calls = clients.raw_items();
    let reads = KeyedReads { calls: &calls, table: &of.table_name, until };
    let mut rate_limiter = RateLimiter::share(of.max_rate, 1, began);
    let mut fingerprinter = Fingerprinter::new(of.key_names.iter().map(String::as_str));
    let (mut found, mut at) = (RunBuilder::new(), start);
    for batch in sample.get(start..).unwrap_or_default().chunks(MOST_KEYS) {
        if at > start && Instant::now() >= until {
            break;
        }
        let keys = keys_of(work, batch)?;
        let items = match reads.read(&keys, &mut rate_limiter).await {
            Ok(items) => items,
            // What was read before is stored, and the next part begins after it.
            Err(failure) if failure.name.is_transient() && at > start => break,
            Err(failure) => return Err(failure.into()),
        };
        for item in &items {
            found.push(&fingerprint(of, &mut fingerprinter, item)?);
        }
        at += batch.len();
    }
    let items = found.items() as u64;
    let next = (at < sample.len()).then(|| at.to_string());
    Ok(SidePart { run: found.finish(), items, next })
}

/// Returns the different keys of these items as text.
fn keys_of<'f>(work: Work<'_>, batch: &'f [Fingerprint]) -> Result<Vec<&'f str>, VerifyError> {
    let text = |fingerprint: &'f Fingerprint| {
        let text = std::str::from_utf8(&fingerprint.key);
        text.map_err(|_| work.broken(&key(work), "a key in it is not text"))
    };
    let mut keys: Vec<&str> = batch.iter().map(text).collect::<Result<_, _>>()?;
    // Files may have several items of one key.
    keys.sort_unstable();
    keys.dedup();
    Ok(keys)
}

/// Returns the fingerprint of an item of the table.
pub(super) fn fingerprint(
    of: &Verification,
    fingerprinter: &mut Fingerprinter<'_>,
    item: &[u8],
) -> Result<Fingerprint, VerifyError> {
    fingerprinter.fingerprint(item).map_err(|source| {
        let (number, cursor) = (1, "a key".to_owned());
        CompareError::Item { number, cursor, side: format!("table {}", of.table_name), source }.into()
    })
}

async fn fingerprints_of(work: Work<'_>, key: &str) -> Result<Vec<Fingerprint>, VerifyError> {
    let run = work.files.get(key).await?.ok_or_else(|| work.broken(key, "it does not exist"))?;
    fingerprints(&run).map_err(|reason| work.broken(key, &reason.to_string()))
}

/// Returns the key of the run with the whole sample.
fn key(work: Work<'_>) -> String {
    format!("{}sample.run", work.of.work)
}

/// Returns the keys of the runs of both sides: the sample, and what the table has of it.
pub(super) async fn runs(work: Work<'_>) -> Result<[Vec<String>; 2], VerifyError> {
    Ok([vec![key(work)], runs_of(&work.parts(SideName::Found, 1).await?)])
}
