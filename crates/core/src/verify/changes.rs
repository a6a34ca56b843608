//! Limits by how many items a table's count may have changed, from its write metrics in CloudWatch.
//!
//! Every write of an item consumes at least one write capacity unit, also in on-demand mode, and inserts or deletes at
//! most one item. Time to live deletes without consuming any, and counts its deletions (DynamoDB developer guide, "DynamoDB
//! metrics and dimensions"). So the sum of both metrics is at least the number of items that were inserted or deleted.
//! Replicated writes of a global table are not known to be counted, so the plan refuses replicas.

use aws_sdk_cloudwatch::primitives::DateTime as SdkDateTime;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricStat, StatusCode};
use chrono::{DateTime, TimeDelta, Utc};

use crate::aws::clients::Clients;
use crate::aws::failure::AwsFailure;
use crate::error_name::ErrorName;

/// The AWS action that reads the metrics.
const ACTION: &str = "cloudwatch:GetMetricData";
/// Metrics that together limit the number of insertions and deletions.
const METRICS: [&str; 2] = ["ConsumedWriteCapacityUnits", "TimeToLiveDeletedItemCount"];
/// Time after which the metrics of a second are taken as complete. They arrive within a few minutes.
pub(super) const SETTLING: TimeDelta = TimeDelta::minutes(10);
/// Age in days of the oldest metrics. CloudWatch keeps values by the hour for 455 days (API reference, GetMetricData).
pub(super) const MOST_DAYS: i64 = 454;

/// Returns how many items of a table were inserted or deleted at most between these times, as far as CloudWatch knows it
/// now.
pub(super) async fn most_changed(
    clients: &Clients,
    table: &str,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<u64, AwsFailure> {
    // A backup is not of one exact second.
    let (from, period) = (from - TimeDelta::minutes(1), period(now - from));
    let (from, to) = (rounded_down(from, period), rounded_down(to, period) + TimeDelta::seconds(period));
    let queries = METRICS.iter().zip(["writes", "deletions"]).map(|(name, id)| {
        let table = Dimension::builder().name("TableName").value(table).build();
        let metric = Metric::builder().namespace("AWS/DynamoDB").metric_name(*name).dimensions(table).build();
        let stat = MetricStat::builder().metric(metric).period(period as i32).stat("Sum").build();
        MetricDataQuery::builder().id(id).metric_stat(stat).build()
    });
    let time = |time: DateTime<Utc>| SdkDateTime::from_secs(time.timestamp());
    let request = clients.cloudwatch().get_metric_data();
    let request = request.start_time(time(from)).end_time(time(to));
    let mut pages = request.set_metric_data_queries(Some(queries.collect())).into_paginator().send();
    let mut sum = 0.0;
    while let Some(page) = pages.next().await {
        let page = page.map_err(AwsFailure::from_call(ACTION))?;
        let mut codes = page.metric_data_results().iter().filter_map(|result| result.status_code());
        if let Some(code) = codes.find(|code| !matches!(code, StatusCode::Complete | StatusCode::PartialData))
        {
            let reason = format!("the metrics of table {table} could not be read: {}", code.as_str());
            return Err(AwsFailure::new(ACTION, ErrorName::ServiceUnavailable, reason));
        }
        sum += page.metric_data_results().iter().flat_map(|result| result.values()).sum::<f64>();
    }
    Ok(sum.max(0.0).ceil() as u64)
}

/// Returns the shortest period in seconds for which CloudWatch has values of this age: a minute for 15 days, five minutes
/// for 63 days, an hour for 455 days.
fn period(age: TimeDelta) -> i64 {
    match age.num_days() {
        ..14 => 60,
        14..62 => 300,
        _ => 3_600,
    }
}

fn rounded_down(time: DateTime<Utc>, seconds: i64) -> DateTime<Utc> {
    let whole = time.timestamp().div_euclid(seconds) * seconds;
    DateTime::from_timestamp(whole, 0).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_period_is_one_that_cloudwatch_still_has() {
        let days = [0, 13, 14, 61, 62, 454];
        assert_eq!(days.map(|days| period(TimeDelta::days(days))), [60, 60, 300, 300, 3_600, 3_600]);
    }

    #[test]
    fn a_period_begins_before_its_time() {
        let time: DateTime<Utc> = "2026-11-30T02:34:56.789Z".parse().unwrap();
        for (seconds, expected) in [(60, "02:34:00"), (300, "02:30:00"), (3_600, "02:00:00")] {
            assert_eq!(rounded_down(time, seconds).format("%H:%M:%S").to_string(), expected);
        }
    }
}
