//! The workflows that the general tests run, as data.

use crate::Workflow;

pub mod backfill;
pub mod backup_prune;
pub mod export_table;
pub mod fleet;
pub mod import_table;
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

/// Returns all workflows.
pub fn all() -> Vec<Workflow> {
    vec![
        backfill::workflow(),
        backup_prune::workflow(),
        export_table::workflow(),
        fleet::workflow(),
        import_table::workflow(),
        replay::workflow(),
        report_execution::workflow(),
        restore_snapshot::workflow(),
        restore_test::workflow(),
        retire_copies::workflow(),
        rollback::workflow(),
        rotate_restore::workflow(),
        snapshot::workflow(),
        sync_settings::workflow(),
        verify_table::workflow(),
    ]
}
