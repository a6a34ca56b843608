//! # sync-settings: a restored table gets everything that the restore left behind
//!
//! A restore brings items, keys, indexes and capacity. This workflow waits until the restored table can be
//! used, and makes its settings equal to those of the table that was restored: what a setting is, how it is
//! compared and how it is changed is said in [`tablekeeper_core::settings`].
//!
//! ## What it guarantees
//!
//! - **One sync a restore.** The execution's name derives from the restored table's id. CloudTrail and AWS
//!   Backup both tell of one restore, and `rotate-restore` may be syncing it already: the later ones find the
//!   execution that runs or ran.
//! - **Success means equal.** In the end every setting is read back and compared. What differs is an error,
//!   with the whole report; what was deliberately left alone stands in the report with the reason.
//! - **One setting that fails keeps no other from being carried over.**
//! - **Nothing of the target's own is removed**, unless `RemoveExtra` says so.
//! - **Run again, it changes nothing.** Every step compares before it changes.
//!
//! ## When the source is gone
//!
//! [`CaptureSettings`] writes what a table has to S3, on a schedule or beside each backup. Where the source
//! table does not exist any more, or is a later one of the same name, the newest document from before the
//! restore's point in time speaks for it; else what the backup tells; else the execution ends, since success
//! would be a lie.
//!
//! ## Its shape
//!
//! [`Start`] runs outside the machine, on the events. Inside, [`CheckTable`] validates the input (a person may
//! have written it) and waits; [`PlanSettings`] finds out what the source has, writes that down in S3 for the
//! steps behind it, and says which settings differ; [`ApplySetting`] runs for each of these, one after the
//! other, as DynamoDB takes one kind of UpdateTable at a time; [`VerifySettings`] reads back.

pub mod apply_setting;
pub mod capture_settings;
pub mod check_table;
pub mod event;
pub mod plan_settings;
pub mod start;
pub mod verify_settings;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::readiness::PollSchedule;
use tablekeeper_core::settings::report::SettingsFrom;
use tablekeeper_core::settings::store::Location;

pub use apply_setting::ApplySetting;
pub use capture_settings::CaptureSettings;
pub use check_table::CheckTable;
pub use plan_settings::PlanSettings;
pub use start::Start;
pub use tablekeeper_core::settings::sync::execution_input::ExecutionInput;
pub use verify_settings::{Report, VerifySettings};

use crate::step::StepEntry;

/// Returns the steps of the workflow.
pub fn steps() -> Vec<StepEntry> {
    vec![
        StepEntry::new::<Start>(),
        StepEntry::new::<CheckTable>(),
        StepEntry::new::<PlanSettings>(),
        StepEntry::new::<ApplySetting>(),
        StepEntry::new::<VerifySettings>(),
        StepEntry::new::<CaptureSettings>(),
    ]
}

/// What a sync goes by, from its plan to its end.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Plan {
    /// The source table's ARN.
    pub source: String,
    /// The target table's ARN.
    pub target: String,
    /// What the source's settings were taken from.
    pub settings_from: SettingsFrom,
    /// Where they are written down.
    pub document: Location,
    /// Whether what the target has beyond them is removed.
    pub remove_extra: bool,
    /// When the plan was made.
    pub started_at: DateTime<Utc>,
    /// When what AWS does not take yet is given up.
    pub deadline: DateTime<Utc>,
}

impl Plan {
    /// How long what AWS does not take yet is tried again.
    pub fn schedule(&self) -> PollSchedule {
        PollSchedule::until(self.started_at, self.deadline)
    }
}
