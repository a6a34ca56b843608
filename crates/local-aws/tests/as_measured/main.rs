//! Compares the local stack with measurements of AWS.
//!
//! A row is a fact with the id of its measurement: calls that bring about a state, and the responses of the last ones.
//! `DDB-…` ids are those of the ACK DynamoDB controller's `docs/api-quirks`. `stackd …` names a recording in
//! `testdata/aws` of radkawar/stackd. A row that the local stack does not meet gives the reason, and
//! docs/local-stack.md lists it.

#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../local_stack/client.rs"]
#[allow(dead_code, reason = "the other tests of the stack use more of it")]
mod client;
mod row;

use std::collections::BTreeSet;

use row::Row;

/// Returns the rows of each file.
fn rows() -> Vec<(&'static str, Vec<Row>)> {
    let read = |text: &str| serde_json::from_str::<Vec<Row>>(text).unwrap();
    vec![
        ("restores", read(include_str!("rows/restores.json"))),
        ("backups", read(include_str!("rows/backups.json"))),
        ("settings", read(include_str!("rows/settings.json"))),
        ("changes", read(include_str!("rows/changes.json"))),
        ("unmet", read(include_str!("rows/unmet.json"))),
    ]
}

/// Runs the rows of a file, each in its own account, and reports all rows that are not met.
async fn hold(file: &str, first_account: u64) {
    let rows = rows().into_iter().find(|(name, _)| *name == file).unwrap().1;
    assert!(!rows.is_empty());
    let mut wrong = Vec::new();
    for (account, row) in (first_account..).zip(&rows) {
        if let Err(difference) = row.run(&account.to_string()).await {
            wrong.push(format!("{} ({}): {difference}", row.id, row.fact));
        }
    }
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

#[tokio::test]
async fn restores() {
    hold("restores", 320_000_000_000).await;
}

#[tokio::test]
async fn backups() {
    hold("backups", 321_000_000_000).await;
}

#[tokio::test]
async fn settings() {
    hold("settings", 322_000_000_000).await;
}

#[tokio::test]
async fn changes() {
    hold("changes", 323_000_000_000).await;
}

#[test]
fn every_row_is_one_fact_and_the_docs_list_those_that_are_not_met() {
    let docs = std::fs::read_to_string(local_aws::workspace_root().join("docs/local-stack.md")).unwrap();
    let mut facts = BTreeSet::new();
    for (file, rows) in rows() {
        for row in rows {
            assert!(facts.insert(row.fact.clone()), "{} is listed twice", row.fact);
            assert_eq!(row.unmet.is_some(), file == "unmet", "{}", row.id);
            assert_eq!(row.steps.is_empty(), file == "unmet", "{}", row.id);
            if let Some(reason) = &row.unmet {
                let line = format!("| {} | {} | {reason} |", row.id, row.fact);
                assert!(docs.contains(&line), "docs/local-stack.md lacks\n{line}");
            }
        }
    }
}
