//! The scenarios of `backup-prune` and the tables and backups that they need.

use std::sync::Arc;

use aws_sdk_dynamodb::types::{StreamViewType, Tag};
use chrono::NaiveDateTime;
use local_aws::{Call, Fault, SimulatedLatency};
use serde_json::{Value, json};
use tablekeeper_core::error_name::ErrorName;

use super::sync_settings::tables::{Billing, encrypted_trigger, make_table, scale, set_tags, stream};
use super::sync_settings::{INDEX, StepCall, before, inject};
use crate::harness::deployed::stack;
use crate::harness::workflow::scenario;
use crate::{Begin, Deployed, Ended, FaultMatrix, Workflow};

/// The table that is backed up.
pub const TABLE: &str = "orders";
/// Another table.
pub const OTHER: &str = "customers";
/// The times of four earlier runs, oldest first.
pub const EARLIER: [&str; 4] =
    ["20250101T020000Z", "20250102T020000Z", "20250103T020000Z", "20250104T020000Z"];
/// The name of a backup that was made by hand.
pub const BY_HAND: &str = "before-migration";

/// The first call of a deletion. Deletions are planned before it.
const DELETION: StepCall = ("backup-prune.delete-backup", "dynamodb:DescribeBackup");
const CAPTURE: &[(&str, &str)] = &[("SettingsBucketName", "settings-of-ACCOUNT")];
const BY_TEMPLATE: &[(&str, &str)] = &[("TableNames", "orders, customers"), ("MaxBackups", "2")];

/// Returns the workflow with its scenarios.
pub fn workflow() -> Workflow {
    Workflow {
        name: "backup-prune",
        template: "backup-prune",
        machine: "StateMachine",
        prepare: None,
        parameters: &[],
        scenarios: vec![
            scenario!("a table by its name", by_name => "Complete").golden(),
            scenario!("tables by a tag, with their settings", by_tag => "Complete").golden().with(CAPTURE),
            scenario!("a table by a tag, while another one is restored", during_a_restore => "Complete").and(
                |ended| {
                    let tables = ended.execution.as_ref().unwrap().output["Tables"].as_array().unwrap();
                    assert_eq!(tables.len(), 1, "what is being restored has no tags");
                },
            ),
            scenario!("tables by a pattern", by_pattern => "Complete").golden(),
            scenario!("tables by the template's parameters", by_template => "Complete").with(BY_TEMPLATE),
            scenario!("backups by hand count too", manual_too => "Complete").and(|ended| {
                assert!(!ended.state.backups[TABLE].contains_key(BY_HAND), "{:?}", ended.state.backups);
            }),
            scenario!("backups of the former system count too", former_too => "Complete").and(|ended| {
                assert_eq!((&report(ended)["Kept"], &report(ended)["Deleted"]), (&json!(1), &json!(4)));
            }),
            scenario!("a backup that is still being made", one_in_the_making => "Complete").and(|ended| {
                assert_eq!(report(ended)["Ignored"], 1, "{:?}", report(ended));
                assert_eq!(report(ended)["Deleted"], EARLIER.len(), "{:?}", report(ended));
            }),
            scenario!("an earlier table of the same name", an_earlier_table => "Complete").and(|ended| {
                assert_eq!((&report(ended)["Deleted"], &report(ended)["Ignored"]), (&json!(1), &json!(4)));
            }),
            scenario!("a backup that somebody else deletes", one_deleted_by_somebody => "Complete").and(
                |ended| {
                    let refused = |call: &Call| call.action == "dynamodb:DeleteBackup" && call.status == 400;
                    assert!(ended.calls.iter().any(refused), "no deletion failed: {:?}", ended.calls);
                },
            ),
            scenario!("too many backups at a time, for a while", limited_for_a_while => "Complete").and(
                |ended| {
                    assert_eq!(ended.calls.iter().filter(|call| call.fault.is_some()).count(), 3);
                },
            ),
            scenario!("too many backups at a time", limited => "Tables Failed")
                .failing(ErrorName::TablesFailed),
            scenario!("wrong input", wrong_input => "Input Refused").failing(ErrorName::InvalidInput),
            scenario!("a wrong pattern", wrong_pattern => "Input Refused").failing(ErrorName::InvalidPattern),
            scenario!("listing is not allowed", listing_refused => "Tables Not Selected")
                .failing(ErrorName::AccessDenied),
            scenario!("one of the tables is missing", one_missing => "Tables Failed")
                .failing(ErrorName::TablesFailed),
            scenario!("a backup that fails", a_backup_that_fails => "Tables Failed")
                .failing(ErrorName::TablesFailed),
            scenario!("describing the backup is not allowed", describing_refused => "Tables Failed")
                .failing(ErrorName::TablesFailed),
            scenario!("planning is not allowed", planning_refused => "Tables Failed")
                .failing(ErrorName::TablesFailed),
            scenario!("deleting is not allowed", deleting_refused => "Tables Failed")
                .failing(ErrorName::TablesFailed),
            scenario!("somebody deletes the new backup", new_one_deleted_by_somebody => "Tables Failed")
                .failing(ErrorName::TablesFailed),
            scenario!("capturing is not allowed", capturing_refused => "Tables Failed")
                .failing(ErrorName::TablesFailed)
                .with(CAPTURE),
        ],
        fault_matrix: FaultMatrix::EveryKindOfCall,
        changes_settings_of: None,
        reports_refusals_by: Some(ErrorName::TablesFailed),
        unentered: &[(
            "Not Reported",
            "each table catches States.ALL, and the input of Finish is proved to fit",
        )],
    }
}

