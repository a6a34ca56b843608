//! Reads both sides, in parallel segments.

use std::sync::Arc;

use tablekeeper_core::compare::CompareError;
use tablekeeper_core::compare::side::Limits;

use super::side::Side;
use super::work::{Position, Work};
use crate::transfer::WorkerPool;

/// Bytes of memory for the runs of all segments together; half of them for the fingerprints, half for their runs.
const MEMORY: usize = 64 << 20;

/// Starts all segments of both sides.
pub(super) fn begin(sides: &Arc<[Side; 2]>, work: &Arc<Work>) -> WorkerPool<CompareError> {
    let shares: Vec<(usize, u32)> = sides
        .iter()
        .enumerate()
        .flat_map(|(place, side)| (0..side.segments).map(move |segment| (place, segment)))
        .collect();
    let count = u32::try_from(shares.len()).unwrap_or(u32::MAX);
    let limits = Limits { bytes: MEMORY / 2 / shares.len().max(1), until: None };
    let (sides, work, shares) = (Arc::clone(sides), Arc::clone(work), Arc::new(shares));
    let read = move |share: u32| {
        let (sides, work, shares) = (Arc::clone(&sides), Arc::clone(&work), Arc::clone(&shares));
        async move {
            let share = usize::try_from(share).ok().and_then(|share| shares.get(share));
            let Some(&(place, segment)) = share else { return Ok(()) };
            let Some(side) = sides.get(place) else { return Ok(()) };
            while let Some(Position { cursor, .. }) = work.position(place, segment) {
                let mut progress = |items, bytes| work.counters.add(items, bytes);
                let part = side.part(segment, cursor.as_deref(), limits, &mut progress).await?;
                work.store(place, segment, part).await?;
            }
            Ok(())
        }
    };
    WorkerPool::of("dynamodb:Scan", count, count, read)
}
