//! The local stack as its users have it: the proxy over the real emulator.
//!
//! All tests share one stack and keep apart by account. Calls are made with plain requests, as any AWS
//! client would make them, except where it is the SDK's own behaviour that counts.

#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod autoscaling;
mod backup;
mod client;
mod deployment;
mod enabled_things;
mod event_source_mappings;
mod faults;
mod lifetime;
mod on_demand_backups;
mod record;
mod restored_tables;
mod table_settings;
