//! The workflows that the general tests run.

use crate::Workflow;

pub mod backup_prune;
pub mod export_table;
pub mod import_table;
pub mod rotate_restore;
pub mod sync_settings;

/// Every workflow.
pub fn all() -> Vec<Workflow> {
    vec![
        backup_prune::workflow(),
        export_table::workflow(),
        import_table::workflow(),
        rotate_restore::workflow(),
        sync_settings::workflow(),
    ]
}
