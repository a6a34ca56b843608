//! Compares the items of two sides: a table, the files of an export or of a snapshot, or the state of a table at a
//! second of its incremental backup.
//!
//! [`side`] reads a side in segments and writes runs of fingerprints (see [`item_compare`]) with [`runs`].
//! [`differences`] compares the runs of both sides. A segment can be read by any process, and continues after its last
//! run.

pub mod differences;
pub mod runs;
pub mod side;

mod error;
mod of_files;
mod of_history;
mod of_table;

pub use error::CompareError;

#[cfg(test)]
mod tests;
