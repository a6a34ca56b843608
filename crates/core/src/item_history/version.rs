//! The version of an item's object: its key, its metadata and its body.
//!
//! Each body contains the sequence number of its version. A conditional write compares ETags, and an ETag identifies
//! only content. An item that is changed and changed back, or deleted a second time, would get the ETag that another
//! writer still remembers, and that writer could overwrite a newer version (docs/adr/0013).

use std::collections::HashMap;

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat};
use sha2::{Digest as _, Sha256};
use strum::{Display, EnumString};

use super::position::Position;
use super::sequence_number::{MOST_DIGITS, SequenceNumber};
use crate::text::hex;

/// Maximum length of an encoded item key in the metadata. S3 takes 2 KB of metadata in all (user guide, "Working with
/// object metadata"), and a key may have 3 KB.
const LONGEST_KEY: usize = 1_000;

const ITEM_BEGINS: &[u8] = br#"{"Item":"#;
const SEQUENCE_NUMBER_BEGINS: &[u8] = br#""SequenceNumber":""#;
const BODY_ENDS: &[u8] = br#""}"#;
/// Length of what follows the first `{` of a tombstone, or the item and the comma.
const TAIL: usize = SEQUENCE_NUMBER_BEGINS.len() + MOST_DIGITS + BODY_ENDS.len();

/// Size of a tombstone's body in bytes. Every other body is larger, so a list of objects shows which ones are
/// tombstones. The bucket's lifecycle rule uses this size as well.
pub const TOMBSTONE_SIZE: usize = 1 + TAIL;

const STREAM: &str = "stream";
const SEQUENCE_NUMBER: &str = "sequence-number";
const EVENT_TIME: &str = "event-time";
const EVENT_NAME: &str = "event-name";
const FIRST_EVENT_NAME: &str = "first-event-name";
const ITEM_KEY: &str = "item-key";

/// The event that made a version.
#[derive(Clone, Copy, Debug, Display, EnumString, Eq, PartialEq)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum EventName {
    /// The item was inserted.
    Insert,
    /// The item was changed.
    Modify,
    /// The item was deleted. The version is a tombstone.
    Remove,
    /// The item existed when a backfill read the table.
    Backfill,
}

/// The metadata of a version.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Version {
    /// Position among the versions of the item.
    pub position: Position,
    /// Event that made the version.
    pub event: EventName,
    /// First event of the item in this second; only the last change of a second is stored. If it is
    /// [`EventName::Insert`], the item did not exist before the second, and otherwise it did. Equal to `event` for the
    /// only change of a second.
    pub first_event: EventName,
    /// Key attributes of the item, as compact DynamoDB JSON.
    pub item_key: String,
}

/// Returns the key of the object of the item with these key attributes (`item_formats::key_of`, in the table's order).
///
/// The key contains the whole hash, so two items never share an object. The first two letters of the hash come before
/// it, so that the objects spread over as many prefixes as S3 may need to partition them (user guide, "Optimizing
/// Amazon S3 performance").
pub fn object_key(prefix: &str, item_key: &[u8]) -> String {
    let hash = hex(&Sha256::digest(item_key));
    let (first, _) = hash.split_at(2);
    format!("{prefix}{first}/{hash}")
}

/// Returns the prefix of an item's key, `<prefix>ab/ab…` with the 64 letters of a hash. Returns `None` if the key is
/// not that of an item.
pub fn prefix_of(key: &str) -> Option<&str> {
    let (before, hash) = key.rsplit_once('/')?;
    let is_hash = hash.len() == 64 && hash.bytes().all(|letter| matches!(letter, b'0'..=b'9' | b'a'..=b'f'));
    let prefix = before.strip_suffix(hash.get(..2)?)?;
    (is_hash && (prefix.is_empty() || prefix.ends_with('/'))).then_some(prefix)
}

/// An object whose body is not that of a version: something else wrote it.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "object {object} is not a version of an item: its body is neither {{\"Item\":…,\"SequenceNumber\":\"…\"}} nor a tombstone, \
     {{\"SequenceNumber\":\"…\"}}"
)]
pub struct NoVersion {
    /// Key of the object.
    pub object: String,
}

