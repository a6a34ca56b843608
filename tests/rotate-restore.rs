//! `rotate-restore` as its users meet it: AWS Backup's own notification, the console, the outputs.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code: a broken assumption is a failed test"
)]

use std::sync::Arc;

use aws_sdk_backup::types::BackupVaultEvent;
use serde_json::{Value, json};
use tablekeeper_functions::rotate_restore::decision::execution_name;
use tablekeeper_tests::run::{BY_HAND, Execution, deliver, ended, invoke_start, start_by_hand};
use tablekeeper_tests::workflows::rotate_restore::{
    PARAMETER, SOURCE, TARGET, input, make_backup, make_table, notification, point_at, pointer, table_arn,
    workflow,
};
use tablekeeper_tests::{Deployed, until, until_some};

async fn end_of(deployed: &Deployed, name: &str) -> Execution {
    let arn = format!("{}:{name}", deployed.machine().replace(":stateMachine:", ":execution:"));
    until_some("the execution to end", async || {
        let list = deployed.sfn.list_executions().state_machine_arn(deployed.machine()).send().await.unwrap();
        let started = list.executions.iter().any(|execution| execution.execution_arn == arn);
        if started { ended(deployed, &arn).await } else { None }
    })
    .await
}

async fn by_hand(deployed: &Deployed, input: &Value) -> Execution {
    start_by_hand(deployed, input).await;
    end_of(deployed, BY_HAND).await
}

async fn executions(deployed: &Deployed) -> usize {
    let list = deployed.sfn.list_executions().state_machine_arn(deployed.machine()).send().await.unwrap();
    list.executions.len()
}

/// A vault of AWS Backup that tells a topic, and the workflow listening to it; the job's id.
async fn back_up(deployed: &mut Deployed, advanced: bool) -> String {
    let topic = deployed.sns.create_topic().name("backups").send().await.unwrap().topic_arn.unwrap();
    let backup = deployed.backup.clone();
    backup
        .update_region_settings()
        .resource_type_management_preference("DynamoDB", advanced)
        .send()
        .await
        .unwrap();
    backup.create_backup_vault().backup_vault_name("vault").send().await.unwrap();
    let notify = backup.put_backup_vault_notifications().backup_vault_name("vault").sns_topic_arn(&topic);
    notify.backup_vault_events(BackupVaultEvent::BackupJobCompleted).send().await.unwrap();
    deployed.deploy(&workflow(), &[("BackupSNSTopicARN", topic)]).await;
    make_table(deployed, SOURCE).await;
    let start = backup.start_backup_job().backup_vault_name("vault").iam_role_arn("arn:aws:iam::1:role/r");
    start.resource_arn(table_arn(deployed, SOURCE)).send().await.unwrap().backup_job_id.unwrap()
}

async fn a_backup_becomes_a_table(advanced: bool) {
    let mut deployed = Deployed::empty_account().await;
    point_at(&deployed, "orders-staging-20200101-00-00-00").await;
    let job = back_up(&mut deployed, advanced).await;
    let execution = end_of(&deployed, &execution_name(&job)).await;
    assert_eq!(execution.entered.last().unwrap(), "Complete", "{execution:?}");

    let table = &execution.output["DescribeTableOutput"]["Table"];
    let name = table["TableName"].as_str().unwrap();
    assert!(name.starts_with("orders-staging-20"), "{name}");
    assert_eq!(pointer(&deployed).await, Some(table_arn(&deployed, name)));
    let items = |table: &str| {
        deployed.dynamodb.scan().table_name(table).into_paginator().items().send().try_collect()
    };
    let sort = |mut items: Vec<std::collections::HashMap<_, _>>| {
        items.sort_by_key(|item| format!("{:?}", item["id"]));
        items
    };
    let (source, restored) = (items(SOURCE).await.unwrap(), items(name).await.unwrap());
    assert_eq!(source.len(), 5);
    assert_eq!(sort(restored), sort(source));

    let job_id = &execution.output["RestoreTableFromBackupOutput"]["RestoreJobId"];
    assert_eq!(job_id.is_string(), advanced, "{job_id}");
}

