//! The names of the settings, in the order in which they are applied.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// A setting.
///
/// The order is the one in which they are applied, and it is what AWS permits: a stream before what is
/// triggered by it and before its policy; what UpdateTable changes early, for it may keep the table busy;
/// Time to Live last, for DynamoDB may refuse a second change of it for an hour, which must keep nothing
/// else from being carried over.
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
    /// The stream specification.
    Stream,
    /// The table class.
    TableClass,
    /// Maximum throughput on demand, of the table and its indexes.
    OnDemandThroughput,
    /// Warm throughput, of the table and its indexes.
    WarmThroughput,
    /// Point-in-time recovery and its period.
    PointInTimeRecovery,
    /// Kinesis streaming destinations.
    KinesisDestinations,
    /// Event source mappings of the stream.
    LambdaTriggers,
    /// Scalable targets, scaling policies and scheduled actions, of the table and its indexes.
    AutoScaling,
    /// Contributor Insights, of the table and its indexes.
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
    /// Every setting, in the order in which they are applied.
    pub const ALL: &'static [SettingName] = SettingName::VARIANTS;

    /// Whether it is carried over unless somebody says otherwise: the default of the template's parameters and
    /// of `tablekeeper plan sync`. Two are off. Warm throughput above the default is billed when it is raised,
    /// and the clone of an alarm calls whoever the source's alarm calls.
    pub fn is_on_by_default(self) -> bool {
        !matches!(self, SettingName::WarmThroughput | SettingName::Alarms)
    }

    /// The name.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}
