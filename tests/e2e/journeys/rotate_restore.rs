//! Tests `rotate-restore` as its users see it: AWS Backup's own notification, the console, the outputs.

use std::sync::Arc;

use aws_sdk_backup::types::BackupVaultEvent;
use aws_sdk_sfn::types::{HistoryEvent, HistoryEventType};
use aws_sdk_sns::types::MessageAttributeValue;
use local_aws::{Fault, FaultKind, InjectedFault, ListedFault, RemoteFaults, workspace_root};
use serde_json::{Value, json};
use tablekeeper_core::rotation::decision::execution_name;
use tablekeeper_core::rotation::naming::split_time;
use tablekeeper_tests::harness::run::{
    BY_HAND, Execution, deliver, end_of, executions, invoke_start, start_by_hand, starts,
};
use tablekeeper_tests::workflows::rotate_restore::{
    PARAMETER, SOURCE, TARGET, input, make_backup, make_table, notification, point_at, pointer, table_arn,
    workflow,
};
use tablekeeper_tests::workflows::sync_settings::{self, before, inject};
use tablekeeper_tests::{Deployed, stack, until, until_some};

crate::of_every_workflow!(rotate_restore);

async fn by_hand(deployed: &Deployed, input: &Value) -> Execution {
    start_by_hand(deployed, input).await;
    end_of(deployed, BY_HAND).await
}

/// Creates a vault of AWS Backup that notifies a topic, deploys the workflow for that topic, and starts a backup job.
/// Returns the job's id.
async fn back_up(deployed: &mut Deployed, advanced: bool) -> String {
    back_up_with(deployed, advanced, &[]).await
}

