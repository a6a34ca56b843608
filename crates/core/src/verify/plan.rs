//! Plans a verification: checks the table and what it should hold.

use aws_sdk_dynamodb::types::TableDescription;
use chrono::{DateTime, Utc};
use item_formats::{KeyType, key_of};

use super::Verification;
use super::error::VerifyError;
use super::execution_input::{Key, MOST_SEGMENTS, Wanted, WantedSecond, WantedSide};
use super::expectation::{Expectation, expectation};
use super::indexes;
use super::key_schema::{self, Attribute};
use crate::aws::clients::Clients;
use crate::aws::failure::AwsFailure;
use crate::aws::scan_segments;
use crate::aws::table as table_description;
use crate::aws::table::Unscannable;
use crate::error_name::ErrorName;
use crate::export::execution_input::LONGEST_CALL;
use crate::input::InvalidInput;
use crate::text::quoted;

/// Maximum number of segments of a side if the input does not ask for more.
pub(super) const USUAL_SEGMENTS: u32 = 8;

/// Checks both sides, and returns the plan. Writes nothing.
pub async fn plan(
    clients: &Clients,
    wanted: Wanted,
    execution_arn: &str,
    started_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Verification, VerifyError> {
    if let WantedSide::Incremental(WantedSecond { at, settled_at, .. }) = &wanted.expected
        && now < *settled_at
    {
        return Err(VerifyError::NotSettled { at: *at, settled_at: *settled_at });
    }
    let table = table_description::describe(&clients.dynamodb(), &wanted.table_name).await?;
    let table = table.ok_or_else(|| VerifyError::TableMissing(wanted.table_name.clone()))?;
    check_readable(&wanted.table_name, &table)?;
    let own_names = table_description::key_names(&table);
    let key_types = table_description::key_types(&table)?;
    let keys = required_keys(&wanted.keys, &own_names, &key_types)?;
    let segments = segments_of_table(&wanted, &wanted.table_name, &table)?;
    let Expectation { side: expected, against, key, indexes, notes } =
        expectation(clients, &wanted, started_at).await?;
    let own: Vec<Attribute> = own_names.iter().cloned().zip(key_types.iter().copied().map(Some)).collect();
    let mismatch = key_schema::mismatch(&wanted.table_name, &own, &against, key.as_deref());
    let own_indexes = indexes::of_table(&table);
    let index_differences = indexes.map(|expected| indexes::differences(&own_indexes, &expected));
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
        index_differences: index_differences.unwrap_or_default(),
        indexes: wanted.indexes,
        notes,
        sample_size: wanted.sample_size,
        keys,
        max_rate: wanted.max_rate,
        seconds_per_call: wanted.seconds_per_call,
        bucket: wanted.bucket,
        started_at,
    })
}

/// Checks that a scan of a table finds all items.
pub(super) fn check_readable(name: &str, table: &TableDescription) -> Result<(), VerifyError> {
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
pub(super) fn segments_of_table(
    wanted: &Wanted,
    name: &str,
    table: &TableDescription,
) -> Result<u32, InvalidInput> {
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
