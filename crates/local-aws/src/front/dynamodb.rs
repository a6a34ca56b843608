//! DynamoDB, where the emulator is faster or more forgetful than AWS.
//!
//! A restore takes time on AWS and none here, so a restored table passes through CREATING and its indexes
//! through backfilling for a set number of looks. `DescribeTable` also tells which backup made a table
//! (`RestoreSummary`), which is how a step recognises its own earlier work.

mod backups;
mod restore;

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
use crate::json::set;
use crate::upstream::Refusal;

/// A table that a restore made.
#[derive(Debug)]
pub(super) struct Restored {
    /// Tells the table from a later one of the same name.
    table_id: Value,
    summary: Value,
    looks_until_active: u32,
    looks_until_indexed: u32,
}

/// The restored tables of all accounts, by name. Locked for as long as a restore is under way, so that no look
/// falls between the emulator's table and this record of it.
pub(super) type Tables = Scoped<HashMap<String, Restored>>;

/// Answers what is corrected here; anything else is the emulator's.
pub(crate) async fn answer(
    shared: &Arc<Shared>,
    caller: &Caller,
    head: &Parts,
    body: &Bytes,
) -> Option<Response<Bytes>> {
    let scope = Scope::of(caller);
    let input = || serde_json::from_slice::<Value>(body).unwrap_or_default();
    let answer = match caller.operation.as_str() {
        "DescribeTable" => return Some(describe_table(shared, &scope, head, body).await),
        "RestoreTableFromBackup" => restore::from_backup(shared, &scope, input()).await,
        "RestoreTableToPointInTime" => restore::to_point_in_time(shared, &scope, input()).await,
        "ListBackups" => backups::list(shared, &scope, &input()).await,
        "DescribeBackup" => backups::describe(shared, &scope, &input()).await,
        _ => return None,
    };
    Some(respond(answer))
}

fn respond(answer: Result<Value, Refusal>) -> Response<Bytes> {
    respond::json("application/x-amz-json-1.0", answer)
}

async fn describe_table(shared: &Shared, scope: &Scope, head: &Parts, body: &Bytes) -> Response<Bytes> {
    let answer = shared.forward(head, body.clone()).await;
    let Ok(mut output) = serde_json::from_slice::<Value>(answer.body()) else { return answer };
    let Some(table) = output.get_mut("Table") else { return answer };
    let Some(name) = table.get("TableName").and_then(Value::as_str).map(str::to_owned) else { return answer };
    {
        let tables = shared.tables.of(scope);
        let mut tables = tables.lock().await;
        match tables.get_mut(&name) {
            Some(restored) if table.get("TableId") == Some(&restored.table_id) => restored.look(table),
            Some(_) => {
                tables.remove(&name);
            }
            None => {}
        }
    }
    if let Some(status) = shared.script.table_status(&scope.account, &name) {
        set(table, "TableStatus", status);
    }
    respond(Ok(output))
}

impl Restored {
    /// Shows one more caller how far the table is.
    fn look(&mut self, table: &mut Value) {
        if self.looks_until_active > 0 {
            self.looks_until_active -= 1;
            self.show_creating(table);
            return;
        }
        set(table, "RestoreSummary", self.summary.clone());
        let indexes = indexes(table);
        if self.looks_until_indexed > 0 && !indexes.is_empty() {
            self.looks_until_indexed -= 1;
            for index in indexes {
                set(index, "IndexStatus", "CREATING");
                set(index, "Backfilling", true);
            }
        }
    }

    fn show_creating(&self, table: &mut Value) {
        let mut summary = self.summary.clone();
        set(&mut summary, "RestoreInProgress", true);
        set(table, "TableStatus", "CREATING");
        set(table, "RestoreSummary", summary);

        for index in indexes(table) {
            set(index, "IndexStatus", "CREATING");
        }
    }
}

fn indexes(table: &mut Value) -> &mut [Value] {
    let indexes = table.get_mut("GlobalSecondaryIndexes").and_then(Value::as_array_mut);
    indexes.map_or(&mut [], Vec::as_mut_slice)
}

/// The table that a backup is of: its ARN comes first in the backup's.
pub(super) fn table_of_backup(backup_arn: &str) -> Option<&str> {
    backup_arn.split_once("/backup/").map(|(table, _)| table)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn restored(active: u32, indexed: u32) -> Restored {
        let summary = json!({ "SourceBackupArn": "b", "RestoreInProgress": false });
        Restored { table_id: "id".into(), summary, looks_until_active: active, looks_until_indexed: indexed }
    }

    fn look(restored: &mut Restored, table: &Value) -> (String, bool, Value) {
        let mut table = table.clone();
        restored.look(&mut table);
        let status = table["TableStatus"].as_str().unwrap().to_owned();
        let in_progress = table["RestoreSummary"]["RestoreInProgress"].as_bool().unwrap();
        (status, in_progress, table.pointer("/GlobalSecondaryIndexes/0").cloned().unwrap_or_default())
    }

    #[test]
    fn a_table_with_an_index_is_creating_then_backfilling_then_ready() {
        let ready = json!({"IndexName": "i", "IndexStatus": "ACTIVE"});
        let table = json!({"TableStatus": "ACTIVE", "GlobalSecondaryIndexes": [ready]});
        let mut restored = restored(2, 1);
        let creating = json!({"IndexName": "i", "IndexStatus": "CREATING"});
        let backfilling = json!({"IndexName": "i", "IndexStatus": "CREATING", "Backfilling": true});
        assert_eq!(look(&mut restored, &table), ("CREATING".to_owned(), true, creating.clone()));
        assert_eq!(look(&mut restored, &table), ("CREATING".to_owned(), true, creating));
        assert_eq!(look(&mut restored, &table), ("ACTIVE".to_owned(), false, backfilling));
        for _ in 0..2 {
            assert_eq!(look(&mut restored, &table), ("ACTIVE".to_owned(), false, ready.clone()));
        }
    }

    #[test]
    fn a_table_without_indexes_is_ready_when_active() {
        let table = json!({"TableStatus": "ACTIVE"});
        let mut restored = restored(1, 3);
        assert_eq!(look(&mut restored, &table).0, "CREATING");
        assert_eq!(look(&mut restored, &table), ("ACTIVE".to_owned(), false, Value::Null));
    }

    #[test]
    fn a_backups_arn_names_its_table() {
        let table = "arn:aws:dynamodb:us-east-1:1:table/a.b-c";
        assert_eq!(table_of_backup(&format!("{table}/backup/1-2")), Some(table));
        assert_eq!(table_of_backup("arn:aws:backup:us-east-1:1:recovery-point:x"), None);
    }
}
