//! Compares two sets of items of any size in bounded memory.
//!
//! An item becomes a [`Fingerprint`]: its key, a hash of its key, and a hash of its canonical form. A [`RunBuilder`]
//! collects fingerprints and writes them as a run: a file in the order of the hashes of the keys. A side has as many
//! runs as its size needs. The hashes are distributed evenly, so the same range of them ([`Index::range`]) of all runs
//! of both sides fits into memory, and [`compare`] finds the differences in it.
//!
//! Runs are bytes. The caller decides where they are stored, and can read the sides in several processes.
//!
//! A [`Sample`] keeps a fixed number of fingerprints, each item of the side with the same probability.
//!
//! Two items with equal hashes count as equal. A hash has 128 bits of a SHA-256, so among 10^12 pairs of items one
//! false equality has a probability of less than 10^-26.

mod comparison;
mod fingerprint;
mod run;
mod sample;

pub use comparison::{Counts, Difference, Kind, compare};
pub use fingerprint::{Fingerprint, Fingerprinter};
pub use run::{BUCKETS, HEAD, Index, InvalidRun, RunBuilder, fingerprints, ranges};
pub use sample::Sample;
