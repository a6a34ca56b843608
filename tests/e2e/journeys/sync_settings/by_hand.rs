//! Executions that a person starts.

use std::time::Duration;

use aws_sdk_dynamodb::types::StreamViewType;
use local_aws::{Call, Fault};
use serde_json::{Value, json};
use tablekeeper_core::settings::SettingName;
use tablekeeper_core::settings::report::Outcome;
use tablekeeper_tests::workflows::sync_settings::tables::{
    Billing, alarm, make_table, stream, stream_arn, trigger, until_active,
};
use tablekeeper_tests::workflows::sync_settings::{SOURCE, TARGET, inject, restore, workflow};
use tablekeeper_tests::{Deployed, stack};

use super::as_read::AsRead;
use super::support::{
    deployed_with, make_plain_source, make_rich_source, of, report, run, settings_of, with,
};

/// The time until the table can be used, which is longer than the time limit of the settings.
const TABLE_TAKES: Duration = Duration::from_secs(8);
const SETTINGS_TAKE: Duration = Duration::from_secs(6);

/// Returns whether the call only reads, or writes the document of a sync.
fn changes_nothing(call: &Call) -> bool {
    call.only_reads() || call.action == "s3:PutObject"
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_sync_changes_nothing() {
    let deployed = deployed_with(&[("EnableAlarmSettings", "false")]).await;
    let proxy = stack().await.aws.proxy();
    make_rich_source(&deployed, Billing::Provisioned).await;
    restore(&deployed).await;
    proxy.forget_calls(&deployed.account);
    let input = json!({ "Source": SOURCE, "Target": TARGET });
    report(&run(&deployed, "first", &input).await);
    let of_steps = || proxy.calls(&deployed.account).into_iter().filter(|call| call.step.is_some());
    assert!(!of_steps().all(|call| changes_nothing(&call)), "the first sync did change something");
    let before = settings_of(&deployed, TARGET).await;

    proxy.forget_calls(&deployed.account);
    let second = run(&deployed, "second", &input).await;
    let report = report(&second);
    let switched_off = of(&report, SettingName::Alarms);
    assert_eq!(switched_off.reason.as_deref(), Some("it is switched off"));
    assert_eq!(with(&report, Outcome::Skipped), [SettingName::Alarms]);
    assert_eq!(with(&report, Outcome::Unchanged).len(), SettingName::ALL.len() - 1, "{report:?}");
    let calls: Vec<Call> = of_steps().collect();
    let made: Vec<&Call> = calls.iter().filter(|call| !changes_nothing(call)).collect();
    assert!(made.is_empty(), "{made:?}");
    assert_eq!(calls.iter().filter(|call| call.action == "s3:PutObject").count(), 1);
    assert!(!second.entered.contains(&"Apply Setting".to_owned()), "{:?}", second.entered);
    assert_eq!(settings_of(&deployed, TARGET).await, before);
    let list = deployed.s3.list_objects_v2().bucket(deployed.output("SettingsBucketName"));
    let mut keys: Vec<_> =
        list.send().await.unwrap().contents().iter().filter_map(|object| object.key.clone()).collect();
    keys.sort();
    assert_eq!(keys, ["syncs/first.json", "syncs/second.json"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setting_that_the_input_disables_is_left_unchanged() {
    let deployed = Deployed::new(&workflow()).await;
    make_plain_source(&deployed).await;
    restore(&deployed).await;
    let input = json!({ "Source": SOURCE, "Target": TARGET, "Settings": { "Tags": false } });
    let report = report(&run(&deployed, "without-tags", &input).await);
    let tags = of(&report, SettingName::Tags);
    assert_eq!((tags.outcome, tags.reason.as_deref()), (Outcome::Skipped, Some("it is switched off")));
    let (source, target) = (AsRead::read(&deployed, SOURCE).await, AsRead::read(&deployed, TARGET).await);
    assert_eq!((source.tags.len(), target.tags.len()), (3, 0));
    assert_eq!(target, AsRead { tags: target.tags.clone(), ..source }, "everything else was copied");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_misspelt_setting_is_refused_with_a_list_of_the_existing_ones() {
    let deployed = Deployed::new(&workflow()).await;
    make_plain_source(&deployed).await;
    restore(&deployed).await;
    let input = json!({ "Source": SOURCE, "Target": TARGET, "Settings": { "Tag": false } });
    let execution = run(&deployed, "misspelt", &input).await;
    assert_eq!(execution.entered.last().unwrap(), "Input Refused", "{execution:?}");
    assert_eq!(execution.error.as_deref(), Some("InvalidInput"));
    let cause: Value = serde_json::from_str(&execution.cause.unwrap()).unwrap();
    let message = cause["errorMessage"].as_str().unwrap();
    assert!(message.contains("`Tag`"), "{message}");
    for name in SettingName::ALL {
        assert!(message.contains(&format!("`{name}`")), "{name} is not named: {message}");
    }
    assert_eq!(stream_arn(&deployed, TARGET).await, None, "nothing was changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_another_view_is_replaced_with_its_triggers() {
    let deployed = Deployed::new(&workflow()).await;
    make_table(&deployed, SOURCE, &[], Billing::OnDemand).await;
    restore(&deployed).await;
    until_active(&deployed, TARGET).await;
    let function = deployed.output("StartFunctionName");
    for (table, view) in [(SOURCE, StreamViewType::NewImage), (TARGET, StreamViewType::KeysOnly)] {
        let stream = stream(&deployed, table, view).await;
        trigger(&deployed, &stream, function, false).await;
    }
    let report =
        report(&run(&deployed, "another-view", &json!({ "Source": SOURCE, "Target": TARGET })).await);
    assert_eq!(with(&report, Outcome::Applied), [SettingName::Stream, SettingName::LambdaTriggers]);
    let as_read = AsRead::read(&deployed, TARGET).await;
    assert_eq!(as_read, AsRead::read(&deployed, SOURCE).await);
    assert_eq!(as_read.triggers.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_that_watches_something_else_does_not_lose_its_name() {
    let deployed = Deployed::new(&workflow()).await;
    make_table(&deployed, SOURCE, &[], Billing::OnDemand).await;
    restore(&deployed).await;
    alarm(&deployed, SOURCE, "orders-slow", 1.0).await;
    alarm(&deployed, "another-table", "orders-restored-slow", 7.0).await;
    let execution = run(&deployed, "taken", &json!({ "Source": SOURCE, "Target": TARGET })).await;
    assert_eq!(execution.error.as_deref(), Some("SettingsNotEqual"), "{execution:?}");
    let cause = execution.cause.unwrap();
    assert!(
        cause.contains("an alarm orders-restored-slow already exists and watches something else"),
        "{cause}"
    );
    let alarms =
        deployed.cloudwatch.describe_alarms().alarm_names("orders-restored-slow").send().await.unwrap();
    assert_eq!(alarms.metric_alarms()[0].threshold(), Some(7.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_limit_of_the_settings_starts_when_the_table_can_be_used() {
    let deployed = Deployed::new(&workflow()).await;
    make_plain_source(&deployed).await;
    restore(&deployed).await;
    inject(&deployed, "sync-settings.check-table", "dynamodb:DescribeTable", 1, Fault::Delay(TABLE_TAKES))
        .await;
    // The sync waits for the UpdateTable of the stream.
    let input =
        json!({ "Source": SOURCE, "Target": TARGET, "SettingTimeoutSeconds": SETTINGS_TAKE.as_secs() });
    let execution = run(&deployed, "late", &input).await;
    assert!(execution.entered.contains(&"Wait for Setting".to_owned()), "{:?}", execution.entered);
    assert_eq!(of(&report(&execution), SettingName::Stream).outcome, Outcome::Applied);
}
