//! Property tests with random histories of a table's items. They are delivered in every way that a stream delivers
//! them, while S3 fails at any call. Afterwards the versions must match the history.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;
use tablekeeper_core::item_history::position::Position;
use tablekeeper_core::item_history::version::{Version, item_of_body, object_key};
use tablekeeper_core::testing::fake_store::{FakeStore, Fault};

use super::*;

const BEGIN: u64 = 1_763_600_000;

/// A change of one item to this value, or its deletion if there is none; this many seconds after the previous change.
#[derive(Clone, Debug)]
struct Op {
    key: usize,
    value: Option<usize>,
    seconds: u64,
    recreated: Option<Recreated>,
}

/// Why a change has another stream than the previous one.
#[derive(Clone, Copy, Debug)]
enum Recreated {
    /// The table was deleted with all its items, and made again.
    Table,
    /// The stream was turned off and on again. The item of the change was created or deleted in between.
    Stream,
}

/// How a part of a shard is delivered.
#[derive(Clone, Debug)]
struct Delivery {
    shard: usize,
    /// Number of records.
    size: usize,
    /// Index of the function that gets the records, of two.
    function: usize,
    /// Whether the other function, abandoned by Lambda, is still working on the same records.
    both: bool,
    /// Number of records before them that are delivered again.
    again: usize,
    /// Whether one record comes twice in the batch.
    twice: bool,
}

/// Returns changes of one stream.
fn ops() -> impl Strategy<Value = Vec<Op>> {
    ops_with(0.5).prop_map(|ops| ops.into_iter().map(|op| Op { recreated: None, ..op }).collect())
}

/// Returns changes. Each starts a new stream with this probability.
fn ops_with(probability: f64) -> impl Strategy<Value = Vec<Op>> {
    let recreated = prop::option::weighted(probability, select(vec![Recreated::Table, Recreated::Stream]));
    let op = (0..4_usize, prop::option::weighted(0.7, 0..values().len()), 0..3_u64, recreated);
    let op = op.prop_map(|(key, value, seconds, recreated)| Op { key, value, seconds, recreated });
    prop::collection::vec(op, 1..24)
}

fn deliveries() -> impl Strategy<Value = Vec<Delivery>> {
    let parts = (0..2_usize, 1..7_usize, 0..2_usize, prop::bool::weighted(0.2), 0..4_usize, any::<bool>());
    let delivery = parts.prop_map(|(shard, size, function, both, again, twice)| Delivery {
        shard,
        size,
        function,
        both,
        again,
        twice,
    });
    prop::collection::vec(delivery, 1..12)
}

fn faults() -> impl Strategy<Value = BTreeMap<usize, Fault>> {
    let fault = select(vec![
        Fault::Refused(503, "SlowDown"),
        Fault::Refused(500, "InternalError"),
        Fault::Refused(409, "ConditionalRequestConflict"),
        Fault::Dropped,
        Fault::Lost,
        Fault::Lost,
    ]);
    prop::collection::btree_map(0..60_usize, fault, 0..12)
}

/// Returns keys of every type, four items for each table.
fn tables() -> Vec<(Vec<&'static str>, Vec<Value>)> {
    vec![
        (
            vec!["id"],
            ["a", "b\"\\\n\u{1}", "Göteborg 🦀", "c/d%20"].map(|id| json!({ "id": { "S": id } })).into(),
        ),
        (
            vec!["id"],
            ["0", "-1.5", "99999999999999999999999999999999999999", "1E-130"]
                .map(|id| json!({ "id": { "N": id } }))
                .into(),
        ),
        (vec!["id"], ["AA==", "AAEC", "//79", "e30="].map(|id| json!({ "id": { "B": id } })).into()),
        (
            vec!["sk", "pk"],
            [("1", "AA=="), ("1", "AQ=="), ("2", "AA=="), ("10", "AA==")]
                .map(|(sk, pk)| json!({ "pk": { "B": pk }, "sk": { "N": sk } }))
                .into(),
        ),
    ]
}

/// Returns values of every type.
fn values() -> Vec<Value> {
    let parts = [
        r#"{"S":""}"#,
        r#"{"S":"\u0000 \" \\ 🦀 \u2028"}"#,
        r#"{"N":"12345678901234567890123456789012345678"}"#,
        r#"{"N":"-9.9999999999999999999999999999999999999E+125"}"#,
        r#"{"B":""}"#,
        r#"{"B":"AAEC//4="}"#,
        r#"{"BOOL":false}"#,
        r#"{"NULL":true}"#,
        r#"{"L":[]}"#,
        r#"{"M":{}}"#,
        r#"{"SS":[]}"#,
        r#"{"L":[{"M":{"":{"NS":["1","-2.5"]}}},{"SS":["","b"]},{"BS":["AA==",""]}]}"#,
    ];
    parts.into_iter().map(|value| serde_json::from_str(value).unwrap()).collect()
}

