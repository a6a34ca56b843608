use futures::StreamExt;

use super::*;
use crate::item_history::late;
use crate::item_history::version::EventName;
use crate::snapshot::testing::{PREFIX, aws, change, item, object, put, put_as, second, store};
use crate::testing::fake_store::FakeStore;

fn places() -> Items {
    Items {
        bucket: "bucket".to_owned(),
        prefix: PREFIX.to_owned(),
        failures_prefix: "failures/".to_owned(),
        folder: String::new(),
    }
}

/// Returns the value of the only item at second `at` as read at second `now`, and the number of HEAD requests.
async fn value(aws: &FakeStore, at: i64, now: i64) -> (Option<String>, usize) {
    let (s3, items, key_names) = (aws.clients().s3(), places(), ["id".to_owned()]);
    let reader =
        AsOfReader { s3: &s3, items: &items, key_names: &key_names, at: second(at), now: second(now) };
    let heads = aws.count("s3:HeadObject");
    let folded: Vec<_> = reader.shard(0, 1, None).try_collect().await.unwrap();
    assert!(folded.len() <= 1);
    let item = folded.first().and_then(|folded| match &folded.state {
        State::Item(item) => Some(serde_json::from_slice(item).unwrap()),
        State::Absent => None,
        State::Unknown(unknown) => panic!("{unknown:?}"),
    });
    let value = item.map(|item: serde_json::Value| item["value"]["S"].as_str().unwrap().to_owned());
    (value, aws.count("s3:HeadObject") - heads)
}

async fn backfill(aws: &FakeStore, value: &str, read: i64, put: i64) -> bool {
    aws.at(second(put));
    let change = change(&item("1", value), &["id"], EventName::Backfill, 0, second(read));
    store(aws).apply_if_absent(&change).await.unwrap()
}

#[test]
fn shards_together_have_every_key() {
    let shard = |shard| bounds("a/", shard, 3);
    let key = |text: &str| Some(text.to_owned());
    assert_eq!(shard(0), Bounds { after: None, until: key("a/55") });
    assert_eq!(shard(1), Bounds { after: key("a/55"), until: key("a/aa") });
    assert_eq!(shard(2), Bounds { after: key("a/aa"), until: None });
    assert_eq!(bounds("", 0, 1), Bounds::default());
}

#[tokio::test]
async fn a_lagging_stream_needs_few_head_requests() {
    let aws = aws();
    for number in 0..100 {
        // Every change arrives an hour late.
        put(&aws, "1", Some(&number.to_string()), number, number as i64, 3_600 + number as i64).await;
    }
    for now in [4_000, 1_000_000] {
        for at in [0, 1, 57, 98, 99] {
            let (current, heads) = value(&aws, at, now).await;
            assert_eq!(current, Some(at.to_string()));
            assert!(heads <= 7, "{heads} requests for {at}");
        }
        assert_eq!(value(&aws, 3_600, now).await.0.as_deref(), Some("99"));
        assert_eq!(value(&aws, 4_000, now).await, (Some("99".to_owned()), 0));
    }
}

#[tokio::test]
async fn an_item_may_have_more_versions_than_fit_in_memory() {
    let aws = aws();
    put(&aws, "1", Some("0"), 0, 0, 0).await;
    let versions = |state: &mut crate::testing::fake_store::State| {
        let versions = state.versions.get_mut(&object("1")).unwrap();
        for number in 1..1_300 {
            let change = change(
                &item("1", &number.to_string()),
                &["id"],
                EventName::Modify,
                number,
                second(number as i64),
            );
            let mut version = versions[0].clone();
            version.id = format!("version-{number}");
            version.put_at = second(number as i64);
            let held = version.object.as_mut().unwrap();
            held.body = change.body;
            held.metadata = change.version.metadata().into_iter().collect();
            versions.push(version);
        }
    };
    versions(&mut aws.state());
    // Three versions that may be too late are halved. For a full set of candidates, one HEAD shows that all are too
    // late.
    for (at, most) in [(100, 9), (1_250, 7), (299, 11), (300, 12), (298, 11)] {
        let (current, heads) = value(&aws, at, 1_000_000).await;
        assert_eq!(current, Some(at.to_string()));
        assert!(heads <= most, "{heads} requests for {at}");
    }
    assert_eq!(value(&aws, -1, 1_000_000).await.0, None);
    // The other versions of a decided key are skipped. Of the pages of ten, two are needed.
    aws.state().page_of_list = 10;
    let lists = aws.count("s3:ListObjectVersions");
    assert_eq!(value(&aws, 1_295, 1_000_000).await.0.as_deref(), Some("1295"));
    assert_eq!(aws.count("s3:ListObjectVersions") - lists, 2 + 1, "and one for late versions");
}

