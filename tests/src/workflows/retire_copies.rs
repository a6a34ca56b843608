//! The scenarios of `retire-copies` and the copies that they need.

use std::sync::Arc;

use aws_sdk_dynamodb::types::Tag;
use futures::future::LocalBoxFuture;
use local_aws::{Fault, SimulatedLatency};
use serde_json::{Value, json};
use tablekeeper_core::aws::own_tag;
use tablekeeper_core::clock::Clock;
use tablekeeper_core::error_name::ErrorName;
use tablekeeper_core::retire::mark::{Mark, set};

use super::rotate_restore::{make_table, point_at, table_arn};
use super::sync_settings::{StepCall, before, inject};
use crate::harness::deployed::stack;
use crate::harness::workflow::scenario;
use crate::{Begin, Deployed, Ended, FaultMatrix, Workflow};

/// The name of the copies without the time.
pub const BASE: &str = "orders-staging";
/// The names of three copies, the oldest first.
pub const COPIES: [&str; 3] = [
    "orders-staging-20260301-02-00-00",
    "orders-staging-20260302-02-00-00",
    "orders-staging-20260303-02-00-00",
];

/// The first call that looks at the parameters again.
const LAST_LOOK: StepCall = ("retire-copies.delete-copy", "ssm:DescribeParameters");
/// The first call of a marking.
const MARKING: StepCall = ("retire-copies.mark-copy", "dynamodb:DescribeTable");

/// Returns the workflow with its scenarios.
pub fn workflow() -> Workflow {
    Workflow {
        name: "retire-copies",
        template: "retire-copies",
        machine: "StateMachine",
        prepare: Some(with_a_state_machine),
        parameters: &[("StateMachinePattern", "*"), ("OlderThanDays", "0"), ("Delete", "true")],
        scenarios: vec![
            scenario!("an old copy", an_old_copy => "Complete").golden().and(|ended| {
                assert_eq!(tables(ended), COPIES[1..]);
                assert_eq!((&output(ended)["Retired"], &output(ended)["Kept"]), (&json!(1), &json!(2)));
                let backup = report(ended, COPIES[0])["BackupArn"].as_str().unwrap().to_owned();
                assert!(backup.contains(&format!("table/{}/backup/", COPIES[0])), "{backup}");
            }),
            scenario!("a parameter that a person moves meanwhile", a_moved_pointer => "Complete").and(
                |ended| {
                    assert_eq!(tables(ended), COPIES);
                    let reason = report(ended, COPIES[0])["Reason"].to_string();
                    assert!(reason.contains("points at it (current)"), "{reason}");
                },
            ),
            scenario!("without Delete", without_delete => "Complete").and(|ended| {
                assert_eq!(tables(ended), COPIES);
                assert_eq!(report(ended, COPIES[0])["Outcome"], "WOULD_RETIRE");
            }),
            scenario!("without a backup, by a pattern", without_a_backup => "Complete").and(|ended| {
                assert_eq!(tables(ended), COPIES[2..]);
                assert!(ended.state.backups.is_empty(), "{:?}", ended.state.backups);
            }),
            scenario!("by the template's parameters", by_template => "Complete")
                .with(&[("TableNames", BASE), ("Keep", "1")])
                .and(|ended| assert_eq!(tables(ended), COPIES[2..])),
            scenario!("no copy at all", no_copies => "Complete").and(|ended| {
                assert_eq!(output(ended)["Copies"], json!([]));
            }),
            scenario!("a copy that a running execution names", in_use => "Complete").and(|ended| {
                assert_eq!(tables(ended), COPIES);
                let reason = report(ended, COPIES[0])["Reason"].to_string();
                assert!(reason.contains("may work on it"), "{reason}");
            }),
            scenario!("a copy that another execution marks meanwhile", marked_by_another => "Complete").and(
                |ended| {
                    assert_eq!(tables(ended), COPIES);
                    let reason = report(ended, COPIES[0])["Reason"].to_string();
                    assert!(reason.contains("another execution retires it: arn:other"), "{reason}");
                },
            ),
            scenario!("a copy that a person deletes meanwhile", gone_meanwhile => "Complete").and(|ended| {
                assert_eq!(tables(ended), COPIES[1..]);
                assert_eq!(report(ended, COPIES[0])["Reason"], "it was gone already");
            }),
            scenario!("wrong input", wrong_input => "Input Refused").failing(ErrorName::InvalidInput),
            scenario!("a wrong pattern", wrong_pattern => "Input Refused").failing(ErrorName::InvalidPattern),
            scenario!("listing parameters is not allowed", listing_refused => "Copies Not Planned")
                .failing(ErrorName::AccessDenied),
            scenario!("a backup that fails", a_backup_that_fails => "Copies Failed")
                .failing(ErrorName::TablesFailed)
                .and(|ended| assert_eq!(tables(ended), COPIES)),
            scenario!("marking is not allowed", marking_refused => "Copies Failed")
                .failing(ErrorName::TablesFailed)
                .and(|ended| assert_eq!(tables(ended), COPIES)),
            scenario!("reading parameters again is not allowed", last_look_refused => "Copies Failed")
                .failing(ErrorName::TablesFailed)
                .and(|ended| assert_eq!(tables(ended), COPIES)),
            scenario!("deleting is not allowed", deleting_refused => "Copies Failed")
                .failing(ErrorName::TablesFailed)
                .and(|ended| assert_eq!(tables(ended), COPIES)),
            scenario!("unmarking is not allowed", unmarking_refused => "Copies Failed")
                .failing(ErrorName::TablesFailed),
        ],
        fault_matrix: FaultMatrix::EveryKindOfCall,
        changes_settings_of: None,
        reports_refusals_by: Some(ErrorName::TablesFailed),
        unentered: &[(
            "Not Reported",
            "each copy catches States.ALL, and the input of Finish is proved to fit",
        )],
    }
}

