//! Runs: fingerprints in the order of the hashes of their keys.
//!
//! A run begins with a head of [`HEAD`] bytes: a mark, and the offset of each bucket's records behind the head. A bucket
//! has the keys whose hashes begin with its number. A record is the key's hash, the item's hash, the length of the key,
//! and the key. All numbers are big-endian.

use std::ops::Range;

use crate::fingerprint::Fingerprint;

/// Number of buckets of a run.
pub const BUCKETS: usize = 1 << BUCKET_BITS;
const BUCKET_BITS: u32 = 12;
const MARK: &[u8; 8] = b"itemrun1";
const OFFSET: usize = size_of::<u64>();
const HASH: usize = size_of::<u128>();
const LENGTH: usize = size_of::<u64>();
/// Bytes of a run before its records.
pub const HEAD: usize = MARK.len() + (BUCKETS + 1) * OFFSET;

/// Bytes that are not a run.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a run of fingerprints: {0}")]
pub struct InvalidRun(pub(crate) &'static str);

/// Collects the fingerprints of a run.
#[derive(Clone, Debug, Default)]
pub struct RunBuilder {
    records: Vec<u8>,
    /// The hash of each record's key, and the range of the record.
    order: Vec<(u128, Range<usize>)>,
}

impl RunBuilder {
    /// Creates an empty builder.
    pub fn new() -> RunBuilder {
        RunBuilder::default()
    }

    /// Adds an item.
    pub fn push(&mut self, fingerprint: &Fingerprint) {
        let Fingerprint { key, key_hash, item_hash } = fingerprint;
        let from = self.records.len();
        self.records.extend_from_slice(&key_hash.to_be_bytes());
        self.records.extend_from_slice(&item_hash.to_be_bytes());
        self.records.extend_from_slice(&(key.len() as u64).to_be_bytes());
        self.records.extend_from_slice(key);
        self.order.push((*key_hash, from..self.records.len()));
    }

    /// Returns the number of items.
    pub fn items(&self) -> usize {
        self.order.len()
    }

    /// Returns the bytes of memory in use. [`RunBuilder::finish`] takes as many again.
    pub fn bytes(&self) -> usize {
        self.records.len() + self.order.len() * size_of::<(u128, Range<usize>)>()
    }

    /// Returns the run of all items that were added, and empties the builder.
    pub fn finish(&mut self) -> Vec<u8> {
        self.order.sort_unstable_by_key(|(hash, _)| *hash);
        let mut run = Vec::with_capacity(HEAD + self.records.len());
        run.extend_from_slice(MARK);
        let (mut at, mut records) = (0_u64, self.order.iter().peekable());
        for bucket in 0..BUCKETS {
            run.extend_from_slice(&at.to_be_bytes());
            while let Some((_, record)) = records.next_if(|(hash, _)| bucket_of(*hash) == bucket) {
                at += record.len() as u64;
            }
        }
        run.extend_from_slice(&at.to_be_bytes());
        for (_, record) in self.order.drain(..) {
            run.extend_from_slice(self.records.get(record).unwrap_or_default());
        }
        self.records.clear();
        run
    }
}

fn bucket_of(hash: u128) -> usize {
    (hash >> (u128::BITS - BUCKET_BITS)) as usize
}

/// The offsets of a run's buckets.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Index(Vec<u64>);

impl Index {
    /// Parses the first [`HEAD`] bytes of a run.
    pub fn parse(head: &[u8]) -> Result<Index, InvalidRun> {
        let offsets =
            head.strip_prefix(MARK).ok_or(InvalidRun("its first bytes are those of something else"))?;
        let (offsets, []) = offsets.as_chunks::<OFFSET>() else {
            return Err(InvalidRun("its head is too short or too long"));
        };
        let offsets: Vec<u64> = offsets.iter().map(|bytes| u64::from_be_bytes(*bytes)).collect();
        if offsets.len() != BUCKETS + 1 || !offsets.is_sorted() {
            return Err(InvalidRun("the offsets in its head are not those of buckets"));
        }
        Ok(Index(offsets))
    }

    /// Returns the bytes of the run that hold these buckets.
    pub fn range(&self, buckets: &Range<usize>) -> Range<u64> {
        let offset = |bucket: usize| {
            let all = self.0.last().copied().unwrap_or_default();
            HEAD as u64 + self.0.get(bucket).copied().unwrap_or(all)
        };
        offset(buckets.start)..offset(buckets.end)
    }
}

/// Divides all buckets into ranges whose records in these runs have at most `most` bytes. A range has at least one
/// bucket.
pub fn ranges(runs: &[Index], most: u64) -> Vec<Range<usize>> {
    let bytes = |buckets: Range<usize>| -> u64 {
        let range = |run: &Index| run.range(&buckets);
        runs.iter().map(range).map(|range| range.end - range.start).sum()
    };
    let mut ranges = Vec::new();
    let mut from = 0;
    for bucket in 1..BUCKETS {
        if bytes(from..bucket + 1) > most {
            ranges.push(from..bucket);
            from = bucket;
        }
    }
    ranges.push(from..BUCKETS);
    ranges
}

/// Returns all fingerprints of a run, in the order of the hashes of their keys.
pub fn fingerprints(run: &[u8]) -> Result<Vec<Fingerprint>, InvalidRun> {
    let (head, records) = run.split_at_checked(HEAD).ok_or(InvalidRun("it is shorter than a head"))?;
    let all = Index::parse(head)?.range(&(0..BUCKETS));
    if all.end != run.len() as u64 {
        return Err(InvalidRun("its records do not end where its head says"));
    }
    let mut found = Vec::new();
    read(records, &mut found)?;
    let of = |Record { key_hash, item_hash, key }| Fingerprint { key: key.to_vec(), key_hash, item_hash };
    Ok(found.into_iter().map(of).collect())
}

/// A record of a run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Record<'a> {
    pub(crate) key_hash: u128,
    pub(crate) item_hash: u128,
    pub(crate) key: &'a [u8],
}

