use chrono::DateTime;
use serde_json::{Value, json};
use tablekeeper_core::testing::fake_aws::{FakeAws, arn};

use super::*;
use crate::step::AnyStep;

const DOCUMENT: &str = "syncs/sync-1.json";

/// Returns a source with these settings, and a target `copy`.
fn aws(settings: Value) -> FakeAws {
    let document = json!({ "Version": 1, "TableArn": arn("orders"), "TableId": null,
        "CapturedAt": "1970-01-01T00:00:00Z", "Settings": settings });
    FakeAws::default().with_table("copy").with_object(DOCUMENT, document)
}

fn report(setting: &str, outcome: &str, reason: Option<&str>) -> Value {
    json!({ "Setting": setting, "Outcome": outcome, "Changes": [], "Notes": ["a note"], "Reason": reason })
}

/// Verifies a sync that began at 0 s, may take until 3,600 s, and is `age` seconds old.
async fn verify(aws: &FakeAws, age: i64, settings: Value, results: Value) -> Result<Value, Failure> {
    let clients = aws.clients();
    let now = Clock::Fixed(DateTime::from_timestamp(age, 0).unwrap());
    let step = VerifySettings { clock: now, ..VerifySettings::new(&clients).unwrap() };
    let plan = json!({
        "source": arn("orders"), "target": arn("copy"),
        "settingsFrom": { "Kind": "LiveTable", "Name": arn("orders"), "CapturedAt": "1970-01-01T00:00:00Z" },
        "document": { "bucket": "bucket", "key": DOCUMENT }, "removeExtra": false,
        "startedAt": "1970-01-01T00:00:00Z", "deadline": "1970-01-01T01:00:00Z"
    });
    let arn = "arn:aws:states:eu-west-1:123456789012:execution:sync-settings:sync-1";
    step.run_json(json!({ "executionArn": arn, "plan": plan, "settings": settings, "results": results }))
        .await
}

#[tokio::test]
async fn equal_settings_are_reported_with_their_outcome() {
    let settings = json!({ "Tags": { "team": "billing" }, "DeletionProtection": false });
    let aws = aws(settings).with_tag("copy", "team", "billing");
    let planned = json!([
        report("Tags", "PLANNED", None),
        report("Alarms", "SKIPPED", Some("it is switched off")),
        report("DeletionProtection", "UNCHANGED", None),
    ]);
    let results = json!([{ "setting": "Tags", "refused": [] }]);
    let output = verify(&aws, 60, planned, results).await.unwrap();
    assert_eq!(
        output,
        json!({ "status": "EQUAL", "report": {
            "Source": arn("orders"), "Target": arn("copy"),
            "SettingsFrom": { "Kind": "LiveTable", "Name": arn("orders"),
                "CapturedAt": "1970-01-01T00:00:00Z" },
            "Settings": [
                report("Tags", "APPLIED", None),
                report("Alarms", "SKIPPED", Some("it is switched off")),
                report("DeletionProtection", "UNCHANGED", None),
            ],
        } })
    );
    assert!(aws.calls("cloudwatch:DescribeAlarms").is_empty(), "what was skipped is not read");
}

#[tokio::test]
async fn a_lagging_setting_is_pending_until_the_deadline_and_then_fails() {
    let aws = aws(json!({ "Tags": { "team": "billing" }, "DeletionProtection": true }));
    let planned = || {
        json!([
            report("Tags", "PLANNED", None),
            report("Alarms", "SKIPPED", Some("it is switched off")),
            report("DeletionProtection", "PLANNED", None),
        ])
    };
    for (age, wait) in [(0, 60), (120, 100), (3_599, 2)] {
        let output = verify(&aws, age, planned(), json!([])).await.unwrap();
        assert_eq!((&output["status"], &output["waitSeconds"]), (&json!("PENDING"), &json!(wait)));
        assert_eq!(output["reason"], "Tags still differs: set tag team = billing");
    }
    let failure = verify(&aws, 3_600, planned(), json!([])).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::SettingsNotEqual);
    let lines: Vec<&str> = failure.message.lines().collect();
    assert_eq!(lines[0], format!("the settings of {} are not those of {}", arn("copy"), arn("orders")));
    assert_eq!(
        lines[1..],
        [
            "Tags: failed (Tags still differs: set tag team = billing)",
            "Alarms: skipped (it is switched off)",
            "DeletionProtection: failed (DeletionProtection still differs: protect the table from deletion)",
        ]
    );
}

#[tokio::test]
async fn a_refused_change_is_not_waited_for() {
    let aws = aws(json!({ "Tags": { "team": "billing", "stage": "prod" } }));
    let planned = json!([report("Tags", "PLANNED", None)]);
    let results = json!([{ "setting": "Tags", "refused": ["set tag team = billing: no", "and no"] }]);
    let failure = verify(&aws, 0, planned, results).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::SettingsNotEqual);
    let line = "Tags: failed (refused: set tag team = billing: no; and no)";
    assert_eq!(failure.message.lines().nth(1), Some(line));
}

