//! DynamoDB tables: the part of a description that executions hold, and the checks that a table can be used or scanned.

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types as sdk;
use aws_sdk_dynamodb::types::{IndexStatus, TableStatus};
use chrono::{DateTime, Utc};
use item_formats::KeyType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::failure::AwsFailure;
use crate::clock::utc;
use crate::error_name::ErrorName;

/// The part of a table's description in an execution's output, under AWS's own names.
///
/// AWS's whole description can be many kilobytes (20 indexes with keys and projections), and the state of an execution
/// is limited. DescribeTable returns the rest.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct TableDescription {
    /// Name of the table.
    pub table_name: String,
    /// ARN of the table.
    pub table_arn: String,
    /// Id of the table, which differs between consecutive tables of the same name.
    pub table_id: String,
    /// Status of the table, such as `CREATING` or `ACTIVE`.
    pub table_status: String,
    /// Time at which the table was created. For a restored table this is the start of the restore.
    pub creation_date_time: DateTime<Utc>,
    /// Number of items in the table, as DynamoDB last counted them (about every six hours).
    pub item_count: i64,
    /// Size of the table in bytes, as DynamoDB last counted them (about every six hours).
    pub table_size_bytes: i64,
    /// What the table was restored from; null if DynamoDB does not say. It never does once the table is ACTIVE.
    pub restore_summary: Option<RestoreSummary>,
}

/// The source of a restored table, which DynamoDB reports until the table is ACTIVE.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct RestoreSummary {
    /// ARN of the backup; null for a point-in-time restore.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(required, schema_with = "crate::schemas::nullable_string")]
    pub source_backup_arn: Option<String>,
    /// ARN of the table that was backed up.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(required, schema_with = "crate::schemas::nullable_string")]
    pub source_table_arn: Option<String>,
    /// Point in time that the items were restored to.
    pub restore_date_time: DateTime<Utc>,
    /// Whether items are still being restored or indexes built.
    pub restore_in_progress: bool,
}

impl From<&sdk::TableDescription> for TableDescription {
    fn from(table: &sdk::TableDescription) -> TableDescription {
        let text = |part: Option<&str>| part.unwrap_or_default().to_owned();
        TableDescription {
            table_name: text(table.table_name()),
            table_arn: text(table.table_arn()),
            table_id: text(table.table_id()),
            table_status: text(table.table_status().map(TableStatus::as_str)),
            creation_date_time: table.creation_date_time().map(utc).unwrap_or_default(),
            item_count: table.item_count().unwrap_or_default(),
            table_size_bytes: table.table_size_bytes().unwrap_or_default(),
            restore_summary: RestoreSummary::from_table(table),
        }
    }
}

impl RestoreSummary {
    /// Returns what DynamoDB reports about the restore of this table. Returns `None` once the table is ACTIVE.
    pub fn from_table(table: &sdk::TableDescription) -> Option<RestoreSummary> {
        table.restore_summary().map(|summary| RestoreSummary {
            source_backup_arn: summary.source_backup_arn().map(str::to_owned),
            source_table_arn: summary.source_table_arn().map(str::to_owned),
            restore_date_time: utc(summary.restore_date_time()),
            restore_in_progress: summary.restore_in_progress(),
        })
    }
}

/// Describes the table of this name or ARN. Returns `None` if it does not exist.
pub async fn describe(
    dynamodb: &aws_sdk_dynamodb::Client,
    table: &str,
) -> Result<Option<sdk::TableDescription>, AwsFailure> {
    match dynamodb.describe_table().table_name(table).send().await {
        Ok(response) => Ok(response.table),
        Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(None),
        Err(error) => Err(AwsFailure::from_call("dynamodb:DescribeTable")(error)),
    }
}

