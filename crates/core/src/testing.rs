//! Fakes of AWS in memory for tests: tables, backups, objects and items.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that goes wrong is to panic"
)]

pub mod fake_aws;
pub mod fake_parameters;
pub mod fake_store;
