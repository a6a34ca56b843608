use serde_json::json;
use tablekeeper_core::item_history::version::{EventName, Version, item_of_body};
use tablekeeper_core::testing::fake_store::{FakeStore, Fault};
use tracing::instrument::WithSubscriber as _;

use super::*;
use crate::log::tests::Lines;

const STREAM: &str = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2026-11-20T00:00:00.000";

/// Returns a change of the item `id`: the `number`-th at this second.
fn record(event: &str, id: &str, number: u64, second: u64, value: &str) -> Value {
    let keys = json!({ "id": { "S": id } });
    let mut dynamodb = json!({ "ApproximateCreationDateTime": second, "Keys": keys,
        "SequenceNumber": number.to_string(), "StreamViewType": "NEW_IMAGE" });
    if event != "REMOVE" {
        dynamodb["NewImage"] = json!({ "id": { "S": id }, "value": { "S": value } });
    }
    json!({ "eventName": event, "eventSourceARN": STREAM, "dynamodb": dynamodb })
}

fn store() -> FakeStore {
    FakeStore::default().with_table("orders", &["id"])
}

fn step(aws: &FakeStore) -> StreamBackup {
    step_with(aws, false)
}

/// Returns the step. If `patient`, the SDK retries.
pub(super) fn step_with(aws: &FakeStore, patient: bool) -> StreamBackup {
    let clients = if patient { aws.patient_clients() } else { aws.clients() };
    StreamBackup {
        dynamodb: clients.dynamodb(),
        s3: clients.s3(),
        config: Config {
            bucket: "items".to_owned(),
            prefix: "items/".to_owned(),
            own_table: Some("orders".to_owned()),
            tables_prefix: "tables/".to_owned(),
            failures_prefix: "failures/".to_owned(),
        },
        memory: Memory::default(),
        key_names: Mutex::default(),
    }
}

async fn deliver(step: &StreamBackup, records: Vec<Value>) -> Option<String> {
    let output = step.run(Event(json!({ "Records": records }))).await.unwrap();
    output.batch_item_failures.into_iter().next().map(|failure| failure.item_identifier)
}

/// Returns the versions of the only item: the event and the value of each.
fn versions(aws: &FakeStore) -> Vec<(EventName, String)> {
    let state = aws.state();
    let mut of_items = state.versions.iter().filter(|(key, _)| key.starts_with("items/"));
    let Some((_, versions)) = of_items.next() else { return Vec::new() };
    assert!(of_items.next().is_none(), "one item has one object");
    let reported = versions.iter().map(|version| {
        let object = version.object.as_ref().unwrap();
        let metadata = object.metadata.clone().into_iter().collect();
        let item = item_of_body("o", &object.body).unwrap().unwrap_or(b"{}");
        let item: Value = serde_json::from_slice(item).unwrap();
        let value = item.pointer("/value/S").and_then(Value::as_str).unwrap_or_default().to_owned();
        (Version::from_metadata(Some(&metadata)).unwrap().event, value)
    });
    reported.collect()
}

#[tokio::test]
async fn an_insertion_takes_one_request_and_a_change_one_more_without_memory() {
    let aws = store();
    let requests = || aws.count("s3:PutObject") + aws.count("s3:HeadObject");
    let warm = step(&aws);
    assert_eq!(deliver(&warm, vec![record("INSERT", "1", 100, 10, "a")]).await, None);
    assert_eq!(requests(), 1);
    assert_eq!(deliver(&warm, vec![record("MODIFY", "1", 101, 11, "b")]).await, None);
    assert_eq!(requests(), 2, "a warm function remembers the object");
    assert_eq!(deliver(&step(&aws), vec![record("MODIFY", "1", 102, 12, "c")]).await, None);
    assert_eq!(requests(), 4, "a cold function reads the object first");
    assert_eq!(deliver(&step(&aws), vec![record("REMOVE", "1", 103, 13, "")]).await, None);
    assert_eq!(requests(), 6);
    // The item comes back, over the tombstone.
    assert_eq!(deliver(&step(&aws), vec![record("INSERT", "1", 104, 14, "d")]).await, None);
    assert_eq!(requests(), 9, "three at worst");
    let events =
        [EventName::Insert, EventName::Modify, EventName::Modify, EventName::Remove, EventName::Insert];
    let values = ["a", "b", "c", "", "d"].map(str::to_owned);
    assert_eq!(versions(&aws), events.into_iter().zip(values).collect::<Vec<_>>());
    assert_eq!(aws.count("dynamodb:DescribeTable"), 4, "once for each function");
}

