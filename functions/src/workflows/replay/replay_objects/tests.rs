use serde_json::{Value, json};
use tablekeeper_core::replay::testing::{STREAM, aws, defaults, record, report};
use tablekeeper_core::testing::fake_store::{FakeStore, Fault};

use super::*;
use crate::step::AnyStep as _;

const BEGIN: i64 = 1_800_000_000;
const FIRST: &str = "aws/lambda/1-2-3/shard-1/2026/11/30/2026-11-30T00.38.06-a";
const SECOND: &str = "aws/lambda/1-2-3/shard-2/2026/11/30/2026-11-30T00.38.06-b";

fn two_objects() -> FakeStore {
    let aws = aws(BEGIN);
    let first = report(&[record("INSERT", "1", 100, BEGIN, "a"), record("INSERT", "2", 101, BEGIN, "b")]);
    let second = report(&[record("MODIFY", "1", 102, BEGIN + 5, "c")]);
    aws.with_object(FIRST, first.to_string()).with_object(SECOND, second.to_string())
}

async fn whole(aws: &FakeStore, input: Value) -> Result<Value, Failure> {
    let clock = Clock::Fixed(chrono::DateTime::from_timestamp(BEGIN + 60, 0).unwrap());
    let clients = aws.clients();
    let (dynamodb, lambda, s3) = (clients.dynamodb(), clients.lambda(), clients.s3());
    let step = ReplayObjects { dynamodb, lambda, s3, clock };
    let input = json!({ "executionArn": "arn:aws:states:eu-west-1:123456789012:execution:replay:by-hand",
        "executionInput": input, "defaults": defaults(), "cursor": null, "counts": Counts::default(), "reasons": [] });
    step.run_json(input).await
}

fn left(aws: &FakeStore) -> Vec<String> {
    aws.keys().into_iter().filter(|key| key.starts_with("aws/lambda/")).collect()
}

#[tokio::test]
async fn every_object_is_applied_and_deleted() {
    let aws = two_objects();
    let output = whole(&aws, json!({})).await.unwrap();
    let counts = json!({ "Objects": 2, "Records": 3, "Written": 3, "Late": 0, "SetAside": 0, "Left": 0,
        "OfOtherTables": 0 });
    assert_eq!(output, json!({ "cursor": null, "counts": counts, "reasons": [], "done": true }));
    assert_eq!(left(&aws), Vec::<String>::new());
    let again = whole(&aws, json!({})).await.unwrap();
    assert_eq!(again["counts"], json!(Counts::default()));
}

#[tokio::test]
async fn an_object_with_unapplied_changes_is_not_deleted() {
    let aws = two_objects();
    aws.fail_action("s3:PutObject", 1, Fault::Refused(503, "SlowDown"));
    let failure = whole(&aws, json!({})).await.unwrap_err();
    assert_eq!((failure.name, left(&aws).len()), (ErrorName::Throttled, 2));
    aws.fail_action("s3:DeleteObject", 0, Fault::Refused(403, "AccessDenied"));
    let failure = whole(&aws, json!({})).await.unwrap_err();
    assert!(failure.message.starts_with("s3:DeleteObject failed"), "{failure}");
    let counts = &whole(&aws, json!({})).await.unwrap()["counts"];
    assert_eq!((&counts["Objects"], left(&aws).len()), (&json!(2), 0));
}

#[tokio::test]
async fn the_next_call_continues_after_the_cursor() {
    let aws = two_objects().with_object("aws/lambda/1-2-3/shard-1/2026/11/30/2026-11-30T00.38.06-0", "{}");
    let defaults = serde_json::from_value(defaults()).unwrap();
    let wanted = ExecutionInput::default().wanted(&defaults, STREAM).unwrap();
    let replay = objects::Replay { seconds_per_call: Some(0), ..wanted };
    let (dynamodb, s3) = (aws.clients().dynamodb(), aws.clients().s3());
    let clock = Clock::Fixed(chrono::DateTime::from_timestamp(BEGIN + 60, 0).unwrap());
    let work = ReplayJob { replay: &replay, dynamodb: &dynamodb, s3: &s3, clock };
    let (mut reached, mut calls) = (Checkpoint::default(), 0);
    while !reached.done {
        reached = objects::run(&work, reached, &mut |_| {}).await.unwrap();
        calls += 1;
    }
    assert_eq!(calls, 4, "an object a call, and one to see that there are no more");
    let counts = Counts { objects: 2, records: 3, written: 3, left: 1, ..Counts::default() };
    assert_eq!((reached.counts, left(&aws).len()), (counts, 1));
    let failure = whole(&aws, json!({})).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::ObjectsLeft);
    assert!(
        failure.message.ends_with(
            "-0: it has no payload, and so no records; 0 objects with 0 records were replayed: 0 were \
             written, 0 are late versions, 0 were quarantined"
        ),
        "{failure}"
    );
}

