//! Reads stream records as changes of items.
//!
//! Records are read one by one as JSON, like the events in docs/adr/0006. A record that cannot be used must be
//! separated from the other records of its batch and quarantined with the reason.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde_json::Value;

use super::position::Position;
use super::sequence_number::{MOST_DIGITS, SequenceNumber};
use super::version::{EventName, Version, body_of_item, body_of_tombstone, object_key};
use crate::aws::arn::Arn;
use crate::text::quoted;

/// A change of an item, as the version that it makes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Change {
    /// Key of the item's object.
    pub object: String,
    /// Metadata of the version.
    pub version: Version,
    /// Body of the version: the item or a tombstone.
    pub body: Bytes,
}

/// A record that can never become a change. Holds the reason.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct PoisonRecord(pub String);

/// Returns the sequence number of a record.
pub fn sequence_number_of(record: &Value) -> Option<SequenceNumber> {
    sequence_number_text(record).and_then(SequenceNumber::parse)
}

/// Returns the sequence number as the record spells it, which is how a batch response identifies the record.
pub fn sequence_number_text(record: &Value) -> Option<&str> {
    record.get("dynamodb")?.get("SequenceNumber")?.as_str()
}

/// Returns the ARN of the stream that a record comes from.
pub fn stream_of(record: &Value) -> Option<&str> {
    record.get("eventSourceARN")?.as_str()
}

/// Returns the label of the stream with this ARN, which is the time when the stream was created.
pub fn label_of_stream(stream_arn: &str) -> Option<&str> {
    stream_arn.split_once("/stream/").map(|(_, label)| label)
}

/// Returns the ARN and the name of the table whose stream has this ARN.
pub fn table_of_stream(stream_arn: &str) -> Option<(&str, &str)> {
    let (table, _) = stream_arn.split_once("/stream/")?;
    Some((table, Arn::parse(table)?.table_name()?))
}

/// Reads a record of a table with these key attributes, in the table's order.
pub fn read(record: &Value, key_names: &[&str], prefix: &str) -> Result<Change, PoisonRecord> {
    let refused = |reason: &str| PoisonRecord(reason.to_owned());
    let part = |name: &str| record.get("dynamodb").and_then(|dynamodb| dynamodb.get(name));
    let sequence_number = sequence_number_of(record).ok_or_else(|| refused("it has no SequenceNumber"))?;
    let digits = sequence_number.as_str().len();
    if digits > MOST_DIGITS {
        return Err(PoisonRecord(format!(
            "its SequenceNumber has {digits} digits; it must have at most {MOST_DIGITS}"
        )));
    }
    let at = part("ApproximateCreationDateTime").and_then(Value::as_f64).and_then(time);
    let at = at.ok_or_else(|| refused("its ApproximateCreationDateTime is not a time in seconds"))?;
    let event = match record.get("eventName").and_then(Value::as_str) {
        Some("INSERT") => EventName::Insert,
        Some("MODIFY") => EventName::Modify,
        Some("REMOVE") => EventName::Remove,
        Some(other) => {
            let other = quoted(other);
            return Err(PoisonRecord(format!(
                "its eventName is {other}; it must be INSERT, MODIFY or REMOVE"
            )));
        }
        None => return Err(refused("it has no eventName")),
    };
    let keys = part("Keys").ok_or_else(|| refused("it has no Keys"))?;
    let key = item_formats::key_of(keys.to_string().as_bytes(), key_names)
        .map_err(|malformed| PoisonRecord(format!("its Keys are not the table's: {malformed}")))?;
    let body = match (event, part("NewImage")) {
        (EventName::Remove, _) => body_of_tombstone(&sequence_number),
        (_, Some(image)) => body_of_item(image.to_string().as_bytes(), &sequence_number),
        (_, None) => {
            let view = part("StreamViewType").and_then(Value::as_str).unwrap_or("unknown");
            return Err(PoisonRecord(format!(
                "it has no NewImage, because the stream's view is {view}; it must be NEW_IMAGE or NEW_AND_OLD_IMAGES"
            )));
        }
    };
    Ok(Change {
        object: object_key(prefix, &key),
        version: Version::new(
            Position {
                stream: stream_of(record).and_then(label_of_stream).map(str::to_owned),
                sequence_number,
                at,
            },
            event,
            String::from_utf8_lossy(&key).into_owned(),
        ),
        body,
    })
}