#[tokio::test]
async fn a_refused_setting_that_ends_equal_is_applied() {
    let aws = aws(json!({ "Tags": { "team": "billing" } })).with_tag("copy", "team", "billing");
    let results = json!([{ "setting": "Tags", "refused": ["not applied by then"] }]);
    let output = verify(&aws, 60, json!([report("Tags", "PLANNED", None)]), results).await.unwrap();
    assert_eq!(output["report"]["Settings"][0]["Outcome"], "APPLIED");
}

#[tokio::test]
async fn a_setting_that_failed_in_the_plan_stays_failed() {
    let planned = json!([report("Tags", "FAILED", Some("it cannot be read: AccessDenied"))]);
    let failure = verify(&aws(json!({ "Tags": {} })), 0, planned, json!([])).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::SettingsNotEqual);
    assert!(failure.message.ends_with("Tags: failed (it cannot be read: AccessDenied)"), "{failure}");
}

#[tokio::test]
async fn an_unreadable_setting_fails_and_a_changed_one_lags() {
    let aws = aws(json!({ "Tags": { "team": "billing" }, "DeletionProtection": true }));
    aws.refuse("dynamodb:ListTagsOfResource", "AccessDeniedException");
    let planned = json!([report("Tags", "UNCHANGED", None)]);
    let failure = verify(&aws, 0, planned, json!([])).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::SettingsNotEqual);
    assert!(failure.message.contains("Tags: failed (AccessDenied: dynamodb:ListTags"), "{failure}");
    let protection = json!([report("DeletionProtection", "UNCHANGED", None)]);
    assert_eq!(verify(&aws, 0, protection, json!([])).await.unwrap()["status"], "PENDING");
}

#[tokio::test]
async fn a_setting_that_cannot_be_copied_is_no_difference() {
    let aws = aws(json!({ "Tags": { "aws:cloudformation:stack-name": "s" } })).with_tag("copy", "own", "1");
    let planned = json!([report("Tags", "UNCHANGED", None)]);
    assert_eq!(verify(&aws, 0, planned, json!([])).await.unwrap()["status"], "EQUAL");
}

#[tokio::test]
async fn a_report_too_long_for_an_error_is_cut() {
    let settings = SettingName::ALL.iter().map(|name| SettingReport::failed(*name, "ü".repeat(2_000)));
    let settings_from = serde_json::from_value(
        json!({ "Kind": "Backup", "Name": "b", "CapturedAt": "1970-01-01T00:00:00Z" }),
    );
    let report = Report {
        source: "s".repeat(10_000),
        target: "t".to_owned(),
        settings_from: settings_from.unwrap(),
        settings: settings.collect(),
    };
    assert_eq!(report.to_text().chars().count(), 20_001);
}

#[tokio::test]
async fn every_failure_has_its_error_name() {
    let aws = aws(json!({ "Tags": {} }));
    for (action, code, name) in [
        ("dynamodb:ListTagsOfResource", "ThrottlingException", ErrorName::Throttled),
        ("dynamodb:DescribeTable", "AccessDeniedException", ErrorName::AccessDenied),
        ("dynamodb:DescribeTable", "ResourceNotFoundException", ErrorName::TargetTableMissing),
    ] {
        aws.refuse(action, code);
        let planned = json!([report("Tags", "PLANNED", None)]);
        assert_eq!(verify(&aws, 0, planned, json!([])).await.unwrap_err().name, name, "{action}");
    }
    aws.response("s3:GET", |_| (200, json!("noise")));
    let failure = verify(&aws, 0, json!([]), json!([])).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::InvalidSettingsDocument);
}

#[tokio::test]
async fn a_setting_that_needs_a_refused_stream_fails_without_waiting() {
    let mapping = tablekeeper_core::settings::lambda_triggers::Mapping {
        function_arn: "arn:aws:lambda:eu-west-1:123456789012:function:index".to_owned(),
        ..Default::default()
    };
    let wanted = json!({ "Stream": { "StreamViewType": "NEW_IMAGE" }, "LambdaTriggers": [mapping] });
    let planned = json!([report("Stream", "PLANNED", None), report("LambdaTriggers", "PLANNED", None)]);
    let results = json!([
        { "setting": "Stream", "refused": ["enable the stream: AccessDenied"] },
        { "setting": "LambdaTriggers", "refused": [] },
    ]);
    let failure = verify(&aws(wanted), 0, planned, results).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::SettingsNotEqual);
    assert!(failure.message.contains("LambdaTriggers: failed (the target has no stream"), "{failure}");
}