#[tokio::test]
async fn objects_of_another_stream_are_left_unless_requested() {
    let aws = two_objects();
    let earlier = STREAM.replace("2026", "2025");
    let of_earlier = report(&[record("INSERT", "3", 1, BEGIN, "z")]).to_string().replace(STREAM, &earlier);
    let key = format!("{FIRST}-earlier");
    let aws = aws.with_object(&key, of_earlier);
    let failure = whole(&aws, json!({})).await.unwrap_err();
    let reason = format!("its record 0 is of `{earlier}`; it must be of {STREAM}");
    assert!(failure.name == ErrorName::ObjectsLeft && failure.message.contains(&reason), "{failure}");
    assert_eq!(left(&aws), [key]);
    let output = whole(&aws, json!({ "StreamArn": earlier })).await.unwrap();
    assert_eq!((&output["counts"]["Written"], left(&aws).len()), (&json!(1), 0));
}

#[tokio::test]
async fn each_table_has_its_own_replay() {
    let other = STREAM.replace("orders", "customers");
    let mapping = json!({ "EventSourceMappings": [{ "UUID": "1-2-3", "EventSourceArn": other }] });
    let aws = two_objects().with_table("customers", &["id"]);
    aws.aws.response("lambda:GET", move |_| (200, mapping.clone()));
    let key = format!("{FIRST}-other");
    let of_other = report(&[record("INSERT", "1", 100, BEGIN, "z")]).to_string();
    let aws = aws.with_object(&key, of_other.replace(STREAM, &STREAM.replace("orders", "customers")));
    let counts = &whole(&aws, json!({})).await.unwrap()["counts"];
    assert_eq!((&counts["Objects"], &counts["OfOtherTables"], left(&aws)), (&json!(2), &json!(1), vec![key]));
    let counts = &whole(&aws, json!({ "TableName": "customers" })).await.unwrap()["counts"];
    assert_eq!((&counts["Written"], left(&aws).len()), (&json!(1), 0));
    assert_eq!(aws.keys().iter().filter(|key| key.starts_with("tables/customers/")).count(), 1);
    let refused = whole(&aws, json!({ "TableName": "invoices" })).await.unwrap_err();
    assert_eq!(refused.name, ErrorName::InvalidInput);
}

#[tokio::test]
async fn only_objects_under_the_prefix_are_processed() {
    let aws = two_objects();
    let output = whole(&aws, json!({ "Prefix": "aws/lambda/1-2-3/shard-2/" })).await.unwrap();
    assert_eq!((&output["counts"]["Objects"], left(&aws)), (&json!(1), vec![FIRST.to_owned()]));
    // A change older than the item's version is late.
    let output = whole(&aws, json!({})).await.unwrap();
    assert_eq!((&output["counts"]["Written"], &output["counts"]["Late"]), (&json!(1), &json!(1)));
}

#[tokio::test]
async fn every_failure_has_its_error_name() {
    let aws = two_objects();
    let refused = whole(&aws, json!({ "Prefix": "other/" })).await.unwrap_err();
    assert_eq!(refused.name, ErrorName::InvalidInput);
    aws.fail_action("s3:ListObjectsV2", 0, Fault::Refused(403, "AccessDenied"));
    assert_eq!(whole(&aws, json!({})).await.unwrap_err().name, ErrorName::AccessDenied);
    let gone = FakeStore::default().with_object(FIRST, "{}");
    assert_eq!(whole(&gone, json!({})).await.unwrap_err().name, ErrorName::SourceTableMissing);
    aws.fail_action("s3:GetObject", 0, Fault::Broken(5));
    assert_eq!(whole(&aws, json!({})).await.unwrap_err().name, ErrorName::ServiceUnavailable);
}
