//! The segments of an export, in parallel.

use std::sync::Arc;

use tablekeeper_core::aws::raw_items::RawItems;
use tablekeeper_core::clock::Clock;
use tablekeeper_core::export::segment::{SegmentError, SegmentExport};
use tablekeeper_core::export::{ExportConfig, Plan};
use tablekeeper_core::storage::Files;

use crate::transfer::{Counters, WorkerPool};

/// The state that all segments share.
#[derive(Debug)]
pub(super) struct Job {
    calls: RawItems,
    pub(super) files: Files,
    pub(super) run: ExportConfig,
    pub(super) plan: Plan,
    pub(super) counters: Counters,
}

impl Job {
    pub(super) fn new(calls: RawItems, files: Files, run: ExportConfig, plan: Plan) -> Job {
        Job { calls, files, run, plan, counters: Counters::default() }
    }

    /// Writes all parts of a segment. Adopts those that an earlier run wrote.
    async fn segment(&self, segment: u32) -> Result<(), SegmentError> {
        let Job { calls, files, run, plan, counters } = self;
        let export = SegmentExport { calls, files, run, plan, clock: Clock::System };
        let mut cursor: Option<String> = None;
        for part in 0.. {
            let (mut items, mut bytes) = (0, 0);
            let mut progress = |page: tablekeeper_core::export::segment::Progress| {
                (items, bytes) = (items + page.items, bytes + page.bytes);
                counters.add(page.items, page.bytes);
            };
            let written = export.part(segment, part, cursor.as_deref(), &mut progress).await?;
            counters.adopt(written.items.saturating_sub(items), written.bytes.saturating_sub(bytes));
            cursor = written.next;
            if written.done {
                break;
            }
        }
        Ok(())
    }
}

/// Starts all segments.
pub(super) fn begin(job: &Arc<Job>) -> WorkerPool<SegmentError> {
    let (segments, job) = (job.plan.segments, Arc::clone(job));
    let work = move |segment| {
        let job = Arc::clone(&job);
        async move { job.segment(segment).await }
    };
    WorkerPool::of("dynamodb:Scan", segments, segments, work)
}
