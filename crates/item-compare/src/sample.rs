//! A sample of the items of a side.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use sha2::{Digest, Sha256};

use crate::fingerprint::Fingerprint;

/// Keeps the fingerprints whose keys have the smallest hashes with a seed.
///
/// The hash is a SHA-256 of the seed and the key. So with a random seed each set of keys of the same size is equally
/// likely to be the sample, whatever the keys are and wherever they are stored. Samples of parts of a side with the same
/// seed can be merged: push the fingerprints of all of them into a new sample.
#[derive(Clone, Debug)]
pub struct Sample {
    most: usize,
    seed: u128,
    smallest: BinaryHeap<Ranked>,
}

/// A fingerprint, ordered by the hash of the seed and its key.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Ranked {
    rank: u128,
    fingerprint: Fingerprint,
}

impl Ord for Ranked {
    fn cmp(&self, other: &Ranked) -> Ordering {
        let place = |ranked: &Ranked| (ranked.rank, ranked.fingerprint.item_hash);
        let by_place = place(self).cmp(&place(other));
        by_place.then_with(|| self.fingerprint.key.cmp(&other.fingerprint.key))
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Ranked) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Sample {
    /// Creates an empty sample of at most `most` items.
    pub fn new(most: usize, seed: u128) -> Sample {
        Sample { most, seed, smallest: BinaryHeap::new() }
    }

    /// Adds an item, if it ranks before one of the sample or if the sample is not full.
    pub fn push(&mut self, fingerprint: &Fingerprint) {
        let rank = rank(self.seed, fingerprint.key_hash);
        let is_full = self.smallest.len() >= self.most;
        if is_full && self.smallest.peek().is_none_or(|last| last.rank < rank) {
            return;
        }
        self.smallest.push(Ranked { rank, fingerprint: fingerprint.clone() });
        if is_full {
            self.smallest.pop();
        }
    }

    /// Returns the fingerprints in the order of their ranks.
    pub fn into_fingerprints(self) -> Vec<Fingerprint> {
        self.smallest.into_sorted_vec().into_iter().map(|ranked| ranked.fingerprint).collect()
    }
}

fn rank(seed: u128, key_hash: u128) -> u128 {
    let digest =
        Sha256::new().chain_update(seed.to_be_bytes()).chain_update(key_hash.to_be_bytes()).finalize();
    digest.first_chunk().map_or(0, |first| u128::from_be_bytes(*first))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Fingerprinter, RunBuilder, fingerprints};

    fn all(number: usize) -> Vec<Fingerprint> {
        let mut fingerprinter = Fingerprinter::new(["id"]);
        let item = |id| format!(r#"{{"id":{{"N":"{id}"}}}}"#);
        (0..number).map(|id| fingerprinter.fingerprint(item(id).as_bytes()).unwrap()).collect()
    }

    #[test]
    fn samples_of_parts_are_merged() {
        let all = all(1_000);
        let of = |items: &[Fingerprint]| {
            let mut sample = Sample::new(50, 7);
            items.iter().for_each(|fingerprint| sample.push(fingerprint));
            sample.into_fingerprints()
        };
        let whole = of(&all);
        assert_eq!(whole.len(), 50);
        let (ours, theirs) = all.split_at(300);
        assert_eq!(of(&[of(ours), of(theirs)].concat()), whole);
        assert_eq!(of(all.get(..20).unwrap()).len(), 20);
    }

    #[test]
    fn every_item_is_chosen_equally_often() {
        let all = all(200);
        let mut chosen = std::collections::BTreeMap::new();
        for seed in 0..2_000 {
            let mut sample = Sample::new(20, seed);
            all.iter().for_each(|fingerprint| sample.push(fingerprint));
            for Fingerprint { key, .. } in sample.into_fingerprints() {
                *chosen.entry(key).or_insert(0_u32) += 1;
            }
        }
        // Each is expected 200 times, with a standard deviation of 13.4. Six of them are exceeded once in 10^9.
        assert_eq!(chosen.len(), 200);
        assert!(chosen.values().all(|times| (120..=280).contains(times)), "{chosen:?}");
    }

    proptest! {
        #[test]
        fn a_run_is_read_as_it_was_written(number in 0..50_usize) {
            let mut builder = RunBuilder::new();
            let mut all = all(number);
            all.iter().for_each(|fingerprint| builder.push(fingerprint));
            let mut run = builder.finish();
            all.sort_by_key(|fingerprint| fingerprint.key_hash);
            prop_assert_eq!(fingerprints(&run).unwrap(), all);
            run.pop();
            prop_assert!(fingerprints(&run).is_err());
        }
    }
}
