//! # verify-table: proof that a table holds what it should
//!
//! Run it on a restored copy before anything uses the copy. It reads the table and what the table should hold, compares
//! them, writes a report and tags the table.
//!
//! ## What it guarantees
//!
//! - **What is proved has a name.** `EXACT` compares every item, `SAMPLED` random items, `COUNTED` the number of items.
//!   The output, the report and the tag name the strength.
//! - **Damage is not the same as a failure.** If the table differs, the execution fails as `VerificationFailed`. If one
//!   of the sides cannot be read, it fails by another name, and nothing is said about the table.
//! - **Every step may run twice.** A document of each part is written once, and a repeated call returns its result. The
//!   first report of an execution counts.
//! - **One table and one set of files.** Both are checked again before the decision.
//! - **Payloads do not depend on the number of items.** Runs, parts and differences are files.
//!
//! ## Its shape
//!
//! [`PlanVerification`] checks the input and both sides. [`ReadSegment`] reads a segment of a side until its time is up,
//! and is then invoked again. [`ReadSample`] reads the sampled items from the table. [`CompareRange`] compares a range of
//! the hashes of the keys. [`FinishVerification`] decides. [`tablekeeper_core::verify`] does the work.

pub mod compare_range;
pub mod finish_verification;
pub mod plan_verification;
pub mod read_sample;
pub mod read_segment;

pub use compare_range::CompareRange;
pub use finish_verification::FinishVerification;
pub use plan_verification::PlanVerification;
pub use read_sample::ReadSample;
pub use read_segment::ReadSegment;
pub use tablekeeper_core::verify::execution_input::ExecutionInput;

use crate::step::StepEntry;

/// Returns the steps of the workflow.
pub fn steps() -> Vec<StepEntry> {
    vec![
        StepEntry::new::<PlanVerification>(),
        StepEntry::new::<ReadSegment>(),
        StepEntry::new::<ReadSample>(),
        StepEntry::new::<CompareRange>(),
        StepEntry::new::<FinishVerification>(),
    ]
}

#[cfg(test)]
mod battery;
#[cfg(test)]
mod other_checks;
#[cfg(test)]
mod testing;
