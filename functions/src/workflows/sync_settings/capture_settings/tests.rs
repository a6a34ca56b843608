use serde_json::{Value, json};
use tablekeeper_core::testing::fake_aws::{FakeAws, arn, refusal};

use super::*;
use crate::step::AnyStep;

fn key(table: &str) -> String {
    format!("settings/123456789012/eu-west-1/{table}/19700101T000600Z.json")
}

async fn capture(aws: &FakeAws, tables: &[&str]) -> Result<Value, Failure> {
    run(aws, 6, json!({ "TableNames": tables })).await
}

async fn run(aws: &FakeAws, minute: i64, input: Value) -> Result<Value, Failure> {
    step(aws, minute).run_json(input).await
}

fn step(aws: &FakeAws, minute: i64) -> CaptureSettings {
    let clients = aws.clients();
    let clock = Clock::Fixed(DateTime::from_timestamp(minute * 60, 0).unwrap());
    let bucket = "bucket".to_owned();
    CaptureSettings { aws: clients.settings(), s3: clients.s3(), clock, bucket }
}

fn two_tables() -> FakeAws {
    FakeAws::default().with_table("orders").with_table("customers").with_tag("orders", "team", "billing")
}

#[tokio::test]
async fn every_table_gets_a_document_named_by_its_time() {
    let aws = two_tables();
    let output = capture(&aws, &["orders", &arn("customers")]).await.unwrap();
    let captured = |table: &str| {
        json!({ "TableArn": arn(table), "CapturedAt": "1970-01-01T00:06:00Z",
            "Document": { "bucket": "bucket", "key": key(table) } })
    };
    assert_eq!(output, json!({ "Documents": [captured("orders"), captured("customers")] }));
    let document: SettingsDocument = serde_json::from_str(&aws.state().objects[&key("orders")]).unwrap();
    assert_eq!((document.version, document.table_id.as_deref()), (1, Some("id-of-orders")));
    assert_eq!(document.table_arn, arn("orders"));
    let written = serde_json::to_value(&document.settings).unwrap();
    assert_eq!(written["Tags"], json!({ "team": "billing" }));
    assert_eq!(written.as_object().unwrap().len(), tablekeeper_core::settings::SettingName::ALL.len());
}

#[tokio::test]
async fn settings_captured_for_a_backup_have_its_time() {
    let aws = two_tables();
    let input = json!({ "TableNames": ["orders"], "AsOf": "1970-01-01T00:05:59.733Z" });
    let output = run(&aws, 6, input).await.unwrap();
    let document = &output["Documents"][0];
    assert_eq!(document["Document"]["key"], key("orders").replace("000600", "000559"));
    assert_eq!(document["CapturedAt"], "1970-01-01T00:06:00Z", "it was read later");
}

#[tokio::test]
async fn alarms_are_listed_once_and_another_run_begins_with_another_table() {
    for (minute, first) in [(6, "orders"), (7, "customers")] {
        let aws = two_tables();
        let output = run(&aws, minute, json!({ "TableNames": ["orders", "customers"] })).await.unwrap();
        assert_eq!(output["Documents"][0]["TableArn"], arn("orders"), "the output has the input's order");
        let described = aws.calls("dynamodb:DescribeTable");
        assert_eq!(described[0].input["TableName"], first);
        assert_eq!(aws.calls("cloudwatch:DescribeAlarms").len(), 1);
    }
    // A function's process builds the step once and runs it often.
    let aws = two_tables();
    let step = step(&aws, 6);
    for runs in 1..=2 {
        step.run_json(json!({ "TableNames": ["orders", "customers"] })).await.unwrap();
        assert_eq!(aws.calls("cloudwatch:DescribeAlarms").len(), runs, "alarms change between runs");
    }
}

#[tokio::test]
async fn a_written_document_can_be_read_back_unchanged() {
    let aws = two_tables();
    capture(&aws, &["orders"]).await.unwrap();
    let location = Location { bucket: "bucket".to_owned(), key: key("orders") };
    let read = store::get(&aws.clients().s3(), &location).await.unwrap();
    let again = serde_json::to_value(&read).unwrap();
    let written: Value = serde_json::from_str(&aws.state().objects[&key("orders")]).unwrap();
    assert_eq!(again, written);
}

#[tokio::test]
async fn a_missing_table_fails_the_capture_after_the_others_are_written() {
    let aws = two_tables();
    let failure = capture(&aws, &["orders", "gone", "customers"]).await.unwrap_err();
    assert_eq!(
        (failure.name, failure.message.as_str()),
        (ErrorName::SourceTableMissing, "table gone does not exist")
    );
    assert_eq!(aws.state().objects.keys().collect::<Vec<_>>(), [&key("customers"), &key("orders")]);
}

#[tokio::test]
async fn an_unreadable_setting_fails_the_capture_after_the_rest_is_written() {
    let aws = two_tables();
    aws.response("dynamodb:ListTagsOfResource", |call| match call.input["ResourceArn"] == arn("orders") {
        true => refusal("AccessDeniedException"),
        false => (200, json!({})),
    });
    let failure = capture(&aws, &["orders", "customers"]).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::AccessDenied);
    let start =
        format!("the settings of orders were written to s3://bucket/{} without these: Tags", key("orders"));
    assert!(failure.message.starts_with(&start), "{failure}");
    let document: SettingsDocument = serde_json::from_str(&aws.state().objects[&key("orders")]).unwrap();
    assert_eq!((document.settings.tags, document.settings.stream.is_some()), (None, true));
    assert!(aws.state().objects.contains_key(&key("customers")));
    // The error name is that of the failure, so it differs.
    aws.refuse("dynamodb:ListTagsOfResource", "ValidationException");
    assert_eq!(capture(&aws, &["orders"]).await.unwrap_err().name, ErrorName::RequestRefused);
}

#[tokio::test]
async fn a_transient_error_has_its_name_and_the_first_failure_counts() {
    let aws = two_tables();
    aws.refuse("dynamodb:DescribeTimeToLive", "ThrottlingException");
    assert_eq!(capture(&aws, &["orders", "gone"]).await.unwrap_err().name, ErrorName::Throttled);
    assert_eq!(capture(&aws, &["gone", "orders"]).await.unwrap_err().name, ErrorName::SourceTableMissing);
    assert!(aws.state().objects.is_empty(), "what may be whole the next time is not written without it");
    let aws = two_tables();
    aws.response("s3:PUT", |_| (503, json!("<Error><Code>SlowDown</Code></Error>")));
    assert_eq!(capture(&aws, &["orders"]).await.unwrap_err().name, ErrorName::Throttled);
}
