//! The main property test of incremental backups. Whatever happens to a table, and however its stream is delivered, a
//! snapshot of a second, restored into a fresh table, equals the table at that second. Otherwise the second is
//! rejected, or the snapshot reports each item that may be missing.
//!
//! A table has random changes. Its stream is delivered in batches that are cut anywhere, late, repeatedly, and one
//! shard before another. Functions lose their memory. A backfill reads items and writes them later. Batches are
//! discarded, and replayed when their items have changed again. Days pass, and the bucket's lifecycle rule turns
//! tombstones into delete markers and deletes versions. The rule's number of days changes at times.

use std::collections::{BTreeMap, VecDeque};
use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use futures::TryStreamExt;
use item_formats::Doubts;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use tablekeeper_core::item_history::Items;
use tablekeeper_core::item_history::batch::Memory;
use tablekeeper_core::item_history::change::read;
use tablekeeper_core::item_history::coverage;
use tablekeeper_core::item_history::coverage::{Coverage, Present};
use tablekeeper_core::item_history::version::{EventName, TOMBSTONE_SIZE};
use tablekeeper_core::replay::apply::Applier;
use tablekeeper_core::snapshot::as_of::{AsOfReader, Folded, State};
use tablekeeper_core::snapshot::testing;
use tablekeeper_core::testing::fake_store::FakeStore;

use crate::step::{AnyStep, Step};
use crate::workflows::import_table::{FinishImport, ImportSegment};
use crate::workflows::restore_snapshot::PlanRestore;
use crate::workflows::snapshot::testing::{PREFIX, change, defaults, plan, second, store, write};

/// An event in a history.
#[derive(Clone, Debug)]
enum Event {
    /// An item is put with these attributes besides its key, or deleted.
    Change { key: usize, value: Option<usize> },
    /// Time passes.
    Seconds(i64),
    /// The next records of a shard are delivered.
    Deliver { shard: usize, count: usize },
    /// The next records of a shard are discarded.
    GiveUp { shard: usize, count: usize },
    /// The discarded records are replayed.
    Replay,
    /// The retention of noncurrent versions changes to this number of days; 0 means for ever.
    Keep(u32),
    /// Some records that were delivered are delivered again.
    Again { shard: usize, back: usize, count: usize },
    /// The next function starts without memory.
    Cold,
    /// A backfill reads an item; reading its page takes this long.
    Read { key: usize, seconds: i64 },
    /// The backfill writes what it read first.
    Write,
    /// The stream and the backfill finish, days pass, and the lifecycle rule runs.
    Days,
}

/// A history of a table.
#[derive(Clone, Debug)]
struct History {
    key_names: Vec<&'static str>,
    keys: Vec<Map<String, Value>>,
    values: Vec<Map<String, Value>>,
    /// Whether the table had items before its stream was followed.
    begins_full: bool,
    /// How many seconds DynamoDB's clock is ahead of S3's.
    ahead: i64,
    events: Vec<Event>,
    /// Number of versions on a page of a list.
    page: usize,
    /// Times of the snapshots, in thousandths of the possible range.
    asked: Vec<i64>,
}

const FAILURES: &str = "failures/";
const SHARDS: usize = 3;
const DAY: i64 = 86_400;

struct World<'a> {
    history: &'a History,
    aws: FakeStore,
    now: i64,
    number: u64,
    table: BTreeMap<usize, Value>,
    /// The model: each change of the table, with its second.
    log: Vec<(i64, usize, Option<Value>)>,
    shards: Vec<Vec<(i64, Value)>>,
    delivered: Vec<usize>,
    memory: Memory,
    read: VecDeque<(i64, Value)>,
    /// Records that were discarded and not replayed.
    given_up: Vec<(i64, Value)>,
    coverage: Coverage,
    noncurrent_days: u32,
}

