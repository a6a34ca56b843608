//! `backfill.plan-backfill`: whether the table can be backfilled, and in which segments.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Backfill;
use super::execution_input::{Defaults, ExecutionInput, MOST_SEGMENTS, Wanted};
use super::table::{TableError, look};
use crate::aws_failure::AwsFailure;
use crate::clients::Clients;
use crate::error_name::ErrorName;
use crate::import_table::execution_input::InvalidInput;
use crate::scan_segments;
use crate::step::{Failure, Named, Step};
use crate::table_description;

/// The step.
#[derive(Debug)]
pub struct PlanBackfill {
    dynamodb: aws_sdk_dynamodb::Client,
}

/// What the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// The execution, for the logs.
    pub execution_arn: String,
    /// The execution's input.
    pub execution_input: ExecutionInput,
    /// The template's parameters.
    pub defaults: Defaults,
}

/// What is backfilled.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// What the backfill goes by.
    pub backfill: Backfill,
    /// Its segments.
    #[schemars(length(max = 40))]
    pub segments: Vec<Segment>,
}

/// A share of the table.
#[derive(Clone, Copy, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Segment {
    /// Its number, from 0.
    pub segment: u32,
}

/// Why nothing is backfilled.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The input cannot be followed.
    #[error(transparent)]
    Input(#[from] InvalidInput),
    /// The table cannot be read, or would not be kept up.
    #[error(transparent)]
    Table(#[from] TableError),
}

impl Named for Error {
    fn name(&self) -> ErrorName {
        match self {
            Error::Input(_) => ErrorName::InvalidInput,
            Error::Table(error) => error.name(),
        }
    }
}

impl Step for PlanBackfill {
    const NAME: &'static str = "backfill.plan-backfill";
    const ERRORS: &'static [&'static [ErrorName]] = &[AwsFailure::NAMES, TableError::NAMES];
    type Input = Input;
    type Output = Output;
    type Error = Error;

    fn new(clients: &Clients) -> Result<PlanBackfill, Failure> {
        Ok(PlanBackfill { dynamodb: clients.dynamodb() })
    }

    async fn run(&self, Input { execution_input, defaults, .. }: Input) -> Result<Output, Error> {
        let wanted = execution_input.wanted(&defaults)?;
        let backfill = plan(&self.dynamodb, wanted).await?;
        let segments = (0..backfill.segments).map(|segment| Segment { segment }).collect();
        Ok(Output { backfill, segments })
    }
}

/// Looks at the table, and says what the backfill goes by.
pub async fn plan(dynamodb: &aws_sdk_dynamodb::Client, wanted: Wanted) -> Result<Backfill, TableError> {
    let (table, stream_arn) = look(dynamodb, &wanted.table_name, wanted.stream_arn.as_deref()).await?;
    Ok(Backfill {
        segments: segments(&wanted, table.table_size_bytes()),
        table_name: wanted.table_name,
        table_id: table.table_id().unwrap_or_default().to_owned(),
        stream_arn,
        key_names: table_description::key_names(&table),
        bucket: wanted.bucket,
        prefix: wanted.prefix,
        max_read_capacity_units: wanted.max_read_capacity_units,
        seconds_per_call: wanted.seconds_per_call,
    })
}