/// Backs up as [`back_up`] does, with additional parameters of the template.
async fn back_up_with(deployed: &mut Deployed, advanced: bool, further: &[(&str, String)]) -> String {
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
    let parameters = [&[("BackupSNSTopicARN", topic)], further].concat();
    deployed.deploy(&workflow(), &parameters).await;
    make_table(deployed, SOURCE).await;
    back_up_again(deployed).await
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
async fn a_notification_of_aws_backup_about_a_dynamodb_backup_creates_a_table() {
    a_backup_becomes_a_table(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notification_of_aws_backup_about_a_recovery_point_creates_a_table() {
    a_backup_becomes_a_table(true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notification_that_comes_six_times_restores_once() {
    let deployed = Arc::new(Deployed::new(&workflow()).await);
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
    // While the execution runs, Step Functions may respond to the same name and input as to a new execution.
    let outcome = |response: &Value| response["records"][0]["outcome"].as_str().unwrap().to_owned();
    let outcomes: Vec<String> = outcomes.iter().map(outcome).collect();
    assert!(
        outcomes.iter().all(|outcome| ["started", "duplicate"].contains(&outcome.as_str())),
        "{outcomes:?}"
    );
    assert!(outcomes.iter().any(|outcome| outcome == "started"), "{outcomes:?}");
    assert_eq!(outcomes[5], "duplicate", "the execution had ended");
    assert_eq!(executions(&deployed).await, 1);
    let tables = deployed.dynamodb.list_tables().send().await.unwrap().table_names.unwrap();
    assert_eq!(tables, [SOURCE, TARGET]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreadable_event_ends_in_the_dead_letter_queue_with_its_reason() {
    let deployed = Deployed::new(&workflow()).await;
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
    let deployed = Deployed::new(&workflow()).await;
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
    let polls = execution.entered.iter().filter(|state| *state == "Check Restore").count();
    assert!(polls >= 2, "the table was ready at once, and nothing was waited for: {:?}", execution.entered);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sync_gets_the_source_of_the_restore() {
    let mut deployed = Deployed::new(&sync_settings::workflow()).await;
    let sync = deployed.machine().to_owned();
    deployed.deploy(&workflow(), &[("SyncSettingsStateMachineArn", sync.clone())]).await;
    make_table(&deployed, SOURCE).await;
    let backup = make_backup(&deployed).await;
    let execution = by_hand(&deployed, &input(&deployed, &backup)).await;
    assert_eq!(execution.entered.last().unwrap(), "Complete", "{execution:?}");
    let listed = deployed.sfn.list_executions().state_machine_arn(sync).send().await.unwrap();
    let [nested] = listed.executions() else { panic!("not one sync: {listed:?}") };
    let nested =
        deployed.sfn.describe_execution().execution_arn(nested.execution_arn()).send().await.unwrap();
    let given: Value = serde_json::from_str(nested.input().unwrap()).unwrap();
    let expected = json!({ "Source": table_arn(&deployed, SOURCE), "Target": table_arn(&deployed, TARGET),
        "BackupArn": backup });
    assert_eq!(given, expected);
}

/// In the other tests an injected throttle asks the SDK to retry at once.
#[tokio::test(flavor = "multi_thread")]
async fn a_throttled_step_waits_as_long_as_on_aws() {
    let deployed = Deployed::new(&workflow()).await;
    make_table(&deployed, SOURCE).await;
    let input = input(&deployed, &make_backup(&deployed).await);
    let proxy = stack().await.aws.proxy();
    proxy.keep_real_backoff(&deployed.account);
    let (step, action) = ("rotate-restore.check-restore", "dynamodb:DescribeTable");
    inject(&deployed, step, action, 4, Fault::Throttle).await;
    let execution = by_hand(&deployed, &input).await;
    assert_eq!(execution.entered.last().unwrap(), "Complete", "{execution:?}");
    let calls = proxy.calls(&deployed.account);
    let throttled = calls.iter().filter(|call| call.fault == Some(Fault::Throttle.name())).count();
    assert_eq!(
        throttled, 4,
        "the SDK stops after three attempts, and the state machine invokes the step again"
    );
    let failed = |event: &&HistoryEvent| event.r#type == HistoryEventType::TaskFailed;
    assert_eq!(execution.history.iter().filter(failed).count(), 1);
}

/// The error is Runtime.ExitError, as LocalStack recorded it from AWS (`test_lambda_runtime_exit`).
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_step_whose_process_is_killed_is_invoked_again() {
    let deployed = Arc::new(Deployed::new(&workflow()).await);
    make_table(&deployed, SOURCE).await;
    let input = input(&deployed, &make_backup(&deployed).await);
    before(&deployed, ("rotate-restore.check-restore", "dynamodb:DescribeTable"), |deployed| async move {
        kill_process_of(deployed.output("CheckRestoreFunctionName"));
    })
    .await;
    let execution = by_hand(&deployed, &input).await;
    assert_eq!(execution.entered.last().unwrap(), "Complete", "{execution:?}");
    let failed = execution.history.iter().filter_map(|event| event.task_failed_event_details());
    let errors: Vec<_> = failed.filter_map(|failed| failed.error()).collect();
    assert_eq!(errors, ["Runtime.ExitError"]);
}

/// Kills the process of a function, as Lambda does when a function exceeds its memory.
#[cfg(target_os = "linux")]
fn kill_process_of(function: &str) {
    let variable = format!("AWS_LAMBDA_FUNCTION_NAME={function}");
    let runs_function = |pid: &String| {
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|set| set == variable.as_bytes())
    };
    let names =
        std::fs::read_dir("/proc").unwrap().filter_map(|entry| entry.unwrap().file_name().into_string().ok());
    let processes: Vec<String> =
        names.filter(|name| name.parse::<u32>().is_ok()).filter(runs_function).collect();
    assert!(!processes.is_empty(), "no process runs {function}");
    let killed = std::process::Command::new("kill").arg("-KILL").args(&processes).status().unwrap();
    assert!(killed.success(), "{processes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn executions_that_end_out_of_order_leave_the_newest() {
    let deployed = Deployed::new(&workflow()).await;
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
    let deployed = Deployed::new(&workflow()).await;
    make_table(&deployed, SOURCE).await;
    let mut input = input(&deployed, &make_backup(&deployed).await);
    input["GlobalSecondaryIndexOverride"] = json!([]);
    let execution = by_hand(&deployed, &input).await;
    assert_eq!(execution.entered.last().unwrap(), "Complete", "{execution:?}");
    let table = deployed.dynamodb.describe_table().table_name(TARGET).send().await.unwrap().table.unwrap();
    assert_eq!(table.global_secondary_indexes(), []);
}

/// The former rotator documents an input without `StartTime` and an output with three more fields.
#[tokio::test(flavor = "multi_thread")]
async fn the_documented_input_of_the_former_rotator_starts_an_execution_unchanged() {
    let deployed = Deployed::new(&workflow()).await;
    make_table(&deployed, SOURCE).await;
    let backup = make_backup(&deployed).await;
    let path = workspace_root().join("events/rotate-restore/input.by-the-former-readme.json");
    let mut input: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    // Only the ARNs are changed, to name this account's backup.
    input["BackupSnsMessage"]["RecoveryPointArn"] = json!(backup);
    input["BackupSnsMessage"]["BackedUpResourceArn"] = json!(table_arn(&deployed, SOURCE));
    let execution = by_hand(&deployed, &input).await;
    assert_eq!(execution.entered.last().unwrap(), "Complete", "{execution:?}");
    for (name, value) in input.as_object().unwrap() {
        assert_eq!(&execution.output[name], value, "{name} is passed on unchanged");
    }
    let made = &execution.output["RestoreTableFromBackupOutput"]["TableDescription"]["TableArn"];
    assert_eq!(&execution.output["DescribeTableOutput"]["Table"]["TableArn"], made);
    assert_eq!(execution.output["DescribeTableOutput"]["Table"]["TableStatus"], "ACTIVE");
    assert_eq!(&execution.output["UpdateSSMParameterOutput"]["Value"], made);
    let parameter = deployed.ssm.get_parameter().name("/staging/database-arn").send().await.unwrap();
    assert_eq!(parameter.parameter.unwrap().value.unwrap(), made.as_str().unwrap());
    let name = made.as_str().unwrap().rsplit('/').next().unwrap();
    let (replaced, _) = split_time(name).unwrap();
    assert_eq!(replaced, "orders-staging", "{name}");
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_in_the_input_are_reported_with_a_message() {
    let deployed = Deployed::new(&workflow()).await;
    let right = input(&deployed, &format!("{}/backup/1", table_arn(&deployed, SOURCE)));
    for (number, (pointer, wrong, name, expected)) in [
        ("/SourcePattern", json!("("), "InvalidPattern", "unclosed group"),
        ("/SourcePattern", json!("^customers"), "InvalidInput", "does not match SourcePattern `^customers`"),
        ("/ReplacementPattern", json!("/"), "InvalidTargetName", "holds `/`"),
        ("/SSMParameterName", json!("a b"), "InvalidParameterName", "`a b`"),
        ("/BackupSnsMessage", json!({}), "InvalidInput", "missing field `RecoveryPointArn`"),
        ("/BackupSnsMessage/RecoveryPointArn", json!("arn"), "InvalidInput", "neither a DynamoDB backup"),
        ("/ReplacementPattern", json!(null), "InvalidInput", "SourcePattern is given without"),
        ("", json!({}), "InvalidInput", "the input names no backup"),
        ("", json!({ "BackupArn": "orders" }), "InvalidInput", "BackupArn `orders` is not the ARN"),
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
        assert!(cause["errorMessage"].as_str().unwrap().contains(expected), "{cause}");
    }
}

/// An operator rehearses a failure as docs/local-stack.md says, from another process than the stack's.
#[tokio::test(flavor = "multi_thread")]
async fn a_denied_parameter_is_rehearsed_and_then_moved() {
    let deployed = Deployed::new(&workflow()).await;
    make_table(&deployed, SOURCE).await;
    let input = json!({ "BackupArn": make_backup(&deployed).await });
    let faults = RemoteFaults::new(stack().await.aws.endpoint(), &deployed.account);
    let denied = InjectedFault { fault: FaultKind::Deny, action: "ssm:PutParameter".to_owned(), times: None };
    faults.inject(&denied).await.unwrap();
    let failed = by_hand(&deployed, &input).await;
    assert_eq!(failed.entered.last().unwrap(), "Pointer Not Moved", "{failed:?}");
    assert_eq!(failed.error.as_deref(), Some("AccessDenied"));
    assert_eq!(faults.list().await.unwrap(), [ListedFault { injected: denied, hits: 1 }]);
    assert_eq!(pointer(&deployed).await, None);

    assert_eq!(faults.clear().await.unwrap(), []);
    let start = deployed.sfn.start_execution().state_machine_arn(deployed.machine()).name("again");
    start.input(input.to_string()).send().await.unwrap();
    let again = end_of(&deployed, "again").await;
    assert_eq!(again.entered.last().unwrap(), "Complete", "{again:?}");
    let made = again.output["DescribeTableOutput"]["Table"]["TableArn"].as_str().unwrap();
    assert_eq!(pointer(&deployed).await.as_deref(), Some(made));
}

/// Starts another backup job of [`SOURCE`] in the vault of [`back_up`]. Returns its id.
async fn back_up_again(deployed: &Deployed) -> String {
    let start = deployed.backup.start_backup_job().backup_vault_name("vault");
    let start = start.iam_role_arn("arn:aws:iam::1:role/r").resource_arn(table_arn(deployed, SOURCE));
    start.send().await.unwrap().backup_job_id.unwrap()
}

/// Attribute names are case-sensitive in a filter policy but not in `start`. So `start` would follow a message with
/// names in lower case if it passed the filter.
#[tokio::test(flavor = "multi_thread")]
async fn messages_that_the_subscription_filter_refuses_never_reach_start() {
    let mut deployed = Deployed::empty_account().await;
    let job = back_up(&mut deployed, false).await;
    end_of(&deployed, &execution_name(&job)).await;

    let refused = notification(&deployed, &make_backup(&deployed).await);
    let mut refused = refused["Records"][0]["Sns"].clone();
    let attributes = refused["MessageAttributes"].as_object_mut().unwrap();
    for name in ["EventType", "State"] {
        let value = attributes.remove(name).unwrap();
        attributes.insert(name.to_lowercase(), value);
    }
    let topic = deployed.sns.create_topic().name("backups").send().await.unwrap().topic_arn.unwrap();
    let mut publish = deployed.sns.publish().topic_arn(topic).message(refused["Message"].as_str().unwrap());
    for (name, attribute) in refused["MessageAttributes"].as_object().unwrap() {
        let value = MessageAttributeValue::builder().data_type("String");
        let value = value.string_value(attribute["Value"].as_str().unwrap()).build().unwrap();
        publish = publish.message_attributes(name, value);
    }
    publish.send().await.unwrap();

    // A later message passes and is restored, so the earlier one had enough time.
    let second = back_up_again(&deployed).await;
    end_of(&deployed, &execution_name(&second)).await;
    assert_eq!(starts(&deployed).await, 2, "`start` followed what the filter refuses");
    assert_eq!(executions(&deployed).await, 2);
    assert!(deployed.dead_letters().await.is_empty());

    // `start` would follow the message. Only the filter stops it.
    let event = json!({ "Records": [{ "EventSource": "aws:sns", "Sns": refused }] });
    assert_eq!(invoke_start(&deployed, &event).await["records"][0]["outcome"], "started");
}

#[tokio::test(flavor = "multi_thread")]
async fn sns_and_eventbridge_together_restore_once() {
    let mut deployed = Deployed::empty_account().await;
    let job = back_up_with(&mut deployed, false, &[("EventBridgeRule", "ENABLED".to_owned())]).await;
    assert_eq!(end_of(&deployed, &execution_name(&job)).await.entered.last().unwrap(), "Complete");
    until("the events of SNS and EventBridge", async || starts(&deployed).await == 2).await;
    assert_eq!(executions(&deployed).await, 1);
    let tables = deployed.dynamodb.list_tables().send().await.unwrap().table_names.unwrap();
    assert_eq!(tables.len(), 2, "{tables:?}");
    assert!(deployed.dead_letters().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn eventbridge_alone_is_enough() {
    let mut deployed = Deployed::empty_account().await;
    let further = [("EventBridgeRule", "ENABLED".to_owned()), ("BackupSNSTopicARN", String::new())];
    let job = back_up_with(&mut deployed, true, &further).await;
    assert_eq!(end_of(&deployed, &execution_name(&job)).await.entered.last().unwrap(), "Complete");
    assert_eq!(starts(&deployed).await, 1);
}

/// Sets every parameter whose default has no effect.
#[tokio::test(flavor = "multi_thread")]
async fn the_templates_parameters_reach_the_restore() {
    let mut deployed = Deployed::empty_account().await;
    let key = format!("arn:aws:kms:us-east-1:{}:key/0f4d2c1b-7a96-4b3e-8c15-92d6e0a7b834", deployed.account);
    let role = format!("arn:aws:iam::{}:role/service-role/AWSBackupDefaultServiceRole", deployed.account);
    let alarms = deployed.sns.create_topic().name("alarms").send().await.unwrap().topic_arn.unwrap();
    let parameters = [
        ("AlarmTopicARN", alarms),
        ("BillingModeOverride", "PAY_PER_REQUEST".to_owned()),
        ("RestoreRoleArn", role.clone()),
        ("RestoreTimeoutHours", "3".to_owned()),
        ("SSEKMSMasterKeyId", key.clone()),
        ("SSMParameterNamePattern", "staging/*".to_owned()),
    ];
    let job = back_up_with(&mut deployed, false, &parameters).await;
    let execution = end_of(&deployed, &execution_name(&job)).await;
    assert_eq!(execution.entered.last().unwrap(), "Complete", "{execution:?}");
    // The output repeats the input.
    assert_eq!(execution.output["BillingModeOverride"], "PAY_PER_REQUEST");
    assert_eq!(
        execution.output["SSESpecificationOverride"],
        json!({ "Enabled": true, "KMSMasterKeyId": key })
    );
    let restored = execution.output["DescribeTableOutput"]["Table"]["TableName"].as_str().unwrap();
    let describe = deployed.dynamodb.describe_table().table_name(restored);
    let table = describe.send().await.unwrap().table.unwrap();
    assert_eq!(table.sse_description().unwrap().kms_master_key_arn(), Some(key.as_str()));

    assert_eq!(deployed.output("RestoreRoleArn"), role);
    let describe = deployed.sfn.describe_state_machine().state_machine_arn(deployed.machine());
    let definition: Value = serde_json::from_str(&describe.send().await.unwrap().definition).unwrap();
    let payload = &definition["States"]["Restore Backup"]["Arguments"]["Payload"];
    assert_eq!(payload["restoreRoleArn"], json!(role));
    assert_eq!(payload["restoreTimeoutHours"], "3");
}
