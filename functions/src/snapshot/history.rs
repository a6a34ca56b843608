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

use chrono::{DateTime, TimeDelta, Utc};

use super::fold::{Fold, FoldError};
use crate::incremental::version::{EventName, TOMBSTONE_SIZE};

/// How far the clocks may differ by which a change and a version get their times, DynamoDB's and S3's: both are kept in
/// step to milliseconds, and S3 lists whole seconds.
const SKEW: TimeDelta = TimeDelta::seconds(2);
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
pub(super) struct Gathered {
    /// Those that may be too late.
    newer: Vec<Listed>,
    /// The newest that is in time for certain.
    sure: Option<Listed>,
}

impl Gathered {
    /// Of a version that is in time for certain and has none in time above it.
    pub(super) fn of(sure: Listed) -> Gathered {
        Gathered { newer: Vec::new(), sure: Some(sure) }
    }

    /// Whether what follows is of no account.
    pub(super) fn is_decided(&self) -> bool {
        self.sure.is_some()
    }

    /// Takes the next older version.
    pub(super) async fn take(&mut self, fold: &Fold<'_>, version: Listed) -> Result<(), FoldError> {
        if self.is_decided() {
            return Ok(());
        }
        if version.is_surely_of(fold.at) {
            self.sure = Some(version);
            return Ok(());
        }
        self.newer.push(version);
        if self.newer.len() < MOST_HELD {
            return Ok(());
        }
        let newer = std::mem::take(&mut self.newer);
        // Where even the oldest of them is too late, one look says so of all.
        if let Some(oldest) = newer.last()
            && fold.look(oldest).await?.counts_as_of(fold.at)
        {
            self.sure = newest_in_time(fold, newer).await?;
        }
        Ok(())
    }

    /// The version that was current; `None` where there was none yet.
    pub(super) async fn current(self, fold: &Fold<'_>) -> Result<Option<Listed>, FoldError> {
        Ok(newest_in_time(fold, self.newer).await?.or(self.sure))
    }
}

/// What a look at a version says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    pub(super) event: EventName,
    pub(super) at: DateTime<Utc>,
}

impl Look {
    /// Restores are to the second: a change is of the second that it falls into.
    fn is_of(self, at: DateTime<Utc>) -> bool {
        self.at.timestamp() <= at.timestamp()
    }

    /// The same while halving.
    fn counts_as_of(self, at: DateTime<Utc>) -> bool {
        self.is_of(at) || self.event == EventName::Backfill
    }
}

/// The newest of these versions, the newest of which comes first, that is in time.
async fn newest_in_time(fold: &Fold<'_>, mut versions: Vec<Listed>) -> Result<Option<Listed>, FoldError> {
    let mut first = 0;
    loop {
        let (mut low, mut high, mut found) = (first, versions.len(), None);
        while low < high {
            let middle = low + (high - low) / 2;
            let Some(version) = versions.get(middle) else { break };
            let look = fold.look(version).await?;
            if look.counts_as_of(fold.at) {
                found = Some(look);
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        match found {
            None => return Ok(None),
            Some(look) if look.is_of(fold.at) => return Ok(Some(versions.swap_remove(high))),
            Some(_) => first = high + 1,
        }
    }
}
