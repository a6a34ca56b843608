use chrono::DateTime;
use serde_json::{Value, json};
use tablekeeper_core::testing::fake_aws::{FakeAws, arn};

use super::*;
use crate::step::AnyStep;

const DOCUMENT: &str = "syncs/sync-1.json";

fn aws(settings: Value) -> FakeAws {
    let document = json!({ "Version": 1, "TableArn": arn("orders"), "TableId": null,
        "CapturedAt": "1970-01-01T00:00:00Z", "Settings": settings });
    FakeAws::default().with_table("copy").with_object(DOCUMENT, document)
}

/// Applies a setting in a sync that began at 0 s, may take until 3,600 s, and is `age` seconds old.
async fn apply(aws: &FakeAws, setting: &str, age: i64, remove_extra: bool) -> Result<Value, Failure> {
    apply_until(aws, setting, age, remove_extra, "1970-01-01T01:00:00Z").await
}

/// Applies a setting as `apply` does, in a sync with another deadline.
async fn apply_until(
    aws: &FakeAws,
    setting: &str,
    age: i64,
    remove_extra: bool,
    deadline: &str,
) -> Result<Value, Failure> {
    let clients = aws.clients();
    let now = Clock::Fixed(DateTime::from_timestamp(age, 0).unwrap());
    let step = ApplySetting { clock: now, ..ApplySetting::new(&clients).unwrap() };
    step.run_json(json!({
        "executionArn": "arn:aws:states:eu-west-1:123456789012:execution:sync-settings:sync-1",
        "setting": setting,
        "plan": {
            "source": arn("orders"), "target": arn("copy"),
            "settingsFrom": { "Kind": "LiveTable", "Name": arn("orders"),
                "CapturedAt": "1970-01-01T00:00:00Z" },
            "document": { "bucket": "bucket", "key": DOCUMENT },
            "removeExtra": remove_extra,
            "startedAt": "1970-01-01T00:00:00Z", "deadline": deadline
        }
    }))
    .await
}

#[tokio::test]
async fn a_setting_is_changed_once_and_not_again() {
    let aws = aws(json!({ "Tags": { "team": "billing", "stage": "prod" } })).with_tag("copy", "own", "1");
    let done = json!({ "status": "DONE", "setting": "Tags", "refused": [] });
    assert_eq!(apply(&aws, "Tags", 60, false).await.unwrap(), done);
    assert_eq!(aws.state().tags[&arn("copy")].len(), 3, "the target keeps its own");
    assert_eq!(apply(&aws, "Tags", 60, false).await.unwrap(), done);
    assert_eq!(aws.calls("dynamodb:TagResource").len(), 2);
}

#[tokio::test]
async fn an_unknown_setting_is_not_changed() {
    let aws = aws(json!({})).with_tag("copy", "own", "1");
    assert_eq!(apply(&aws, "Tags", 60, true).await.unwrap()["status"], "DONE");
    assert!(aws.calls("dynamodb:UntagResource").is_empty());
}

#[tokio::test]
async fn extras_are_removed_on_demand() {
    let aws = aws(json!({ "Tags": {} })).with_tag("copy", "own", "1");
    apply(&aws, "Tags", 60, true).await.unwrap();
    let calls = aws.calls("dynamodb:UntagResource");
    assert_eq!(calls[0].input, json!({ "ResourceArn": arn("copy"), "TagKeys": ["own"] }));
}

#[tokio::test]
async fn a_refused_change_is_reported_and_the_rest_is_applied() {
    let aws = aws(json!({ "Tags": { "bad": "1", "good": "2" } })).with_tag("copy", "own", "1");
    aws.response("dynamodb:TagResource", |_| {
        tablekeeper_core::testing::fake_aws::refusal("ValidationException")
    });
    let output = apply(&aws, "Tags", 60, true).await.unwrap();
    assert_eq!(output["status"], "DONE");
    let refused = output["refused"].as_array().unwrap();
    assert_eq!(refused.len(), 1);
    let text = refused[0].as_str().unwrap();
    let expected = "set 2 tags: RequestRefused: dynamodb:TagResource failed";
    assert!(text.starts_with(expected), "{text}");
    let called = aws.calls("dynamodb:TagResource");
    assert_eq!(called.len(), 1);
    assert_eq!(called[0].input["Tags"].as_array().unwrap().len(), 2);
    assert_eq!(aws.calls("dynamodb:UntagResource").len(), 1);
}

