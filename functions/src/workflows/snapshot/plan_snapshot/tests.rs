use chrono::TimeDelta;
use serde_json::json;
use tablekeeper_core::testing::fake_store::{FakeStore, Fault};

use super::*;
use crate::workflows::snapshot::testing::{EXECUTION, aws, covered, defaults, plan, put, second};

#[tokio::test]
async fn a_plan_names_the_second_and_claims_its_folder() {
    let aws = aws();
    let plan = plan(&aws, json!({}), defaults(), 100).await.unwrap();
    let snapshot = &plan["snapshot"];
    assert_eq!(snapshot["name"], "2027-01-15T08-01-40Z");
    assert_eq!(snapshot["at"], "2027-01-15T08:01:40Z");
    assert_eq!(snapshot["keyNames"], json!(["id"]));
    assert_eq!(snapshot["plan"]["folder"], "snapshots/2027-01-15T08-01-40Z/");
    assert_eq!(snapshot["plan"]["exportTime"], "2027-01-15T08:01:40Z");
    assert_eq!(snapshot["plan"]["tableName"], "orders");
    assert_eq!(plan["shards"], json!([{ "shard": 0 }, { "shard": 1 }]));
    assert_eq!(plan["waitSeconds"], 300);
    let document: serde_json::Value =
        serde_json::from_str(&aws.text("snapshots/2027-01-15T08-01-40Z/export.json").unwrap()).unwrap();
    assert_eq!(document["owner"], EXECUTION);
    assert_eq!(&document["snapshot"], snapshot);
}

#[tokio::test]
async fn an_execution_finds_its_own_plan_and_leaves_that_of_others() {
    let aws = aws();
    let first = plan(&aws, json!({ "At": second(50) }), defaults(), 100).await.unwrap();
    assert_eq!(first["waitSeconds"], 250);
    let mut others = defaults();
    others["shards"] = json!("7");
    let again = plan(&aws, json!({ "At": second(50) }), others, 100).await.unwrap();
    assert_eq!(again, first, "what was written down counts");
    assert_eq!(plan(&aws, json!({ "At": second(50) }), defaults(), 10_000).await.unwrap()["waitSeconds"], 0);
    let key = "snapshots/2027-01-15T08-00-50Z/export.json";
    let document = aws.text(key).unwrap();
    for (other, whose) in [
        (document.replace("\"version\": 1", "\"version\": 2"), "has version 2"),
        ("{}".to_owned(), "is not an export document"),
    ] {
        let aws = with_documents(&[(key, &other)]).await;
        let failure = plan(&aws, json!({ "At": second(50) }), defaults(), 100).await.unwrap_err();
        assert_eq!(failure.name, ErrorName::ExportExists);
        assert!(failure.message.contains(whose), "{failure}");
    }
}

/// Returns an AWS with these documents.
async fn with_documents(documents: &[(&str, &str)]) -> FakeStore {
    let aws = aws();
    for (key, body) in documents {
        let put = aws.clients().s3().put_object().bucket("bucket").key(*key);
        put.body((*body).to_owned().into_bytes().into()).send().await.unwrap();
    }
    aws
}

#[tokio::test]
async fn an_unfinished_snapshot_does_not_block_its_second() {
    let second_of = json!({ "At": second(50) });
    let first = "snapshots/2027-01-15T08-00-50Z";
    let alone = aws();
    let own = plan(&alone, second_of.clone(), defaults(), 100).await.unwrap();
    let others = alone.text(&format!("{first}/export.json")).unwrap().replace("by-hand-1", "by-hand-2");

    // A folder of another execution without a manifest is left unchanged. The next one is claimed, and repeated calls
    // find it.
    let aws = with_documents(&[(&format!("{first}/export.json"), &others)]).await;
    for _ in 0..2 {
        let planned = plan(&aws, second_of.clone(), defaults(), 100).await.unwrap();
        assert_eq!(planned["snapshot"]["name"], "2027-01-15T08-00-50Z-2");
        assert_eq!(planned["snapshot"]["plan"]["folder"], format!("{first}-2/"));
        assert_eq!(planned["shards"], own["shards"]);
    }
    assert_eq!(aws.text(&format!("{first}/export.json")).unwrap(), others);
    let begun = |aws: &FakeStore| {
        aws.keys().into_iter().filter(|key| key.starts_with("snapshots/")).collect::<Vec<_>>()
    };
    assert_eq!(begun(&aws), [format!("{first}-2/export.json"), format!("{first}/export.json")]);

    // If the other snapshot is complete by now, the call still uses the folder that it claimed.
    let id = own["snapshot"]["plan"]["exportId"].as_str().unwrap();
    let manifest = format!("{first}/AWSDynamoDB/{id}/manifest-summary.json");
    aws.clients().s3().put_object().bucket("bucket").key(&manifest).send().await.unwrap();
    let planned = plan(&aws, second_of.clone(), defaults(), 100).await.unwrap();
    assert_eq!(planned["snapshot"]["name"], "2027-01-15T08-00-50Z-2");

    // If the other snapshot is complete, a new one is not needed.
    let aws = with_documents(&[(&format!("{first}/export.json"), &others), (&manifest, "{}")]).await;
    let failure = plan(&aws, second_of.clone(), defaults(), 100).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::ExportExists);
    let words = "/export.json already exists and is of arn:aws:states:eu-west-1:123456789012:execution:snapshot:by-hand-2";
    assert!(failure.message.contains(words), "{failure}");
    assert_eq!(begun(&aws).len(), 2, "nothing was begun");

    // A folder of another execution that cannot be read is not treated as incomplete.
    let aws = with_documents(&[(&format!("{first}/export.json"), &others)]).await;
    aws.fail_action("s3:ListObjectsV2", 1, Fault::Refused(403, "AccessDenied"));
    let failure = plan(&aws, second_of, defaults(), 100).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::AccessDenied);
}

