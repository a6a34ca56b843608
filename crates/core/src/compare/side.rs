//! Reads one side of a comparison, in segments and in parts.

use item_compare::{Fingerprint, RunBuilder};
use tokio::time::Instant;

use super::error::CompareError;
use super::of_files;
use super::of_history;
use super::of_table;

pub use super::of_files::FilesSide;
pub use super::of_history::HistorySide;
pub use super::of_table::TableSide;

/// One side of a comparison.
#[derive(Clone, Copy, Debug)]
pub enum Side<'a> {
    /// The items of a table as a scan finds them.
    Table(TableSide<'a>),
    /// The items of the files of an export or of a snapshot.
    Files(FilesSide<'a>),
    /// The items of a second of an incremental backup.
    History(HistorySide<'a>),
}

/// Limits of a part. At least one page or item is read.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of memory for the fingerprints; the run that is made of them takes as many again.
    pub bytes: usize,
    /// Time at which no more is read; `None` for no limit.
    pub until: Option<Instant>,
}

/// A part of a segment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SidePart {
    /// Run of the fingerprints of the items.
    pub run: Vec<u8>,
    /// Number of items.
    pub items: u64,
    /// Cursor after which the next part begins; `None` at the end of the segment.
    pub next: Option<String>,
}

/// A callback that receives the number of items and bytes that were read since its last call.
pub type Progress<'a> = &'a mut (dyn FnMut(u64, u64) + Send);

impl Side<'_> {
    /// Returns the number of segments.
    pub fn segments(&self) -> u32 {
        match self {
            Side::Table(table) => table.segments,
            Side::Files(files) => files.segments,
            Side::History(history) => history.segments,
        }
    }

    /// Reads the part of a segment that begins after `cursor`; `None` at the beginning of the segment. After a
    /// transient failure, a part with what was read before is returned, if there is any.
    pub async fn part(
        &self,
        segment: u32,
        cursor: Option<&str>,
        limits: Limits,
        progress: Progress<'_>,
    ) -> Result<SidePart, CompareError> {
        let mut part = Gathering { builder: RunBuilder::new(), limits };
        let next = match self {
            Side::Table(side) => of_table::read(side, segment, cursor, &mut part, progress).await?,
            Side::Files(side) => of_files::read(side, segment, cursor, &mut part, progress).await?,
            Side::History(side) => of_history::read(side, segment, cursor, &mut part, progress).await?,
        };
        let items = part.builder.items() as u64;
        Ok(SidePart { run: part.builder.finish(), items, next })
    }
}

/// A part that is being read.
pub(super) struct Gathering {
    builder: RunBuilder,
    limits: Limits,
}

impl Gathering {
    /// Adds an item.
    pub(super) fn push(&mut self, fingerprint: &Fingerprint) {
        self.builder.push(fingerprint);
    }

    /// Returns whether the memory is full or the time is over.
    pub(super) fn is_full(&self) -> bool {
        self.builder.bytes() >= self.limits.bytes
            || self.limits.until.is_some_and(|until| Instant::now() >= until)
    }

    /// Returns the time at which no more is read.
    pub(super) fn until(&self) -> Option<Instant> {
        self.limits.until
    }
}
