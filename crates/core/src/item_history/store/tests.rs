use super::*;
use crate::item_history::sequence_number::SequenceNumber;
use crate::item_history::version::{body_of_item, body_of_tombstone};
use crate::testing::fake_store::FakeStore;

const OBJECT: &str = "items/ab/abc";

fn store(aws: &FakeStore) -> Store {
    Store { s3: aws.clients().s3(), bucket: "items".to_owned(), prefix: "items/".to_owned() }
}

/// Returns the change with this number. It writes this item, or deletes it if there is none.
fn change(number: u32, item: Option<&str>) -> Change {
    let sequence_number = SequenceNumber::parse(&number.to_string()).unwrap();
    let body = match item {
        Some(item) => body_of_item(item.as_bytes(), &sequence_number),
        None => body_of_tombstone(&sequence_number),
    };
    let event = if item.is_some() { EventName::Modify } else { EventName::Remove };
    let at = "2026-11-20T02:00:05Z".parse().unwrap();
    let position = Position { stream: Some("2026-11-20T00:00:00.000".to_owned()), sequence_number, at };
    let version = Version::new(position, event, String::new());
    Change { object: OBJECT.to_owned(), version, body }
}

/// Returns the sequence numbers of the versions, the oldest first.
fn numbers(aws: &FakeStore) -> Vec<String> {
    let state = aws.state();
    let objects = state.versions.get(OBJECT).into_iter().flatten().map(|version| version.object.as_ref());
    objects.map(|object| object.unwrap().metadata["sequence-number"].clone()).collect()
}

/// A writer remembers an old version whose content is current again. Its change is older and must not be written.
#[tokio::test]
async fn a_stale_hint_does_not_match_a_later_version_with_equal_content() {
    for (content, other) in [(Some(r#"{"id":{"S":"1"}}"#), None), (None, Some(r#"{"id":{"S":"1"}}"#))] {
        let aws = FakeStore::default();
        let store = store(&aws);
        let (_, long_ago) = store.apply(&change(5, content), None).await.unwrap();
        store.apply(&change(6, other), None).await.unwrap();
        let (_, now) = store.apply(&change(8, content), None).await.unwrap();
        let stale = store.apply(&change(7, other), Some(long_ago.clone())).await.unwrap();
        assert_eq!(stale, (Outcome::Stale, now), "{content:?}");
        assert_eq!(numbers(&aws), ["5", "6", "8"]);
        let (outcome, _) = store.apply(&change(9, other), Some(long_ago)).await.unwrap();
        assert_eq!(outcome, Outcome::Written, "a newer change is written after a HEAD request");
        assert_eq!(numbers(&aws), ["5", "6", "8", "9"]);
    }
}

#[tokio::test]
async fn a_backfill_writes_only_absent_objects_and_a_tombstone_counts_as_present() {
    let aws = FakeStore::default();
    let store = store(&aws);
    let read = change(0, Some(r#"{"id":{"S":"1"}}"#));
    assert!(store.apply_if_absent(&read).await.unwrap());
    assert!(!store.apply_if_absent(&read).await.unwrap(), "the object existed before");
    store.apply(&change(5, None), None).await.unwrap();
    assert!(!store.apply_if_absent(&read).await.unwrap(), "the stream deleted the item");
    assert_eq!(numbers(&aws), ["0", "5"]);
}