/// Returns the names of a table's key attributes: the partition key, then the sort key if there is one.
pub fn key_names(table: &sdk::TableDescription) -> Vec<String> {
    let mut keys: Vec<_> = table.key_schema().iter().collect();
    keys.sort_by_key(|key| *key.key_type() != sdk::KeyType::Hash);
    keys.into_iter().map(|key| key.attribute_name().to_owned()).collect()
}

/// Returns the types of a table's key attributes, in the order of [`key_names`].
pub fn key_types(table: &sdk::TableDescription) -> Result<Vec<KeyType>, AwsFailure> {
    let of = |name: &String| {
        let mut definitions = table.attribute_definitions().iter();
        let definition = definitions.find(|definition| definition.attribute_name() == name);
        let key_type = definition.and_then(|definition| definition.attribute_type().as_str().parse().ok());
        key_type.ok_or_else(|| {
            AwsFailure::new(
                "dynamodb:DescribeTable",
                ErrorName::RequestRefused,
                format!("the response has no type of the key attribute {name}"),
            )
        })
    };
    key_names(table).iter().map(of).collect()
}

/// The reason why a scan of a table would not find all items.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Unscannable {
    /// The table is not ready yet. The text says what is in progress.
    Yet(&'static str),
    /// The table is in a state in which a scan will never find all items.
    Ever(TableStatus),
}

/// Checks that a scan of a table finds all items.
pub fn scannable(table: &sdk::TableDescription) -> Result<(), Unscannable> {
    match table.table_status() {
        // A scan during a restore finds only the items restored so far, without an error.
        _ if table.restore_summary().is_some_and(|summary| summary.restore_in_progress()) => {
            Err(Unscannable::Yet("it is being restored"))
        }
        Some(TableStatus::Active | TableStatus::Updating) => Ok(()),
        Some(TableStatus::Creating) | None => Err(Unscannable::Yet("it is being created")),
        Some(TableStatus::InaccessibleEncryptionCredentials) => {
            Err(Unscannable::Yet("DynamoDB cannot use its key (INACCESSIBLE_ENCRYPTION_CREDENTIALS)"))
        }
        Some(other) => Err(Unscannable::Ever(other.clone())),
    }
}

/// Whether a table can be used.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Readiness {
    /// The table is active and restored, and every secondary and vector index is active and filled.
    Ready,
    /// The table cannot be used yet. The text says what is in progress.
    Pending(String),
    /// The table is in a state that it does not leave by itself.
    Failed(String),
}

