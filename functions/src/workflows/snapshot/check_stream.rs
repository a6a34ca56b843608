//! `snapshot.check-stream`: checks whether the stream has delivered every change up to the snapshot's second.
//!
//! The wait of `SettleSeconds` suffices while the stream is read without a lag. The mapping (its state and the result
//! of its last batch) and the function's metric `IteratorAge` show whether it is. `IteratorAge` is the age of the
//! newest record of a batch when the function received it (Lambda developer guide, "Types of metrics for Lambda
//! functions"). It has no value for a minute without a batch, which is normal for a table that nobody writes to.
//! Batches that Lambda discarded have to be replayed first.

use aws_sdk_cloudwatch::types::{Datapoint, Dimension, Statistic};
use aws_sdk_s3::types::Object;
use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::clock::{Clock, utc};
use tablekeeper_core::error_name::{ErrorName, HasErrorName};
use tablekeeper_core::item_history::mapping;
use tablekeeper_core::item_history::tables::Followed;
use tablekeeper_core::replay::objects::FOLDER;
use tablekeeper_core::snapshot::Snapshot;

use crate::step::{Failure, Step};

/// How long the stream keeps a change. A change that was not delivered by then never will be.
const RETENTION: TimeDelta = TimeDelta::hours(24);
/// The maximum number of polls. At one a minute, a lag may last an hour.
const MOST_POLLS: u32 = 60;
/// How far back batches count. CloudWatch has the value of a minute one or two minutes later.
const LATELY: TimeDelta = TimeDelta::minutes(6);
/// Seconds between two polls.
const PAUSE: u32 = 60;

/// The step that checks whether the stream has delivered every change up to a snapshot's second. It runs before items
/// are read.
#[derive(Debug)]
pub struct CheckStream {
    s3: aws_sdk_s3::Client,
    lambda: aws_sdk_lambda::Client,
    cloudwatch: aws_sdk_cloudwatch::Client,
    clock: Clock,
}

/// The input that the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// ARN of the execution, for the logs.
    pub execution_arn: String,
    /// The plan of the snapshot.
    pub snapshot: Snapshot,
    /// Number of polls before this one.
    #[schemars(range(max = 60))]
    pub polls: u32,
    /// How the stream of the stack's own table is read.
    pub reader: Reader,
}

/// The names of what reads the stream.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reader {
    /// ARN of the stream.
    pub stream_arn: String,
    /// UUID of the event source mapping.
    pub mapping: String,
    /// Name of the function.
    pub function_name: String,
    /// Name of the bucket with the batches that Lambda discarded.
    pub given_up_bucket: String,
}

/// The state of the stream.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// Whether the items can be read.
    pub settled: bool,
    /// Number of polls, including this one if it did not settle.
    #[schemars(range(max = 60))]
    pub polls: u32,
    /// Seconds until the next poll.
    #[schemars(range(max = 60))]
    pub wait_seconds: u32,
    /// The plan of the snapshot, with a note of undelivered changes if they are allowed.
    pub snapshot: Snapshot,
}

/// Why there is no snapshot.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The stream is not read, or lags.
    #[error(
        "the stream did not deliver every change up to {at} within an hour: {why}; correct that and start the snapshot \
         of that second again, or allow an incomplete snapshot (AllowIncomplete)"
    )]
    StreamLags {
        /// Second of the snapshot.
        at: DateTime<Utc>,
        /// What shows the lag.
        why: String,
    },
    /// An AWS call failed; holds its error name and action.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
}

impl HasErrorName for Error {
    fn name(&self) -> ErrorName {
        match self {
            Error::StreamLags { .. } => ErrorName::StreamLags,
            Error::Aws(failure) => failure.name,
        }
    }
}