impl World<'_> {
    fn item(&self, key: usize, value: usize) -> Value {
        let mut item = self.history.keys[key].clone();
        item.extend(self.history.values[value].clone());
        Value::Object(item)
    }

    fn change(&mut self, key: usize, value: Option<usize>) {
        let image = value.map(|value| self.item(key, value));
        let before = self.table.get(&key);
        let event = match (before, &image) {
            (None, None) => return,
            // DynamoDB writes no record of a change that changes nothing.
            (Some(before), Some(after)) if before == after => return,
            (None, Some(_)) => "INSERT",
            (Some(_), Some(_)) => "MODIFY",
            (Some(_), None) => "REMOVE",
        };
        self.number += 1;
        let at = self.now + self.history.ahead;
        let mut dynamodb = json!({ "ApproximateCreationDateTime": second(at).timestamp(),
            "Keys": self.history.keys[key], "SequenceNumber": self.number.to_string(), "StreamViewType": "NEW_IMAGE" });
        let stream = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2026-11-20T00:00:00.000";
        if let Some(image) = &image {
            dynamodb["NewImage"] = image.clone();
        }
        self.shards[key % SHARDS]
            .push((self.now, json!({ "eventName": event, "eventSourceARN": stream, "dynamodb": dynamodb })));
        match &image {
            Some(image) => self.table.insert(key, image.clone()),
            None => self.table.remove(&key),
        };
        self.log.push((at, key, image));
    }

    async fn deliver(&self, shard: usize, from: usize, to: usize) {
        self.aws.at(second(self.now));
        let records = &self.shards[shard][from..to];
        let changes =
            records.iter().map(|(_, record)| read(record, &self.history.key_names, PREFIX).unwrap());
        let applied = store(&self.aws).apply_all(changes.collect(), &self.memory).await;
        assert!(applied.failed.is_empty(), "{applied:?}");
    }

    fn give_up(&mut self, shard: usize, count: usize) {
        let from = self.delivered[shard];
        let to = (from + count).min(self.shards[shard].len());
        self.given_up.extend_from_slice(&self.shards[shard][from..to]);
        self.delivered[shard] = to;
    }

    /// Replays the discarded records. A change that can no longer be placed is quarantined, and stays discarded.
    async fn replay(&mut self) {
        self.aws.at(second(self.now));
        let store = store(&self.aws);
        let key_names: Vec<String> = self.history.key_names.iter().map(|name| (*name).to_owned()).collect();
        let applier = Applier {
            store: &store,
            failures_prefix: FAILURES,
            late_prefix: "failures/late/",
            table: "arn:aws:dynamodb:eu-west-1:123456789012:table/orders",
            key_names: &key_names,
            remembered_since: self.coverage.deletions_since(&self.present()),
        };
        let mut left = Vec::new();
        for (at, record) in std::mem::take(&mut self.given_up) {
            let counts = applier.apply(std::slice::from_ref(&record)).await.unwrap();
            if counts.quarantined > 0 {
                left.push((at, record));
            }
        }
        self.given_up = left;
    }

    fn present(&self) -> Present<'static> {
        Present { stream: None, noncurrent_days: Some(self.noncurrent_days), now: second(self.now) }
    }

    async fn keep(&mut self, days: u32) {
        self.noncurrent_days = days;
        self.coverage = self.coverage.clone().observed(&self.present());
        self.write_coverage().await;
    }

    /// Returns the first second of which versions may be gone under the present rule.
    fn retained_since(&self) -> i64 {
        match i64::from(self.noncurrent_days) {
            0 => i64::MIN,
            days => self.now - (days - 1) * DAY,
        }
    }

    async fn deliver_next(&mut self, shard: usize, count: usize) {
        let from = self.delivered[shard];
        let to = (from + count).min(self.shards[shard].len());
        self.deliver(shard, from, to).await;
        self.delivered[shard] = to;
    }

    async fn write(&mut self) {
        let Some((at, item)) = self.read.pop_front() else { return };
        self.now = self.now.max(at);
        self.aws.at(second(self.now));
        let names = &self.history.key_names;
        let change = change(&item.to_string(), names, EventName::Backfill, 0, second(at));
        store(&self.aws).apply_if_absent(&change).await.unwrap();
    }

    fn read(&mut self, key: usize, seconds: i64) {
        if let Some(item) = self.table.get(&key) {
            self.read.push_back((self.now + seconds, item.clone()));
        }
    }

    async fn settle(&mut self) {
        for shard in 0..SHARDS {
            self.deliver_next(shard, usize::MAX / 2).await;
        }
        while !self.read.is_empty() {
            self.write().await;
        }
    }

    async fn live(&mut self, event: &Event) {
        match *event {
            Event::Change { key, value } => self.change(key, value),
            Event::Seconds(seconds) => self.now += seconds,
            Event::Deliver { shard, count } => self.deliver_next(shard, count).await,
            Event::Again { shard, back, count } => {
                let from = self.delivered[shard].saturating_sub(back);
                let to = (from + count).min(self.delivered[shard]);
                // The stream keeps a record for a day.
                let retained = self.shards[shard].iter().position(|(at, _)| *at > self.now - DAY);
                let from = from.max(retained.unwrap_or(usize::MAX));
                if from < to {
                    self.deliver(shard, from, to).await;
                }
            }
            Event::Cold => self.memory = Memory::default(),
            Event::GiveUp { shard, count } => self.give_up(shard, count),
            Event::Replay => self.replay().await,
            Event::Keep(days) => self.keep(days).await,
            // If the clocks differ, what a backfill read is off by that difference.
            Event::Read { key, seconds } if self.history.ahead == 0 => self.read(key, seconds),
            Event::Read { .. } => {}
            Event::Write => self.write().await,
            Event::Days => {
                self.settle().await;
                self.now += 4 * DAY;
                self.aws.at(second(self.now));
                self.aws.expire(PREFIX, TOMBSTONE_SIZE, TimeDelta::days(3));
                if self.noncurrent_days > 0 {
                    self.aws.forget(PREFIX, TimeDelta::days(self.noncurrent_days.into()));
                }
            }
        }
    }

    /// Returns the table at a second, according to the model.
    fn model(&self, at: i64) -> Vec<String> {
        let mut table = BTreeMap::new();
        for (_, key, image) in self.log.iter().filter(|(then, _, _)| *then <= at) {
            table.insert(key, image);
        }
        sorted(table.values().filter_map(|image| image.as_ref()).map(Value::to_string))
    }

    /// Returns the table at a second, according to the backup read at another second, and the unknown items.
    async fn folded(&self, at: i64, now: i64) -> (Vec<String>, Vec<String>) {
        let items = Items {
            bucket: "bucket".to_owned(),
            prefix: PREFIX.to_owned(),
            failures_prefix: FAILURES.to_owned(),
            folder: String::new(),
        };
        let key_names: Vec<String> = self.history.key_names.iter().map(|name| (*name).to_owned()).collect();
        let s3 = self.aws.clients().s3();
        let reader =
            AsOfReader { s3: &s3, items: &items, key_names: &key_names, at: second(at), now: second(now) };
        let mut all_folded = Vec::new();
        for shard in 0..2 {
            let folded: Vec<_> = reader.shard(shard, 2, None).try_collect().await.unwrap();
            assert!(folded.is_sorted_by(|one, other| one.key < other.key));
            all_folded.extend(folded);
        }
        let unknown = all_folded.iter().filter(|folded| matches!(folded.state, State::Unknown(_)));
        let unknown = unknown.map(|folded| folded.key.clone()).collect();
        let item = |folded: &Folded| match &folded.state {
            State::Item(item) => Some(compact(item)),
            State::Absent | State::Unknown(_) => None,
        };
        (sorted(all_folded.iter().filter_map(item)), unknown)
    }

    /// Returns the items of a table that a snapshot of a second was restored into.
    async fn restored(&self, at: i64) -> Vec<String> {
        let aws = self.aws.clone().with_table("restored", &self.history.key_names);
        let mut slow = defaults();
        slow["secondsPerCall"] = json!("1");
        let mut plan = plan(&aws, json!({ "At": second(at) }), slow, self.now).await.unwrap();
        plan["snapshot"]["run"]["secondsPerCall"] = json!(at % 2 * 600);
        let report = write(&aws, &plan, second(self.now), 0).await;
        let run = async |step: &dyn AnyStep, input: Value| step.run_json(input).await.unwrap();
        let clients = aws.clients();
        let defaults = json!({ "bucket": "bucket", "prefix": "snapshots/", "segments": "2",
            "maxWriteCapacityUnits": "0", "secondsPerCall": "600" });
        let input = json!({ "executionArn": testing::EXECUTION, "defaults": defaults,
            "executionInput": { "TableName": "restored", "Snapshot": report["Snapshot"] } });
        let restore = run(&PlanRestore::new(&clients).unwrap(), input).await;
        let mut written = Vec::new();
        for segment in restore["segments"].as_array().unwrap() {
            let input = json!({ "executionArn": "x", "import": restore["import"], "segment": segment["segment"],
                "cursor": null, "items": 0, "doubts": Doubts::default() });
            let output = run(&ImportSegment::new(&clients).unwrap(), input).await;
            assert_eq!(output["done"], true);
            written.push(json!({ "items": output["items"], "doubts": output["doubts"] }));
        }
        let input = json!({ "executionArn": "x", "import": restore["import"], "segments": written });
        let done = run(&FinishImport::new(&clients).unwrap(), input).await;
        assert_eq!(done["ItemCount"], report["ItemCount"]);
        sorted(aws.items("restored").into_iter().map(|item| compact(item.as_bytes())))
    }
}

