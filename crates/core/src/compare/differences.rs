//! Compares the runs of two sides.

use std::ops::Range;

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use item_compare::{Counts, Difference, Index, compare, ranges};

use super::error::CompareError;
use super::runs;
use crate::storage::Files;

/// Bytes of both sides that are compared at a time.
const AT_A_TIME: u64 = 16 << 20;
/// Number of runs that are read concurrently.
const READS: usize = 16;

/// The runs of both sides.
#[derive(Clone, Debug)]
pub struct Runs<'a> {
    files: &'a Files,
    left: Vec<(String, Index)>,
    right: Vec<(String, Index)>,
}

impl<'a> Runs<'a> {
    /// Opens the runs with these keys: those of the side that is expected, and those of the side that is checked.
    pub async fn open(files: &'a Files, left: &[String], right: &[String]) -> Result<Runs<'a>, CompareError> {
        Ok(Runs { files, left: indexes(files, left).await?, right: indexes(files, right).await? })
    }

    /// Returns the ranges of buckets to compare, each of which fits into memory.
    pub fn ranges(&self) -> Vec<Range<usize>> {
        let all: Vec<Index> = self.left.iter().chain(&self.right).map(|(_, index)| index.clone()).collect();
        ranges(&all, AT_A_TIME)
    }

    /// Compares a range of buckets. Passes each difference to `each`.
    pub async fn compare(
        &self,
        buckets: &Range<usize>,
        each: &mut (dyn FnMut(Difference<'_>) + Send),
    ) -> Result<Counts, CompareError> {
        let (left, right) = (self.read(&self.left, buckets).await?, self.read(&self.right, buckets).await?);
        let left: Vec<&[u8]> = left.iter().map(AsRef::as_ref).collect();
        let right: Vec<&[u8]> = right.iter().map(AsRef::as_ref).collect();
        compare(&left, &right, each).map_err(|reason| CompareError::run(self.files.location(""), reason))
    }

    /// Reads the buckets of all runs of a side.
    async fn read(
        &self,
        side: &[(String, Index)],
        buckets: &Range<usize>,
    ) -> Result<Vec<Bytes>, CompareError> {
        let read = |(key, index): &'_ (String, Index)| {
            let (key, range) = (key.clone(), index.range(buckets));
            async move { runs::slice(self.files, &key, range).await }
        };
        stream::iter(side.iter().map(read)).buffered(READS).try_collect().await
    }
}

async fn indexes(files: &Files, keys: &[String]) -> Result<Vec<(String, Index)>, CompareError> {
    let index = |key: String| async move { Ok((key.clone(), runs::index(files, &key).await?)) };
    stream::iter(keys.iter().cloned().map(index)).buffered(READS).try_collect().await
}
