//! Stores every change of a table in a versioned S3 bucket, so that an item can be read as of any second.
//!
//! A bucket holds one object per item. The versions of an object are the states of the item ([`version`], [`versions`],
//! [`store`]). [`batch`] turns stream records into versions. A change that arrives after a newer change of its item
//! becomes a [late version](late). [`coverage`] records since when the history is complete, [`retention`] reads how
//! long the bucket retains versions, and [`tables`] finds the location of each table of a stack.
//!
//! ## Guarantees
//!
//! - **Nothing is lost silently.** A record that can never be backed up is written to the [`quarantine`] with the
//!   reason.
//! - **Safe to repeat.** A write replaces only the version that the writer has read, and only if its change is of a
//!   later stream or has a higher sequence number ([`position`]). Stale and repeated deliveries write nothing.
//! - **Deleted items stay deleted.** A deletion writes a tombstone version. Older changes are compared with the
//!   tombstone (docs/adr/0013).
//! - **Exact.** The body of a version holds the item as DynamoDB returned it. No value is parsed.

pub mod adopt;
pub mod batch;
pub mod change;
pub mod coverage;
mod items;
pub mod key_names;
pub mod late;
pub mod mapping;
pub mod position;
pub mod presence;
pub mod quarantine;
pub mod retention;
pub mod sequence_number;
pub mod store;
pub mod tables;
pub mod version;
pub mod versions;

pub use items::Items;
