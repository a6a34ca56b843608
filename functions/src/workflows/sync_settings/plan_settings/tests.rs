//! Tests of the plan. The tests of [`tablekeeper_core::settings::sync::source`] cover where the settings are taken
//! from.

use chrono::DateTime;
use serde_json::{Value, json};
use tablekeeper_core::testing::fake_aws::{FakeAws, arn};

use super::*;
use crate::step::AnyStep;

mod input;

const STREAM: &str = "StreamSpecification";

/// Returns a table `orders`, and an equal table `copy` that was restored from it.
fn aws() -> FakeAws {
    FakeAws::default().with_table("orders").with_table("copy")
}

/// Returns the input for a table `copy` that replaces the table `orders`, as a poll of its restore reported, with these
/// settings switched on.
fn input(switched_on: &[&str]) -> Value {
    let enabled = SettingName::ALL.iter().map(|name| {
        let on = if switched_on.contains(&name.as_str()) { "true" } else { "false" };
        (name.as_str().to_owned(), json!(on))
    });
    json!({
        "executionArn": "arn:aws:states:eu-west-1:123456789012:execution:sync-settings:sync-1",
        "executionInput": { "Target": "copy" },
        "startedAt": "1970-01-01T00:00:00Z",
        "restoreSummary": { "SourceBackupArn": null, "SourceTableArn": arn("orders"),
            "RestoreDateTime": "1970-01-01T00:33:20Z", "RestoreInProgress": true },
        "profile": "replacement",
        "enabled": enabled.collect::<serde_json::Map<_, _>>(),
        "removeExtra": "false", "settingTimeoutMinutes": "90", "sourceRoleArn": "",
        "settingsBucket": "bucket"
    })
}

async fn run(aws: &FakeAws, input: Value) -> Result<Value, Failure> {
    let now = Clock::Fixed(DateTime::from_timestamp(60, 0).unwrap());
    let step = PlanSettings { clock: now, ..PlanSettings::new(&aws.clients()).unwrap() };
    step.run_json(input).await
}

async fn plan(aws: &FakeAws, switched_on: &[&str]) -> Value {
    run(aws, input(switched_on)).await.unwrap()
}

/// Returns the outcome of each setting that is not skipped, with its details.
fn outcomes(output: &Value) -> Vec<(String, String)> {
    let reports: Vec<SettingReport> = serde_json::from_value(output["settings"].clone()).unwrap();
    assert_eq!(reports.len(), SettingName::ALL.len(), "there is a report for each setting");
    let reported = reports.into_iter().filter(|report| report.outcome != Outcome::Skipped);
    reported.map(|report| (report.setting.to_string(), report.to_text())).collect()
}

#[tokio::test]
async fn a_plan_names_source_target_document_and_differences() {
    let aws = aws().with_tag("orders", "team", "billing").with_tag("copy", "own", "1");
    let output = plan(&aws, &["Tags", "DeletionProtection"]).await;
    assert_eq!(
        output["plan"],
        json!({
            "source": arn("orders"), "target": arn("copy"),
            "settingsFrom": { "Kind": "LiveTable", "Name": arn("orders"),
                "CapturedAt": "1970-01-01T00:01:00Z" },
            "document": { "bucket": "bucket", "key": "syncs/sync-1.json" }, "removeExtra": false,
            "startedAt": "1970-01-01T00:00:00Z", "deadline": "1970-01-01T01:30:00Z"
        })
    );
    assert_eq!(output["changes"], json!([{ "setting": "Tags" }]));
    assert_eq!(
        output["settings"][0],
        json!({ "Setting": "Tags", "Outcome": "PLANNED", "Changes": ["set tag team = billing"],
            "Notes": ["left as it is; RemoveExtra would remove tag own"], "Reason": null })
    );
    assert_eq!(output["settings"][1]["Reason"], "it is switched off");
    assert_eq!(outcomes(&output)[1].1, "DeletionProtection: unchanged");
    let document: Value = serde_json::from_str(&aws.state().objects["syncs/sync-1.json"]).unwrap();
    let settings = json!({ "Tags": { "team": "billing" }, "DeletionProtection": false });
    assert_eq!(
        document,
        json!({ "Version": 1, "TableArn": arn("orders"), "TableId": "id-of-orders",
            "CapturedAt": "1970-01-01T00:01:00Z", "Settings": settings })
    );
}

