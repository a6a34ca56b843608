//! When each state was visited. Rounds of a loop that follow each other are one entry.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::history::Visit;

/// Largest number of entries. The rest of a longer execution is left out, and the report says how many visits that is.
pub const MOST_ENTRIES: usize = 400;

/// An entry of the timeline: a visit of a state, or the rounds of a loop over the same states.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Entry {
    /// Names of the states in their order. Several are a loop.
    pub states: Vec<String>,
    /// Number of rounds.
    pub rounds: usize,
    /// Time when the first state was entered.
    pub from: DateTime<Utc>,
    /// Time when the last state was left; null if it was not.
    pub to: Option<DateTime<Utc>>,
    /// Number of tries that failed.
    pub failures: usize,
}

/// Returns the timeline of these visits.
pub(crate) fn timeline<'a>(visits: impl Iterator<Item = &'a Visit>) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for visit in visits {
        entries.push(Entry {
            states: vec![visit.state.clone()],
            rounds: 1,
            from: visit.entered,
            to: visit.left,
            failures: visit.failures.len(),
        });
        fold(&mut entries);
    }
    entries
}

/// Longest loop that is recognized, in states.
const LONGEST_LOOP: usize = 6;

/// Merges the last entries if they are another round of the entry before them, or two equal rounds.
fn fold(entries: &mut Vec<Entry>) {
    for length in 1..=LONGEST_LOOP {
        let Some(start) = entries.len().checked_sub(length) else { return };
        let (before, round) = entries.split_at(start);
        let names: Vec<&String> = round.iter().flat_map(|entry| &entry.states).collect();
        if round.iter().any(|entry| entry.rounds > 1) {
            return;
        }
        // Another round of a loop that is an entry already.
        let grown = before.last().is_some_and(|last| last.states.iter().eq(names.iter().copied()));
        // Two rounds, state by state.
        let doubled = length > 1
            && start.checked_sub(length).and_then(|first| before.get(first..)).is_some_and(|first| {
                first.iter().all(|entry| entry.rounds == 1)
                    && first.iter().flat_map(|entry| &entry.states).eq(names)
            });
        let from = match (grown, doubled) {
            (true, _) => start - 1,
            (_, true) => start - length,
            _ => continue,
        };
        let merged: Vec<Entry> = entries.drain(from..).collect();
        let rounds = merged.iter().map(|entry| entry.rounds).max().unwrap_or_default() + 1;
        let states = merged.iter().rev().take(length).rev().flat_map(|entry| entry.states.clone()).collect();
        let (Some(first), Some(last)) = (merged.first(), merged.last()) else { return };
        entries.push(Entry {
            states,
            rounds,
            from: first.from,
            to: last.to,
            failures: merged.iter().map(|entry| entry.failures).sum(),
        });
        return;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(states: &str) -> Vec<(String, usize)> {
        let visits: Vec<Visit> = (0..)
            .zip(states.chars())
            .map(|(second, state)| Visit {
                state: state.to_string(),
                kind: "Task".to_owned(),
                entered: DateTime::from_timestamp(second, 0).unwrap(),
                left: DateTime::from_timestamp(second + 1, 0),
                failures: Vec::new(),
                before: None,
            })
            .collect();
        timeline(visits.iter()).into_iter().map(|entry| (entry.states.concat(), entry.rounds)).collect()
    }

    #[test]
    fn rounds_of_a_loop_are_one_entry() {
        let entry = |states: &str, rounds| (states.to_owned(), rounds);
        assert_eq!(of("abc"), [entry("a", 1), entry("b", 1), entry("c", 1)]);
        assert_eq!(of("aab"), [entry("a", 2), entry("b", 1)]);
        assert_eq!(of("rwcdwcdwcdp"), [entry("r", 1), entry("wcd", 3), entry("p", 1)]);
        assert_eq!(of("wcdwcdwx"), [entry("wcd", 2), entry("w", 1), entry("x", 1)]);
    }

    #[test]
    fn an_entry_lasts_from_its_first_round_to_its_last() {
        let visits = of("xababy");
        assert_eq!(visits[1], ("ab".to_owned(), 2));
    }
}
