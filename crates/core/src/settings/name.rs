//! The names of the settings, in the order in which they are applied.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// The name of a setting.
///
/// The variants are in the order in which settings are applied, which AWS dictates. The stream comes before its
/// triggers and its policy. Changes by UpdateTable come early, because they may keep the table busy. Time to Live comes
/// last: DynamoDB may refuse a second change of it for an hour, which must not keep other settings from being copied.
#[derive(
    Clone,
    Copy,
    Debug,
    Deserialize,
    Display,
    EnumString,
    Eq,
    Hash,
    IntoStaticStr,
    JsonSchema,
    Ord,
    PartialEq,
    PartialOrd,
    Serialize,
    VariantArray,
)]
pub enum SettingName {
    /// Tags.
    Tags,
    /// DynamoDB stream and its view type.
    Stream,
    /// The table class.
    TableClass,
    /// Maximum on-demand throughput of the table and its indexes.
    OnDemandThroughput,
    /// Warm throughput of the table and its indexes.
    WarmThroughput,
    /// Point-in-time recovery and its period.
    PointInTimeRecovery,
    /// Kinesis streaming destinations.
    KinesisDestinations,
    /// Event source mappings of the stream.
    LambdaTriggers,
    /// Scalable targets, scaling policies and scheduled actions of the table and its indexes.
    AutoScaling,
    /// Contributor Insights of the table and its indexes.
    ContributorInsights,
    /// Resource-based policies of table and stream.
    ResourcePolicies,
    /// CloudWatch alarms on the table's metrics.
    Alarms,
    /// Deletion protection.
    DeletionProtection,
    /// Time to Live.
    TimeToLive,
}

impl SettingName {
    /// All settings, in the order in which they are applied.
    pub const ALL: &'static [SettingName] = SettingName::VARIANTS;

    /// Checks whether the setting is copied by default, in the template's parameters and in `tablekeeper plan sync`.
    /// Two settings are not. Raising warm throughput above the default is billed, and the clone of an alarm notifies
    /// the same people as the source's alarm.
    pub fn is_on_by_default(self) -> bool {
        !matches!(self, SettingName::WarmThroughput | SettingName::Alarms)
    }

    /// Returns the name.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}
