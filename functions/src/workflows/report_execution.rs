//! # report-execution: the outcome of every execution reaches those who did not watch it
//!
//! Step Functions sends an event when an execution ends, whether it succeeded, failed, reached its time limit or was
//! stopped. This workflow writes the report of the execution to S3, puts an event that programs can use, and publishes a
//! message that people can read.
//!
//! ## What it guarantees
//!
//! - **The report does not rely on the event.** The execution is read, so its input and output may be of any size.
//! - **An end is delivered once,** although EventBridge may deliver its event twice. If an execution ends between a
//!   delivery and its note, the next one delivers again.
//! - **Nothing that is reported fails.** An event or a message that cannot be delivered ends this workflow's own
//!   execution by name. A further execution delivers what is missing.
//! - **No items and no keys.** The report, the event and the message leave them out.
//!
//! ## Its shape
//!
//! [`WriteReport`] reads the execution, writes the report, claims the delivery and makes the texts. The state machine puts
//! the event and publishes the message itself. [`NoteDelivery`] notes what was delivered, and fails if something was not.

pub mod note_delivery;
pub mod write_report;

pub use note_delivery::NoteDelivery;
pub use tablekeeper_core::report_execution::execution_input::ExecutionInput;
pub use write_report::WriteReport;

use crate::step::StepEntry;

/// Returns the steps of the workflow.
pub fn steps() -> Vec<StepEntry> {
    vec![StepEntry::new::<WriteReport>(), StepEntry::new::<NoteDelivery>()]
}
