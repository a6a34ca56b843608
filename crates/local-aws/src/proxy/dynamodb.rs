//! DynamoDB, where the emulator is faster, more forgetful or more lenient than AWS.
//!
//! Restores, updates and backups take time on AWS and none in the emulator. So the proxy shows a table as CREATING and
//! UPDATING, its indexes as backfilling, and a backup as CREATING for a set number of polls. `DescribeTable` also shows
//! which backup made a table (`RestoreSummary`), by which a step recognises its own earlier work.
//!
//! Settings that the emulator drops are stored here and shown with those that it stores. Changes that AWS refuses are
//! refused. The stored settings belong to one table: a later one of the same name starts without them.

mod backups;
mod exports;
mod insights;
mod kinesis;
mod lifetime;
mod policies;
mod polls;
mod recovery;
mod restore;
mod settings;
mod tags;
mod time_to_live;
mod trail;
mod update;

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use hyper::Response;
use hyper::http::request::Parts;
use serde_json::Value;

pub(super) use restore::{Source, restore};

use super::Shared;
use super::identify::Caller;
use super::respond;
use super::scope::{Scope, Scoped};
use crate::upstream::ApiError;

/// The stored state of one account's tables in one Region, by name.
#[derive(Debug, Default)]
pub(super) struct State {
    restored: HashMap<String, polls::Restored>,
    settings: HashMap<String, settings::Settings>,
    /// The backups that were created with CreateBackup, by ARN.
    backups: HashMap<String, backups::OnDemand>,
    /// The exports that were requested, by ARN.
    exports: HashMap<String, exports::Export>,
}

impl State {
    /// Returns whether the table of this description is the target of a restore in progress.
    fn is_being_restored(&self, table: &Value) -> bool {
        self.restored.get(name_of(table)).is_some_and(|restored| restored.is_creating(table))
    }

    /// Refuses a table that is being restored as if it did not exist. AWS does so for tags, Time to Live, policies and
    /// UpdateTable (DDB-TABLE-101, 217).
    fn refuse_while_restored(&self, table: &Value) -> Result<(), ApiError> {
        if !self.is_being_restored(table) {
            return Ok(());
        }
        let message = format!("Requested resource not found: Table: {} not found", name_of(table));
        Err(ApiError::new("ResourceNotFoundException", message))
    }
}

/// The stored state of the tables of all accounts. It is locked for the duration of a restore or an update, so that no
/// poll sees the emulator's table without this record of it.
pub(super) type Tables = Scoped<State>;

/// Responds to the calls that are corrected here. `None` means that the emulator handles the call.
pub(crate) async fn response(
    shared: &Arc<Shared>,
    caller: &Caller,
    head: &Parts,
    body: &Bytes,
) -> Option<Response<Bytes>> {
    let scope = Scope::from_caller(caller);
    let input = || serde_json::from_slice::<Value>(body).unwrap_or_default();
    let response = match caller.operation.as_str() {
        "DescribeTable" => return Some(polls::describe_table(shared, &scope, head, body).await),
        "CreateTable" => lifetime::create(shared, &scope, input()).await,
        "UpdateTable" => update::update(shared, &scope, &input()).await,
        "DeleteTable" => lifetime::delete(shared, &scope, &input()).await,
        "RestoreTableFromBackup" | "RestoreTableToPointInTime" => {
            restore::by_customer(shared, caller, head, input()).await
        }
        "CreateBackup" => backups::create(shared, &scope, &input()).await,
        "DeleteBackup" => backups::delete(shared, &scope, &input()).await,
        "ListBackups" => backups::list(shared, &scope, &input()).await,
        "DescribeBackup" => backups::describe(shared, &scope, &input()).await,
        "ExportTableToPointInTime" => exports::begin(shared, &scope, input()).await,
        "DescribeExport" => exports::describe(shared, &scope, &input()).await,
        "ListExports" => exports::list(shared, &scope, &input()).await,
        "DescribeTimeToLive" => time_to_live::describe(shared, &scope, &input()).await,
        "UpdateTimeToLive" => time_to_live::update(shared, &scope, &input()).await,
        "DescribeContinuousBackups" => recovery::describe(shared, &scope, &input()).await,
        "UpdateContinuousBackups" => recovery::update(shared, &scope, &input()).await,
        "DescribeKinesisStreamingDestination" => kinesis::describe(shared, &scope, &input()).await,
        operation @ ("EnableKinesisStreamingDestination"
        | "DisableKinesisStreamingDestination"
        | "UpdateKinesisStreamingDestination") => kinesis::change(shared, &scope, operation, &input()).await,
        "DescribeContributorInsights" => insights::describe(shared, &scope, &input()).await,
        "UpdateContributorInsights" => insights::update(shared, &scope, &input()).await,
        "ListContributorInsights" => insights::list(shared, &scope, &input()).await,
        "GetResourcePolicy" => policies::get(shared, &scope, &input()).await,
        operation @ ("PutResourcePolicy" | "DeleteResourcePolicy") => {
            policies::change(shared, &scope, operation, &input()).await
        }
        "TagResource" => tags::tag(shared, &scope, &input()).await,
        "UntagResource" => tags::untag(shared, &scope, &input()).await,
        "ListTagsOfResource" => tags::list(shared, &scope, &input()).await,
        _ => return None,
    };
    Some(respond(response))
}

fn respond(response: Result<Value, ApiError>) -> Response<Bytes> {
    respond::json("application/x-amz-json-1.0", response)
}

impl Shared {
    /// Makes a DynamoDB call of the proxy to the emulator.
    async fn dynamodb(&self, scope: &Scope, operation: &str, input: &Value) -> Result<Value, ApiError> {
        let target = format!("DynamoDB_20120810.{operation}");
        self.upstream.json(scope.signed("dynamodb"), &target, input).await
    }

    /// Returns the emulator's description of the table that an input names, by name or by ARN.
    async fn table(&self, scope: &Scope, input: &Value) -> Result<Value, ApiError> {
        let input = serde_json::json!({ "TableName": input.get("TableName") });
        let mut output = self.dynamodb(scope, "DescribeTable", &input).await?;
        Ok(output.get_mut("Table").map(Value::take).unwrap_or_default())
    }
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new("ValidationException", message)
}

fn in_use(message: impl Into<String>) -> ApiError {
    ApiError::new(
        "ResourceInUseException",
        format!("Attempt to change a resource which is still in use: {}", message.into()),
    )
}

fn text<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    object.get(name).and_then(Value::as_str)
}

fn name_of(table: &Value) -> &str {
    text(table, "TableName").unwrap_or_default()
}

fn indexes(table: &mut Value) -> &mut [Value] {
    let indexes = table.get_mut("GlobalSecondaryIndexes").and_then(Value::as_array_mut);
    indexes.map_or(&mut [], Vec::as_mut_slice)
}

/// Returns the ARN of the table of a backup, which is the first part of the backup's ARN.
pub(super) fn table_of_backup(backup_arn: &str) -> Option<&str> {
    backup_arn.split_once("/backup/").map(|(table, _)| table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backups_arn_names_its_table() {
        let table = "arn:aws:dynamodb:us-east-1:1:table/a.b-c";
        assert_eq!(table_of_backup(&format!("{table}/backup/1-2")), Some(table));
        assert_eq!(table_of_backup("arn:aws:backup:us-east-1:1:recovery-point:x"), None);
    }
}
