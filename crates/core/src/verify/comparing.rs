//! Compares a range of buckets of the runs of both sides.

use std::ops::Range;
use std::time::Duration;

use item_compare::{BUCKETS, Counts, Difference, Kind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::error::VerifyError;
use super::sampling;
use super::work::{Work, runs_of};
use super::{SideName, Strength, Verification};
use crate::aws::clients::Clients;
use crate::compare::differences::Runs;
use crate::storage::bucket;

/// Maximum number of differences of a range that are stored with their keys.
pub const MOST_STORED: usize = 10_000;

/// How an item differs.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
pub enum DifferenceKind {
    /// Only the expected side has the key.
    Missing,
    /// Only the table has the key.
    Extra,
    /// The items differ.
    Changed,
}

impl From<Kind> for DifferenceKind {
    fn from(kind: Kind) -> DifferenceKind {
        match kind {
            Kind::Missing => DifferenceKind::Missing,
            Kind::Extra => DifferenceKind::Extra,
            Kind::Changed => DifferenceKind::Changed,
        }
    }
}

/// A difference as the work files hold it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StoredDifference {
    /// How the item differs.
    pub kind: DifferenceKind,
    /// Key as canonical DynamoDB JSON.
    pub key: String,
}

/// The document of a comparison of some buckets.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Compared {
    /// Number of the bucket after the last one that was compared.
    pub to: u32,
    /// Keys whose items are equal.
    pub equal: u64,
    /// Keys that are missing in the table.
    pub missing: u64,
    /// Keys that only the table has.
    pub extra: u64,
    /// Keys whose items differ.
    pub changed: u64,
    /// Expected items beyond the first one of their key.
    pub repeated: u64,
    /// The first differences.
    pub differences: Vec<StoredDifference>,
}

impl Compared {
    /// Adds the counts and differences of other buckets. Keeps at most [`MOST_STORED`] differences.
    pub fn add(&mut self, other: Compared) {
        let Compared { to, equal, missing, extra, changed, repeated, differences } = other;
        self.to = to;
        self.equal += equal;
        self.missing += missing;
        self.extra += extra;
        self.changed += changed;
        self.repeated += repeated;
        let room = MOST_STORED.saturating_sub(self.differences.len());
        self.differences.extend(differences.into_iter().take(room));
    }

    /// Returns a comparison of nothing, which is before this bucket.
    pub fn new(to: u32) -> Compared {
        let (equal, missing, extra, changed, repeated) = (0, 0, 0, 0, 0);
        Compared { to, equal, missing, extra, changed, repeated, differences: Vec::new() }
    }

    fn count(&mut self, counts: Counts) {
        self.equal += counts.equal;
        self.missing += counts.missing;
        self.extra += counts.extra;
        self.changed += counts.changed;
        self.repeated += counts.repeated_left;
    }
}

/// Returns the buckets of a range: the first one, and the one after the last.
pub fn buckets(range: u32, ranges: u32) -> (u32, u32) {
    let buckets = u32::try_from(BUCKETS).unwrap_or(u32::MAX);
    let start = |range: u32| range.saturating_mul(buckets) / ranges.max(1);
    (start(range), start(range + 1))
}

