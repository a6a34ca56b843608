//! The domain of tablekeeper: what it knows about DynamoDB tables, without Lambda and without a command line.
//!
//! The steps in `functions/` and the commands in `crates/cli` read their input, call this crate, and report the result.
//! Each module covers one subject:
//!
//! - [`aws`], [`storage`] and [`text`] are used by all other modules.
//! - [`export`] and [`import`] write and read whole tables as files.
//! - [`item_history`] stores every change of a table in a versioned S3 bucket. [`backfill`], [`replay`] and
//!   [`snapshot`] write and read that history.
//! - [`compare`] finds the differences between two sets of items.
//! - [`verify`] proves that a table holds what it should.
//! - [`settings`] copies the settings that a restore leaves behind.
//! - [`table_definition`] describes a table as it can be created again.
//! - [`rotation`] decides which table a backup is restored to.
//! - [`prune`] decides when a backup is deleted, [`retire`] when a copy of a table is.
//! - [`fleet`] reads how all tables of an account are protected, and checks rules about it.
//! - [`status`] reads what the executions of the state machines do now, and how those of the day ended.
//! - [`restore_test`] is about AWS Backup's restore tests, their results and their evidence.

pub mod aws;
pub mod backfill;
pub mod clock;
pub mod compare;
pub mod error_name;
pub mod execution_tables;
pub mod export;
pub mod fleet;
pub mod import;
pub mod input;
pub mod item_history;
pub mod outcome;
pub mod prune;
#[cfg(test)]
mod rate_simulation;
pub mod replay;
pub mod report_execution;
pub mod restore_test;
pub mod retire;
pub mod rotation;
pub mod schemas;
pub mod settings;
pub mod snapshot;
pub mod status;
pub mod storage;
pub mod table_definition;
#[cfg(feature = "testing")]
pub mod testing;
pub mod text;
pub mod verify;
