//! The scenarios of `rotate-restore` and the tables and backups that they need.

use std::collections::HashMap;
use std::sync::Arc;

use aws_sdk_backup::types::{BackupJobState, RestoreJobStatus};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType,
    Projection, ProjectionType, ScalarAttributeType,
};
use aws_sdk_ssm::types::ParameterType;
use local_aws::{Fault, SimulatedLatency};
use serde_json::{Value, json};
use tablekeeper_core::aws::own_tag;
use tablekeeper_core::error_name::ErrorName;
use tablekeeper_core::rotation::naming::split_time;
use tablekeeper_functions::workflows::sync_settings::start::execution_name as sync_settings_name;

pub use super::sync_settings::tables::table_arn;

use super::sync_settings;
use super::sync_settings::{StepCall, before, before_repeated, inject, still_creating};
use super::verify_table;
use crate::harness::deployed::stack;
use crate::harness::run::ended;
use crate::harness::workflow::{AdditionalWorkflow, scenario};
use crate::{Begin, Deployed, Ended, FaultMatrix, Workflow, until, until_some};

/// The table that is backed up.
pub const SOURCE: &str = "orders-production";
/// The table that [`notification`] and [`input`] create.
pub const TARGET: &str = "orders-staging-20260301-02-00-00";
/// The SSM parameter that points at [`TARGET`].
pub const PARAMETER: &str = "/staging/orders/table-arn";
const START_TIME: &str = "2026-03-01T02:00:00.412Z";
const JOB: &str = "3f1c9a5e-0b7d-4c62-9b1a-5d0e8f2a7c44";

/// The workflow that syncs the settings of a rotation.
const SYNC: AdditionalWorkflow = (sync_settings::workflow, "SyncSettingsStateMachineArn");

/// The workflow that verifies the table of a rotation.
const VERIFY: AdditionalWorkflow = (verify_table::workflow, "VerifyTableStateMachineArn");
const BY_A_SAMPLE: &[(&str, &str)] = &[("Verify", "SAMPLED")];
const BY_ITS_COUNT: &[(&str, &str)] = &[("Verify", "COUNTED"), ("VerifyAllowedDifferencePercent", "20")];

/// Returns the workflow with its scenarios.
pub fn workflow() -> Workflow {
    Workflow {
        name: "rotate-restore",
        template: "rotate-restore",
        machine: "StateMachine",
        prepare: None,
        parameters: &[
            ("SourcePattern", "(?i)-production$"),
            ("ReplacementPattern", "-staging"),
            ("SSMParameterName", PARAMETER),
        ],
        scenarios: vec![
            scenario!("a DynamoDB backup by a notification", a_dynamodb_backup => "Complete").golden(),
            scenario!("a recovery point by EventBridge", a_recovery_point => "Complete").golden(),
            scenario!("a backup by its ARN alone", a_backup_arn => "Complete")
                .with_additional(SYNC)
                .and(is_as_the_trigger_would_make_it),
            scenario!("a table that was made before is adopted", a_table_made_before => "Complete").golden(),
            scenario!("a table that is being made is adopted", a_table_being_made => "Complete"),
            scenario!("a table that another execution is about to tag", a_table_tagged_later => "Complete"),
            scenario!("a restore job that was started before is adopted", a_job_started_before => "Complete")
                .golden(),
            scenario!("a newer pointer is left alone", a_newer_pointer => "Complete").golden(),
            scenario!("wrong input", wrong_input => "Input Refused").failing(ErrorName::InvalidInput),
            scenario!("someone else's table", someone_elses_table => "Target Table Exists")
                .failing(ErrorName::TargetTableExists),
            scenario!("no such backup", no_such_backup => "Restore Not Started")
                .failing(ErrorName::BackupNotFound),
            scenario!("a restore job fails", a_job_that_fails => "Restore Failed")
                .failing(ErrorName::RestoreFailed),
            scenario!("again after a restore job that failed", a_job_that_failed_before => "Complete"),
            scenario!("again after it failed with its table ACTIVE", failed_with_its_table => "Complete")
                .and(points_at_its_table),
            scenario!("a name whose table is being deleted", a_name_being_deleted => "Complete"),
            scenario!("a backup that another table is restored from", a_backup_in_use => "Complete"),
            scenario!("an archived table", an_archived_table => "Restore Failed")
                .failing(ErrorName::RestoreFailed),
            scenario!("a restore without end", a_restore_without_end => "Restore Timed Out")
                .failing(ErrorName::RestoreTimedOut),
            scenario!("describing is not allowed", describing_refused => "Restore Not Confirmed")
                .failing(ErrorName::AccessDenied),
            scenario!("with its settings", with_its_settings => "Complete")
                .with_additional(SYNC)
                .and(has_the_settings),
            scenario!("with its settings, synced before", synced_before => "Complete")
                .with_additional(SYNC)
                .and(has_the_settings),
            scenario!("with settings that are refused", settings_refused => "Settings Not Synced")
                .failing_by("States.TaskFailed")
                .with_additional(SYNC),
            scenario!("verified by a sample", verified => "Complete")
                .with(BY_A_SAMPLE)
                .with_additional(VERIFY)
                .and(|ended| is_verified(ended, "SAMPLED")),
            scenario!("verified by its count", one_more_in_the_source => "Complete")
                .with(BY_ITS_COUNT)
                .with_additional(VERIFY)
                .and(|ended| is_verified(ended, "COUNTED")),
            scenario!("a damaged table", a_damaged_table => "Verification Failed")
                .failing(ErrorName::VerificationFailed)
                .with(BY_A_SAMPLE)
                .with_additional(VERIFY)
                .and(|ended| {
                    let cause = ended.execution.as_ref().unwrap().cause.as_deref().unwrap();
                    assert!(cause.contains("of 5 sampled items 1 are missing"), "{cause}");
                    assert!(!ended.state.parameters.contains_key(PARAMETER), "{:?}", ended.state.parameters);
                }),
            scenario!("verifying is not allowed", verifying_refused => "Not Verified")
                .failing_by("States.TaskFailed")
                .with(BY_A_SAMPLE)
                .with_additional(VERIFY),
            scenario!("writing is not allowed", writing_refused => "Pointer Not Moved")
                .failing(ErrorName::AccessDenied),
        ],
        fault_matrix: FaultMatrix::EveryCall,
        changes_settings_of: None,
        reports_refusals_by: None,
        unentered: &[],
    }
}

