//! # incremental: every change of a table in versioned S3, restorable to any second
//!
//! A bucket holds each item of a table as one object. The earlier states of the item are the earlier versions of the
//! object. [`StreamBackup`] writes the changes of the table's stream. A backfill adds the items from before the stream
//! was followed. A snapshot reads the bucket as of a second and writes an export that `import-table` reads.
//!
//! A stack follows one table or several. Each table has its own prefix ([`tables`]).
//!
//! [`WatchStream`] reports when a stream is not read. Batches that Lambda discards go to a separate bucket, from which
//! `replay` applies them. If an item has changed again by then, the older change becomes a [late version][late].
//!
//! ## What it guarantees
//!
//! - **Nothing is lost silently.** A record is done when its version is in S3, or when a newer version is. A record
//!   that fails is delivered again, with the records after it in its shard. A record that can never be backed up is
//!   quarantined with its reason ([`quarantine`]).
//! - **Safe to repeat.** A version is written only over the version that was seen before it, and only by a change from
//!   a later stream or with a higher sequence number ([`position`]). Stale and repeated deliveries write nothing. A
//!   backfill writes nothing over a version from the stream.
//! - **Deleted items stay deleted.** A deletion is a version too, a tombstone, with which an older change can be
//!   compared (docs/adr/0013).
//! - **Unknown is not absent.** The bucket records since when its history is complete ([`coverage`]), and for each item
//!   whether its oldest version is its creation.
//! - **Exact.** The body of a version holds the item as DynamoDB sent it. No value is parsed.
//!
//! [`coverage`]: tablekeeper_core::item_history::coverage
//! [`position`]: tablekeeper_core::item_history::position
//! [`quarantine`]: tablekeeper_core::item_history::quarantine
//! [`tables`]: tablekeeper_core::item_history::tables
//! [late]: tablekeeper_core::item_history::late

pub mod config;
pub mod http;
pub mod stream_backup;
pub mod watch_stream;

pub use http::Http;
pub use stream_backup::StreamBackup;
pub use watch_stream::WatchStream;

use crate::step::StepEntry;

/// Returns the steps of the workflow.
pub fn steps() -> Vec<StepEntry> {
    vec![StepEntry::new::<Http>(), StepEntry::new::<StreamBackup>(), StepEntry::new::<WatchStream>()]
}
