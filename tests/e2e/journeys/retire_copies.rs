//! Tests `retire-copies` as its users see it: between rotations and rollbacks.

use std::sync::Arc;

use aws_sdk_ssm::types::ParameterType;
use serde_json::{Value, json};
use tablekeeper_core::aws::own_tag::{self, RETIRING};
use tablekeeper_core::clock::Clock;
use tablekeeper_core::retire::mark::{Mark, remove, set};
use tablekeeper_tests::harness::run::{Execution, ended};
use tablekeeper_tests::workflows::retire_copies::{BASE, COPIES, make_copies, workflow};
use tablekeeper_tests::workflows::rotate_restore::{PARAMETER, pointer, table_arn, workflow as rotations};
use tablekeeper_tests::workflows::sync_settings::before;
use tablekeeper_tests::{Deployed, until_some};

crate::of_every_workflow!(retire_copies);

async fn execute(deployed: &Deployed, output: &str, name: &str, input: &Value) -> Execution {
    let start = deployed.sfn.start_execution().state_machine_arn(deployed.output(output)).name(name);
    let arn = start.input(input.to_string()).send().await.unwrap().execution_arn;
    until_some("the execution to end", async || ended(deployed, &arn).await).await
}

async fn is_marked(deployed: &Deployed, table: &str) -> bool {
    let tags = own_tag::own(&deployed.dynamodb, &table_arn(deployed, table)).await.unwrap();
    tags.unwrap().contains_key(RETIRING)
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_rolls_back_to_a_copy_that_is_being_retired() {
    let deployed = Deployed::new(&rotations()).await;
    make_copies(&deployed).await;
    let table = table_arn(&deployed, COPIES[0]);
    let mark = Mark::new("arn:retirer", Clock::System.now());
    assert!(set(&deployed.dynamodb, &table, &mark).await.unwrap());
    let back = json!({ "SSMParameterName": PARAMETER, "To": COPIES[0] });
    let refused = execute(&deployed, "RollbackStateMachineArn", "refused", &back).await;
    assert_eq!(refused.error.as_deref(), Some("TableRetiring"), "{refused:?}");
    assert_eq!(refused.entered.last().unwrap(), "Pointer Not Moved", "{refused:?}");
    assert_eq!(pointer(&deployed).await, Some(table_arn(&deployed, COPIES[2])));

    remove(&deployed.dynamodb, &table).await.unwrap();
    let done = execute(&deployed, "RollbackStateMachineArn", "done", &back).await;
    assert_eq!(done.entered.last().unwrap(), "Complete", "{done:?}");
    assert_eq!(pointer(&deployed).await, Some(table));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_rollback_pointed_at_stays_and_has_no_mark() {
    let deployed = Deployed::new(&workflow()).await;
    make_copies(&deployed).await;
    let label = deployed.ssm.label_parameter_version().name(PARAMETER).parameter_version(1).labels("pinned");
    label.send().await.unwrap();
    let put = deployed.ssm.put_parameter().name("/another").overwrite(true).value(COPIES[0]);
    put.r#type(ParameterType::String).send().await.unwrap();
    let input = json!({ "TableName": BASE, "Keep": 1 });
    let execution = execute(&deployed, "StateMachineArn", "retire", &input).await;
    assert_eq!(execution.entered.last().unwrap(), "Complete", "{execution:?}");
    let reason = |table: &str| {
        let copies = execution.output["Copies"].as_array().unwrap();
        copies.iter().find(|copy| copy["TableName"] == table).unwrap()["Reason"].clone()
    };
    assert_eq!(reason(COPIES[0]), "/another points at it (current)");
    assert!(
        reason(COPIES[2]).as_str().unwrap().contains(&format!("{PARAMETER} points at it (current, pinned)"))
    );
    assert_eq!(execution.output["Retired"], 1);
    let left = deployed.dynamodb.list_tables().send().await.unwrap().table_names.unwrap();
    assert_eq!(left, [COPIES[0], COPIES[2]]);
    assert!(!is_marked(&deployed, COPIES[0]).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_stays_after_all_loses_its_mark() {
    let deployed = Arc::new(Deployed::new(&workflow()).await);
    make_copies(&deployed).await;
    // Between the marking and the last look.
    before(&deployed, ("retire-copies.delete-copy", "dynamodb:ListTables"), |deployed| async move {
        let protect =
            deployed.dynamodb.update_table().table_name(COPIES[0]).deletion_protection_enabled(true);
        protect.send().await.unwrap();
    })
    .await;
    let input = json!({ "TableName": BASE, "Keep": 2, "BackUp": false });
    let execution = execute(&deployed, "StateMachineArn", "retire", &input).await;
    assert!(execution.entered.iter().any(|state| state == "Unmark Copy"), "{execution:?}");
    assert_eq!(execution.output["Copies"][0]["Reason"], "deletion protection is on");
    assert!(!is_marked(&deployed, COPIES[0]).await);
}
