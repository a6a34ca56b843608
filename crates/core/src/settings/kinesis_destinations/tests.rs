use std::sync::Mutex;

use serde_json::json;

use super::*;
use crate::settings::reconcile::{Reconciled, reconcile};
use crate::settings::table::tests::table;
use crate::testing::fake_aws::FakeAws;

const HERE: &str = "arn:aws:kinesis:eu-west-1:123456789012:stream/a";
const OTHER: &str = "arn:aws:kinesis:eu-west-1:123456789012:stream/o";
const ELSEWHERE: &str = "arn:aws:kinesis:us-east-1:123456789012:stream/b";

fn value(streams: &[(&str, &str)]) -> Value {
    let streams = streams.iter().map(|(arn, precision)| ((*arn).to_owned(), (*precision).to_owned()));
    Value { streams: streams.collect(), under_way: BTreeMap::new() }
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
fn a_stream_replaces_another_only_if_extras_are_removed() {
    let wanted = value(&[(HERE, "MILLISECOND")]);
    let comparison = KinesisDestinations::compare(&wanted, &value(&[(OTHER, "MILLISECOND")]), &table());
    assert_eq!(comparison.to_do(false).count(), 0);
    let to_do: Vec<_> = comparison.to_do(true).map(|planned| planned.change.clone()).collect();
    let enable = Change::Enable(HERE.to_owned(), "MILLISECOND".to_owned());
    assert_eq!(to_do, [Change::Disable(OTHER.to_owned()), enable]);
}

#[test]
fn a_destination_that_is_being_enabled_is_waited_for() {
    let wanted = value(&[(HERE, "MILLISECOND")]);
    let under_way = [(HERE.to_owned(), "ENABLING".to_owned())].into();
    let enabling = Value { under_way, ..wanted.clone() };
    let comparison = KinesisDestinations::compare(&wanted, &enabling, &table());
    assert_eq!((comparison.same, comparison.changes.len()), (0, 0));
    assert_eq!(comparison.under_way, [format!("wait for {HERE}, which is ENABLING")]);
    assert_eq!(serde_json::to_value(&enabling).unwrap(), json!({ HERE: "MILLISECOND" }));
}

#[test]
fn a_disabled_or_failed_destination_does_not_count() {
    let destination = |status: DestinationStatus| {
        let destination = KinesisDataStreamDestination::builder().stream_arn(HERE);
        live(&destination.destination_status(status).build())
    };
    assert_eq!(destination(DestinationStatus::Disabled), None);
    assert_eq!(destination(DestinationStatus::Disabling), None);
    assert_eq!(destination(DestinationStatus::EnableFailed), None);
    assert_eq!(destination(DestinationStatus::Enabling), Some((HERE.to_owned(), "MILLISECOND".to_owned())));
}

/// Reconciles a target whose destination has these statuses, one per poll. The last status stays.
async fn enabled(statuses: &[&'static str]) -> (Reconciled, FakeAws) {
    let aws = FakeAws::default().with_table("copy");
    let statuses_left = Mutex::new(statuses.to_vec());
    let state = aws.clone();
    aws.response("dynamodb:EnableKinesisStreamingDestination", |_| (200, json!({})));
    aws.response("dynamodb:DescribeKinesisStreamingDestination", move |_| {
        let mut statuses_left = statuses_left.lock().unwrap();
        let status = if statuses_left.len() > 1 { statuses_left.remove(0) } else { statuses_left[0] };
        let destination = json!({ "StreamArn": HERE, "DestinationStatus": status,
            "DestinationStatusDescription": "User does not have a permission to use kinesis stream" });
        (200, json!({ "KinesisDataStreamDestinations": [destination] }))
    });
    let wanted = value(&[(HERE, "MILLISECOND")]);
    let clients = aws.clients().settings();
    (reconcile::<KinesisDestinations>(&wanted, &clients, "copy", false).await.unwrap(), state)
}

#[tokio::test]
async fn a_destination_is_polled_until_it_is_active() {
    let (done, aws) = enabled(&["DISABLED", "ENABLING", "ENABLING", "ACTIVE"]).await;
    assert_eq!(done, Reconciled::Done { refused: Vec::new() });
    assert_eq!(aws.calls("dynamodb:EnableKinesisStreamingDestination").len(), 1);
}

#[tokio::test]
async fn a_failed_destination_is_enabled_again_and_refused_with_dynamodbs_reason() {
    let (done, aws) = enabled(&["ENABLE_FAILED", "ENABLING", "ENABLE_FAILED"]).await;
    let Reconciled::Done { refused } = done else { panic!("{done:?}") };
    let expected = "EnableKinesisStreamingDestination failed: ENABLE_FAILED: User does not have a permission to use kinesis \
                 stream";
    assert!(matches!(&refused[..], [one] if one.ends_with(expected)), "{refused:?}");
    assert_eq!(aws.calls("dynamodb:EnableKinesisStreamingDestination").len(), 1);
}

#[tokio::test]
async fn a_stream_that_must_not_be_disabled_is_refused_and_not_waited_for() {
    let aws = FakeAws::default().with_table("copy");
    aws.response("dynamodb:DescribeKinesisStreamingDestination", |_| {
        let destination = json!({ "StreamArn": OTHER, "DestinationStatus": "ACTIVE" });
        (200, json!({ "KinesisDataStreamDestinations": [destination] }))
    });
    aws.refuse("dynamodb:DisableKinesisStreamingDestination", "AccessDeniedException");
    let wanted = value(&[(HERE, "MILLISECOND")]);
    let clients = aws.clients().settings();
    let done = reconcile::<KinesisDestinations>(&wanted, &clients, "copy", true).await.unwrap();
    let Reconciled::Done { refused } = done else { panic!("{done:?}") };
    let expected = format!("stop sending changes to {OTHER}: AccessDenied: ");
    assert!(matches!(&refused[..], [one] if one.starts_with(&expected)), "{refused:?}");
    assert!(aws.calls("dynamodb:EnableKinesisStreamingDestination").is_empty());
}
