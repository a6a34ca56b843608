//! The commands as a person and a program call them, most of them on tables of one local stack. They share its emulator,
//! so they share a process.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code: a broken assumption is a failed test"
)]

mod demo;
mod export_import;
mod import_inputs;
mod incremental;
mod plan;
mod shell;
mod template;