#[tokio::test]
async fn a_repeated_delivery_writes_nothing() {
    let aws = store();
    let batch = || {
        vec![
            record("INSERT", "1", 9, 10, "a"),
            record("MODIFY", "1", 10, 11, "b"),
            record("REMOVE", "1", 11, 12, ""),
        ]
    };
    assert_eq!(deliver(&step(&aws), batch()).await, None);
    let before = versions(&aws);
    assert_eq!(before.len(), 3);
    for stale in [batch(), batch()[..1].to_vec(), batch()[1..].to_vec()] {
        assert_eq!(deliver(&step(&aws), stale).await, None);
        assert_eq!(versions(&aws), before);
    }
}

#[tokio::test]
async fn changes_of_a_new_stream_are_newer_despite_lower_numbers() {
    let aws = store();
    let of_new = |mut record: Value| {
        record["eventSourceARN"] = json!(STREAM.replace("2026-11-20", "2026-11-21"));
        record
    };
    deliver(&step(&aws), vec![record("INSERT", "1", 1_000, 10, "a"), record("REMOVE", "1", 1_001, 11, "")])
        .await;
    let new = || vec![of_new(record("INSERT", "1", 7, 20, "b")), of_new(record("MODIFY", "1", 8, 21, "c"))];
    assert_eq!(deliver(&step(&aws), new()).await, None);
    let values = || versions(&aws).into_iter().map(|(_, value)| value).collect::<Vec<_>>();
    assert_eq!(values(), ["a", "", "b", "c"]);
    // A record of either stream that is delivered again is stale.
    assert_eq!(deliver(&step(&aws), new()).await, None);
    assert_eq!(deliver(&step(&aws), vec![record("REMOVE", "1", 1_001, 11, "")]).await, None);
    assert_eq!(values(), ["a", "", "b", "c"]);
}

/// Versions of an earlier release do not record their stream.
#[tokio::test]
async fn a_bucket_whose_versions_have_no_stream_still_works() {
    for (number, second, written) in [(1_001, 11, true), (7, 11, true), (1_000, 10, false), (999, 10, false)]
    {
        let aws = store();
        deliver(&step(&aws), vec![record("INSERT", "1", 1_000, 10, "a")]).await;
        for object in aws.state().objects.values_mut() {
            object.metadata.remove("stream").unwrap();
        }
        assert_eq!(deliver(&step(&aws), vec![record("MODIFY", "1", number, second, "b")]).await, None);
        assert_eq!(versions(&aws).len() == 2, written, "{number} at {second}");
    }
}

#[tokio::test]
async fn a_recreated_table_may_have_other_key_attributes() {
    let aws = store();
    let step = step(&aws);
    deliver(&step, vec![record("INSERT", "1", 1_000, 10, "a")]).await;
    let mut other = record("INSERT", "1", 7, 20, "b");
    other["eventSourceARN"] = json!(STREAM.replace("2026-11-20", "2026-11-21"));
    assert_eq!(deliver(&step, vec![other]).await, None);
    assert_eq!(aws.count("dynamodb:DescribeTable"), 2, "once for each stream");
}

#[tokio::test]
async fn the_last_change_of_each_second_is_retained() {
    let aws = store();
    let batch = vec![
        record("INSERT", "1", 1, 10, "a"),
        record("MODIFY", "1", 2, 10, "b"),
        record("MODIFY", "1", 3, 11, "c"),
        record("MODIFY", "1", 4, 11, "d"),
        record("MODIFY", "1", 2, 11, "delivered again"),
    ];
    assert_eq!(deliver(&step(&aws), batch).await, None);
    let values: Vec<String> = versions(&aws).into_iter().map(|(_, value)| value).collect();
    assert_eq!(values, ["b", "d"]);
    assert_eq!(aws.count("s3:PutObject"), 2, "the second began with an insertion, so no object was read");
}

