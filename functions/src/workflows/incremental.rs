//! # incremental: every change of a table, in versioned S3, and back to any second
//!
//! A bucket holds each item of a table as one object, with every earlier state of the item as a version behind it. The
//! table's stream keeps it so ([`StreamBackup`]), a backfill fills in what was there before the stream was followed, and
//! a snapshot folds the bucket as it was at a second into an export that `import-table` reads.
//!
//! A stack follows one table or several, each of which has a prefix of its own ([`tables`]).
//!
//! A watch tells when the stream is not read ([`WatchStream`]). What Lambda gives up lies in a bucket of its own, from which
//! `replay` brings it back; where an item has gone on by then, its change becomes a [late version](late).
//!
//! ## What it guarantees
//!
//! - **Nothing is lost in silence.** A record counts as done when its version is in S3, or when what is there is newer.
//!   A record that fails comes again, with what follows it in its shard; one that can never be backed up is set aside
//!   with its reason ([`quarantine`]).
//! - **Safe to repeat.** A version is written only over the version that was seen before it, and only by a change with a
//!   later stream or a higher sequence number ([`position`]). Stale and repeated deliveries write nothing, and a backfill writes nothing where
//!   the stream has been.
//! - **What is deleted stays deleted.** A deletion is a version of its own, a tombstone, which is there for an
//!   older change to be held against (docs/adr/0013).
//! - **What is not known is not taken for absent.** The bucket says since when its history is whole ([`coverage`]), and of
//!   each item whether it came to be with its oldest version.
//! - **Exact.** A version's body holds the item as DynamoDB gave it: no value is parsed.

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
