use bytes::Bytes;
use hyper::Response;
use hyper::http::request::Parts;
use serde_json::Value;

use super::settings::remove;
use super::{indexes, name_of, respond, text};
use crate::json::set;
use crate::proxy::Shared;
use crate::proxy::scope::Scope;

/// A table that a restore created.
#[derive(Debug)]
pub(super) struct Restored {
    /// The id that distinguishes the table from a later one of the same name.
    pub(super) table_id: Value,
    /// The RestoreSummary that DescribeTable shows while the restore is in progress.
    pub(super) summary: Value,
    pub(super) polls_until_active: u32,
    pub(super) polls_until_indexed: u32,
}

/// Handles DescribeTable, which counts as a poll. Adds what the emulator dropped.
pub(super) async fn describe_table(
    shared: &Shared,
    scope: &Scope,
    head: &Parts,
    body: &Bytes,
) -> Response<Bytes> {
    let response = shared.forward(head, body.clone()).await;
    let Ok(mut output) = serde_json::from_slice::<Value>(response.body()) else { return response };
    let Some(table) = output.get_mut("Table") else { return response };
    let name = name_of(table).to_owned();
    {
        let state = shared.tables.of(scope);
        let mut state = state.lock().await;
        let settings = state.settings(table);
        settings.show(table);
        settings.poll(table);
        match state.restored.get_mut(&name) {
            Some(restored) if table.get("TableId") == Some(&restored.table_id) => restored.poll(table),
            Some(_) => {
                state.restored.remove(&name);
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
    /// Sets the status of the table. Counts as a poll. The table shows its RestoreSummary until it is ACTIVE and never
    /// again (DDB-TABLE-216, 278).
    fn poll(&mut self, table: &mut Value) {
        if self.polls_until_active > 0 {
            self.polls_until_active -= 1;
            self.show_creating(table);
            return;
        }
        remove(table, "RestoreSummary");
        let indexes = indexes(table);
        if self.polls_until_indexed > 0 && !indexes.is_empty() {
            self.polls_until_indexed -= 1;
            for index in indexes {
                set(index, "IndexStatus", "CREATING");
                set(index, "Backfilling", true);
            }
        }
    }

    /// Returns whether the described table is this one and still CREATING.
    pub(super) fn is_creating(&self, table: &Value) -> bool {
        table.get("TableId") == Some(&self.table_id) && self.polls_until_active > 0
    }

    /// Changes a description to that of a table that is being restored: adds the summary and removes what a table has
    /// only once it is ACTIVE (DDB-TABLE-282).
    pub(super) fn show_creating(&self, table: &mut Value) {
        set(table, "TableStatus", "CREATING");
        set(table, "RestoreSummary", self.summary.clone());
        for name in ["DeletionProtectionEnabled", "TableThroughputModeSummary", "WarmThroughput"] {
            remove(table, name);
        }
        for index in indexes(table) {
            remove(index, "IndexStatus");
            remove(index, "WarmThroughput");
        }
    }

    /// Returns whether a restore from this backup is in progress.
    pub(super) fn keeps_in_use(&self, backup_arn: &str) -> bool {
        self.polls_until_active > 0 && text(&self.summary, "SourceBackupArn") == Some(backup_arn)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn restored(active: u32, indexed: u32) -> Restored {
        let summary = json!({ "SourceBackupArn": "b", "RestoreInProgress": true });
        Restored { table_id: "id".into(), summary, polls_until_active: active, polls_until_indexed: indexed }
    }

    fn poll(restored: &mut Restored, table: &Value) -> (String, bool, Value) {
        let mut table = table.clone();
        restored.poll(&mut table);
        let status = table["TableStatus"].as_str().unwrap().to_owned();
        let has_summary = table.get("RestoreSummary").is_some();
        (status, has_summary, table.pointer("/GlobalSecondaryIndexes/0").cloned().unwrap_or_default())
    }

    #[test]
    fn a_table_with_an_index_is_creating_then_backfilling_then_ready() {
        let ready = json!({"IndexName": "i", "IndexStatus": "ACTIVE"});
        let table = json!({"TableStatus": "ACTIVE", "GlobalSecondaryIndexes": [ready]});
        let mut restored = restored(2, 1);
        let creating = json!({"IndexName": "i"});
        let backfilling = json!({"IndexName": "i", "IndexStatus": "CREATING", "Backfilling": true});
        assert!(restored.keeps_in_use("b") && !restored.keeps_in_use("c"));
        assert_eq!(poll(&mut restored, &table), ("CREATING".to_owned(), true, creating.clone()));
        assert_eq!(poll(&mut restored, &table), ("CREATING".to_owned(), true, creating));
        assert!(!restored.keeps_in_use("b"));
        assert_eq!(poll(&mut restored, &table), ("ACTIVE".to_owned(), false, backfilling));
        for _ in 0..2 {
            assert_eq!(poll(&mut restored, &table), ("ACTIVE".to_owned(), false, ready.clone()));
        }
    }

    #[test]
    fn a_table_without_indexes_is_ready_when_active() {
        let table = json!({"TableStatus": "ACTIVE"});
        let mut restored = restored(1, 3);
        assert_eq!(poll(&mut restored, &table).0, "CREATING");
        assert_eq!(poll(&mut restored, &table), ("ACTIVE".to_owned(), false, Value::Null));
    }
}