#[tokio::test]
async fn a_failed_change_is_named_and_later_ones_wait() {
    let aws = store();
    aws.fail_action("s3:PutObject", 1, Fault::Refused(503, "SlowDown"));
    let batch = || {
        vec![
            record("INSERT", "1", 1, 10, "a"),
            record("MODIFY", "1", 2, 11, "b"),
            record("MODIFY", "1", 3, 12, "c"),
        ]
    };
    let mut spelt = batch();
    spelt[1]["dynamodb"]["SequenceNumber"] = json!("0002");
    assert_eq!(deliver(&step(&aws), spelt).await.as_deref(), Some("0002"));
    assert_eq!(versions(&aws).len(), 1, "3 was not written over a 2 that is missing");
    assert_eq!(deliver(&step(&aws), batch()[1..].to_vec()).await, None);
    assert_eq!(versions(&aws).len(), 3);
}

#[tokio::test]
async fn a_lost_response_leaves_one_version() {
    let aws = store();
    aws.fail_action("s3:PutObject", 0, Fault::Lost);
    let batch = || vec![record("INSERT", "1", 1, 10, "a")];
    assert_eq!(deliver(&step(&aws), batch()).await.as_deref(), Some("1"));
    assert_eq!(deliver(&step(&aws), batch()).await, None);
    assert_eq!(versions(&aws).len(), 1);
    // The same within the SDK's own attempts.
    let aws = store();
    aws.fail_action("s3:PutObject", 0, Fault::Lost);
    let patient = StreamBackup { s3: aws.patient_clients().s3(), ..step(&aws) };
    assert_eq!(deliver(&patient, batch()).await, None);
    assert_eq!(versions(&aws).len(), 1);
}

#[tokio::test]
async fn a_poison_record_is_quarantined_once_and_stops_nothing() {
    let aws = store();
    let mut keys_only = record("MODIFY", "1", 1, 10, "");
    keys_only["dynamodb"].as_object_mut().unwrap().remove("NewImage");
    keys_only["dynamodb"]["StreamViewType"] = json!("KEYS_ONLY");
    let batch = || vec![keys_only.clone(), record("INSERT", "2", 2, 10, "b")];
    assert_eq!(deliver(&step(&aws), batch()).await, None);
    assert_eq!(deliver(&step(&aws), batch()).await, None);
    let quarantined: Value = serde_json::from_str(&aws.text("failures/orders/1.json").unwrap()).unwrap();
    assert_eq!(quarantined["record"], keys_only);
    assert!(quarantined["reason"].as_str().unwrap().contains("KEYS_ONLY"), "{quarantined}");
    assert_eq!(versions(&aws).len(), 1);
    // If it cannot even be quarantined, it is delivered again.
    aws.fail_action("s3:PutObject", 0, Fault::Refused(503, "SlowDown"));
    assert_eq!(deliver(&step(&aws), batch()).await.as_deref(), Some("1"));
}

/// Returns the messages that the template's metric filters count.
fn counted_messages() -> Vec<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../infra/incremental.yaml");
    let template = std::fs::read_to_string(path).unwrap();
    let filters = template.split("FilterPattern: '{ $.fields.message = \"").skip(1);
    filters.map(|filter| filter.split_once('"').unwrap().0.to_owned()).collect()
}

#[tokio::test]
async fn failures_match_the_metric_filters_at_every_log_level() {
    let mut keys_only = record("MODIFY", "1", 1, 10, "");
    keys_only["dynamodb"].as_object_mut().unwrap().remove("NewImage");
    for level in ["TRACE", "DEBUG", "INFO", "WARN", "ERROR"] {
        let (aws, lines) = (store(), Lines::default());
        aws.fail_action("s3:PutObject", 1, Fault::Refused(503, "SlowDown"));
        let (step, records) = (step(&aws), vec![keys_only.clone(), record("INSERT", "2", 2, 10, "b")]);
        let delivered = deliver(&step, records).with_subscriber(lines.dispatch(level));
        assert_eq!(delivered.await.as_deref(), Some("2"));
        // Changes older than the stored versions are stale, and a whole batch may be.
        let batch: Vec<_> = (10..20).map(|id| record("INSERT", &id.to_string(), id, 10, "c")).collect();
        assert_eq!(deliver(&step, batch.clone()).with_subscriber(lines.dispatch(level)).await, None);
        assert_eq!(deliver(&step, batch[1..].to_vec()).with_subscriber(lines.dispatch(level)).await, None);
        assert_eq!(deliver(&step, batch).with_subscriber(lines.dispatch(level)).await, None);
        let messages = counted_messages();
        assert!(!messages.is_empty());
        for message in messages {
            let counted =
                lines.json().into_iter().filter(|line| line["fields"]["message"] == message.as_str());
            let levels: Vec<_> = counted.map(|line| line["level"].clone()).collect();
            assert_eq!(levels, ["ERROR"], "{message} at {level}");
        }
    }
}

