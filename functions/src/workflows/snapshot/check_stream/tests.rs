use aws_sdk_cloudwatch::operation::get_metric_statistics::GetMetricStatisticsOutput;
use aws_sdk_lambda::operation::get_event_source_mapping::GetEventSourceMappingOutput;
use aws_smithy_mocks::{mock, mock_client};
use serde_json::{Value, json};

use super::*;
use crate::step::AnyStep;
use crate::workflows::snapshot::testing::{EXECUTION, aws, defaults, plan, second};

const STREAM: &str = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2026-11-20T00:00:00.000";

/// The second of the snapshot, as a Unix time.
const AT: i64 = 10_000;

/// The state of the mapping, and the greatest ages, in seconds, of the minutes that begin at these seconds.
struct Seen {
    state: &'static str,
    last_result: &'static str,
    ages: Vec<(i64, i64)>,
    /// Keys of the discarded batches, each with the second at which it was discarded.
    given_up: Vec<(&'static str, i64)>,
}

const WELL: Seen = Seen { state: "Enabled", last_result: "OK", ages: Vec::new(), given_up: Vec::new() };

impl Seen {
    /// Returns the output of the step at a second, after this number of polls.
    async fn checked(&self, now: i64, polls: u32, input: Value) -> Result<Value, Failure> {
        self.checked_for(now, polls, input, None).await
    }

