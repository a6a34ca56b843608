//! The list of the items that a part of a snapshot leaves out, as their state at its second is not known.

use serde::Serialize;
use serde_json::Value;

use super::as_of::Unknown;

/// A part ends where its list has so many bytes: it is held in memory until then.
const MOST_BYTES: usize = 4 << 20;

/// The list: JSON lines.
#[derive(Debug, Default)]
pub(super) struct Unknowns(Vec<u8>);

/// A line.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Line<'a> {
    /// The item's key attributes as DynamoDB JSON; left out where the object's metadata has no room for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<Value>,
    /// The key of the item's object.
    object: &'a str,
    /// What the oldest version that is there tells of, and when that was.
    oldest_event: String,
    oldest_at: chrono::DateTime<chrono::Utc>,
}

impl Unknowns {
    /// Adds an item.
    pub(super) fn push(&mut self, object: &str, Unknown { event, at, item_key }: &Unknown) {
        let key = serde_json::from_str(item_key).ok();
        let line = Line { key, object, oldest_event: event.to_string(), oldest_at: *at };
        // What is written to memory is always written.
        if serde_json::to_writer(&mut self.0, &line).is_ok() {
            self.0.push(b'\n');
        }
    }

    /// Whether the part should end here.
    pub(super) fn are_enough(&self) -> bool {
        self.0.len() >= MOST_BYTES
    }

    /// The list as a file has it.
    pub(super) fn into_lines(self) -> Vec<u8> {
        self.0
    }
}
