//! `backfill.backfill-segment`: reads a segment of the table and writes its items, until its time is up.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::aws::raw_items::RawItems;
use tablekeeper_core::backfill::segment::{Checkpoint, SegmentJob};
use tablekeeper_core::backfill::{Backfill, segment};
use tablekeeper_core::clock::Clock;
use tablekeeper_core::error_name::ErrorName;
use tablekeeper_core::item_history::store::Store;

use crate::step::{Failure, Step};

/// The step that reads a segment of a table and writes its items. The state machine runs it until the segment is done.
#[derive(Debug)]
pub struct BackfillSegment {
    calls: RawItems,
    s3: aws_sdk_s3::Client,
    clock: Clock,
}

/// The input that the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// ARN of the execution, for the logs.
    pub execution_arn: String,
    /// The plan of the backfill.
    pub backfill: Backfill,
    /// Segment number, starting at 0.
    pub segment: u32,
    /// Cursor from the output of the previous call; null for the first call.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(required, schema_with = "tablekeeper_core::schemas::nullable_string")]
    pub cursor: Option<String>,
    /// Number of items that the previous calls wrote.
    pub written: u64,
    /// Number of items that the previous calls left unchanged, because their objects existed.
    pub kept: u64,
}

/// The progress of the segment.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// Segment number, starting at 0.
    pub segment: u32,
    /// Key after which the next call begins, as DynamoDB JSON; null at the end of the segment.
    pub cursor: Option<String>,
    /// Number of items written so far.
    pub written: u64,
    /// Number of items left unchanged so far, because their objects existed.
    pub kept: u64,
    /// Whether the whole segment was read.
    pub done: bool,
}

impl Step for BackfillSegment {
    const NAME: &'static str = "backfill.backfill-segment";
    const ERRORS: &'static [&'static [ErrorName]] = &[AwsFailure::NAMES, &[ErrorName::SourceTableMissing]];
    type Input = Input;
    type Output = Output;
    type Error = segment::Error;

    fn new(clients: &Clients) -> Result<BackfillSegment, Failure> {
        Ok(BackfillSegment { calls: clients.raw_items(), s3: clients.s3(), clock: Clock::System })
    }

    async fn run(&self, input: Input) -> Result<Output, segment::Error> {
        let Input { backfill, segment, cursor, written, kept, .. } = input;
        let (bucket, prefix) = (backfill.bucket.clone(), backfill.prefix.clone());
        let store = Store { s3: self.s3.clone(), bucket, prefix };
        let time = Some(Duration::from_secs(backfill.seconds_per_call.into()));
        let (calls, clock) = (&self.calls, self.clock);
        let work = SegmentJob { backfill: &backfill, segment, calls, store: &store, time, clock };
        let from = Checkpoint { cursor, written, kept, done: false };
        let Checkpoint { cursor, written, kept, done } = segment::run(&work, from, &mut |_| {}).await?;
        tracing::info!(segment, written, kept, done, "items put");
        Ok(Output { segment, cursor, written, kept, done })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use tablekeeper_core::backfill::testing::{EXECUTION, aws, backfill};

    use super::*;
    use crate::step::AnyStep;

    #[tokio::test]
    async fn the_step_continues_from_its_cursor() {
        let aws = (0..5)
            .fold(aws(), |aws, number| aws.with_item("orders", &format!(r#"{{"id":{{"S":"{number}"}}}}"#)));
        aws.state().page_of_items = 2;
        let step = BackfillSegment::new(&aws.clients()).unwrap();
        let (mut cursor, mut written, mut calls) = (Value::Null, json!(0), 0);
        loop {
            let backfill = Backfill { seconds_per_call: 0, ..backfill() };
            let input = json!({ "executionArn": EXECUTION, "backfill": backfill, "segment": 0, "cursor": cursor,
                "written": written, "kept": 0 });
            let output = step.run_json(input).await.unwrap();
            (cursor, written, calls) = (output["cursor"].clone(), output["written"].clone(), calls + 1);
            if output["done"] == true {
                assert_eq!(
                    output,
                    json!({ "segment": 0, "cursor": null, "written": 5, "kept": 0, "done": true })
                );
                break;
            }
            assert!(cursor.as_str().unwrap().starts_with(r#"{"id":{"S":"#), "{cursor}");
        }
        assert_eq!(calls, 3, "a page each");
        assert_eq!(aws.state().objects.len(), 5);
    }
}
