//! The workflows. Each has a module that is named like its state machine, with a file for each step.
//!
//! Read a workflow's own module first. It says what the workflow guarantees and what its steps do. `incremental` has
//! steps but no state machine: a stream, a schedule and an API invoke its functions.

pub mod backfill;
pub mod backup_prune;
pub mod export_table;
pub mod fleet;
pub mod import_table;
pub mod incremental;
pub mod replay;
pub mod report_execution;
pub mod restore_snapshot;
pub mod restore_test;
pub mod retire_copies;
pub mod rollback;
pub mod rotate_restore;
pub mod snapshot;
pub mod sync_settings;
pub mod verify_table;
