use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::backfill::testing::{aws, backfill};
use crate::item_history::version::{body_of_tombstone, item_of_body};
use crate::testing::fake_store::{FakeStore, Fault};

fn item(number: usize) -> String {
    format!(r#"{{"n":{{"NS":["1","{number}.5"]}},"id":{{"S":"é{number}"}}}}"#)
}

fn key(number: usize) -> Vec<u8> {
    item_formats::key_of(item(number).as_bytes(), &["id"]).unwrap()
}

fn object(number: usize) -> String {
    object_key("items/", &key(number))
}

/// Returns a fake AWS with N items, two per page.
fn with_items(number: usize) -> FakeStore {
    let aws = (0..number).fold(aws(), |aws, number| aws.with_item("orders", &item(number)));
    aws.state().page_of_items = 2;
    aws
}

fn store(aws: &FakeStore) -> Store {
    Store { s3: aws.clients().s3(), bucket: "items-of-orders".to_owned(), prefix: "items/".to_owned() }
}

/// Calls once with this time limit in seconds.
async fn call(
    aws: &FakeStore,
    backfill: &Backfill,
    from: Checkpoint,
    seconds: u64,
) -> Result<Checkpoint, Error> {
    let (calls, store) = (aws.clients().raw_items(), store(aws));
    let clock = Clock::Fixed("2026-11-20T02:00:05.7Z".parse().unwrap());
    let time = Some(Duration::from_secs(seconds));
    let work = SegmentJob { backfill, segment: 0, calls: &calls, store: &store, time, clock };
    run(&work, from, &mut |_| {}).await
}

/// Writes to the bucket as the stream does: the item in another state, or its tombstone.
async fn by_the_stream(aws: &FakeStore, number: usize, item: Option<&str>) {
    let sequence_number = SequenceNumber::parse("1000").unwrap();
    let body = match item {
        Some(item) => body_of_item(item.as_bytes(), &sequence_number),
        None => body_of_tombstone(&sequence_number),
    };
    let (event, at) = (EventName::Modify, DateTime::from_timestamp_nanos(0));
    let position = Position { stream: None, sequence_number, at };
    let version = Version::new(position, event, String::new());
    store(aws).apply(&Change { object: object(number), version, body }, None).await.unwrap();
}

/// Returns the items of the bucket by object, and checks that each was written once.
fn items(aws: &FakeStore) -> BTreeMap<String, Option<String>> {
    let state = aws.state();
    let items = state.versions.iter().map(|(key, versions)| {
        let [version] = versions.as_slice() else { panic!("{key} was written {} times", versions.len()) };
        let body = &version.object.as_ref().unwrap().body;
        let item = item_of_body(key, body).unwrap().map(|item| String::from_utf8(item.to_vec()).unwrap());
        (key.clone(), item)
    });
    items.collect()
}

fn expected(numbers: std::ops::Range<usize>) -> BTreeMap<String, Option<String>> {
    numbers.map(|number| (object(number), Some(item(number)))).collect()
}

#[tokio::test]
async fn every_item_is_written_verbatim_with_number_zero_and_the_time_of_its_page() {
    let aws = with_items(5);
    let reached = call(&aws, &backfill(), Checkpoint::default(), 60).await.unwrap();
    assert_eq!(reached, Checkpoint { cursor: None, written: 5, kept: 0, done: true });
    assert_eq!(items(&aws), expected(0..5));
    let metadata = aws.state().objects[&object(3)].metadata.clone();
    let version = Version::from_metadata(Some(&metadata.into_iter().collect())).unwrap();
    let reported = (version.position.sequence_number, version.event, version.item_key.into_bytes());
    assert_eq!(reported, (SequenceNumber::zero(), EventName::Backfill, key(3)));
    assert_eq!(version.position.at.to_rfc3339(), "2026-11-20T02:00:05+00:00");
    assert_eq!((aws.count("dynamodb:Scan"), aws.count("s3:PutObject")), (3, 5), "and nothing else is called");
    assert_eq!(aws.count("s3:HeadObject"), 0);
}

#[tokio::test]
async fn the_time_of_a_version_comes_from_dynamodbs_clock() {
    let aws = with_items(1);
    aws.at("2026-11-20T04:30:07Z".parse().unwrap());
    call(&aws, &backfill(), Checkpoint::default(), 60).await.unwrap();
    let metadata = aws.state().objects[&object(0)].metadata.clone();
    let version = Version::from_metadata(Some(&metadata.into_iter().collect())).unwrap();
    assert_eq!(version.position.at.to_rfc3339(), "2026-11-20T04:30:07+00:00");
}

#[tokio::test]
async fn items_and_deletions_that_the_stream_wrote_are_not_overwritten() {
    let aws = with_items(5);
    by_the_stream(&aws, 1, Some("{}")).await;
    by_the_stream(&aws, 2, None).await;
    let reached = call(&aws, &backfill(), Checkpoint::default(), 60).await.unwrap();
    assert_eq!(reached, Checkpoint { cursor: None, written: 3, kept: 2, done: true });
    let mut objects = expected(0..5);
    objects.insert(object(1), Some("{}".to_owned()));
    objects.insert(object(2), None);
    assert_eq!(items(&aws), objects);
    // A second backfill writes nothing.
    let again = call(&aws, &backfill(), Checkpoint::default(), 60).await.unwrap();
    assert_eq!((again.written, again.kept), (0, 5));
    assert_eq!(items(&aws), objects);
}

#[tokio::test]
async fn each_segment_waits_for_its_share_of_the_capacity() {
    let aws = with_items(5);
    let backfill = Backfill { segments: 2, max_read_capacity_units: 40, ..backfill() };
    let began = Instant::now();
    let mut read = 0;
    for segment in 0..2 {
        let (calls, store) = (aws.clients().raw_items(), store(&aws));
        let clock = Clock::System;
        let work =
            SegmentJob { backfill: &backfill, segment, calls: &calls, store: &store, time: None, clock };
        read += run(&work, Checkpoint::default(), &mut |_| {}).await.unwrap().written;
    }
    assert_eq!(read, 5);
    // Each page costs one unit. Each page but a segment's first waits a twentieth of a second for the page before it.
    let waits = aws.count("dynamodb:Scan") - 2;
    assert!(waits >= 1 && began.elapsed() >= Duration::from_millis(50) * waits as u32, "{waits}");
}

#[tokio::test]
async fn a_page_whose_capacity_exceeds_the_time_is_left_to_the_next_call() {
    let aws = with_items(5);
    let backfill = Backfill { max_read_capacity_units: 5, ..backfill() };
    let (calls, store) = (aws.clients().raw_items(), store(&aws));
    let time = Some(Duration::from_millis(150));
    let work = SegmentJob {
        backfill: &backfill,
        segment: 0,
        calls: &calls,
        store: &store,
        time,
        clock: Clock::System,
    };
    let reached = run(&work, Checkpoint::default(), &mut |_| {}).await.unwrap();
    // The unit of the first page is paid for after a fifth of a second.
    assert_eq!(aws.count("dynamodb:Scan"), 1);
    assert!(!reached.done && reached.cursor.is_some(), "{reached:?}");
}

#[tokio::test]
async fn a_permanent_failure_has_its_error_name() {
    for (action, status, code, name) in [
        ("dynamodb:Scan", 400, "ResourceNotFoundException", ErrorName::SourceTableMissing),
        ("dynamodb:Scan", 400, "AccessDeniedException", ErrorName::AccessDenied),
        ("s3:PutObject", 403, "AccessDenied", ErrorName::AccessDenied),
        ("s3:PutObject", 404, "NoSuchBucket", ErrorName::RequestRefused),
    ] {
        let aws = with_items(5);
        aws.fail_action(action, 0, Fault::Refused(status, code));
        let error = call(&aws, &backfill(), Checkpoint::default(), 60).await.unwrap_err();
        assert_eq!(error.name(), name, "{error}");
    }
    let aws = with_items(1);
    let other = Backfill { key_names: vec!["pk".to_owned()], ..backfill() };
    let error = call(&aws, &other, Checkpoint::default(), 60).await.unwrap_err();
    let expected = "item 1 of the page after the beginning of segment 0 cannot be read";
    assert_eq!((error.name(), error.to_string()), (ErrorName::RequestRefused, expected.to_owned()));
}

#[tokio::test]
async fn only_throttled_items_of_a_page_are_put_again() {
    let aws = with_items(5);
    for number in [0, 2, 3] {
        aws.fail_action("s3:PutObject", number, Fault::Refused(503, "SlowDown"));
    }
    let reached = call(&aws, &backfill(), Checkpoint::default(), 60).await.unwrap();
    assert_eq!(reached, Checkpoint { cursor: None, written: 5, kept: 0, done: true });
    assert_eq!((aws.count("s3:PutObject"), items(&aws)), (5 + 3, expected(0..5)));
}

#[tokio::test]
async fn a_transient_failure_keeps_the_finished_pages() {
    let aws = with_items(5);
    aws.fail_action("dynamodb:Scan", 1, Fault::Refused(400, "ProvisionedThroughputExceededException"));
    let reached = call(&aws, &backfill(), Checkpoint::default(), 60).await.unwrap();
    assert!(!reached.done && reached.cursor.is_some() && reached.written == 2, "{reached:?}");
    // The call retries while another write is under way, because its effect is unknown.
    aws.fail_action("s3:PutObject", 0, Fault::Refused(409, "ConditionalRequestConflict"));
    let reached = call(&aws, &backfill(), reached, 60).await.unwrap();
    assert_eq!(reached, Checkpoint { cursor: None, written: 5, kept: 0, done: true });
    assert_eq!(items(&aws), expected(0..5));
}

const FAULTS: [Fault; 5] = [
    Fault::Refused(400, "ProvisionedThroughputExceededException"),
    Fault::Refused(503, "SlowDown"),
    Fault::Dropped,
    Fault::Lost,
    Fault::Broken(20),
];

/// Calls until the segment is done, each time from the last cursor. Returns the number of calls.
async fn from_cursor_to_cursor(aws: &FakeStore, seconds: u64) -> (Checkpoint, usize) {
    let mut reached = Checkpoint::default();
    for tries in 1..500 {
        match call(aws, &backfill(), reached.clone(), seconds).await {
            Ok(now) if now.done => return (now, tries),
            Ok(now) => reached = now,
            Err(error) => assert!(error.name().is_transient(), "{error}"),
        }
    }
    panic!("the segment is never done");
}

#[tokio::test]
async fn a_segment_killed_at_any_call_and_resumed_has_the_same_result() {
    for number in 0..8 {
        for fault in FAULTS {
            let aws = with_items(5);
            aws.fail(number, fault);
            let (reached, _) = from_cursor_to_cursor(&aws, 60).await;
            assert_eq!(reached.written + reached.kept, 5, "{fault:?} of call {number}");
            assert_eq!(items(&aws), expected(0..5), "{fault:?} of call {number}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(32) })]

    #[test]
    fn under_faults_each_item_is_written_once_and_the_streams_versions_stay(
        faults in prop::collection::vec((0_usize..60, prop::sample::select(FAULTS.to_vec()), 1_usize..4), 0..12),
        number in 0_usize..20,
        deleted in prop::collection::btree_set(0_usize..20, 0..4),
        page in 1_usize..6,
        seconds in prop_oneof![Just(0_u64), Just(60)],
    ) {
        let aws = with_items(number);
        aws.state().page_of_items = page;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut written = expected(0..number);
        let reached = runtime.block_on(async {
            for number in deleted {
                by_the_stream(&aws, number, None).await;
                written.insert(object(number), None);
            }
            let before = aws.state().called.len();
            for (begin, fault, length) in faults {
                (begin..begin + length).for_each(|call| aws.fail(before + call, fault));
            }
            from_cursor_to_cursor(&aws, seconds).await.0
        });
        prop_assert_eq!(reached.written + reached.kept, number as u64);
        prop_assert_eq!(items(&aws), written);
    }
}
