//! Reads how each table of an account and Region is protected, and checks rules about it.
//!
//! [`collect`] reads what AWS says, within the rates that AWS documents ([`rates`]). [`report`] derives from it what would
//! be lost now, how far back each table can go and when that was last proved. [`rules`] says which tables must have what.
//! What could not be read is not known, and never counts as absent ([`finding`]).

pub mod collect;
mod copies;
pub mod execution_input;
mod exports;
pub mod facts;
pub mod finding;
mod lag;
mod listings;
pub mod page;
mod proof;
mod protected;
pub mod rates;
pub mod report;
pub mod rules;
pub mod sources;
pub mod stored;
mod stores;
pub mod summary;
mod tables;
pub mod text;

#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod rate_tests;
#[cfg(test)]
mod testing;
