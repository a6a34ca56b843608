//! The scenarios of `rollback` and the versions that they go back to.

use std::sync::Arc;

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use local_aws::Fault;
use serde_json::{Value, json};
use tablekeeper_core::error_name::ErrorName;
use tablekeeper_core::rotation::pointer::{CURRENT, PINNED, PREVIOUS};

use super::rotate_restore::{PARAMETER, make_table, point_at};
use super::sync_settings::{before_repeated, inject};
use crate::harness::deployed::stack;
use crate::harness::workflow::scenario;
use crate::{Begin, Deployed, Ended, FaultMatrix, Workflow};

/// The copy that the parameter points at first.
pub const EARLIER: &str = "orders-staging-20260301-02-00-00";
/// The copy that the parameter points at when the execution starts.
pub const LATER: &str = "orders-staging-20260302-02-00-00";

/// Returns the workflow with its scenarios.
pub fn workflow() -> Workflow {
    Workflow {
        name: "rollback",
        template: "rotate-restore",
        machine: "RollbackStateMachine",
        prepare: None,
        parameters: &[("SSMParameterNamePattern", "staging/*")],
        scenarios: vec![
            scenario!("to the previous copy", to_the_previous => "Complete").golden().and(|ended| {
                assert_eq!(values(ended), [EARLIER, LATER, EARLIER]);
                assert_eq!(labels(ended), [Some(3), Some(2), Some(3)]);
                let output = &ended.execution.as_ref().unwrap().output;
                assert_eq!((&output["PreviousVersion"], &output["Pinned"]), (&json!(2), &json!(true)));
            }),
            scenario!("from a pinned copy without a pin", without_a_pin => "Complete").golden().and(
                |ended| {
                    assert_eq!(values(ended), [EARLIER, LATER, EARLIER]);
                    assert_eq!(labels(ended), [Some(3), Some(2), None]);
                },
            ),
            scenario!("to a copy that was never current", to_a_new_copy => "Complete").golden().and(
                |ended| {
                    assert_eq!(values(ended), [EARLIER, EARLIER, LATER]);
                },
            ),
            scenario!("to a copy that is busy", to_a_busy_copy => "Complete").and(|ended| {
                let entered = &ended.execution.as_ref().unwrap().entered;
                assert!(entered.iter().any(|state| state == "Wait for Target"), "{entered:?}");
            }),
            scenario!("to the current copy", to_the_current => "Input Refused")
                .failing(ErrorName::InvalidInput),
            scenario!("to a table with other keys", to_other_keys => "Input Refused")
                .failing(ErrorName::InvalidInput),
            scenario!("to a copy that was deleted", to_a_deleted_copy => "Target Not Usable")
                .failing(ErrorName::TargetTableMissing),
            scenario!("to an archived copy", to_an_archived_copy => "Target Not Usable")
                .failing(ErrorName::RestoreFailed),
            scenario!("describing is not allowed", describing_refused => "Target Not Checked")
                .failing(ErrorName::AccessDenied),
            scenario!("writing is not allowed", writing_refused => "Pointer Not Moved")
                .failing(ErrorName::AccessDenied),
            scenario!("a label on the oldest of 100 versions", a_hundred_versions => "Pointer Not Moved")
                .failing(ErrorName::PointerVersionsFull),
        ],
        fault_matrix: FaultMatrix::EveryCall,
        changes_settings_of: None,
        reports_refusals_by: None,
        unentered: &[("Target Timed Out", "a table would have to be busy for an hour")],
    }
}

/// Returns the names of the tables in the versions.
fn values(ended: &Ended) -> Vec<&str> {
    ended.state.parameters[PARAMETER].iter().map(|value| value.rsplit('/').next().unwrap()).collect()
}

/// Returns the versions that are current, previous and pinned.
fn labels(ended: &Ended) -> [Option<i64>; 3] {
    let labels = &ended.state.labels[PARAMETER];
    [CURRENT, PREVIOUS, PINNED].map(|label| labels.get(label).copied())
}

