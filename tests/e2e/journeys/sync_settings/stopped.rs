//! Syncs that are stopped midway and started again.

use std::collections::BTreeMap;

use aws_sdk_sfn::types::ExecutionStatus;
use local_aws::{Call, Fault, Proxy, Rule};
use serde_json::json;
use tablekeeper_tests::harness::run::ended;
use tablekeeper_tests::workflows::sync_settings::tables::Billing;
use tablekeeper_tests::workflows::sync_settings::{SOURCE, workflow};
use tablekeeper_tests::{Deployed, stack, until};

use super::as_read::alarms;
use super::by_events::is_equal;
use super::support::{make_rich_source, report, restore_to, run, settings_of, start};

const APPLY: &str = "sync-settings.apply-setting";
const VERIFY: &str = "sync-settings.verify-settings";

fn calls_of(proxy: &Proxy, deployed: &Deployed, step: &str) -> Vec<Call> {
    let of_step = |call: &Call| call.step.as_deref() == Some(step);
    proxy.calls(&deployed.account).into_iter().filter(of_step).collect()
}

fn rule(deployed: &Deployed, step: &str, action: &str, from_ordinal: usize, fault: Fault) -> Rule {
    let (account, step, action) = (deployed.account.clone(), Some(step.to_owned()), action.to_owned());
    Rule { account, step, action, from_ordinal, times: usize::MAX, fault }
}

/// Returns the calls of apply-setting in a sync that is not stopped.
async fn undisturbed(deployed: &Deployed, proxy: &Proxy) -> Vec<Call> {
    make_rich_source(deployed, Billing::Provisioned).await;
    restore_to(deployed, "undisturbed").await;
    proxy.forget_calls(&deployed.account);
    report(&run(deployed, "undisturbed", &json!({ "Source": SOURCE, "Target": "undisturbed" })).await);
    is_equal(deployed, "undisturbed").await;
    let calls = calls_of(proxy, deployed, APPLY);
    assert!(calls.len() > 40, "too few calls to be stopped between: {calls:?}");
    calls
}

async fn stop(deployed: &Deployed, execution: &str) {
    deployed.sfn.stop_execution().execution_arn(execution).send().await.unwrap();
}

/// Checks that a second execution makes this target equal, and that the first one was stopped.
async fn is_made_equal_by_another(deployed: &Deployed, target: &str, first: &str) {
    report(&run(deployed, &format!("{target}-again"), &json!({ "Source": SOURCE, "Target": target })).await);
    is_equal(deployed, target).await;
    let expected = [format!("slow-{target}"), format!("{target}-throttled")];
    assert_eq!(alarms(deployed, target).await, expected.into());
    assert_eq!(ended(deployed, first).await.unwrap().status, ExecutionStatus::Aborted);
}

/// The emulator continues a Map whose execution was stopped. To stop all effects after the n-th call, as on AWS, later
/// calls of apply-setting are refused, and verify-settings is held until the execution was stopped.
#[tokio::test(flavor = "multi_thread")]
async fn a_sync_that_is_stopped_at_any_point_and_started_again_ends_like_one_that_was_not() {
    let deployed = Deployed::new(&workflow()).await;
    let proxy = stack().await.aws.proxy();
    let all = undisturbed(&deployed, proxy).await;
    for part in 0..5 {
        let calls = 1 + part * all.len() / 5;
        let mut made: BTreeMap<&str, usize> = all.iter().map(|call| (call.action.as_str(), 0)).collect();
        for call in &all[..calls] {
            *made.get_mut(call.action.as_str()).unwrap() += 1;
        }
        let target = format!("stopped-after-{calls}");
        restore_to(&deployed, &target).await;
        proxy.forget_calls(&deployed.account);
        for (action, times) in made {
            proxy.inject(rule(&deployed, APPLY, action, times, Fault::Refuse));
        }
        proxy.inject(rule(&deployed, VERIFY, "s3:GetObject", 0, Fault::Hold));
        let first =
            start(&deployed, &format!("{target}-first"), &json!({ "Source": SOURCE, "Target": target }))
                .await;
        // The held calls continue later, with other calls than this one.
        let verifies = |call: &Call| call.action == "s3:GetObject";
        let done = || calls_of(proxy, &deployed, VERIFY).iter().any(verifies);
        until("nothing to be left to apply", async || done()).await;
        stop(&deployed, &first).await;
        let accepted = calls_of(proxy, &deployed, APPLY).iter().filter(|call| call.fault.is_none()).count();
        assert!((1..=calls).contains(&accepted), "{accepted} calls, and not {calls}");
        proxy.clear_rules(&deployed.account);
        assert_ne!(settings_of(&deployed, &target).await, settings_of(&deployed, SOURCE).await);
        is_made_equal_by_another(&deployed, &target, &first).await;
    }
}

/// The sync is stopped while it applies settings and started again at once. On the local stack the first execution's
/// Map continues, so both change the table at the same time.
#[tokio::test(flavor = "multi_thread")]
async fn a_sync_that_is_still_ending_does_not_affect_the_next() {
    let deployed = Deployed::new(&workflow()).await;
    let proxy = stack().await.aws.proxy();
    let calls = undisturbed(&deployed, proxy).await.len() / 3;
    restore_to(&deployed, "stopped").await;
    proxy.forget_calls(&deployed.account);
    proxy.inject(rule(&deployed, VERIFY, "s3:GetObject", 0, Fault::Hold));
    let first = start(&deployed, "stopped-first", &json!({ "Source": SOURCE, "Target": "stopped" })).await;
    until("the calls to be made", async || calls_of(proxy, &deployed, APPLY).len() >= calls).await;
    stop(&deployed, &first).await;
    proxy.clear_rules(&deployed.account);
    is_made_equal_by_another(&deployed, "stopped", &first).await;
}
