//! Tests of the input.

use super::*;

fn with(mut input: Value, field: &str, value: Value) -> Value {
    input["executionInput"][field] = value;
    input
}

/// Returns the input with one field changed.
fn set(mut input: Value, field: &str, value: Value) -> Value {
    input[field] = value;
    input
}

#[tokio::test]
async fn the_input_switches_settings_on_and_off() {
    let aws = aws().with_tag("orders", "team", "billing");
    aws.set("orders", "DeletionProtectionEnabled", json!(true));
    let switches = json!({ "Tags": true, "DeletionProtection": false });
    let output = run(&aws, with(input(&["DeletionProtection"]), "Settings", switches)).await.unwrap();
    assert_eq!(output["changes"], json!([{ "setting": "Tags" }]));
    let switches = json!({ "Tags": false });
    let output = run(&aws, with(input(&["Tags", "DeletionProtection"]), "Settings", switches)).await.unwrap();
    assert_eq!(output["changes"], json!([{ "setting": "DeletionProtection" }]));
    let calls = aws.calls("dynamodb:ListTagsOfResource").len();
    run(&aws, set(input(&[]), "enabled", json!({}))).await.unwrap();
    assert_eq!(aws.calls("dynamodb:ListTagsOfResource").len(), calls, "what is off is not read");
}

#[tokio::test]
async fn extras_are_removed_if_template_or_input_says_so() {
    let aws = aws().with_tag("copy", "own", "1");
    let removing = || set(input(&["Tags"]), "removeExtra", json!("true"));
    for (input, removed) in [
        (input(&["Tags"]), false),
        (removing(), true),
        (set(input(&["Tags"]), "removeExtra", json!("TRUE")), true),
        (set(input(&["Tags"]), "removeExtra", json!("FALSE")), false),
        (with(removing(), "RemoveExtra", json!(false)), false),
        (with(input(&["Tags"]), "RemoveExtra", json!(true)), true),
    ] {
        let output = run(&aws, input).await.unwrap();
        assert_eq!(output["plan"]["removeExtra"], removed);
        assert_eq!(output["changes"].as_array().unwrap().len(), usize::from(removed));
    }
}

#[tokio::test]
async fn the_source_comes_from_the_input_or_else_from_the_restore() {
    let aws = aws().with_table("archive").with_tag("archive", "of", "archive");
    for (source, expected) in [
        (Value::Null, arn("orders")),
        (json!("archive"), arn("archive")),
        (json!(arn("archive")), arn("archive")),
    ] {
        let output = run(&aws, with(input(&["Tags"]), "Source", source)).await.unwrap();
        assert_eq!(output["plan"]["source"], expected);
        assert_eq!(output["plan"]["settingsFrom"]["Name"], expected);
    }
}

#[tokio::test]
async fn a_table_that_was_not_restored_needs_a_source() {
    let unseen = || set(input(&[]), "restoreSummary", Value::Null);
    let failure = run(&aws(), unseen()).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::InvalidInput);
    assert_eq!(
        failure.message,
        "Source is missing: DynamoDB reports what table copy was restored from only until it is ACTIVE; give the name \
         of the table whose settings to copy, or a DynamoDB backup as BackupArn (a recovery point of AWS Backup does \
         not contain the name of its table)"
    );
    let aws = aws().with_backup("orders", "1970-01-01T00:30:00Z");
    let backup = aws.state().backups[0]["BackupArn"].clone();
    for input in [with(unseen(), "Source", json!("orders")), with(unseen(), "BackupArn", backup)] {
        let output = run(&aws, input).await.unwrap();
        assert_eq!(
            output["plan"]["settingsFrom"],
            json!({ "Kind": "LiveTable", "Name": arn("orders"),
            "CapturedAt": "1970-01-01T00:01:00Z" })
        );
    }
}

#[tokio::test]
async fn a_copy_gets_settings_that_act_on_others_only_by_name() {
    let (copy, replacement) = (json!("copy"), json!("replacement"));
    let aws = aws();
    let time_to_live =
        json!({ "TimeToLiveDescription": { "TimeToLiveStatus": "ENABLED", "AttributeName": "until" } });
    aws.response("dynamodb:DescribeTimeToLive", move |call| match call.input["TableName"] == "copy" {
        true => (200, json!({})),
        false => (200, time_to_live.clone()),
    });
    let on = |profile: &Value| set(input(&["TimeToLive"]), "profile", profile.clone());
    for (input, carried) in [
        (on(&copy), false),
        (on(&replacement), true),
        (with(on(&copy), "Profile", replacement.clone()), true),
        (with(on(&replacement), "Profile", copy.clone()), false),
        (with(on(&copy), "Settings", json!({ "TimeToLive": true })), true),
    ] {
        let output = run(&aws, input).await.unwrap();
        let report = &output["settings"].as_array().unwrap()[13];
        let outcome = if carried { "PLANNED" } else { "SKIPPED" };
        assert_eq!((&report["Setting"], &report["Outcome"]), (&json!("TimeToLive"), &json!(outcome)));
        let reason = report["Reason"].as_str().unwrap_or_default();
        assert_eq!(reason.starts_with("a copy must not act on other resources"), !carried, "{reason}");
    }
}