#[tokio::test(flavor = "multi_thread")]
async fn aws_backups_own_notification_of_a_dynamodb_backup_makes_a_table() {
    a_backup_becomes_a_table(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn aws_backups_own_notification_of_a_recovery_point_makes_a_table() {
    a_backup_becomes_a_table(true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notification_that_comes_six_times_restores_once() {
    let deployed = Arc::new(Deployed::of(&workflow()).await);
    make_table(&deployed, SOURCE).await;
    let event = notification(&deployed, &make_backup(&deployed).await);
    let mut deliveries = tokio::task::JoinSet::new();
    for _ in 0..5 {
        let (deployed, event) = (Arc::clone(&deployed), event.clone());
        deliveries.spawn(async move { invoke_start(&deployed, &event).await });
    }
    let mut outcomes: Vec<Value> = deliveries.join_all().await;
    let name = execution_name("3f1c9a5e-0b7d-4c62-9b1a-5d0e8f2a7c44");
    assert_eq!(end_of(&deployed, &name).await.entered.last().unwrap(), "Complete");
    outcomes.push(invoke_start(&deployed, &event).await);
    let count = |outcome: &str| outcomes.iter().filter(|it| it["records"][0]["outcome"] == outcome).count();
    assert_eq!((count("started"), count("duplicate")), (1, 5), "{outcomes:?}");
    assert_eq!(executions(&deployed).await, 1);
    let tables = deployed.dynamodb.list_tables().send().await.unwrap().table_names.unwrap();
    assert_eq!(tables, [SOURCE, TARGET]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_ends_in_the_dead_letter_queue_with_its_reason() {
    let deployed = Deployed::of(&workflow()).await;
    make_table(&deployed, SOURCE).await;
    let mut event = notification(&deployed, &make_backup(&deployed).await);
    event["Records"][0]["Sns"]["MessageAttributes"]["StartTime"]["Value"] = json!("yesterday");
    deliver(&deployed, &event).await;
    let letter = until_some("a dead letter", async || deployed.dead_letters().await.pop()).await;
    assert_eq!(letter["responsePayload"]["errorType"], "MalformedNotification");
    assert!(letter["responsePayload"]["errorMessage"].as_str().unwrap().contains("`yesterday`"), "{letter}");
    assert_eq!(letter["requestPayload"], event);
    assert_eq!(executions(&deployed).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_parameter_the_execution_still_ends_with_a_usable_table() {
    let deployed = Deployed::of(&workflow()).await;
    make_table(&deployed, SOURCE).await;
    let mut input = input(&deployed, &make_backup(&deployed).await);
    input["SSMParameterName"] = json!("");
    let execution = by_hand(&deployed, &input).await;
    assert_eq!(execution.entered.last().unwrap(), "Complete", "{execution:?}");
    let output = &execution.output;
    assert_eq!(output["DescribeTableOutput"]["Table"]["TableStatus"], "ACTIVE");
    assert_eq!(output["UpdateSSMParameterOutput"]["Outcome"], "Skipped");
    assert_eq!(output["RestoreTableFromBackupOutput"]["TableDescription"]["TableStatus"], "CREATING");
    for (field, value) in input.as_object().unwrap() {
        assert_eq!(&output[field], value, "the output repeats the input");
    }
    assert_eq!(pointer(&deployed).await, None);
    let looks = execution.entered.iter().filter(|state| *state == "Check Restore").count();
    assert!(looks >= 2, "the table was ready at once, and nothing was waited for: {:?}", execution.entered);
}

#[tokio::test(flavor = "multi_thread")]
async fn executions_that_end_out_of_order_leave_the_newest() {
    let deployed = Deployed::of(&workflow()).await;
    make_table(&deployed, SOURCE).await;
    let older = input(&deployed, &make_backup(&deployed).await);
    let mut newer = input(&deployed, &make_backup(&deployed).await);
    newer["BackupSnsMessage"]["StartTime"] = json!("2026-03-02T02:00:00Z");
    let start = deployed.sfn.start_execution().state_machine_arn(deployed.machine()).name("newer");
    start.input(newer.to_string()).send().await.unwrap();
    end_of(&deployed, "newer").await;
    let execution = by_hand(&deployed, &older).await;
    assert_eq!(execution.output["UpdateSSMParameterOutput"]["Outcome"], "PointerIsNewer", "{execution:?}");
    let newest = table_arn(&deployed, "orders-staging-20260302-02-00-00");
    assert_eq!(pointer(&deployed).await, Some(newest));
    let versions = deployed.ssm.get_parameter_history().name(PARAMETER).send().await.unwrap();
    assert_eq!(versions.parameters.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_an_override_leaves_out_is_not_restored() {
    let deployed = Deployed::of(&workflow()).await;
    make_table(&deployed, SOURCE).await;
    let mut input = input(&deployed, &make_backup(&deployed).await);
    input["GlobalSecondaryIndexOverride"] = json!([]);
    let execution = by_hand(&deployed, &input).await;
    assert_eq!(execution.entered.last().unwrap(), "Complete", "{execution:?}");
    let table = deployed.dynamodb.describe_table().table_name(TARGET).send().await.unwrap().table.unwrap();
    assert_eq!(table.global_secondary_indexes(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_persons_mistakes_are_answered_in_words() {
    let deployed = Deployed::of(&workflow()).await;
    let right = input(&deployed, &format!("{}/backup/1", table_arn(&deployed, SOURCE)));
    for (number, (pointer, wrong, name, words)) in [
        ("/SourcePattern", json!("("), "InvalidPattern", "unclosed group"),
        ("/SourcePattern", json!("^customers"), "InvalidInput", "does not match SourcePattern `^customers`"),
        ("/ReplacementPattern", json!("/"), "InvalidTargetName", "holds `/`"),
        ("/SSMParameterName", json!("a b"), "InvalidParameterName", "`a b`"),
        ("/BackupSnsMessage", json!({}), "InvalidInput", "missing field `RecoveryPointArn`"),
        ("/BackupSnsMessage/RecoveryPointArn", json!("arn"), "InvalidInput", "neither a DynamoDB backup"),
    ]
    .into_iter()
    .enumerate()
    {
        let mut input = right.clone();
        *input.pointer_mut(pointer).unwrap() = wrong;
        let execution_name = format!("mistake-{number}");
        let start =
            deployed.sfn.start_execution().state_machine_arn(deployed.machine()).name(&execution_name);
        start.input(input.to_string()).send().await.unwrap();
        let execution = end_of(&deployed, &execution_name).await;
        assert_eq!(execution.entered.last().unwrap(), "Input Refused", "{execution:?}");
        assert_eq!(execution.error.as_deref(), Some(name));
        let cause: Value = serde_json::from_str(&execution.cause.unwrap()).unwrap();
        assert!(cause["errorMessage"].as_str().unwrap().contains(words), "{cause}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_kind_of_job_is_filtered_by_the_subscription() {
    let mut deployed = Deployed::empty_account().await;
    let job = back_up(&mut deployed, false).await;
    end_of(&deployed, &execution_name(&job)).await;
    let topic = deployed.sns.create_topic().name("backups").send().await.unwrap().topic_arn.unwrap();
    let attribute = |value: &str| {
        let attribute = aws_sdk_sns::types::MessageAttributeValue::builder().data_type("String");
        attribute.string_value(value).build().unwrap()
    };
    let publish = deployed.sns.publish().topic_arn(topic).message("An AWS Backup job failed.");
    let publish = publish.message_attributes("EventType", attribute("BACKUP_JOB"));
    publish.message_attributes("State", attribute("FAILED")).send().await.unwrap();
    // The subscription's filter lets the next one through, which shows that the one before was dropped.
    let second =
        deployed.backup.start_backup_job().backup_vault_name("vault").iam_role_arn("arn:aws:iam::1:role/r");
    let second =
        second.resource_arn(table_arn(&deployed, SOURCE)).send().await.unwrap().backup_job_id.unwrap();
    end_of(&deployed, &execution_name(&second)).await;
    until("both executions to be listed", async || executions(&deployed).await == 2).await;
    assert!(deployed.dead_letters().await.is_empty());
}