/// Builds the body of an item's version from the item as compact DynamoDB JSON: a line as in DynamoDB's exports, with
/// the sequence number added.
pub fn body_of_item(item: &[u8], sequence_number: &SequenceNumber) -> Bytes {
    let mut body = Vec::with_capacity(ITEM_BEGINS.len() + item.len() + 1 + TAIL);
    body.extend_from_slice(ITEM_BEGINS);
    body.extend_from_slice(item);
    body.push(b',');
    with_tail(body, sequence_number)
}

/// Builds the body of a tombstone, which marks the item as deleted.
pub fn body_of_tombstone(sequence_number: &SequenceNumber) -> Bytes {
    with_tail(vec![b'{'], sequence_number)
}

fn with_tail(mut body: Vec<u8>, sequence_number: &SequenceNumber) -> Bytes {
    body.extend_from_slice(SEQUENCE_NUMBER_BEGINS);
    body.extend_from_slice(sequence_number.padded().as_bytes());
    body.extend_from_slice(BODY_ENDS);
    Bytes::from(body)
}

/// Returns the item in the body of this object, verbatim as it was put; `None` for a tombstone.
pub fn item_of_body<'a>(object: &str, body: &'a [u8]) -> Result<Option<&'a [u8]>, NoVersion> {
    let item = || {
        let (before, tail) = body.split_at_checked(body.len().checked_sub(TAIL)?)?;
        let number = tail.strip_prefix(SEQUENCE_NUMBER_BEGINS)?.strip_suffix(BODY_ENDS)?;
        number.iter().all(u8::is_ascii_digit).then_some(())?;
        match before {
            b"{" => Some(None),
            _ => before.strip_prefix(ITEM_BEGINS)?.strip_suffix(b",").map(Some),
        }
    };
    item().ok_or_else(|| NoVersion { object: object.to_owned() })
}

impl Version {
    /// Returns the version of a change that is the only one in its second.
    pub fn new(position: Position, event: EventName, item_key: String) -> Version {
        Version { position, event, first_event: event, item_key }
    }

