//! Finds the version of an item that was current at a second.
//!
//! The event time of a version is the time of the change. S3's time is the time of the PUT, which is later by the lag
//! of the stream. Among the versions that S3 had before the second, the newest one is therefore in time, and its
//! metadata is not needed. Only versions that were put later may be of either kind, and only their metadata is read.
//!
//! The changes of an item are in order, so a binary search finds the newest one in time. Versions of a backfill are the
//! exception. Their time is that at which the table was read, which may be after the time of the change that the stream
//! then delivered and that replaced them. The binary search therefore counts a backfill's version as in time. If the
//! search finds a backfill's version that is too late, it continues with the older versions.

use chrono::{DateTime, Utc};
use tokio::sync::OnceCell;

use super::as_of::{AsOfError, AsOfReader};
use crate::item_history::position::Position;
use crate::item_history::version::{EventName, TOMBSTONE_SIZE};
use crate::item_history::versions::SKEW;

/// Maximum number of an item's versions in memory. An item may have any number.
const MOST_HELD: usize = 1_000;

/// A version, as S3 lists it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Listed {
    pub(super) key: String,
    /// `None` if only current versions are listed.
    pub(super) id: Option<String>,
    pub(super) etag: String,
    pub(super) size: u64,
    pub(super) put_at: DateTime<Utc>,
    /// Metadata of the version, once it was read.
    pub(super) head: OnceCell<VersionHead>,
}

impl Listed {
    /// Checks whether the version is in time without reading its metadata.
    pub(super) fn is_surely_of(&self, at: DateTime<Utc>) -> bool {
        self.put_at <= at - SKEW
    }

    /// Checks whether the version is a tombstone.
    pub(super) fn is_tombstone(&self) -> bool {
        u64::try_from(TOMBSTONE_SIZE) == Ok(self.size)
    }
}

/// The candidates among an item's versions, which are listed newest first.
#[derive(Debug, Default)]
pub(super) struct VersionCandidates {
    /// Versions that may be too late.
    newer: Vec<Listed>,
    /// The oldest two of the versions that were too late and are no longer in memory.
    too_late: Vec<Listed>,
    /// The newest version that is certainly in time.
    sure: Option<Listed>,
}

/// The version that was current at a second.
#[derive(Clone, Debug)]
pub(super) enum Current {
    /// The version that was current.
    Version(Box<Listed>),
    /// All existing versions are of later seconds. Holds the oldest two, the oldest first.
    Before(Vec<VersionHead>),
}

impl VersionCandidates {
    /// Returns the candidates if the newest version is certainly in time.
    pub(super) fn new(sure: Listed) -> VersionCandidates {
        VersionCandidates { sure: Some(sure), ..VersionCandidates::default() }
    }

    /// Checks whether older versions no longer matter.
    pub(super) fn is_decided(&self) -> bool {
        self.sure.is_some()
    }

    /// Adds the next older version.
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
        // If even the oldest one is too late, a single HEAD shows that all are.
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

    /// Returns the version that was current.
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

/// Returns the oldest of these versions if the item may have existed before it, and `None` if the item did not exist.
/// The versions must be sorted oldest first.
pub(super) fn winner(heads: &[VersionHead]) -> Option<&VersionHead> {
    let (oldest, next) = (heads.first()?, heads.get(1));
    // A backfill may have read the item before the stream delivered its insertion.
    let began =
        next.filter(|next| oldest.event == EventName::Backfill && next.position.at <= oldest.position.at);
    let begins = |head: &VersionHead| head.first_event == EventName::Insert;
    (!begins(oldest) && !began.is_some_and(begins)).then_some(oldest)
}

/// The metadata of a version.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct VersionHead {
    /// Event that made the version.
    pub(super) event: EventName,
    /// First event in its second.
    pub(super) first_event: EventName,
    /// Position among the item's versions, with the time of the change.
    pub(super) position: Position,
    /// Key attributes of the item.
    pub(super) item_key: String,
}

impl VersionHead {
    /// Checks whether the change is in time. Restores have a resolution of one second, so a change belongs to the
    /// second in which it was made.
    pub(super) fn is_of(&self, at: DateTime<Utc>) -> bool {
        self.position.at.timestamp() <= at.timestamp()
    }

    /// Checks whether the version counts as in time during the binary search.
    fn counts_as_of(&self, at: DateTime<Utc>) -> bool {
        self.is_of(at) || self.event == EventName::Backfill
    }
}

/// Removes and returns the newest of these versions that is in time. They must be sorted newest first.
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