#[tokio::test]
async fn the_wait_for_a_busy_table_grows() {
    let aws = aws(json!({ "Tags": { "team": "billing" } }));
    aws.refuse("dynamodb:TagResource", "ResourceInUseException");
    for (age, wait) in [(0, 60), (120, 100), (2_000, 600)] {
        let output = apply(&aws, "Tags", age, false).await.unwrap();
        assert_eq!((&output["status"], &output["waitSeconds"]), (&json!("PENDING"), &json!(wait)));
        assert!(output["reason"].as_str().unwrap().starts_with("set tag team = billing: "), "{output}");
    }
}

#[tokio::test]
async fn a_change_that_is_never_visible_is_pending() {
    let aws = aws(json!({ "Tags": { "team": "billing" } }));
    aws.response("dynamodb:TagResource", |_| (200, json!({})));
    let output = apply(&aws, "Tags", 0, false).await.unwrap();
    assert_eq!(output["reason"], "AWS does not show the new value of Tags yet");
}

#[tokio::test]
async fn after_the_deadline_a_pending_change_is_refused() {
    let aws = aws(json!({ "Tags": { "team": "billing" } }));
    aws.refuse("dynamodb:TagResource", "LimitExceededException");
    let output = apply(&aws, "Tags", 3_600, false).await.unwrap();
    assert_eq!((&output["status"], &output["setting"]), (&json!("DONE"), &json!("Tags")));
    let text = output["refused"][0].as_str().unwrap();
    assert!(text.starts_with("not applied by 1970-01-01T01:00:00+00:00: set tag team"), "{text}");
}

#[tokio::test]
async fn another_view_type_takes_two_updates_and_the_table_is_waited_for_between() {
    let aws = aws(json!({ "Stream": { "StreamViewType": "NEW_IMAGE" } }));
    aws.set("copy", "StreamSpecification", json!({ "StreamEnabled": true, "StreamViewType": "KEYS_ONLY" }));
    for (update, reason) in [
        (1, "table copy is being updated: disable the stream with KEYS_ONLY, to enable one with NEW_IMAGE"),
        (1, "table copy is UPDATING"),
        (2, "table copy is being updated: enable the stream with NEW_IMAGE"),
    ] {
        let output = apply(&aws, "Stream", 600, false).await.unwrap();
        assert_eq!((&output["status"], &output["waitSeconds"]), (&json!("PENDING"), &json!(10)));
        assert_eq!(
            (output["reason"].as_str(), aws.calls("dynamodb:UpdateTable").len()),
            (Some(reason), update)
        );
        if reason.ends_with("UPDATING") {
            aws.set("copy", "TableStatus", json!("ACTIVE"));
        }
    }
    assert_eq!(apply(&aws, "Stream", 600, false).await.unwrap()["status"], "DONE");
    let enabled = &aws.calls("dynamodb:UpdateTable")[1].input["StreamSpecification"];
    assert_eq!(*enabled, json!({ "StreamEnabled": true, "StreamViewType": "NEW_IMAGE" }));
}

#[tokio::test]
async fn a_time_to_live_changed_within_the_hour_is_pending() {
    let aws = aws(json!({ "TimeToLive": { "AttributeName": "until" } }));
    aws.response("dynamodb:UpdateTimeToLive", |_| {
        let message = "Time to live has been modified multiple times within a fixed interval";
        (400, json!({ "__type": "ValidationException", "message": message }))
    });
    assert_eq!(apply(&aws, "TimeToLive", 0, false).await.unwrap()["status"], "PENDING");
    aws.refuse("dynamodb:UpdateTimeToLive", "ValidationException");
    assert_eq!(apply(&aws, "TimeToLive", 0, false).await.unwrap()["status"], "DONE");
}

