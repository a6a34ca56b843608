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

pub mod contract;
pub mod deployed;
pub mod diagram;
pub mod final_state;
pub mod former_backup;
pub mod items;
pub mod mutants;
pub mod payloads;
pub mod policies;
pub mod repeated;
pub mod run;
pub mod waiting;
pub mod workflow;
pub mod workflows;

pub use deployed::{Deployed, stack};
pub use items::items_of;
pub use run::{Ended, run, run_again, run_with};
pub use waiting::{until, until_seen, until_some};
pub use workflow::{Battery, Begin, Scenario, Workflow};
