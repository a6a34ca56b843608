//! The versions of one item, and which of them was current at a second.
//!
//! A version's event time says when the item became so; S3's own time of it says when that was written down, which is
//! later: by the stream's lag. Of the versions that S3 has had since before the second, the newest is thus in time
//! without a look at it. Only the versions that came after may be of either kind, and only those are looked at.
//!
//! The changes of an item come in their order, so that the newest one in time is found by halving. A version that a
//! backfill wrote is the exception: it has the time at which the table was read, which may be after that of the change
//! that the stream then told of, and wrote over it. So a backfill's version counts as in time while halving; where it is
//! what is found and is too late itself, the search goes on behind it.

use chrono::{DateTime, Utc};
use tokio::sync::OnceCell;

use super::as_of::{AsOfError, AsOfReader};
use crate::item_history::position::Position;
use crate::item_history::version::{EventName, TOMBSTONE_SIZE};
use crate::item_history::versions::SKEW;

/// Versions of an item that are held at once. An item may have any number of them.
const MOST_HELD: usize = 1_000;

/// A version, as S3 lists it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Listed {
    pub(super) key: String,
    /// `None` where only current versions are listed.
    pub(super) id: Option<String>,
    pub(super) etag: String,
    pub(super) size: u64,
    pub(super) put_at: DateTime<Utc>,
    /// What its metadata says, once it was looked at.
    pub(super) head: OnceCell<VersionHead>,
}

impl Listed {
    /// Whether it is in time, without a look at it.
    pub(super) fn is_surely_of(&self, at: DateTime<Utc>) -> bool {
        self.put_at <= at - SKEW
    }

    /// Whether it says that the item was deleted.
    pub(super) fn is_tombstone(&self) -> bool {
        u64::try_from(TOMBSTONE_SIZE) == Ok(self.size)
    }
}

/// The versions of an item while they are listed, the newest first.
#[derive(Debug, Default)]
pub(super) struct VersionCandidates {
    /// Those that may be too late.
    newer: Vec<Listed>,
    /// The oldest two of those that were too late and are not held any more.
    too_late: Vec<Listed>,
    /// The newest that is in time for certain.
    sure: Option<Listed>,
}

/// Which version was current at a second.
#[derive(Clone, Debug)]
pub(super) enum Current {
    /// This one.
    Version(Box<Listed>),
    /// None of those that are there: they are all of later seconds. The oldest two of them, the oldest first.
    Before(Vec<VersionHead>),
}

impl VersionCandidates {
    /// Of a version that is in time for certain and has none in time above it.
    pub(super) fn new(sure: Listed) -> VersionCandidates {
        VersionCandidates { sure: Some(sure), ..VersionCandidates::default() }
    }

    /// Whether what follows is of no account.
    pub(super) fn is_decided(&self) -> bool {
        self.sure.is_some()
    }

    /// Takes the next older version.
    pub(super) async fn take(&mut self, reader: &AsOfReader<'_>, version: Listed) -> Result<(), AsOfError> {
        if self.is_decided() {
            return Ok(());
        }
        if version.is_surely_of(reader.at) {
            self.sure = Some(version);
            return Ok(());
        }
        self.newer.push(version);
        if self.newer.len() < MOST_HELD {
            return Ok(());
        }
        // Where even the oldest of them is too late, one look says so of all.
        if let Some(oldest) = self.newer.last()
            && reader.head(oldest).await?.counts_as_of(reader.at)
        {
            self.sure = newest_in_time(reader, &mut self.newer).await?;
        }
        self.too_late.append(&mut self.newer);
        let oldest_two = self.too_late.len().saturating_sub(2);
        self.too_late.drain(..oldest_two);
        Ok(())
    }

    /// The version that was current.
    pub(super) async fn current(mut self, reader: &AsOfReader<'_>) -> Result<Current, AsOfError> {
        if let Some(version) = newest_in_time(reader, &mut self.newer).await?.or(self.sure) {
            return Ok(Current::Version(Box::new(version)));
        }
        self.too_late.append(&mut self.newer);
        let mut heads = Vec::new();
        for version in self.too_late.iter().rev().take(2) {
            heads.push(reader.head(version).await?.clone());
        }
        Ok(Current::Before(heads))
    }
}

/// Says what was before the oldest of these versions, of which the oldest comes first: it, where that was an item; `None`
/// where there was none.
pub(super) fn winner(heads: &[VersionHead]) -> Option<&VersionHead> {
    let (oldest, next) = (heads.first()?, heads.get(1));
    // A backfill may have read the item before the stream told that it was new.
    let began =
        next.filter(|next| oldest.event == EventName::Backfill && next.position.at <= oldest.position.at);
    let begins = |head: &VersionHead| head.first_event == EventName::Insert;
    (!begins(oldest) && !began.is_some_and(begins)).then_some(oldest)
}

/// What a look at a version says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct VersionHead {
    /// What made it so.
    pub(super) event: EventName,
    /// What came first in its second.
    pub(super) first_event: EventName,
    /// Its place among the item's versions, with when the item became so.
    pub(super) position: Position,
    /// The item's key attributes.
    pub(super) item_key: String,
}

impl VersionHead {
    /// Restores are to the second: a change is of the second that it falls into.
    pub(super) fn is_of(&self, at: DateTime<Utc>) -> bool {
        self.position.at.timestamp() <= at.timestamp()
    }

    /// The same while halving.
    fn counts_as_of(&self, at: DateTime<Utc>) -> bool {
        self.is_of(at) || self.event == EventName::Backfill
    }
}

/// The newest of these versions, the newest of which comes first, that is in time.
async fn newest_in_time(
    reader: &AsOfReader<'_>,
    versions: &mut Vec<Listed>,
) -> Result<Option<Listed>, AsOfError> {
    let mut first = 0;
    loop {
        let (mut low, mut high, mut found) = (first, versions.len(), None);
        while low < high {
            let middle = low + (high - low) / 2;
            let Some(version) = versions.get(middle) else { break };
            let head = reader.head(version).await?;
            if head.counts_as_of(reader.at) {
                found = Some(head.is_of(reader.at));
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        match found {
            None => return Ok(None),
            Some(true) => return Ok(Some(versions.swap_remove(high))),
            Some(false) => first = high + 1,
        }
    }
}
