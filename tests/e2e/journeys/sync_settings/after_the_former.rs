//! Tests a table that the former sync has synced: what it copied stays unchanged, and the rest is made equal.

use aws_sdk_dynamodb::types::{ApproximateCreationDateTimePrecision, StreamViewType};
use serde_json::json;
use tablekeeper_core::settings::SettingName;
use tablekeeper_core::settings::report::Outcome;
use tablekeeper_tests::Deployed;
use tablekeeper_tests::workflows::sync_settings::tables::{
    Billing, kinesis, recovery, stream, tag, time_to_live, trigger, until_active,
};
use tablekeeper_tests::workflows::sync_settings::{SOURCE, TARGET, restore, workflow};

use super::by_events::is_equal;
use super::support::{make_rich_source, report, run, with};

/// Applies what the former sync did to a restored table. It copied tags, stream and Time to Live unchanged, recovery
/// without its period, and the Kinesis stream without its precision. It enabled all triggers, whatever the source's
/// were.
async fn sync_as_before(deployed: &Deployed) {
    until_active(deployed, TARGET).await;
    tag(deployed, TARGET, 12).await;
    let stream = stream(deployed, TARGET, StreamViewType::NewAndOldImages).await;
    trigger(deployed, &stream, deployed.output("StartFunctionName"), true).await;
    kinesis(deployed, TARGET, "changes", ApproximateCreationDateTimePrecision::Millisecond).await;
    recovery(deployed, TARGET, 35).await;
    time_to_live(deployed, TARGET, "expires", true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_former_sync_copied_is_unchanged_and_the_rest_is_made_equal() {
    let deployed = Deployed::new(&workflow()).await;
    make_rich_source(&deployed, Billing::Provisioned).await;
    restore(&deployed).await;
    sync_as_before(&deployed).await;
    let execution = run(&deployed, "moved", &json!({ "Source": SOURCE, "Target": TARGET })).await;
    let report = report(&execution);
    let unchanged =
        [SettingName::Tags, SettingName::Stream, SettingName::OnDemandThroughput, SettingName::TimeToLive];
    assert_eq!(with(&report, Outcome::Unchanged), unchanged, "{report:?}");
    let others: Vec<_> = SettingName::ALL.iter().copied().filter(|name| !unchanged.contains(name)).collect();
    assert_eq!(with(&report, Outcome::Applied), others, "{report:?}");
    is_equal(&deployed, TARGET).await;
}
