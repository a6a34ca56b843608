//! The scenarios of `backfill` and the table that they read.

use std::sync::Arc;

use aws_sdk_dynamodb::types::{AttributeValue, StreamSpecification, StreamViewType};
use aws_sdk_lambda::types::EventSourcePosition;
use aws_sdk_s3::primitives::ByteStream;
use futures::future::{BoxFuture, LocalBoxFuture};
use local_aws::Fault;
use serde_json::json;
use tablekeeper_core::error_name::ErrorName;
use tablekeeper_core::item_history::sequence_number::SequenceNumber;
use tablekeeper_core::item_history::version::{body_of_item, body_of_tombstone, object_key};

pub use super::import_table::TABLE;

use super::import_table::{make_table, make_table_called};
use super::sync_settings::tables::stream;
use super::sync_settings::{before, inject, takes_two_seconds};
use crate::harness::workflow::scenario;
use crate::{Begin, Deployed, Ended, FaultMatrix, Workflow};

const PLAN: &str = "backfill.plan-backfill";
const SEGMENT: &str = "backfill.backfill-segment";
const FINISH: &str = "backfill.finish-backfill";
/// An additional table that the stack may follow. A scenario creates it.
pub const OTHER: &str = "customers";
/// The template parameter that allows following [`OTHER`].
pub const MORE_TABLES: (&str, &str) = ("MoreTablesPattern", "cust*");
/// One second per call. A call ends after a page that takes two.
const IN_SHORT_CALLS: &[(&str, &str)] = &[("SecondsPerCall", "1")];

/// Returns the workflow with its scenarios.
pub fn workflow() -> Workflow {
    Workflow {
        name: "backfill",
        template: "incremental",
        machine: "BackfillStateMachine",
        // The stream is not read, so that nothing interferes. Scenarios put the versions that it would write.
        parameters: &[("MappingState", "DISABLED"), MORE_TABLES],
        prepare: Some(with_stream),
        scenarios: vec![
            scenario!("a table of items", of_items => "Complete").golden().and(|ended| {
                let output = json!({ "TableName": TABLE, "Items": 6, "Written": 6, "Kept": 0 });
                assert_eq!(output_of(ended), output);
                assert_eq!(
                    (ended.state.objects.len(), ended.state.versions.len()),
                    (7, 7),
                    "six and coverage.json"
                );
            }),
            scenario!("over what the stream wrote", over_the_stream => "Complete").golden().and(|ended| {
                let output = json!({ "TableName": TABLE, "Items": 6, "Written": 4, "Kept": 2 });
                assert_eq!(output_of(ended), output);
                assert_eq!(ended.state.versions.len(), 7, "{:?}", ended.state.versions);
                let lines = || ended.state.objects.iter().flat_map(|object| &object.lines);
                assert_eq!(lines().filter(|line| line.contains("by the stream")).count(), 1);
                assert_eq!(lines().filter(|line| line.starts_with("{\"SequenceNumber\"")).count(), 1);
            }),
            scenario!("an empty table", of_nothing => "Complete").and(|ended| {
                assert_eq!(output_of(ended)["Items"], 0);
                let keys: Vec<_> = ended.state.objects.iter().map(|object| object.key.as_str()).collect();
                assert_eq!(keys, ["items/coverage.json"]);
            }),
            scenario!("in several invocations", in_several => "Complete").with(IN_SHORT_CALLS).and(|ended| {
                assert_eq!(output_of(ended)["Written"], 8);
                let entered = ended.execution.as_ref().unwrap().entered.iter();
                let invocations = entered.filter(|state| *state == "Backfill Segment").count();
                assert!(invocations > 1, "{invocations}");
            }),
            scenario!("reads are throttled for a while", throttled_for_a_while => "Complete").and(|ended| {
                assert_eq!(output_of(ended)["Written"], 6);
                assert_eq!(ended.calls.iter().filter(|call| call.fault.is_some()).count(), 7);
            }),
            scenario!("another table that is followed", of_another_table => "Complete").golden().and(
                |ended| {
                    let output = json!({ "TableName": OTHER, "Items": 1, "Written": 1, "Kept": 0 });
                    assert_eq!(output_of(ended), output);
                    let keys: Vec<_> = ended.state.objects.iter().map(|object| object.key.as_str()).collect();
                    assert!(keys.iter().all(|key| key.starts_with("tables/customers/")), "{keys:?}");
                    assert!(keys.contains(&"tables/customers/coverage.json"), "{keys:?}");
                },
            ),
            scenario!("a table that is not followed", another_table => "Input Refused")
                .failing(ErrorName::InvalidInput),
            scenario!("the table is gone", table_gone => "Input Refused")
                .failing(ErrorName::SourceTableMissing),
            scenario!("the stream is off", stream_off => "Input Refused").failing(ErrorName::StreamNotUsable),
            scenario!("describing is not allowed", describing_refused => "Backfill Not Started")
                .failing(ErrorName::AccessDenied),
            scenario!("reading is not allowed", reading_refused => "Backfill Failed")
                .failing(ErrorName::AccessDenied),
            scenario!("writing is not allowed", writing_refused => "Backfill Failed")
                .failing(ErrorName::AccessDenied),
            scenario!("the stream is turned off during the backfill", stream_turned_off => "Backfill Not Confirmed")
                .failing(ErrorName::StreamNotUsable),
            scenario!("describing again is not allowed", finishing_refused => "Backfill Not Confirmed")
                .failing(ErrorName::AccessDenied),
        ],
        fault_matrix: FaultMatrix::EveryKindOfCall,
        changes_settings_of: None,
        reports_refusals_by: None,
        unentered: &[],
    }
}

