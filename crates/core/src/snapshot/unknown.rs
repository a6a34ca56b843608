//! Lists the items that a part of a snapshot leaves out because their state at its second is unknown.

use serde::Serialize;
use serde_json::Value;

use super::as_of::Unknown;

/// Size in bytes of a list at which its part ends, because the list is in memory until then.
const MOST_BYTES: usize = 4 << 20;

/// The list, as JSON lines.
#[derive(Debug, Default)]
pub(super) struct Unknowns(Vec<u8>);

/// A line of the list.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Line<'a> {
    /// Key attributes of the item as DynamoDB JSON; missing if they are too long for the object's metadata.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<Value>,
    /// Key of the item's object.
    object: &'a str,
    /// Event and time of the oldest existing version.
    oldest_event: String,
    oldest_at: chrono::DateTime<chrono::Utc>,
}

impl Unknowns {
    /// Adds an item.
    pub(super) fn push(&mut self, object: &str, Unknown { event, at, item_key }: &Unknown) {
        let key = serde_json::from_str(item_key).ok();
        let line = Line { key, object, oldest_event: event.to_string(), oldest_at: *at };
        // Writing to memory does not fail.
        if serde_json::to_writer(&mut self.0, &line).is_ok() {
            self.0.push(b'\n');
        }
    }

    /// Checks whether the part should end here.
    pub(super) fn are_enough(&self) -> bool {
        self.0.len() >= MOST_BYTES
    }

    /// Returns the content of the list's file.
    pub(super) fn into_lines(self) -> Vec<u8> {
        self.0
    }
}
