//! Reads one side of a comparison, in segments and in parts.

use item_compare::{Fingerprint, RunBuilder, Sample};
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
        self.part_of(Kept::All(RunBuilder::new()), segment, cursor, limits, progress).await
    }

    /// Reads a part as [`Side::part`] does, with a run of a sample of its items. `sample` is empty.
    pub async fn sampled_part(
        &self,
        sample: Sample,
        segment: u32,
        cursor: Option<&str>,
        limits: Limits,
        progress: Progress<'_>,
    ) -> Result<SidePart, CompareError> {
        self.part_of(Kept::Sample(sample), segment, cursor, limits, progress).await
    }

    /// Reads a part as [`Side::part`] does, and only counts its items. The run is empty.
    pub async fn counted_part(
        &self,
        segment: u32,
        cursor: Option<&str>,
        limits: Limits,
        progress: Progress<'_>,
    ) -> Result<SidePart, CompareError> {
        self.part_of(Kept::Nothing, segment, cursor, limits, progress).await
    }

    async fn part_of(
        &self,
        kept: Kept,
        segment: u32,
        cursor: Option<&str>,
        limits: Limits,
        progress: Progress<'_>,
    ) -> Result<SidePart, CompareError> {
        let mut part = Gathering { kept, items: 0, limits };
        let next = match self {
            Side::Table(side) => of_table::read(side, segment, cursor, &mut part, progress).await?,
            Side::Files(side) => of_files::read(side, segment, cursor, &mut part, progress).await?,
            Side::History(side) => of_history::read(side, segment, cursor, &mut part, progress).await?,
        };
        let Gathering { kept, items, .. } = part;
        Ok(SidePart { run: kept.into_run(), items, next })
    }
}

/// What is kept of the items that are read.
enum Kept {
    All(RunBuilder),
    Sample(Sample),
    Nothing,
}

impl Kept {
    fn into_run(self) -> Vec<u8> {
        let mut builder = match self {
            Kept::All(builder) => builder,
            Kept::Sample(sample) => {
                let mut builder = RunBuilder::new();
                sample.into_fingerprints().iter().for_each(|fingerprint| builder.push(fingerprint));
                builder
            }
            Kept::Nothing => return Vec::new(),
        };
        builder.finish()
    }
}

/// A part that is being read.
pub(super) struct Gathering {
    kept: Kept,
    items: u64,
    limits: Limits,
}

impl Gathering {
    /// Adds an item.
    pub(super) fn push(&mut self, fingerprint: &Fingerprint) {
        self.items += 1;
        match &mut self.kept {
            Kept::All(builder) => builder.push(fingerprint),
            Kept::Sample(sample) => sample.push(fingerprint),
            Kept::Nothing => {}
        }
    }

    /// Adds items that are only counted.
    pub(super) fn count(&mut self, items: u64) {
        self.items += items;
    }

    /// Returns whether items are only counted.
    pub(super) fn only_counts(&self) -> bool {
        matches!(self.kept, Kept::Nothing)
    }

    /// Returns whether the memory is full or the time is over.
    pub(super) fn is_full(&self) -> bool {
        let is_large = matches!(&self.kept, Kept::All(builder) if builder.bytes() >= self.limits.bytes);
        is_large || self.limits.until.is_some_and(|until| Instant::now() >= until)
    }

    /// Returns the time at which no more is read.
    pub(super) fn until(&self) -> Option<Instant> {
        self.limits.until
    }
}
