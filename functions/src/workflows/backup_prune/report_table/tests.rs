use serde_json::{Value, json};
use tablekeeper_core::testing::fake_aws::backup_arn;

use super::*;
use crate::step::AnyStep;
use crate::workflows::backup_prune::testing::{EXECUTION, NEW, new_backup, run};

fn deletion(number: u32, outcome: &str) -> Value {
    let reason = (outcome == "FAILED").then(|| format!("Throttled: no {number}"));
    json!({ "backupName": format!("old-{number}"), "outcome": outcome, "reason": reason })
}

fn document(table: &str) -> Value {
    json!({ "TableArn": "arn", "CapturedAt": "2026-03-01T02:00:30Z",
        "Document": { "bucket": "bucket", "key": format!("settings/{table}.json") } })
}

async fn report(stale: u32, deletions: &[Value], lines: u32) -> Value {
    let input = json!({
        "executionArn": EXECUTION, "run": run(3, lines), "tableName": "orders", "backup": new_backup(),
        "adopted": false, "settings": [document("orders")], "settingsFailure": null,
        "prune": { "kept": 1, "ignored": 1, "stale": stale, "keptLines": [format!("{NEW}: MaxBackups")],
            "ignoredLines": ["by-hand: it was not made by this workflow"] },
        "deletions": deletions
    });
    ReportTable.run_json(input).await.unwrap()
}

#[tokio::test]
async fn a_successful_table_is_reported_with_counts_and_details() {
    let expected = json!({
        "TableName": "orders", "Outcome": "DONE", "BackupArn": backup_arn("orders", NEW), "Adopted": false,
        "Settings": "s3://bucket/settings/orders.json",
        "Kept": 1, "Deleted": 2, "NotDeleted": 0, "Ignored": 1,
        "Details": [format!("kept {NEW}: MaxBackups"), "left by-hand: it was not made by this workflow",
            "deleted old-1", "deleted old-2"],
        "Error": null, "Cause": null
    });
    assert_eq!(report(2, &[deletion(1, "DELETED"), deletion(2, "GONE")], 50).await, expected);
}

#[tokio::test]
async fn a_failed_deletion_is_reported_with_its_reason() {
    let deletions = [deletion(1, "DELETED"), deletion(2, "FAILED"), deletion(3, "FAILED")];
    let report = report(3, &deletions, 50).await;
    assert_eq!((&report["Outcome"], &report["Cause"]), (&json!("NOT_PRUNED"), &json!("Throttled: no 2")));
    assert_eq!((&report["Deleted"], &report["NotDeleted"]), (&json!(1), &json!(2)));
    let details = report["Details"].as_array().unwrap();
    let first = ["old-2 was not deleted: Throttled: no 2", "old-3 was not deleted: Throttled: no 3"];
    assert_eq!(
        (&details[..2], details.last().unwrap()),
        (&first.map(Value::from)[..], &json!("deleted old-1"))
    );
}

#[tokio::test]
async fn deletions_of_later_runs_are_counted() {
    let report = report(202, &[deletion(1, "DELETED"), deletion(2, "FAILED")], 50).await;
    assert_eq!(report["Details"][3], "200 more will be deleted by the next runs");
}

#[tokio::test]
async fn the_lines_of_a_report_are_bounded() {
    let deletions: Vec<Value> =
        (0..200).map(|number| deletion(number, if number % 2 == 0 { "DELETED" } else { "FAILED" })).collect();
    let report = report(200, &deletions, 2).await;
    let details: Vec<&str> =
        report["Details"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    assert_eq!(
        details,
        [
            "old-1 was not deleted: Throttled: no 1",
            "old-3 was not deleted: Throttled: no 3",
            "and 98 more",
            &format!("kept {NEW}: MaxBackups"),
            "left by-hand: it was not made by this workflow",
            "deleted old-0",
            "deleted old-2",
            "and 98 more"
        ]
    );
    assert_eq!((&report["Deleted"], &report["NotDeleted"]), (&json!(100), &json!(100)));
}

#[tokio::test]
async fn the_reports_of_all_tables_fit_an_executions_state_if_every_deletion_fails() {
    let table = "x".repeat(100);
    let backup = |number: u32| format!("{table}-20260301{number:06}");
    // An AccessDenied message of AWS has about 250 characters.
    let failed =
        |number| json!({ "backupName": backup(number), "outcome": "FAILED", "reason": "y".repeat(400) });
    for (tables, lines) in [(1, 50), (8, 50), (20, 20), (150, 2)] {
        let line = |number: u32| format!("{}: MaxBackups, DailyBackups, WeeklyBackups", backup(number));
        let all: Vec<String> = (0..=lines).map(line).collect();
        let input = json!({
            "executionArn": EXECUTION, "run": run(3, lines), "tableName": table,
            "backup": { "backupArn": backup_arn(&table, &backup(0)), "backupName": backup(0), "tableId": "id",
                "createdAt": "2026-03-01T02:00:00Z" },
            "adopted": false, "settings": [document(&table)], "settingsFailure": "z".repeat(400),
            "prune": { "kept": 500, "ignored": 500, "stale": 500, "keptLines": all, "ignoredLines": all },
            "deletions": (0..200).map(failed).collect::<Vec<_>>()
        });
        let report = ReportTable.run_json(input).await.unwrap();
        let bytes = report.to_string().len() * tables;
        assert!(bytes < 256 * 1_024, "{tables} tables: {bytes}");
        let first = report["Details"][0].as_str().unwrap();
        assert!(first.contains(" was not deleted: yyy") && first.ends_with('…'), "{first}");
        let last = report["Details"].as_array().unwrap().last().unwrap().as_str().unwrap();
        assert!(last.ends_with(" more lines"), "{last}");
    }
}

#[tokio::test]
async fn uncaptured_settings_are_reported_after_failed_deletions() {
    let input = |deletions: Vec<Value>| {
        json!({
            "executionArn": EXECUTION, "run": run(3, 50), "tableName": "orders", "backup": new_backup(),
            "adopted": true, "settings": null, "settingsFailure": "AccessDenied: not allowed",
            "prune": { "kept": 1, "ignored": 0, "stale": 1, "keptLines": [], "ignoredLines": [] },
            "deletions": deletions
        })
    };
    let report = ReportTable.run_json(input(vec![deletion(1, "DELETED")])).await.unwrap();
    assert_eq!((&report["Outcome"], &report["Adopted"]), (&json!("NOT_CAPTURED"), &json!(true)));
    assert_eq!((&report["Settings"], &report["Cause"]), (&Value::Null, &json!("AccessDenied: not allowed")));
    assert_eq!(report["Details"][0], "its settings were not captured: AccessDenied: not allowed");
    let report = ReportTable.run_json(input(vec![deletion(1, "FAILED")])).await.unwrap();
    assert_eq!((&report["Outcome"], &report["Cause"]), (&json!("NOT_PRUNED"), &json!("Throttled: no 1")));
}

#[tokio::test]
async fn settings_may_be_null_but_not_missing() {
    let input = json!({ "executionArn": EXECUTION, "run": run(3, 50), "tableName": "orders",
        "backup": new_backup(), "adopted": false, "settingsFailure": null, "deletions": [],
        "prune": { "kept": 0, "ignored": 0, "stale": 0, "keptLines": [], "ignoredLines": [] } });
    let failure = ReportTable.run_json(input.clone()).await.unwrap_err();
    assert!(failure.message.contains("missing field `settings`"), "{failure}");
    let mut input = input;
    input["settings"] = Value::Null;
    assert_eq!(ReportTable.run_json(input).await.unwrap()["Settings"], Value::Null);
}