/// Asserts that the new table has the settings before the pointer moves, whichever execution synced them.
fn has_the_settings(ended: &Ended) {
    let settings = &ended.execution.as_ref().unwrap().output["SyncSettingsOutput"]["Settings"];
    let tags = settings.as_array().unwrap().iter().find(|setting| setting["Setting"] == "Tags").unwrap();
    assert_eq!(tags["Outcome"], "APPLIED", "{settings}");
    assert_eq!(ended.state.tables[TARGET].settings, ended.state.tables[SOURCE].settings);
}

async fn a_dynamodb_backup(deployed: Arc<Deployed>) -> Begin {
    make_table(&deployed, SOURCE).await;
    point_at(&deployed, "orders-staging-20260201-02-00-00").await;
    Begin::Event(notification(&deployed, &make_backup(&deployed).await))
}

async fn a_recovery_point(deployed: Arc<Deployed>) -> Begin {
    let recovery_point = make_recovery_point(&deployed).await;
    Begin::Event(json!({
        "source": "aws.backup", "detail-type": "Backup Job State Change", "resources": [recovery_point],
        "detail": { "backupJobId": JOB, "state": "COMPLETED", "resourceType": "DynamoDB",
            "resourceArn": table_arn(&deployed, SOURCE), "creationDate": START_TIME }
    }))
}

async fn a_backup_arn(deployed: Arc<Deployed>) -> Begin {
    make_table(&deployed, SOURCE).await;
    sync_settings::tables::tag(&deployed, SOURCE, 1).await;
    Begin::Input(json!({ "BackupArn": make_backup(&deployed).await }))
}

/// Asserts that the name, the parameter and the settings of the table are those of an execution of the trigger.
fn is_as_the_trigger_would_make_it(ended: &Ended) {
    let table = &ended.execution.as_ref().unwrap().output["DescribeTableOutput"]["Table"];
    let name = table["TableName"].as_str().unwrap();
    assert_eq!(split_time(name).unwrap().0, "orders-staging", "{name}");
    let published = &ended.state.parameters[PARAMETER];
    assert!(matches!(&published[..], [one] if one.ends_with(name)), "{published:?}");
    assert_eq!(ended.state.tables[name].settings, ended.state.tables[SOURCE].settings);
}

