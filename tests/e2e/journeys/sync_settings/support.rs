//! Shared code of the tests: deploys, restores, runs a sync to its end, compares settings.

use aws_sdk_backup::types::{BackupJobState, RestoreJobStatus};
use aws_sdk_dynamodb::types::StreamViewType;
use serde_json::Value;
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::settings::SettingName;
use tablekeeper_core::settings::report::{Outcome, SettingReport, capture};
use tablekeeper_functions::workflows::sync_settings::Report;
use tablekeeper_functions::workflows::sync_settings::start::execution_name;
use tablekeeper_tests::harness::run::{Execution, end_of};
use tablekeeper_tests::workflows::sync_settings::tables::{
    Billing, limit, make_table, recovery, scale, set_everything, stream, table_arn, tag, time_to_live,
};
use tablekeeper_tests::workflows::sync_settings::{INDEX, SOURCE, workflow};
use tablekeeper_tests::{Deployed, until, until_some};

/// Deploys the workflow with rules that sync every restore into a new account.
pub(crate) async fn deployed_with_rules() -> Deployed {
    deployed_with(&[("RestoreEventRules", "ENABLED")]).await
}

/// Deploys the workflow with these parameters of the template into a new account.
pub(crate) async fn deployed_with(parameters: &[(&str, &str)]) -> Deployed {
    let mut deployed = Deployed::empty_account().await;
    let parameters: Vec<_> = parameters.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    deployed.deploy(&workflow(), &parameters).await;
    deployed
}

/// Creates [`SOURCE`] with every setting that a table of this billing mode can have.
pub(crate) async fn make_rich_source(deployed: &Deployed, billing: Billing) {
    make_table(deployed, SOURCE, &[INDEX], billing).await;
    set_everything(deployed, SOURCE, INDEX).await;
    match billing {
        Billing::Provisioned => scale(deployed, SOURCE, INDEX).await,
        Billing::OnDemand => limit(deployed, SOURCE, INDEX).await,
    }
}

/// Creates [`SOURCE`] on demand with a few settings.
pub(crate) async fn make_plain_source(deployed: &Deployed) {
    make_table(deployed, SOURCE, &[INDEX], Billing::OnDemand).await;
    tag(deployed, SOURCE, 3).await;
    stream(deployed, SOURCE, StreamViewType::NewImage).await;
    recovery(deployed, SOURCE, 7).await;
    time_to_live(deployed, SOURCE, "expires", true).await;
}

/// Restores the current state of [`SOURCE`] to a table of this name.
pub(crate) async fn restore_to(deployed: &Deployed, target: &str) {
    restore_of(deployed, SOURCE, target).await;
}

/// Restores the current state of a table to another one.
pub(crate) async fn restore_of(deployed: &Deployed, source: &str, target: &str) {
    let restore = deployed.dynamodb.restore_table_to_point_in_time().source_table_name(source);
    restore.target_table_name(target).use_latest_restorable_time(true).send().await.unwrap();
}

/// Makes a recovery point of [`SOURCE`] with an ARN of AWS Backup and restores it. Returns when the job has completed.
pub(crate) async fn restore_recovery_point(deployed: &Deployed, target: &str) {
    let backup = &deployed.backup;
    let advanced = backup.update_region_settings().resource_type_management_preference("DynamoDB", true);
    advanced.send().await.unwrap();
    backup.create_backup_vault().backup_vault_name("vault").send().await.unwrap();
    let role = "arn:aws:iam::1:role/r";
    let start = backup.start_backup_job().backup_vault_name("vault").iam_role_arn(role);
    let job = start.resource_arn(table_arn(deployed, SOURCE)).send().await.unwrap().backup_job_id.unwrap();
    let point = until_some("the backup job to be completed", async || {
        let job = backup.describe_backup_job().backup_job_id(&job).send().await.unwrap();
        (job.state() == Some(&BackupJobState::Completed)).then_some(job.recovery_point_arn).flatten()
    })
    .await;
    assert!(point.contains(":recovery-point:"), "{point}");
    let start = backup.start_restore_job().recovery_point_arn(point).iam_role_arn(role);
    let job = start.metadata("targetTableName", target).send().await.unwrap().restore_job_id.unwrap();
    until("the restore job to be completed", async || {
        let job = backup.describe_restore_job().restore_job_id(&job).send().await.unwrap();
        job.status() == Some(&RestoreJobStatus::Completed)
    })
    .await;
}

/// Waits for the execution that an event started for this table and returns it.
pub(crate) async fn sync_of(deployed: &Deployed, target: &str) -> Execution {
    let described = deployed.dynamodb.describe_table().table_name(target).send().await.unwrap();
    let id = described.table.unwrap().table_id.unwrap();
    end_of(deployed, &execution_name(&id)).await
}

/// Starts an execution of this name as a person does. Returns its ARN.
pub(crate) async fn start(deployed: &Deployed, name: &str, input: &Value) -> String {
    let start = deployed.sfn.start_execution().state_machine_arn(deployed.machine()).name(name);
    start.input(input.to_string()).send().await.unwrap().execution_arn
}

/// Starts an execution of this name, waits for its end and returns it.
pub(crate) async fn run(deployed: &Deployed, name: &str, input: &Value) -> Execution {
    start(deployed, name, input).await;
    end_of(deployed, name).await
}

/// Returns the report of an execution, which must have succeeded.
pub(crate) fn report(execution: &Execution) -> Report {
    assert_eq!(execution.entered.last().unwrap(), "Complete", "{execution:?}");
    serde_json::from_value(execution.output.clone()).unwrap()
}

/// Returns the report of one setting.
pub(crate) fn of(report: &Report, name: SettingName) -> &SettingReport {
    report.settings.iter().find(|setting| setting.setting == name).unwrap()
}

/// Returns the settings with this outcome.
pub(crate) fn with(report: &Report, outcome: Outcome) -> Vec<SettingName> {
    let settings = report.settings.iter().filter(|setting| setting.outcome == outcome);
    settings.map(|setting| setting.setting).collect()
}

/// Returns the table's settings in portable form, as `sync-settings` itself reads them.
pub(crate) async fn settings_of(deployed: &Deployed, table: &str) -> Value {
    let aws = Clients::new(deployed.config.clone()).settings();
    let table = aws.describe(table).await.unwrap().unwrap();
    let (settings, failed) = capture(&aws, &table, |_| true).await.unwrap();
    assert!(failed.is_empty(), "{failed:?}");
    serde_json::to_value(settings).unwrap()
}