/// Returns the stream records of a history in their order, each with the number of its item.
fn records(keys: &[Value], ops: &[Op]) -> Vec<(usize, Value)> {
    let mut items: BTreeMap<usize, usize> = BTreeMap::new();
    // The sequence numbers get longer on the way.
    let (mut number, mut second, mut day) = (10_u128.pow(21) - 60, BEGIN, 10);
    let mut records = Vec::new();
    for Op { key, value, seconds, recreated } in ops {
        second += seconds;
        if let Some(recreated) = recreated {
            // The sequence numbers of a new stream begin below the last one of the previous stream.
            day += 1;
            number = 10_u128.pow(20) + 1_000 * day as u128;
            match recreated {
                Recreated::Table => items.clear(),
                Recreated::Stream if items.remove(key).is_some() => {}
                Recreated::Stream => drop(items.insert(*key, 0)),
            }
        }
        let before = items.get(key).copied();
        let event = match (before, value) {
            (None, None) => continue,
            (Some(before), Some(value)) if before == *value => continue,
            (None, Some(_)) => "INSERT",
            (Some(_), Some(_)) => "MODIFY",
            (Some(_), None) => "REMOVE",
        };
        number += 7;
        let mut dynamodb = json!({ "ApproximateCreationDateTime": second, "Keys": keys[*key],
            "SequenceNumber": number.to_string(), "StreamViewType": "NEW_AND_OLD_IMAGES" });
        match value {
            Some(value) => {
                items.insert(*key, *value);
                let mut image = keys[*key].clone();
                image["value"] = values()[*value].clone();
                dynamodb["NewImage"] = image;
            }
            None => drop(items.remove(key)),
        }
        let stream = stream(day);
        records.push((*key, json!({ "eventName": event, "eventSourceARN": stream, "dynamodb": dynamodb })));
    }
    records
}

/// Returns the ARN of the stream that was made on this day.
fn stream(day: usize) -> String {
    format!("arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2026-11-{day}T00:00:00.000")
}

/// Splits a range of records into one range per stream, because a batch belongs to one stream.
fn of_each_stream(shard: &[Value], range: Range<usize>) -> Vec<Range<usize>> {
    let mut begin = range.start;
    let chunks = shard[range].chunk_by(|one, next| one["eventSourceARN"] == next["eventSourceARN"]);
    let place = |chunk: &[Value]| {
        let place = begin..begin + chunk.len();
        begin = place.end;
        place
    };
    chunks.map(place).collect()
}

fn text<'a>(record: &'a Value, name: &str) -> &'a str {
    record["dynamodb"][name].as_str().unwrap()
}

/// Delivers a range of a shard's records as Lambda does, one stream after the other.
async fn deliver(functions: &[StreamBackup; 2], delivery: &Delivery, shard: &[Value], range: Range<usize>) {
    for range in of_each_stream(shard, range) {
        deliver_a_streams(functions, delivery, shard, range).await;
    }
}

/// Delivers records of one stream. After a failure, it continues from the first failed record until all are done.
async fn deliver_a_streams(
    functions: &[StreamBackup; 2],
    delivery: &Delivery,
    shard: &[Value],
    range: Range<usize>,
) {
    let its = |record: &Value| record["eventSourceARN"] == shard[range.start]["eventSourceARN"];
    let first = shard.iter().position(its).unwrap();
    let mut from = range.start.saturating_sub(delivery.again).max(first);
    let mut function = delivery.function;
    for _ in 0..100 {
        let mut batch = shard[from..range.end].to_vec();
        if delivery.twice {
            batch.extend(batch.first().cloned());
        }
        let event = || Event(json!({ "Records": batch }));
        let (one, other) = (&functions[function], &functions[1 - function]);
        let output = if delivery.both {
            // The response of the abandoned function is ignored, but its effects count.
            let (output, _) = futures::join!(one.run(event()), other.run(event()));
            output
        } else {
            one.run(event()).await
        };
        // Lambda retries elsewhere.
        function = 1 - function;
        match output {
            Err(_) => {}
            Ok(output) => match output.batch_item_failures.first() {
                None => return,
                Some(failure) => {
                    let index = batch
                        .iter()
                        .position(|record| text(record, "SequenceNumber") == failure.item_identifier);
                    from += index.expect("the response names a record of the batch");
                }
            },
        }
    }
    panic!("the batch is never done");
}

