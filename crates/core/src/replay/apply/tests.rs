use chrono::TimeDelta;
use serde_json::json;

use super::*;
use crate::item_history::batch::Memory;
use crate::item_history::version::item_of_body;
use crate::replay::testing::{aws, record};
use crate::testing::fake_store::{FakeStore, Fault};

/// One day, in seconds.
const DAY: i64 = 24 * 3_600;
/// The second of the first change.
const BEGIN: i64 = 1_800_000_000;

fn store(aws: &FakeStore) -> Store {
    Store { s3: aws.clients().s3(), bucket: "items".to_owned(), prefix: "items/".to_owned() }
}

/// Replays records at this second.
async fn replay(aws: &FakeStore, second: i64, records: &[Value]) -> Result<Counts, AwsFailure> {
    aws.at(DateTime::from_timestamp(second, 0).unwrap());
    let store = store(aws);
    let applier = Applier {
        store: &store,
        failures_prefix: "failures/",
        late_prefix: "failures/late/",
        table: "arn:aws:dynamodb:eu-west-1:123456789012:table/orders",
        key_names: &["id".to_owned()],
        remembered_since: DateTime::from_timestamp(second - 35 * DAY, 0),
    };
    applier.apply(records).await
}

/// Applies records as the stream does.
async fn stream(aws: &FakeStore, records: &[Value]) {
    let changes = records.iter().map(|record| change::read(record, &["id"], "items/").unwrap());
    let applied = store(aws).apply_all(changes.collect(), &Memory::default()).await;
    assert!(applied.failed.is_empty());
}

/// Returns the values of the objects whose keys have this prefix.
fn values(aws: &FakeStore, prefix: &str) -> Vec<String> {
    let state = aws.state();
    let objects = state.objects.iter().filter(|(key, _)| key.starts_with(prefix));
    let value = |body: &[u8]| match item_of_body("o", body).unwrap() {
        Some(item) => {
            let item: Value = serde_json::from_slice(item).unwrap();
            item["value"]["S"].as_str().unwrap().to_owned()
        }
        None => "deleted".to_owned(),
    };
    objects.map(|(_, object)| value(&object.body)).collect()
}

#[tokio::test]
async fn the_newest_change_becomes_the_current_version() {
    let aws = aws(BEGIN);
    stream(&aws, &[record("INSERT", "1", 100, BEGIN, "a")]).await;
    let records = [record("MODIFY", "1", 101, BEGIN + 5, "b"), record("INSERT", "2", 102, BEGIN + 6, "c")];
    for (written, times) in [(2, 1), (0, 2)] {
        let counts = replay(&aws, BEGIN + DAY, &records).await.unwrap();
        assert_eq!(counts, Counts { records: 2, written, ..Counts::default() }, "{times}");
    }
    let mut values = values(&aws, "items/");
    values.sort();
    assert_eq!(values, ["b", "c"]);
    assert_eq!(aws.state().versions.values().map(Vec::len).sum::<usize>(), 3);
}

#[tokio::test]
async fn a_change_of_an_item_that_changed_since_becomes_a_late_version() {
    let aws = aws(BEGIN);
    let discarded = record("MODIFY", "1", 101, BEGIN + 5, "b");
    stream(&aws, &[record("INSERT", "1", 100, BEGIN, "a"), record("MODIFY", "1", 102, BEGIN + 9, "c")]).await;
    for _ in 0..2 {
        let counts = replay(&aws, BEGIN + DAY, std::slice::from_ref(&discarded)).await.unwrap();
        assert_eq!(counts, Counts { records: 1, late: 1, ..Counts::default() });
    }
    assert_eq!(
        (values(&aws, "items/"), values(&aws, "failures/late/")),
        (vec!["c".to_owned()], vec!["b".to_owned()])
    );
    let state = aws.state();
    let (key, late) = state.objects.iter().find(|(key, _)| key.starts_with("failures/late/")).unwrap();
    let number = format!("{:0>40}", 101);
    assert!(key.ends_with(&format!("/2026-11-20T00:00:00.000/{number}")), "{key}");
    let change = change::read(&discarded, &["id"], "items/").unwrap();
    assert_eq!(late.body, change.body);
    assert_eq!(late.metadata, change.version.metadata().into_iter().collect());
}