/// Appends the records of these bytes of a run.
pub(crate) fn read<'a>(mut bytes: &'a [u8], records: &mut Vec<Record<'a>>) -> Result<(), InvalidRun> {
    const BROKEN: InvalidRun = InvalidRun("its last record is incomplete");
    while !bytes.is_empty() {
        let key_hash = u128::from_be_bytes(*take(&mut bytes).ok_or(BROKEN)?);
        let item_hash = u128::from_be_bytes(*take::<HASH>(&mut bytes).ok_or(BROKEN)?);
        let length = u64::from_be_bytes(*take::<LENGTH>(&mut bytes).ok_or(BROKEN)?);
        let length = usize::try_from(length).map_err(|_| BROKEN)?;
        let (key, rest) = bytes.split_at_checked(length).ok_or(BROKEN)?;
        records.push(Record { key_hash, item_hash, key });
        bytes = rest;
    }
    Ok(())
}

fn take<'a, const N: usize>(bytes: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (first, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fingerprint(bucket: usize, rest: u128) -> Fingerprint {
        let key_hash = (bucket as u128) << (u128::BITS - BUCKET_BITS) | rest;
        Fingerprint { key: format!("key {bucket} {rest}").into_bytes(), key_hash, item_hash: rest }
    }

    fn run(fingerprints: &[Fingerprint]) -> Vec<u8> {
        let mut builder = RunBuilder::new();
        fingerprints.iter().for_each(|fingerprint| builder.push(fingerprint));
        assert_eq!(builder.items(), fingerprints.len());
        builder.finish()
    }

    #[test]
    fn a_run_is_in_order_and_its_index_finds_each_bucket() {
        let given = [(7, 2), (BUCKETS - 1, 1), (0, 9), (7, 1), (0, 0)];
        let fingerprints = given.map(|(bucket, rest)| fingerprint(bucket, rest));
        let run = run(&fingerprints);
        let index = Index::parse(&run[..HEAD]).unwrap();
        let keys = |buckets: Range<usize>| {
            let range = index.range(&buckets);
            let mut records = Vec::new();
            read(&run[range.start as usize..range.end as usize], &mut records).unwrap();
            records.iter().map(|record| String::from_utf8(record.key.to_vec()).unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(keys(0..BUCKETS), ["key 0 0", "key 0 9", "key 7 1", "key 7 2", "key 4095 1"]);
        assert_eq!(keys(7..8), ["key 7 1", "key 7 2"]);
        assert_eq!(keys(1..7), [""; 0]);
        assert_eq!(keys(8..BUCKETS), ["key 4095 1"]);
    }

    #[test]
    fn a_builder_is_empty_after_a_run() {
        let mut builder = RunBuilder::new();
        builder.push(&fingerprint(1, 1));
        assert!(builder.bytes() > 0);
        assert!(builder.finish().len() > HEAD);
        assert_eq!((builder.items(), builder.bytes()), (0, 0));
        assert_eq!(builder.finish().len(), HEAD);
    }

    #[test]
    fn ranges_cover_all_buckets_and_stay_below_the_limit() {
        let of = |bucket: usize| run(&[fingerprint(bucket, 1), fingerprint(bucket, 2)]);
        let runs: Vec<Index> =
            [of(3), of(4), of(4_000)].iter().map(|run| Index::parse(&run[..HEAD]).unwrap()).collect();
        assert_eq!(ranges(&runs, 10_000), std::slice::from_ref(&(0..BUCKETS)));
        assert_eq!(ranges(&runs, 100), [0..4, 4..4_000, 4_000..BUCKETS]);
        // A bucket is never divided.
        assert_eq!(ranges(&runs, 1).iter().map(|range| range.len()).sum::<usize>(), BUCKETS);
        assert_eq!(ranges(&[], 1), std::slice::from_ref(&(0..BUCKETS)));
    }

    #[test]
    fn other_bytes_are_refused() {
        let run = run(&[fingerprint(1, 1)]);
        let mut unsorted = run[..HEAD].to_vec();
        unsorted[MARK.len()] = 1;
        for head in [&b""[..], &run[1..HEAD], &run[..HEAD - 8], &run[..HEAD - 1], &run, &unsorted] {
            assert!(Index::parse(head).is_err());
        }
        for end in [1, 16, 39, run.len() - HEAD - 1] {
            assert!(read(&run[HEAD..HEAD + end], &mut Vec::new()).is_err(), "{end}");
        }
    }
}