#[tokio::test]
async fn a_backfilled_item_counts_from_the_time_it_was_read() {
    let aws = aws();
    assert!(backfill(&aws, "read", 20, 21).await);
    // The stream delivers the change that the backfill has read, and one after it.
    put_as(&aws, EventName::Insert, "1", Some("first"), 1, 10, 30).await;
    put(&aws, "1", Some("second"), 2, 25, 31).await;
    for now in [100, 1_000_000] {
        for (at, expected) in
            [(9, None), (10, Some("first")), (20, Some("first")), (24, Some("first")), (25, Some("second"))]
        {
            assert_eq!(value(&aws, at, now).await.0.as_deref(), expected, "at {at}");
        }
    }
}

#[tokio::test]
async fn a_delete_marker_is_skipped_and_the_tombstone_behind_it_counts() {
    let day = 86_400;
    let aws = aws();
    put(&aws, "1", Some("a"), 1, 10, 11).await;
    put(&aws, "1", None, 2, 20, 21).await;
    aws.at(second(4 * day));
    aws.expire(PREFIX, crate::item_history::version::TOMBSTONE_SIZE, TimeDelta::days(3));
    assert!(!aws.state().objects.contains_key(&object("1")));
    for (at, expected) in [(9, None), (10, Some("a")), (19, Some("a")), (20, None), (3 * day, None)] {
        assert_eq!(value(&aws, at, 4 * day).await.0.as_deref(), expected, "at {at}");
    }
    // The item is inserted again, and a backfill reads it before the stream delivers that change.
    assert!(backfill(&aws, "b", 4 * day + 20, 4 * day + 21).await);
    put(&aws, "1", Some("b"), 3, 4 * day + 10, 4 * day + 30).await;
    for (at, expected) in
        [(20, None), (4 * day + 9, None), (4 * day + 10, Some("b")), (4 * day + 50, Some("b"))]
    {
        for now in [4 * day + 100, 9 * day] {
            assert_eq!(value(&aws, at, now).await.0.as_deref(), expected, "at {at}");
        }
    }
}

#[tokio::test]
async fn quarantined_records_are_skipped_if_items_have_no_prefix() {
    let aws = FakeStore::default();
    let bare = crate::item_history::store::Store { prefix: String::new(), ..store(&aws) };
    let mut change = change(&item("1", "a"), &["id"], EventName::Insert, 1, second(1));
    change.object = change.object.replace(PREFIX, "");
    bare.apply(&change, None).await.unwrap();
    let put = aws.clients().s3().put_object().bucket("bucket").key("failures/orders/1.json");
    put.body(b"{}".to_vec().into()).send().await.unwrap();
    let (s3, key_names) = (aws.clients().s3(), ["id".to_owned()]);
    let items = Items { prefix: String::new(), ..places() };
    for now in [10, 1_000_000] {
        let reader =
            AsOfReader { s3: &s3, items: &items, key_names: &key_names, at: second(5), now: second(now) };
        let folded: Vec<_> = reader.shard(0, 1, None).collect().await;
        let keys: Vec<_> = folded.iter().map(|folded| folded.as_ref().unwrap().key.as_str()).collect();
        assert_eq!(keys, [change.object.as_str()]);
    }
}

/// S3 may return a page without keys that is not the last one. It does so over delete markers.
#[tokio::test]
async fn a_list_continues_after_pages_without_keys() {
    let aws = aws();
    for number in 0..30 {
        put(&aws, &number.to_string(), None, 1, 0, 0).await;
    }
    put(&aws, "present", Some("a"), 2, 4 * 86_400, 4 * 86_400).await;
    aws.at(second(4 * 86_400));
    aws.expire(PREFIX, 61, chrono::TimeDelta::days(3));
    aws.state().page_of_list = 3;
    aws.state().markers_take_room = true;
    let (s3, items, names) = (aws.clients().s3(), places(), ["id".to_owned()]);
    let at = second(4 * 86_400 + 10);
    let reader = AsOfReader { s3: &s3, items: &items, key_names: &names, at, now: at };
    let folded: Vec<Folded> = reader.shard(0, 1, None).try_collect().await.unwrap();
    let present: Vec<_> = folded
        .iter()
        .filter(|folded| matches!(folded.state, State::Item(_)))
        .map(|folded| &folded.key)
        .collect();
    assert_eq!(present, [&object("present")]);
    assert!(aws.count("s3:ListObjectsV2") < 20, "{}", aws.count("s3:ListObjectsV2"));
}

/// Returns the state of the item at second `at` as read at second `now`.
async fn state(aws: &FakeStore, at: i64, now: i64) -> State {
    let (s3, items, key_names) = (aws.clients().s3(), places(), ["id".to_owned()]);
    let reader =
        AsOfReader { s3: &s3, items: &items, key_names: &key_names, at: second(at), now: second(now) };
    let folded: Vec<_> = reader.shard(0, 1, None).try_collect().await.unwrap();
    assert_eq!(reader.of_key(&object("1")).await.unwrap(), folded[0]);
    folded[0].state.clone()
}

