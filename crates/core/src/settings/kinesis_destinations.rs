//! Kinesis data streams that receive the table's changes, with the precision of their timestamps.
//!
//! DynamoDB sends a table's changes to one stream at a time (DDB-TABLE-299, 268 of the measurements). Another stream
//! can be enabled only after the previous one is disabled. A disabled destination stays in the list, and does not
//! count.
//!
//! DynamoDB responds before it knows whether it can write to a stream. A destination is ENABLING for some seconds, and
//! then ACTIVE, or ENABLE_FAILED with the reason. A failed destination stays in the list as well, and can be enabled
//! again.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{
    ApproximateCreationDateTimePrecision as Precision, DestinationStatus,
    EnableKinesisStreamingConfiguration, KinesisDataStreamDestination, UpdateKinesisStreamingConfiguration,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::setting::stored_as;
use super::settled::settled;
use super::{Aws, Comparison, Setting, SettingName, Table};
use crate::aws::arn::Arn;
use crate::aws::failure::AwsFailure;
use crate::error_name::ErrorName;

/// The Kinesis destinations setting.
#[derive(Clone, Copy, Debug)]
pub struct KinesisDestinations;

/// The precision (`MILLISECOND` or `MICROSECOND`) by the stream's ARN.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Value {
    /// Precision of each stream that receives changes or is about to.
    pub streams: BTreeMap<String, String>,
    /// Status of each stream that is about to receive changes. Not written to documents.
    #[serde(skip)]
    pub under_way: BTreeMap<String, String>,
}

/// One call, with the stream and the precision.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Change {
    /// EnableKinesisStreamingDestination.
    Enable(String, String),
    /// UpdateKinesisStreamingDestination.
    Update(String, String),
    /// DisableKinesisStreamingDestination.
    Disable(String),
}

impl Setting for KinesisDestinations {
    const NAME: SettingName = SettingName::KinesisDestinations;
    type Value = Value;
    type Change = Change;

    stored_as!(kinesis_destinations);

    async fn read(aws: &Aws, table: &Table) -> Result<Value, AwsFailure> {
        let mut value = Value::default();
        for destination in describe(aws, table).await? {
            let Some((stream, precision)) = live(&destination) else { continue };
            if let Some(status) =
                destination.destination_status().filter(|status| **status != DestinationStatus::Active)
            {
                value.under_way.insert(stream.clone(), status.as_str().to_owned());
            }
            value.streams.insert(stream, precision);
        }
        Ok(value)
    }

    fn compare(wanted: &Value, actual: &Value, target: &Table) -> Comparison<Change> {
        let mut comparison = Comparison::default();
        let own = target.region_and_account();
        let is_extra = |stream: &&String| !wanted.streams.contains_key(*stream);
        for stream in actual.streams.keys().filter(is_extra) {
            comparison.extra(format!("stop sending changes to {stream}"), Change::Disable(stream.clone()));
        }
        for (stream, precision) in &wanted.streams {
            let (to, of) = (stream.clone(), precision.clone());
            match actual.streams.get(stream) {
                Some(now) if now == precision => match actual.under_way.get(stream) {
                    Some(status) => comparison.under_way(format!("wait for {stream}, which is {status}")),
                    None => comparison.same += 1,
                },
                Some(now) => {
                    let text = format!("change the precision of {stream} from {now} to {precision}");
                    comparison.change(text, Change::Update(to, of));
                }
                None if Arn::parse(stream).is_some_and(|arn| (arn.region, arn.account) != own) => {
                    comparison.leave_out(format!("{stream} is not in the target's Region and account"));
                }
                None if comparison.extra.is_empty() => {
                    comparison
                        .change(format!("send changes to {stream} ({precision})"), Change::Enable(to, of));
                }
                None => {
                    let text = format!("send changes to {stream} ({precision}) instead");
                    comparison.instead_of_extra(text, Change::Enable(to, of));
                }
            }
        }
        comparison
    }

    async fn make(change: &Change, aws: &Aws, target: &Table) -> Result<(), AwsFailure> {
        match change {
            Change::Enable(stream, precision) => {
                let action = "dynamodb:EnableKinesisStreamingDestination";
                let precision = Precision::from(precision.as_str());
                let with = EnableKinesisStreamingConfiguration::builder()
                    .approximate_creation_date_time_precision(precision);
                let enable = aws.dynamodb.enable_kinesis_streaming_destination().table_name(&target.name);
                let enable = enable.stream_arn(stream).enable_kinesis_streaming_configuration(with.build());
                enable.send().await.map_err(AwsFailure::from_call(action))?;
                match settled(|| poll(aws, target, stream)).await? {
                    Some(Err(detail)) => Err(AwsFailure::new(action, ErrorName::RequestRefused, detail)),
                    Some(Ok(())) | None => Ok(()),
                }
            }
            Change::Update(stream, precision) => {
                let precision = Precision::from(precision.as_str());
                let with = UpdateKinesisStreamingConfiguration::builder()
                    .approximate_creation_date_time_precision(precision);
                let update = aws.dynamodb.update_kinesis_streaming_destination().table_name(&target.name);
                let update = update.stream_arn(stream).update_kinesis_streaming_configuration(with.build());
                let updated = update.send().await.map(drop);
                updated.map_err(AwsFailure::from_call("dynamodb:UpdateKinesisStreamingDestination"))
            }
            Change::Disable(stream) => {
                let disable = aws.dynamodb.disable_kinesis_streaming_destination().table_name(&target.name);
                let disabled = disable.stream_arn(stream).send().await.map(drop);
                disabled.map_err(AwsFailure::from_call("dynamodb:DisableKinesisStreamingDestination"))
            }
        }
    }
}

/// Polls a destination that was just enabled. Returns the reason if it failed, or `None` if DynamoDB has no result yet.
async fn poll(aws: &Aws, target: &Table, stream: &str) -> Result<Option<Result<(), String>>, AwsFailure> {
    let response = describe(aws, target).await?;
    let is_of_stream = |destination: &&KinesisDataStreamDestination| destination.stream_arn() == Some(stream);
    let destination = response.iter().find(is_of_stream);
    Ok(match destination.and_then(|destination| destination.destination_status()) {
        Some(DestinationStatus::EnableFailed) => {
            let reason = destination.and_then(|destination| destination.destination_status_description());
            Some(Err(format!("ENABLE_FAILED: {}", reason.unwrap_or("DynamoDB gives no reason"))))
        }
        Some(DestinationStatus::Enabling) | None => None,
        Some(_) => Some(Ok(())),
    })
}

async fn describe(aws: &Aws, table: &Table) -> Result<Vec<KinesisDataStreamDestination>, AwsFailure> {
    let describe = aws.dynamodb.describe_kinesis_streaming_destination().table_name(&table.name);
    let response = describe.send().await;
    let response = response.map_err(AwsFailure::from_call("dynamodb:DescribeKinesisStreamingDestination"))?;
    Ok(response.kinesis_data_stream_destinations.unwrap_or_default())
}

/// Returns the stream and its precision if it receives changes or is about to.
fn live(destination: &KinesisDataStreamDestination) -> Option<(String, String)> {
    match destination.destination_status()? {
        DestinationStatus::Active | DestinationStatus::Enabling | DestinationStatus::Updating => {}
        _ => return None,
    }
    let precision = destination.approximate_creation_date_time_precision();
    let precision = precision.unwrap_or(&Precision::Millisecond).as_str().to_owned();
    Some((destination.stream_arn()?.to_owned(), precision))
}

#[cfg(test)]
mod tests;
