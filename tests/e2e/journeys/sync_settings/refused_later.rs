//! Settings that AWS refuses after its response, or for weeks. The report has AWS's message, and the other settings are
//! copied.

use aws_sdk_dynamodb::types::{
    ApproximateCreationDateTimePrecision, ContributorInsightsMode, StreamViewType, TableClass,
};
use serde_json::json;
use tablekeeper_core::error_name::ErrorName;
use tablekeeper_tests::Deployed;
use tablekeeper_tests::harness::deployed::stack;
use tablekeeper_tests::harness::run::Execution;
use tablekeeper_tests::workflows::sync_settings::tables::{
    Billing, insights, kinesis, make_table, stream, tag, until_active,
};
use tablekeeper_tests::workflows::sync_settings::{SOURCE, TARGET, workflow};

use super::as_read::AsRead;
use super::support::{report, restore_to, run};

/// Creates [`SOURCE`] with tags and restores it to [`TARGET`].
async fn restored() -> Deployed {
    let deployed = Deployed::new(&workflow()).await;
    make_table(&deployed, SOURCE, &[], Billing::OnDemand).await;
    tag(&deployed, SOURCE, 2).await;
    restore_to(&deployed, TARGET).await;
    until_active(&deployed, TARGET).await;
    deployed
}

/// Runs a sync that fails because one setting is not equal.
async fn refused(deployed: &Deployed, name: &str) -> Execution {
    let execution = run(deployed, name, &json!({ "Source": SOURCE, "Target": TARGET })).await;
    assert_eq!(execution.error.as_deref(), Some(ErrorName::SettingsNotEqual.as_str()), "{execution:?}");
    let target = AsRead::read(deployed, TARGET).await;
    assert_eq!(target.tags.len(), 2, "the other settings are copied");
    execution
}

fn cause(execution: &Execution) -> &str {
    execution.cause.as_deref().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_without_write_permission_is_reported_and_enabled_by_a_later_sync() {
    let deployed = restored().await;
    kinesis(&deployed, SOURCE, "changes", ApproximateCreationDateTimePrecision::Millisecond).await;
    let proxy = stack().await.aws.proxy();
    let reason = "User does not have a permission to use kinesis stream";
    proxy.fail_destinations(&deployed.account, Some(reason.to_owned()));
    let execution = refused(&deployed, "denied").await;
    assert!(cause(&execution).contains(&format!("ENABLE_FAILED: {reason}")), "{}", cause(&execution));
    proxy.fail_destinations(&deployed.account, None);
    let again = run(&deployed, "permitted", &json!({ "Source": SOURCE, "Target": TARGET })).await;
    report(&again);
}

#[tokio::test(flavor = "multi_thread")]
async fn insights_beyond_the_quota_of_rules_are_reported() {
    let deployed = restored().await;
    insights(&deployed, SOURCE, None, ContributorInsightsMode::ThrottledKeys).await;
    let reason = "Amazon CloudWatch Contributor Insights rule limit reached.";
    stack().await.aws.proxy().fail_insights(&deployed.account, Some(reason.to_owned()));
    let execution = refused(&deployed, "full").await;
    let reported = format!("FAILED: LimitExceededException: {reason}");
    assert!(cause(&execution).contains(&reported), "{}", cause(&execution));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_third_class_in_thirty_days_is_refused_at_once_with_the_quota() {
    let deployed = restored().await;
    let class = async |table: &str, class: TableClass| {
        deployed.dynamodb.update_table().table_name(table).table_class(class).send().await.unwrap();
        until_active(&deployed, table).await;
    };
    class(SOURCE, TableClass::StandardInfrequentAccess).await;
    class(TARGET, TableClass::StandardInfrequentAccess).await;
    class(TARGET, TableClass::Standard).await;
    // Another setting that waits for the table as well and gets its turn.
    stream(&deployed, SOURCE, StreamViewType::KeysOnly).await;
    let execution = refused(&deployed, "spent").await;
    let quota = "Updates to TableClass are limited to 2 times in 30 day(s).";
    assert!(cause(&execution).contains(quota), "{}", cause(&execution));
    assert!(!cause(&execution).contains("not by"), "it was not waited for: {}", cause(&execution));
}