    /// Does the same as `checked`, for another table that this function reads.
    async fn checked_for(
        &self,
        now: i64,
        polls: u32,
        input: Value,
        followed: Option<Value>,
    ) -> Result<Value, Failure> {
        let Seen { state, last_result, ages, .. } = self;
        let mapping = GetEventSourceMappingOutput::builder()
            .state(*state)
            .last_processing_result(*last_result)
            .event_source_arn(STREAM)
            .build();
        let mapping = mock!(aws_sdk_lambda::Client::get_event_source_mapping)
            .match_requests(|request| request.uuid() == Some("1-2-3"))
            .then_output(move || mapping.clone());
        let minute = |(began, age): &(i64, i64)| {
            let began = aws_sdk_cloudwatch::primitives::DateTime::from_secs(second(*began).timestamp());
            Datapoint::builder().timestamp(began).maximum((age * 1_000) as f64).build()
        };
        let minutes: Vec<_> = ages.iter().map(minute).collect();
        let minutes = mock!(aws_sdk_cloudwatch::Client::get_metric_statistics)
            .match_requests(|request| request.dimensions()[0].value() == Some("stream-backup"))
            .then_output(move || {
                GetMetricStatisticsOutput::builder().set_datapoints(Some(minutes.clone())).build()
            });
        let aws = aws();
        for (key, put_at) in &self.given_up {
            aws.at(second(*put_at));
            aws.clients().s3().put_object().bucket("bucket").key(*key).send().await.unwrap();
        }
        let step = CheckStream {
            s3: aws.clients().s3(),
            lambda: mock_client!(aws_sdk_lambda, [&mapping]),
            cloudwatch: mock_client!(aws_sdk_cloudwatch, [&minutes]),
            clock: Clock::Fixed(second(now)),
        };
        let mut input = input;
        input["At"] = json!(second(AT));
        let mut plan = plan(&aws, input, defaults(), now).await.unwrap();
        let own = if followed.is_some() { "another" } else { "1-2-3" };
        plan["snapshot"]["followed"] = json!(followed);
        let reader = json!({ "streamArn": STREAM, "mapping": own, "functionName": "stream-backup",
            "givenUpBucket": "bucket" });
        let input = json!({ "executionArn": EXECUTION, "snapshot": plan["snapshot"], "polls": polls, "reader": reader });
        step.run_json(input).await
    }
}

#[tokio::test]
async fn a_snapshot_of_another_table_checks_the_reader_of_its_stream() {
    let followed = json!({ "streamArn": STREAM, "mapping": "1-2-3" });
    let seen = WELL.checked_for(AT + 301, 0, json!({}), Some(followed)).await.unwrap();
    assert_eq!(seen["settled"], true, "{seen}");
    let other = json!({ "streamArn": STREAM.replace("orders", "customers"), "mapping": "1-2-3" });
    let seen = WELL.checked_for(AT + 301, 0, json!({}), Some(other)).await.unwrap();
    assert_eq!(seen["settled"], false, "{seen}");
}

#[tokio::test]
async fn a_stream_that_is_read_without_a_lag_is_settled() {
    for ages in [
        vec![],
        vec![(AT + 60, 1), (AT + 240, 2)],
        // The stream lagged before the second.
        vec![(AT - 60, 900), (AT + 60, 60)],
    ] {
        let seen = Seen { ages, ..WELL };
        let output = seen.checked(AT + 300, 0, json!({})).await.unwrap();
        assert_eq!((&output["settled"], &output["snapshot"]["plan"]["notes"]), (&json!(true), &json!([])));
    }
    let new = Seen { last_result: "No records processed", ..WELL };
    assert_eq!(new.checked(AT + 300, 0, json!({})).await.unwrap()["settled"], true);
}

#[tokio::test]
async fn a_lag_or_a_mapping_problem_is_pending_and_then_fails() {
    for (seen, expected) in [
        (
            Seen { ages: vec![(AT + 120, 1), (AT + 240, 241)], ..WELL },
            "the function last received changes of 2027-01-15 10:46:39 UTC (its metric IteratorAge)",
        ),
        (Seen { state: "Disabled", ..WELL }, "the mapping's State is `Disabled`; it must be Enabled"),
        (Seen { state: "Dreaming", ..WELL }, "the mapping's State is `Dreaming`; it must be Enabled"),
        (
            Seen { last_result: "PROBLEM: Function call failed", ..WELL },
            "the mapping's LastProcessingResult is `PROBLEM: Function call failed`",
        ),
    ] {
        let output = seen.checked(AT + 300, 59, json!({})).await.unwrap();
        assert_eq!(
            (&output["settled"], &output["waitSeconds"], &output["polls"]),
            (&json!(false), &json!(60), &json!(60))
        );
        let failure = seen.checked(AT + 300, 60, json!({})).await.unwrap_err();
        assert_eq!(failure.name, ErrorName::StreamLags);
        assert!(failure.message.contains(expected), "{failure}");
        let allowed = seen.checked(AT + 300, 0, json!({ "AllowIncomplete": true })).await.unwrap();
        assert_eq!(allowed["settled"], true);
        let note = allowed["snapshot"]["plan"]["notes"][0].as_str().unwrap();
        assert!(note.contains(expected), "{note}");
        // After a day the stream delivers no old changes: the mapping may be gone with its table.
        assert_eq!(seen.checked(AT + 86_401, 0, json!({})).await.unwrap()["settled"], true);
    }
}

#[tokio::test]
async fn discarded_batches_have_to_be_replayed() {
    const DAY: i64 = 86_400;
    let object = "aws/lambda/1-2-3/shard/1.json";
    for (put_at, now) in [(AT + 200, AT + 300), (AT + DAY, AT + 30 * DAY)] {
        let seen = Seen { given_up: vec![(object, put_at)], ..WELL };
        let failure = seen.checked(now, 60, json!({})).await.unwrap_err();
        assert_eq!(failure.name, ErrorName::StreamLags);
        let expected =
            format!("s3://bucket/{object} has changes that Lambda discarded and that were not replayed");
        assert!(failure.message.contains(&expected), "{failure}");
    }
    // All of its changes came after the second.
    let seen = Seen { given_up: vec![(object, AT + DAY + 1)], ..WELL };
    assert_eq!(seen.checked(AT + 30 * DAY, 0, json!({})).await.unwrap()["settled"], true);
}