fn unknown(event: EventName, at: i64) -> State {
    let item_key = r#"{"id":{"S":"1"}}"#.to_owned();
    State::Unknown(Unknown { event, at: second(at), item_key })
}

#[tokio::test]
async fn before_its_oldest_version_an_item_is_absent_only_if_that_inserted_it() {
    for (event, known) in [
        (EventName::Insert, State::Absent),
        (EventName::Modify, unknown(EventName::Modify, 20)),
        (EventName::Remove, unknown(EventName::Remove, 20)),
    ] {
        let aws = aws();
        let value = (event != EventName::Remove).then_some("a");
        put_as(&aws, event, "1", value, 1, 20, 20).await;
        put(&aws, "1", Some("b"), 2, 30, 30).await;
        for now in [100, 1_000_000] {
            assert_eq!(state(&aws, 10, now).await, known, "{event}");
        }
    }
    // A backfill does not show what was there before. It does if the stream then delivers the insertion of what it
    // read.
    for (event, happened, known) in [
        (EventName::Insert, 15, State::Absent),
        (EventName::Modify, 15, unknown(EventName::Backfill, 20)),
        (EventName::Insert, 25, unknown(EventName::Backfill, 20)),
    ] {
        let aws = aws();
        assert!(backfill(&aws, "a", 20, 20).await);
        assert_eq!(state(&aws, 10, 100).await, unknown(EventName::Backfill, 20));
        put_as(&aws, event, "1", Some("b"), 1, happened, 30).await;
        assert_eq!(state(&aws, 10, 100).await, known, "{event} at {happened}");
    }
}

#[tokio::test]
async fn the_first_change_of_a_second_shows_whether_the_item_existed() {
    for (events, known) in [
        ([EventName::Insert, EventName::Modify], State::Absent),
        ([EventName::Insert, EventName::Remove], State::Absent),
        ([EventName::Remove, EventName::Insert], unknown(EventName::Insert, 20)),
    ] {
        let aws = aws();
        aws.at(second(20));
        let changes = events
            .into_iter()
            .zip(1..)
            .map(|(event, number)| change(&item("1", "a"), &["id"], event, number, second(20)));
        let applied =
            store(&aws).apply_all(changes.collect(), &crate::item_history::batch::Memory::default()).await;
        assert_eq!((applied.written, applied.superseded), (1, 1));
        assert_eq!(state(&aws, 10, 100).await, known, "{events:?}");
    }
}

#[tokio::test]
async fn a_late_version_counts_at_its_position() {
    let aws = aws();
    let streamed = |event, value: &str, number, at| {
        let mut change = change(&item("1", value), &["id"], event, number, second(at));
        change.version.position.stream = Some("2026-11-20T00:00:00.000".to_owned());
        change
    };
    let last = streamed(EventName::Modify, "last", 9, 40);
    aws.at(second(40));
    store(&aws).apply(&last, None).await.unwrap();
    assert_eq!(state(&aws, 30, 100).await, unknown(EventName::Modify, 40));
    for (event, value, number, at) in [
        (EventName::Modify, "second", 3, 30),
        (EventName::Remove, "", 2, 20),
        (EventName::Insert, "first", 1, 10),
    ] {
        aws.at(second(90));
        late::keep(&store(&aws), "failures/late/", &streamed(event, value, number, at)).await.unwrap();
    }
    for now in [100, 1_000_000] {
        let text_at = async |at| match state(&aws, at, now).await {
            State::Item(item) => {
                serde_json::from_slice::<serde_json::Value>(&item).unwrap()["value"]["S"].clone()
            }
            other => format!("{other:?}").into(),
        };
        for (at, expected) in [
            (9, "Absent"),
            (10, "first"),
            (19, "first"),
            (20, "Absent"),
            (30, "second"),
            (39, "second"),
            (40, "last"),
        ] {
            assert_eq!(text_at(at).await, expected, "at {at}, folded at {now}");
        }
    }
    // The last version of an object whose versions are all gone was a deletion, and a late version does not undo it.
    aws.state().objects.remove(&object("1"));
    aws.state().versions.remove(&object("1"));
    let (s3, items, key_names) = (aws.clients().s3(), places(), ["id".to_owned()]);
    for now in [100, 1_000_000] {
        let reader =
            AsOfReader { s3: &s3, items: &items, key_names: &key_names, at: second(30), now: second(now) };
        let folded: Vec<_> = reader.shard(0, 1, None).try_collect().await.unwrap();
        assert_eq!(folded, []);
        assert_eq!(reader.of_key(&object("1")).await.unwrap().state, State::Absent);
    }
}
