//! Reads the items of a shard and writes one data file. The step and the command line use this.

use std::pin::pin;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::StreamExt;
use tokio::time::Instant;

use super::Snapshot;
use super::as_of::{AsOfError, AsOfReader, Folded, State};
use super::unknown::Unknowns;
use crate::aws::failure::AwsFailure;
use crate::clock::Clock;
use crate::error_name::{ErrorName, HasErrorName};
use crate::export::layout::Layout;
use crate::export::part::{Opened, Part, PartError, PartWriter, Parts};
use crate::export::segment::MOST_BYTES;
use crate::storage::{Files, FilesError};

/// A writer of a snapshot's parts.
#[derive(Clone, Copy, Debug)]
pub struct Shards<'a> {
    /// S3 client, to read versions.
    pub s3: &'a aws_sdk_s3::Client,
    /// Destination of the files.
    pub files: &'a Files,
    /// Plan of the snapshot. `run.seconds_per_call` is the time in seconds for which a part takes items.
    pub snapshot: &'a Snapshot,
    /// Clock for the times of the records.
    pub clock: Clock,
}

/// The reason why a part was not written.
#[derive(Debug, thiserror::Error)]
pub enum ShardError {
    /// The items of the second cannot be read.
    #[error(transparent)]
    AsOfReader(#[from] AsOfError),
    /// An item cannot be written as a line.
    #[error("the item of object {key} cannot be written: {source}")]
    Item {
        /// Key of the item's object.
        key: String,
        /// What is wrong with the item, and where.
        source: item_formats::Malformed,
    },
    /// The shard took too long.
    #[error(
        "versions of {at} are retained until {kept_until} (NoncurrentDays), but the shard was not written by then: some may \
         be gone; use a later second"
    )]
    Outlived {
        /// Second of the snapshot.
        at: DateTime<Utc>,
        /// Time at which the first of its versions may expire.
        kept_until: DateTime<Utc>,
    },
    /// The data file could not be written.
    #[error(transparent)]
    Part(PartError),
    /// Another file could not be written or read.
    #[error(transparent)]
    Files(#[from] FilesError),
}

impl ShardError {
    fn from_item(key: &str, error: PartError) -> ShardError {
        match error {
            PartError::Item(source) => ShardError::Item { key: key.to_owned(), source },
            other => ShardError::Part(other),
        }
    }
}

impl From<AwsFailure> for ShardError {
    fn from(failure: AwsFailure) -> ShardError {
        ShardError::AsOfReader(failure.into())
    }
}

impl HasErrorName for ShardError {
    fn name(&self) -> ErrorName {
        match self {
            ShardError::AsOfReader(error) => error.name(),
            ShardError::Item { .. } | ShardError::Outlived { .. } => ErrorName::ExportFailed,
            ShardError::Part(error) => error.name(),
            ShardError::Files(error) => error.name(),
        }
    }
}

impl Shards<'_> {
    /// Writes the part of a shard that begins after `cursor`, the key of an object (`None` for the start of the shard).
    /// Returns the existing part if an earlier call wrote it. Passes the number of items and bytes of the part so far
    /// to `progress`.
    pub async fn part(
        &self,
        shard: u32,
        part: u32,
        cursor: Option<&str>,
        progress: &mut (dyn FnMut(u64, u64) + Send),
    ) -> Result<Part, ShardError> {
        let Snapshot { run, plan, .. } = self.snapshot;
        let parts = Parts { files: self.files, run, plan, clock: self.clock };
        let mut writer = match parts.open(shard, part, cursor).await? {
            Opened::Earlier(earlier) => return Ok(earlier),
            Opened::New(writer) => writer,
        };
        let mut unknowns = Unknowns::default();
        let written = self.write(&mut writer, &mut unknowns, shard, cursor, progress).await;
        // A version that expires before it is listed goes unnoticed, so everything must have been listed before the
        // versions expire.
        let written = match written.and_then(|next| self.outlived_nothing().map(|()| next)) {
            Ok(next) => self.list(unknowns, shard, part).await.map(|()| next),
            Err(error) => Err(error),
        };
        match written {
            Ok(next) => writer.finish(next).await.map_err(ShardError::Part),
            Err(error) => {
                writer.abort().await;
                Err(error)
            }
        }
    }

    /// Writes the list of the items that are left out. Writes an empty list too, so that it overwrites the list of an
    /// earlier, abandoned call.
    async fn list(&self, unknowns: Unknowns, shard: u32, part: u32) -> Result<(), ShardError> {
        if self.snapshot.allow_incomplete {
            let layout = Layout::new(&self.snapshot.run, &self.snapshot.plan);
            self.files.put(&layout.unknown(shard, part), unknowns.into_lines()).await?;
        }
        Ok(())
    }

    /// Checks that every version that was current at the snapshot's second is still retained.
    fn outlived_nothing(&self) -> Result<(), ShardError> {
        let at = self.snapshot.at;
        match self.snapshot.kept_until {
            Some(kept_until) if self.clock.now() > kept_until => Err(ShardError::Outlived { at, kept_until }),
            _ => Ok(()),
        }
    }

    /// Writes items until the time is over, the file is full, or the shard is done. Returns the key after which the
    /// next part begins.
    async fn write(
        &self,
        writer: &mut PartWriter<'_>,
        unknowns: &mut Unknowns,
        shard: u32,
        cursor: Option<&str>,
        progress: &mut (dyn FnMut(u64, u64) + Send),
    ) -> Result<Option<String>, ShardError> {
        let began = Instant::now();
        let Snapshot { at, items, key_names, run, plan, allow_incomplete, .. } = self.snapshot;
        let time = Duration::from_secs(run.seconds_per_call.into());
        let reader = AsOfReader { s3: self.s3, items, key_names, at: *at, now: self.clock.now() };
        let mut folded = pin!(reader.shard(shard, plan.segments, cursor));
        let mut last = None;
        while let Some(next) = folded.next().await {
            let Folded { key, state } = match next {
                Ok(folded) => folded,
                // The items read so far are kept, and the next call begins after them.
                Err(error) if error.name().is_transient() && last.is_some() => return Ok(last),
                Err(error) => return Err(error.into()),
            };
            match state {
                State::Item(item) => {
                    // Only the format of Data Pipeline needs to know about empty collections.
                    let written = writer.item(&item, false).await;
                    written.map_err(|error| ShardError::from_item(&key, error))?;
                    progress(writer.items, writer.bytes);
                }
                State::Absent => {}
                State::Unknown(unknown) if *allow_incomplete => {
                    writer.unknown += 1;
                    unknowns.push(&key, &unknown);
                }
                State::Unknown(unknown) => return Err(reader.unknown(&key, &unknown).into()),
            }
            if writer.bytes >= MOST_BYTES || unknowns.are_enough() || began.elapsed() >= time {
                return Ok(Some(key));
            }
            last = Some(key);
        }
        Ok(None)
    }
}
