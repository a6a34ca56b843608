//! The settings document: the settings of a table at one time, in a form that outlives the table.

use aws_sdk_dynamodb::types::BackupDescription;
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Settings, Table, on_demand_throughput, stream, time_to_live};
use crate::table_definition::TableDefinition;

/// Version of the document that this code writes, and the only one that it reads.
pub const VERSION: u32 = 1;

/// The settings of a table at one time.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct SettingsDocument {
    /// Version of the document's format, which is 1.
    #[schemars(range(min = 1, max = 1))]
    pub version: u32,
    /// ARN of the table.
    pub table_arn: String,
    /// ID of the table, which distinguishes it from other tables of the same name; null if unknown.
    pub table_id: Option<String>,
    /// Time at which the settings were read.
    pub captured_at: DateTime<Utc>,
    /// The definition of the table: keys, indexes, billing, encryption and class. A document of an earlier release has
    /// none, nor has the document of a backup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition: Option<TableDefinition>,
    /// The settings. A missing setting is unknown.
    pub settings: Settings,
}

/// A document of any version.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Versioned {
    version: u32,
}

impl SettingsDocument {
    /// Returns a document with the definition of a table, without settings.
    pub fn from_table(table: &Table, captured_at: DateTime<Utc>) -> SettingsDocument {
        SettingsDocument {
            version: VERSION,
            table_arn: table.arn.clone(),
            table_id: table.description.table_id().map(str::to_owned),
            captured_at,
            definition: TableDefinition::from_description(&table.description),
            settings: Settings::default(),
        }
    }

    /// Reads a document. The error says what is wrong with it, and where.
    pub fn read(written: &[u8]) -> Result<SettingsDocument, String> {
        // Checks the version first: unknown fields of another version are not the problem to report.
        if let Ok(Versioned { version }) = serde_json::from_slice(written)
            && version != VERSION
        {
            return Err(format!("its version is {version}"));
        }
        let mut deserializer = serde_json::Deserializer::from_slice(written);
        serde_path_to_error::deserialize(&mut deserializer).map_err(|error| error.to_string())
    }

