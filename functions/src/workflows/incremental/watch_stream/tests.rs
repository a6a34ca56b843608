use serde_json::{Value, json};
use tablekeeper_core::testing::fake_aws::refusal;
use tablekeeper_core::testing::fake_store::{FakeStore, Fault};
use tracing::instrument::WithSubscriber as _;

use super::*;
use crate::log::tests::Lines;
use crate::step::AnyStep as _;

const STREAM: &str = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2026-11-20T00:00:00.000";

/// Returns an AWS without problems.
fn aws() -> FakeStore {
    let aws = FakeStore::default().with_table("orders", &["id"]);
    aws.aws.set("orders", "LatestStreamArn", json!(STREAM));
    let on = json!({ "StreamEnabled": true, "StreamViewType": "NEW_IMAGE" });
    aws.aws.set("orders", "StreamSpecification", on);
    mapping_is(&aws, json!({ "State": "Enabled", "LastProcessingResult": "OK", "EventSourceArn": STREAM }));
    aws
}

fn mapping_is(aws: &FakeStore, mapping: Value) {
    aws.aws.response("lambda:GET", move |_| (200, mapping.clone()));
}

async fn watch(aws: &FakeStore) -> Result<Value, Failure> {
    let mut input = input();
    input["streams"] = json!([{ "streamArn": STREAM, "mappingUuid": "1-2-3" }]);
    WatchStream::new(&aws.clients()).unwrap().run_json(input).await
}

/// Returns an input without streams.
fn input() -> Value {
    json!({ "functionName": "stream-backup", "ownTable": "orders", "givenUpBucket": "given-up", "itemsBucket": "items",
        "itemsPrefix": "items/", "tablesPrefix": "tables/", "noncurrentDays": "35", "namespace": "tablekeeper/incremental" })
}