/// Returns whether a table can be used. The status `ACTIVE` is not enough, because a restore may still be in progress
/// and indexes may still be filling (API reference, TableDescription and GlobalSecondaryIndexDescription).
pub fn readiness(table: &sdk::TableDescription) -> Readiness {
    match table.table_status() {
        Some(TableStatus::Active) => {}
        Some(TableStatus::Creating | TableStatus::Updating) | None => {
            return Readiness::Pending("the table is being created".to_owned());
        }
        // This state ends by itself 18 to 57 minutes after the key can be used again (DDB-TABLE-331 to 335 of the
        // measurements).
        Some(TableStatus::InaccessibleEncryptionCredentials) => {
            let reason = "DynamoDB cannot use the table's key (INACCESSIBLE_ENCRYPTION_CREDENTIALS)";
            return Readiness::Pending(reason.to_owned());
        }
        Some(other) => return Readiness::Failed(format!("the table is {}", other.as_str())),
    }
    if table.restore_summary().is_some_and(|summary| summary.restore_in_progress()) {
        return Readiness::Pending("the restore is in progress".to_owned());
    }
    let secondary = table.global_secondary_indexes().iter();
    let secondary = secondary.map(|index| (index.index_name(), index.index_status(), index.backfilling()));
    let vector = table.vector_indexes().iter();
    let vector = vector.map(|index| (index.index_name(), index.index_status(), index.backfilling()));
    for (name, status, backfilling) in secondary.chain(vector) {
        let name = name.unwrap_or_default();
        match status {
            Some(IndexStatus::Active) if backfilling != Some(true) => {}
            Some(IndexStatus::Deleting) => return Readiness::Failed(format!("index {name} is DELETING")),
            _ => return Readiness::Pending(format!("index {name} is being filled")),
        }
    }
    Readiness::Ready
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_dynamodb::primitives::DateTime as SdkDateTime;
    use aws_sdk_dynamodb::types::GlobalSecondaryIndexDescription as Index;

    fn table(
        status: TableStatus,
        restoring: bool,
        index: Option<(IndexStatus, bool)>,
    ) -> sdk::TableDescription {
        let summary = sdk::RestoreSummary::builder()
            .restore_date_time(SdkDateTime::from_secs(0))
            .restore_in_progress(restoring)
            .build()
            .unwrap();
        let index = index.map(|(status, backfilling)| {
            Index::builder().index_name("by-day").index_status(status).backfilling(backfilling).build()
        });
        sdk::TableDescription::builder()
            .table_status(status)
            .restore_summary(summary)
            .set_global_secondary_indexes(index.map(|index| vec![index]))
            .build()
    }

    #[test]
    fn ready_table_is_active_and_restored_with_filled_indexes() {
        assert_eq!(readiness(&table(TableStatus::Active, false, None)), Readiness::Ready);
        assert_eq!(
            readiness(&table(TableStatus::Active, false, Some((IndexStatus::Active, false)))),
            Readiness::Ready
        );
    }

    #[test]
    fn incomplete_table_is_pending() {
        for short in [
            table(TableStatus::Creating, false, None),
            table(TableStatus::Updating, false, None),
            table(TableStatus::InaccessibleEncryptionCredentials, false, None),
            table(TableStatus::Active, true, None),
            table(TableStatus::Active, false, Some((IndexStatus::Creating, false))),
            table(TableStatus::Active, false, Some((IndexStatus::Updating, false))),
            table(TableStatus::Active, false, Some((IndexStatus::Active, true))),
        ] {
            assert!(matches!(readiness(&short), Readiness::Pending(_)), "{short:?}");
        }
    }

    #[test]
    fn vector_index_must_be_filled_like_any_other() {
        let with_vectors = |status: IndexStatus, backfilling: bool| {
            let index = sdk::VectorIndexDescription::builder().index_name("by-meaning").index_status(status);
            let mut described = table(TableStatus::Active, false, Some((IndexStatus::Active, false)));
            described.vector_indexes = Some(vec![index.backfilling(backfilling).build()]);
            readiness(&described)
        };
        assert_eq!(with_vectors(IndexStatus::Active, false), Readiness::Ready);
        let pending = Readiness::Pending("index by-meaning is being filled".to_owned());
        assert_eq!(with_vectors(IndexStatus::Active, true), pending);
        assert_eq!(with_vectors(IndexStatus::Creating, false), pending);
        assert!(matches!(with_vectors(IndexStatus::Deleting, false), Readiness::Failed(_)));
    }

    #[test]
    fn table_without_its_key_is_only_temporarily_unscannable() {
        let status = TableStatus::InaccessibleEncryptionCredentials;
        assert!(matches!(scannable(&table(status, false, None)), Err(Unscannable::Yet(_))));
        let archived = scannable(&table(TableStatus::Archived, false, None));
        assert_eq!(archived, Err(Unscannable::Ever(TableStatus::Archived)));
    }

    #[test]
    fn final_table_states_are_failures() {
        for status in [
            TableStatus::Deleting,
            TableStatus::Archiving,
            TableStatus::Archived,
            TableStatus::ReplicationNotAuthorized,
        ] {
            let reason = format!("the table is {}", status.as_str());
            assert_eq!(readiness(&table(status, false, None)), Readiness::Failed(reason));
        }
        let deleting = table(TableStatus::Active, false, Some((IndexStatus::Deleting, false)));
        assert!(matches!(readiness(&deleting), Readiness::Failed(_)));
    }
}
