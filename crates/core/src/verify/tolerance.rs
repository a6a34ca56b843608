//! Finds the differences that the tolerance of an incremental backup explains.
//!
//! A backup of DynamoDB is not of one exact second. A difference is within the tolerance if the item was changed in the
//! seconds around the second, and the table has one of the states that the item had in these seconds. An item that was
//! inserted or deleted in them may be absent.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use item_compare::Fingerprinter;
use tokio::time::Instant;

use super::Verification;
use super::comparing::StoredDifference;
use super::error::VerifyError;
use super::sampling::fingerprint;
use crate::aws::clients::Clients;
use crate::aws::keyed_reads::{KeyedReads, MOST_KEYS};
use crate::aws::rate_limiter::RateLimiter;
use crate::item_history::Items;
use crate::item_history::version::object_key;
use crate::snapshot::as_of::{AsOfReader, State};

/// Maximum number of differences that are checked.
pub(super) const MOST_CHECKED: usize = 10_000;
/// Maximum number of states of an item that are compared.
const MOST_STATES: usize = 100;
/// Number of items whose versions are read concurrently.
const AT_A_TIME: usize = 16;
/// Time for which a call is retried.
const RETRY: Duration = Duration::from_secs(120);

/// The seconds around a second of an incremental backup.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window<'a> {
    pub(super) items: &'a Items,
    pub(super) at: DateTime<Utc>,
    pub(super) tolerance_seconds: u32,
    pub(super) now: DateTime<Utc>,
}

/// Returns the differences, each with whether it is within the tolerance.
pub(super) async fn check(
    clients: &Clients,
    of: &Verification,
    window: Window<'_>,
    differences: Vec<StoredDifference>,
) -> Result<Vec<(StoredDifference, bool)>, VerifyError> {
    let (calls, s3) = (clients.raw_items(), clients.s3());
    let mut rate_limiter = RateLimiter::share(of.max_rate, 1, Instant::now());
    let mut checked = Vec::with_capacity(differences.len());
    for batch in differences.chunks(MOST_KEYS) {
        let reads = KeyedReads { calls: &calls, table: &of.table_name, until: Instant::now() + RETRY };
        let keys: Vec<&str> = batch.iter().map(|difference| difference.key.as_str()).collect();
        let mut fingerprinter = Fingerprinter::new(of.key_names.iter().map(String::as_str));
        let mut found = BTreeMap::new();
        for item in reads.read(&keys, &mut rate_limiter).await? {
            let fingerprint = fingerprint(of, &mut fingerprinter, &item)?;
            found.insert(fingerprint.key, fingerprint.item_hash);
        }
        let is_within = |difference: StoredDifference| {
            let has = found.get(difference.key.as_bytes()).copied();
            let s3 = &s3;
            async move {
                let is_within = had(s3, of, window, difference.key.as_bytes(), has).await?;
                Ok::<_, VerifyError>((difference, is_within))
            }
        };
        let of_batch = stream::iter(batch.iter().cloned().map(is_within)).buffered(AT_A_TIME);
        checked.extend(of_batch.try_collect::<Vec<_>>().await?);
    }
    Ok(checked)
}

/// Returns whether an item was changed in the window and had the state that the table has: an item with this hash, or
/// none.
async fn had(
    s3: &aws_sdk_s3::Client,
    of: &Verification,
    window: Window<'_>,
    key: &[u8],
    has: Option<u128>,
) -> Result<bool, VerifyError> {
    let Window { items, at, tolerance_seconds, now } = window;
    let tolerance = TimeDelta::seconds(tolerance_seconds.into());
    let reader = AsOfReader { s3, items, key_names: &of.key_names, at: at + tolerance, now };
    let object = object_key(&items.prefix, key);
    let states = reader.states_since(&object, at - tolerance, MOST_STATES).await?;
    if states.len() < 2 {
        return Ok(false);
    }
    let mut fingerprinter = Fingerprinter::new(of.key_names.iter().map(String::as_str));
    for state in states {
        let is_equal = match (state, has) {
            (State::Item(item), Some(has)) => fingerprint(of, &mut fingerprinter, &item)?.item_hash == has,
            (State::Absent, None) => true,
            _ => false,
        };
        if is_equal {
            return Ok(true);
        }
    }
    Ok(false)
}