/// Converts seconds since the epoch, as Lambda passes them, to a time with a resolution of one millisecond.
fn time(seconds: f64) -> Option<DateTime<Utc>> {
    let milliseconds = (seconds * 1_000.0).round();
    let in_range = (0.0..1e15).contains(&milliseconds);
    #[expect(clippy::cast_possible_truncation, reason = "it is in range")]
    in_range.then(|| DateTime::from_timestamp_millis(milliseconds as i64)).flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::item_history::version::item_of_body;

    fn record() -> Value {
        json!({
            "eventName": "MODIFY",
            "eventSourceARN": "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2026-11-20T00:00:00.000",
            "dynamodb": {
                "ApproximateCreationDateTime": 1_480_642_020,
                "Keys": { "sk": { "N": "1.0" }, "pk": { "S": "a" } },
                "NewImage": { "pk": { "S": "a" }, "sk": { "N": "1.0" }, "b": { "B": "AAEqQQ==" } },
                "SequenceNumber": "1405400000000002063282832",
                "StreamViewType": "NEW_AND_OLD_IMAGES",
            },
        })
    }

    fn reading(record: &Value) -> Result<Change, PoisonRecord> {
        read(record, &["pk", "sk"], "")
    }

    #[test]
    fn a_record_is_read_with_its_keys_in_the_tables_order() {
        let change = reading(&record()).unwrap();
        assert_eq!(change.version.item_key, r#"{"pk":{"S":"a"},"sk":{"N":"1"}}"#);
        assert_eq!(change.version.position.at.to_rfc3339(), "2016-12-02T01:27:00+00:00");
        assert_eq!(change.version.position.stream.as_deref(), Some("2026-11-20T00:00:00.000"));
        let table = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders";
        assert_eq!(stream_of(&record()).and_then(table_of_stream), Some((table, "orders")));
        let item = item_of_body("o", &change.body).unwrap().unwrap();
        let item: Value = serde_json::from_slice(item).unwrap();
        assert_eq!(&item, record().pointer("/dynamodb/NewImage").unwrap());
        // A record with another order of the attributes and another spelling of the number is of the same item.
        let mut other = record();
        *other.pointer_mut("/dynamodb/Keys").unwrap() = json!({ "pk": { "S": "a" }, "sk": { "N": "1" } });
        assert_eq!(reading(&other).unwrap().object, change.object);
    }

    #[test]
    fn a_deletion_is_a_tombstone_whatever_its_images() {
        let mut removed = record();
        *removed.pointer_mut("/eventName").unwrap() = json!("REMOVE");
        assert_eq!(item_of_body("o", &reading(&removed).unwrap().body), Ok(None));
    }

    #[test]
    fn a_poison_record_has_a_reason() {
        for (pointer, value, expected) in [
            ("/eventName", json!("EXPIRE"), "its eventName is `EXPIRE`; it must be INSERT, MODIFY or REMOVE"),
            ("/eventName", json!(null), "it has no eventName"),
            (
                "/dynamodb/ApproximateCreationDateTime",
                json!("yesterday"),
                "its ApproximateCreationDateTime is not a time",
            ),
            ("/dynamodb/Keys", json!({ "pk": { "S": "a" } }), "its Keys are not the table's"),
            ("/dynamodb/SequenceNumber", json!("x"), "it has no SequenceNumber"),
            (
                "/dynamodb/SequenceNumber",
                json!("1".repeat(41)),
                "its SequenceNumber has 41 digits; it must have at most 40",
            ),
        ] {
            let mut record = record();
            *record.pointer_mut(pointer).unwrap() = value;
            let PoisonRecord(reason) = reading(&record).unwrap_err();
            assert!(reason.starts_with(expected), "{pointer}: {reason}");
        }
        let mut keys_only = record();
        keys_only.pointer_mut("/dynamodb").unwrap().as_object_mut().unwrap().remove("NewImage");
        *keys_only.pointer_mut("/dynamodb/StreamViewType").unwrap() = json!("KEYS_ONLY");
        let PoisonRecord(reason) = reading(&keys_only).unwrap_err();
        assert_eq!(
            reason,
            "it has no NewImage, because the stream's view is KEYS_ONLY; it must be NEW_IMAGE or NEW_AND_OLD_IMAGES"
        );
    }
}
