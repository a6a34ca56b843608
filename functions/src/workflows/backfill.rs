//! # backfill: the items that were in a table before its stream was followed
//!
//! `incremental` keeps an object for each item that changes. The items that do not change are not in the bucket until a
//! backfill reads the whole table and puts them there.
//!
//! ## What it guarantees
//!
//! - **The stream has the last word.** An item is put only where nothing is, by a conditional write (`If-None-Match: *`).
//!   What the stream wrote is kept, be it the item in another state or the tombstone of one that was deleted since the
//!   page was read; and whatever the stream brings later is newer, as a backfill's versions have the sequence number 0.
//! - **Nothing is claimed of a time before it was seen.** A version's time is that behind the read of its page. Were it the
//!   time before, an item that came between would be said to have been there before it came.
//! - **Every step may run twice**, and so may the whole backfill, while the table is written to: what is there is kept.
//! - **It is of the table whose stream is followed**, and of a stream that carries the items: looked at before and after.
//!   So when it ends well, the bucket has every item, but for what the stream is still to bring.
//!
//! ## Its shape
//!
//! [`PlanBackfill`] looks at the table and parts it. [`BackfillSegment`] scans a segment and puts its items, until its time
//! is up, and is invoked again from its cursor. [`FinishBackfill`] looks at the table once more and counts. What reads and
//! writes is [`segment::run`], which the command line calls as well.

pub mod backfill_segment;
pub mod finish_backfill;
pub mod plan_backfill;

pub use backfill_segment::BackfillSegment;
pub use finish_backfill::FinishBackfill;
pub use plan_backfill::PlanBackfill;
pub use tablekeeper_core::backfill::execution_input::ExecutionInput;

use crate::step::StepEntry;

/// Returns the steps of the workflow.
pub fn steps() -> Vec<StepEntry> {
    vec![
        StepEntry::new::<PlanBackfill>(),
        StepEntry::new::<BackfillSegment>(),
        StepEntry::new::<FinishBackfill>(),
    ]
}
