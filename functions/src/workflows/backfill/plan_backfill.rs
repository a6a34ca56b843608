//! `backfill.plan-backfill`: checks whether the table can be backfilled, and divides it into segments.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::backfill::Backfill;
use tablekeeper_core::backfill::execution_input::{Defaults, ExecutionInput};
use tablekeeper_core::backfill::plan::{Error, plan};
use tablekeeper_core::backfill::table::TableError;
use tablekeeper_core::error_name::ErrorName;
use tablekeeper_core::item_history::tables::followed;

use crate::step::{Failure, Step};

/// The step that checks that a table can be backfilled, and divides it into segments.
#[derive(Debug)]
pub struct PlanBackfill {
    dynamodb: aws_sdk_dynamodb::Client,
    lambda: aws_sdk_lambda::Client,
}

/// The input that the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// ARN of the execution, for the logs.
    pub execution_arn: String,
    /// Input of the execution.
    pub execution_input: ExecutionInput,
    /// Default values: the template's parameters.
    pub defaults: Defaults,
}

/// The plan of the backfill and its segments.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// The plan of the backfill.
    pub backfill: Backfill,
    /// Segments of the table.
    #[schemars(length(max = 40))]
    pub segments: Vec<Segment>,
}

/// A segment of the table's scan.
#[derive(Clone, Copy, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Segment {
    /// Segment number, starting at 0.
    pub segment: u32,
}

