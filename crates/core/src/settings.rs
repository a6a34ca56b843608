//! # The settings of a table, beyond its items, keys and indexes
//!
//! A restore brings items, keys, indexes and capacity, and no other setting. This module defines the other settings:
//! how to read each one, how to compare it between two tables, and how to change it. The steps of `sync-settings` and
//! `tablekeeper plan sync` both use it.
//!
//! ## Values are portable
//!
//! A value does not contain the name of its table. An ARN of the table becomes `${TableArn}`, that of its stream
//! `${StreamArn}`, and an index is identified by its name. Values of two tables can therefore be compared directly, and
//! a value in S3 is still useful after its table was deleted. The names of the target are filled in only when a change
//! is made.
//!
//! ## A setting is reconciled
//!
//! [`Setting::compare`] finds the changes that make the target equal. [`Setting::make`] makes one change. No progress
//! is stored: each run compares again. Every step is therefore safe to repeat and safe to kill.
//!
//! A setting that the target has and the source lacks is *extra*. It is reported, and removed only on request.

pub mod alarms;
pub mod auto_scaling;
pub mod contributor_insights;
pub mod deletion_protection;
pub mod document;
pub mod kinesis_destinations;
pub mod lambda_triggers;
pub mod name;
pub mod on_demand_throughput;
pub mod point_in_time_recovery;
pub mod profile;
pub mod reconcile;
pub mod report;
pub mod resource_policies;
pub mod setting;
mod settled;
pub mod store;
pub mod stream;
pub mod sync;
pub mod table;
pub mod table_class;
pub mod tags;
pub mod time_to_live;
pub mod warm_throughput;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use document::SettingsDocument;
pub use name::SettingName;
pub use setting::{AnySetting, Comparison, Planned, Setting};
pub use table::{Aws, Table};

/// The settings of a table. A missing setting is unknown: it was not captured, or its origin, such as a backup, does
/// not contain it.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct Settings {
    /// Tags by key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<tags::Value>,
    /// The DynamoDB stream.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<stream::Value>,
    /// The table class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table_class: Option<table_class::Value>,
    /// Maximum on-demand throughput.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_demand_throughput: Option<on_demand_throughput::Value>,
    /// Warm throughput.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warm_throughput: Option<warm_throughput::Value>,
    /// Point-in-time recovery.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub point_in_time_recovery: Option<point_in_time_recovery::Value>,
    /// Kinesis data streams that receive the table's changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kinesis_destinations: Option<kinesis_destinations::Value>,
    /// Lambda functions that the stream triggers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lambda_triggers: Option<lambda_triggers::Value>,
    /// Application Auto Scaling.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto_scaling: Option<auto_scaling::Value>,
    /// CloudWatch Contributor Insights.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contributor_insights: Option<contributor_insights::Value>,
    /// Resource-based policies of table and stream.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_policies: Option<resource_policies::Value>,
    /// CloudWatch alarms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alarms: Option<alarms::Value>,
    /// Deletion protection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletion_protection: Option<deletion_protection::Value>,
    /// Time to Live.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_to_live: Option<time_to_live::Value>,
}

/// Returns the implementation of a setting.
pub fn setting(name: SettingName) -> &'static dyn AnySetting {
    match name {
        SettingName::Tags => &tags::Tags,
        SettingName::Stream => &stream::Stream,
        SettingName::TableClass => &table_class::TableClass,
        SettingName::OnDemandThroughput => &on_demand_throughput::OnDemandThroughput,
        SettingName::WarmThroughput => &warm_throughput::WarmThroughput,
        SettingName::PointInTimeRecovery => &point_in_time_recovery::PointInTimeRecovery,
        SettingName::KinesisDestinations => &kinesis_destinations::KinesisDestinations,
        SettingName::LambdaTriggers => &lambda_triggers::LambdaTriggers,
        SettingName::AutoScaling => &auto_scaling::AutoScaling,
        SettingName::ContributorInsights => &contributor_insights::ContributorInsights,
        SettingName::ResourcePolicies => &resource_policies::ResourcePolicies,
        SettingName::Alarms => &alarms::Alarms,
        SettingName::DeletionProtection => &deletion_protection::DeletionProtection,
        SettingName::TimeToLive => &time_to_live::TimeToLive,
    }
}