impl World<'_> {
    async fn backfilled(&mut self) {
        let present = self.present();
        self.coverage = self.coverage.clone().backfilled(&present);
        self.write_coverage().await;
    }

    /// Writes the coverage as the end of a backfill and the watch do.
    async fn write_coverage(&self) {
        let s3 = self.aws.clients().s3();
        let written = coverage::update(&s3, "bucket", PREFIX, |_| self.coverage.clone()).await.unwrap();
        assert_eq!(written, self.coverage);
    }

    /// Checks that a snapshot of a second equals the table, or says that it may not.
    async fn check(&self, at: i64, restores: bool) {
        let model = self.model(at);
        // A discarded change is reported by the object that holds it, with its time.
        let given_up = self.given_up.iter().any(|(then, _)| *then + self.history.ahead <= at);
        let covered = self.coverage.check(second(at), &self.present()).is_ok() && at >= self.retained_since();
        let gone = self.coverage.deletions_since(&self.present());
        let is_expired = at < self.retained_since() || gone.is_some_and(|until| second(at) <= until);
        let mut folds = vec![at + 40 * 3_600];
        if self.now - at < 36 * 3_600 {
            folds.push(self.now);
        }
        for now in folds {
            let (items, unknown) = self.folded(at, now).await;
            if given_up || is_expired {
                continue;
            }
            let missing = model.iter().filter(|item| !items.contains(item)).count();
            assert!(items.iter().all(|item| model.contains(item)), "{items:?} at {at}, but {model:?}");
            if covered {
                // A later change may be the oldest version after a discarded one.
                let unknown = if self.given_up.is_empty() { unknown.len() } else { 0 };
                assert_eq!((missing, unknown), (0, 0), "at {at}, folded at {now}");
            }
        }
        if covered && self.given_up.is_empty() && restores {
            assert_eq!(self.restored(at).await, model, "restored, at {at}");
        }
    }
}

