//! Reads the recovery points of AWS Backup.
//!
//! One listing has the resources that AWS Backup ever backed up. It does not say whether their recovery points still
//! exist. So the recovery points of each of these tables are listed.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_backup::types::RecoveryPointStatus;
use chrono::{DateTime, Utc};
use futures::StreamExt as _;

use super::rates::Apis;
use crate::aws::arn::Arn;
use crate::aws::failure::AwsFailure;
use crate::clock::utc;

/// Number of tables whose recovery points are listed at a time.
const AT_A_TIME: usize = 32;

/// A recovery point that AWS Backup can restore.
#[derive(Clone, Debug)]
pub(super) struct Point {
    pub(super) arn: String,
    pub(super) created_at: DateTime<Utc>,
}

/// The recovery points of each table, by ARN, or why they are not known. A table without an entry has none.
pub(super) type Points = HashMap<String, Result<Vec<Point>, AwsFailure>>;

/// Lists the recovery points of these tables.
pub(super) async fn points(
    apis: &Apis,
    backup: &aws_sdk_backup::Client,
    names: &BTreeSet<&str>,
) -> Result<Points, AwsFailure> {
    let tables = tables(apis, backup).await?;
    let exists = |arn: &&String| {
        Arn::parse(arn).and_then(|arn| arn.table_name()).is_some_and(|name| names.contains(name))
    };
    let reads: Vec<_> = tables
        .iter()
        .filter(exists)
        .map(async |arn| (arn.clone(), of_table(apis, backup, arn).await))
        .collect();
    Ok(futures::stream::iter(reads).buffer_unordered(AT_A_TIME).collect().await)
}

/// Returns the ARNs of the tables that AWS Backup has backed up.
async fn tables(apis: &Apis, backup: &aws_sdk_backup::Client) -> Result<BTreeSet<String>, AwsFailure> {
    let (mut tables, mut token) = (BTreeSet::new(), None);
    loop {
        let list = || backup.list_protected_resources().set_next_token(token.clone()).send();
        let page = apis.list_protected_resources.call(list).await?;
        let resources = page.results.unwrap_or_default().into_iter();
        let of_dynamodb = resources.filter(|resource| resource.resource_type() == Some("DynamoDB"));
        tables.extend(of_dynamodb.filter_map(|resource| resource.resource_arn));
        token = page.next_token;
        if token.is_none() {
            return Ok(tables);
        }
    }
}

async fn of_table(apis: &Apis, backup: &aws_sdk_backup::Client, arn: &str) -> Result<Vec<Point>, AwsFailure> {
    let (mut points, mut token) = (Vec::new(), None);
    loop {
        let list = || {
            backup.list_recovery_points_by_resource().resource_arn(arn).set_next_token(token.clone()).send()
        };
        let page = match apis.list_recovery_points.call(list).await {
            // AWS Backup has no recovery points of the table.
            Err(failure) if failure.code.as_deref() == Some("ResourceNotFoundException") => {
                return Ok(points);
            }
            page => page?,
        };
        for point in page.recovery_points.unwrap_or_default() {
            let is_usable = matches!(
                point.status(),
                Some(RecoveryPointStatus::Completed | RecoveryPointStatus::Available)
            );
            if let (Some(arn), Some(time), true) =
                (point.recovery_point_arn(), point.creation_date(), is_usable)
            {
                points.push(Point { arn: arn.to_owned(), created_at: utc(time) });
            }
        }
        token = page.next_token;
        if token.is_none() {
            return Ok(points);
        }
    }
}