/// Makes a state machine whose executions would keep copies. None runs. Deletions need to know at least one.
fn with_a_state_machine(deployed: &Deployed) -> LocalBoxFuture<'_, Vec<(&'static str, String)>> {
    Box::pin(async {
        let definition = json!({ "StartAt": "Done", "States": { "Done": { "Type": "Succeed" } } });
        let create =
            deployed.sfn.create_state_machine().name("uses-copies").definition(definition.to_string());
        let made = create.role_arn("arn:aws:iam::123456789012:role/machine").send().await.unwrap();
        vec![("StateMachineARNs", made.state_machine_arn)]
    })
}

fn output(ended: &Ended) -> &Value {
    &ended.execution.as_ref().unwrap().output
}

/// Returns the report of a copy.
fn report(ended: &Ended, table: &str) -> Value {
    let copies = output(ended)["Copies"].as_array().unwrap();
    copies.iter().find(|copy| copy["TableName"] == table).unwrap().clone()
}

fn tables(ended: &Ended) -> Vec<&str> {
    ended.state.tables.keys().map(String::as_str).collect()
}

/// Makes the three copies as rotations do, and points the parameter at the newest one.
pub async fn make_copies(deployed: &Deployed) {
    for copy in COPIES {
        make_copy(deployed, copy).await;
    }
    point_at(deployed, COPIES[2]).await;
}

/// Makes a copy as a rotation does.
pub async fn make_copy(deployed: &Deployed, name: &str) {
    make_table(deployed, name).await;
    super::sync_settings::tables::until_active(deployed, name).await;
    let tag = Tag::builder().key(own_tag::RECOVERY_POINT).value("01576616366715-b4e58d3a").build().unwrap();
    super::sync_settings::tables::set_tags(deployed, name, vec![tag]).await;
    // The tags are locked until they are listed.
    own_tag::all(&deployed.dynamodb, &table_arn(deployed, name)).await.unwrap();
}

/// Retires the oldest copy, and looks at the running executions of the workflow itself.
fn oldest(deployed: &Deployed) -> Begin {
    Begin::Input(json!({ "TableName": BASE, "Keep": 2, "StateMachineARNs": [deployed.machine()] }))
}

