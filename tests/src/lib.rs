//! What the end-to-end tests stand on: one local stack a test binary, an account of its own for each
//! run, and the workflows as data, so that the general tests (faults, least privilege, state coverage)
//! are written once and a workflow joins them by being listed in [`workflows::all`].
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
pub use run::{Ended, run, run_with};
pub use waiting::{until, until_seen, until_some};
pub use workflow::{Battery, Begin, Scenario, Workflow};
