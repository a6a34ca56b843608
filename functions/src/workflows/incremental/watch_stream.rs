//! `incremental.watch-stream`: checks four times an hour whether the streams are read.
//!
//! A stream that is not read causes no batches, so neither the metrics nor the log of the function shows it. This step
//! asks DynamoDB about the table's stream and Lambda about the mapping. Each problem is counted in the metric
//! `StreamProblems`, logged as a warning and part of the output. A check that fails is a problem too. The alarm treats
//! missing data as a breach, so it also fires if the watch does not run. The metric `GivenUpObjects` counts the objects
//! with changes that Lambda discarded and that wait for a replay. The step also records facts that the bucket's history
//! does not show ([`tablekeeper_core::item_history::coverage`]).

use aws_sdk_cloudwatch::types::{Dimension, MetricDatum, StandardUnit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::backfill::table;
use tablekeeper_core::clock::Clock;
use tablekeeper_core::error_name::{ErrorName, HasErrorName};
use tablekeeper_core::input::{InvalidInput, number};
use tablekeeper_core::item_history::change::{label_of_stream, table_of_stream};
use tablekeeper_core::item_history::coverage::{Coverage, Present};
use tablekeeper_core::item_history::retention::MOST_DAYS;
use tablekeeper_core::item_history::tables::{FollowedError, Layout};
use tablekeeper_core::item_history::{coverage, mapping, tables};
use tablekeeper_core::replay::objects::FOLDER;
use tablekeeper_core::text::quoted;

use crate::step::{Failure, Step};

/// The maximum number of pages of objects that are counted; a page has 1,000 objects.
const MOST_PAGES: usize = 10;

/// The step that checks whether the streams are read, and publishes the results as metrics. A schedule invokes it.
#[derive(Debug)]
pub struct WatchStream {
    cloudwatch: aws_sdk_cloudwatch::Client,
    dynamodb: aws_sdk_dynamodb::Client,
    lambda: aws_sdk_lambda::Client,
    s3: aws_sdk_s3::Client,
}

/// The input that the schedule passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// Streams that have to be read.
    #[schemars(length(min = 1))]
    pub streams: Vec<Watched>,
    /// Name of the function that the streams are read for.
    pub function_name: String,
    /// Name of the stack's own table, whose items are under `itemsPrefix`.
    pub own_table: String,
    /// Prefix of the folders of other tables.
    pub tables_prefix: String,
    /// Name of the bucket with the batches that Lambda discarded.
    pub given_up_bucket: String,
    /// Name of the bucket of the items.
    pub items_bucket: String,
    /// Key prefix of the own table's items.
    pub items_prefix: String,
    /// Days for which noncurrent versions are retained; 0 means for ever.
    pub noncurrent_days: String,
    /// Namespace of the metrics.
    pub namespace: String,
    /// Value of the metrics' dimension `Tables`, which distinguishes several watches. Without it, the metrics have no
    /// dimension.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tables: Option<String>,
}

/// A stream that has to be read.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Watched {
    /// ARN of the stream.
    pub stream_arn: String,
    /// UUID of the event source mapping that reads the stream. Without it, the mapping is found by the function.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mapping_uuid: Option<String>,
}

/// The result of the check.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// Reasons why a stream is not read, or could not be checked.
    pub problems: Vec<String>,
    /// Number of objects that wait for a replay, up to 10,000; null if they could not be counted.
    pub given_up_objects: Option<u64>,
}

/// Why the step fails.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// A configured ARN is not that of a stream.
    #[error("StreamArn is {}, which is not the ARN of a table's stream", quoted(.0))]
    NoStream(String),
    /// An AWS call failed; holds its error name and action.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
}

