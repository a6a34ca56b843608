//! `snapshot.check-stream`: whether the stream has told of every change up to the snapshot's second.
//!
//! The wait of `SettleSeconds` is enough while the stream is read without a lag. Whether it is, the mapping says (its state
//! and what became of its last batch), and the function's metric `IteratorAge`: the age of the newest record of a batch when
//! the function was given it (Lambda developer guide, "Types of metrics for Lambda functions"). It has no value for a minute
//! without a batch, which is as it should be for a table that nobody writes to. What was given up has to be replayed.

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

/// The stream keeps a change for so long: what it has not told by then it never tells.
const RETENTION: TimeDelta = TimeDelta::hours(24);
/// A lag is waited for an hour: after so many looks, a minute apart, it is given up.
const MOST_LOOKS: u32 = 60;
/// Batches of so many minutes count. CloudWatch has a minute's value a minute or two later.
const LATELY: TimeDelta = TimeDelta::minutes(6);
/// Seconds between two looks.
const PAUSE: u32 = 60;

/// Looks whether the stream has told of every change up to a snapshot's second. Use it before items are read.
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
    /// What the snapshot goes by.
    pub snapshot: Snapshot,
    /// How many looks there were before this one.
    #[schemars(range(max = 60))]
    pub looks: u32,
    /// How the stream of the table is read that the stack is of.
    pub reader: Reader,
}

/// What reads the stream.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reader {
    /// The stream's ARN.
    pub stream_arn: String,
    /// The event source mapping's UUID.
    pub mapping: String,
    /// The function's name.
    pub function_name: String,
    /// The bucket with what Lambda gave up.
    pub given_up_bucket: String,
}

/// How it goes on.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// Whether the items can be read.
    pub settled: bool,
    /// How many looks there were by now.
    #[schemars(range(max = 60))]
    pub looks: u32,
    /// Seconds until the next look.
    #[schemars(range(max = 60))]
    pub wait_seconds: u32,
    /// What the snapshot goes by, with a note of what the stream has not told where that is allowed.
    pub snapshot: Snapshot,
}

/// Why there is no snapshot.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The stream is not read, or falls behind.
    #[error(
        "the stream has not told of every change up to {at}, and an hour was waited: {why}; mend it and start the snapshot \
         of that second again, or allow it to be incomplete (AllowIncomplete)"
    )]
    StreamLags {
        /// The snapshot's second.
        at: DateTime<Utc>,
        /// What shows it.
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

    async fn run(&self, Input { mut snapshot, looks, mut reader, .. }: Input) -> Result<Output, Error> {
        if let Some(Followed { stream_arn, mapping }) = snapshot.followed.clone() {
            reader = Reader { stream_arn, mapping, ..reader };
        }
        let (now, at) = (self.clock.now(), snapshot.at);
        let settled = |snapshot| Ok(Output { settled: true, looks, wait_seconds: 0, snapshot });
        let why = match self.given_up(&reader, at).await? {
            None if now - at > RETENTION => None,
            None => self.problem(&reader, at, now).await?,
            given_up => given_up,
        };
        let Some(why) = why else { return settled(snapshot) };
        tracing::warn!(%at, why, "the stream has not told of that second");
        if snapshot.allow_incomplete {
            snapshot
                .plan
                .notes
                .push(format!("the stream may not have told of every change up to {at}: {why}"));
            return settled(snapshot);
        }
        if looks >= MOST_LOOKS {
            return Err(Error::StreamLags { at, why });
        }
        Ok(Output { settled: false, looks: looks + 1, wait_seconds: PAUSE, snapshot })
    }
}

impl CheckStream {
    /// The object with changes that were given up, of which some may be of the second or before. A change is a day old at
    /// most when it is given up.
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
                    "changes were given up and not replayed, as s3://{bucket}/{key} has them; an execution of replay applies \
                     them"
                )));
            }
        }
        Ok(None)
    }

    /// What shows that changes up to the second may not have been told; `None` where nothing does.
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
        // A minute that began before the second says nothing of it.
        let counts = |minute: &&Datapoint| minute.timestamp.as_ref().is_some_and(|began| utc(began) >= at);
        let behind = minutes.iter().filter(counts).filter_map(reached).min();
        Ok(behind.filter(|reached| *reached < at).map(|reached| {
            format!("the function was last given changes of {reached} (its metric IteratorAge)")
        }))
    }

    /// The greatest ages of the minutes from then on.
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

/// Up to when the stream had been read at least in a minute: its beginning, less the greatest age.
fn reached(minute: &Datapoint) -> Option<DateTime<Utc>> {
    #[expect(clippy::cast_possible_truncation, reason = "an age is of a day at most")]
    let age = TimeDelta::milliseconds(minute.maximum? as i64);
    Some(utc(minute.timestamp.as_ref()?) - age)
}

#[cfg(test)]
mod tests;