async fn a_table_made_before(deployed: Arc<Deployed>) -> Begin {
    make_table(&deployed, SOURCE).await;
    let backup = make_backup(&deployed).await;
    restore_from(&deployed, &backup).await;
    sync_settings::tables::until_active(&deployed, TARGET).await;
    let table = table_arn(&deployed, TARGET);
    assert!(own_tag::write(&deployed.dynamodb, &table, &backup).await.unwrap());
    Begin::Input(input(&deployed, &backup))
}

/// Starts with a table in CREATING, for which DynamoDB shows the restore's source and no tags.
async fn a_table_being_made(deployed: Arc<Deployed>) -> Begin {
    make_table(&deployed, SOURCE).await;
    let backup = make_backup(&deployed).await;
    still_creating(&deployed).await;
    restore_from(&deployed, &backup).await;
    Begin::Input(input(&deployed, &backup))
}

/// Restores a backup to [`TARGET`].
async fn restore_from(deployed: &Deployed, backup: &str) {
    let restore = deployed.dynamodb.restore_table_from_backup().backup_arn(backup);
    restore.target_table_name(TARGET).send().await.unwrap();
}

async fn a_job_started_before(deployed: Arc<Deployed>) -> Begin {
    let recovery_point = make_recovery_point(&deployed).await;
    let start = deployed.backup.start_restore_job().recovery_point_arn(&recovery_point);
    let started = start.iam_role_arn(deployed.output("RestoreRoleArn")).metadata("targetTableName", TARGET);
    let id = started.send().await.unwrap().restore_job_id.unwrap();
    // Waits for the table first. Polling the job would create it at once, and the emulator has a resolution of one
    // second, so the table could then seem older than the job that made it.
    until("the restore job's table", async || {
        let tables = deployed.dynamodb.list_tables().send().await.unwrap();
        tables.table_names().iter().any(|name| name == TARGET)
    })
    .await;
    until("the restore job to be completed", async || {
        let job = deployed.backup.describe_restore_job().restore_job_id(&id).send().await.unwrap();
        job.status() == Some(&RestoreJobStatus::Completed)
    })
    .await;
    Begin::Input(input(&deployed, &recovery_point))
}

async fn a_newer_pointer(deployed: Arc<Deployed>) -> Begin {
    make_table(&deployed, SOURCE).await;
    point_at(&deployed, "orders-staging-20260302-02-00-00").await;
    Begin::Input(input(&deployed, &make_backup(&deployed).await))
}

async fn wrong_input(deployed: Arc<Deployed>) -> Begin {
    let mut input = input(&deployed, "arn:aws:dynamodb:us-east-1:1:table/orders-production/backup/1");
    input["BackupSnsMessage"]["StartTime"] = json!("yesterday");
    Begin::Input(input)
}

/// Starts with a table that another execution restored and did not poll yet. It polls it while this one waits.
async fn a_table_tagged_later(deployed: Arc<Deployed>) -> Begin {
    make_table(&deployed, SOURCE).await;
    let backup = make_backup(&deployed).await;
    restore_from(&deployed, &backup).await;
    sync_settings::tables::until_active(&deployed, TARGET).await;
    let (table, made_from) = (table_arn(&deployed, TARGET), backup.clone());
    before_repeated(&deployed, 1, RESTORE, |deployed| async move {
        assert!(own_tag::write(&deployed.dynamodb, &table, &made_from).await.unwrap());
    })
    .await;
    Begin::Input(input(&deployed, &backup))
}

/// Starts with a table that was made from an earlier backup.
async fn someone_elses_table(deployed: Arc<Deployed>) -> Begin {
    make_table(&deployed, SOURCE).await;
    make_table(&deployed, TARGET).await;
    let earlier = format!("{}/backup/01640995200000-9c2f1ab7", table_arn(&deployed, SOURCE));
    assert!(own_tag::write(&deployed.dynamodb, &table_arn(&deployed, TARGET), &earlier).await.unwrap());
    Begin::Input(input(&deployed, &make_backup(&deployed).await))
}

async fn no_such_backup(deployed: Arc<Deployed>) -> Begin {
    let arn = format!("{}/backup/01772330400412-9c2f1ab7", table_arn(&deployed, SOURCE));
    Begin::Input(input(&deployed, &arn))
}