fn compact(item: &[u8]) -> String {
    serde_json::from_slice::<Value>(item).unwrap().to_string()
}

fn sorted(items: impl Iterator<Item = String>) -> Vec<String> {
    let mut items: Vec<String> = items.collect();
    items.sort();
    items
}

async fn live(history: &History) {
    let aws = FakeStore::default().with_table("orders", &history.key_names);
    aws.state().page_of_list = history.page;
    let (shards, delivered) = (vec![Vec::new(); SHARDS], vec![0; SHARDS]);
    let (table, log, read) = Default::default();
    // Numbers of one digit and of two are near. As text, 9 would be more than 10.
    let number = 4;
    let mut world = World {
        history,
        aws,
        now: 1,
        number,
        table,
        log,
        shards,
        delivered,
        memory: Memory::default(),
        read,
        given_up: Vec::new(),
        coverage: Coverage::default(),
        noncurrent_days: 0,
    };
    if history.begins_full {
        for key in 0..history.keys.len() {
            let item = world.item(key, 0);
            world.table.insert(key, item.clone());
            world.log.push((i64::MIN, key, Some(item)));
        }
    } else {
        world.backfilled().await;
    }
    let (begins, ends) = (history.events.len() / 3, history.events.len() * 2 / 3);
    for place in 0..=history.events.len() {
        if history.begins_full && place == begins {
            for key in 0..history.keys.len() {
                world.read(key, 2);
                world.now += 1;
            }
        }
        if history.begins_full && place == ends {
            while !world.read.is_empty() {
                world.write().await;
            }
            world.now += 2;
            world.backfilled().await;
        }
        if let Some(event) = history.events.get(place) {
            world.live(event).await;
        }
    }
    world.settle().await;
    world.now += 3;
    for (place, asked) in history.asked.iter().enumerate() {
        let at = world.now * asked / 1_000;
        world.check(at, place == 0).await;
    }
    world.replay().await;
    let at = world.now * history.asked[0] / 1_000;
    world.check(at, true).await;
}

fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<i64>().prop_map(|number| number.to_string()),
        Just("12345678901234567890123456789012345678".to_owned()),
        Just("-0.00000000000000000000000000000000000001".to_owned()),
        Just("9.9999999999999999999999999999999999999E+125".to_owned()),
    ]
}

fn binary() -> impl Strategy<Value = String> {
    vec(any::<u8>(), 0..6).prop_map(|bytes| STANDARD.encode(bytes))
}

/// Returns a set: DynamoDB accepts only non-empty sets without duplicates.
fn set(elements: impl Strategy<Value = String>, kind: &'static str) -> impl Strategy<Value = Value> {
    vec(elements, 1..4).prop_map(move |mut elements| {
        elements.sort();
        elements.dedup();
        json!({ kind: elements })
    })
}