#[tokio::test]
async fn a_malformed_batch_or_a_missing_table_fails_the_whole_batch() {
    let aws = store();
    let refused = async |event: Value| step(&aws).run(Event(event)).await.unwrap_err();
    assert_eq!(refused(json!({})).await.name(), ErrorName::MalformedNotification);
    let nameless = json!({ "Records": [{ "dynamodb": {} }] });
    assert_eq!(
        refused(nameless).await.to_string(),
        "this is not a batch of DynamoDB stream records: Records[0] has no SequenceNumber"
    );
    let mut elsewhere = record("INSERT", "1", 1, 10, "a");
    elsewhere["eventSourceARN"] = json!("arn:aws:dynamodb:eu-west-1:123456789012:table/gone/stream/x");
    let gone = refused(json!({ "Records": [elsewhere.clone()] })).await;
    assert_eq!(gone.name(), ErrorName::SourceTableMissing);
    elsewhere["eventSourceARN"] = json!("arn:aws:sqs:eu-west-1:123456789012:queue");
    assert_eq!(refused(json!({ "Records": [elsewhere] })).await.name(), ErrorName::MalformedNotification);
}

#[tokio::test]
async fn the_last_changes_of_a_deleted_table_use_the_key_names_of_its_items() {
    let aws = store();
    deliver(&step(&aws), vec![record("INSERT", "1", 1, 10, "a")]).await;
    let mut last = record("REMOVE", "1", 2, 20, "");
    last["eventSourceARN"] = json!("arn:aws:dynamodb:eu-west-1:123456789012:table/gone/stream/x");
    // Another instance, which has not read the key attributes.
    let other = step(&aws);
    let config = Config { own_table: Some("gone".to_owned()), ..other.config.clone() };
    assert_eq!(deliver(&StreamBackup { config, ..other }, vec![last]).await, None);
    let events: Vec<_> = versions(&aws).into_iter().map(|(event, _)| event).collect();
    assert!(events.contains(&EventName::Remove) && events.len() == 2, "{events:?}");
}

/// Each table has a prefix, and its own key attributes.
#[tokio::test]
async fn the_changes_of_two_tables_have_separate_prefixes() {
    let aws = store().with_table("customers", &["id"]);
    let mut other = record("INSERT", "1", 1, 10, "of customers");
    let stream = "arn:aws:dynamodb:eu-west-1:123456789012:table/customers/stream/x";
    other["eventSourceARN"] = json!(stream);
    assert_eq!(deliver(&step(&aws), vec![record("INSERT", "1", 1, 10, "of orders"), other]).await, None);
    let keys = aws.keys();
    let hash = keys[0].strip_prefix("items/").unwrap();
    assert_eq!(keys, [format!("items/{hash}"), format!("tables/customers/{hash}")]);
    let body = aws.text(&keys[1]).unwrap();
    assert!(body.contains("of customers"), "{body}");
}

#[tokio::test]
async fn endless_concurrent_writes_fail_the_change() {
    let aws = store();
    for number in 0..3 {
        aws.fail_action("s3:PutObject", number, Fault::Refused(409, "ConditionalRequestConflict"));
    }
    assert_eq!(deliver(&step(&aws), vec![record("INSERT", "1", 1, 10, "a")]).await, None);
    for number in 0..100 {
        aws.fail_action("s3:PutObject", number, Fault::Refused(412, "PreconditionFailed"));
    }
    let contended = deliver(&step(&aws), vec![record("MODIFY", "1", 2, 11, "b")]).await;
    assert_eq!(contended.as_deref(), Some("2"));
}
