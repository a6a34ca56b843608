//! A part: the piece of a segment that one data file holds, and the record of it.
//!
//! The record is written after the data file, so that where it is, the file is too. Records are how an invocation finds
//! what an earlier one did, how the end of an export is verified, and what its manifest is made of: the parts of a
//! segment follow each other by their cursors, as links of a chain.

mod writer;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use writer::{Opened, PartError, PartWriter, Parts, holds_empty_collection};

/// The record of a part.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Part {
    /// The segment,
    pub segment: u32,
    /// and which of its parts: from 0, in a row.
    pub part: u32,
    /// The data file.
    pub key: String,
    /// Items in it.
    pub items: u64,
    /// Bytes of its lines, before they were compressed.
    pub bytes: u64,
    /// Its size.
    pub size: u64,
    /// The MD5 of its content, in base64.
    pub md5: String,
    /// Its ETag.
    pub etag: String,
    /// The key behind which it begins, as DynamoDB JSON; null at the segment's beginning.
    pub cursor: Option<String>,
    /// The key behind which the next part begins; null at the segment's end.
    pub next: Option<String>,
    /// Whether it is the segment's last.
    pub done: bool,
    /// Items that hold an empty list or map, at any depth.
    pub with_empty_collections: u64,
    /// Items of a snapshot that are left out, as their state is not known.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unknown: u64,
    /// When its data file was whole.
    pub written_at: DateTime<Utc>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a field so")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}