/// Returns the only problem.
async fn problem(aws: &FakeStore) -> String {
    let output = watch(aws).await.unwrap();
    let problems = output["problems"].as_array().unwrap();
    assert_eq!(problems.len(), 1, "{output}");
    problems[0].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_stream_that_is_read_has_no_problem_and_waiting_objects_are_counted() {
    let aws = aws().with_object("aws/lambda/1-2-3/shard/2026/11/30/a", "{}");
    let aws = aws.with_object("aws/lambda/1-2-3/shard/2026/11/30/b", "{}").with_object("other", "{}");
    aws.state().page_of_list = 1;
    assert_eq!(watch(&aws).await.unwrap(), json!({ "problems": [], "givenUpObjects": 2 }));
    assert_eq!(aws.aws.calls("cloudwatch:PutMetricData").len(), 1);
    let coverage = coverage::read(&aws.clients().s3(), "items", "items/").await.unwrap();
    assert_eq!((coverage.noncurrent_days, coverage.complete_since), (Some(35), None));
    let puts = aws.count("s3:PutObject");
    watch(&aws).await.unwrap();
    assert_eq!(aws.count("s3:PutObject"), puts, "nothing is new");
}

#[tokio::test]
async fn each_reason_why_a_stream_is_not_read_is_a_problem() {
    let other = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2027-01-01T00:00:00.000";
    let replaced = aws();
    replaced.aws.set("orders", "LatestStreamArn", json!(other));
    assert!(
        problem(&replaced)
            .await
            .starts_with(&format!("table orders has the stream {other}, but the stack reads {STREAM}"))
    );
    let off = aws();
    off.aws.set("orders", "StreamSpecification", json!({ "StreamEnabled": false }));
    assert!(problem(&off).await.starts_with("table orders has no stream"));
    let gone = FakeStore::default();
    mapping_is(&gone, json!({ "State": "Enabled", "LastProcessingResult": "OK", "EventSourceArn": STREAM }));
    assert_eq!(problem(&gone).await, "table orders does not exist");
    let disabled = aws();
    mapping_is(
        &disabled,
        json!({ "State": "Disabled", "LastProcessingResult": "OK", "EventSourceArn": STREAM }),
    );
    assert_eq!(problem(&disabled).await, "the mapping's State is `Disabled`; it must be Enabled");
    let deleted = aws();
    deleted.aws.response("lambda:GET", |_| refusal("ResourceNotFoundException"));
    assert_eq!(problem(&deleted).await, "there is no event source mapping 1-2-3");
}

#[tokio::test]
async fn a_failed_check_is_a_problem() {
    let table = aws();
    table.fail_action("dynamodb:DescribeTable", 0, Fault::Refused(400, "AccessDeniedException"));
    assert!(problem(&table).await.starts_with("dynamodb:DescribeTable failed: AccessDeniedException"));
    let mapping = aws();
    mapping.aws.refuse("lambda:GET", "AccessDeniedException");
    assert!(
        problem(&mapping).await.starts_with("lambda:GetEventSourceMapping failed: AccessDeniedException")
    );
    let bucket = aws();
    bucket.fail_action("s3:ListObjectsV2", 0, Fault::Refused(403, "AccessDenied"));
    let output = watch(&bucket).await.unwrap();
    assert_eq!(output["givenUpObjects"], Value::Null);
    assert!(output["problems"][0].as_str().unwrap().starts_with("s3:ListBucket failed: AccessDenied"));
}

/// The alarm fires if nothing is published, because it treats missing data as a breach.
#[tokio::test]
async fn an_unpublished_metric_fails_the_step_and_the_problems_are_logged() {
    let aws = aws();
    mapping_is(&aws, json!({ "State": "Disabled", "LastProcessingResult": "OK", "EventSourceArn": STREAM }));
    aws.aws.refuse("cloudwatch:PutMetricData", "AccessDenied");
    let lines = Lines::default();
    let failure = watch(&aws).with_subscriber(lines.dispatch("INFO")).await.unwrap_err();
    assert!(failure.message.starts_with("cloudwatch:PutMetricData failed"), "{failure}");
    let logged = lines.text();
    assert!(logged.contains("the mapping's State is `Disabled`"), "{logged}");
    let mut input = input();
    input["streams"] = json!([{ "streamArn": "orders", "mappingUuid": "1" }]);
    let refused = WatchStream::new(&aws.clients()).unwrap().run_json(input).await.unwrap_err();
    assert_eq!(refused.name, ErrorName::InvalidInput);
}

/// Mappings of other tables are found by their function, and each table has its own coverage.
#[tokio::test]
async fn one_run_watches_other_tables_with_its_own_dimension() {
    let of = |table: &str| STREAM.replace("orders", table);
    let aws = ["customers", "invoices"].iter().fold(FakeStore::default(), |aws, table| {
        let aws = aws.with_table(table, &["id"]);
        aws.aws.set(table, "LatestStreamArn", json!(of(table)));
        let on = json!({ "StreamEnabled": true, "StreamViewType": "NEW_IMAGE" });
        aws.aws.set(table, "StreamSpecification", on);
        aws
    });
    let mapped = of("customers");
    aws.aws.response("lambda:GET", move |call| {
        let mapping = json!({ "UUID": "1-2-3", "State": "Enabled", "LastProcessingResult": "OK", "EventSourceArn": mapped });
        match call.key.ends_with("1-2-3") {
            true => (200, mapping),
            false => (200, json!({ "EventSourceMappings": [mapping] })),
        }
    });
    let mut input = input();
    input["streams"] = json!([{ "streamArn": of("customers") }, { "streamArn": of("invoices") }]);
    input["tables"] = json!("more-tables");
    let seen = WatchStream::new(&aws.clients()).unwrap().run_json(input).await.unwrap();
    let problem = "no event source mapping of stream-backup reads a stream of invoices";
    assert_eq!(seen, json!({ "problems": [problem], "givenUpObjects": 0 }));
    assert_eq!(aws.keys(), ["tables/customers/coverage.json", "tables/invoices/coverage.json"]);
    let published = aws.aws.calls("cloudwatch:PutMetricData");
    assert!(published[0].input.to_string().contains("more-tables"), "{published:?}");
}
