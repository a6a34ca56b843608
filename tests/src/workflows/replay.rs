//! The scenarios of `replay` and the objects that they read.

use std::sync::Arc;

use aws_sdk_s3::primitives::ByteStream;
use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use local_aws::Fault;
use serde_json::{Value, json};
use tablekeeper_core::clock::Clock;
use tablekeeper_core::error_name::ErrorName;
use tablekeeper_core::item_history::version::object_key;

use super::backfill::{MORE_TABLES, OTHER, TABLE, delete_table, follow, with_stream};
use super::snapshot::put_version;
use super::sync_settings::{inject, takes_two_seconds};
use crate::harness::workflow::scenario;
use crate::{Begin, Deployed, Ended, FaultMatrix, Workflow};

const STEP: &str = "replay.replay-objects";
/// The key prefix of the objects.
const FOLDER: &str = "aws/lambda/3f1c9a5e-0b7d-4c62-9b1a-5d0e8f2a7c44/shardId-1/2026/11/30/";

/// Returns the workflow with its scenarios.
pub fn workflow() -> Workflow {
    Workflow {
        name: "replay",
        template: "incremental",
        machine: "ReplayStateMachine",
        parameters: &[("MappingState", "DISABLED"), ("WatchState", "DISABLED"), MORE_TABLES],
        prepare: Some(with_stream),
        scenarios: vec![
            scenario!("changes of every kind", of_every_kind => "Complete").golden().and(|ended| {
                let counts = json!({ "Objects": 2, "Records": 6, "Written": 2, "Late": 2, "SetAside": 2, "Left": 0,
                    "OfOtherTables": 0 });
                assert_eq!(output(ended), counts);
                let under = |prefix: &str| keys(ended).filter(|key| key.starts_with(prefix)).count();
                assert_eq!((under("items/"), under("failures/late/")), (3, 2));
                assert_eq!((under("failures/"), under("aws/lambda/")), (4, 0));
            }),
            scenario!("another table that is followed", of_a_followed_table => "Complete").golden().and(|ended| {
                let counts = json!({ "Objects": 1, "Records": 1, "Written": 1, "Late": 0, "SetAside": 0, "Left": 0,
                    "OfOtherTables": 1 });
                assert_eq!(output(ended), counts);
                let under = |prefix: &str| keys(ended).filter(|key| key.starts_with(prefix)).count();
                assert_eq!((under("tables/customers/"), under("items/"), under("aws/lambda/")), (1, 0, 1));
            }),
            scenario!("a table that is not followed", of_a_table_not_followed => "Input Refused")
                .failing(ErrorName::InvalidInput),
            scenario!("nothing was discarded", of_nothing => "Complete").and(|ended| {
                assert_eq!(output(ended)["Objects"], 0);
            }),
            scenario!("in several invocations", in_several => "Complete")
                .with(&[("SecondsPerCall", "1")])
                .and(|ended| {
                    assert_eq!(output(ended)["Objects"], 3);
                    let entered = ended.execution.as_ref().unwrap().entered.iter();
                    assert!(entered.filter(|state| *state == "Replay Objects").count() > 1);
                }),
            scenario!("an object that holds no records", with_another_object => "Objects Left")
                .with(&[("SecondsPerCall", "1")])
                .failing(ErrorName::ObjectsLeft)
                .and(|ended| {
                    let cause = ended.execution.as_ref().unwrap().cause.as_deref().unwrap();
                    for expected in ["1 objects that Lambda discarded", "it has no payload", "2 objects with 2 records"] {
                        assert!(cause.contains(expected), "{cause}");
                    }
                    assert_eq!(keys(ended).filter(|key| key.starts_with("aws/lambda/")).count(), 1);
                    assert_eq!(keys(ended).filter(|key| key.starts_with("items/")).count(), 2);
                }),
            scenario!("of another table", of_another_table => "Input Refused")
                .failing(ErrorName::InvalidInput),
            scenario!("neither a table nor items", without_a_table => "Input Refused")
                .failing(ErrorName::SourceTableMissing),
            scenario!("deleting is not allowed", deleting_refused => "Replay Failed")
                .failing(ErrorName::AccessDenied)
                .and(|ended| {
                    assert_eq!(keys(ended).filter(|key| key.starts_with("aws/lambda/")).count(), 1);
                }),
        ],
        fault_matrix: FaultMatrix::EveryKindOfCall,
        changes_settings_of: None,
        reports_refusals_by: None,
        unentered: &[],
    }
}

fn output(ended: &Ended) -> Value {
    ended.execution.as_ref().unwrap().output.clone()
}

fn keys(ended: &Ended) -> impl Iterator<Item = &str> {
    ended.state.objects.iter().map(|object| object.key.as_str())
}

/// Returns a change of an item as a record of the followed stream.
async fn record(deployed: &Deployed, event: &str, id: &str, number: u32, at: DateTime<Utc>) -> Value {
    let described = deployed.dynamodb.describe_table().table_name(TABLE).send().await.unwrap();
    let stream = described.table.unwrap().latest_stream_arn.unwrap();
    let mut dynamodb = json!({ "ApproximateCreationDateTime": at.timestamp(), "Keys": { "id": { "S": id } },
        "SequenceNumber": number.to_string(), "StreamViewType": "NEW_AND_OLD_IMAGES" });
    if event != "REMOVE" {
        dynamodb["NewImage"] = json!({ "id": { "S": id }, "text": { "S": "discarded" } });
    }
    json!({ "eventName": event, "eventSourceARN": stream, "dynamodb": dynamodb })
}

