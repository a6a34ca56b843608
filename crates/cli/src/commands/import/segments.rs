//! The segments of an import in parallel, and their progress.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tablekeeper_core::aws::raw_items::RawItems;
use tablekeeper_core::import::finish::Written;
use tablekeeper_core::import::segment::{Checkpoint, Error, Progress, SegmentJob};
use tablekeeper_core::import::source::Source;
use tablekeeper_core::import::{Import, segment};
use tablekeeper_core::storage::Files;

use super::state::{Segment, State};
use crate::transfer::{Counters, WorkerPool};

/// The state that all segments share.
#[derive(Debug)]
pub(super) struct Job {
    calls: RawItems,
    pub(super) files: Files,
    source: Source,
    import: Import,
    state: Mutex<State>,
    /// Whether the state changed since it was last saved.
    moved: AtomicBool,
    pub(super) counters: Counters,
}

impl Job {
    pub(super) fn new(calls: RawItems, files: Files, source: Source, state: State) -> Job {
        let counters = Counters::default();
        state.segments.iter().for_each(|segment| counters.adopt(segment.items, 0));
        let (import, moved) = (state.import.clone(), AtomicBool::new(true));
        Job { calls, files, source, import, state: Mutex::new(state), moved, counters }
    }

    /// Saves the state to the cursor file if it changed.
    pub(super) fn save(&self, path: &Path) -> anyhow::Result<()> {
        if self.moved.swap(false, Ordering::Relaxed) {
            let state = self.state.lock().unwrap_or_else(PoisonError::into_inner).clone();
            state.write(path)?;
        }
        Ok(())
    }

    /// Returns the counts of each segment.
    pub(super) fn written(&self) -> Vec<Written> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |segment: &Segment| Written { items: segment.items, doubts: segment.doubts };
        state.segments.iter().map(of).collect()
    }

    fn of(&self, number: u32) -> Segment {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        usize::try_from(number).ok().and_then(|place| state.segments.get(place)).copied().unwrap_or_default()
    }

    fn reached(&self, number: u32, now: Segment) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let segment = usize::try_from(number).ok().and_then(|place| state.segments.get_mut(place));
        if let Some(segment) = segment.filter(|segment| **segment != now) {
            *segment = now;
            self.moved.store(true, Ordering::Relaxed);
        }
    }

    /// Writes the items of a segment's files, from its checkpoint to the end.
    async fn segment(&self, number: u32) -> Result<(), Error> {
        let Job { calls, files, source, import, counters, .. } = self;
        let share = f64::from(import.max_write_capacity_units) / f64::from(import.segments.max(1));
        let work = SegmentJob {
            files,
            source,
            format: import.format,
            binary: import.binary,
            compression: import.compression,
            calls,
            table: &import.table_name,
            keys: &import.keys(),
            segment: number,
            segments: import.segments,
            units_per_second: (share > 0.0).then_some(share),
            time: None,
        };
        while !self.of(number).done {
            let Segment { cursor, items, doubts, .. } = self.of(number);
            let (mut reported, mut read) = (items, 0);
            let mut report_progress = |Progress { items, doubts, cursor, bytes, .. }: Progress<'_>| {
                counters.add(items.saturating_sub(reported), bytes.saturating_sub(read));
                (reported, read) = (items, bytes);
                self.reached(number, Segment { cursor, items, doubts, done: false });
            };
            let from = Checkpoint { cursor, items, doubts, done: false };
            let Checkpoint { cursor, items, doubts, done } =
                segment::run(&work, from, &mut report_progress).await?;
            self.reached(number, Segment { cursor, items, doubts, done });
        }
        Ok(())
    }
}

/// Starts all segments.
pub(super) fn begin(job: &Arc<Job>) -> WorkerPool<Error> {
    let (segments, job) = (job.import.segments, Arc::clone(job));
    let work = move |number| {
        let job = Arc::clone(&job);
        async move { job.segment(number).await }
    };
    WorkerPool::of("dynamodb:BatchWriteItem", segments, segments, work)
}
