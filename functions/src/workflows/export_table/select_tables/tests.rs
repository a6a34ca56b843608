use serde_json::{Value, json};
use tablekeeper_core::testing::fake_aws::FakeAws;

use super::*;
use crate::step::AnyStep;
use crate::workflows::export_table::testing::{EXECUTION, STARTED_AT, defaults};

async fn select(aws: &FakeAws, input: Value) -> Result<Value, Failure> {
    let step = SelectTables::new(&aws.clients()).unwrap();
    let payload = json!({ "executionArn": EXECUTION, "executionInput": input, "startedAt": STARTED_AT,
        "defaults": defaults() });
    step.run_json(payload).await
}

fn names(output: &Value) -> Vec<&str> {
    let tables = output["tables"].as_array().unwrap().iter();
    tables.map(|table| table["tableName"].as_str().unwrap()).collect()
}

fn tables(count: usize) -> FakeAws {
    (0..count).fold(FakeAws::default(), |aws, number| {
        let name = format!("table-{number:03}");
        aws.with_table(&name).with_tag(&name, "BackupEnabled", "True")
    })
}

#[tokio::test]
async fn a_name_is_enough_and_takes_no_call() {
    let aws = FakeAws::default();
    let expected = json!({
        "run": {
            "startedAt": STARTED_AT, "timestamp": "2026-03-01-02-00-00", "frequency": "Weekly",
            "format": "dynamodb-json", "nullTag": "nULL", "compression": "gzip", "consistentRead": true,
            "bucket": "bucket", "prefix": "exports/", "segments": 0, "mostSegments": 64,
            "maxReadCapacityUnits": 0, "managed": false, "deadline": "2026-03-01T03:00:00Z",
            "secondsPerCall": 300
        },
        "tables": [{ "tableName": "Movies" }],
        "leftOut": 0
    });
    let output = select(&aws, json!({ "TableName": "Movies", "Frequency": "weekly" })).await.unwrap();
    assert_eq!(output, expected);
    assert!(aws.state().calls.is_empty());
}

#[tokio::test]
async fn the_tag_value_is_case_insensitive_and_the_key_is_not() {
    let aws = ["abc", "bcd", "cde", "def"].iter().fold(FakeAws::default(), |aws, name| aws.with_table(name));
    let aws = aws.with_tag("abc", "BackupEnabled", "TRUE").with_tag("bcd", "backupenabled", "true");
    let aws = aws.with_tag("cde", "BackupEnabled", "false").with_tag("def", "BackupEnabled", "true");
    for input in
        [json!({}), json!({ "action": "create-backups" }), json!({ "TableTag": "BackupEnabled=TRUE" })]
    {
        assert_eq!(names(&select(&aws, input).await.unwrap()), ["abc", "def"]);
    }
}

#[tokio::test]
async fn the_tables_share_the_segments() {
    for (count, segments) in [(1, 64), (7, 64), (8, 62), (100, 5)] {
        let output = select(&tables(count), json!({})).await.unwrap();
        assert_eq!((names(&output).len(), &output["run"]["mostSegments"]), (count, &json!(segments)));
    }
    let failure = select(&tables(0), json!({})).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::InvalidInput);
    let expected = "TableTag is `BackupEnabled=true`; no table of this account and Region has this tag";
    assert!(failure.message.ends_with(expected), "{failure}");
}

#[tokio::test]
async fn the_first_of_too_many_tables_are_selected_and_the_others_counted() {
    for (count, left_out) in [(100, 0), (101, 1), (230, 130)] {
        let output = select(&tables(count), json!({})).await.unwrap();
        assert_eq!((names(&output).len(), &output["leftOut"]), (100, &json!(left_out)));
        assert_eq!((names(&output)[0], names(&output)[99]), ("table-000", "table-099"));
        assert_eq!(output["run"]["mostSegments"], 5);
    }
}

#[tokio::test]
async fn an_invalid_input_is_rejected_before_any_call() {
    for (input, expected) in [
        (json!({ "action": "restore" }), "action is `restore`"),
        (json!({ "Segments": 65 }), "Segments is `65`"),
        (json!({ "Format": "csv" }), "executionInput.Format"),
        (json!({ "Keep": 3 }), "unknown field `Keep`"),
    ] {
        let aws = tables(2);
        let failure = select(&aws, input.clone()).await.unwrap_err();
        assert_eq!(failure.name, ErrorName::InvalidInput, "{input}");
        assert!(failure.message.contains(expected), "{failure}");
        assert!(aws.state().calls.is_empty(), "{input}");
    }
}

#[tokio::test]
async fn refused_calls_have_their_error_names() {
    for (action, code, name) in [
        ("dynamodb:ListTables", "AccessDeniedException", ErrorName::AccessDenied),
        ("dynamodb:ListTagsOfResource", "ThrottlingException", ErrorName::Throttled),
    ] {
        let aws = tables(2);
        aws.refuse(action, code);
        let failure = select(&aws, json!({})).await.unwrap_err();
        assert_eq!(failure.name, name);
    }
}

#[tokio::test]
async fn with_a_rate_limit_tables_are_described_and_segments_limited() {
    let slow = |count: usize| {
        let aws = tables(count);
        for number in 0..count {
            aws.set(&format!("table-{number:03}"), "TableSizeBytes", json!(50_000_000_000_u64));
        }
        aws
    };
    let rate = json!({ "MaxReadCapacityUnits": 100 });
    let aws = slow(6);
    let output = select(&aws, rate.clone()).await.unwrap();
    assert_eq!(output["run"]["mostSegments"], 8);
    assert_eq!(aws.calls("dynamodb:DescribeTable").len(), 6);
    let failure = select(&slow(7), rate.clone()).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::InvalidInput);
    assert!(
        failure.message.starts_with("MaxReadCapacityUnits is 100, but 7 tables with 350000000000"),
        "{failure}"
    );
    // Tables that DynamoDB exports are not scanned.
    select(&slow(7), json!({ "MaxReadCapacityUnits": 100, "Managed": true })).await.unwrap();
    let aws = slow(2);
    select(&aws, json!({ "TableName": "table-000", "MaxReadCapacityUnits": 100 })).await.unwrap();
    assert!(aws.calls("dynamodb:DescribeTable").is_empty(), "the plan of a single table describes it");
    // A table that is gone, or may not be described, fails later.
    select(&aws, json!({ "TableNames": ["table-000", "gone"], "MaxReadCapacityUnits": 100 })).await.unwrap();
    for (code, name) in [("AccessDeniedException", None), ("ThrottlingException", Some(ErrorName::Throttled))]
    {
        let aws = slow(2);
        aws.refuse("dynamodb:DescribeTable", code);
        assert_eq!(select(&aws, rate.clone()).await.err().map(|failure| failure.name), name, "{code}");
    }
}
