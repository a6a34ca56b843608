//! Writes the changes of a batch: those of different items concurrently, those of one item in order.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use futures::{StreamExt as _, stream};

use super::change::Change;
use super::sequence_number::SequenceNumber;
use super::store::{ObjectState, Outcome, Store};
use super::version::EventName;
use crate::aws::failure::AwsFailure;

/// Number of objects that are written concurrently.
pub const CONCURRENCY: usize = 64;
/// Minimum number of stale changes for a batch to count as mostly stale.
const LEAST_STALE: usize = 10;
/// Maximum number of objects that a warm function remembers.
const MOST_REMEMBERED: usize = 20_000;

/// The states of the objects that a function wrote, kept between batches.
#[derive(Debug, Default)]
pub struct Memory(Mutex<HashMap<String, ObjectState>>);

/// The result of a batch.
#[derive(Debug, Default)]
pub struct Applied {
    /// Number of versions written.
    pub written: usize,
    /// Number of changes that were not written because the same or a newer version exists.
    pub stale: usize,
    /// Number of changes not written because the same second has a later change of the item.
    pub superseded: usize,
    /// The changes that failed, each with its failure. Only the first one of each item is listed.
    pub failed: Vec<(SequenceNumber, AwsFailure)>,
}

/// The last change of an item within a second.
struct LastOfSecond {
    /// The sequence number of the second's first change. If the write fails, delivery starts again from this change.
    first: SequenceNumber,
    /// The event of that first change.
    first_event: EventName,
    last: Change,
    superseded: usize,
}

impl Store {
    /// Writes the changes of a batch, which must be in the order of their shard.
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
                // A later change would be written over a version that is missing.
                Err(failure) => {
                    applied.failed.push((first, failure));
                    break;
                }
            }
        }
        applied
    }
}

/// Groups changes by item, and keeps the last one of each second, in order.
fn seconds(changes: Vec<Change>) -> Vec<Vec<LastOfSecond>> {
    let mut items: Vec<Vec<LastOfSecond>> = Vec::new();
    let mut indexes: HashMap<String, usize> = HashMap::new();
    for change in changes {
        let index = *indexes.entry(change.object.clone()).or_insert(items.len());
        match items.get_mut(index) {
            Some(item) => add(item, change),
            None => items.push(vec![LastOfSecond::new(change)]),
        }
    }
    for second in items.iter_mut().flatten() {
        second.last.version.first_event = second.first_event;
    }
    items
}

/// Returns the last change of each second of each item. The changes of one item are grouped and in order.
pub fn last_of_seconds(changes: Vec<Change>) -> Vec<Vec<Change>> {
    let lasts = |seconds: Vec<LastOfSecond>| seconds.into_iter().map(|second| second.last).collect();
    seconds(changes).into_iter().map(lasts).collect()
}

/// Adds a change to an item. Restores have a resolution of one second, so the last change of a second is enough.
fn add(item: &mut Vec<LastOfSecond>, change: Change) {
    match item.last_mut() {
        Some(second) if second.last.version.position.at == change.version.position.at => {
            // A record that is delivered twice in a batch has the same position both times.
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

    /// Checks whether most changes of a batch were already written, or are older than the current versions. A repeated
    /// delivery causes this once. If it keeps happening, the stream is not the one that the bucket belongs to.
    pub fn is_mostly_stale(&self) -> bool {
        let others = self.written + self.superseded + self.failed.len();
        self.stale >= LEAST_STALE && self.stale > others
    }

    /// Returns the failed change that comes first in the shard. This change and all later ones must be delivered again.
    pub fn first_failed(&self) -> Option<&(SequenceNumber, AwsFailure)> {
        self.failed.iter().min_by(|left, right| left.0.cmp(&right.0))
    }
}

impl Memory {
    fn take(&self, object: &str) -> Option<ObjectState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(object)
    }

    /// Remembers the state of an object. Forgets all objects at the limit: the memory is worth little if items are
    /// rarely written again.
    fn keep(&self, object: String, known: ObjectState) {
        let mut objects = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if objects.len() >= MOST_REMEMBERED {
            objects.clear();
        }
        objects.insert(object, known);
    }
}