async fn an_old_copy(deployed: Arc<Deployed>) -> Begin {
    make_copies(&deployed).await;
    let latency = SimulatedLatency { on_demand_backups: 1, ..SimulatedLatency::default() };
    stack().await.aws.proxy().slow(&deployed.account, latency);
    oldest(&deployed)
}

async fn a_moved_pointer(deployed: Arc<Deployed>) -> Begin {
    make_copies(&deployed).await;
    before(&deployed, LAST_LOOK, |deployed| async move { point_at(&deployed, COPIES[0]).await }).await;
    oldest(&deployed)
}

async fn without_delete(deployed: Arc<Deployed>) -> Begin {
    make_copies(&deployed).await;
    Begin::Input(json!({ "TableNames": [BASE], "Keep": 1, "Delete": false }))
}

async fn without_a_backup(deployed: Arc<Deployed>) -> Begin {
    make_copies(&deployed).await;
    Begin::Input(json!({ "TableNamePattern": "-staging$", "Keep": 1, "BackUp": false }))
}

async fn by_template(deployed: Arc<Deployed>) -> Begin {
    make_copies(&deployed).await;
    Begin::Input(json!({}))
}

async fn no_copies(_deployed: Arc<Deployed>) -> Begin {
    Begin::Input(json!({ "TableName": BASE }))
}

/// Starts an execution that names the oldest copy, and protects what executions of the workflow itself work on.
async fn in_use(deployed: Arc<Deployed>) -> Begin {
    make_copies(&deployed).await;
    let machine = deployed.machine();
    Begin::Input(json!({ "TableNames": [BASE, COPIES[0]], "Keep": 2, "StateMachineARNs": [machine] }))
}

async fn marked_by_another(deployed: Arc<Deployed>) -> Begin {
    make_copies(&deployed).await;
    before(&deployed, MARKING, |deployed| async move {
        let mark = Mark::new("arn:other", Clock::System.now());
        assert!(set(&deployed.dynamodb, &table_arn(&deployed, COPIES[0]), &mark).await.unwrap());
    })
    .await;
    oldest(&deployed)
}

async fn gone_meanwhile(deployed: Arc<Deployed>) -> Begin {
    make_copies(&deployed).await;
    before(&deployed, MARKING, |deployed| async move {
        deployed.dynamodb.delete_table().table_name(COPIES[0]).send().await.unwrap();
    })
    .await;
    oldest(&deployed)
}

async fn wrong_input(deployed: Arc<Deployed>) -> Begin {
    make_copies(&deployed).await;
    Begin::Input(json!({ "TableName": BASE, "Keep": 0 }))
}

async fn wrong_pattern(_deployed: Arc<Deployed>) -> Begin {
    Begin::Input(json!({ "TableNamePattern": "(" }))
}

async fn listing_refused(deployed: Arc<Deployed>) -> Begin {
    refused(&deployed, "retire-copies.plan-retirement", "ssm:DescribeParameters").await
}

async fn a_backup_that_fails(deployed: Arc<Deployed>) -> Begin {
    make_copies(&deployed).await;
    stack().await.aws.proxy().fail_backups(&deployed.account, true);
    oldest(&deployed)
}

/// Makes the copies and refuses a call of a step.
async fn refused(deployed: &Deployed, step: &str, action: &str) -> Begin {
    make_copies(deployed).await;
    inject(deployed, step, action, usize::MAX, Fault::Refuse).await;
    oldest(deployed)
}

async fn marking_refused(deployed: Arc<Deployed>) -> Begin {
    refused(&deployed, "retire-copies.mark-copy", "dynamodb:TagResource").await
}

async fn last_look_refused(deployed: Arc<Deployed>) -> Begin {
    refused(&deployed, "retire-copies.delete-copy", "ssm:GetParameterHistory").await
}

async fn deleting_refused(deployed: Arc<Deployed>) -> Begin {
    refused(&deployed, "retire-copies.delete-copy", "dynamodb:DeleteTable").await
}

async fn unmarking_refused(deployed: Arc<Deployed>) -> Begin {
    inject(&deployed, "retire-copies.unmark-copy", "dynamodb:UntagResource", usize::MAX, Fault::Refuse).await;
    deleting_refused(deployed).await
}
