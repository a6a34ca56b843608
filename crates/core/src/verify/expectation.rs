//! Finds what a table should hold.

use aws_sdk_dynamodb::types as sdk;
use aws_sdk_dynamodb::types::{SourceTableDetails, TableDescription};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use super::error::VerifyError;
use super::execution_input::{Wanted, WantedSecond, WantedSide};
use super::indexes::{self, Indexes};
use super::key_schema::{self, Attribute};
use super::plan::{USUAL_SEGMENTS, check_readable, segments_of_table};
use super::{ExpectedSide, Strength};
use crate::aws::backup_description;
use crate::aws::clients::Clients;
use crate::aws::table as table_description;
use crate::clock::utc;
use crate::compare::CompareError;
use crate::import::source;
use crate::input::InvalidInput;
use crate::item_history::coverage::Present;
use crate::item_history::{coverage, key_names};
use crate::storage::bucket;
use crate::text::quoted;

/// What the table should hold, with what is known about its key and its indexes.
pub(super) struct Expectation {
    pub(super) side: ExpectedSide,
    /// The side in a few words.
    pub(super) against: String,
    /// `None` if nothing says it.
    pub(super) key: Option<Vec<Attribute>>,
    /// `None` if nothing describes them.
    pub(super) indexes: Option<Indexes>,
    /// Remarks for the report.
    pub(super) notes: Vec<String>,
}

/// Finds what the table should hold, and checks that it can be read.
pub(super) async fn expectation(
    clients: &Clients,
    wanted: &Wanted,
    started_at: DateTime<Utc>,
) -> Result<Expectation, VerifyError> {
    match &wanted.expected {
        WantedSide::Items { bucket, place } => of_items(clients, wanted, bucket, place).await,
        WantedSide::Incremental(second) => of_second(clients, wanted, second, started_at).await,
        WantedSide::Table { table_name, allowed_difference_percent, changes_from } => {
            let table = table_description::describe(&clients.dynamodb(), table_name).await?;
            let table = table.ok_or_else(|| CompareError::TableMissing(table_name.clone()))?;
            check_readable(table_name, &table)?;
            let changes_from = changes_from.filter(|_| wanted.strength == Strength::Counted);
            if changes_from.is_some() {
                check_no_replica("Expected.Table.CopiedAt", &table)?;
            }
            let (names, types) =
                (table_description::key_names(&table), table_description::key_types(&table)?);
            Ok(Expectation {
                against: format!("table {table_name}"),
                side: ExpectedSide::Table {
                    table_name: table_name.clone(),
                    table_id: table.table_id().unwrap_or_default().to_owned(),
                    allowed_difference_percent: *allowed_difference_percent,
                    changes_from,
                    segments: segments_of_table(wanted, table_name, &table)?,
                },
                key: Some(names.into_iter().zip(types.into_iter().map(Some)).collect()),
                indexes: Some(indexes::of_table(&table)),
                notes: Vec::new(),
            })
        }
        WantedSide::Backup { backup_arn, table_name, allowed_difference_percent } => {
            of_backup(clients, backup_arn, table_name, *allowed_difference_percent).await
        }
    }
}

async fn of_second(
    clients: &Clients,
    wanted: &Wanted,
    second: &WantedSecond,
    started_at: DateTime<Utc>,
) -> Result<Expectation, VerifyError> {
    let WantedSecond { table_arn, table_name, at, tolerance_seconds, items, noncurrent_days, .. } = second;
    let (table, now) = (table_description::describe(&clients.dynamodb(), table_arn).await?, started_at);
    let stream = table.as_ref().and_then(TableDescription::latest_stream_label);
    let present = Present { stream, noncurrent_days: Some(*noncurrent_days), now };
    let location = format!("s3://{}/{}", items.bucket, items.prefix);
    let coverage = coverage::read(&clients.s3(), &items.bucket, &items.prefix).await?;
    let tolerance = TimeDelta::seconds((*tolerance_seconds).into());
    for at in [*at - tolerance, *at + tolerance] {
        let covered = coverage.check(at, &present);
        covered.map_err(|why| VerifyError::HistoryIncomplete { at, location: location.clone(), why })?;
    }
    // The table may have been replaced by another one of the same name.
    let names = key_names::of_versions(&clients.s3(), &items.bucket, &items.prefix).await?;
    let names = names.or_else(|| table.as_ref().map(table_description::key_names));
    let names = names.ok_or_else(|| VerifyError::NoHistory { table: table_name.clone(), location })?;
    let shown = at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let kept = TimeDelta::days((*noncurrent_days).into());
    Ok(Expectation {
        against: format!("the incremental backup of {table_name} at {shown}"),
        side: ExpectedSide::Incremental {
            at: *at,
            tolerance_seconds: *tolerance_seconds,
            items: items.clone(),
            kept_until: (*noncurrent_days > 0).then(|| *at - tolerance + kept),
            segments: if wanted.segments == 0 { USUAL_SEGMENTS } else { wanted.segments },
        },
        key: Some(names.into_iter().map(|name| (name, None)).collect()),
        // Versions of items say nothing about them.
        indexes: None,
        notes: Vec::new(),
    })
}

