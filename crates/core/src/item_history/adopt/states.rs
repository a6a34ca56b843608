//! Turns the states of an item into changes, in order.

use bytes::Bytes;
use chrono::{DateTime, Utc};

use crate::item_history::change::Change;
use crate::item_history::position::{ADOPTED, Position};
use crate::item_history::sequence_number::SequenceNumber;
use crate::item_history::version::{EventName, Version, body_of_item, body_of_tombstone};

/// The state of an item from a time on, as S3 recorded it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Seen {
    pub(super) at: DateTime<Utc>,
    /// The item as compact DynamoDB JSON; `None` for a deletion.
    pub(super) item: Option<Bytes>,
}

/// The identity of an item.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// The key of its object in the new bucket.
    pub(super) object: String,
    /// The key attributes of the item, as compact DynamoDB JSON.
    pub(super) key: String,
}

/// Returns the changes that make these states. The first state must be the oldest. What came before it is unknown, so
/// it counts as read by a backfill.
pub(super) fn changes(item: &Item, seen: &[Seen]) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    let mut existed = None;
    let (mut second, mut ordinal) = (i64::MIN, 0);
    for Seen { at, item: body } in seen {
        let event = match (existed, body.is_some()) {
            (None, true) => EventName::Backfill,
            (Some(true), true) => EventName::Modify,
            (Some(false), true) => EventName::Insert,
            (None | Some(true), false) => EventName::Remove,
            // The item was already deleted.
            (Some(false), false) => continue,
        };
        existed = Some(body.is_some());
        ordinal = if at.timestamp() == second { ordinal + 1 } else { 1 };
        second = at.timestamp();
        changes.push(change(item, *at, ordinal, event, body.as_ref()));
    }
    changes
}

/// Returns the tombstone of an item that no longer existed at this second.
pub(super) fn gone(item: &Item, at: DateTime<Utc>) -> Change {
    change(item, at, LAST, EventName::Remove, None)
}

/// Higher than the number of versions that an object has in one second.
const LAST: i64 = 999_999;

fn change(item: &Item, at: DateTime<Utc>, ordinal: i64, event: EventName, body: Option<&Bytes>) -> Change {
    let number = format!("{}{ordinal:06}", at.timestamp().max(1));
    let sequence_number = SequenceNumber::parse(&number).unwrap_or_else(SequenceNumber::zero);
    let body = match body {
        Some(body) => body_of_item(body, &sequence_number),
        None => body_of_tombstone(&sequence_number),
    };
    let position = Position { stream: Some(ADOPTED.to_owned()), sequence_number, at };
    Change { object: item.object.clone(), version: Version::new(position, event, item.key.clone()), body }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item() -> Item {
        Item { object: "items/ab/ab".to_owned(), key: r#"{"id":{"S":"1"}}"#.to_owned() }
    }

    fn seen(second: i64, body: Option<&'static str>) -> Seen {
        Seen { at: DateTime::from_timestamp(second, 0).unwrap(), item: body.map(Bytes::from) }
    }

    #[test]
    fn states_become_changes_in_order() {
        let states = [
            seen(100, Some("{}")),
            seen(100, Some("{\"a\":1}")),
            seen(101, None),
            seen(102, None),
            seen(103, Some("{}")),
        ];
        let changes = changes(&item(), &states);
        let reported: Vec<_> = changes
            .iter()
            .map(|Change { version: Version { position, event, .. }, .. }| {
                (position.at.timestamp(), *event, position.sequence_number.as_str().to_owned())
            })
            .collect();
        let number = str::to_owned;
        assert_eq!(
            reported,
            [
                (100, EventName::Backfill, number("100000001")),
                (100, EventName::Modify, number("100000002")),
                (101, EventName::Remove, number("101000001")),
                (103, EventName::Insert, number("103000001")),
            ]
        );
        for pair in changes.windows(2) {
            assert!(pair[1].version.position.is_newer_than(&pair[0].version.position));
        }
        let last = gone(&item(), DateTime::from_timestamp(103, 0).unwrap());
        assert!(last.version.position.is_newer_than(&changes[3].version.position));
    }

    #[test]
    fn a_first_deletion_becomes_a_tombstone() {
        let changes = changes(&item(), &[seen(1, None), seen(2, Some("{}"))]);
        let events: Vec<_> = changes.iter().map(|change| change.version.event).collect();
        assert_eq!(events, [EventName::Remove, EventName::Insert]);
    }
}
