use serde_json::{Value, json};

use super::*;
use crate::step::AnyStep;
use crate::workflows::export_table::testing::EXECUTION;

fn done(table: &str) -> Value {
    json!({ "TableName": table, "Outcome": "DONE", "Mode": "SCAN", "Manifest": "s3://bucket/m", "ItemCount": 3,
        "Bytes": 90, "Files": 2, "Settings": null, "Notes": [], "Error": null, "Cause": null })
}

fn failed(table: &str) -> Value {
    json!({ "TableName": table, "Outcome": "FAILED", "Error": "AccessDenied",
        "Cause": r#"{"errorType":"AccessDenied","errorMessage":"no right"}"# })
}

async fn report(reports: &[Value]) -> Result<Value, Failure> {
    report_with(reports, 0).await
}

async fn report_with(reports: &[Value], left_out: u32) -> Result<Value, Failure> {
    let input = json!({ "executionArn": EXECUTION, "reports": reports, "leftOut": left_out });
    ReportExports.run_json(input).await
}

#[tokio::test]
async fn a_success_has_the_report_of_every_table() {
    let output = report(&[done("abc"), done("bcd")]).await.unwrap();
    assert_eq!(output, json!({ "Tables": [done("abc"), done("bcd")] }));
    assert_eq!(report(&[]).await.unwrap(), json!({ "Tables": [] }));
}

#[tokio::test]
async fn a_failed_table_fails_the_execution_with_a_line_for_each_table() {
    let failure = report(&[done("abc"), failed("bcd"), done("cde")]).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::TablesFailed);
    assert_eq!(
        failure.message,
        "1 of 3 tables were not exported:\nbcd: failed: AccessDenied: no right\nabc: 3 items exported, in 2 files\n\
         cde: 3 items exported, in 2 files"
    );
}

#[tokio::test]
async fn tables_that_were_left_out_fail_the_execution() {
    let failure = report_with(&[done("abc"), failed("bcd")], 2).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::TablesFailed);
    let expected =
        "3 of 4 tables were not exported, 2 of them because one execution exports at most 100, the first";
    assert!(failure.message.starts_with(expected), "{failure}");
    assert!(report_with(&[done("abc")], 1).await.is_err());
}

#[tokio::test]
async fn an_unknown_report_is_rejected() {
    let failure = report(&[json!({ "TableName": "abc" })]).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::InvalidInput);
}