#[tokio::test]
async fn a_stream_without_which_nothing_is_triggered_is_left_out() {
    let mapping = json!({ "FunctionArn": "arn:aws:lambda:eu-west-1:123456789012:function:f", "Enabled": true,
        "StartingPosition": null, "BatchSize": 1, "MaximumBatchingWindowInSeconds": 0,
        "ParallelizationFactor": 1, "MaximumRetryAttempts": -1, "MaximumRecordAgeInSeconds": -1,
        "BisectBatchOnFunctionError": false, "TumblingWindowInSeconds": 0, "OnFailureDestination": null,
        "FilterPatterns": [], "FilterCriteriaError": null, "KMSKeyArn": null, "FunctionResponseTypes": [],
        "Metrics": [] });
    let aws = aws(json!({ "LambdaTriggers": [mapping] }));
    let output = apply(&aws, "LambdaTriggers", 60, false).await.unwrap();
    assert_eq!(output["status"], "DONE");
    assert!(aws.calls("lambda:POST").is_empty());
    let stream = format!("{}/stream/2026", arn("copy"));
    aws.set("copy", "StreamSpecification", json!({ "StreamEnabled": true, "StreamViewType": "KEYS_ONLY" }));
    aws.set("copy", "LatestStreamArn", json!(stream));
    aws.response("lambda:POST", |_| {
        tablekeeper_core::testing::fake_aws::refusal("InvalidParameterValueException")
    });
    let output = apply(&aws, "LambdaTriggers", 60, false).await.unwrap();
    assert_eq!(output["refused"].as_array().unwrap().len(), 1, "{output}");
    let created = &aws.calls("lambda:POST")[0].input;
    assert_eq!(
        (&created["EventSourceArn"], &created["StartingPosition"]),
        (&json!(stream), &json!("TRIM_HORIZON"))
    );
}

#[tokio::test]
async fn every_failure_has_its_error_name() {
    let aws = aws(json!({ "Tags": { "team": "billing" } }));
    for (action, code, name) in [
        ("dynamodb:TagResource", "ThrottlingException", ErrorName::Throttled),
        ("dynamodb:ListTagsOfResource", "AccessDeniedException", ErrorName::AccessDenied),
        ("dynamodb:ListTagsOfResource", "ValidationException", ErrorName::RequestRefused),
        ("dynamodb:DescribeTable", "ResourceNotFoundException", ErrorName::TargetTableMissing),
    ] {
        aws.refuse(action, code);
        assert_eq!(apply(&aws, "Tags", 60, false).await.unwrap_err().name, name, "{action}");
    }
    aws.response("s3:GET", |_| (503, json!("<Error><Code>SlowDown</Code></Error>")));
    assert_eq!(apply(&aws, "Tags", 60, false).await.unwrap_err().name, ErrorName::Throttled);
    aws.response("s3:GET", |_| (200, json!("[]")));
    let failure = apply(&aws, "Tags", 60, false).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::InvalidSettingsDocument);
    assert!(failure.message.starts_with("s3://bucket/syncs/sync-1.json is not"), "{failure}");
}

#[tokio::test]
async fn a_day_of_updates_takes_at_most_a_thousand_polls() {
    let aws = aws(json!({ "Stream": { "StreamViewType": "NEW_IMAGE" } }));
    aws.set("copy", "TableStatus", json!("UPDATING"));
    for age in [0, 80_000] {
        let output = apply_until(&aws, "Stream", age, false, "1970-01-02T00:00:00Z").await.unwrap();
        assert_eq!((&output["status"], &output["waitSeconds"]), (&json!("PENDING"), &json!(86)));
    }
}
