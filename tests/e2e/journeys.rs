//! Tests of one workflow each, in the module of its name.

mod backfill;
mod backup_prune;
mod export_table;
mod fleet;
mod import_table;
mod incremental;
mod incremental_http;
mod incremental_tables;
mod replay;
mod report_execution;
mod restore_snapshot;
mod restore_test;
mod retire_copies;
mod rollback;
mod rotate_restore;
mod snapshot;
mod sync_settings;
mod verify_table;