fn is_of(position: &Position, record: &Value) -> bool {
    let stream = position.stream.as_deref().unwrap();
    record["eventSourceARN"].as_str().unwrap().ends_with(stream)
        && text(record, "SequenceNumber") == position.sequence_number.as_str()
}

/// Checks that the versions match the records.
fn check(aws: &FakeStore, names: &[&str], keys: &[Value], records: &[(usize, Value)]) {
    let state = aws.state();
    let mut objects = BTreeSet::new();
    for (number, key) in keys.iter().enumerate() {
        let history: Vec<&Value> =
            records.iter().filter(|(of, _)| *of == number).map(|(_, record)| record).collect();
        let item_key = item_formats::key_of(key.to_string().as_bytes(), names).unwrap();
        let object = object_key("items/", &item_key);
        let Some(last) = history.last() else {
            assert!(!state.versions.contains_key(&object), "nothing happened to {key}");
            continue;
        };
        let mut positions = Vec::new();
        for version in &state.versions[&object] {
            let stored = version.object.as_ref().unwrap();
            let reported =
                Version::from_metadata(Some(&stored.metadata.clone().into_iter().collect())).unwrap();
            let of = |record: &&&Value| is_of(&reported.position, record);
            let record = history.iter().find(of).expect("a version is of a record of its item");
            let item = item_of_body(&object, &stored.body).unwrap();
            let item = item.map(|item| serde_json::from_slice::<Value>(item).unwrap());
            assert_eq!(item.as_ref(), record["dynamodb"].get("NewImage"), "the item as it was");
            assert_eq!(
                reported.position.at.timestamp(),
                record["dynamodb"]["ApproximateCreationDateTime"].as_i64().unwrap()
            );
            assert_eq!(reported.event.to_string(), record["eventName"].as_str().unwrap());
            assert_eq!(reported.item_key.as_bytes(), item_key, "the metadata has the key");
            positions.push(reported.position);
        }
        assert!(positions.is_sorted_by(|left, right| right.is_newer_than(left)), "{positions:?} rise");
        assert!(
            is_of(&positions[positions.len() - 1], last),
            "the last change is the current version: {positions:?}"
        );
        for (index, record) in history.iter().enumerate() {
            let second = |record: &Value| record["dynamodb"]["ApproximateCreationDateTime"].clone();
            if history.get(index + 1).is_none_or(|next| second(next) != second(record)) {
                let found = positions.iter().any(|position| is_of(position, record));
                assert!(found, "{record} ends its second, and is not among {positions:?}");
            }
        }
        objects.insert(object);
    }
    let other: Vec<_> = state.versions.keys().filter(|key| !objects.contains(*key)).collect();
    assert!(other.is_empty(), "{other:?}");
}

fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(96) })]

    #[test]
    fn the_versions_match_the_history_despite_faults(
        (names, keys) in select(tables()),
        ops in ops_with(0.15),
        deliveries in deliveries(),
        faults in faults(),
        patient: bool,
    ) {
        let records = records(&keys, &ops);
        let aws = FakeStore::default().with_table("orders", &names);
        for (number, fault) in faults {
            aws.fail(number, fault);
        }
        let functions = [super::tests::step_with(&aws, patient), super::tests::step_with(&aws, patient)];
        // All changes of a key are in one shard.
        let shard = |number| records.iter().filter(move |(key, _)| key % 2 == number);
        let shards: [Vec<Value>; 2] =
            std::array::from_fn(|number| shard(number).map(|(_, record)| record.clone()).collect());
        let mut done = [0, 0];
        run(async {
            for delivery in deliveries.iter().cycle() {
                let shard = &shards[delivery.shard];
                let (from, to) = (done[delivery.shard], shard.len().min(done[delivery.shard] + delivery.size));
                if from < to {
                    deliver(&functions, delivery, shard, from..to).await;
                    done[delivery.shard] = to;
                }
                let left: Vec<usize> = (0..2).filter(|number| done[*number] < shards[*number].len()).collect();
                let Some(number) = left.first() else { break };
                if !deliveries.iter().any(|delivery| left.contains(&delivery.shard)) {
                    let rest = Delivery { shard: *number, ..delivery.clone() };
                    let range = done[*number]..shards[*number].len();
                    deliver(&functions, &rest, &shards[*number], range).await;
                    done[*number] = shards[*number].len();
                }
            }
            // Delivering the whole stream again changes nothing.
            let count = || aws.state().versions.values().map(Vec::len).sum::<usize>();
            let before = count();
            let again = Delivery { shard: 0, size: 0, function: 1, both: false, again: 0, twice: false };
            for shard in shards.iter().filter(|shard| !shard.is_empty()) {
                deliver(&functions, &again, shard, 0..shard.len()).await;
            }
            assert_eq!(count(), before);
        });
        check(&aws, &names, &keys, &records);
    }

    #[test]
    fn without_faults_each_version_takes_one_request(
        (names, keys) in select(tables()),
        ops in ops(),
        size in 1..8_usize,
    ) {
        let records = records(&keys, &ops);
        let aws = FakeStore::default().with_table("orders", &names);
        let function = super::tests::step_with(&aws, false);
        run(async {
            for batch in records.chunks(size) {
                let batch: Vec<&Value> = batch.iter().map(|(_, record)| record).collect();
                let output = function.run(Event(json!({ "Records": batch }))).await.unwrap();
                assert_eq!(output.batch_item_failures, []);
            }
        });
        check(&aws, &names, &keys, &records);
        let versions: usize = aws.state().versions.values().map(Vec::len).sum();
        prop_assert_eq!((aws.count("s3:PutObject"), aws.count("s3:HeadObject")), (versions, 0));
    }

    #[test]
    fn a_record_takes_at_most_three_requests(
        (names, keys) in select(tables()),
        ops in ops_with(0.15),
        functions in prop::collection::vec(0..3_usize, 24),
    ) {
        let records = records(&keys, &ops);
        let aws = FakeStore::default().with_table("orders", &names);
        let all: [StreamBackup; 3] = std::array::from_fn(|_| super::tests::step_with(&aws, false));
        run(async {
            for ((_, record), function) in records.iter().zip(&functions) {
                let before = aws.count("s3:PutObject") + aws.count("s3:HeadObject");
                let output = all[*function].run(Event(json!({ "Records": [record] }))).await.unwrap();
                assert_eq!(output.batch_item_failures, []);
                let requests = aws.count("s3:PutObject") + aws.count("s3:HeadObject") - before;
                assert!((1..=3).contains(&requests), "{requests} for {record}");
            }
        });
        check(&aws, &names, &keys, &records);
    }
}

/// Tests bytes and letters of every kind in keys, and the largest item that DynamoDB accepts.
#[test]
fn every_byte_in_a_key_and_the_largest_item_are_exact() {
    use base64::Engine as _;
    let base64 = |bytes: &[u8]| base64::engine::general_purpose::STANDARD.encode(bytes);
    let every: Vec<u8> = (0..=255).collect();
    let mut keys: Vec<Value> = every.iter().map(|byte| json!({ "id": { "B": base64(&[*byte]) } })).collect();
    keys.push(json!({ "id": { "B": base64(&every) } }));
    keys.extend((0..0x300).filter_map(char::from_u32).map(|letter| json!({ "id": { "S": letter } })));
    let last = keys.len() - 1;
    let aws = FakeStore::default().with_table("orders", &["id"]);
    let function = super::tests::step_with(&aws, false);
    let mut records = Vec::new();
    for (number, key) in keys.iter().enumerate() {
        let mut image = key.clone();
        // 400 KB of a character that takes six letters each in JSON.
        let letters = if number == last { 400 * 1024 - 100 } else { 1 };
        image["text"] = json!({ "S": "\u{1}".repeat(letters) });
        let dynamodb = json!({ "ApproximateCreationDateTime": BEGIN, "Keys": key, "NewImage": image,
            "SequenceNumber": (10_u128.pow(21) + number as u128).to_string() });
        records.push((
            number,
            json!({ "eventName": "INSERT", "eventSourceARN": stream(10), "dynamodb": dynamodb }),
        ));
    }
    let batch: Vec<&Value> = records.iter().map(|(_, record)| record).collect();
    let event = Event(json!({ "Records": batch }));
    run(async { assert_eq!(function.run(event).await.unwrap().batch_item_failures, []) });
    check(&aws, &["id"], &keys, &records);
    assert_eq!(aws.keys().len(), keys.len(), "each has its object");
}
