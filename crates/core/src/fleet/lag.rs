//! Reads how far the incremental backups of tables lag behind their streams.
//!
//! Lambda says which mappings read a stream, and how the last batch of each ended. CloudWatch has the ages of the records
//! that the functions received (`IteratorAge`). It has no value while no record arrives. So a stream without values has
//! nothing to deliver if Lambda reads it without a problem. If Lambda reports a problem, or does not read it, the lag is
//! not known.
//!
//! A coverage does not name the function that writes the history. If several functions read a stream, each must read it
//! without a problem, and the greatest lag counts.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_cloudwatch::types::{Dimension, Statistic};
use aws_sdk_lambda::types::EventSourceMappingConfiguration;
use chrono::{DateTime, TimeDelta, Utc};
use futures::StreamExt as _;

use super::facts::Lag;
use super::finding::Finding;
use super::rates::Apis;
use crate::aws::failure::AwsFailure;
use crate::item_history::mapping::Mapping;

/// How long ago a function may have received a record whose age counts.
const LATELY: TimeDelta = TimeDelta::minutes(5);
/// Number of streams or functions that are read at a time.
const AT_A_TIME: usize = 16;

/// What reads a stream.
#[derive(Clone, Debug)]
struct Reader {
    function: String,
    /// Longest time for which Lambda waits until a batch is full.
    window_seconds: u64,
}

/// Reads the lag behind each of these streams, by their ARNs.
pub(super) async fn lags(
    apis: &Apis,
    lambda: &aws_sdk_lambda::Client,
    cloudwatch: &aws_sdk_cloudwatch::Client,
    streams: BTreeSet<String>,
    now: DateTime<Utc>,
) -> HashMap<String, Finding<Lag>> {
    let reads = streams.into_iter().map(async |stream| {
        let readers = readers(apis, lambda, &stream).await;
        (stream, readers)
    });
    let reads: Vec<_> = reads.collect();
    let readers: Vec<_> = futures::stream::iter(reads).buffer_unordered(AT_A_TIME).collect().await;
    let functions: BTreeSet<&String> = readers
        .iter()
        .filter_map(|(_, readers)| readers.found())
        .flatten()
        .map(|one| &one.function)
        .collect();
    let ages = functions.into_iter().map(async |function| {
        let age = age(apis, cloudwatch, function, now).await;
        (function.clone(), age)
    });
    let ages: Vec<_> = ages.collect();
    let ages: BTreeMap<String, Result<u64, AwsFailure>> =
        futures::stream::iter(ages).buffer_unordered(AT_A_TIME).collect().await;
    readers.into_iter().map(|(stream, readers)| (stream, lag(readers, &ages))).collect()
}

/// Returns the greatest lag of these readers.
fn lag(readers: Finding<Vec<Reader>>, ages: &BTreeMap<String, Result<u64, AwsFailure>>) -> Finding<Lag> {
    let readers = match readers {
        Finding::Found { value } => value,
        Finding::NotKnown { reason } => return Finding::NotKnown { reason },
        Finding::None {} | Finding::NotAsked {} => Vec::new(),
    };
    let mut greatest: Option<Lag> = None;
    for Reader { function, window_seconds } in readers {
        let age = match ages.get(&function) {
            Some(Ok(age)) => *age,
            Some(Err(failure)) => return Finding::from_failure(failure),
            None => return Finding::NotKnown { reason: format!("the lag of {function} was not read") },
        };
        let seconds = age.max(window_seconds);
        if greatest.as_ref().is_none_or(|greatest| greatest.seconds < seconds) {
            greatest = Some(Lag { seconds, function });
        }
    }
    match greatest {
        Some(value) => Finding::Found { value },
        None => Finding::NotKnown { reason: "no event source mapping reads the stream".to_owned() },
    }
}

/// Lists what reads a stream. It is not known if one does not read it without a problem.
async fn readers(apis: &Apis, lambda: &aws_sdk_lambda::Client, stream: &str) -> Finding<Vec<Reader>> {
    let (mut readers, mut marker) = (Vec::new(), None);
    loop {
        let list =
            || lambda.list_event_source_mappings().event_source_arn(stream).set_marker(marker.clone()).send();
        let page = match apis.list_mappings.call(list).await {
            Ok(page) => page,
            Err(failure) => return Finding::from_failure(&failure),
        };
        for mapping in page.event_source_mappings.unwrap_or_default() {
            match reader(&mapping, stream) {
                Ok(reader) => readers.push(reader),
                Err(reason) => return Finding::NotKnown { reason },
            }
        }
        marker = page.next_marker.filter(|marker| !marker.is_empty());
        if marker.is_none() {
            return Finding::Found { value: readers };
        }
    }
}

fn reader(mapping: &EventSourceMappingConfiguration, stream: &str) -> Result<Reader, String> {
    let function = mapping.function_arn().and_then(function_name);
    let function = function.ok_or_else(|| format!("a mapping of {stream} names no function"))?;
    let problems = Mapping {
        state: mapping.state().map(str::to_owned),
        last_result: mapping.last_processing_result().map(str::to_owned),
        stream_arn: mapping.event_source_arn().map(str::to_owned),
    }
    .problems(stream);
    if !problems.is_empty() {
        return Err(format!("{function}: {}", problems.join("; ")));
    }
    let window = mapping.maximum_batching_window_in_seconds().unwrap_or_default();
    Ok(Reader { function: function.to_owned(), window_seconds: u64::try_from(window).unwrap_or_default() })
}

/// Returns the name in the ARN of a function, which may end in a version or an alias.
fn function_name(arn: &str) -> Option<&str> {
    arn.split_once(":function:")?.1.split(':').next()
}

/// Returns the greatest age in seconds of the records that a function received lately; 0 if it received none.
async fn age(
    apis: &Apis,
    cloudwatch: &aws_sdk_cloudwatch::Client,
    function: &str,
    now: DateTime<Utc>,
) -> Result<u64, AwsFailure> {
    let time = |time: DateTime<Utc>| aws_sdk_cloudwatch::primitives::DateTime::from_secs(time.timestamp());
    let get = || {
        let of = Dimension::builder().name("FunctionName").value(function).build();
        let ages = cloudwatch.get_metric_statistics().namespace("AWS/Lambda").metric_name("IteratorAge");
        let ages = ages.dimensions(of).statistics(Statistic::Maximum).period(60);
        ages.start_time(time(now - LATELY)).end_time(time(now)).send()
    };
    let response = apis.get_metric_statistics.call(get).await?;
    let milliseconds = response.datapoints().iter().filter_map(|minute| minute.maximum);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an age is of a day at most")]
    Ok((milliseconds.fold(0.0, f64::max) / 1_000.0).ceil() as u64)
}

#[cfg(test)]
mod tests;