/// Makes both copies, and points the parameter at one after the other.
async fn both_copies(deployed: &Deployed) {
    for table in [EARLIER, LATER] {
        make_table(deployed, table).await;
        point_at(deployed, table).await;
    }
}

fn to(to: impl Into<Value>) -> Begin {
    Begin::Input(json!({ "SSMParameterName": PARAMETER, "To": to.into() }))
}

async fn to_the_previous(deployed: Arc<Deployed>) -> Begin {
    both_copies(&deployed).await;
    to("previous")
}

async fn without_a_pin(deployed: Arc<Deployed>) -> Begin {
    both_copies(&deployed).await;
    label(&deployed, 2, PINNED).await;
    Begin::Input(json!({ "SSMParameterName": PARAMETER, "To": 1, "Pin": false }))
}

async fn to_a_new_copy(deployed: Arc<Deployed>) -> Begin {
    make_table(&deployed, LATER).await;
    make_table(&deployed, EARLIER).await;
    point_at(&deployed, EARLIER).await;
    point_at(&deployed, EARLIER).await;
    to(LATER)
}

async fn to_a_busy_copy(deployed: Arc<Deployed>) -> Begin {
    both_copies(&deployed).await;
    let proxy = stack().await.aws.proxy();
    proxy.show_table_status(&deployed.account, EARLIER, Some("UPDATING".to_owned()));
    before_repeated(
        &deployed,
        1,
        ("rollback.check-target", "dynamodb:DescribeTable"),
        |deployed| async move {
            stack().await.aws.proxy().show_table_status(&deployed.account, EARLIER, None);
        },
    )
    .await;
    to(EARLIER)
}

async fn to_the_current(deployed: Arc<Deployed>) -> Begin {
    both_copies(&deployed).await;
    to(2)
}

async fn to_other_keys(deployed: Arc<Deployed>) -> Begin {
    both_copies(&deployed).await;
    let key = KeySchemaElement::builder().attribute_name("number").key_type(KeyType::Hash).build().unwrap();
    let attribute = AttributeDefinition::builder().attribute_name("number");
    let attribute = attribute.attribute_type(ScalarAttributeType::N).build().unwrap();
    let create =
        deployed.dynamodb.create_table().table_name("other").billing_mode(BillingMode::PayPerRequest);
    create.key_schema(key).attribute_definitions(attribute).send().await.unwrap();
    to("other")
}

async fn to_a_deleted_copy(deployed: Arc<Deployed>) -> Begin {
    make_table(&deployed, LATER).await;
    point_at(&deployed, EARLIER).await;
    point_at(&deployed, LATER).await;
    to("previous")
}

async fn to_an_archived_copy(deployed: Arc<Deployed>) -> Begin {
    both_copies(&deployed).await;
    let status = Some("ARCHIVED".to_owned());
    stack().await.aws.proxy().show_table_status(&deployed.account, EARLIER, status);
    to("previous")
}

async fn describing_refused(deployed: Arc<Deployed>) -> Begin {
    both_copies(&deployed).await;
    inject(&deployed, "rollback.check-target", "dynamodb:DescribeTable", usize::MAX, Fault::Refuse).await;
    to("previous")
}

async fn writing_refused(deployed: Arc<Deployed>) -> Begin {
    both_copies(&deployed).await;
    inject(&deployed, "rollback.move-pointer", "ssm:PutParameter", usize::MAX, Fault::Refuse).await;
    to("previous")
}

async fn a_hundred_versions(deployed: Arc<Deployed>) -> Begin {
    both_copies(&deployed).await;
    for _ in 2..100 {
        point_at(&deployed, LATER).await;
    }
    label(&deployed, 1, "audited").await;
    to(1)
}

/// Gives a version of [`PARAMETER`] a label.
pub async fn label(deployed: &Deployed, version: i64, label: &str) {
    let call =
        deployed.ssm.label_parameter_version().name(PARAMETER).parameter_version(version).labels(label);
    assert!(call.send().await.unwrap().invalid_labels().is_empty());
}
