//! Reads the items of a second of an incremental backup.

use std::pin::pin;

use futures::StreamExt;
use item_compare::Fingerprinter;

use super::error::CompareError;
use super::side::{Gathering, Progress};
use crate::snapshot::as_of::{AsOfReader, Folded, State};

/// The items of a second of an incremental backup.
#[derive(Clone, Copy, Debug)]
pub struct HistorySide<'a> {
    /// Reader of that second.
    pub reader: &'a AsOfReader<'a>,
    /// Number of segments: the shards of the bucket's keys.
    pub segments: u32,
    /// Whether items whose state at the second is unknown are left out. Otherwise they are an error.
    pub allow_incomplete: bool,
}

/// Reads items into the part. Returns the key of the object after which the next part begins.
pub(super) async fn read(
    side: &HistorySide<'_>,
    segment: u32,
    cursor: Option<&str>,
    part: &mut Gathering,
    progress: Progress<'_>,
) -> Result<Option<String>, CompareError> {
    let HistorySide { reader, segments, allow_incomplete } = *side;
    let mut fingerprinter = Fingerprinter::new(reader.key_names.iter().map(String::as_str));
    let mut items = pin!(reader.shard(segment, segments, cursor));
    let mut last = None;
    while let Some(next) = items.next().await {
        let Folded { key, state } = match next {
            Ok(folded) => folded,
            // What was read so far is kept, and the next part begins after it.
            Err(error) if error.name().is_transient() && last.is_some() => return Ok(last),
            Err(error) => return Err(error.into()),
        };
        match state {
            State::Item(item) => {
                let fingerprint = fingerprinter.fingerprint(&item).map_err(|source| CompareError::Item {
                    number: 1,
                    cursor: key.clone(),
                    side: format!("bucket {}", reader.items.bucket),
                    source,
                })?;
                part.push(&fingerprint);
                progress(1, item.len() as u64);
            }
            State::Absent => {}
            State::Unknown(_) if allow_incomplete => {}
            State::Unknown(unknown) => return Err(reader.unknown(&key, &unknown).into()),
        }
        if part.is_full() {
            return Ok(Some(key));
        }
        last = Some(key);
    }
    Ok(None)
}
