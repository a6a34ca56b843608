//! The shards of a snapshot, some of them in parallel.

use std::sync::Arc;

use tablekeeper_core::clock::Clock;
use tablekeeper_core::snapshot::Snapshot;
use tablekeeper_core::snapshot::shard::{ShardError, Shards};
use tablekeeper_core::storage::Files;

use crate::transfer::{Counters, WorkerPool};

/// Number of parallel shards. Each has 64 requests in flight.
const AT_A_TIME: u32 = 4;

/// The state that all shards share.
#[derive(Debug)]
pub(super) struct Job {
    s3: aws_sdk_s3::Client,
    pub(super) files: Files,
    pub(super) snapshot: Snapshot,
    pub(super) counters: Counters,
}

impl Job {
    pub(super) fn new(s3: aws_sdk_s3::Client, files: Files, snapshot: Snapshot) -> Job {
        Job { s3, files, snapshot, counters: Counters::default() }
    }

    /// Writes all parts of a shard. Adopts those that an earlier run wrote.
    async fn shard(&self, shard: u32) -> Result<(), ShardError> {
        let Job { s3, files, snapshot, counters } = self;
        let shards = Shards { s3, files, snapshot, clock: Clock::System };
        let mut cursor: Option<String> = None;
        for part in 0.. {
            let (mut items, mut bytes) = (0, 0);
            let mut progress = |all_items: u64, all_bytes: u64| {
                counters.add(all_items.saturating_sub(items), all_bytes.saturating_sub(bytes));
                (items, bytes) = (all_items, all_bytes);
            };
            let written = shards.part(shard, part, cursor.as_deref(), &mut progress).await?;
            counters.adopt(written.items.saturating_sub(items), written.bytes.saturating_sub(bytes));
            cursor = written.next;
            if written.done {
                break;
            }
        }
        Ok(())
    }
}

/// Starts the shards.
pub(super) fn begin(job: &Arc<Job>) -> WorkerPool<ShardError> {
    let (shards, job) = (job.snapshot.plan.segments, Arc::clone(job));
    WorkerPool::of("s3:GetObject", shards, AT_A_TIME, move |shard| {
        let job = Arc::clone(&job);
        async move { job.shard(shard).await }
    })
}