impl Step for CheckStream {
    const NAME: &'static str = "snapshot.check-stream";
    const ERRORS: &'static [&'static [ErrorName]] = &[AwsFailure::NAMES, &[ErrorName::StreamLags]];
    type Input = Input;
    type Output = Output;
    type Error = Error;

    fn new(clients: &Clients) -> Result<CheckStream, Failure> {
        let (s3, lambda, cloudwatch) = (clients.s3(), clients.lambda(), clients.cloudwatch());
        Ok(CheckStream { s3, lambda, cloudwatch, clock: Clock::System })
    }

    async fn run(&self, Input { mut snapshot, polls, mut reader, .. }: Input) -> Result<Output, Error> {
        if let Some(Followed { stream_arn, mapping }) = snapshot.followed.clone() {
            reader = Reader { stream_arn, mapping, ..reader };
        }
        let (now, at) = (self.clock.now(), snapshot.at);
        let settled = |snapshot| Ok(Output { settled: true, polls, wait_seconds: 0, snapshot });
        let why = match self.given_up(&reader, at).await? {
            None if now - at > RETENTION => None,
            None => self.problem(&reader, at, now).await?,
            given_up => given_up,
        };
        let Some(why) = why else { return settled(snapshot) };
        tracing::warn!(%at, why, "the stream may not have delivered every change of that second");
        if snapshot.allow_incomplete {
            snapshot
                .plan
                .notes
                .push(format!("the stream may not have delivered every change up to {at}: {why}"));
            return settled(snapshot);
        }
        if polls >= MOST_POLLS {
            return Err(Error::StreamLags { at, why });
        }
        Ok(Output { settled: false, polls: polls + 1, wait_seconds: PAUSE, snapshot })
    }
}

impl CheckStream {
    /// Returns a message about an object with discarded changes, some of which may be of the second or before. A change
    /// is at most a day old when Lambda discards it.
    async fn given_up(&self, reader: &Reader, at: DateTime<Utc>) -> Result<Option<String>, AwsFailure> {
        let bucket = &reader.given_up_bucket;
        let mut pages = self.s3.list_objects_v2().bucket(bucket).prefix(FOLDER).into_paginator().send();
        while let Some(page) = pages.next().await {
            let objects = page.map_err(AwsFailure::from_call("s3:ListBucket"))?.contents.unwrap_or_default();
            let counts = |object: &Object| {
                object.last_modified.as_ref().is_none_or(|put_at| utc(put_at) - RETENTION <= at)
            };
            if let Some(object) = objects.into_iter().find(counts) {
                let key = object.key.unwrap_or_default();
                return Ok(Some(format!(
                    "s3://{bucket}/{key} has changes that Lambda discarded and that were not replayed; an execution of \
                     replay applies them"
                )));
            }
        }
        Ok(None)
    }

    /// Returns what shows that changes up to the second may not have been delivered; `None` if nothing does.
    async fn problem(
        &self,
        reader: &Reader,
        at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Option<String>, AwsFailure> {
        let Some(mapping) = mapping::describe(&self.lambda, &reader.mapping).await? else {
            return Ok(Some(format!("there is no event source mapping {}", reader.mapping)));
        };
        let problems = mapping.problems(&reader.stream_arn);
        if !problems.is_empty() {
            return Ok(Some(problems.join("; ")));
        }
        let since = (now - LATELY).max(at);
        let minutes = self.datapoints(reader, since, now).await?;
        // A minute that began before the second does not count.
        let counts = |minute: &&Datapoint| minute.timestamp.as_ref().is_some_and(|began| utc(began) >= at);
        let behind = minutes.iter().filter(counts).filter_map(reached).min();
        Ok(behind.filter(|reached| *reached < at).map(|reached| {
            format!("the function last received changes of {reached} (its metric IteratorAge)")
        }))
    }

    /// Returns the greatest `IteratorAge` of each minute since then.
    async fn datapoints(
        &self,
        reader: &Reader,
        since: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Datapoint>, AwsFailure> {
        let function = Dimension::builder().name("FunctionName").value(&reader.function_name).build();
        let time =
            |time: DateTime<Utc>| aws_sdk_cloudwatch::primitives::DateTime::from_secs(time.timestamp());
        let ages = self.cloudwatch.get_metric_statistics().namespace("AWS/Lambda").metric_name("IteratorAge");
        let ages = ages.dimensions(function).statistics(Statistic::Maximum).period(60);
        let response = ages.start_time(time(since)).end_time(time(now)).send().await;
        let response = response.map_err(AwsFailure::from_call("cloudwatch:GetMetricStatistics"))?;
        Ok(response.datapoints.unwrap_or_default())
    }
}

/// Returns the time up to which the stream had been read, at least, in a minute: its start minus the greatest age.
fn reached(minute: &Datapoint) -> Option<DateTime<Utc>> {
    #[expect(clippy::cast_possible_truncation, reason = "an age is of a day at most")]
    let age = TimeDelta::milliseconds(minute.maximum? as i64);
    Some(utc(minute.timestamp.as_ref()?) - age)
}

#[cfg(test)]
mod tests;