/// Creates [`TABLE`] with a stream and returns the parameter by which the template follows it.
pub fn with_stream(deployed: &Deployed) -> LocalBoxFuture<'_, Vec<(&'static str, String)>> {
    Box::pin(async {
        make_table(deployed).await;
        let arn = stream(deployed, TABLE, StreamViewType::NewAndOldImages).await;
        vec![("StreamArn", arn)]
    })
}

/// Creates a table whose stream the stack's function reads, as incremental-tables.yaml does but with a disabled
/// mapping. Returns the stream's ARN.
pub async fn follow(deployed: &Deployed, table: &str) -> String {
    make_table_called(deployed, table).await;
    let stream_arn = stream(deployed, table, StreamViewType::NewAndOldImages).await;
    let function = deployed.output("StreamBackupFunctionName");
    let create = deployed.lambda.create_event_source_mapping().function_name(function);
    let create = create.starting_position(EventSourcePosition::TrimHorizon).enabled(false);
    create.event_source_arn(&stream_arn).send().await.unwrap();
    stream_arn
}

/// Deletes [`TABLE`] and waits until it is deleted.
pub async fn delete_table(deployed: &Deployed) {
    deployed.dynamodb.delete_table().table_name(TABLE).send().await.unwrap();
    crate::until("the table to be gone", async || {
        deployed.dynamodb.describe_table().table_name(TABLE).send().await.is_err()
    })
    .await;
}

fn output_of(ended: &Ended) -> serde_json::Value {
    ended.execution.as_ref().unwrap().output.clone()
}

async fn of_items(deployed: Arc<Deployed>) -> Begin {
    put_items(&deployed, 6, 10).await;
    Begin::Input(json!({ "Segments": 1 }))
}

async fn of_nothing(_: Arc<Deployed>) -> Begin {
    Begin::Input(json!({}))
}

