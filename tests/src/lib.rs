//! The library of the end-to-end tests: one local stack for all of them, a separate account per run, and the workflows
//! as data. So the properties of all workflows (faults, least privilege, state coverage) are tested by code that is
//! written once. docs/testing.md says how to run the tests and how to add a workflow.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "this crate is test code: a broken assumption is a failed test"
)]

pub mod checks;
pub mod harness;
pub mod workflows;

pub use harness::deployed::{Deployed, stack};
pub use harness::items::items_of;
pub use harness::run::{Ended, run, run_again, run_with};
pub use harness::waiting::{until, until_seen, until_some};
pub use harness::workflow::{Begin, FaultMatrix, Scenario, Workflow};
