//! Kinesis data streams that the table's changes go to, with the precision of their times.
//!
//! A destination that was disabled stays in the list for a day, and is none.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{
    ApproximateCreationDateTimePrecision as Precision, DestinationStatus,
    EnableKinesisStreamingConfiguration, KinesisDataStreamDestination, UpdateKinesisStreamingConfiguration,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::setting::kept_as;
use super::{Aws, Comparison, Setting, SettingName, Table};
use crate::arn::Arn;
use crate::aws_failure::AwsFailure;

/// The setting.
#[derive(Clone, Copy, Debug)]
pub struct KinesisDestinations;

/// The precision (`MILLISECOND` or `MICROSECOND`), by the stream's ARN.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Value(pub BTreeMap<String, String>);

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

    kept_as!(kinesis_destinations);

    async fn read(aws: &Aws, table: &Table) -> Result<Value, AwsFailure> {
        let describe = aws.dynamodb.describe_kinesis_streaming_destination().table_name(&table.name);
        let answer = describe.send().await;
        let answer = answer.map_err(AwsFailure::of("dynamodb:DescribeKinesisStreamingDestination"))?;
        Ok(Value(answer.kinesis_data_stream_destinations().iter().filter_map(active).collect()))
    }

    fn compare(Value(wanted): &Value, Value(actual): &Value, target: &Table) -> Comparison<Change> {
        let mut comparison = Comparison::default();
        let place = target.place();
        for (stream, precision) in wanted {
            let (to, of) = (stream.clone(), precision.clone());
            match actual.get(stream) {
                Some(now) if now == precision => comparison.same += 1,
                Some(now) => {
                    let words = format!("change the precision of {stream} from {now} to {precision}");
                    comparison.change(words, Change::Update(to, of));
                }
                None if Arn::parse(stream).is_some_and(|arn| (arn.region, arn.account) != place) => {
                    comparison.leave_out(format!("{stream} is not in the target's Region and account"));
                }
                None => {
                    comparison
                        .change(format!("send changes to {stream} ({precision})"), Change::Enable(to, of));
                }
            }
        }
        for stream in actual.keys().filter(|stream| !wanted.contains_key(*stream)) {
            comparison.extra(format!("stop sending changes to {stream}"), Change::Disable(stream.clone()));
        }
        comparison
    }

    async fn make(change: &Change, aws: &Aws, target: &Table) -> Result<(), AwsFailure> {
        match change {
            Change::Enable(stream, precision) => {
                let precision = Precision::from(precision.as_str());
                let with = EnableKinesisStreamingConfiguration::builder()
                    .approximate_creation_date_time_precision(precision);
                let enable = aws.dynamodb.enable_kinesis_streaming_destination().table_name(&target.name);
                let enable = enable.stream_arn(stream).enable_kinesis_streaming_configuration(with.build());
                let enabled = enable.send().await.map(drop);
                enabled.map_err(AwsFailure::of("dynamodb:EnableKinesisStreamingDestination"))
            }
            Change::Update(stream, precision) => {
                let precision = Precision::from(precision.as_str());
                let with = UpdateKinesisStreamingConfiguration::builder()
                    .approximate_creation_date_time_precision(precision);
                let update = aws.dynamodb.update_kinesis_streaming_destination().table_name(&target.name);
                let update = update.stream_arn(stream).update_kinesis_streaming_configuration(with.build());
                let updated = update.send().await.map(drop);
                updated.map_err(AwsFailure::of("dynamodb:UpdateKinesisStreamingDestination"))
            }
            Change::Disable(stream) => {
                let disable = aws.dynamodb.disable_kinesis_streaming_destination().table_name(&target.name);
                let disabled = disable.stream_arn(stream).send().await.map(drop);
                disabled.map_err(AwsFailure::of("dynamodb:DisableKinesisStreamingDestination"))
            }
        }
    }
}

/// The stream and its precision, if changes go to it or are about to.
fn active(destination: &KinesisDataStreamDestination) -> Option<(String, String)> {
    match destination.destination_status()? {
        DestinationStatus::Active | DestinationStatus::Enabling | DestinationStatus::Updating => {}
        _ => return None,
    }
    let precision = destination.approximate_creation_date_time_precision();
    let precision = precision.unwrap_or(&Precision::Millisecond).as_str().to_owned();
    Some((destination.stream_arn()?.to_owned(), precision))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::table::tests::table;

    const HERE: &str = "arn:aws:kinesis:eu-west-1:123456789012:stream/a";
    const ELSEWHERE: &str = "arn:aws:kinesis:us-east-1:123456789012:stream/b";

    fn value(streams: &[(&str, &str)]) -> Value {
        Value(streams.iter().map(|(arn, precision)| ((*arn).to_owned(), (*precision).to_owned())).collect())
    }

    #[test]
    fn streams_are_enabled_updated_left_out_and_extra() {
        let wanted = value(&[(HERE, "MICROSECOND"), (ELSEWHERE, "MILLISECOND")]);
        let new = KinesisDestinations::compare(&wanted, &value(&[]), &table());
        let here = || HERE.to_owned();
        assert_eq!(new.changes[0].change, Change::Enable(here(), "MICROSECOND".to_owned()));
        assert_eq!((new.changes.len(), new.left_out.len()), (1, 1));
        let other = KinesisDestinations::compare(&wanted, &value(&[(HERE, "MILLISECOND")]), &table());
        assert_eq!(other.changes[0].change, Change::Update(here(), "MICROSECOND".to_owned()));
        let extra = KinesisDestinations::compare(&value(&[]), &wanted, &table());
        assert_eq!(extra.extra.len(), 2);
    }

    #[test]
    fn a_destination_that_was_disabled_is_none() {
        let destination = |status: DestinationStatus| {
            let destination = KinesisDataStreamDestination::builder().stream_arn(HERE);
            active(&destination.destination_status(status).build())
        };
        assert_eq!(destination(DestinationStatus::Disabled), None);
        assert_eq!(destination(DestinationStatus::EnableFailed), None);
        assert_eq!(
            destination(DestinationStatus::Enabling),
            Some((HERE.to_owned(), "MILLISECOND".to_owned()))
        );
    }
}
