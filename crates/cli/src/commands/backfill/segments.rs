//! The segments of a backfill, and their progress.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tablekeeper_core::aws::raw_items::RawItems;
use tablekeeper_core::backfill::finish::Done;
use tablekeeper_core::backfill::segment::{Checkpoint, Error, SegmentJob};
use tablekeeper_core::backfill::{Backfill, segment};
use tablekeeper_core::clock::Clock;
use tablekeeper_core::item_history::store::Store;

use super::state::{Segment, State};
use crate::transfer::{Counters, cursor_file};

/// The state that all segments share.
#[derive(Debug)]
pub(super) struct Job {
    calls: RawItems,
    store: Store,
    backfill: Backfill,
    state: Mutex<State>,
    /// Whether the state changed since it was last saved.
    moved: AtomicBool,
    pub(super) counters: Counters,
}

impl Job {
    pub(super) fn new(calls: RawItems, store: Store, state: State) -> Job {
        let counters = Counters::for_items();
        state.segments.iter().for_each(|segment| counters.adopt(segment.written + segment.kept, 0));
        let (backfill, moved) = (state.backfill.clone(), AtomicBool::new(true));
        Job { calls, store, backfill, state: Mutex::new(state), moved, counters }
    }

    /// Saves the state to the cursor file if it changed.
    pub(super) fn save(&self, path: &Path) -> anyhow::Result<()> {
        if self.moved.swap(false, Ordering::Relaxed) {
            let state = self.state().clone();
            cursor_file::write(path, &state)?;
        }
        Ok(())
    }

    /// Returns the counts of each segment.
    pub(super) fn done(&self) -> Vec<Done> {
        let done = |segment: &Segment| Done { written: segment.written, kept: segment.kept };
        self.state().segments.iter().map(done).collect()
    }

    /// Writes the items of a segment, from its checkpoint to its end.
    pub(super) async fn segment(&self, number: u32) -> Result<(), Error> {
        let Job { calls, store, backfill, counters, .. } = self;
        let work = SegmentJob { backfill, segment: number, calls, store, time: None, clock: Clock::System };
        let mut reached = Checkpoint::from(self.of(number));
        while !reached.done {
            let mut reported = reached.written + reached.kept;
            let mut report_progress = |reached: &Checkpoint| {
                let items = reached.written + reached.kept;
                counters.add(items.saturating_sub(reported), 0);
                reported = items;
                self.reached(number, reached.clone().into());
            };
            reached = segment::run(&work, reached, &mut report_progress).await?;
        }
        Ok(())
    }

    fn of(&self, number: u32) -> Segment {
        let place = usize::try_from(number).ok();
        place.and_then(|place| self.state().segments.get(place).cloned()).unwrap_or_default()
    }

    fn reached(&self, number: u32, now: Segment) {
        let mut state = self.state();
        if let Some(segment) = usize::try_from(number).ok().and_then(|place| state.segments.get_mut(place)) {
            *segment = now;
            self.moved.store(true, Ordering::Relaxed);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
