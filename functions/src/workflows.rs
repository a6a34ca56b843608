//! The workflows: a module each, named as its state machine is, with a file for each step.
//!
//! Read a workflow's own module first: what it guarantees, and what its steps do. `incremental` has steps and no state
//! machine: its functions are invoked by a stream, a schedule and an API.

pub mod backfill;
pub mod backup_prune;
pub mod export_table;
pub mod import_table;
pub mod incremental;
pub mod replay;
pub mod restore_snapshot;
pub mod rotate_restore;
pub mod snapshot;
pub mod sync_settings;