impl Step for PlanBackfill {
    const NAME: &'static str = "backfill.plan-backfill";
    const ERRORS: &'static [&'static [ErrorName]] = &[AwsFailure::NAMES, TableError::NAMES];
    type Input = Input;
    type Output = Output;
    type Error = Error;

    fn new(clients: &Clients) -> Result<PlanBackfill, Failure> {
        Ok(PlanBackfill { dynamodb: clients.dynamodb(), lambda: clients.lambda() })
    }

    async fn run(&self, Input { execution_input, defaults, .. }: Input) -> Result<Output, Error> {
        let mut wanted = execution_input.wanted(&defaults)?;
        if wanted.stream_arn.is_none() {
            let followed = followed(&self.lambda, &defaults.function_name, &wanted.table_name).await?;
            wanted.stream_arn = Some(followed.stream_arn);
        }
        let backfill = plan(&self.dynamodb, wanted).await?;
        let segments = (0..backfill.segments).map(|segment| Segment { segment }).collect();
        Ok(Output { backfill, segments })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::step::AnyStep;
    use tablekeeper_core::backfill::testing::{EXECUTION, STREAM, aws, defaults};
    use tablekeeper_core::testing::fake_store::{FakeStore, Fault};

    async fn plan(aws: &FakeStore, input: Value) -> Result<Value, Failure> {
        let input = json!({ "executionArn": EXECUTION, "executionInput": input, "defaults": defaults() });
        PlanBackfill::new(&aws.clients()).unwrap().run_json(input).await
    }

    #[tokio::test]
    async fn a_table_is_divided_by_its_size_and_rate_limit() {
        let aws = aws();
        let least = plan(&aws, json!({})).await.unwrap();
        let backfill = json!({ "tableName": "orders", "tableId": "id-of-orders", "streamArn": STREAM,
            "keyNames": ["id"], "bucket": "items-of-orders", "prefix": "items/", "segments": 1,
            "maxReadCapacityUnits": 0, "secondsPerCall": 600 });
        assert_eq!(least, json!({ "backfill": backfill, "segments": [{ "segment": 0 }] }));
        for (size, input, segments) in [
            (3_u64 << 30, json!({}), 6),
            (1 << 40, json!({}), 40),
            (1 << 40, json!({ "MaxReadCapacityUnits": 1_000 }), 2),
            (50 << 30, json!({ "MaxReadCapacityUnits": 26 }), 1),
            // 4 GiB are a million capacity units. At 100 units per second they take 18 calls for each segment.
            (4 << 30, json!({ "MaxReadCapacityUnits": 100, "Segments": 20 }), 20),
            (50 << 30, json!({ "MaxReadCapacityUnits": 100, "Segments": 20 }), 12),
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
    async fn another_table_must_have_a_stream_that_the_function_reads() {
        let other = STREAM.replace("orders", "customers");
        let aws = aws().with_table("customers", &["pk"]);
        aws.aws.set("customers", "LatestStreamArn", json!(other));
        let on = json!({ "StreamEnabled": true, "StreamViewType": "NEW_IMAGE" });
        aws.aws.set("customers", "StreamSpecification", on);
        let mapping = json!({ "EventSourceMappings": [{ "UUID": "1-2-3", "EventSourceArn": other }] });
        aws.aws.response("lambda:GET", move |_| (200, mapping.clone()));
        let planned = plan(&aws, json!({ "TableName": "customers" })).await.unwrap();
        let backfill = &planned["backfill"];
        assert_eq!(
            (&backfill["prefix"], &backfill["streamArn"]),
            (&json!("tables/customers/"), &json!(other))
        );
        let refused = plan(&aws, json!({ "TableName": "invoices" })).await.unwrap_err();
        assert_eq!(refused.name, ErrorName::InvalidInput);
        assert!(refused.message.contains("`invoices`, which this stack does not follow"), "{refused}");
    }

    #[tokio::test]
    async fn small_items_get_enough_segments_to_write_them() {
        let aws = aws();
        aws.aws.set("orders", "TableSizeBytes", json!(50_000_000_000_u64));
        for (items, segments) in [(0, 2), (50_000_000, 5), (500_000_000, 40)] {
            aws.aws.set("orders", "ItemCount", json!(items));
            let planned = plan(&aws, json!({ "MaxReadCapacityUnits": 1_000 })).await.unwrap();
            assert_eq!(planned["backfill"]["segments"], segments, "{items}");
        }
    }

    #[tokio::test]
    async fn a_backfill_too_long_for_an_execution_is_rejected() {
        for (bytes, items, input, expected) in [
            (
                1_u64 << 40,
                1_000_u64,
                json!({ "MaxReadCapacityUnits": 26 }),
                "MaxReadCapacityUnits is 26, but the scan of table orders with 1099511627776 bytes takes about 268435456 \
                 capacity units, which at that rate are 119.5 days and 17208 calls of 600 seconds; an execution has 7 days \
                 and room for 2847 calls, so use 444 or more, or 0 for no limit",
            ),
            (
                1 << 40,
                6_000_000_000,
                json!({}),
                "TableName is orders, whose 6000000000 items take at least 3125 calls of 600 seconds, but an execution can \
                 make only 2847; run the backfill from the command line, which has no such limit",
            ),
        ] {
            let aws = aws();
            aws.aws.set("orders", "TableSizeBytes", json!(bytes));
            aws.aws.set("orders", "ItemCount", json!(items));
            let Failure { name, message } = plan(&aws, input).await.unwrap_err();
            assert_eq!((name, message.as_str()), (ErrorName::InvalidInput, expected));
        }
    }

    #[tokio::test]
    async fn a_table_whose_changes_would_be_missed_is_rejected() {
        let other = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2027-01-01T00:00:00.000";
        for (field, value, name, expected) in [
            (
                "StreamSpecification",
                Value::Null,
                ErrorName::StreamNotUsable,
                "table orders has no stream, so its changes",
            ),
            (
                "StreamSpecification",
                json!({ "StreamEnabled": false }),
                ErrorName::StreamNotUsable,
                "table orders has no stream, so its changes",
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
            let Failure { name: reported, message } = plan(&aws, json!({})).await.unwrap_err();
            assert!(reported == name && message.starts_with(expected), "{reported}: {message}");
        }
    }

    #[tokio::test]
    async fn every_failure_has_its_error_name() {
        let gone = plan(&FakeStore::default(), json!({})).await.unwrap_err();
        assert_eq!(gone.name, ErrorName::SourceTableMissing, "{gone}");
        let aws = aws();
        assert_eq!(plan(&aws, json!({ "Segments": 99 })).await.unwrap_err().name, ErrorName::InvalidInput);
        aws.fail_action("dynamodb:DescribeTable", 0, Fault::Refused(400, "AccessDeniedException"));
        assert_eq!(plan(&aws, json!({})).await.unwrap_err().name, ErrorName::AccessDenied);
    }
}