/// Compares buckets from `from`, and stops before `to` if the time is up, unless they were compared before. Returns the
/// bucket at which the comparison continues.
pub async fn compare(clients: &Clients, of: &Verification, from: u32, to: u32) -> Result<u32, VerifyError> {
    let files = bucket(clients, &of.bucket);
    let work = Work { files: &files, of };
    let key = work.key_of_comparison(from);
    if let Some(existing) = work.read::<Compared>(&key).await? {
        return Ok(existing.to);
    }
    let [left, right] = runs(work, of).await?;
    let runs = Runs::open(&files, &left, &right).await?;
    let until = Instant::now() + Duration::from_secs(of.seconds_per_call.into());
    let mut compared = Compared::new(from);
    let wanted = position(from)..position(to);
    for buckets in runs.ranges() {
        let Some(buckets) = overlap(&buckets, &wanted) else { continue };
        if Instant::now() >= until && compared.to > from {
            break;
        }
        let differences = &mut compared.differences;
        let mut each = |difference: Difference<'_>| {
            if differences.len() < MOST_STORED {
                let key = String::from_utf8_lossy(difference.key).into_owned();
                differences.push(StoredDifference { kind: difference.kind.into(), key });
            }
        };
        let counts = runs.compare(&buckets, &mut each).await?;
        compared.count(counts);
        compared.to = u32::try_from(buckets.end).unwrap_or(u32::MAX);
    }
    Ok(work.commit(&key, compared).await?.to)
}

/// Returns the keys of the runs of both sides.
async fn runs(work: Work<'_>, of: &Verification) -> Result<[Vec<String>; 2], VerifyError> {
    if of.strength == Strength::Sampled {
        return sampling::runs(work).await;
    }
    let of_side = async |side| Ok::<_, VerifyError>(runs_of(&work.parts(side, of.segments_of(side)).await?));
    Ok([of_side(SideName::Expected).await?, of_side(SideName::Found).await?])
}

fn position(bucket: u32) -> usize {
    usize::try_from(bucket).unwrap_or(usize::MAX)
}

fn overlap(one: &Range<usize>, other: &Range<usize>) -> Option<Range<usize>> {
    let overlap = one.start.max(other.start)..one.end.min(other.end);
    (!overlap.is_empty()).then_some(overlap)
}

/// Reads the results of all buckets. Fails if some were not compared.
pub async fn results(work: Work<'_>) -> Result<Compared, VerifyError> {
    let (_, end) = buckets(0, 1);
    let mut all = Compared::new(0);
    while all.to < end {
        let key = work.key_of_comparison(all.to);
        let next: Compared =
            work.read(&key).await?.ok_or_else(|| work.broken(&key, "these buckets were not compared"))?;
        if next.to <= all.to {
            return Err(work.broken(&key, "it ends where it begins"));
        }
        all.add(next);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_have_all_buckets() {
        for ranges in [1, 3, 7, 20] {
            let all: Vec<_> = (0..ranges).map(|range| buckets(range, ranges)).collect();
            assert_eq!((all.first().unwrap().0, all.last().unwrap().1), (0, 4_096));
            assert!(all.windows(2).all(|pair| pair[0].1 == pair[1].0), "{all:?}");
        }
        assert_eq!(overlap(&(0..10), &(5..20)), Some(5..10));
        assert_eq!(overlap(&(0..5), &(5..20)), None);
    }

    #[tokio::test]
    async fn the_results_of_several_calls_are_added_unless_one_is_missing() {
        let directory = tempfile::tempdir().unwrap();
        let files = crate::storage::Files::Directory(directory.path().to_owned());
        let of = crate::verify::tests::verification();
        let work = Work { files: &files, of: &of };
        let part = |to, missing| Compared { equal: 5, missing, ..Compared::new(to) };
        for (from, to, missing) in [(0, 1_000, 1), (1_000, 4_096, 2)] {
            let document = part(to, missing);
            assert_eq!(work.commit(&work.key_of_comparison(from), document.clone()).await.unwrap(), document);
            // A later invocation that compared less does not count.
            assert_eq!(
                work.commit(&work.key_of_comparison(from), part(from + 1, 9)).await.unwrap(),
                document
            );
        }
        assert_eq!(results(work).await.unwrap(), Compared { equal: 10, missing: 3, ..Compared::new(4_096) });
        files.delete(&work.key_of_comparison(1_000)).await.unwrap();
        let error = results(work).await.unwrap_err().to_string();
        assert!(
            error.ends_with("/1000.json: these buckets were not compared; start the verification again"),
            "{error}"
        );
    }
}