/// Returns the report of the execution about [`TABLE`].
fn report(ended: &Ended) -> Value {
    let tables = ended.execution.as_ref().unwrap().output["Tables"].as_array().unwrap().clone();
    tables.into_iter().find(|table| table["TableName"] == TABLE).unwrap()
}

async fn by_name(deployed: Arc<Deployed>) -> Begin {
    make_backups(&deployed, TABLE).await;
    make_backup(&deployed, TABLE, BY_HAND).await;
    slow(&deployed, 1).await;
    // One deletion only: with two at a time, each would meet only some of the faults that are meant for one.
    Begin::Input(json!({ "TableName": TABLE, "MaxBackups": 4 }))
}

async fn by_tag(deployed: Arc<Deployed>) -> Begin {
    make_bucket(&deployed).await;
    // A capture also reads the policies of scalable targets and the encrypted filters of a stream's triggers.
    make_table(&deployed, TABLE, &[INDEX], Billing::Provisioned).await;
    scale(&deployed, TABLE, INDEX).await;
    let of_changes = stream(&deployed, TABLE, StreamViewType::NewImage).await;
    encrypted_trigger(&deployed, &of_changes).await;
    back_up(&deployed, TABLE).await;
    make_table(&deployed, OTHER, &[], Billing::OnDemand).await;
    tag(&deployed, TABLE, "nightly").await;
    tag(&deployed, OTHER, "weekly").await;
    Begin::Input(json!({ "TableTag": "backup=nightly" }))
}

async fn during_a_restore(deployed: Arc<Deployed>) -> Begin {
    make_backups(&deployed, TABLE).await;
    tag(&deployed, TABLE, "nightly").await;
    before(&deployed, ("backup-prune.select-tables", "dynamodb:ListTables"), |deployed| async move {
        let restore = deployed.dynamodb.restore_table_to_point_in_time().source_table_name(TABLE);
        restore.target_table_name("restored").use_latest_restorable_time(true).send().await.unwrap();
    })
    .await;
    Begin::Input(json!({ "TableTag": "backup=nightly" }))
}

async fn by_pattern(deployed: Arc<Deployed>) -> Begin {
    make_backups(&deployed, TABLE).await;
    make_backups(&deployed, "reorders").await;
    make_table(&deployed, OTHER, &[], Billing::OnDemand).await;
    Begin::Input(json!({ "TableNamePattern": "orders$", "MaxBackups": 4 }))
}

async fn by_template(deployed: Arc<Deployed>) -> Begin {
    make_backups(&deployed, TABLE).await;
    make_backups(&deployed, OTHER).await;
    Begin::Input(json!({}))
}