#[tokio::test]
async fn a_deleted_table_is_described_by_its_items() {
    let aws = covered(FakeStore::default(), second(0));
    aws.at(second(0));
    let failure = plan(&aws, json!({}), defaults(), 100).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::SourceTableMissing);
    assert!(failure.message.contains("no version in s3://bucket/items/ says"), "{failure}");
    put(&aws, "1", Some("a"), 1, 1, 1).await;
    let plan = plan(&aws, json!({}), defaults(), 100).await.unwrap();
    assert_eq!(plan["snapshot"]["keyNames"], json!(["id"]));
    assert_eq!(plan["snapshot"]["plan"]["tableId"], "");
}

#[tokio::test]
async fn a_recreated_table_does_not_determine_the_key_names() {
    let aws = covered(FakeStore::default().with_table("orders", &["order", "line"]), second(0));
    aws.at(second(0));
    put(&aws, "1", Some("a"), 1, 1, 1).await;
    let plan = plan(&aws, json!({}), defaults(), 100).await.unwrap();
    assert_eq!(plan["snapshot"]["keyNames"], json!(["id"]));
}

#[tokio::test]
async fn an_uncovered_second_is_rejected_or_noted() {
    let table = || FakeStore::default().with_table("orders", &["id"]);
    let mut defaults = defaults();
    defaults["noncurrentDays"] = json!("30");
    let shorter_once = br#"{"CompleteSince":"2026-01-01T00:00:00Z","NoncurrentDays":7}"#;
    let broken = br#"{"CompleteSince":"2026-01-01T00:00:00Z","Stream":"2026-01-01T00:00:00.000","BrokenSince":"2026-02-01T00:00:00Z"}"#;
    for (aws, expected) in [
        (table(), "no backfill has ended"),
        (covered(table(), second(51)), "the first backfill ended at 2027-01-15 08:00:51 UTC"),
        (
            table().with_object("items/coverage.json", shorter_once.to_vec()),
            "versions were once retained for fewer days",
        ),
        (
            table().with_object("items/coverage.json", broken.to_vec()),
            "the table got another stream at 2026-02-01",
        ),
    ] {
        aws.at(second(0));
        let begun = 20 * 86_400;
        let mut input = json!({ "At": second(50) });
        let failure = plan(&aws, input.clone(), defaults.clone(), begun).await.unwrap_err();
        assert_eq!(failure.name, ErrorName::HistoryIncomplete);
        assert!(failure.message.contains(expected), "{failure}");
        assert_eq!(
            aws.keys().iter().filter(|key| key.starts_with("snapshots/")).count(),
            0,
            "nothing is claimed"
        );
        input["AllowIncomplete"] = json!(true);
        let allowed = plan(&aws, input, defaults.clone(), begun).await.unwrap();
        let note = allowed["snapshot"]["plan"]["notes"][0].as_str().unwrap();
        assert!(note.contains(expected), "{note}");
    }
}

#[tokio::test]
async fn every_failure_has_its_error_name() {
    for (action, fault, name) in [
        ("dynamodb:DescribeTable", Fault::Refused(400, "AccessDeniedException"), ErrorName::AccessDenied),
        ("s3:PutObject", Fault::Refused(503, "SlowDown"), ErrorName::Throttled),
        ("s3:PutObject", Fault::Dropped, ErrorName::ServiceUnavailable),
    ] {
        let aws = aws();
        aws.fail_action(action, 0, fault);
        let failure = plan(&aws, json!({}), defaults(), 100).await.unwrap_err();
        assert_eq!(failure.name, name, "{failure}");
    }
    let failure = plan(&aws(), json!({ "At": second(101) }), defaults(), 100).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::InvalidInput);
    let failure = plan(&aws(), json!({ "AT": second(101) }), defaults(), 100).await.unwrap_err();
    assert!(failure.message.contains("unknown field `AT`"), "{failure}");
}

#[test]
fn a_wait_is_rounded_up() {
    for (milliseconds, seconds) in [(-5_000, 0), (0, 0), (1, 1), (1_000, 1), (1_001, 2)] {
        assert_eq!(whole_seconds(TimeDelta::milliseconds(milliseconds)), seconds);
    }
}