/// The bucket's lifecycle rule puts a delete marker over a tombstone after three days, and a replay may come later.
#[tokio::test]
async fn a_tombstone_behind_a_delete_marker_is_found() {
    let aws = aws(BEGIN);
    stream(&aws, &[record("INSERT", "1", 100, BEGIN, "a"), record("REMOVE", "1", 102, BEGIN + 9, "")]).await;
    aws.at(DateTime::from_timestamp(BEGIN + 4 * DAY, 0).unwrap());
    aws.expire("items/", 61, TimeDelta::days(3));
    assert_eq!(values(&aws, "items/"), Vec::<String>::new());
    let discarded = [record("MODIFY", "1", 101, BEGIN + 5, "b"), record("REMOVE", "1", 102, BEGIN + 9, "")];
    let counts = replay(&aws, BEGIN + 5 * DAY, &discarded).await.unwrap();
    assert_eq!(counts, Counts { records: 2, late: 1, ..Counts::default() });
    assert_eq!((values(&aws, "items/"), values(&aws, "failures/late/")), (vec![], vec!["b".to_owned()]));
    // A change after the deletion becomes current.
    let counts = replay(&aws, BEGIN + 5 * DAY, &[record("INSERT", "1", 103, BEGIN + 10, "d")]).await.unwrap();
    assert_eq!((counts.written, values(&aws, "items/")), (1, vec!["d".to_owned()]));
}

#[tokio::test]
async fn a_change_older_than_the_retained_deletions_is_quarantined_if_its_item_has_no_version() {
    let aws = aws(BEGIN);
    let discarded = [record("MODIFY", "1", 101, BEGIN + 5, "b")];
    let counts = replay(&aws, BEGIN + 36 * DAY, &discarded).await.unwrap();
    assert_eq!(counts, Counts { records: 1, quarantined: 1, ..Counts::default() });
    let quarantined = aws.text("failures/orders/101.json").unwrap();
    assert!(quarantined.contains("from when deletions are no longer retained"), "{quarantined}");
    assert_eq!(aws.keys(), ["failures/orders/101.json"]);
    // If the item has a version, the change is known to be older.
    stream(&aws, &[record("INSERT", "1", 102, BEGIN + 9, "c")]).await;
    assert_eq!(replay(&aws, BEGIN + 36 * DAY, &discarded).await.unwrap().late, 1);
}

#[tokio::test]
async fn a_poison_record_is_quarantined_and_the_others_are_applied() {
    let aws = aws(BEGIN);
    let mut keys_only = record("MODIFY", "1", 101, BEGIN, "");
    keys_only["dynamodb"].as_object_mut().unwrap().remove("NewImage");
    let counts = replay(&aws, BEGIN, &[keys_only, record("INSERT", "2", 102, BEGIN, "b")]).await.unwrap();
    assert_eq!(counts, Counts { records: 2, written: 1, quarantined: 1, ..Counts::default() });
    assert!(aws.text("failures/orders/101.json").unwrap().contains("it has no NewImage"));
}

/// Makes each call in turn fail for good, then repeats the replay. The buckets must be the same as without failures.
#[tokio::test]
async fn a_replay_killed_at_any_call_and_repeated_has_the_same_result() {
    let records = [
        record("MODIFY", "1", 101, BEGIN + 5, "b"),
        record("INSERT", "2", 104, BEGIN + 6, "x"),
        json!({ "eventName": "OTHER", "dynamodb": { "SequenceNumber": "7" } }),
    ];
    let prepared = async || {
        let aws = aws(BEGIN);
        stream(&aws, &[record("INSERT", "1", 100, BEGIN, "a"), record("MODIFY", "1", 102, BEGIN + 9, "c")])
            .await;
        aws
    };
    let whole = prepared().await;
    replay(&whole, BEGIN + DAY, &records).await.unwrap();
    let began = prepared().await.state().called.len();
    let calls = whole.state().called.len();
    assert!(calls > began + 4);
    for number in began..calls {
        for fault in [Fault::Dropped, Fault::Lost, Fault::Refused(503, "SlowDown")] {
            let aws = prepared().await;
            aws.fail(number, fault);
            replay(&aws, BEGIN + DAY, &records).await.unwrap_err();
            replay(&aws, BEGIN + DAY, &records).await.unwrap();
            assert_eq!(aws.state().objects, whole.state().objects, "{number} {fault:?}");
        }
    }
}