async fn a_job_that_fails(deployed: Arc<Deployed>) -> Begin {
    let recovery_point = make_recovery_point(&deployed).await;
    let proxy = stack().await.aws.proxy();
    proxy.fail_restore_jobs(&deployed.account, Some("the key is gone".to_owned()));
    Begin::Input(input(&deployed, &recovery_point))
}

async fn a_job_that_failed_before(deployed: Arc<Deployed>) -> Begin {
    let recovery_point = make_recovery_point(&deployed).await;
    let proxy = stack().await.aws.proxy();
    proxy.fail_restore_jobs(&deployed.account, Some("the key is gone".to_owned()));
    // The first execution uses the token of the step's first attempt. AWS Backup returns this job for it from then on.
    let step = input(&deployed, &recovery_point);
    let first = deployed.sfn.start_execution().state_machine_arn(deployed.machine()).name("first");
    let arn = first.input(step.to_string()).send().await.unwrap().execution_arn;
    let failed = until_some("the first execution to fail", async || ended(&deployed, &arn).await).await;
    assert_eq!(failed.error.as_deref(), Some(ErrorName::RestoreFailed.as_str()), "{failed:?}");
    proxy.fail_restore_jobs(&deployed.account, None);
    Begin::Input(step)
}

/// Starts with a complete table, for which DynamoDB no longer shows the restore's source.
async fn failed_with_its_table(deployed: Arc<Deployed>) -> Begin {
    make_table(&deployed, SOURCE).await;
    let step = input(&deployed, &make_backup(&deployed).await);
    let publish = "rotate-restore.publish-pointer";
    inject(&deployed, publish, "ssm:PutParameter", usize::MAX, Fault::Refuse).await;
    let first = deployed.sfn.start_execution().state_machine_arn(deployed.machine()).name("first");
    let arn = first.input(step.to_string()).send().await.unwrap().execution_arn;
    let failed = until_some("the first execution to fail", async || ended(&deployed, &arn).await).await;
    assert_eq!(failed.error.as_deref(), Some(ErrorName::AccessDenied.as_str()), "{failed:?}");
    stack().await.aws.proxy().clear_rules(&deployed.account);
    Begin::Input(step)
}

fn points_at_its_table(ended: &Ended) {
    let published = &ended.state.parameters[PARAMETER];
    assert!(matches!(&published[..], [one] if one.ends_with(TARGET)), "{published:?}");
}

/// Starts with a table in DELETING. DynamoDB refuses the restore with the same error as for a table that stays.
async fn a_name_being_deleted(deployed: Arc<Deployed>) -> Begin {
    make_table(&deployed, SOURCE).await;
    make_table(&deployed, TARGET).await;
    let proxy = stack().await.aws.proxy();
    proxy.show_table_status(&deployed.account, TARGET, Some("DELETING".to_owned()));
    before_repeated(&deployed, 1, RESTORE, |deployed| async move {
        deployed.dynamodb.delete_table().table_name(TARGET).send().await.unwrap();
        stack().await.aws.proxy().show_table_status(&deployed.account, TARGET, None);
    })
    .await;
    Begin::Input(input(&deployed, &make_backup(&deployed).await))
}

async fn a_backup_in_use(deployed: Arc<Deployed>) -> Begin {
    make_table(&deployed, SOURCE).await;
    let backup = make_backup(&deployed).await;
    let restore = deployed.dynamodb.restore_table_from_backup().backup_arn(&backup);
    restore.target_table_name("another").send().await.unwrap();
    before_repeated(&deployed, 1, RESTORE, |deployed| async move {
        // It is CREATING for one poll.
        deployed.dynamodb.describe_table().table_name("another").send().await.unwrap();
    })
    .await;
    Begin::Input(input(&deployed, &backup))
}

/// The call that starts a restore.
const RESTORE: StepCall = ("rotate-restore.restore-backup", "dynamodb:RestoreTableFromBackup");

async fn an_archived_table(deployed: Arc<Deployed>) -> Begin {
    make_table(&deployed, SOURCE).await;
    let status = Some("ARCHIVED".to_owned());
    stack().await.aws.proxy().show_table_status(&deployed.account, TARGET, status);
    Begin::Input(input(&deployed, &make_backup(&deployed).await))
}

