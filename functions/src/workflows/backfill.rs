//! # backfill: the items from before a table's stream was followed
//!
//! `incremental` has an object for each item that changes. An item that does not change is not in the bucket until a
//! backfill reads the whole table and writes its items.
//!
//! ## What it guarantees
//!
//! - **The stream has priority.** An item is written only if its key has no object, by a conditional write
//!   (`If-None-Match: *`). A version that the stream wrote is left unchanged, whether it is another state of the item
//!   or the tombstone of an item deleted since the page was read. Any later change from the stream is newer, because
//!   the versions of a backfill have the sequence number 0.
//! - **No version claims to be older than it is.** The time of a version is the time after its page was read. With the
//!   time before the read, an item that was created in between would appear to have existed too early.
//! - **Every step may run twice**, and so may the whole backfill, while the table is written to. Existing objects are
//!   left unchanged.
//! - **The table is the one whose stream is followed**, and the stream includes the items. Both are checked before and
//!   after. So after a success the bucket has every item, except for changes that the stream has not delivered yet.
//!
//! ## Its shape
//!
//! [`PlanBackfill`] checks the table and divides it into segments. [`BackfillSegment`] scans a segment and writes its
//! items until its time is up. It is then invoked again with its cursor. [`FinishBackfill`] checks the table again and
//! sums up the counts. [`tablekeeper_core::backfill::segment::run`] reads and writes; the command line calls it too.

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
