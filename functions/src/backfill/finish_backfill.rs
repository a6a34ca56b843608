//! `backfill.finish-backfill`: what a backfill comes to, and whether the stream brings what it could not see.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Backfill;
use super::table::{TableError, look};
use crate::aws_failure::AwsFailure;
use crate::clients::Clients;
use crate::clock::Clock;
use crate::error_name::ErrorName;
use crate::incremental::change::label_of_stream;
use crate::incremental::coverage::{self, Coverage, Present};
use crate::step::{Failure, Named, Step};

/// Looks at the table and its stream again, and writes down that the bucket is complete. Use it once all segments are read.
#[derive(Debug)]
pub struct FinishBackfill {
    dynamodb: aws_sdk_dynamodb::Client,
    s3: aws_sdk_s3::Client,
}

/// What the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// The execution, for the logs.
    pub execution_arn: String,
    /// What the backfill goes by.
    pub backfill: Backfill,
    /// Its segments.
    #[schemars(length(max = 40))]
    pub segments: Vec<Done>,
}

/// A segment that is done.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Done {
    /// How many items it put.
    pub written: u64,
    /// And of how many something was there.
    pub kept: u64,
}

/// What an execution ends with.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    /// The table.
    pub table_name: String,
    /// How many items were read.
    pub items: u64,
    /// How many of them were put into the bucket.
    pub written: u64,
    /// Of how many something was in the bucket: the item, a later state of it, or its deletion.
    pub kept: u64,
}

/// Why the bucket may lack items.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The table is another now.
    #[error("table {0} is not the one that was read: it was deleted and made anew meanwhile")]
    TableReplaced(String),
    /// It, or its stream, is not what it was.
    #[error(transparent)]
    Table(#[from] TableError),
    /// Not all segments are done.
    #[error("{done} segments are done, but the backfill has {all}")]
    Segments {
        /// So many are.
        done: usize,
        /// Of so many.
        all: u32,
    },
}

impl Named for Error {
    fn name(&self) -> ErrorName {
        match self {
            Error::TableReplaced(_) => ErrorName::SourceTableMissing,
            Error::Table(error) => error.name(),
            Error::Segments { .. } => ErrorName::InvalidInput,
        }
    }
}

impl Step for FinishBackfill {
    const NAME: &'static str = "backfill.finish-backfill";
    const ERRORS: &'static [&'static [ErrorName]] = &[AwsFailure::NAMES, TableError::NAMES];
    type Input = Input;
    type Output = Output;
    type Error = Error;

    fn new(clients: &Clients) -> Result<FinishBackfill, Failure> {
        Ok(FinishBackfill { dynamodb: clients.dynamodb(), s3: clients.s3() })
    }

    async fn run(&self, Input { backfill, segments, .. }: Input) -> Result<Output, Error> {
        finish(&self.dynamodb, &self.s3, backfill, &segments).await
    }
}

/// Looks at the table once more, writes down that the bucket has all of its items from now on, and counts.
pub async fn finish(
    dynamodb: &aws_sdk_dynamodb::Client,
    s3: &aws_sdk_s3::Client,
    backfill: Backfill,
    segments: &[Done],
) -> Result<Output, Error> {
    if u32::try_from(segments.len()) != Ok(backfill.segments) {
        return Err(Error::Segments { done: segments.len(), all: backfill.segments });
    }
    let (table, _) = look(dynamodb, &backfill.table_name, Some(&backfill.stream_arn)).await?;
    if table.table_id().unwrap_or_default() != backfill.table_id {
        return Err(Error::TableReplaced(backfill.table_name));
    }
    let present = Present {
        stream: label_of_stream(&backfill.stream_arn),
        noncurrent_days: None,
        now: Clock::System.now(),
    };
    let backfilled = |coverage: Coverage| coverage.backfilled(&present);
    let Backfill { bucket, prefix, .. } = &backfill;
    coverage::update(s3, bucket, prefix, backfilled).await.map_err(TableError::Aws)?;
    let written = segments.iter().map(|segment| segment.written).sum();
    let kept = segments.iter().map(|segment| segment.kept).sum();
    Ok(Output { table_name: backfill.table_name, items: written + kept, written, kept })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::backfill::testing::{EXECUTION, aws, backfill};
    use crate::fake_store::{FakeStore, Fault};
    use crate::step::AnyStep;

    /// Finishes a backfill whose two segments came to so much.
    async fn finish(aws: &FakeStore, done: &[(u64, u64)]) -> Result<Value, Failure> {
        let backfill = Backfill { segments: 2, ..backfill() };
        let segments: Vec<Value> =
            done.iter().map(|(written, kept)| json!({ "written": written, "kept": kept })).collect();
        let input = json!({ "executionArn": EXECUTION, "backfill": backfill, "segments": segments });
        FinishBackfill::new(&aws.clients()).unwrap().run_json(input).await
    }

    #[tokio::test]
    async fn what_the_segments_did_is_summed_up() {
        let summed = json!({ "TableName": "orders", "Items": 16, "Written": 4, "Kept": 12 });
        assert_eq!(finish(&aws(), &[(1, 2), (3, 10)]).await.unwrap(), summed);
        let missing = finish(&aws(), &[(1, 2)]).await.unwrap_err();
        assert_eq!(missing.to_string(), "InvalidInput: 1 segments are done, but the backfill has 2");
    }

    #[tokio::test]
    async fn a_table_that_is_another_or_is_not_followed_any_more_is_told() {
        for (field, value, name) in [
            ("TableId", json!("another"), ErrorName::SourceTableMissing),
            ("StreamSpecification", Value::Null, ErrorName::StreamNotUsable),
            ("LatestStreamArn", json!("another"), ErrorName::StreamNotUsable),
        ] {
            let aws = aws();
            aws.aws.set("orders", field, value);
            assert_eq!(finish(&aws, &[(1, 0), (0, 0)]).await.unwrap_err().name, name, "{field}");
        }
        let aws = aws();
        aws.fail_action("dynamodb:DescribeTable", 0, Fault::Refused(400, "AccessDeniedException"));
        assert_eq!(finish(&aws, &[(1, 0), (0, 0)]).await.unwrap_err().name, ErrorName::AccessDenied);
    }
}
