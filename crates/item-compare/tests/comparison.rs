//! Compares sets of items through runs, as callers do.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::collections::{BTreeMap, BTreeSet};

use item_compare::{Counts, Fingerprinter, HEAD, Index, Kind, RunBuilder, compare, ranges};
use proptest::prelude::*;

/// Writes the runs of a side, each with this many items.
fn runs(items: &[String], per_run: usize) -> Vec<Vec<u8>> {
    let mut fingerprinter = Fingerprinter::new(["id"]);
    let chunks = items.chunks(per_run.max(1)).map(|chunk| {
        let mut builder = RunBuilder::new();
        chunk.iter().for_each(|item| builder.push(&fingerprinter.fingerprint(item.as_bytes()).unwrap()));
        builder.finish()
    });
    chunks.collect()
}

/// Compares two sides range by range.
fn compared(left: &[Vec<u8>], right: &[Vec<u8>], most: u64) -> (Counts, BTreeSet<(Kind, String)>) {
    let indexes =
        |runs: &[Vec<u8>]| runs.iter().map(|run| Index::parse(&run[..HEAD]).unwrap()).collect::<Vec<_>>();
    let (left_indexes, right_indexes) = (indexes(left), indexes(right));
    let all: Vec<Index> = left_indexes.iter().chain(&right_indexes).cloned().collect();
    let (mut counts, mut differences) = (Counts::default(), BTreeSet::new());
    for buckets in ranges(&all, most) {
        fn slices<'a>(
            runs: &'a [Vec<u8>],
            indexes: &[Index],
            buckets: &std::ops::Range<usize>,
        ) -> Vec<&'a [u8]> {
            let pairs = runs.iter().zip(indexes);
            pairs
                .map(|(run, index)| {
                    let range = index.range(buckets);
                    &run[range.start as usize..range.end as usize]
                })
                .collect()
        }
        let (ours, theirs) = (slices(left, &left_indexes, &buckets), slices(right, &right_indexes, &buckets));
        let part = compare(&ours, &theirs, &mut |difference| {
            let new =
                differences.insert((difference.kind, String::from_utf8(difference.key.to_vec()).unwrap()));
            assert!(new, "{difference:?} was reported twice");
        });
        counts.add(part.unwrap());
    }
    (counts, differences)
}

fn key(id: u32) -> String {
    format!(r#"{{"id":{{"N":"{id}"}}}}"#)
}

fn item(id: u32, value: u8) -> String {
    format!(r#"{{"value":{{"N":"{value}"}},"id":{{"N":"{id}"}}}}"#)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    #[test]
    fn differences_are_those_of_two_maps(
        left in proptest::collection::btree_map(0..40_u32, 0..3_u8, 0..40),
        right in proptest::collection::btree_map(0..40_u32, 0..3_u8, 0..40),
        per_run in (1..20_usize, 1..20_usize),
        most in prop_oneof![Just(1_u64), Just(500), Just(1 << 20)],
    ) {
        let items = |side: &BTreeMap<u32, u8>| {
            side.iter().map(|(id, value)| item(*id, *value)).collect::<Vec<_>>()
        };
        let (counts, differences) =
            compared(&runs(&items(&left), per_run.0), &runs(&items(&right), per_run.1), most);
        let mut expected = BTreeSet::new();
        let mut equal = 0;
        for id in left.keys().chain(right.keys()).collect::<BTreeSet<_>>() {
            match (left.get(id), right.get(id)) {
                (Some(_), None) => { expected.insert((Kind::Missing, key(*id))); }
                (None, _) => { expected.insert((Kind::Extra, key(*id))); }
                (Some(ours), Some(theirs)) if ours != theirs => { expected.insert((Kind::Changed, key(*id))); }
                _ => equal += 1,
            }
        }
        let of = |kind: Kind| expected.iter().filter(|(other, _)| *other == kind).count() as u64;
        prop_assert_eq!(counts, Counts {
            equal,
            missing: of(Kind::Missing),
            extra: of(Kind::Extra),
            changed: of(Kind::Changed),
            ..Counts::default()
        });
        prop_assert_eq!(counts.different(), expected.len() as u64);
        prop_assert_eq!(differences, expected);
    }
}

#[test]
fn a_repeated_key_is_equal_only_if_all_its_items_are() {
    let same = [item(1, 1), item(1, 1), item(2, 2)];
    let (counts, differences) = compared(&runs(&same, 1), &runs(&same[1..], 9), 1 << 20);
    assert_eq!(counts, Counts { equal: 2, repeated_left: 1, ..Counts::default() });
    assert!(differences.is_empty());
    let other = [item(1, 1), item(1, 3), item(2, 2)];
    let (counts, differences) = compared(&runs(&same[1..], 1), &runs(&other, 9), 1 << 20);
    assert_eq!(counts, Counts { equal: 1, changed: 1, repeated_right: 1, ..Counts::default() });
    assert_eq!(differences, [(Kind::Changed, key(1))].into());
}
