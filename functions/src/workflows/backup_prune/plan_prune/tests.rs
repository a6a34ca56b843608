use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tablekeeper_core::testing::fake_aws::{FakeAws, backup_arn};

use super::*;
use crate::step::AnyStep;
use crate::workflows::backup_prune::testing::{EXECUTION, NEW, STARTED_AT, new_backup, run};

/// Returns an AWS with one backup per day, for this many days, oldest first, and then the run's own backup.
fn aws(days: i64) -> FakeAws {
    let started_at: DateTime<Utc> = STARTED_AT.parse().unwrap();
    let times = (1..=days).rev().map(|day| (started_at - TimeDelta::days(day)).to_rfc3339());
    times
        .fold(FakeAws::default(), |aws, time| aws.with_backup("orders", &time))
        .with_backup("orders", STARTED_AT)
}

async fn plan_by(aws: &FakeAws, run: Value) -> Result<Value, Failure> {
    let step = PlanPrune::new(&aws.clients()).unwrap();
    let input =
        json!({ "executionArn": EXECUTION, "run": run, "tableName": "orders", "backup": new_backup() });
    step.run_json(input).await
}

async fn plan(aws: &FakeAws, max_backups: u32) -> Value {
    plan_by(aws, run(max_backups, 50)).await.unwrap()
}

fn deleted(output: &Value) -> Vec<&str> {
    let delete = output["delete"].as_array().unwrap().iter();
    delete.map(|backup| backup["backupName"].as_str().unwrap()).collect()
}

const OLDEST: [&str; 3] = ["orders-20260224T020000Z", "orders-20260225T020000Z", "orders-20260226T020000Z"];

#[tokio::test]
async fn unretained_backups_are_deleted_oldest_first() {
    let output = plan(&aws(5).with_pages_of(2), 3).await;
    assert_eq!(deleted(&output), OLDEST);
    let expected = json!({
        "kept": 3, "ignored": 0, "stale": 3,
        "keptLines": [format!("{NEW}: MaxBackups"), "orders-20260228T020000Z: MaxBackups",
            "orders-20260227T020000Z: MaxBackups"],
        "ignoredLines": []
    });
    assert_eq!(output["prune"], expected);
}

#[tokio::test]
async fn a_lagging_list_does_not_change_the_deletions() {
    // The new backup is not in the list yet, or it is listed as being made.
    let not_yet = aws(5);
    not_yet.state().backups.pop();
    let in_the_making = aws(5);
    in_the_making.set_backup(5, "BackupStatus", json!("CREATING"));
    for aws in [not_yet, in_the_making] {
        let output = plan(&aws, 3).await;
        assert_eq!(deleted(&output), OLDEST);
        assert_eq!((&output["prune"]["kept"], &output["prune"]["ignored"]), (&json!(3), &json!(0)));
    }
}

#[tokio::test]
async fn ignored_backups_are_left_with_the_reason() {
    let aws = aws(4);
    aws.set_backup(0, "BackupName", json!("before-migration"));
    aws.set_backup(1, "TableId", json!("id-of-an-earlier-table"));
    aws.set_backup(2, "BackupStatus", json!("CREATING"));
    let output = plan(&aws, 1).await;
    assert_eq!(deleted(&output), ["orders-20260228T020000Z"]);
    assert_eq!(
        output["prune"]["ignoredLines"],
        json!([
            "orders-20260227T020000Z: it is not available",
            "orders-20260226T020000Z: it belongs to an earlier table of this name",
            "before-migration: it was not made by this workflow"
        ])
    );
    let mut manual = run(1, 50);
    manual["others"]["manual"] = json!(true);
    let output = plan_by(&aws, manual).await.unwrap();
    assert_eq!(deleted(&output), ["before-migration", "orders-20260228T020000Z"]);
}

#[tokio::test]
async fn age_is_judged_at_the_runs_beginning() {
    // The backup of two days ago is then exactly two days old, and so not younger.
    let mut by_age = run(1, 50);
    by_age["retention"]["maxAgeDays"] = json!(2);
    let output = plan_by(&aws(2), by_age).await.unwrap();
    assert_eq!(deleted(&output), ["orders-20260227T020000Z"]);
    let lines = json!([format!("{NEW}: MaxBackups, MaxAgeDays"), "orders-20260228T020000Z: MaxAgeDays"]);
    assert_eq!(output["prune"]["keptLines"], lines);
}

