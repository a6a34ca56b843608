//! # restore-test: AWS Backup's restore tests are verified, and their results are put
//!
//! A restore testing plan of AWS Backup restores recovery points into tables that it deletes again. It leaves to the user
//! whether such a table holds what it should. This workflow verifies the table with `verify-table`, puts the validation
//! result, and records evidence.
//!
//! ## What it guarantees
//!
//! - **One execution per restore test.** The name of the execution derives from the id of the restore job. A repeated
//!   event finds the existing execution.
//! - **A result is put once, and only if it is known.** AWS Backup does not let a result be changed. If the table could
//!   not be verified, no result is put, and the execution can be started again while the validation window is open. A
//!   result that another put is left alone, and is in the evidence.
//! - **Success means that the table holds what it should,** as strictly as the template says, and that AWS Backup has
//!   this result. Damage and a failed restore end the execution by name.
//! - **Each test has one document of evidence,** which is written once. A failed restore has one too.
//! - **Nothing is deleted.** AWS Backup deletes the tables.
//!
//! ## Its shape
//!
//! [`Start`] runs outside the state machine, on the event. [`PlanValidation`] describes the restore job and says what
//! its table should hold. `verify-table` runs as a nested execution. [`PutResult`] puts the result. [`RecordTest`]
//! writes the evidence, and fails if the test was not successful. [`WatchTests`] runs on a schedule and publishes how
//! old the newest successful test of each table is.

pub mod plan_validation;
pub mod put_result;
pub mod record_test;
pub mod start;
#[cfg(test)]
mod testing;
pub mod watch_tests;

pub use plan_validation::PlanValidation;
pub use put_result::PutResult;
pub use record_test::RecordTest;
pub use start::Start;
pub use tablekeeper_core::restore_test::execution_input::ExecutionInput;
pub use watch_tests::WatchTests;

use crate::step::StepEntry;

/// Returns the steps of the workflow.
pub fn steps() -> Vec<StepEntry> {
    vec![
        StepEntry::new::<Start>(),
        StepEntry::new::<PlanValidation>(),
        StepEntry::new::<PutResult>(),
        StepEntry::new::<RecordTest>(),
        StepEntry::new::<WatchTests>(),
    ]
}