#[tokio::test]
async fn a_repeated_plan_is_the_same_under_the_same_key() {
    let aws = aws().with_tag("orders", "team", "billing");
    let first = plan(&aws, &["Tags"]).await;
    assert_eq!(plan(&aws, &["Tags"]).await, first);
    assert_eq!(aws.state().objects.len(), 1);
}

#[tokio::test]
async fn equal_tables_need_no_changes() {
    let all: Vec<&str> = SettingName::ALL.iter().map(|name| name.as_str()).collect();
    let output = plan(&aws(), &all).await;
    assert_eq!(output["changes"], json!([]));
    for (setting, text) in outcomes(&output) {
        assert_eq!(text, format!("{setting}: unchanged"));
    }
}

#[tokio::test]
async fn an_unreadable_setting_of_the_source_fails_and_the_others_are_planned() {
    let aws = aws().with_tag("orders", "team", "billing");
    aws.set("orders", "DeletionProtectionEnabled", json!(true));
    aws.response("dynamodb:ListTagsOfResource", |call| match call.input["ResourceArn"] == arn("orders") {
        true => tablekeeper_core::testing::fake_aws::refusal("AccessDeniedException"),
        false => (200, json!({})),
    });
    let output = plan(&aws, &["Tags", "DeletionProtection"]).await;
    assert_eq!(output["changes"], json!([{ "setting": "DeletionProtection" }]));
    let (_, text) = &outcomes(&output)[0];
    let why = "it cannot be read: AccessDenied: dynamodb:ListTagsOfResource failed";
    assert!(text.starts_with(&format!("Tags: failed ({why}")), "{text}");
}

#[tokio::test]
async fn an_unreadable_setting_of_the_target_fails_too() {
    let aws = aws();
    aws.response("dynamodb:DescribeTimeToLive", |call| match call.input["TableName"] == "copy" {
        true => tablekeeper_core::testing::fake_aws::refusal("ValidationException"),
        false => (200, json!({})),
    });
    let output = plan(&aws, &["TimeToLive", "Tags"]).await;
    assert_eq!(outcomes(&output)[0].1, "Tags: unchanged");
    let (_, text) = &outcomes(&output)[1];
    assert!(text.starts_with("TimeToLive: failed (RequestRefused: dynamodb:DescribeTimeToLive"), "{text}");
}

#[tokio::test]
async fn a_transient_error_fails_the_step() {
    let aws = aws();
    for (code, name) in
        [("ThrottlingException", ErrorName::Throttled), ("ResourceInUseException", ErrorName::ResourceBusy)]
    {
        aws.refuse("dynamodb:ListTagsOfResource", code);
        assert_eq!(run(&aws, input(&["Tags"])).await.unwrap_err().name, name);
    }
    aws.response("dynamodb:ListTagsOfResource", |_| (500, json!({})));
    let failure = run(&aws, input(&["Tags"])).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::ServiceUnavailable);
}

/// Returns a source with a stream that triggers a function.
fn with_trigger() -> FakeAws {
    let aws = aws();
    let stream = format!("{}/stream/2026", arn("orders"));
    aws.set("orders", STREAM, json!({ "StreamEnabled": true, "StreamViewType": "NEW_IMAGE" }));
    aws.set("orders", "LatestStreamArn", json!(stream));
    let function = "arn:aws:lambda:eu-west-1:123456789012:function:index";
    let mapping = json!({ "UUID": "id", "FunctionArn": function, "State": "Enabled" });
    aws.response("lambda:GET", move |_| (200, json!({ "EventSourceMappings": [mapping] })));
    aws
}

#[tokio::test]
async fn triggers_are_planned_for_a_stream_that_is_not_enabled_yet() {
    let output = plan(&with_trigger(), &["Stream", "LambdaTriggers"]).await;
    assert_eq!(output["changes"], json!([{ "setting": "Stream" }, { "setting": "LambdaTriggers" }]));
    let output = plan(&with_trigger(), &["LambdaTriggers"]).await;
    assert_eq!(output["changes"], json!([]), "no stream comes where that is switched off");
    let report =
        output["settings"].as_array().unwrap().iter().find(|setting| setting["Setting"] == "LambdaTriggers");
    assert_eq!(report.unwrap()["Outcome"], "SKIPPED");
    assert!(report.unwrap()["Reason"].as_str().unwrap().starts_with("the target has no stream"));
}
