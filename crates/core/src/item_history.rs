//! Every change of a table, in versioned S3, and back to any second.
//!
//! A bucket holds each item of a table as one object, with every earlier state of the item as a version behind it
//! ([`version`], [`versions`], [`store`]). The stream's records become versions in [`batch`]; a change that comes after a newer
//! one becomes a [late version](late). [`coverage`] says since when the history is whole, [`retention`] how long versions are
//! kept, [`tables`] where each table of a stack lies.
//!
//! ## What it guarantees
//!
//! - **Nothing is lost in silence.** A record that can never be backed up is put into [`quarantine`] with its reason.
//! - **Safe to repeat.** A version is written only over the version that was seen before it, and only by a change with a
//!   later stream or a higher sequence number ([`position`]). Stale and repeated deliveries write nothing.
//! - **What is deleted stays deleted.** A deletion is a version of its own, a tombstone, which an older change is compared
//!   with (docs/adr/0013).
//! - **Exact.** A version's body holds the item as DynamoDB gave it: no value is parsed.

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
