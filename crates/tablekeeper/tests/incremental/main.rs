//! The commands of an incremental backup as a person calls them, on a table and buckets of the local stack.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code: a broken assumption is a failed test"
)]

#[path = "../common/mod.rs"]
mod common;
mod recover;
mod refusals;
mod restore;
mod resume;
mod support;