#[tokio::test]
async fn one_run_deletes_a_limited_number_and_counts_the_rest() {
    let aws = aws(503);
    let output = plan(&aws, 2).await;
    let names = deleted(&output);
    assert_eq!((names.len(), &output["prune"]["stale"]), (200, &json!(502)));
    assert!(names.is_sorted(), "oldest first, by their names' times");
    assert_eq!(names[0], "orders-20241014T020000Z");
    let mut of_many_tables = run(2, 50);
    of_many_tables["deletions"] = json!(10);
    let output = plan_by(&aws, of_many_tables).await.unwrap();
    assert_eq!((deleted(&output).len(), &output["prune"]["stale"]), (10, &json!(502)));
}

#[tokio::test]
async fn the_maximum_of_deletions_fits_an_executions_state() {
    let table = "x".repeat(255);
    let started_at: DateTime<Utc> = STARTED_AT.parse().unwrap();
    let times = (1..=203).map(|day| (started_at - TimeDelta::days(day)).to_rfc3339());
    let aws = times.fold(FakeAws::default(), |aws, time| aws.with_backup(&table, &time));
    let backup = json!({ "backupArn": backup_arn(&table, "new"), "backupName": "new",
        "tableId": format!("id-of-{table}"), "createdAt": STARTED_AT });
    let input = json!({ "executionArn": EXECUTION, "run": run(1, 50), "tableName": table, "backup": backup });
    let output = PlanPrune::new(&aws.clients()).unwrap().run_json(input).await.unwrap();
    assert_eq!(deleted(&output).len(), 200);
    let bytes = output.to_string().len();
    assert!(bytes < 200 * 1_024, "{bytes}");
}

#[tokio::test]
async fn a_run_retains_its_own_backup_despite_a_newer_one() {
    let aws = aws(2).with_backup("orders", "2026-03-01T02:00:10Z");
    let output = plan(&aws, 1).await;
    assert_eq!(deleted(&output), ["orders-20260227T020000Z", "orders-20260228T020000Z"]);
    let lines = json!(["orders-20260301T020010Z: MaxBackups", format!("{NEW}: made by this run")]);
    assert_eq!((&output["prune"]["keptLines"], &output["prune"]["stale"]), (&lines, &json!(2)));
}

#[tokio::test]
async fn lines_are_bounded_and_the_last_one_counts_the_others() {
    let aws = aws(9);
    for place in 0..4 {
        aws.set_backup(place, "BackupName", json!(format!("by-hand-{place}")));
    }
    let output = plan_by(&aws, run(9, 2)).await.unwrap();
    let retained = json!([format!("{NEW}: MaxBackups"), "orders-20260228T020000Z: MaxBackups", "and 4 more"]);
    let left = "it was not made by this workflow";
    let ignored = json!([format!("by-hand-3: {left}"), format!("by-hand-2: {left}"), "and 2 more"]);
    assert_eq!((&output["prune"]["keptLines"], &output["prune"]["ignoredLines"]), (&retained, &ignored));
    let exactly = plan_by(&aws, run(9, 6)).await.unwrap();
    assert_eq!(exactly["prune"]["keptLines"].as_array().unwrap().len(), 6, "nothing is left to count");
    aws.set_backup(3, "BackupName", json!("x".repeat(400)));
    let output = plan_by(&aws, run(9, 2)).await.unwrap();
    assert_eq!(output["prune"]["ignoredLines"][0], format!("{}…", "x".repeat(300)));
}

#[tokio::test]
async fn refused_calls_have_their_error_names_and_only_the_list_is_read() {
    let allowed = aws(3);
    plan(&allowed, 1).await;
    assert!(allowed.state().calls.iter().all(|call| call.action == "dynamodb:ListBackups"));
    for (code, name) in [
        ("AccessDeniedException", ErrorName::AccessDenied),
        ("ThrottlingException", ErrorName::Throttled),
        ("ValidationException", ErrorName::RequestRefused),
    ] {
        let aws = aws(3);
        aws.refuse("dynamodb:ListBackups", code);
        assert_eq!(plan_by(&aws, run(1, 50)).await.unwrap_err().name, name);
    }
}