async fn a_restore_without_end(deployed: Arc<Deployed>) -> Begin {
    make_table(&deployed, SOURCE).await;
    let endless = SimulatedLatency {
        tables: u32::MAX,
        indexes: 0,
        backups: 0,
        on_demand_backups: 0,
        restore_jobs: 0,
        updates: 1,
    };
    stack().await.aws.proxy().slow(&deployed.account, endless);
    let mut input = input(&deployed, &make_backup(&deployed).await);
    input["RestoreTimeoutSeconds"] = json!(2);
    Begin::Input(input)
}

async fn describing_refused(deployed: Arc<Deployed>) -> Begin {
    inject(&deployed, "rotate-restore.check-restore", "dynamodb:DescribeTable", usize::MAX, Fault::Refuse)
        .await;
    a_table_made_before(deployed).await
}

async fn writing_refused(deployed: Arc<Deployed>) -> Begin {
    inject(&deployed, "rotate-restore.publish-pointer", "ssm:PutParameter", usize::MAX, Fault::Refuse).await;
    a_table_made_before(deployed).await
}

async fn with_its_settings(deployed: Arc<Deployed>) -> Begin {
    make_table(&deployed, SOURCE).await;
    sync_settings::tables::tag(&deployed, SOURCE, 1).await;
    Begin::Event(notification(&deployed, &make_backup(&deployed).await))
}

async fn synced_before(deployed: Arc<Deployed>) -> Begin {
    let begin = a_table_made_before(Arc::clone(&deployed)).await;
    sync_settings::tables::tag(&deployed, SOURCE, 1).await;
    let described = deployed.dynamodb.describe_table().table_name(TARGET).send().await.unwrap();
    let name = sync_settings_name(described.table.unwrap().table_id().unwrap());
    let start =
        deployed.sfn.start_execution().state_machine_arn(&deployed.additional_outputs["StateMachineArn"]);
    let input = json!({ "Source": SOURCE, "Target": TARGET, "Settings": { "Tags": false } }).to_string();
    let arn = start.name(name).input(input).send().await.unwrap().execution_arn;
    until_some("the first sync to end", async || ended(&deployed, &arn).await).await;
    begin
}

async fn settings_refused(deployed: Arc<Deployed>) -> Begin {
    inject(&deployed, "sync-settings.apply-setting", "dynamodb:TagResource", usize::MAX, Fault::Refuse).await;
    with_its_settings(deployed).await
}

async fn verified(deployed: Arc<Deployed>) -> Begin {
    make_table(&deployed, SOURCE).await;
    Begin::Event(notification(&deployed, &make_backup(&deployed).await))
}

/// Starts with a source that got another item after the backup.
async fn one_more_in_the_source(deployed: Arc<Deployed>) -> Begin {
    let begin = verified(Arc::clone(&deployed)).await;
    let item = HashMap::from([("id".to_owned(), AttributeValue::S("later".to_owned()))]);
    deployed.dynamodb.put_item().table_name(SOURCE).set_item(Some(item)).send().await.unwrap();
    begin
}

/// Starts with a restore that loses an item before the table is verified.
async fn a_damaged_table(deployed: Arc<Deployed>) -> Begin {
    before(&deployed, ("verify-table.plan-verification", "dynamodb:DescribeTable"), |deployed| async move {
        let lost = AttributeValue::S(format!("{SOURCE} 3"));
        deployed.dynamodb.delete_item().table_name(TARGET).key("id", lost).send().await.unwrap();
    })
    .await;
    verified(deployed).await
}

async fn verifying_refused(deployed: Arc<Deployed>) -> Begin {
    inject(&deployed, "verify-table.plan-verification", "dynamodb:DescribeTable", usize::MAX, Fault::Refuse)
        .await;
    verified(deployed).await
}

/// Asserts that the table was verified before the pointer moved, and that the pointer's version says so.
fn is_verified(ended: &Ended, strength: &str) {
    points_at_its_table(ended);
    let execution = ended.execution.as_ref().unwrap();
    assert_eq!(execution.output["VerifyTableOutput"]["Strength"], strength, "{}", execution.output);
    let scheduled = execution.history.iter().filter_map(|event| event.task_scheduled_event_details());
    let published = scheduled.map(|task| task.parameters()).find(|task| task.contains("ssmParameterName"));
    let published: Value = serde_json::from_str(published.unwrap()).unwrap();
    assert_eq!(published["Payload"]["verified"], strength);
}

