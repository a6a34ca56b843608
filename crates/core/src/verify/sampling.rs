//! Reads the items of a sample from the table.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use item_compare::{Fingerprint, Fingerprinter, RunBuilder, fingerprints};
use tokio::time::Instant;

use super::error::VerifyError;
use super::reading::sample;
use super::work::{Part, Work, runs_of};
use super::{ExpectedSide, SideName, Verification};
use crate::aws::clients::Clients;
use crate::aws::keyed_reads::{KeyedReads, MOST_KEYS};
use crate::aws::rate_limiter::RateLimiter;
use crate::aws::raw_items::RawItems;
use crate::compare::CompareError;
use crate::compare::runs;
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
            of_table(clients, work, part).await?
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

/// The position in a sample after a part.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Position {
    /// Number of items of the sample that were read.
    read: usize,
    /// Number of them that count. The others changed in the expected table, and others replace them.
    counted: usize,
}

impl Position {
    fn parse(text: &str) -> Option<Position> {
        let (read, counted) = text.split_once(':')?;
        Some(Position { read: read.parse().ok()?, counted: counted.parse().ok()? })
    }

    fn text(self) -> String {
        format!("{}:{}", self.read, self.counted)
    }
}

/// Reads items of the sample from the table, after the cursor, until enough count or the time is up.
async fn of_table(clients: &Clients, work: Work<'_>, number: u32) -> Result<Part, VerifyError> {
    let of = work.of;
    let cursor = work.cursor(SideName::Found, SEGMENT, number).await?;
    let wrong = |text: &str| work.broken(&key(work), &format!("{text} is not a position in it"));
    let start = cursor.map_or(Ok(Position { read: 0, counted: 0 }), |text| {
        Position::parse(&text).ok_or_else(|| wrong(&text))
    })?;
    let mut whole = sample(of);
    fingerprints_of(work, &key(work)).await?.iter().for_each(|fingerprint| whole.push(fingerprint));
    let whole = whole.into_fingerprints();
    let wanted = usize::try_from(of.sample_size).unwrap_or(usize::MAX);
    let began = Instant::now();
    let until = began + Duration::from_secs(of.seconds_per_call.into());
    let calls = clients.raw_items();
    let (mut rate_limiter, mut of_source) =
        (RateLimiter::share(of.max_rate, 1, began), RateLimiter::share(of.max_rate, 1, began));
    let reads = KeyedReads { calls: &calls, table: &of.table_name, until };
    let (mut expected, mut found, mut at) = (RunBuilder::new(), RunBuilder::new(), start);
    while at.counted < wanted && at.read < whole.len() {
        if at.read > start.read && Instant::now() >= until {
            break;
        }
        let most = MOST_KEYS.min(wanted - at.counted);
        let batch: Vec<&Fingerprint> = whole.iter().skip(at.read).take(most).collect();
        let read = async {
            let items = read_items(work, &reads, &batch, &mut rate_limiter).await?;
            let changed = changed_in_source(work, &calls, &batch, &items, until, &mut of_source).await?;
            Ok((items, changed))
        };
        let (items, changed) = match read.await {
            Ok(read) => read,
            // What was read before is stored, and the next part begins after it.
            Err(VerifyError::Aws(failure)) if failure.name.is_transient() && at.read > start.read => break,
            Err(error) => return Err(error),
        };
        at.read += batch.len();
        for fingerprint in batch.into_iter().filter(|fingerprint| !changed.contains(&fingerprint.key)) {
            at.counted += 1;
            expected.push(fingerprint);
            if let Some(item_hash) = items.get(&fingerprint.key) {
                found.push(&Fingerprint { item_hash: *item_hash, ..fingerprint.clone() });
            }
        }
    }
    let items = found.items() as u64;
    let name = |side: &str| format!("{side}/{SEGMENT:05}-{number:05}");
    let sample = work.store_run(&name("sample"), expected.finish()).await?;
    let run = work.store_run(&name("found"), found.finish()).await?;
    let is_last = at.counted >= wanted || at.read >= whole.len();
    let next = (!is_last).then(|| at.text());
    let part = Part { sample: Some(sample), run: Some(run), items, next };
    work.commit(&work.key_of_part(SideName::Found, SEGMENT, number), part).await
}

/// The hashes of items by their keys.
type Hashes = BTreeMap<Vec<u8>, u128>;

/// Reads the items with these keys.
async fn read_items(
    work: Work<'_>,
    reads: &KeyedReads<'_>,
    batch: &[&Fingerprint],
    rate_limiter: &mut RateLimiter,
) -> Result<Hashes, VerifyError> {
    let mut fingerprinter = Fingerprinter::new(work.of.key_names.iter().map(String::as_str));
    let mut hashes = Hashes::new();
    for item in reads.read(&keys_of(work, batch)?, rate_limiter).await? {
        let fingerprint = fingerprint(work.of, &mut fingerprinter, &item)?;
        hashes.insert(fingerprint.key, fingerprint.item_hash);
    }
    Ok(hashes)
}

/// Reads those items again that differ from those of a table that may be written to. Returns the keys of those that have
/// changed there since they were sampled.
async fn changed_in_source(
    work: Work<'_>,
    calls: &RawItems,
    batch: &[&Fingerprint],
    items: &Hashes,
    until: Instant,
    rate_limiter: &mut RateLimiter,
) -> Result<BTreeSet<Vec<u8>>, VerifyError> {
    let ExpectedSide::Table { table_name, .. } = &work.of.expected else { return Ok(BTreeSet::new()) };
    let differs = |fingerprint: &&&Fingerprint| items.get(&fingerprint.key) != Some(&fingerprint.item_hash);
    let different: Vec<&Fingerprint> = batch.iter().filter(differs).copied().collect();
    if different.is_empty() {
        return Ok(BTreeSet::new());
    }
    let reads = KeyedReads { calls, table: table_name, until };
    let now = read_items(work, &reads, &different, rate_limiter).await?;
    let changed = |fingerprint: &&Fingerprint| now.get(&fingerprint.key) != Some(&fingerprint.item_hash);
    Ok(different.into_iter().filter(changed).map(|fingerprint| fingerprint.key.clone()).collect())
}

/// Returns the different keys of these items as text.
fn keys_of<'f>(work: Work<'_>, batch: &[&'f Fingerprint]) -> Result<Vec<&'f str>, VerifyError> {
    let text = |fingerprint: &&'f Fingerprint| {
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
    let parts = work.parts(SideName::Found, 1).await?;
    let samples = parts.iter().filter_map(|part| part.sample.clone());
    Ok([samples.collect(), runs_of(&parts)])
}

#[cfg(test)]
mod tests {
    use super::Position;

    #[test]
    fn a_position_is_read_as_written() {
        let position = Position { read: 300, counted: 298 };
        assert_eq!(Position::parse(&position.text()), Some(position));
        for text in ["", "3", "3:", "x:1", "-1:2"] {
            assert_eq!(Position::parse(text), None, "{text}");
        }
    }
}
