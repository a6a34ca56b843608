//! Generates random histories in an old bucket, and checks what the as-of reader returns for each second after
//! adoption.

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
/// The seconds at which the backfill ended and at which the stream had a change.
const BACKFILL: i64 = 50;
const STREAM: i64 = 60;

/// The history of the item in the old bucket: seconds since the previous state, and the value or `None` for a deletion.
type Old = Vec<(i64, Option<u8>)>;

/// The versions in the new bucket, written before or after the adoption.
#[derive(Clone, Copy, Debug)]
struct New {
    /// The item that a backfill found; `None` if no backfill ended.
    backfill: Option<Option<u8>>,
    /// The value after the stream's change.
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

/// Returns the state that the old bucket records for each of its seconds, in order. If a version and a deletion have
/// the same second, the version counts unless the deletion is current.
fn reported(old: &Old) -> Vec<(i64, Option<u8>)> {
    let mut at = 0;
    let mut seconds: Vec<(i64, Option<u8>)> = Vec::new();
    for (index, (gap, value)) in old.iter().enumerate() {
        at += gap;
        match seconds.last_mut().filter(|(second, _)| *second == at) {
            Some((_, state)) if value.is_some() || index + 1 == old.len() => *state = *value,
            Some(_) => {}
            None => seconds.push((at, *value)),
        }
    }
    seconds
}

/// Returns the expected state at a second; `Err` if it is unknown.
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
        // Before its oldest version the state of an item is unknown, unless the stream reports that the item was
        // inserted.
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

/// Applies the stream's change.
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
    assert_eq!((again.written, again.existing), (0, first.written + first.existing), "{first:?} {again:?}");
    if !new.change_comes_first {
        apply(&aws, new).await;
        // A stream record that inserts the item shows that the item was deleted before.
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
    fn each_second_has_the_state_of_the_old_or_new_bucket((old, new, page) in histories()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(holds(old, new, page));
    }
}
