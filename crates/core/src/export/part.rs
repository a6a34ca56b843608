//! Parts of an export. A part is the piece of a segment in one data file, with a record of it.
//!
//! The record is written after the data file, so a record implies its file. A call finds in the records what an earlier
//! one did. They are also used to verify the export and to write its manifest. Each part of a segment begins with the
//! cursor at which the part before it ended.

mod writer;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use writer::{Opened, PartError, PartWriter, Parts, holds_empty_collection};

/// The record of a part.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Part {
    /// Scan segment, starting at 0.
    pub segment: u32,
    /// Part number within the segment, starting at 0, without gaps.
    pub part: u32,
    /// Key of the data file.
    pub key: String,
    /// Number of items in the data file.
    pub items: u64,
    /// Bytes of the lines before compression.
    pub bytes: u64,
    /// Size of the data file in bytes.
    pub size: u64,
    /// MD5 of the data file in base64.
    pub md5: String,
    /// ETag of the data file.
    pub etag: String,
    /// Key of the last item before this part, as DynamoDB JSON; null for the first part of a segment.
    pub cursor: Option<String>,
    /// Key of the last item of this part, after which the next part begins, as DynamoDB JSON; null for the last part of
    /// a segment.
    pub next: Option<String>,
    /// Whether this is the last part of the segment.
    pub done: bool,
    /// Number of items that hold an empty list or map, at any depth.
    pub with_empty_collections: u64,
    /// Number of items that a snapshot omits because their state is unknown.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unknown: u64,
    /// Time at which the data file was complete.
    pub written_at: DateTime<Utc>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a field so")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}
