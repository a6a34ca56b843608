//! `incremental.watch-stream`: whether the stream is read, asked four times an hour.
//!
//! A stream that is not read tells of nothing: no batch comes, so that neither the function's metrics nor its log show it.
//! So this step asks those who know: DynamoDB for the table's stream, Lambda for the mapping. What is wrong becomes the
//! metric `StreamProblems`, a warning in the log, and the output. A look that fails is a problem too. The alarm takes
//! missing data for a breach, so a watch that does not run is told of as well. `GivenUpObjects` is how many objects with
//! changes that Lambda gave up wait for a replay. What the bucket's history will not show it writes down
//! ([`super::coverage`]).

use aws_sdk_cloudwatch::types::{MetricDatum, StandardUnit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::change::{label_of_stream, table_of_stream};
use super::config::as_prefix;
use super::coverage::{self, Coverage, Present};
use super::kept::MOST_DAYS;
use super::mapping;
use crate::aws_failure::AwsFailure;
use crate::backfill::table;
use crate::clients::Clients;
use crate::clock::Clock;
use crate::error_name::ErrorName;
use crate::import_table::execution_input::{InvalidInput, number};
use crate::replay::objects::FOLDER;
use crate::step::{Failure, Named, Step};
use crate::words::quoted;

/// So many pages of objects are counted at most, each of a thousand.
const MOST_PAGES: usize = 10;

/// Looks whether the stream is read, and publishes what it finds as metrics. A schedule invokes it.
#[derive(Debug)]
pub struct WatchStream {
    cloudwatch: aws_sdk_cloudwatch::Client,
    dynamodb: aws_sdk_dynamodb::Client,
    lambda: aws_sdk_lambda::Client,
    s3: aws_sdk_s3::Client,
}

/// What the schedule passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// The ARN of the stream that has to be read.
    pub stream_arn: String,
    /// The event source mapping that reads it.
    pub mapping_uuid: String,
    /// The bucket with what Lambda gave up.
    pub given_up_bucket: String,
    /// The bucket of the items.
    pub items_bucket: String,
    /// What stands before their keys.
    pub items_prefix: String,
    /// Days for which versions are kept that are not current; 0 for ever.
    pub noncurrent_days: String,
    /// The namespace of the metrics.
    pub namespace: String,
}

/// What was seen.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// What keeps the stream from being read, or from being looked at.
    pub problems: Vec<String>,
    /// Objects that wait for a replay, of which at most 10,000 are counted; null where they could not be counted.
    pub given_up_objects: Option<u64>,
}

/// Why nothing could be told.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The parameter is no stream's.
    #[error("streamArn is {}, which is not the ARN of a table's stream", quoted(.0))]
    NoStream(String),
    /// An AWS call failed. Its name and action are kept.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
}

/// Why what was seen is not written down.
#[derive(Debug, thiserror::Error)]
enum ObserveError {
    /// A parameter is no number of days.
    #[error(transparent)]
    Input(#[from] InvalidInput),
    /// An AWS call failed.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
}

impl Named for Error {
    fn name(&self) -> ErrorName {
        match self {
            Error::NoStream(_) => ErrorName::InvalidInput,
            Error::Aws(failure) => failure.name,
        }
    }
}

impl Step for WatchStream {
    const NAME: &'static str = "incremental.watch-stream";
    const ERRORS: &'static [&'static [ErrorName]] = &[AwsFailure::NAMES];
    type Input = Input;
    type Output = Output;
    type Error = Error;

    fn new(clients: &Clients) -> Result<WatchStream, Failure> {
        Ok(WatchStream {
            cloudwatch: clients.cloudwatch(),
            dynamodb: clients.dynamodb(),
            lambda: clients.lambda(),
            s3: clients.s3(),
        })
    }

    async fn run(&self, input: Input) -> Result<Output, Error> {
        let (_, table) =
            table_of_stream(&input.stream_arn).ok_or_else(|| Error::NoStream(input.stream_arn.clone()))?;
        let mut problems = Vec::new();
        let looked = table::look(&self.dynamodb, table, Some(&input.stream_arn)).await;
        problems.extend(looked.err().map(|error| error.to_string()));
        match mapping::look(&self.lambda, &input.mapping_uuid).await {
            Ok(Some(mapping)) => problems.extend(mapping.problems(&input.stream_arn)),
            Ok(None) => problems.push(format!("there is no event source mapping {}", input.mapping_uuid)),
            Err(failure) => problems.push(failure.to_string()),
        }
        let given_up_objects = match self.count(&input.given_up_bucket).await {
            Ok(number) => Some(number),
            Err(failure) => {
                problems.push(failure.to_string());
                None
            }
        };
        problems.extend(self.observe(&input).await.err().map(|error| error.to_string()));
        for problem in &problems {
            tracing::warn!(problem, "the stream is not read, or not known to be");
        }
        tracing::info!(problems = problems.len(), given_up_objects, "looked at the stream");
        self.publish(&input.namespace, &problems, given_up_objects).await?;
        Ok(Output { problems, given_up_objects })
    }
}

impl WatchStream {
    /// Writes down what the bucket's history will not show: for how long versions are kept, and which stream is followed.
    async fn observe(&self, input: &Input) -> Result<(), ObserveError> {
        let days = number("NoncurrentDays", None, &input.noncurrent_days, 0, MOST_DAYS)?;
        let present = Present {
            stream: label_of_stream(&input.stream_arn),
            noncurrent_days: Some(days),
            now: Clock::System.now(),
        };
        let observed = |coverage: Coverage| coverage.observed(&present);
        coverage::update(&self.s3, &input.items_bucket, &as_prefix(&input.items_prefix), observed).await?;
        Ok(())
    }

    /// How many objects lie in the bucket of what was given up.
    async fn count(&self, bucket: &str) -> Result<u64, AwsFailure> {
        let list = self.s3.list_objects_v2().bucket(bucket).prefix(FOLDER);
        let mut pages = list.into_paginator().send();
        let mut number = 0;
        for _ in 0..MOST_PAGES {
            let Some(page) = pages.next().await else { break };
            number += page.map_err(AwsFailure::of("s3:ListBucket"))?.contents().len() as u64;
        }
        Ok(number)
    }

    #[expect(clippy::cast_precision_loss, reason = "the numbers are small")]
    async fn publish(
        &self,
        namespace: &str,
        problems: &[String],
        given_up_objects: Option<u64>,
    ) -> Result<(), AwsFailure> {
        let datum = |name: &str, value: f64| {
            MetricDatum::builder().metric_name(name).value(value).unit(StandardUnit::Count).build()
        };
        let waiting = given_up_objects.map(|number| datum("GivenUpObjects", number as f64));
        let put = self.cloudwatch.put_metric_data().namespace(namespace);
        let put = put.metric_data(datum("StreamProblems", problems.len() as f64));
        let put = waiting.into_iter().fold(put, |put, datum| put.metric_data(datum));
        put.send().await.map(drop).map_err(AwsFailure::of("cloudwatch:PutMetricData"))
    }
}

#[cfg(test)]
mod tests;
