//! Reads the newest full export of each table.
//!
//! One listing has the exports of the account of the last 90 days, without their times. Ids of exports sort by time, so
//! only the newest of each table is described. An export that holds a part of the items is passed over.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::types as sdk;
use futures::StreamExt as _;

use super::facts::Export;
use super::rates::Apis;
use crate::aws::arn::Arn;
use crate::aws::failure::AwsFailure;
use crate::clock::utc;
use crate::error_name::ErrorName;

/// Number of exports that are described at a time.
const AT_A_TIME: usize = 16;
/// Most exports of a table that are described to find a full one.
const MOST: usize = 5;

/// The newest full export of each table by the table's ARN, with the id of the table; or why it is not known.
pub(super) type Exports = HashMap<String, Result<Option<(String, Export)>, AwsFailure>>;

/// Reads the newest full export of each of these tables.
pub(super) async fn newest(
    apis: &Apis,
    dynamodb: &aws_sdk_dynamodb::Client,
    names: &BTreeSet<&str>,
) -> Result<Exports, AwsFailure> {
    let listed = list(apis, dynamodb).await?;
    let exists = |(table, _): &(String, Vec<String>)| {
        Arn::parse(table).and_then(|arn| arn.table_name()).is_some_and(|name| names.contains(name))
    };
    let reads: Vec<_> = listed
        .into_iter()
        .filter(exists)
        .map(async |(table, exports)| {
            let full = full(apis, dynamodb, exports).await;
            (table, full)
        })
        .collect();
    Ok(futures::stream::iter(reads).buffer_unordered(AT_A_TIME).collect().await)
}

/// Lists the completed exports of each table, the newest first.
async fn list(
    apis: &Apis,
    dynamodb: &aws_sdk_dynamodb::Client,
) -> Result<HashMap<String, Vec<String>>, AwsFailure> {
    let (mut tables, mut token) = (HashMap::<String, Vec<String>>::new(), None);
    loop {
        let list = || dynamodb.list_exports().set_next_token(token.clone()).send();
        let page = apis.list_exports.call(list).await?;
        for export in page.export_summaries.unwrap_or_default() {
            let is_completed = export.export_status() == Some(&sdk::ExportStatus::Completed);
            let is_incremental = export.export_type() == Some(&sdk::ExportType::IncrementalExport);
            let table = export.export_arn().and_then(|arn| arn.split_once("/export/"));
            if let (Some(arn), Some((table, _)), true, false) =
                (export.export_arn(), table, is_completed, is_incremental)
            {
                tables.entry(table.to_owned()).or_default().push(arn.to_owned());
            }
        }
        token = page.next_token;
        if token.is_none() {
            break;
        }
    }
    tables.values_mut().for_each(|exports| exports.sort_unstable_by(|one, other| other.cmp(one)));
    Ok(tables)
}

async fn full(
    apis: &Apis,
    dynamodb: &aws_sdk_dynamodb::Client,
    exports: Vec<String>,
) -> Result<Option<(String, Export)>, AwsFailure> {
    for arn in exports.iter().take(MOST) {
        let describe = || dynamodb.describe_export().export_arn(arn).send();
        let described = match apis.describe_export.call(describe).await {
            Err(failure) if failure.code.as_deref() == Some("ExportNotFoundException") => continue,
            response => response?.export_description,
        };
        let Some(export) = described else { continue };
        if export.filter_specification().is_some() {
            continue;
        }
        if let (Some(time), Some(id)) = (export.export_time(), export.table_id()) {
            let bucket = export.s3_bucket().unwrap_or_default().to_owned();
            let export = Export { arn: arn.clone(), time: utc(time), bucket };
            return Ok(Some((id.to_owned(), export)));
        }
    }
    if exports.len() > MOST {
        let reason = format!("none of the newest {MOST} exports is full, and there are more");
        return Err(AwsFailure::new("dynamodb:DescribeExport", ErrorName::RequestRefused, reason));
    }
    Ok(None)
}
