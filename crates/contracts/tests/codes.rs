//! Tests each check that needs no types on a definition with one fault and on its nearest correct neighbour.
//!
//! The cases are data: the changes that turn a correct base definition into either of them.
#![expect(clippy::unwrap_used, clippy::panic, reason = "test code: a broken assumption is a failed test")]

mod checks;

use std::collections::BTreeSet;

use checks::{CASES, Case, NOT_HERE, codes, findings};
use contracts::diagnostic::Code;

#[test]
fn the_base_that_every_case_changes_has_no_finding() {
    assert_eq!(findings(&[]), Vec::<String>::new());
}

#[test]
fn every_case_has_its_finding_alone_and_its_neighbour_has_none() {
    let mut failed = Vec::new();
    for Case { code, at, wrong, right } in CASES.iter() {
        let found = codes(wrong);
        let others = found.iter().filter(|(other, _)| other != code && !comes_with(*code, *other));
        if !found.contains(&(*code, (*at).to_owned())) || others.count() > 0 {
            failed.push(format!("{code} at {at} alone, not {:#?}", findings(wrong)));
        }
        let neighbour = codes(right);
        if neighbour.iter().any(|(other, _)| !comes_with(*code, *other)) {
            failed.push(format!("nothing in the neighbour of {code} at {at}, not {:#?}", findings(right)));
        }
    }
    assert!(failed.is_empty(), "expected were:\n{}", failed.join("\n"));
}

/// Returns whether another code comes with a code. The local engine lacks heartbeats, so its code comes with theirs.
fn comes_with(code: Code, other: Code) -> bool {
    code == Code::HeartbeatNotBelowTimeout && other == Code::IgnoredByLocalEngine
}

#[test]
fn every_code_has_a_case_here_or_is_listed_as_tested_elsewhere() {
    let here: BTreeSet<Code> = CASES.iter().map(|case| case.code).collect();
    let elsewhere: BTreeSet<Code> = NOT_HERE.iter().flat_map(|(_, codes)| codes.iter().copied()).collect();
    assert_eq!(here.intersection(&elsewhere).collect::<Vec<_>>(), Vec::<&Code>::new());
    let all: BTreeSet<Code> = Code::ALL.iter().copied().collect();
    assert_eq!(here.union(&elsewhere).copied().collect::<BTreeSet<_>>(), all);
}