async fn manual_too(deployed: Arc<Deployed>) -> Begin {
    make_backups(&deployed, TABLE).await;
    date(&deployed, &make_backup(&deployed, TABLE, BY_HAND).await, EARLIER[0]).await;
    Begin::Input(json!({ "TableName": TABLE, "IncludeManual": true }))
}

async fn former_too(deployed: Arc<Deployed>) -> Begin {
    make_former_backups(&deployed, TABLE).await;
    Begin::Input(json!({ "TableName": TABLE, "IncludeFormer": true, "MaxBackups": 1 }))
}

async fn one_in_the_making(deployed: Arc<Deployed>) -> Begin {
    make_backups(&deployed, TABLE).await;
    slow(&deployed, u32::MAX).await;
    make_dated_backup(&deployed, TABLE, "20250105T020000Z").await;
    slow(&deployed, 0).await;
    Begin::Input(json!({ "TableName": TABLE, "MaxBackups": 1 }))
}

async fn an_earlier_table(deployed: Arc<Deployed>) -> Begin {
    make_backups(&deployed, TABLE).await;
    deployed.dynamodb.delete_table().table_name(TABLE).send().await.unwrap();
    make_table(&deployed, TABLE, &[], Billing::OnDemand).await;
    make_dated_backup(&deployed, TABLE, "20250105T020000Z").await;
    Begin::Input(json!({ "TableName": TABLE, "MaxBackups": 1 }))
}

async fn one_deleted_by_somebody(deployed: Arc<Deployed>) -> Begin {
    let backups = make_backups(&deployed, TABLE).await;
    before(&deployed, DELETION, |deployed| async move {
        deployed.dynamodb.delete_backup().backup_arn(&backups[0]).send().await.unwrap();
    })
    .await;
    Begin::Input(json!({ "TableName": TABLE }))
}

async fn limited_for_a_while(deployed: Arc<Deployed>) -> Begin {
    make_backups(&deployed, TABLE).await;
    inject(&deployed, "backup-prune.create-backup", "dynamodb:CreateBackup", 3, Fault::Limit).await;
    Begin::Input(json!({ "TableName": TABLE }))
}

async fn limited(deployed: Arc<Deployed>) -> Begin {
    make_backups(&deployed, TABLE).await;
    inject(&deployed, "backup-prune.create-backup", "dynamodb:CreateBackup", usize::MAX, Fault::Limit).await;
    Begin::Input(json!({ "TableName": TABLE }))
}

async fn wrong_input(deployed: Arc<Deployed>) -> Begin {
    make_backups(&deployed, TABLE).await;
    Begin::Input(json!({ "TableName": TABLE, "MaxBackups": 0 }))
}

async fn wrong_pattern(_deployed: Arc<Deployed>) -> Begin {
    Begin::Input(json!({ "TableNamePattern": "(" }))
}

async fn listing_refused(deployed: Arc<Deployed>) -> Begin {
    inject(&deployed, "backup-prune.select-tables", "dynamodb:ListTables", usize::MAX, Fault::Refuse).await;
    Begin::Input(json!({ "TableNamePattern": "orders" }))
}

async fn one_missing(deployed: Arc<Deployed>) -> Begin {
    make_backups(&deployed, TABLE).await;
    Begin::Input(json!({ "TableNames": ["missing", TABLE] }))
}

async fn a_backup_that_fails(deployed: Arc<Deployed>) -> Begin {
    make_backups(&deployed, TABLE).await;
    stack().await.aws.proxy().fail_backups(&deployed.account, true);
    Begin::Input(json!({ "TableName": TABLE, "MaxBackups": 1 }))
}

/// Creates a table with earlier backups and refuses a call of a step.
async fn refused(deployed: &Deployed, step: &str, action: &str) -> Begin {
    make_backups(deployed, TABLE).await;
    inject(deployed, step, action, usize::MAX, Fault::Refuse).await;
    Begin::Input(json!({ "TableName": TABLE, "MaxBackups": 1 }))
}

async fn describing_refused(deployed: Arc<Deployed>) -> Begin {
    refused(&deployed, "backup-prune.check-backup", "dynamodb:DescribeBackup").await
}

async fn planning_refused(deployed: Arc<Deployed>) -> Begin {
    refused(&deployed, "backup-prune.plan-prune", "dynamodb:ListBackups").await
}

