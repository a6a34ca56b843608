//! What tablekeeper knows about DynamoDB tables, without Lambda and without a command line.
//!
//! The steps in `functions/` and the commands in `crates/cli` read their input, call this crate, and report. Each module
//! below is one subject. [`aws`], [`storage`] and [`text`] are used by the others; [`export`] and [`import`] are whole
//! tables as files; [`item_history`] is every change of a table in versioned S3, which [`backfill`], [`replay`] and
//! [`snapshot`] write and read; [`settings`] is all that a restore leaves behind; [`rotation`] and [`prune`] decide
//! what a backup becomes and when it goes.

pub mod aws;
pub mod backfill;
pub mod clock;
pub mod error_name;
pub mod export;
pub mod import;
pub mod input;
pub mod item_history;
pub mod prune;
#[cfg(test)]
mod rate_simulation;
pub mod replay;
pub mod rotation;
pub mod schemas;
pub mod settings;
pub mod snapshot;
pub mod storage;
#[cfg(feature = "testing")]
pub mod testing;
pub mod text;
