//! The workflows that the general tests run.

use crate::Workflow;

pub mod rotate_restore;
pub mod sync_settings;

/// Every workflow.
pub fn all() -> Vec<Workflow> {
    vec![rotate_restore::workflow(), sync_settings::workflow()]
}
