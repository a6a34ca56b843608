//! In-memory AWS for tests: tables, backups, objects, items.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that goes wrong is to panic"
)]

pub mod fake_aws;
pub mod fake_store;