/// Why the facts were not recorded.
#[derive(Debug, thiserror::Error)]
enum ObserveError {
    /// A parameter is not a number of days.
    #[error(transparent)]
    Input(#[from] InvalidInput),
    /// An AWS call failed.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
}

impl HasErrorName for Error {
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
        let mut problems = Vec::new();
        for watched in &input.streams {
            let stream_arn = &watched.stream_arn;
            let (_, table) =
                table_of_stream(stream_arn).ok_or_else(|| Error::NoStream(stream_arn.clone()))?;
            let described = table::describe(&self.dynamodb, table, Some(stream_arn)).await;
            problems.extend(described.err().map(|error| error.to_string()));
            problems.extend(self.problems_of_mapping(&input.function_name, table, watched).await);
            problems
                .extend(self.observe(&input, table, stream_arn).await.err().map(|error| error.to_string()));
        }
        let given_up_objects = match self.count(&input.given_up_bucket).await {
            Ok(number) => Some(number),
            Err(failure) => {
                problems.push(failure.to_string());
                None
            }
        };
        for problem in &problems {
            tracing::warn!(problem, "the stream is not read, or could not be checked");
        }
        tracing::info!(problems = problems.len(), given_up_objects, "checked the streams");
        self.publish(&input, &problems, given_up_objects).await?;
        Ok(Output { problems, given_up_objects })
    }
}

impl WatchStream {
    /// Returns the problems of the mapping that has to read the stream of this table.
    async fn problems_of_mapping(
        &self,
        function_name: &str,
        table: &str,
        Watched { stream_arn, mapping_uuid }: &Watched,
    ) -> Vec<String> {
        let found = match mapping_uuid {
            Some(uuid) => Ok(uuid.clone()),
            None => tables::followed(&self.lambda, function_name, table).await.map(|found| found.mapping),
        };
        let uuid = match found {
            Ok(uuid) => uuid,
            Err(FollowedError::Input(_)) => {
                return vec![format!("no event source mapping of {function_name} reads a stream of {table}")];
            }
            Err(FollowedError::Aws(failure)) => return vec![failure.to_string()],
        };
        match mapping::describe(&self.lambda, &uuid).await {
            Ok(Some(mapping)) => mapping.problems(stream_arn),
            Ok(None) => vec![format!("there is no event source mapping {uuid}")],
            Err(failure) => vec![failure.to_string()],
        }
    }

    /// Records facts that the bucket's history does not show: how long versions are retained, and which stream is
    /// followed.
    async fn observe(&self, input: &Input, table: &str, stream_arn: &str) -> Result<(), ObserveError> {
        let days = number("NoncurrentDays", None, &input.noncurrent_days, 0, MOST_DAYS)?;
        let present = Present {
            stream: label_of_stream(stream_arn),
            noncurrent_days: Some(days),
            now: Clock::System.now(),
        };
        let observed = |coverage: Coverage| coverage.observed(&present);
        let Input { own_table, items_prefix: prefix, tables_prefix, .. } = input;
        let location = Layout { own_table, prefix, tables_prefix }.location(table);
        coverage::update(&self.s3, &input.items_bucket, &location.prefix, observed).await?;
        Ok(())
    }

    /// Counts the objects in the bucket of discarded batches.
    async fn count(&self, bucket: &str) -> Result<u64, AwsFailure> {
        let list = self.s3.list_objects_v2().bucket(bucket).prefix(FOLDER);
        let mut pages = list.into_paginator().send();
        let mut number = 0;
        for _ in 0..MOST_PAGES {
            let Some(page) = pages.next().await else { break };
            number += page.map_err(AwsFailure::from_call("s3:ListBucket"))?.contents().len() as u64;
        }
        Ok(number)
    }

    #[expect(clippy::cast_precision_loss, reason = "the numbers are small")]
    async fn publish(
        &self,
        input: &Input,
        problems: &[String],
        given_up_objects: Option<u64>,
    ) -> Result<(), AwsFailure> {
        let datum = |name: &str, value: f64| {
            let datum = MetricDatum::builder().metric_name(name).value(value).unit(StandardUnit::Count);
            let dimension = |tables| Dimension::builder().name("Tables").value(tables).build();
            datum.set_dimensions(input.tables.as_ref().map(|tables| vec![dimension(tables)])).build()
        };
        let waiting = given_up_objects.map(|number| datum("GivenUpObjects", number as f64));
        let put = self.cloudwatch.put_metric_data().namespace(&input.namespace);
        let put = put.metric_data(datum("StreamProblems", problems.len() as f64));
        let put = waiting.into_iter().fold(put, |put, datum| put.metric_data(datum));
        put.send().await.map(drop).map_err(AwsFailure::from_call("cloudwatch:PutMetricData"))
    }
}

#[cfg(test)]
mod tests;