async fn deleting_refused(deployed: Arc<Deployed>) -> Begin {
    refused(&deployed, "backup-prune.delete-backup", "dynamodb:DeleteBackup").await
}

async fn capturing_refused(deployed: Arc<Deployed>) -> Begin {
    make_bucket(&deployed).await;
    refused(&deployed, "sync-settings.capture-settings", "s3:PutObject").await
}

async fn new_one_deleted_by_somebody(deployed: Arc<Deployed>) -> Begin {
    let earlier = make_backups(&deployed, TABLE).await;
    before(&deployed, DELETION, move |deployed| async move {
        let list = deployed.dynamodb.list_backups().table_name(TABLE).send().await.unwrap();
        let new = list.backup_summaries().iter().filter_map(|backup| backup.backup_arn());
        for new in new.filter(|arn| !earlier.iter().any(|known| known == arn)) {
            deployed.dynamodb.delete_backup().backup_arn(new).send().await.unwrap();
        }
    })
    .await;
    Begin::Input(json!({ "TableName": TABLE, "MaxBackups": 1 }))
}

/// Creates the table with the backups of [`EARLIER`] runs. Returns their ARNs, oldest first.
pub async fn make_backups(deployed: &Deployed, table: &str) -> Vec<String> {
    make_table(deployed, table, &[], Billing::OnDemand).await;
    back_up(deployed, table).await
}

/// Creates the table with backups as the former system made them at the times of [`EARLIER`]. Returns their names,
/// oldest first. The names are `<table>-YYYYMMDDHHMMSS`, and nothing else shows where the backups come from.
pub async fn make_former_backups(deployed: &Deployed, table: &str) -> Vec<String> {
    make_table(deployed, table, &[], Billing::OnDemand).await;
    let mut names = Vec::new();
    for time in EARLIER {
        let digits: String = time.chars().filter(char::is_ascii_digit).collect();
        let name = format!("{table}-{digits}");
        date(deployed, &make_backup(deployed, table, &name).await, time).await;
        names.push(name);
    }
    names
}

/// Makes the backups of [`EARLIER`] runs. Returns their ARNs, oldest first.
async fn back_up(deployed: &Deployed, table: &str) -> Vec<String> {
    let mut backups = Vec::new();
    for time in EARLIER {
        backups.push(make_dated_backup(deployed, table, time).await);
    }
    backups
}

/// Makes the backup of an earlier run, dated to its time. Returns its ARN.
pub async fn make_dated_backup(deployed: &Deployed, table: &str, time: &str) -> String {
    let arn = make_backup(deployed, table, &format!("{table}-{time}")).await;
    date(deployed, &arn, time).await;
    arn
}

/// Makes a backup of this name. Returns its ARN.
pub async fn make_backup(deployed: &Deployed, table: &str, name: &str) -> String {
    let create = deployed.dynamodb.create_backup().table_name(table).backup_name(name);
    create.send().await.unwrap().backup_details.unwrap().backup_arn
}

async fn date(deployed: &Deployed, backup: &str, time: &str) {
    let time = NaiveDateTime::parse_from_str(time, "%Y%m%dT%H%M%SZ").unwrap().and_utc().timestamp();
    stack().await.aws.proxy().date_backup(&deployed.account, backup, time as f64);
}

/// Sets the number of polls until later backups are available.
async fn slow(deployed: &Deployed, polls: u32) {
    let latency = SimulatedLatency { on_demand_backups: polls, ..SimulatedLatency::default() };
    stack().await.aws.proxy().slow(&deployed.account, latency);
}

/// Returns the bucket for captured settings in scenarios whose template parameters name one.
pub fn bucket(deployed: &Deployed) -> String {
    format!("settings-of-{}", deployed.account)
}

async fn make_bucket(deployed: &Deployed) {
    deployed.s3.create_bucket().bucket(bucket(deployed)).send().await.unwrap();
}

async fn tag(deployed: &Deployed, table: &str, value: &str) {
    let tag = Tag::builder().key("backup").value(value).build().unwrap();
    set_tags(deployed, table, vec![tag]).await;
}