/// Returns AWS Backup's notification of this backup of [`SOURCE`] in the form that SNS delivers.
pub fn notification(deployed: &Deployed, recovery_point: &str) -> Value {
    let attribute = |value: &str| json!({ "Type": "String", "Value": value });
    let table = table_arn(deployed, SOURCE);
    let message = format!(
        "An AWS Backup job was completed successfully. Recovery point ARN: {recovery_point}. \
         Backed up Resource ARN : {table}. Backup Job Id : {JOB}"
    );
    json!({ "Records": [{ "EventSource": "aws:sns", "Sns": { "Message": message, "MessageAttributes": {
        "EventType": attribute("BACKUP_JOB"), "State": attribute("COMPLETED"), "Id": attribute(JOB),
        "StartTime": attribute(START_TIME) } } }] })
}

/// Returns the input with which a person restores this backup of [`SOURCE`].
pub fn input(deployed: &Deployed, recovery_point: &str) -> Value {
    json!({
        "BackupSnsMessage": { "RecoveryPointArn": recovery_point, "StartTime": START_TIME,
            "BackedUpResourceArn": table_arn(deployed, SOURCE) },
        "SourcePattern": "-production$", "ReplacementPattern": "-staging", "SSMParameterName": PARAMETER
    })
}

/// Creates a table with an index and a few items.
pub async fn make_table(deployed: &Deployed, name: &str) {
    let attribute = |name: &str| {
        let definition = AttributeDefinition::builder().attribute_name(name);
        definition.attribute_type(ScalarAttributeType::S).build().unwrap()
    };
    let key = |name: &str| {
        KeySchemaElement::builder().attribute_name(name).key_type(KeyType::Hash).build().unwrap()
    };
    let everything = Projection::builder().projection_type(ProjectionType::All).build();
    let index = GlobalSecondaryIndex::builder().index_name("by-customer").key_schema(key("customer"));
    deployed
        .dynamodb
        .create_table()
        .table_name(name)
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(attribute("id"))
        .attribute_definitions(attribute("customer"))
        .key_schema(key("id"))
        .global_secondary_indexes(index.projection(everything).build().unwrap())
        .send()
        .await
        .unwrap();
    for number in 0..5 {
        let text = |text: String| AttributeValue::S(text);
        let item = HashMap::from([
            ("id".to_owned(), text(format!("{name} {number}"))),
            ("customer".to_owned(), text(format!("customer {}", number % 2))),
        ]);
        deployed.dynamodb.put_item().table_name(name).set_item(Some(item)).send().await.unwrap();
    }
}

/// Makes a DynamoDB backup of [`SOURCE`]. Returns its ARN.
pub async fn make_backup(deployed: &Deployed) -> String {
    let create = deployed.dynamodb.create_backup().table_name(SOURCE).backup_name("backup");
    create.send().await.unwrap().backup_details.unwrap().backup_arn
}

/// Creates [`SOURCE`] and a recovery point of it in AWS Backup. Returns the recovery point's ARN.
pub async fn make_recovery_point(deployed: &Deployed) -> String {
    make_table(deployed, SOURCE).await;
    let backup = &deployed.backup;
    backup
        .update_region_settings()
        .resource_type_management_preference("DynamoDB", true)
        .send()
        .await
        .unwrap();
    backup.create_backup_vault().backup_vault_name("vault").send().await.unwrap();
    let start = backup.start_backup_job().backup_vault_name("vault").iam_role_arn("arn:aws:iam::1:role/r");
    let job = start.resource_arn(table_arn(deployed, SOURCE)).send().await.unwrap();
    let id = job.backup_job_id.unwrap();
    until_some("the backup job to be completed", async || {
        let job = backup.describe_backup_job().backup_job_id(&id).send().await.unwrap();
        (job.state() == Some(&BackupJobState::Completed)).then_some(job.recovery_point_arn)
    })
    .await
    .unwrap()
}

/// Points [`PARAMETER`] at a table of this name.
pub async fn point_at(deployed: &Deployed, table: &str) {
    let put = deployed.ssm.put_parameter().name(PARAMETER).r#type(ParameterType::String).overwrite(true);
    put.value(table_arn(deployed, table)).send().await.unwrap();
}

/// Returns the value of [`PARAMETER`].
pub async fn pointer(deployed: &Deployed) -> Option<String> {
    deployed.ssm.get_parameter().name(PARAMETER).send().await.ok()?.parameter?.value
}
