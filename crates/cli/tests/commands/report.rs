//! `report`, on the state machine that stands in for that of `export-table`.

use serde_json::{Value, json};

use crate::executions::shell;
use crate::shell::stack;

#[tokio::test]
async fn a_report_is_a_page_and_a_document() {
    let shell = shell("497000000071").await;
    let failed = shell.run(&["run", "export-table", "--set", "TableName=broken", "--follow"]).await;
    assert_eq!(failed.code, Some(1), "{}", failed.remarks);

    let written = shell.done(&["report", "latest", "--output", "reports"]).await;
    let page = written.data.trim();
    assert!(page.starts_with("reports/export-table-by-hand-broken-"), "{page}");
    assert!(written.remarks.contains("export-table failed by ExportFailed after"), "{}", written.remarks);
    let read = |path: &str| std::fs::read_to_string(shell.path(path)).unwrap();
    let html = read(page);
    for part in
        ["<!DOCTYPE html>", "export-table failed by ExportFailed", "the table is DELETING", ">Broken<"]
    {
        assert!(html.contains(part), "{part} is missing in {html}");
    }
    let document: Value = serde_json::from_str(&read(&page.replace(".html", ".json"))).unwrap();
    assert_eq!(document["Failure"], json!({ "Error": "ExportFailed", "Cause": "the table is DELETING" }));
    let names: Vec<&Value> =
        document["States"].as_array().unwrap().iter().map(|state| &state["Name"]).collect();
    assert_eq!(names[..2], ["Choose", "Broken"]);
    assert_eq!(document["Taken"], json!([{ "From": "Choose", "To": "Broken" }]));
    let printed = shell.done(&["report", "latest", "--json"]).await.json();
    assert_eq!((&printed["Sentence"], &printed["Taken"]), (&document["Sentence"], &document["Taken"]));
}

#[tokio::test]
async fn items_are_shown_only_if_asked_for() {
    let account = "497000000074";
    let shell = shell(account).await;
    let client = aws_sdk_sfn::Client::new(&stack().await.config(account).await);
    let machines = client.list_state_machines().send().await.unwrap().state_machines;
    let start = client.start_execution().state_machine_arn(&machines[0].state_machine_arn);
    let input = json!({ "TableName": "broken", "Keys": [{ "id": { "S": "secret" } }] });
    start.input(input.to_string()).send().await.unwrap();
    let input = async |options: &[&str]| {
        shell.done(&[&["report", "latest", "--json"], options].concat()).await.json()["Input"]["Keys"].clone()
    };
    assert_eq!(input(&[]).await, "(left out)");
    assert_eq!(input(&["--items"]).await, json!([{ "id": { "S": "secret" } }]));
}

#[tokio::test]
async fn a_report_of_a_success_says_what_was_done() {
    let shell = shell("497000000072").await;
    shell.done(&["run", "export-table", "--table", "orders", "--follow"]).await;
    let document = shell.done(&["report", "latest", "--json"]).await.json();
    assert_eq!(document["Outcome"], json!(["exported 1 item (20 B) of orders to s3://b/m"]));
    assert_eq!(document["Timeline"].as_array().unwrap().len(), 2, "{}", document["Timeline"]);
    assert_eq!(document["Status"], "SUCCEEDED");
}

#[tokio::test]
async fn an_unknown_execution_and_an_unwritable_directory_are_sentences() {
    let shell = shell("497000000073").await;
    let unknown = shell.run(&["report", "nobody"]).await;
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.remarks.contains("there is no execution nobody"), "{}", unknown.remarks);
    shell.done(&["run", "export-table", "--table", "orders", "--follow"]).await;
    std::fs::write(shell.path("file"), "").unwrap();
    let refused = shell.run(&["report", "latest", "--output", "file/reports"]).await;
    assert_eq!(refused.code, Some(1));
    assert!(refused.remarks.contains("cannot create the directory file/reports"), "{}", refused.remarks);
}