    /// Returns the settings in a DynamoDB backup: stream, Time to Live and maximum on-demand throughput of the table
    /// (API reference, SourceTableDetails and SourceTableFeatureDetails). Returns `None` if the backup does not
    /// describe its table.
    pub fn from_backup(backup: &BackupDescription) -> Option<SettingsDocument> {
        let source = backup.source_table_details()?;
        let features = backup.source_table_feature_details();
        let created = backup.backup_details().map(|details| details.backup_creation_date_time());
        let captured_at = created.map(crate::clock::utc).unwrap_or_default();
        let time_to_live = features.and_then(|features| features.time_to_live_description());
        // A backup does not contain the maxima of indexes. If the table had none, those of the indexes are unknown.
        let table = on_demand_throughput::Maxima::from(source.on_demand_throughput());
        let known = table != on_demand_throughput::Maxima::default();
        let maxima = on_demand_throughput::Value { table, indexes: std::collections::BTreeMap::new() };
        Some(SettingsDocument {
            version: VERSION,
            table_arn: source.table_arn()?.to_owned(),
            table_id: Some(source.table_id().to_owned()),
            captured_at,
            // A backup does not contain the types of the key attributes of indexes.
            definition: None,
            settings: Settings {
                stream: Some(stream::Value::from(
                    features.and_then(|features| features.stream_description()),
                )),
                time_to_live: Some(time_to_live::Value::from(time_to_live)),
                on_demand_throughput: known.then_some(maxima),
                ..Settings::default()
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::primitives::DateTime as SdkDateTime;
    use aws_sdk_dynamodb::types::{
        BackupDetails, BackupStatus, BackupType, OnDemandThroughput, ProvisionedThroughput,
        SourceTableDetails, SourceTableFeatureDetails, StreamSpecification, StreamViewType,
        TimeToLiveDescription, TimeToLiveStatus,
    };

    use super::*;

    fn source(arn: Option<&str>, maximum: Option<i64>) -> SourceTableDetails {
        let throughput =
            ProvisionedThroughput::builder().read_capacity_units(1).write_capacity_units(1).build();
        SourceTableDetails::builder()
            .table_name("orders")
            .set_table_arn(arn.map(str::to_owned))
            .table_id("id")
            .set_key_schema(Some(Vec::new()))
            .table_creation_date_time(SdkDateTime::from_secs(1))
            .provisioned_throughput(throughput.unwrap())
            .set_on_demand_throughput(maximum.map(|units| {
                OnDemandThroughput::builder()
                    .max_read_request_units(units)
                    .max_write_request_units(-1)
                    .build()
            }))
            .build()
            .unwrap()
    }

    fn backup(source: SourceTableDetails, features: Option<SourceTableFeatureDetails>) -> BackupDescription {
        let details = BackupDetails::builder()
            .backup_arn("arn")
            .backup_name("nightly")
            .backup_status(BackupStatus::Available)
            .backup_type(BackupType::User)
            .backup_creation_date_time(SdkDateTime::from_secs(1_500));
        BackupDescription::builder()
            .backup_details(details.build().unwrap())
            .source_table_details(source)
            .set_source_table_feature_details(features)
            .build()
    }

    #[test]
    fn a_backup_has_only_stream_time_to_live_and_maxima() {
        let stream = StreamSpecification::builder()
            .stream_enabled(true)
            .stream_view_type(StreamViewType::NewImage)
            .build();
        let time_to_live = TimeToLiveDescription::builder()
            .time_to_live_status(TimeToLiveStatus::Enabled)
            .attribute_name("until");
        let features = SourceTableFeatureDetails::builder()
            .stream_description(stream.unwrap())
            .time_to_live_description(time_to_live.build());
        let reported = backup(source(Some("arn"), Some(100)), Some(features.build()));
        let document = SettingsDocument::from_backup(&reported).unwrap();
        assert_eq!((document.version, document.table_arn.as_str()), (VERSION, "arn"));
        assert_eq!((document.table_id.as_deref(), document.captured_at.timestamp()), (Some("id"), 1_500));
        let table =
            on_demand_throughput::Maxima { max_read_request_units: Some(100), max_write_request_units: None };
        let expected = Settings {
            stream: Some(stream::Value { stream_view_type: Some("NEW_IMAGE".to_owned()) }),
            time_to_live: Some(time_to_live::Value { attribute_name: Some("until".to_owned()) }),
            on_demand_throughput: Some(on_demand_throughput::Value { table, ..Default::default() }),
            ..Settings::default()
        };
        assert_eq!(document.settings, expected);
    }

    #[test]
    fn a_table_without_stream_and_time_to_live_is_known_to_have_none() {
        let document = SettingsDocument::from_backup(&backup(source(Some("arn"), None), None)).unwrap();
        let expected = Settings {
            stream: Some(stream::Value::default()),
            time_to_live: Some(time_to_live::Value::default()),
            ..Settings::default()
        };
        assert_eq!(document.settings, expected, "maxima of indexes may be, so the maxima are not known");
    }

    #[test]
    fn a_document_of_an_earlier_release_is_read_without_a_definition() {
        let earlier = br#"{"Version":1,"TableArn":"arn","TableId":null,"CapturedAt":"2026-03-01T02:00:00Z",
            "Settings":{"DeletionProtection":true}}"#;
        let document = SettingsDocument::read(earlier).unwrap();
        assert_eq!(document.definition, None);
        assert!(document.settings.deletion_protection.is_some());
        let written = serde_json::to_value(&document).unwrap();
        assert_eq!(written.get("Definition"), None, "an earlier release reads it");
    }

    #[test]
    fn a_backup_without_its_table_has_no_settings() {
        assert_eq!(SettingsDocument::from_backup(&BackupDescription::builder().build()), None);
        assert_eq!(SettingsDocument::from_backup(&backup(source(None, Some(1)), None)), None);
    }
}
