//! What the end-to-end tests stand on: one local stack for all of them, an account of its own for each run, and the
//! workflows as data, so that what holds of every workflow (faults, least privilege, state coverage) is tested by code
//! that is written once. docs/testing.md says how to run the tests, and how a workflow joins them.
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
pub use harness::workflow::{Battery, Begin, Scenario, Workflow};