fn attribute() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<String>().prop_map(|text| json!({ "S": text })),
        number().prop_map(|number| json!({ "N": number })),
        binary().prop_map(|bytes| json!({ "B": bytes })),
        any::<bool>().prop_map(|value| json!({ "BOOL": value })),
        Just(json!({ "NULL": true })),
        set(any::<String>(), "SS"),
        set(any::<i32>().prop_map(|number| number.to_string()), "NS"),
        set(binary(), "BS"),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(|elements| json!({ "L": elements })),
            prop::collection::btree_map(any::<String>(), inner, 0..3)
                .prop_map(|members| json!({ "M": members })),
        ]
    })
}

fn value() -> impl Strategy<Value = Map<String, Value>> {
    // Not the names of keys.
    prop::collection::btree_map("[a-z\u{e4}\"\\\\ ]{3,6}", attribute(), 0..4)
        .prop_map(|members| members.into_iter().collect())
}

const KEYS: usize = 4;

/// Returns keys of one or two attributes, of every type that keys may have.
fn keys() -> impl Strategy<Value = (Vec<&'static str>, Vec<Map<String, Value>>)> {
    let text = || "\\PC{1,8}|[\u{0}-\u{7f}]{1,4}".prop_map(|text| json!({ "S": text })).boxed();
    let number = || any::<i32>().prop_map(|number| json!({ "N": number.to_string() })).boxed();
    let binary = || vec(any::<u8>(), 1..6).prop_map(|bytes| json!({ "B": STANDARD.encode(bytes) })).boxed();
    let any_kind = prop_oneof![
        Just((text(), None)),
        Just((number(), None)),
        Just((binary(), None)),
        Just((text(), Some(number()))),
        Just((binary(), Some(text()))),
        Just((number(), Some(binary()))),
    ];
    any_kind.prop_flat_map(|(partition, sort)| {
        let names = if sort.is_some() { vec!["pk", "a"] } else { vec!["id"] };
        let sort = sort.unwrap_or_else(|| Just(Value::Null).boxed());
        vec((partition, sort), KEYS).prop_map(move |mut keys| {
            keys.sort_by_key(|key| json!([key.0, key.1]).to_string());
            keys.dedup();
            let key = |(partition, sort): (Value, Value)| match names.as_slice() {
                [one] => Map::from_iter([((*one).to_owned(), partition)]),
                both => both.iter().map(|name| (*name).to_owned()).zip([partition, sort]).collect(),
            };
            (names.clone(), keys.into_iter().map(key).collect())
        })
    })
}

fn event() -> impl Strategy<Value = Event> {
    let shard = 0..SHARDS;
    prop_oneof![
        8 => (0..KEYS, prop::option::weighted(0.7, 0..3_usize)).prop_map(|(key, value)| Event::Change { key, value }),
        5 => (0_i64..3).prop_map(Event::Seconds),
        5 => (shard.clone(), 1..4_usize).prop_map(|(shard, count)| Event::Deliver { shard, count }),
        2 => (shard.clone(), 1..6_usize, 1..6_usize).prop_map(|(shard, back, count)| Event::Again { shard, back, count }),
        1 => Just(Event::Cold),
        3 => (0..KEYS, 0_i64..3).prop_map(|(key, seconds)| Event::Read { key, seconds }),
        2 => Just(Event::Write),
        1 => Just(Event::Days),
        1 => (shard.clone(), 1..3_usize).prop_map(|(shard, count)| Event::GiveUp { shard, count }),
        1 => Just(Event::Replay),
        1 => prop_oneof![Just(0), 2..12_u32].prop_map(Event::Keep),
    ]
}

fn history() -> impl Strategy<Value = History> {
    let rest =
        (vec(value(), 3), any::<bool>(), 0_i64..2, vec(event(), 0..60), 1..40_usize, vec(0_i64..=1_000, 3));
    (keys(), rest).prop_map(|((key_names, keys), (values, begins_full, ahead, events, page, asked))| {
        let is_present = |event: &Event| match event {
            Event::Change { key, .. } | Event::Read { key, .. } => *key < keys.len(),
            _ => true,
        };
        let events = events.into_iter().filter(is_present).collect();
        // A backfill uses one clock and the stream another, so they agree only up to the difference.
        let ahead = if begins_full { 0 } else { ahead };
        History { key_names, keys, values, begins_full, ahead, events, page, asked }
    })
}

static RUNTIME: LazyLock<tokio::runtime::Runtime> =
    LazyLock::new(|| tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap());

proptest! {
    // A quarter of `PROPTEST_CASES`, because a case costs as much as many others.
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases.div_ceil(4)))]

    #[test]
    fn a_restored_snapshot_equals_the_table_at_any_second(history in history()) {
        RUNTIME.block_on(live(&history));
    }
}
