//! Histories by chance in an old bucket, and what a fold says of each second once they are adopted.

use chrono::{DateTime, Utc};
use item_formats::{KeyAttribute, KeyType};
use md5::{Digest as _, Md5};
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::item_history::Items;
use crate::item_history::version::EventName;
use crate::snapshot::as_of::{AsOfReader, State};
use crate::snapshot::testing::{PREFIX, change, item, object, second, store};
use crate::testing::fake_store::FakeStore;
use crate::text::hex;

const ID: KeyAttribute<'static> = KeyAttribute { name: "id", key_type: KeyType::S };
/// When the backfill ended, and when the stream told of something.
const BACKFILL: i64 = 50;
const STREAM: i64 = 60;

/// What happened to the item in the old bucket: after so many seconds it was this, or nothing.
type Old = Vec<(i64, Option<u8>)>;

/// What came in the new bucket, before the adoption or after it.
#[derive(Clone, Copy, Debug)]
struct New {
    /// Whether a backfill ended, and what it found.
    backfill: Option<Option<u8>>,
    /// What the stream told of then.
    change: Option<u8>,
    change_comes_first: bool,
}

fn histories() -> impl Strategy<Value = (Old, New, usize)> {
    let old = vec((0..4_i64, proptest::option::weighted(0.7, 0..9_u8)), 1..8);
    let value = || proptest::option::of(10..19_u8);
    let new = (proptest::option::of(value()), value(), any::<bool>());
    let new =
        new.prop_map(|(backfill, change, change_comes_first)| New { backfill, change, change_comes_first });
    (old, new, 1..6_usize)
}

fn value(state: &State) -> Result<Option<u8>, ()> {
    match state {
        State::Item(body) => {
            let item: serde_json::Value = serde_json::from_slice(body).unwrap();
            Ok(item["value"]["S"].as_str().unwrap().parse().ok())
        }
        State::Absent => Ok(None),
        State::Unknown(_) => Err(()),
    }
}

/// What the old bucket says of each of its seconds, in their order: of a version and a deletion in one second the version
/// counts, unless the deletion is current.
fn reported(old: &Old) -> Vec<(i64, Option<u8>)> {
    let mut at = 0;
    let mut seconds: Vec<(i64, Option<u8>)> = Vec::new();
    for (place, (gap, value)) in old.iter().enumerate() {
        at += gap;
        match seconds.last_mut().filter(|(second, _)| *second == at) {
            Some((_, there)) if value.is_some() || place + 1 == old.len() => *there = *value,
            Some(_) => {}
            None => seconds.push((at, *value)),
        }
    }
    seconds
}

/// What was at a second; `Err` where nobody knows.
fn expected(old: &Old, new: New, at: i64) -> Result<Option<u8>, ()> {
    let is_adopted = old.iter().any(|(_, value)| value.is_some());
    let found = new.backfill.flatten();
    if let Some(value) = new.change.filter(|_| at >= STREAM) {
        return Ok(Some(value));
    }
    if at >= BACKFILL && new.backfill.is_some() {
        return Ok(found);
    }
    let seconds = reported(old);
    let last = seconds.iter().rev().find(|(second, _)| *second <= at);
    match last {
        Some((_, value)) if is_adopted => Ok(*value),
        // Before its oldest version an item is not known, but for one that the stream says began.
        None if is_adopted => Err(()),
        _ if found.is_some() => Err(()),
        _ => Ok(None),
    }
}

async fn write(aws: &FakeStore, old: &Old) {
    let s3 = aws.clients().s3();
    let digest = hex(&Md5::digest(br#"{"id":"1"}"#));
    let key = format!("old/{}", digest.trim_start_matches('0'));
    let mut at = 0;
    for (gap, value) in old {
        at += gap;
        aws.at(second(at));
        match value {
            Some(value) => {
                let body = format!(r#"{{"id":"1","value":"{value}"}}"#).into_bytes();
                s3.put_object().bucket("bucket").key(&key).body(body.into()).send().await.unwrap();
            }
            None => drop(s3.delete_object().bucket("bucket").key(&key).send().await.unwrap()),
        }
    }
}

async fn adopt(aws: &FakeStore, complete_since: Option<DateTime<Utc>>) -> Counts {
    let old = Store { prefix: "old/".to_owned(), ..store(aws) };
    let adoption = Adoption {
        old: &old,
        format: Format::Json,
        keys: &[ID],
        new: &store(aws),
        late_prefix: "failures/late/",
        complete_since,
        dry_run: false,
    };
    let mut counts = Counts::default();
    run(&adoption, None, &mut |done| counts += done.counts).await.unwrap();
    counts
}

/// The stream's change.
async fn apply(aws: &FakeStore, new: New) {
    let Some(value) = new.change else { return };
    aws.at(second(STREAM + 1));
    let event = if new.backfill.flatten().is_some() { EventName::Modify } else { EventName::Insert };
    let mut change =
        change(&item("1", &value.to_string()), &["id"], event, 7_000_000_000_000_000_000, second(STREAM));
    change.version.position.stream = Some("2026-11-20T00:00:00.000".to_owned());
    store(aws).apply(&change, None).await.unwrap();
}

async fn holds(old: Old, new: New, page: usize) {
    let aws = FakeStore::default();
    aws.state().page_of_list = page;
    write(&aws, &old).await;
    aws.at(second(BACKFILL));
    if let Some(Some(value)) = new.backfill {
        let found = change(&item("1", &value.to_string()), &["id"], EventName::Backfill, 0, second(BACKFILL));
        assert!(store(&aws).apply_if_absent(&found).await.unwrap());
    }
    if new.change_comes_first {
        apply(&aws, new).await;
    }
    aws.at(second(70));
    let complete_since = new.backfill.map(|_| second(BACKFILL));
    let first = adopt(&aws, complete_since).await;
    let again = adopt(&aws, complete_since).await;
    assert_eq!((again.written, again.there), (0, first.written + first.there), "{first:?} {again:?}");
    if !new.change_comes_first {
        apply(&aws, new).await;
        // That an item began anew says that it was deleted.
        let ended = adopt(&aws, complete_since).await;
        assert!(ended.written <= ended.gone, "with the stream's change on top: {ended:?}");
        assert_eq!(adopt(&aws, complete_since).await.written, 0);
    }
    let (s3, key_names) = (aws.clients().s3(), ["id".to_owned()]);
    let items = Items {
        bucket: "bucket".to_owned(),
        prefix: PREFIX.to_owned(),
        failures_prefix: "failures/".to_owned(),
        folder: String::new(),
    };
    for at in (0..30).chain([BACKFILL - 1, BACKFILL, STREAM - 1, STREAM, 65]) {
        let fold = AsOfReader {
            s3: &s3,
            items: &items,
            key_names: &key_names,
            at: second(at),
            now: second(1_000_000),
        };
        let is = value(&fold.of_key(&object("1")).await.unwrap().state);
        assert_eq!(is, expected(&old, new, at), "at {at}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn each_second_is_what_the_old_bucket_and_the_new_one_told((old, new, page) in histories()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(holds(old, new, page));
    }
}
