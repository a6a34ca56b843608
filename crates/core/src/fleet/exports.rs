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

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use serde_json::json;

    use crate::fleet::collect::Stores;
    use crate::fleet::finding::Finding;
    use crate::fleet::testing::{Account, collected, now};

    fn export(account: &Account) -> Finding<super::Export> {
        collected(account, &Stores::default()).unwrap().tables.remove("orders").unwrap().exports
    }

    #[tokio::test]
    async fn the_newest_full_export_of_this_table_counts() {
        let account = Account::new();
        account.table("orders");
        assert!(export(&account).is_none());
        let set = |arn: &str, field: &str, value: serde_json::Value| {
            account.state().exports.get_mut(arn).unwrap()[field] = value;
        };
        let hours = TimeDelta::hours;
        let other = account.export("orders", hours(50));
        set(&other, "TableId", json!("id-of-another"));
        assert!(export(&account).is_none(), "it is of an earlier table");
        let full = account.export("orders", hours(40));
        account.export("orders", hours(45));
        for (age, field, value) in [
            (30, "ExportStatus", json!("FAILED")),
            (29, "ExportStatus", json!("IN_PROGRESS")),
            (28, "ExportType", json!("INCREMENTAL_EXPORT")),
            (27, "FilterSpecification", json!({ "FilterExpression": "a = :a" })),
        ] {
            let arn = account.export("orders", hours(age));
            set(&arn, field, value);
        }
        let found = export(&account).found().cloned().unwrap();
        assert_eq!((found.arn, found.time, found.bucket.as_str()), (full, now() - hours(40), "exports"));
        for age in 1..=5 {
            let arn = account.export("orders", hours(age));
            set(&arn, "FilterSpecification", json!({ "FilterExpression": "a = :a" }));
        }
        assert!(export(&account).reason().unwrap().contains("none of the newest 5 exports is full"));
        account.aws.refuse("dynamodb:DescribeExport", "AccessDeniedException");
        assert!(
            export(&account).reason().unwrap().starts_with("dynamodb:DescribeExport failed: AccessDenied")
        );
    }
}
