//! Finds the differences between two sides.

use crate::run::{InvalidRun, Record, read};

/// The result of a comparison. "Left" is the side that is expected, and "right" the side that is checked.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counts {
    /// Keys whose items are equal on both sides.
    pub equal: u64,
    /// Keys that are only on the left.
    pub missing: u64,
    /// Keys that are only on the right.
    pub extra: u64,
    /// Keys whose items differ.
    pub changed: u64,
    /// Items on the left beyond the first one of their key. A table has none, but a set of files may.
    pub repeated_left: u64,
    /// Items on the right beyond the first one of their key.
    pub repeated_right: u64,
}

impl Counts {
    /// Returns the number of keys that differ.
    pub fn different(&self) -> u64 {
        self.missing + self.extra + self.changed
    }

    /// Adds the counts of another part of the comparison.
    pub fn add(&mut self, other: Counts) {
        self.equal += other.equal;
        self.missing += other.missing;
        self.extra += other.extra;
        self.changed += other.changed;
        self.repeated_left += other.repeated_left;
        self.repeated_right += other.repeated_right;
    }
}

/// How a key differs.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Kind {
    /// Only the left side has the key.
    Missing,
    /// Only the right side has the key.
    Extra,
    /// The items differ.
    Changed,
}

/// A key that differs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Difference<'a> {
    /// How the key differs.
    pub kind: Kind,
    /// Key attributes as compact canonical DynamoDB JSON, the partition key first.
    pub key: &'a [u8],
}

/// Compares the records of two sides: the same range of buckets of all runs of each side. Passes each difference to
/// `each`, in the order of the hashes of the keys.
///
/// If a side has several items of one key, the key is equal only if all of its items are.
pub fn compare(
    left: &[&[u8]],
    right: &[&[u8]],
    each: &mut dyn FnMut(Difference<'_>),
) -> Result<Counts, InvalidRun> {
    let (left, right) = (ordered(left)?, ordered(right)?);
    let (mut left, mut right) = (left.as_slice(), right.as_slice());
    let mut counts = Counts::default();
    while let Some(first) = first_of(left, right) {
        let ours = taken(&mut left, first);
        let theirs = taken(&mut right, first);
        counts.repeated_left += ours.len().saturating_sub(1) as u64;
        counts.repeated_right += theirs.len().saturating_sub(1) as u64;
        let same = |record: &Record<'_>| record.item_hash == first.item_hash;
        let kind = match (ours, theirs) {
            (_, []) => Kind::Missing,
            ([], _) => Kind::Extra,
            _ if ours.iter().chain(theirs).all(same) => {
                counts.equal += 1;
                continue;
            }
            _ => Kind::Changed,
        };
        match kind {
            Kind::Missing => counts.missing += 1,
            Kind::Extra => counts.extra += 1,
            Kind::Changed => counts.changed += 1,
        }
        each(Difference { kind, key: first.key });
    }
    Ok(counts)
}

/// Reads the records of one side in the order of their keys.
fn ordered<'a>(runs: &[&'a [u8]]) -> Result<Vec<Record<'a>>, InvalidRun> {
    let mut records = Vec::new();
    for run in runs {
        read(run, &mut records)?;
    }
    // Each run is in order, and this sort makes use of that.
    records.sort_by(|one, other| one.place().cmp(&other.place()));
    Ok(records)
}

/// Returns the record whose key comes first.
fn first_of<'a>(left: &[Record<'a>], right: &[Record<'a>]) -> Option<Record<'a>> {
    match (left.first(), right.first()) {
        (Some(ours), Some(theirs)) => Some(if ours.place() <= theirs.place() { *ours } else { *theirs }),
        (ours, theirs) => ours.or(theirs).copied(),
    }
}

/// Takes the records with the key of `first` from the beginning of `records`.
fn taken<'r, 'a>(records: &mut &'r [Record<'a>], first: Record<'a>) -> &'r [Record<'a>] {
    let count = records.iter().take_while(|record| record.place() == first.place()).count();
    let (taken, rest) = records.split_at_checked(count).unwrap_or_default();
    *records = rest;
    taken
}

impl<'a> Record<'a> {
    /// Returns what a record is ordered by. Two keys may have the same hash.
    fn place(&self) -> (u128, &'a [u8]) {
        (self.key_hash, self.key)
    }
}
