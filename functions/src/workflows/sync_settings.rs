//! # sync-settings: a restored table gets every setting that the restore did not bring
//!
//! A restore brings items, keys, indexes and capacity. This workflow waits until the restored table is usable, and
//! makes its settings equal to those of the source table. [`tablekeeper_core::settings`] defines what a setting is, how
//! it is compared and how it is changed.
//!
//! ## What it guarantees
//!
//! - **One sync per restore.** The name of the execution derives from the id of the restored table. CloudTrail and AWS
//!   Backup both report one restore, and `rotate-restore` may be syncing it already. The later ones find the existing
//!   execution.
//! - **Success means equal.** At the end every setting is read back and compared. A difference is an error that holds
//!   the whole report. A setting that was deliberately left alone is in the report, with the reason.
//! - **A setting that fails does not prevent the others from being copied.**
//! - **No setting of the target itself is removed**, unless `RemoveExtra` says so.
//! - **A repeated run changes nothing.** Every step compares before it changes.
//!
//! ## When the source is gone
//!
//! [`CaptureSettings`] writes the settings of a table to S3, on a schedule or next to each backup. The source table may
//! have been deleted, or replaced by another one of the same name. Then the newest document from before the restore's
//! point in time is used. If there is none, what the backup says is used. If neither exists, the execution fails, since
//! it cannot claim success.
//!
//! ## Its shape
//!
//! [`Start`] runs outside the state machine, on the events. Inside it, [`CheckTable`] validates the input (a person may
//! have written it) and waits. [`PlanSettings`] reads the settings of the source, writes them to S3 for the later
//! steps, and says which settings differ. [`ApplySetting`] runs for each of these, one after the other, because
//! DynamoDB accepts one kind of UpdateTable at a time. [`VerifySettings`] reads the target back.

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

/// The plan of a sync, which every later step uses.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Plan {
    /// ARN of the source table.
    pub source: String,
    /// ARN of the target table.
    pub target: String,
    /// Where the source's settings were taken from.
    pub settings_from: SettingsFrom,
    /// Location of the document that holds the source's settings.
    pub document: Location,
    /// Whether to remove settings that the target has and the source does not.
    pub remove_extra: bool,
    /// Time when the plan was made.
    pub started_at: DateTime<Utc>,
    /// Time until which a change that AWS does not accept yet is retried.
    pub deadline: DateTime<Utc>,
}

impl Plan {
    /// Returns the schedule for retrying a change that AWS does not accept yet.
    pub fn schedule(&self) -> PollSchedule {
        PollSchedule::until(self.started_at, self.deadline)
    }
}