#[tokio::test]
async fn the_setting_timeout_starts_after_a_plan_that_took_hours() {
    let made_at = async |seconds: i64| {
        let clock = Clock::Fixed(DateTime::from_timestamp(seconds, 0).unwrap());
        let step = PlanSettings { clock, ..PlanSettings::new(&aws().clients()).unwrap() };
        let plan = step.run_json(input(&["Tags"])).await.unwrap()["plan"].clone();
        (plan["startedAt"].clone(), plan["deadline"].clone())
    };
    assert_eq!(made_at(300).await, (json!("1970-01-01T00:00:00Z"), json!("1970-01-01T01:30:00Z")));
    assert_eq!(made_at(7_200).await, (json!("1970-01-01T02:00:00Z"), json!("1970-01-01T03:30:00Z")));
}

#[tokio::test]
async fn a_table_is_not_its_own_source() {
    for source in [json!("copy"), json!(arn("copy"))] {
        let failure = run(&aws(), with(input(&[]), "Source", source)).await.unwrap_err();
        assert_eq!(failure.name, ErrorName::InvalidInput);
        assert!(failure.message.starts_with("Source is the target itself, `"), "{failure}");
    }
}

#[tokio::test]
async fn an_invalid_input_is_rejected_before_any_call() {
    let minutes = |minutes: &str| set(input(&[]), "settingTimeoutMinutes", json!(minutes));
    for (input, expected) in [
        (minutes("0"), "SettingTimeoutMinutes is `0`; it must be between 1 and 1440"),
        (minutes("1441"), "SettingTimeoutMinutes is `1441`"),
        (minutes("an hour"), "SettingTimeoutMinutes is `an hour`"),
        (with(input(&[]), "Target", json!("a/b")), "Target is `a/b`"),
        (set(input(&[]), "enabled", json!({ "Tags": "yes" })), "unknown variant `yes`"),
        (set(input(&[]), "enabled", json!({ "Tag": "true" })), "unknown variant `Tag`"),
    ] {
        let aws = aws();
        let failure = run(&aws, input).await.unwrap_err();
        assert_eq!(failure.name, ErrorName::InvalidInput);
        assert!(failure.message.contains(expected), "{failure}");
        assert!(aws.state().calls.is_empty());
    }
    for longest in ["1", "1440"] {
        run(&aws(), minutes(longest)).await.unwrap();
    }
}

#[tokio::test]
async fn a_missing_table_or_forbidden_write_has_its_error_name() {
    let failure = run(&FakeAws::default(), input(&[])).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::TargetTableMissing);
    let aws = aws();
    aws.response("s3:PUT", |_| (403, json!("<Error><Code>AccessDenied</Code></Error>")));
    let failure = run(&aws, input(&[])).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::AccessDenied);
    assert!(failure.message.starts_with("s3:PutObject failed"), "{failure}");
}

#[tokio::test]
async fn a_role_is_assumed_only_for_a_source_in_another_account() {
    let theirs = "arn:aws:dynamodb:eu-west-1:210987654321:table/orders";
    let (template, other) = ("arn:aws:iam::210987654321:role/read", "arn:aws:iam::210987654321:role/other");
    for (source, of_the_input, assumed) in [
        ("orders", Value::Null, None),
        ("orders", json!(other), None),
        (theirs, Value::Null, Some(template)),
        (theirs, json!(""), Some(template)),
        (theirs, json!(other), Some(other)),
    ] {
        let aws = aws();
        let input = with(with(input(&[]), "Source", json!(source)), "SourceRoleArn", of_the_input);
        let failed = run(&aws, set(input, "sourceRoleArn", json!(template))).await.is_err();
        let calls = aws.calls("sts:AssumeRole");
        let asked = calls.first().map(|call| call.form("RoleArn"));
        assert_eq!((asked.as_deref(), failed), (assumed, assumed.is_some()), "{source}");
    }
}

#[tokio::test]
async fn a_forbidden_role_fails_at_once_and_a_throttled_one_is_retried() {
    let theirs = "arn:aws:dynamodb:eu-west-1:210987654321:table/orders";
    for (status, code, name) in [
        (403, "AccessDenied", ErrorName::AccessDenied),
        (400, "Throttling", ErrorName::Throttled),
        (500, "InternalFailure", ErrorName::ServiceUnavailable),
    ] {
        let aws = aws();
        let error =
            format!("<ErrorResponse><Error><Code>{code}</Code><Message>so</Message></Error></ErrorResponse>");
        aws.response("sts:AssumeRole", move |_| (status, json!(error)));
        let input = with(with(input(&[]), "Source", json!(theirs)), "SourceRoleArn", Value::Null);
        let role = json!("arn:aws:iam::210987654321:role/read");
        let failure = run(&aws, set(input, "sourceRoleArn", role)).await.unwrap_err();
        assert_eq!(failure.name, name, "{code}: {}", failure.message);
    }
}
