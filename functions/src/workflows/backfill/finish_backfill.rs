//! `backfill.finish-backfill`: sums up a backfill, and checks that the stream is still followed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::backfill::Backfill;
use tablekeeper_core::backfill::finish::{Done, Error, Output, finish};
use tablekeeper_core::backfill::table::TableError;
use tablekeeper_core::error_name::ErrorName;

use crate::step::{Failure, Step};

/// The step that checks the table and its stream again, and records that the bucket is complete. It runs after all
/// segments.
#[derive(Debug)]
pub struct FinishBackfill {
    dynamodb: aws_sdk_dynamodb::Client,
    s3: aws_sdk_s3::Client,
}

/// The input that the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// ARN of the execution, for the logs.
    pub execution_arn: String,
    /// The plan of the backfill.
    pub backfill: Backfill,
    /// Results of the segments.
    #[schemars(length(max = 40))]
    pub segments: Vec<Done>,
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::step::AnyStep;
    use tablekeeper_core::backfill::testing::{EXECUTION, aws, backfill};
    use tablekeeper_core::testing::fake_store::{FakeStore, Fault};

    /// Finishes a backfill of two segments with these counts.
    async fn finish(aws: &FakeStore, done: &[(u64, u64)]) -> Result<Value, Failure> {
        let backfill = Backfill { segments: 2, ..backfill() };
        let segments: Vec<Value> =
            done.iter().map(|(written, kept)| json!({ "written": written, "kept": kept })).collect();
        let input = json!({ "executionArn": EXECUTION, "backfill": backfill, "segments": segments });
        FinishBackfill::new(&aws.clients()).unwrap().run_json(input).await
    }

    #[tokio::test]
    async fn the_counts_of_the_segments_are_summed_up() {
        let summed = json!({ "TableName": "orders", "Items": 16, "Written": 4, "Kept": 12 });
        assert_eq!(finish(&aws(), &[(1, 2), (3, 10)]).await.unwrap(), summed);
        let missing = finish(&aws(), &[(1, 2)]).await.unwrap_err();
        assert_eq!(missing.to_string(), "InvalidInput: 1 segments are finished, but the backfill has 2");
    }

    #[tokio::test]
    async fn a_replaced_table_or_stream_fails_the_step() {
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