async fn of_backup(
    clients: &Clients,
    backup_arn: &str,
    table_name: &str,
    allowed_difference_percent: Option<f64>,
) -> Result<Expectation, VerifyError> {
    let field = "Expected.Backup.BackupArn";
    let backup = backup_description::describe(&clients.dynamodb(), backup_arn).await?;
    let backup = backup.ok_or_else(|| VerifyError::BackupMissing(backup_arn.to_owned()))?;
    let source = backup.source_table_details();
    let count = source.and_then(SourceTableDetails::item_count).and_then(|count| u64::try_from(count).ok());
    let made_at = backup.backup_details().map(|details| utc(details.backup_creation_date_time()));
    let (Some(source), Some(item_count), Some(backed_up_at)) = (source, count, made_at) else {
        let reason =
            format!("is {backup_arn}, whose description has no number of items; use another expectation");
        return Err(InvalidInput { field, reason }.into());
    };
    if allowed_difference_percent.is_none()
        && let Some(table) = table_description::describe(&clients.dynamodb(), table_name).await?
    {
        check_no_replica(field, &table)?;
    }
    let mut key: Vec<_> = source.key_schema().iter().collect();
    key.sort_by_key(|element| *element.key_type() != sdk::KeyType::Hash);
    let names = key.into_iter().map(|element| (element.attribute_name().to_owned(), None));
    Ok(Expectation {
        against: format!("the description of the backup {backup_arn}"),
        side: ExpectedSide::Backup {
            table_name: table_name.to_owned(),
            item_count,
            allowed_difference_percent,
            backed_up_at,
        },
        key: Some(names.collect()),
        indexes: indexes::of_backup(&backup),
        notes: Vec::new(),
    })
}

/// Refuses a replica of a global table, because its write metrics are not known to count replicated writes.
fn check_no_replica(field: &'static str, table: &TableDescription) -> Result<(), InvalidInput> {
    match table.replicas() {
        [] => Ok(()),
        _ => {
            let name = table.table_name().unwrap_or_default();
            let reason = format!(
                "needs the write metrics of table {name}, which is a replica of a global table, and they may not count \
                 replicated writes; give AllowedDifferencePercent instead"
            );
            Err(InvalidInput { field, reason })
        }
    }
}

async fn of_items(
    clients: &Clients,
    wanted: &Wanted,
    bucket_name: &str,
    place: &str,
) -> Result<Expectation, VerifyError> {
    let files = bucket(clients, bucket_name);
    let source = source::find(&files, place).await?;
    let (Some(manifest), Some(format)) = (&source.manifest, source.format) else {
        let reason = format!(
            "is {}, which has no manifest; it must be a complete export or a snapshot",
            quoted(&files.location(place))
        );
        return Err(InvalidInput { field: "Expected.Items", reason }.into());
    };
    let key_schema::OfFiles { is_snapshot, key, indexes } = key_schema::of_files(&files, &source).await?;
    let unknown = match (&key, &indexes) {
        (None, _) => {
            Some("the key and the indexes were not compared, because no settings document describes them")
        }
        (_, None) => Some("the indexes were not compared, because no settings document describes them"),
        _ => None,
    };
    let count = u32::try_from(source.files.len()).unwrap_or(u32::MAX);
    let segments = match wanted.segments {
        0 => count.clamp(1, USUAL_SEGMENTS),
        asked => asked.min(count.max(1)),
    };
    let kind = if is_snapshot { "snapshot" } else { "export" };
    Ok(Expectation {
        against: format!("{kind} {}", files.location(&source.root)),
        side: ExpectedSide::Items {
            bucket: bucket_name.to_owned(),
            root: source.root.clone(),
            manifest: manifest.clone(),
            format,
            files: count,
            files_digest: source.digest(),
            item_count: source.item_count,
            segments,
        },
        key,
        indexes,
        notes: unknown.into_iter().map(str::to_owned).collect(),
    })
}
