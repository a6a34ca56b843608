//! Chooses the differences that are shown: some of each kind.

use item_compare::{Difference, Kind};

/// The kinds in the order in which they are shown.
const KINDS: [Kind; 3] = [Kind::Changed, Kind::Missing, Kind::Extra];

/// The first differences of each kind.
pub(super) struct Shown {
    most: usize,
    keys: [Vec<Vec<u8>>; 3],
}

impl Shown {
    /// Chooses at most `most` differences.
    pub(super) fn new(most: usize) -> Shown {
        Shown { most, keys: Default::default() }
    }

    /// Takes a difference, if it may be one of those that are shown.
    pub(super) fn take(&mut self, difference: Difference<'_>) {
        for (kind, keys) in KINDS.iter().zip(&mut self.keys) {
            if *kind == difference.kind && keys.len() < self.most {
                keys.push(difference.key.to_vec());
            }
        }
    }

    /// Returns the differences in the order of their kinds. If there are too many, each kind has the same share.
    pub(super) fn chosen(mut self) -> Vec<(Kind, Vec<u8>)> {
        while self.keys.iter().map(Vec::len).sum::<usize>() > self.most {
            if let Some(longest) = self.keys.iter_mut().rev().max_by_key(|keys| keys.len()) {
                longest.pop();
            }
        }
        let of_kind = |(kind, keys): (Kind, Vec<Vec<u8>>)| keys.into_iter().map(move |key| (kind, key));
        KINDS.into_iter().zip(self.keys).flat_map(of_kind).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(most: usize, counts: [usize; 3]) -> [usize; 3] {
        let mut shown = Shown::new(most);
        for (kind, count) in [Kind::Missing, Kind::Extra, Kind::Changed].into_iter().zip(counts) {
            for number in 0..count {
                shown.take(Difference { kind, key: number.to_string().as_bytes() });
            }
        }
        let chosen = shown.chosen();
        assert!(chosen.is_sorted_by_key(|(kind, _)| KINDS.iter().position(|other| other == kind)));
        [Kind::Missing, Kind::Extra, Kind::Changed]
            .map(|kind| chosen.iter().filter(|(other, _)| *other == kind).count())
    }

    #[test]
    fn each_kind_is_shown() {
        assert_eq!(chosen(10, [40, 0, 2]), [8, 0, 2]);
        assert_eq!(chosen(10, [40, 40, 40]).iter().sum::<usize>(), 10);
        assert!(chosen(10, [40, 40, 40]).iter().all(|count| *count >= 3));
        assert_eq!(chosen(10, [1, 2, 3]), [1, 2, 3]);
        assert_eq!(chosen(0, [1, 2, 3]), [0, 0, 0]);
    }
}
