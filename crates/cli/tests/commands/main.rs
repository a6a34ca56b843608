//! The commands as people and programs call them, most of them on tables of one local stack. They share a process
//! because they share its emulator.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code: a broken assumption is a failed test"
)]

mod consent;
mod copies;
mod create;
mod demo;
mod diff;
mod dry_run;
mod environment;
mod executions;
mod explain;
mod export_import;
mod exports;
mod fleet;
mod import_inputs;
mod incremental;
mod installed;
mod local_fault;
mod lost_output;
mod plan;
mod report;
mod run_refusals;
mod screens;
mod shell;
mod status;
mod template;
