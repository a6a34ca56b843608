//! The changes of a batch, written side by side where they are of different items and in order where they are of one.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use futures::{StreamExt as _, stream};

use super::change::Change;
use super::sequence_number::SequenceNumber;
use super::store::{ObjectState, Outcome, Store};
use super::version::EventName;
use crate::aws::failure::AwsFailure;

/// Objects that are written at a time.
pub const CONCURRENCY: usize = 64;
/// Fewer stale changes of a batch say nothing.
const LEAST_STALE: usize = 10;
/// Objects that a warm function remembers.
const MOST_REMEMBERED: usize = 20_000;

/// What a function remembers of the objects that it wrote, from batch to batch.
#[derive(Debug, Default)]
pub struct Memory(Mutex<HashMap<String, ObjectState>>);

/// What became of a batch.
#[derive(Debug, Default)]
pub struct Applied {
    /// Versions that were written.
    pub written: usize,
    /// Changes that were there before, or whose item had gone on.
    pub stale: usize,
    /// Changes whose second had a later one of the same item.
    pub superseded: usize,
    /// The changes that failed, each with why: of each item the first.
    pub failed: Vec<(SequenceNumber, AwsFailure)>,
}

/// The change of an item that a second ends with.
struct LastOfSecond {
    /// The sequence number of the second's first change: none of them is there before this one is.
    first: SequenceNumber,
    /// What that first change was.
    first_event: EventName,
    last: Change,
    superseded: usize,
}

impl Store {
    /// Writes the changes of a batch, which come in the order of their shard.
    pub async fn apply_all(&self, changes: Vec<Change>, memory: &Memory) -> Applied {
        let applied = stream::iter(seconds(changes))
            .map(|item| self.apply_item(item, memory))
            .buffer_unordered(CONCURRENCY);
        applied.fold(Applied::default(), |all, one| async move { all.and(one) }).await
    }

    async fn apply_item(&self, seconds: Vec<LastOfSecond>, memory: &Memory) -> Applied {
        let mut applied = Applied::default();
        for second in seconds {
            let LastOfSecond { first, last, superseded, .. } = second;
            let object = last.object.clone();
            let begins = (last.version.first_event == EventName::Insert).then_some(ObjectState::Absent);
            let hint = memory.take(&object).or(begins);
            match self.apply(&last, hint).await {
                Ok((outcome, known)) => {
                    memory.keep(object, known);
                    applied.superseded += superseded;
                    match outcome {
                        Outcome::Written => applied.written += 1,
                        Outcome::Stale => applied.stale += 1,
                    }
                }
                // What follows it would be written over a version that is missing.
                Err(failure) => {
                    applied.failed.push((first, failure));
                    break;
                }
            }
        }
        applied
    }
}

/// The last change of each second, together for each item and in order.
fn seconds(changes: Vec<Change>) -> Vec<Vec<LastOfSecond>> {
    let mut items: Vec<Vec<LastOfSecond>> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for change in changes {
        let place = *places.entry(change.object.clone()).or_insert(items.len());
        match items.get_mut(place) {
            Some(item) => add(item, change),
            None => items.push(vec![LastOfSecond::new(change)]),
        }
    }
    for second in items.iter_mut().flatten() {
        second.last.version.first_event = second.first_event;
    }
    items
}

/// The last change of each second of each item. Those of one item stand together and in order.
pub fn last_of_seconds(changes: Vec<Change>) -> Vec<Vec<Change>> {
    let lasts = |seconds: Vec<LastOfSecond>| seconds.into_iter().map(|second| second.last).collect();
    seconds(changes).into_iter().map(lasts).collect()
}

/// Restores are to the second, so of one second's changes the last is enough.
fn add(item: &mut Vec<LastOfSecond>, change: Change) {
    match item.last_mut() {
        Some(second) if second.last.version.position.at == change.version.position.at => {
            // A record that is delivered twice in a batch comes again in its old place.
            let position = &change.version.position;
            if position.sequence_number < second.first {
                second.first = position.sequence_number.clone();
                second.first_event = change.version.event;
            }
            if position.is_newer_than(&second.last.version.position) {
                second.last = change;
            }
            second.superseded += 1;
        }
        _ => item.push(LastOfSecond::new(change)),
    }
}

impl LastOfSecond {
    fn new(change: Change) -> LastOfSecond {
        LastOfSecond {
            first: change.version.position.sequence_number.clone(),
            first_event: change.version.event,
            last: change,
            superseded: 0,
        }
    }
}

impl Applied {
    fn and(mut self, other: Applied) -> Applied {
        self.written += other.written;
        self.stale += other.stale;
        self.superseded += other.superseded;
        self.failed.extend(other.failed);
        self
    }

    /// Whether most of a batch's changes were there before, or older than what is there. A delivery that is repeated is so once;
    /// a stream whose changes are so all the time is not the one that the bucket is of.
    pub fn is_mostly_stale(&self) -> bool {
        let others = self.written + self.superseded + self.failed.len();
        self.stale >= LEAST_STALE && self.stale > others
    }

    /// The failed change that comes first in the shard: it and what follows it are to be delivered again.
    pub fn first_failed(&self) -> Option<&(SequenceNumber, AwsFailure)> {
        self.failed.iter().min_by(|left, right| left.0.cmp(&right.0))
    }
}

impl Memory {
    fn take(&self, object: &str) -> Option<ObjectState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(object)
    }

    /// Forgets everything once it is too much: it is worth little where items hardly come again.
    fn keep(&self, object: String, known: ObjectState) {
        let mut objects = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if objects.len() >= MOST_REMEMBERED {
            objects.clear();
        }
        objects.insert(object, known);
    }
}