    /// Returns the version as an object's metadata, which must be ASCII. The item's key is percent-encoded (RFC 3986),
    /// and left out if it is too long.
    pub fn metadata(&self) -> HashMap<String, String> {
        let key = percent_encoding::utf8_percent_encode(&self.item_key, percent_encoding::NON_ALPHANUMERIC);
        let key = Some(key.to_string()).filter(|key| key.len() <= LONGEST_KEY);
        let all = [
            (STREAM, self.position.stream.clone()),
            (SEQUENCE_NUMBER, Some(self.position.sequence_number.to_string())),
            (EVENT_TIME, Some(self.position.at.to_rfc3339_opts(SecondsFormat::AutoSi, true))),
            (EVENT_NAME, Some(self.event.to_string())),
            (FIRST_EVENT_NAME, (self.first_event != self.event).then(|| self.first_event.to_string())),
            (ITEM_KEY, key),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }

    /// Reads a version from an object's metadata. Returns `None` if the object is not a version.
    pub fn from_metadata(metadata: Option<&HashMap<String, String>>) -> Option<Version> {
        let text = |name| metadata?.get(name).map(String::as_str);
        let key = text(ITEM_KEY).unwrap_or_default();
        let event: EventName = text(EVENT_NAME)?.parse().ok()?;
        Some(Version {
            position: Position {
                stream: text(STREAM).map(str::to_owned),
                sequence_number: SequenceNumber::parse(text(SEQUENCE_NUMBER)?)?,
                at: DateTime::parse_from_rfc3339(text(EVENT_TIME)?).ok()?.to_utc(),
            },
            event,
            first_event: text(FIRST_EVENT_NAME).map_or(Some(event), |text| text.parse().ok())?,
            item_key: percent_encoding::percent_decode_str(key).decode_utf8_lossy().into_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_objects_key_begins_with_the_first_letters_of_its_hash() {
        // sha256 of `{"id":{"S":"1"}}`, by sha256sum.
        let key = object_key("items/", br#"{"id":{"S":"1"}}"#);
        let hash = key.strip_prefix("items/").unwrap().split_once('/').unwrap();
        assert!(hash.1.starts_with(hash.0) && hash.1.len() == 64, "{key}");
        assert_ne!(key, object_key("items/", br#"{"id":{"S":"2"}}"#));
    }

    #[test]
    fn prefix_of_needs_a_whole_hash() {
        let hash = "ab".repeat(32);
        for prefix in ["", "a/", "a/b/"] {
            assert_eq!(prefix_of(&format!("{prefix}ab/{hash}")), Some(prefix));
        }
        for other in [
            format!("a/ba/{hash}"),
            format!("aab/{hash}"),
            format!("a/ab/{}", hash.to_uppercase()),
            format!("a/ab/{hash}a"),
            format!("a/{hash}"),
            format!("a/ab/{hash}/"),
            "a/".to_owned(),
        ] {
            assert_eq!(prefix_of(&other), None, "{other}");
        }
    }

    #[test]
    fn a_body_holds_its_item_verbatim_and_its_sequence_number() {
        let number = SequenceNumber::parse("1405400000000002063282832").unwrap();
        let item = r#"{"id":{"S":"},\"SequenceNumber\":\"1\"}"}}"#.as_bytes();
        let body = body_of_item(item, &number);
        let whole: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(whole["SequenceNumber"], "0000000000000001405400000000002063282832");
        assert_eq!(item_of_body("o", &body), Ok(Some(item)));
        let tombstone = body_of_tombstone(&number);
        assert_eq!(tombstone, r#"{"SequenceNumber":"0000000000000001405400000000002063282832"}"#);
        assert_eq!(item_of_body("o", &tombstone), Ok(None));
        // The limit in the template's lifecycle rule is one higher.
        assert_eq!((tombstone.len(), TOMBSTONE_SIZE), (61, 61));
        assert!(body_of_item(b"{}", &number).len() > TOMBSTONE_SIZE);
        let longest = SequenceNumber::parse(&"9".repeat(40)).unwrap();
        assert_eq!(body_of_tombstone(&longest).len(), TOMBSTONE_SIZE);
    }

    #[test]
    fn another_body_is_refused_with_the_key_of_its_object() {
        let body = body_of_item(b"{}", &SequenceNumber::zero());
        let digit = String::from_utf8(body.to_vec()).unwrap().replace("00\"}", "0x\"}");
        let (cut, begun) = (&body[1..], &body[..body.len() - 1]);
        for other in [&b""[..], b"{}", br#"{"id":{"S":"1"}}"#, cut, begun, digit.as_bytes()] {
            let error = item_of_body("items/ab/abc", other).unwrap_err().to_string();
            assert!(error.starts_with("object items/ab/abc is not a version of an item"), "{error}");
        }
    }

    #[test]
    fn metadata_is_ascii_and_within_two_kilobytes() {
        let version = |item_key: &str| {
            let position = Position {
                stream: Some("2026-11-20T00:00:00.000".to_owned()),
                sequence_number: SequenceNumber::parse("1405400000000002063282832").unwrap(),
                at: "2026-11-20T02:00:05Z".parse().unwrap(),
            };
            Version::new(position, EventName::Remove, item_key.to_owned())
        };
        let short = version(r#"{"id":{"S":"Göteborg\n"}}"#);
        let metadata = short.metadata();
        assert_eq!(Version::from_metadata(Some(&metadata)), Some(short.clone()));
        assert!(!metadata.contains_key("first-event-name"));
        let begins = Version { first_event: EventName::Insert, ..short.clone() };
        assert_eq!(Version::from_metadata(Some(&begins.metadata())), Some(begins));
        // Versions were written like this before labels were stored.
        let mut unlabelled = metadata.clone();
        unlabelled.remove("stream");
        let reported = Version::from_metadata(Some(&unlabelled)).unwrap();
        assert_eq!(reported.position, Position { stream: None, ..short.position });
        assert_eq!(metadata.get("event-time").map(String::as_str), Some("2026-11-20T02:00:05Z"));
        assert!(metadata.values().all(|value| value.is_ascii()), "{metadata:?}");
        let long = version(&"x".repeat(3_000)).metadata();
        assert_eq!(Version::from_metadata(Some(&long)).unwrap().item_key, "");
        assert!(long.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() < 2_000);
    }

    #[test]
    fn other_metadata_is_not_a_version() {
        assert_eq!(Version::from_metadata(None), None);
        let mut metadata = HashMap::from([("sequence-number".to_owned(), "1".to_owned())]);
        assert_eq!(Version::from_metadata(Some(&metadata)), None);
        metadata.insert("event-time".to_owned(), "yesterday".to_owned());
        metadata.insert("event-name".to_owned(), "INSERT".to_owned());
        assert_eq!(Version::from_metadata(Some(&metadata)), None);
    }
}
