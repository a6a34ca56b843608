//! Replays the objects of discarded batches one by one. The step and the command line call this.

use std::time::Duration;

use aws_sdk_s3::error::ProvideErrorMetadata as _;
use tokio::time::Instant;

use super::apply::Applier;
use super::discarded::Batch;
use super::{Counts, discarded};
use crate::aws::failure::AwsFailure;
use crate::clock::Clock;
use crate::error_name::{ErrorName, HasErrorName};
use crate::item_history::change::table_of_stream;
use crate::item_history::coverage::Present;
use crate::item_history::store::Store;
use crate::item_history::{coverage, key_names};

/// Key prefix of the objects that Lambda writes.
pub const FOLDER: &str = "aws/lambda/";
/// Maximum number of reasons in a checkpoint.
const MOST_REASONS: usize = 5;

/// The plan of a replay.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Replay {
    /// ARN of the stream whose changes are applied.
    pub stream_arn: String,
    /// Name of the bucket with the discarded batches.
    pub given_up_bucket: String,
    /// Prefix of the objects' keys.
    pub folder: String,
    /// Name of the bucket of the items.
    pub bucket: String,
    /// Key prefix of the items; empty or ending in `/`.
    pub prefix: String,
    /// Key prefix of quarantined records, ending in `/`.
    pub failures_prefix: String,
    /// Key prefix of late versions, ending in `/`.
    pub late_prefix: String,
    /// Days for which deletions stay in the bucket; `None` means forever.
    pub remembered_days: Option<u32>,
    /// Time in seconds for which a call starts objects; `None` to run until all are done. At least one object is
    /// replayed.
    pub seconds_per_call: Option<u32>,
}

/// A replay, and the clients that it needs.
#[derive(Clone, Copy, Debug)]
pub struct ReplayJob<'a> {
    /// The plan of the replay.
    pub replay: &'a Replay,
    /// DynamoDB client, for the table's key attributes.
    pub dynamodb: &'a aws_sdk_dynamodb::Client,
    /// S3 client, for both buckets.
    pub s3: &'a aws_sdk_s3::Client,
    /// Clock for the ages of changes.
    pub clock: Clock,
}

/// The progress of a replay.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Checkpoint {
    /// Key after which the next call begins; `None` before the first object and after the last.
    pub cursor: Option<String>,
    /// Counters so far.
    pub counts: Counts,
    /// The reasons why the first objects were left.
    pub reasons: Vec<String>,
    /// Whether the replay is done.
    pub done: bool,
}

/// The reason why a replay was not finished.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The text is not the ARN of a table's stream.
    #[error("{0} is not the ARN of a table's stream")]
    NoStream(String),
    /// The table does not exist, and no version has its key attributes.
    #[error("table {0} does not exist, and no version of an item says what its key attributes were")]
    SourceTableMissing(String),
    /// An AWS call failed; holds its error name and action.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
}

impl HasErrorName for Error {
    fn name(&self) -> ErrorName {
        match self {
            Error::NoStream(_) => ErrorName::InvalidInput,
            Error::SourceTableMissing(_) => ErrorName::SourceTableMissing,
            Error::Aws(failure) => failure.name,
        }
    }
}

/// Continues a replay from a checkpoint. Passes the checkpoint after each object to `report`.
pub async fn run(
    work: &ReplayJob<'_>,
    from: Checkpoint,
    report: &mut (dyn FnMut(&Checkpoint) + Send),
) -> Result<Checkpoint, Error> {
    const LIST: &str = "s3:ListBucket";
    let ReplayJob { replay, dynamodb, s3, clock } = *work;
    let began = Instant::now();
    let time = replay.seconds_per_call.map(|seconds| Duration::from_secs(seconds.into()));
    let (table, _) =
        table_of_stream(&replay.stream_arn).ok_or_else(|| Error::NoStream(replay.stream_arn.clone()))?;
    let (bucket, prefix) = (replay.bucket.clone(), replay.prefix.clone());
    let store = Store { s3: s3.clone(), bucket, prefix };
    let key_names = key_names::of_table(dynamodb, &store, table).await?;
    let key_names = key_names.ok_or_else(|| Error::SourceTableMissing(table.to_owned()))?;
    let coverage = coverage::read(s3, &store.bucket, &store.prefix).await?;
    let noncurrent_days = Some(replay.remembered_days.unwrap_or_default());
    let remembered_since =
        coverage.deletions_since(&Present { stream: None, noncurrent_days, now: clock.now() });
    let (failures_prefix, late_prefix) = (replay.failures_prefix.as_str(), replay.late_prefix.as_str());
    let (store, key_names) = (&store, key_names.as_slice());
    let applier = Applier { store, failures_prefix, late_prefix, table, key_names, remembered_since };
    let mut reached = Checkpoint { done: false, ..from };
    let list = s3.list_objects_v2().bucket(&replay.given_up_bucket).prefix(&replay.folder);
    let mut pages = list.set_start_after(reached.cursor.clone()).into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(AwsFailure::from_call(LIST))?;
        for key in page.contents.unwrap_or_default().into_iter().filter_map(|object| object.key) {
            work.object(&applier, &key, &mut reached).await?;
            reached.cursor = Some(key);
            report(&reached);
            if time.is_some_and(|time| began.elapsed() >= time) {
                return Ok(reached);
            }
        }
    }
    Ok(Checkpoint { cursor: None, done: true, ..reached })
}

impl ReplayJob<'_> {
    /// Applies the changes in an object, and deletes it.
    async fn object(
        &self,
        applier: &Applier<'_>,
        key: &str,
        reached: &mut Checkpoint,
    ) -> Result<(), AwsFailure> {
        let bucket = &self.replay.given_up_bucket;
        let body = match self.s3.get_object().bucket(bucket).key(key).send().await {
            Ok(response) => response.body.collect().await,
            // Another replay has deleted it.
            Err(error) if error.code() == Some("NoSuchKey") => return Ok(()),
            Err(error) => return Err(AwsFailure::from_call("s3:GetObject")(error)),
        };
        let broken_off =
            |error| AwsFailure::broken_off("s3:GetObject", &format!("s3://{bucket}/{key}"), error);
        let body = body.map_err(broken_off)?;
        let records = match discarded::batch(&body.into_bytes(), &self.replay.stream_arn) {
            Ok(Batch::Records(records)) => records,
            Ok(Batch::OfAnotherTable) => {
                reached.counts.of_other_tables += 1;
                return Ok(());
            }
            Err(reason) => {
                tracing::error!(bucket, key, reason, "an object cannot be replayed");
                reached.counts.left += 1;
                if reached.reasons.len() < MOST_REASONS {
                    reached.reasons.push(format!("s3://{bucket}/{key}: {reason}"));
                }
                return Ok(());
            }
        };
        let applied = applier.apply(&records).await?;
        let delete = self.s3.delete_object().bucket(bucket).key(key);
        delete.send().await.map_err(AwsFailure::from_call("s3:DeleteObject"))?;
        tracing::info!(
            key,
            records = applied.records,
            written = applied.written,
            late = applied.late,
            "replayed"
        );
        let counts = &mut reached.counts;
        counts.objects += 1;
        counts.records += applied.records;
        counts.written += applied.written;
        counts.late += applied.late;
        counts.quarantined += applied.quarantined;
        Ok(())
    }
}
