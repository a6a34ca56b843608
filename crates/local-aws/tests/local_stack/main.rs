//! Tests of the local stack as its users see it: the proxy in front of the real emulator.
//!
//! All tests share one stack and use different accounts. Calls are made with plain requests, as any AWS client would
//! make them, except where the behaviour of the SDK matters.

#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod autoscaling;
mod backup;
mod client;
mod deployment;
mod enabled_things;
mod event_source_mappings;
mod executions;
mod exports;
mod faults;
mod lifetime;
mod on_demand_backups;
mod parameters;
mod record;
mod restored_tables;
mod table_settings;
