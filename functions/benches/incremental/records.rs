//! The records of a stream, in batches, and the resulting items.
//!
//! A batch has 1,000 records of 700 items, from 500 writes per second. So 300 of its records change an item that
//! occurred before in the batch, about half of them in the same second. One in ten of those is a deletion.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use tablekeeper_core::item_history::version::object_key;

use crate::items::item;
use crate::server::TABLE;

/// Number of records in a batch.
pub(crate) const A_BATCH: usize = 1_000;
/// Number of items in a batch.
const ITEMS: usize = 700;
const A_SECOND: usize = 500;

/// The state of the items before the records.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Before {
    /// The items do not exist: each begins with its INSERT.
    None,
    /// The items exist, each as an object that no function remembers: each begins with a MODIFY.
    Existing,
}

/// The records, batch by batch.
#[derive(Debug)]
pub(crate) struct Records {
    /// State of the items before the records.
    pub(crate) before: Before,
    /// Number of batches.
    pub(crate) batches: usize,
}

/// The items that result from the records.
#[derive(Debug, Default)]
pub(crate) struct Expected {
    /// Keys of the objects, each with the sequence number and the item of its last change; `None` for a deletion.
    pub(crate) last: BTreeMap<String, (String, Option<Value>)>,
    /// Number of versions, if each second of an item has one.
    pub(crate) versions: usize,
}

impl Records {
    /// Creates at least this many records, in full batches.
    pub(crate) fn new(before: Before, records: usize) -> Records {
        Records { before, batches: records.div_ceil(A_BATCH) }
    }

    /// Returns the event of a batch, counted from 0.
    pub(crate) fn batch(&self, batch: usize) -> Value {
        let mut images: Vec<Option<Value>> = Vec::new();
        let records: Vec<Value> = (0..A_BATCH)
            .map(|place| {
                let number = batch * A_BATCH + place;
                let random = number.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(23);
                let repeats = matches!(place % 10, 3 | 6 | 9);
                let index = if repeats { random % images.len() } else { images.len() };
                let of_item = batch * ITEMS + index;
                if !repeats {
                    images.push((self.before == Before::Existing).then(|| image(of_item, 0)));
                }
                let old = images[index].take();
                let deleted = repeats && old.is_some() && random.is_multiple_of(10);
                images[index] = (!deleted).then(|| image(of_item, number + 1));
                record(number, batch * (A_BATCH / A_SECOND) + place / A_SECOND, old, images[index].as_ref())
            })
            .collect();
        assert_eq!(images.len(), ITEMS);
        json!({ "Records": records })
    }

    /// Returns the items that result from all batches.
    pub(crate) fn expected(&self) -> Expected {
        let mut expected = Expected::default();
        for batch in 0..self.batches {
            let mut versions = BTreeSet::new();
            for record in self.batch(batch)["Records"].as_array().unwrap() {
                let change = &record["dynamodb"];
                let object = object_key("items/", change["Keys"].to_string().as_bytes());
                versions.insert((object.clone(), change["ApproximateCreationDateTime"].to_string()));
                let sequence_number = change["SequenceNumber"].as_str().unwrap().to_owned();
                expected.last.insert(object, (sequence_number, change.get("NewImage").cloned()));
            }
            expected.versions += versions.len();
        }
        expected
    }
}

/// Returns an item as it is after this change.
fn image(of_item: usize, change: usize) -> Value {
    let mut image = item(of_item);
    image["change"] = json!({ "N": change.to_string() });
    image
}

/// Returns a record as Lambda passes it, of a stream with NEW_AND_OLD_IMAGES.
fn record(number: usize, second: usize, old: Option<Value>, new: Option<&Value>) -> Value {
    let event = match (&old, new) {
        (None, _) => "INSERT",
        (Some(_), Some(_)) => "MODIFY",
        (Some(_), None) => "REMOVE",
    };
    let id = old.as_ref().or(new).unwrap()["id"].clone();
    let mut change = json!({
        "ApproximateCreationDateTime": 1_795_000_000 + second,
        "Keys": { "id": id },
        "SequenceNumber": format!("1000000000{number:011}"),
        "SizeBytes": 1_900,
        "StreamViewType": "NEW_AND_OLD_IMAGES",
    });
    for (name, image) in [("OldImage", old.as_ref()), ("NewImage", new)] {
        if let Some(image) = image {
            change[name] = image.clone();
        }
    }
    json!({
        "eventID": format!("{number:032x}"),
        "eventName": event,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "eu-west-1",
        "dynamodb": change,
        "eventSourceARN":
            format!("arn:aws:dynamodb:eu-west-1:123456789012:table/{TABLE}/stream/2026-11-20T00:00:00.000"),
    })
}
