use serde_json::{Value, json};
use tablekeeper_core::testing::fake_aws::arn;
use tablekeeper_core::testing::fake_store::{FakeStore, Fault};
use tracing::instrument::WithSubscriber as _;

use super::*;
use crate::log::tests::Lines;
use crate::step::AnyStep;
use crate::workflows::restore_test::testing::{EXECUTION, test};

const NOW: &str = "2027-02-01T00:00:00Z";

/// Adds the evidence of a test of this table that ended at this time.
fn tested(store: FakeStore, table: &str, ended_at: &str, successful: bool) -> FakeStore {
    let mut test = test();
    test["SourceTableArn"] = json!(arn(table));
    test["EndedAt"] = json!(ended_at);
    let evidence = json!({ "Version": 1, "Successful": successful, "Test": test, "Verification": null,
        "Result": null, "ExecutionArn": EXECUTION, "RecordedAt": ended_at });
    store.with_object(&format!("{}{ended_at}.json", of(table)), evidence.to_string())
}

fn of(table: &str) -> String {
    format!("tests/123456789012/eu-west-1/{table}/")
}

async fn watch(store: &FakeStore, tables: &[&str], most_days: &str) -> Result<Value, Failure> {
    let clock = Clock::Fixed(NOW.parse().unwrap());
    let machine = "arn:aws:states:eu-west-1:123456789012:stateMachine:restore-test";
    let input = json!({ "evidenceBucket": "evidence", "tables": tables, "stateMachineArn": machine,
        "mostDays": most_days, "namespace": "tablekeeper/restore-test" });
    WatchTests { clients: store.clients(), clock }.run_json(input).await
}

#[tokio::test]
async fn the_newest_successful_test_decides() {
    let store = tested(FakeStore::default(), "orders", "2027-01-01T00:00:00Z", true);
    let store = tested(store, "orders", "2027-01-30T12:00:00Z", true);
    let store = tested(store, "orders", "2027-01-31T00:00:00Z", false);
    let output = watch(&store, &["orders", ""], "2").await.unwrap();
    let expected = json!({ "tableArn": arn("orders"), "newestSuccessful": false,
        "successfulAt": "2027-01-30T12:00:00Z", "days": 1.5 });
    assert_eq!(
        output,
        json!({ "tables": { of("orders"): expected }, "overdue": [], "failing": [of("orders")] })
    );
    assert_eq!(store.aws.calls("cloudwatch:PutMetricData").len(), 1);
    assert_eq!(store.count("s3:GetObject"), 2, "older evidence is not read");
}

#[tokio::test]
async fn tables_without_a_recent_success_are_overdue() {
    let store = tested(FakeStore::default(), "old", "2027-01-29T23:59:59Z", true);
    let store = tested(store, "new", "2027-01-30T00:00:00Z", true);
    let store = tested(store, "failing", "2027-01-31T00:00:00Z", false);
    let lines = Lines::default();
    let output =
        watch(&store, &["listed", "new"], "2").with_subscriber(lines.dispatch("WARN")).await.unwrap();
    assert_eq!(output["overdue"], json!([of("failing"), of("listed"), of("old")]));
    assert_eq!(output["failing"], json!([of("failing")]));
    let none = json!({ "tableArn": null, "newestSuccessful": null, "successfulAt": null, "days": null });
    assert_eq!(output["tables"][of("listed")], none);
    let warned: Vec<_> = lines.json().iter().map(|line| line["fields"]["folder"].clone()).collect();
    assert_eq!(json!(warned), output["overdue"]);
}

#[tokio::test]
async fn another_object_does_not_hide_older_evidence() {
    let store = tested(FakeStore::default(), "orders", "2027-01-31T00:00:00Z", true);
    let store = store.with_object(&format!("{}2027-01-31T12:00:00Z.json", of("orders")), "{}");
    let output = watch(&store, &[], "2").await.unwrap();
    assert_eq!(output["tables"][of("orders")]["days"], 1.0);
    assert_eq!((&output["overdue"], &output["failing"]), (&json!([]), &json!([])));
}

/// The alarm fires if nothing is published, because it treats missing data as a breach.
#[tokio::test]
async fn failures_have_their_names() {
    let store = || tested(FakeStore::default(), "orders", "2027-01-31T00:00:00Z", true);
    assert_eq!(watch(&store(), &[], "0").await.unwrap_err().name, ErrorName::InvalidInput);
    let listed = store();
    listed.fail_action("s3:ListObjectsV2", 0, Fault::Refused(403, "AccessDenied"));
    assert_eq!(watch(&listed, &[], "2").await.unwrap_err().name, ErrorName::AccessDenied);
    let read = store();
    read.fail_action("s3:GetObject", 0, Fault::Refused(403, "AccessDenied"));
    assert_eq!(watch(&read, &[], "2").await.unwrap_err().name, ErrorName::AccessDenied);
    let unpublished = store();
    unpublished.aws.refuse("cloudwatch:PutMetricData", "AccessDenied");
    // The fake answers in JSON, in which the client finds no code.
    assert_eq!(watch(&unpublished, &[], "2").await.unwrap_err().name, ErrorName::RequestRefused);
}
