//! The loop that folds a shard and writes one data file of it: for the step and for the command line.

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

/// What writes the parts of a snapshot.
#[derive(Clone, Copy, Debug)]
pub struct Shards<'a> {
    /// Reads versions.
    pub s3: &'a aws_sdk_s3::Client,
    /// Takes files.
    pub files: &'a Files,
    /// What is snapshot. `run.seconds_per_call` is how long a part takes items.
    pub snapshot: &'a Snapshot,
    /// What the records' times are taken from.
    pub clock: Clock,
}

/// Why a part was not written.
#[derive(Debug, thiserror::Error)]
pub enum ShardError {
    /// There is no telling what was current.
    #[error(transparent)]
    AsOfReader(#[from] AsOfError),
    /// An item cannot stand in a line.
    #[error("the item of object {key} cannot be written: {source}")]
    Item {
        /// The object's key.
        key: String,
        /// What is wrong with the item, and where.
        source: item_formats::Malformed,
    },
    /// It took too long.
    #[error(
        "versions of {at} are kept until {kept_until} (NoncurrentDays), and by then the shard was not written: some may be \
         gone, so a later second has to be taken"
    )]
    Outlived {
        /// The snapshot's second.
        at: DateTime<Utc>,
        /// When the first of its versions may go.
        kept_until: DateTime<Utc>,
    },
    /// The data file could not be written.
    #[error(transparent)]
    Part(PartError),
    /// A file could not be written or read.
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
    /// Writes the part of a shard that begins behind `cursor`, the key of an object (`None` at the shard's beginning), or
    /// finds it written by an earlier call. `progress` is told how many items and bytes of the part there are so far.
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
        // A version that goes before it is listed is missed by nobody, so all that was listed has to be before that.
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

    /// Lists the items that are left out. A part has its list also where there are none, so that what a call wrote that was
    /// given up is written over.
    async fn list(&self, unknowns: Unknowns, shard: u32, part: u32) -> Result<(), ShardError> {
        if self.snapshot.allow_incomplete {
            let layout = Layout::new(&self.snapshot.run, &self.snapshot.plan);
            self.files.put(&layout.unknown(shard, part), unknowns.into_lines()).await?;
        }
        Ok(())
    }

    /// Whether every version that was current at the snapshot's second is still kept.
    fn outlived_nothing(&self) -> Result<(), ShardError> {
        let at = self.snapshot.at;
        match self.snapshot.kept_until {
            Some(kept_until) if self.clock.now() > kept_until => Err(ShardError::Outlived { at, kept_until }),
            _ => Ok(()),
        }
    }

    /// Folds until the time, or the file's room, or the shard is used up. Answers with the key behind which the next part
    /// begins.
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
                // What was folded so far is worth keeping: the next call begins behind it.
                Err(error) if error.name().is_transient() && last.is_some() => return Ok(last),
                Err(error) => return Err(error.into()),
            };
            match state {
                State::Item(item) => {
                    // Only a reader of Data Pipeline's format is told of empty collections.
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