/// Puts the object of a discarded batch as Lambda does.
async fn put_discarded(deployed: &Deployed, name: &str, records: Vec<Value>) {
    let report = json!({ "requestContext": { "condition": "RecordAgeExceeded" }, "version": "1.0",
        "DDBStreamBatchInfo": { "batchSize": records.len() }, "payload": { "Records": records } });
    put_object(deployed, name, report.to_string()).await;
}

async fn put_object(deployed: &Deployed, name: &str, body: String) {
    let put = deployed.s3.put_object().bucket(deployed.output("GivenUpBucketName"));
    put.key(format!("{FOLDER}{name}")).body(ByteStream::from(body.into_bytes())).send().await.unwrap();
}

/// Puts two changes that are still the latest ones, one whose item has changed since, one whose item was deleted since,
/// one that is too old to tell, and one without an item.
async fn of_every_kind(deployed: Arc<Deployed>) -> Begin {
    // The same time in all runs of a day, because runs are compared.
    let today = Clock::System.now().duration_trunc(TimeDelta::days(1)).unwrap();
    let yesterday = today - TimeDelta::days(1);
    put_version(&deployed, "2", Some("by the stream"), 200, &today.to_rfc3339()).await;
    put_version(&deployed, "3", None, 200, &today.to_rfc3339()).await;
    let deleted = object_key("items/", br#"{"id":{"S":"3"}}"#);
    let bucket = deployed.output("ItemBucketName");
    deployed.s3.delete_object().bucket(bucket).key(deleted).send().await.unwrap();
    let mut keys_only = record(&deployed, "MODIFY", "5", 105, yesterday).await;
    keys_only["dynamodb"].as_object_mut().unwrap().remove("NewImage");
    let first = vec![
        record(&deployed, "INSERT", "1", 101, yesterday).await,
        record(&deployed, "MODIFY", "2", 102, yesterday).await,
        record(&deployed, "MODIFY", "3", 103, yesterday).await,
    ];
    let second = vec![
        record(&deployed, "MODIFY", "4", 104, today - TimeDelta::days(40)).await,
        keys_only,
        record(&deployed, "REMOVE", "6", 106, yesterday).await,
    ];
    put_discarded(&deployed, "first", first).await;
    put_discarded(&deployed, "second", second).await;
    Begin::Input(json!({}))
}

/// Puts a change of a followed table next to one of the stack's own table.
async fn of_a_followed_table(deployed: Arc<Deployed>) -> Begin {
    let stream_arn = follow(&deployed, OTHER).await;
    // The same time in all runs of a day, because runs are compared.
    let today = Clock::System.now().duration_trunc(TimeDelta::days(1)).unwrap();
    let own = record(&deployed, "INSERT", "1", 101, today).await;
    let mut change = own.clone();
    change["eventSourceARN"] = json!(stream_arn);
    put_discarded(&deployed, "first", vec![own]).await;
    put_discarded(&deployed, "of-another-table", vec![change]).await;
    Begin::Input(json!({ "TableName": OTHER }))
}

async fn of_a_table_not_followed(_: Arc<Deployed>) -> Begin {
    Begin::Input(json!({ "TableName": OTHER }))
}

async fn of_nothing(_: Arc<Deployed>) -> Begin {
    Begin::Input(json!({}))
}

/// Puts three objects. A call ends after an object that takes two seconds.
async fn in_several(deployed: Arc<Deployed>) -> Begin {
    one_object(&deployed).await;
    for name in ["second", "third"] {
        let change = record(&deployed, "INSERT", name, 1, Clock::System.now()).await;
        put_discarded(&deployed, name, vec![change]).await;
    }
    takes_two_seconds(&deployed, (STEP, "s3:DeleteObject")).await;
    Begin::Input(json!({ "Prefix": FOLDER }))
}

async fn one_object(deployed: &Deployed) {
    let change = record(deployed, "INSERT", "1", 101, Clock::System.now()).await;
    put_discarded(deployed, "first", vec![change]).await;
}

/// Puts an object that is no discarded batch. It comes first, stays in the bucket, and takes a whole call.
async fn with_another_object(deployed: Arc<Deployed>) -> Begin {
    put_object(&deployed, "another", "{}".to_owned()).await;
    one_object(&deployed).await;
    let change = record(&deployed, "INSERT", "2", 102, Clock::System.now()).await;
    put_discarded(&deployed, "second", vec![change]).await;
    takes_two_seconds(&deployed, (STEP, "s3:GetObject")).await;
    Begin::Input(json!({}))
}

async fn of_another_table(_: Arc<Deployed>) -> Begin {
    let stream = "arn:aws:dynamodb:eu-west-1:123456789012:table/another/stream/2026-11-20T00:00:00.000";
    Begin::Input(json!({ "StreamArn": stream }))
}

async fn without_a_table(deployed: Arc<Deployed>) -> Begin {
    one_object(&deployed).await;
    delete_table(&deployed).await;
    Begin::Input(json!({}))
}

async fn deleting_refused(deployed: Arc<Deployed>) -> Begin {
    one_object(&deployed).await;
    inject(&deployed, STEP, "s3:DeleteObject", usize::MAX, Fault::Refuse).await;
    Begin::Input(json!({}))
}
