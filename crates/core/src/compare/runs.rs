//! Stores runs as files, and reads parts of them.

use std::ops::Range;

use bytes::Bytes;
use item_compare::{HEAD, Index};

use super::error::CompareError;
use crate::storage::Files;

/// Writes a run.
pub async fn write(files: &Files, key: &str, run: Vec<u8>) -> Result<(), CompareError> {
    files.put(key, run).await?;
    Ok(())
}

/// Reads the index of a run.
pub(super) async fn index(files: &Files, key: &str) -> Result<Index, CompareError> {
    let head = slice(files, key, 0..HEAD as u64).await?;
    Index::parse(&head).map_err(|reason| CompareError::run(files.location(key), reason))
}

/// Reads the bytes of a run in this range.
pub(super) async fn slice(files: &Files, key: &str, range: Range<u64>) -> Result<Bytes, CompareError> {
    if range.is_empty() {
        return Ok(Bytes::new());
    }
    match files.slice(key, range.clone()).await? {
        Some(bytes) if bytes.len() as u64 == range.end - range.start => Ok(bytes),
        Some(_) => Err(broken(files, key, "it ends too early")),
        None => Err(broken(files, key, "it does not exist")),
    }
}

fn broken(files: &Files, key: &str, reason: &str) -> CompareError {
    CompareError::Run { location: files.location(key), reason: reason.to_owned() }
}