async fn over_the_stream(deployed: Arc<Deployed>) -> Begin {
    put_items(&deployed, 6, 10).await;
    let number = SequenceNumber::parse("1000").unwrap();
    let changed = br#"{"id":{"S":"1"},"text":{"S":"by the stream"}}"#;
    for (id, body) in [("1", body_of_item(changed, &number)), ("2", body_of_tombstone(&number))] {
        let key = object_key("items/", format!(r#"{{"id":{{"S":"{id}"}}}}"#).as_bytes());
        let put = deployed.s3.put_object().bucket(deployed.output("ItemBucketName")).key(key);
        put.metadata("sequence-number", "1000").body(ByteStream::from(body)).send().await.unwrap();
    }
    Begin::Input(json!({ "TableName": TABLE, "Segments": 1, "MaxReadCapacityUnits": 1_000 }))
}

/// Puts items of more than the megabyte of a page.
async fn in_several(deployed: Arc<Deployed>) -> Begin {
    put_items(&deployed, 8, 300_000).await;
    takes_two_seconds(&deployed, (SEGMENT, "dynamodb:Scan")).await;
    Begin::Input(json!({ "Segments": 1 }))
}

async fn throttled_for_a_while(deployed: Arc<Deployed>) -> Begin {
    put_items(&deployed, 6, 10).await;
    inject(&deployed, SEGMENT, "dynamodb:Scan", 7, Fault::Throttle).await;
    Begin::Input(json!({ "Segments": 2 }))
}

async fn of_another_table(deployed: Arc<Deployed>) -> Begin {
    follow(&deployed, OTHER).await;
    let put = deployed.dynamodb.put_item().table_name(OTHER).item("id", AttributeValue::S("1".to_owned()));
    put.send().await.unwrap();
    Begin::Input(json!({ "TableName": OTHER, "Segments": 1 }))
}

async fn another_table(_: Arc<Deployed>) -> Begin {
    Begin::Input(json!({ "TableName": "another" }))
}

async fn table_gone(deployed: Arc<Deployed>) -> Begin {
    delete_table(&deployed).await;
    Begin::Input(json!({}))
}

async fn stream_off(deployed: Arc<Deployed>) -> Begin {
    turn_off(&deployed).await;
    Begin::Input(json!({}))
}

async fn describing_refused(deployed: Arc<Deployed>) -> Begin {
    refused(&deployed, PLAN, "dynamodb:DescribeTable").await
}

async fn reading_refused(deployed: Arc<Deployed>) -> Begin {
    refused(&deployed, SEGMENT, "dynamodb:Scan").await
}

async fn writing_refused(deployed: Arc<Deployed>) -> Begin {
    refused(&deployed, SEGMENT, "s3:PutObject").await
}

async fn finishing_refused(deployed: Arc<Deployed>) -> Begin {
    refused(&deployed, FINISH, "dynamodb:DescribeTable").await
}

/// Puts items and refuses a call of a step.
async fn refused(deployed: &Deployed, step: &str, action: &str) -> Begin {
    put_items(deployed, 6, 10).await;
    inject(deployed, step, action, usize::MAX, Fault::Refuse).await;
    Begin::Input(json!({ "Segments": 1 }))
}

async fn stream_turned_off(deployed: Arc<Deployed>) -> Begin {
    put_items(&deployed, 6, 10).await;
    let turn_off = |deployed: Arc<Deployed>| -> BoxFuture<'static, ()> {
        Box::pin(async move { turn_off(&deployed).await })
    };
    before(&deployed, (SEGMENT, "dynamodb:Scan"), turn_off).await;
    Begin::Input(json!({ "Segments": 1 }))
}

async fn turn_off(deployed: &Deployed) {
    let off = StreamSpecification::builder().stream_enabled(false).build().unwrap();
    deployed.dynamodb.update_table().table_name(TABLE).stream_specification(off).send().await.unwrap();
}

/// Puts N items, each with a text of N letters.
async fn put_items(deployed: &Deployed, number: usize, letters: usize) {
    for id in 0..number {
        let put =
            deployed.dynamodb.put_item().table_name(TABLE).item("id", AttributeValue::S(id.to_string()));
        put.item("text", AttributeValue::S("x".repeat(letters))).send().await.unwrap();
    }
}
