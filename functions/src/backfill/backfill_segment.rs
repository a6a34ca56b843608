//! `backfill.backfill-segment`: reads a segment of the table and puts its items, as far as it comes in its time.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Backfill;
use super::segment::{self, Reached, Work};
use crate::aws_failure::AwsFailure;
use crate::clients::Clients;
use crate::clock::Clock;
use crate::error_name::ErrorName;
use crate::incremental::store::Store;
use crate::item_calls::ItemCalls;
use crate::step::{Failure, Step};

/// Reads a segment of a table and puts its items. Use it again until the segment is read.
#[derive(Debug)]
pub struct BackfillSegment {
    calls: ItemCalls,
    s3: aws_sdk_s3::Client,
    clock: Clock,
}

/// What the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// The execution, for the logs.
    pub execution_arn: String,
    /// What the backfill goes by.
    pub backfill: Backfill,
    /// Which segment.
    pub segment: u32,
    /// What the call before answered with; null before the first one.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(required, schema_with = "crate::schemas::nullable_string")]
    pub cursor: Option<String>,
    /// How many items the calls before have put.
    pub written: u64,
    /// And of how many something was there.
    pub kept: u64,
}

/// How far it came.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// Which segment.
    pub segment: u32,
    /// Where the next call begins: a key as DynamoDB JSON; null at the segment's end.
    pub cursor: Option<String>,
    /// How many items were put up to there.
    pub written: u64,
    /// And of how many something was there.
    pub kept: u64,
    /// Whether that is all of them.
    pub done: bool,
}

impl Step for BackfillSegment {
    const NAME: &'static str = "backfill.backfill-segment";
    const ERRORS: &'static [&'static [ErrorName]] = &[AwsFailure::NAMES, &[ErrorName::SourceTableMissing]];
    type Input = Input;
    type Output = Output;
    type Error = segment::Error;

    fn new(clients: &Clients) -> Result<BackfillSegment, Failure> {
        Ok(BackfillSegment { calls: clients.item_calls(), s3: clients.s3(), clock: Clock::System })
    }

    async fn run(&self, input: Input) -> Result<Output, segment::Error> {
        let Input { backfill, segment, cursor, written, kept, .. } = input;
        let (bucket, prefix) = (backfill.bucket.clone(), backfill.prefix.clone());
        let store = Store { s3: self.s3.clone(), bucket, prefix };
        let time = Some(Duration::from_secs(backfill.seconds_per_call.into()));
        let (calls, clock) = (&self.calls, self.clock);
        let work = Work { backfill: &backfill, segment, calls, store: &store, time, clock };
        let from = Reached { cursor, written, kept, done: false };
        let Reached { cursor, written, kept, done } = segment::run(&work, from, &mut |_| {}).await?;
        tracing::info!(segment, written, kept, done, "items put");
        Ok(Output { segment, cursor, written, kept, done })
    }
}
