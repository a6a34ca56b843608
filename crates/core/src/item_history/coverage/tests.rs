use super::*;
use crate::testing::fake_store::{FakeStore, Fault};

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn on(day: u32) -> DateTime<Utc> {
    time(&format!("2026-11-{day:02}T00:00:00Z"))
}

fn present(stream: &str, noncurrent_days: u32, day: u32) -> Present<'_> {
    Present { stream: Some(stream), noncurrent_days: Some(noncurrent_days), now: on(day) }
}

const FIRST: &str = "2026-11-01T00:00:00.000";
const SECOND: &str = "2026-11-20T00:00:00.000";

#[test]
fn seconds_are_covered_from_the_end_of_the_first_backfill() {
    let now = present(FIRST, 0, 10);
    assert_eq!(Coverage::default().check(on(10), &now), Err(Uncovered::NoBackfill));
    let coverage = Coverage::default().backfilled(&now);
    let next = on(10) + TimeDelta::seconds(1);
    assert_eq!(coverage.check(on(10), &now), Err(Uncovered::BeforeBackfill(next)));
    assert_eq!(coverage.check(next, &now), Ok(()));
    assert_eq!(coverage.clone().backfilled(&present(FIRST, 0, 12)), coverage, "the first one counts");
}

#[test]
fn another_stream_leaves_a_gap_before_it() {
    let coverage = Coverage::default().backfilled(&present(FIRST, 0, 10));
    let later = present(SECOND, 0, 25);
    for coverage in [coverage.clone(), coverage.clone().observed(&later), coverage.clone().backfilled(&later)]
    {
        assert_eq!(coverage.check(on(19), &later), Ok(()));
        assert_eq!(coverage.check(on(20), &later), Err(Uncovered::AnotherStream(on(20))));
    }
    let third = present("2026-11-27T00:00:00.000", 0, 28);
    assert_eq!(coverage.observed(&later).check(on(22), &third), Err(Uncovered::AnotherStream(on(20))));
}

#[test]
fn versions_expired_by_a_shorter_retention_stay_unknown() {
    let coverage = Coverage::default().backfilled(&present(FIRST, 7, 2));
    assert_eq!(
        coverage.check(on(3), &present(FIRST, 7, 20)),
        Ok(()),
        "its own days are the caller's to check"
    );
    for longer in [60, 0] {
        let later = present(FIRST, longer, 20);
        let coverage = coverage.clone();
        for coverage in [coverage.clone(), coverage.observed(&later)] {
            assert_eq!(coverage.check(on(12), &later), Err(Uncovered::Expired(on(13))));
            assert_eq!(coverage.check(on(13), &later), Ok(()));
        }
    }
    let shorter = coverage.observed(&present(FIRST, 3, 20));
    assert_eq!((shorter.kept_since, shorter.noncurrent_days), (None, Some(3)));
}

#[tokio::test]
async fn the_coverage_document_is_larger_than_a_tombstone() {
    let aws = FakeStore::default();
    let observed = |coverage: Coverage| coverage.observed(&present(FIRST, 7, 2));
    update(&aws.clients().s3(), "bucket", "", observed).await.unwrap();
    assert!(aws.text("coverage.json").unwrap().len() > crate::item_history::version::TOMBSTONE_SIZE);
}

#[tokio::test]
async fn coverage_is_written_once_under_faults() {
    for number in 0..2 {
        for fault in [Fault::Dropped, Fault::Lost, Fault::Refused(412, "PreconditionFailed")] {
            let aws = FakeStore::default();
            let s3 = aws.clients().s3();
            aws.fail(number, fault);
            let backfilled = |coverage: Coverage| coverage.backfilled(&present(FIRST, 0, 10));
            let mut written = update(&s3, "bucket", "items/", backfilled).await;
            if written.is_err() {
                written = update(&s3, "bucket", "items/", backfilled).await;
            }
            assert_eq!(
                written.unwrap().complete_since,
                Some(on(10) + TimeDelta::seconds(1)),
                "{number} {fault:?}"
            );
            let existing = read(&s3, "bucket", "items/").await.unwrap();
            assert_eq!(existing, Coverage::default().backfilled(&present(FIRST, 0, 10)));
            let puts = aws.count("s3:PutObject");
            update(&s3, "bucket", "items/", backfilled).await.unwrap();
            assert_eq!(aws.count("s3:PutObject"), puts, "nothing is new");
        }
    }
}

#[tokio::test]
async fn an_unreadable_document_is_an_error() {
    let aws = FakeStore::default();
    let s3 = aws.clients().s3();
    let put = s3.put_object().bucket("bucket").key("items/coverage.json");
    put.body(br#"{"CompleteSince":1}"#.to_vec().into()).send().await.unwrap();
    let failure = read(&s3, "bucket", "items/").await.unwrap_err();
    assert!(failure.to_string().contains("s3://bucket/items/coverage.json cannot be read"), "{failure}");
    aws.fail_action("s3:GetObject", 0, Fault::Refused(403, "AccessDenied"));
    assert_eq!(read(&s3, "bucket", "items/").await.unwrap_err().name, ErrorName::AccessDenied);
}
