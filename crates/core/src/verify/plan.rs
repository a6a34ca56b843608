//! Plans a verification: checks the table and what it should hold.

use aws_sdk_dynamodb::types::TableDescription;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use item_formats::{KeyType, key_of};

use super::error::VerifyError;
use super::execution_input::{Key, MOST_SEGMENTS, Wanted, WantedSide};
use super::key_schema::{self, Attribute};
use super::{ExpectedSide, Verification};
use crate::aws::clients::Clients;
use crate::aws::failure::AwsFailure;
use crate::aws::scan_segments;
use crate::aws::table as table_description;
use crate::aws::table::Unscannable;
use crate::compare::CompareError;
use crate::error_name::ErrorName;
use crate::export::execution_input::LONGEST_CALL;
use crate::import::source;
use crate::input::InvalidInput;
use crate::item_history::coverage::Present;
use crate::item_history::{coverage, key_names};
use crate::storage::bucket;
use crate::text::quoted;

/// Maximum number of segments of a side if the input does not ask for more.
const USUAL_SEGMENTS: u32 = 8;

/// Checks both sides, and returns the plan. Writes nothing.
pub async fn plan(
    clients: &Clients,
    wanted: Wanted,
    execution_arn: &str,
    started_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Verification, VerifyError> {
    if let WantedSide::Incremental { at, settled_at, .. } = wanted.expected
        && now < settled_at
    {
        return Err(VerifyError::NotSettled { at, settled_at });
    }
    let table = table_description::describe(&clients.dynamodb(), &wanted.table_name).await?;
    let table = table.ok_or_else(|| VerifyError::TableMissing(wanted.table_name.clone()))?;
    check_readable(&wanted.table_name, &table)?;
    let own_names = table_description::key_names(&table);
    let key_types = table_description::key_types(&table)?;
    let keys = required_keys(&wanted.keys, &own_names, &key_types)?;
    let segments = segments_of_table(&wanted, &wanted.table_name, &table)?;
    let Expectation { side: expected, against, key } = expectation(clients, &wanted, started_at).await?;
    let own: Vec<Attribute> = own_names.iter().cloned().zip(key_types.iter().copied().map(Some)).collect();
    let mismatch = key_schema::mismatch(&wanted.table_name, &own, &against, key.as_deref());
    let name = execution_arn.rsplit(':').next().unwrap_or_default();
    let id = format!("{}-{name}", started_at.format("%Y-%m-%d-%H-%M-%S"));
    let Wanted { table_name, prefix, .. } = wanted;
    Ok(Verification {
        report: format!("{prefix}reports/{table_name}/{id}/report.json"),
        work: format!("{prefix}runs/{table_name}/{id}/"),
        table_arn: wanted.table_arn,
        table_id: table.table_id().unwrap_or_default().to_owned(),
        table_name,
        key_names: own_names,
        key_types,
        segments,
        strength: wanted.strength,
        expected,
        against,
        mismatch,
        sample_size: wanted.sample_size,
        keys,
        max_rate: wanted.max_rate,
        seconds_per_call: wanted.seconds_per_call,
        bucket: wanted.bucket,
        started_at,
    })
}

/// What the table should hold, with what is known about its key.
struct Expectation {
    side: ExpectedSide,
    against: String,
    key: Option<Vec<Attribute>>,
}

async fn expectation(
    clients: &Clients,
    wanted: &Wanted,
    started_at: DateTime<Utc>,
) -> Result<Expectation, VerifyError> {
    match &wanted.expected {
        WantedSide::Items { bucket, place } => of_items(clients, wanted, bucket, place).await,
        WantedSide::Incremental {
            table_arn,
            table_name,
            at,
            tolerance_seconds,
            items,
            noncurrent_days,
            ..
        } => {
            let (table, now) =
                (table_description::describe(&clients.dynamodb(), table_arn).await?, started_at);
            let stream = table.as_ref().and_then(TableDescription::latest_stream_label);
            let present = Present { stream, noncurrent_days: Some(*noncurrent_days), now };
            let location = format!("s3://{}/{}", items.bucket, items.prefix);
            let coverage = coverage::read(&clients.s3(), &items.bucket, &items.prefix).await?;
            let tolerance = TimeDelta::seconds((*tolerance_seconds).into());
            for at in [*at - tolerance, *at + tolerance] {
                let covered = coverage.check(at, &present);
                covered.map_err(|why| VerifyError::HistoryIncomplete {
                    at,
                    location: location.clone(),
                    why,
                })?;
            }
            // The table may have been replaced by another one of the same name.
            let names = key_names::of_versions(&clients.s3(), &items.bucket, &items.prefix).await?;
            let names = names.or_else(|| table.as_ref().map(table_description::key_names));
            let names =
                names.ok_or_else(|| VerifyError::NoHistory { table: table_name.clone(), location })?;
            let second = at.to_rfc3339_opts(SecondsFormat::Secs, true);
            let kept = TimeDelta::days((*noncurrent_days).into());
            Ok(Expectation {
                against: format!("the incremental backup of {table_name} at {second}"),
                side: ExpectedSide::Incremental {
                    at: *at,
                    tolerance_seconds: *tolerance_seconds,
                    items: items.clone(),
                    kept_until: (*noncurrent_days > 0).then(|| *at - tolerance + kept),
                    segments: if wanted.segments == 0 { USUAL_SEGMENTS } else { wanted.segments },
                },
                key: Some(names.into_iter().map(|name| (name, None)).collect()),
            })
        }
        WantedSide::Table { table_name, allowed_difference_percent } => {
            let table = table_description::describe(&clients.dynamodb(), table_name).await?;
            let table = table.ok_or_else(|| CompareError::TableMissing(table_name.clone()))?;
            check_readable(table_name, &table)?;
            let (names, types) =
                (table_description::key_names(&table), table_description::key_types(&table)?);
            Ok(Expectation {
                against: format!("table {table_name}"),
                side: ExpectedSide::Table {
                    table_name: table_name.clone(),
                    table_id: table.table_id().unwrap_or_default().to_owned(),
                    allowed_difference_percent: *allowed_difference_percent,
                    segments: segments_of_table(wanted, table_name, &table)?,
                },
                key: Some(names.into_iter().zip(types.into_iter().map(Some)).collect()),
            })
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
    let key_schema::OfFiles { is_snapshot, key } = key_schema::of_files(&files, &source).await?;
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
    })
}

/// Checks that a scan of a table finds all items.
fn check_readable(name: &str, table: &TableDescription) -> Result<(), VerifyError> {
    match table_description::scannable(table) {
        Ok(()) => Ok(()),
        Err(Unscannable::Yet(reason)) => Err(VerifyError::TableBusy { table: name.to_owned(), reason }),
        Err(Unscannable::Ever(status)) => Err(VerifyError::Aws(AwsFailure::new(
            "dynamodb:Scan",
            ErrorName::RequestRefused,
            format!("table {name} is {}, and cannot be read", status.as_str()),
        ))),
    }
}

/// Chooses the number of segments of a table. Refuses a rate at which an execution would not read it in time.
fn segments_of_table(wanted: &Wanted, name: &str, table: &TableDescription) -> Result<u32, InvalidInput> {
    let (bytes, rate) = (table.table_size_bytes(), wanted.max_rate);
    let work = scan_segments::scan(bytes, true, rate, wanted.seconds_per_call);
    let what = format!("a scan of table {name} with {} bytes", scan_segments::number(bytes));
    if let Some(reason) = work.too_slow(&what, LONGEST_CALL) {
        return Err(InvalidInput { field: "MaxRate", reason });
    }
    let most = match (wanted.segments, rate) {
        (0, 0) => scan_segments::by_size(bytes).min(USUAL_SEGMENTS),
        (0, rate) => {
            scan_segments::by_size(bytes).min(scan_segments::by_rate(rate, true)).min(USUAL_SEGMENTS)
        }
        (asked, _) => asked,
    };
    Ok(work.fitting(most.min(scan_segments::by_capacity(rate, MOST_SEGMENTS))))
}

/// Returns the required keys in their canonical form. Refuses a key with other attributes than those of the table.
fn required_keys(
    keys: &[String],
    key_names: &[String],
    key_types: &[KeyType],
) -> Result<Vec<String>, InvalidInput> {
    let names: Vec<&str> = key_names.iter().map(String::as_str).collect();
    // DynamoDB refuses a key of another type, and an empty text or binary in one.
    let has_types = |key: &Key| {
        let mut attributes = key_names.iter().zip(key_types);
        attributes.all(|(name, of)| {
            let value = key.get(name).and_then(|value| value.get(&of.to_string()));
            value.is_some_and(|value| !value.is_empty())
        })
    };
    let canonical = |key: &String| {
        let parsed = serde_json::from_str::<Key>(key);
        let is_whole = parsed.is_ok_and(|key| key.len() == names.len() && has_types(&key));
        let canonical = key_of(key.as_bytes(), &names).ok().filter(|_| is_whole);
        let canonical = canonical.and_then(|key| String::from_utf8(key).ok());
        canonical.ok_or_else(|| {
            let attributes = key_names.iter().zip(key_types).map(|(name, of)| format!("{name} ({of})"));
            let attributes: Vec<String> = attributes.collect();
            InvalidInput {
                field: "Keys",
                reason: format!(
                    "has {}; the key attributes of the table are {}",
                    quoted(key),
                    attributes.join(" and ")
                ),
            }
        })
    };
    let mut keys: Vec<String> = keys.iter().map(canonical).collect::<Result<_, _>>()?;
    keys.sort();
    keys.dedup();
    Ok(keys)
}