/// In how many segments a table of so many bytes is read: no more than its capacity is worth.
fn segments(wanted: &Wanted, bytes: Option<i64>) -> u32 {
    let most = scan_segments::by_capacity(wanted.max_read_capacity_units, MOST_SEGMENTS);
    match wanted.segments {
        0 => scan_segments::by_size(bytes).min(most),
        asked => asked.min(most),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::backfill::testing::{EXECUTION, STREAM, aws, defaults};
    use crate::fake_store::{FakeStore, Fault};
    use crate::step::AnyStep;

    async fn plan(aws: &FakeStore, input: Value) -> Result<Value, Failure> {
        let input = json!({ "executionArn": EXECUTION, "executionInput": input, "defaults": defaults() });
        PlanBackfill::new(&aws.clients()).unwrap().run_json(input).await
    }

    #[tokio::test]
    async fn a_table_is_parted_by_its_size_and_what_it_may_take() {
        let aws = aws();
        let least = plan(&aws, json!({})).await.unwrap();
        let backfill = json!({ "tableName": "orders", "tableId": "id-of-orders", "streamArn": STREAM,
            "keyNames": ["id"], "bucket": "items-of-orders", "prefix": "items/", "segments": 1,
            "maxReadCapacityUnits": 0, "secondsPerCall": 600 });
        assert_eq!(least, json!({ "backfill": backfill, "segments": [{ "segment": 0 }] }));
        for (size, input, segments) in [
            (3_u64 << 30, json!({}), 6),
            (1 << 40, json!({}), 40),
            (1 << 40, json!({ "MaxReadCapacityUnits": 26 }), 5),
            (0, json!({ "Segments": 7 }), 7),
            (0, json!({ "Segments": 7, "MaxReadCapacityUnits": 1 }), 1),
        ] {
            aws.aws.set("orders", "TableSizeBytes", json!(size));
            let planned = plan(&aws, input.clone()).await.unwrap();
            assert_eq!(planned["backfill"]["segments"], segments, "{size} {input}");
            assert_eq!(planned["segments"].as_array().unwrap().len(), segments);
        }
    }

    #[tokio::test]
    async fn a_table_whose_changes_would_be_missed_is_refused() {
        let other = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2027-01-01T00:00:00.000";
        for (field, value, name, words) in [
            (
                "StreamSpecification",
                Value::Null,
                ErrorName::StreamNotUsable,
                "table orders has no stream, so that",
            ),
            (
                "StreamSpecification",
                json!({ "StreamEnabled": false }),
                ErrorName::StreamNotUsable,
                "table orders has no stream, so that",
            ),
            (
                "StreamSpecification",
                json!({ "StreamEnabled": true, "StreamViewType": "KEYS_ONLY" }),
                ErrorName::StreamNotUsable,
                "table orders has a stream whose view is KEYS_ONLY, which does not carry the items",
            ),
            ("LatestStreamArn", json!(other), ErrorName::StreamNotUsable, "table orders has the stream arn"),
            ("TableStatus", json!("CREATING"), ErrorName::ResourceBusy, "table orders cannot be read yet"),
            ("TableStatus", json!("DELETING"), ErrorName::SourceTableMissing, "table orders does not exist"),
            (
                "TableStatus",
                json!("ARCHIVED"),
                ErrorName::RequestRefused,
                "dynamodb:Scan failed: table orders is ARCHIVED",
            ),
            (
                "RestoreSummary",
                json!({ "RestoreInProgress": true, "RestoreDateTime": 1 }),
                ErrorName::ResourceBusy,
                "table orders cannot be read yet: it is being restored",
            ),
        ] {
            let aws = aws();
            aws.aws.set("orders", field, value);
            let Failure { name: told, message } = plan(&aws, json!({})).await.unwrap_err();
            assert!(told == name && message.starts_with(words), "{told}: {message}");
        }
    }

    #[tokio::test]
    async fn what_is_not_there_or_not_allowed_has_its_name() {
        let gone = plan(&FakeStore::default(), json!({})).await.unwrap_err();
        assert_eq!(gone.name, ErrorName::SourceTableMissing, "{gone}");
        let aws = aws();
        assert_eq!(plan(&aws, json!({ "Segments": 99 })).await.unwrap_err().name, ErrorName::InvalidInput);
        aws.fail_action("dynamodb:DescribeTable", 0, Fault::Refused(400, "AccessDeniedException"));
        assert_eq!(plan(&aws, json!({})).await.unwrap_err().name, ErrorName::AccessDenied);
    }
}
