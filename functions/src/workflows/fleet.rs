//! # fleet: every table's protection, on a schedule
//!
//! `tablekeeper fleet` shows how each table of an account and Region is protected, and checks rules about it. This
//! workflow does the same on a schedule, keeps what it found, and fails if a rule is broken.
//!
//! ## What it guarantees
//!
//! - **Unknown is not absent.** What AWS does not let it read is not known. A rule that needs it is neither kept nor
//!   broken, and the execution does not succeed.
//! - **Written first.** The document, the page and the metrics exist before an execution fails by a rule.
//! - **One document per execution.** A repeated step finds it, and reads the tables only once.
//! - **Within the rates of AWS.** All calls stay within the rates that AWS documents
//!   ([`tablekeeper_core::fleet::rates`]).
//! - **It changes nothing** but its own bucket and metrics.
//!
//! ## Its shape
//!
//! [`WriteReport`] reads the rules and all tables, and writes the document and the page. [`CheckRules`] publishes the
//! metrics, and fails if a rule is broken or not known to be kept. They are two steps so that a failed metric does not
//! make all tables be read again, and so that only one of them may read.

pub mod check_rules;
pub mod write_report;

pub use check_rules::CheckRules;
pub use tablekeeper_core::fleet::execution_input::ExecutionInput;
pub use write_report::WriteReport;

use crate::step::StepEntry;

/// Returns the steps of the workflow.
pub fn steps() -> Vec<StepEntry> {
    vec![StepEntry::new::<WriteReport>(), StepEntry::new::<CheckRules>()]
}
