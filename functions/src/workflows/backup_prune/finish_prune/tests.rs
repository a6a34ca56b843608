use serde_json::{Value, json};

use super::*;
use crate::step::AnyStep;
use crate::workflows::backup_prune::testing::EXECUTION;

fn done(table: &str) -> Value {
    json!({
        "TableName": table, "Outcome": "DONE", "BackupArn": "arn", "Adopted": false, "Settings": null, "Kept": 3, "Deleted": 1,
        "NotDeleted": 0, "Ignored": 2, "Details": ["deleted old"], "Error": null, "Cause": null
    })
}

fn not_pruned(table: &str, cause: &str) -> Value {
    let mut report = done(table);
    report["Outcome"] = json!("NOT_PRUNED");
    report["NotDeleted"] = json!(1);
    report["Cause"] = json!(cause);
    report
}

/// Returns the report of a failed table, as the state machine writes it.
fn failed(table: &str, error: &str, cause: &str) -> Value {
    json!({ "TableName": table, "Outcome": "FAILED", "Error": error, "Cause": cause })
}

async fn finish(reports: Vec<Value>) -> Result<Value, Failure> {
    FinishPrune.run_json(json!({ "executionArn": EXECUTION, "reports": reports })).await
}

#[tokio::test]
async fn after_a_success_the_reports_are_the_output() {
    let reports = vec![done("orders"), done("customers")];
    assert_eq!(finish(reports.clone()).await.unwrap(), json!({ "Tables": reports }));
}

#[tokio::test]
async fn after_a_failure_every_table_has_a_line_failed_ones_first() {
    let failure = finish(vec![
        done("orders"),
        not_pruned("customers", "Throttled: too many"),
        failed(
            "audit",
            "SourceTableMissing",
            r#"{"errorType": "SourceTableMissing", "errorMessage": "table audit does not exist"}"#,
        ),
    ])
    .await
    .unwrap_err();
    assert_eq!(failure.name, ErrorName::TablesFailed);
    assert_eq!(
        failure.message,
        "2 of 3 tables were not backed up and pruned as they should be:\n\
         customers: backed up, but 1 not deleted: Throttled: too many\n\
         audit: failed: SourceTableMissing: table audit does not exist\n\
         orders: backed up, 1 deleted, 3 kept"
    );
}

#[tokio::test]
async fn one_failed_table_fails_the_execution_and_its_cause_is_cut() {
    let failure = finish(vec![failed("orders", "BackupFailed", &"x".repeat(999))]).await.unwrap_err();
    let expected = format!(
        "1 of 1 tables were not backed up and pruned as they should be:\n\
         orders: failed: BackupFailed: {}…",
        "x".repeat(300)
    );
    assert_eq!(failure.message, expected);
}

#[tokio::test]
async fn the_message_for_the_maximum_of_tables_is_bounded() {
    let table = |number: usize| failed(&format!("{number:0>255}"), "BackupFailed", &"x".repeat(300));
    let failure = finish((0..150).map(table).collect()).await.unwrap_err();
    assert!(failure.message.chars().count() < 20_200, "{}", failure.message.len());
    assert!(failure.message.starts_with("150 of 150 tables were not"));
}

#[tokio::test]
async fn an_unknown_report_is_rejected() {
    let failure = finish(vec![json!({ "TableName": "orders", "Outcome": "FAILED" })]).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::InvalidInput);
}
