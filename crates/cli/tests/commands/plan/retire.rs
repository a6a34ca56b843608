//! `tablekeeper plan retire` on copies of the local stack.

use aws_sdk_dynamodb::types::Tag;
use aws_sdk_ssm::types::ParameterType;
use serde_json::json;

use super::support::Account;
use crate::shell::{CommandOutput, stack};

/// Copies of three days, the oldest first.
const COPIES: [&str; 3] =
    ["orders-20260301-02-00-00", "orders-20260302-02-00-00", "orders-20260303-02-00-00"];

async fn with_copies(name: &'static str) -> Account {
    let account = Account::with_table(name).await;
    for copy in COPIES {
        account.create(copy, "id", false).await;
        let arn = format!("arn:aws:dynamodb:us-east-1:{name}:table/{copy}");
        let tag = Tag::builder().key("tablekeeper:recovery-point").value("r").build().unwrap();
        account.dynamodb.tag_resource().resource_arn(arn).tags(tag).send().await.unwrap();
    }
    account
}

async fn point_at(account: &'static str, value: &str) {
    let ssm = aws_sdk_ssm::Client::new(&stack().await.config(account).await);
    let put = ssm.put_parameter().name("/p").r#type(ParameterType::String).overwrite(true);
    put.value(value).send().await.unwrap();
}

async fn plan(account: &Account, line: &str) -> CommandOutput {
    account.plan_of("retire", "us-east-1", &line.split(' ').collect::<Vec<_>>()).await
}

#[tokio::test]
async fn every_copy_has_its_fate_and_nothing_is_changed() {
    let account = with_copies("420000000301").await;
    point_at("420000000301", COPIES[0]).await;
    let output = plan(&account, "--table orders --keep 1").await;
    assert_eq!(output.code, Some(3), "{}", output.remarks);
    let lines: Vec<&str> = output.data.lines().skip(3).collect();
    assert_eq!(
        lines,
        [
            "  = orders-20260303-02-00-00  kept: it is one of the newest 1 (Keep)",
            "  - orders-20260302-02-00-00  would be deleted: no rule keeps it",
            "  = orders-20260301-02-00-00  kept: /p points at it (current)",
            "",
            "Plan: 2 kept, 1 to delete."
        ]
    );
    let tables = account.dynamodb.list_tables().send().await.unwrap().table_names.unwrap();
    assert_eq!(tables.len(), 4, "{tables:?}");
}

#[tokio::test]
async fn the_json_has_the_rules() {
    let account = with_copies("420000000302").await;
    let output = plan(&account, "--pattern ^orders$ --keep 1 --older-than-days 1 --json").await;
    assert_eq!(output.code, Some(0), "{}", output.remarks);
    let plan = output.json();
    assert_eq!(plan["retire"], json!([]));
    let rules = |index: usize| {
        let reasons = plan["keep"][index]["reasons"].as_array().unwrap().iter();
        reasons.map(|reason| reason["rule"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(
        (rules(0), rules(2)),
        (vec!["young".to_owned(), "newest".to_owned()], vec!["young".to_owned()])
    );
    assert_eq!(plan["keep"][0]["tableName"], COPIES[2]);
}

#[tokio::test]
async fn an_unusable_option_is_refused_with_its_name() {
    let account = Account::with_table("420000000303").await;
    let output = plan(&account, "--table orders --keep 0").await;
    assert_eq!(output.code, Some(2), "{}", output.remarks);
    assert!(output.remarks.contains("--keep is `0`; it must be between 1 and 10000"), "{}", output.remarks);
}
