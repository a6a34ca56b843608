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
pub mod execution_input;
pub mod finish_backfill;
pub mod plan_backfill;
pub mod segment;
pub mod table;
mod window;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use backfill_segment::BackfillSegment;
pub use execution_input::ExecutionInput;
pub use finish_backfill::FinishBackfill;
pub use plan_backfill::PlanBackfill;

use crate::step::StepEntry;

/// The workflow's steps.
pub fn steps() -> Vec<StepEntry> {
    vec![
        StepEntry::of::<PlanBackfill>(),
        StepEntry::of::<BackfillSegment>(),
        StepEntry::of::<FinishBackfill>(),
    ]
}

/// What a backfill goes by, from its beginning to its end.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Backfill {
    /// The table that is read.
    pub table_name: String,
    /// Tells it from other tables of the same name.
    pub table_id: String,
    /// Its stream, which is followed.
    pub stream_arn: String,
    /// Its key attributes, the partition key first.
    #[schemars(length(max = 2), inner(length(max = 255)))]
    pub key_names: Vec<String>,
    /// The bucket that is written to.
    pub bucket: String,
    /// Before every key: empty, or ending in `/`.
    pub prefix: String,
    /// How many segments are read beside each other.
    #[schemars(range(min = 1, max = 40))]
    pub segments: u32,
    /// Read capacity units a second that all segments together may take; 0 for as many as there are.
    pub max_read_capacity_units: u32,
    /// How long an invocation of `backfill-segment` reads and writes.
    pub seconds_per_call: u32,
}

#[cfg(test)]
mod testing;
