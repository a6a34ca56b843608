//! Restores with their own events, which start one sync each.

use std::sync::Arc;

use local_aws::{Call, Fault, Rule};
use serde_json::Value;
use tablekeeper_core::settings::SettingName;
use tablekeeper_core::settings::report::{Outcome, SourceKind};
use tablekeeper_tests::harness::run::{executions, invoke_start, starts};
use tablekeeper_tests::workflows::sync_settings::tables::{Billing, stream_arn, table_arn};
use tablekeeper_tests::workflows::sync_settings::{
    SOURCE, TARGET, cloudtrail, restore, restore_backup, restore_job, workflow,
};
use tablekeeper_tests::{Deployed, stack, until_some};

use super::as_read::{AsRead, alarms, policies, resources};
use super::support::{
    deployed_with_rules, make_plain_source, make_rich_source, report, restore_recovery_point, restore_to,
    settings_of, sync_of, with,
};

/// Checks that one event started one execution, and that the target has all settings of the source.
async fn is_synced_once(deployed: &Deployed, billing: Billing) {
    let execution = sync_of(deployed, TARGET).await;
    let report = report(&execution);
    let arns = (table_arn(deployed, SOURCE), table_arn(deployed, TARGET));
    assert_eq!((&report.source, &report.target), (&arns.0, &arns.1));
    assert_eq!(report.settings_from.kind, SourceKind::LiveTable);
    assert_eq!((starts(deployed).await, executions(deployed).await), (1, 1));
    assert_eq!(deployed.dead_letters().await, Vec::<Value>::new());
    // A restore copies maximum on-demand throughput, and scaling exists only in the other billing mode.
    let unchanged: &[SettingName] = match billing {
        Billing::Provisioned => &[SettingName::OnDemandThroughput],
        Billing::OnDemand => &[SettingName::OnDemandThroughput, SettingName::AutoScaling],
    };
    let not_restored: Vec<_> =
        SettingName::ALL.iter().copied().filter(|name| !unchanged.contains(name)).collect();
    assert_eq!(with(&report, Outcome::Applied), not_restored, "{report:?}");
    assert_eq!(with(&report, Outcome::Unchanged), unchanged);
    is_equal(deployed, TARGET).await;
    let target = AsRead::read(deployed, TARGET).await;
    let scaled = match billing {
        Billing::Provisioned => 2,
        Billing::OnDemand => 0,
    };
    assert_eq!((target.scaled.len(), target.scaling_policies.len()), (scaled, scaled));
    assert_eq!(
        alarms(deployed, TARGET).await.into_iter().collect::<Vec<_>>(),
        ["orders-restored-throttled", "slow-orders-restored"]
    );
}

/// Checks that the target has what [`make_rich_source`] gave the source.
pub(crate) async fn is_equal(deployed: &Deployed, target: &str) {
    assert_eq!(settings_of(deployed, target).await, settings_of(deployed, SOURCE).await);
    let as_read = AsRead::read(deployed, target).await;
    assert_eq!(as_read, AsRead::read(deployed, SOURCE).await);
    assert_eq!((as_read.tags.len(), as_read.triggers.len(), as_read.kinesis.len()), (12, 1, 1));
    assert_eq!((as_read.time_to_live.as_deref(), as_read.recovery_days), (Some("expires"), Some(7)));
    assert_eq!(
        (as_read.protected, as_read.class.as_deref()),
        (Some(true), Some("STANDARD_INFREQUENT_ACCESS"))
    );
    let trigger = as_read.triggers.first().unwrap();
    for field in ["batch_size: Some(7)", "maximum_retry_attempts: Some(0)", "\"Disabled\"", "EventCount"] {
        assert!(trigger.contains(field), "{field}: {trigger}");
    }
    let (arn, stream) = (table_arn(deployed, target), stream_arn(deployed, target).await.unwrap());
    assert!(stream.starts_with(&format!("{arn}/stream/")), "{stream}");
    let policies = policies(deployed, target).await;
    assert_eq!(resources(&policies[0]), [arn.clone(), format!("{arn}/index/*")]);
    assert_eq!(resources(&policies[1]), [stream.clone(), stream]);
    let others = policies.concat().replace(&arn, "");
    assert!(
        !others.contains(&table_arn(deployed, SOURCE)),
        "the source's policy is not the target's: {others}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_point_in_time_restore_is_synced_through_cloudtrail() {
    let deployed = deployed_with_rules().await;
    make_rich_source(&deployed, Billing::Provisioned).await;
    restore(&deployed).await;
    is_synced_once(&deployed, Billing::Provisioned).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_backup_is_synced_through_cloudtrail() {
    let deployed = deployed_with_rules().await;
    make_rich_source(&deployed, Billing::OnDemand).await;
    restore_backup(&deployed).await;
    is_synced_once(&deployed, Billing::OnDemand).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_job_is_synced_through_aws_backup() {
    let deployed = deployed_with_rules().await;
    make_rich_source(&deployed, Billing::OnDemand).await;
    restore_recovery_point(&deployed, TARGET).await;
    is_synced_once(&deployed, Billing::OnDemand).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_retried_twice_and_then_a_dead_letter() {
    for times in [2, usize::MAX] {
        let deployed = deployed_with_rules().await;
        make_plain_source(&deployed).await;
        let (account, step) = (deployed.account.clone(), Some("sync-settings.start".to_owned()));
        let action = "dynamodb:DescribeTable".to_owned();
        let rule = Rule { account, step, action, from_ordinal: 0, times, fault: Fault::Refuse };
        stack().await.aws.proxy().inject(rule);
        restore(&deployed).await;
        if times == 2 {
            report(&sync_of(&deployed, TARGET).await);
            assert_eq!(deployed.dead_letters().await, Vec::<Value>::new());
            continue;
        }
        let letter = until_some("a dead letter", async || deployed.dead_letters().await.pop()).await;
        assert_eq!(letter["responsePayload"]["errorType"], "AccessDenied", "{letter}");
        assert_eq!((starts(&deployed).await, executions(&deployed).await), (0, 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_concurrent_restores_of_one_source_are_both_synced() {
    let deployed = deployed_with_rules().await;
    make_rich_source(&deployed, Billing::Provisioned).await;
    let targets = ["orders-restored", "orders.restored_too"];
    futures::future::join(restore_to(&deployed, targets[0]), restore_to(&deployed, targets[1])).await;
    for target in targets {
        let report = report(&sync_of(&deployed, target).await);
        assert_eq!(report.target, table_arn(&deployed, target));
    }
    for target in targets {
        is_equal(&deployed, target).await;
        let expected = [format!("{target}-throttled"), format!("slow-{target}")];
        assert_eq!(alarms(&deployed, target).await, expected.into());
    }
    assert_eq!(executions(&deployed).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_one_restore_that_come_six_times_sync_once() {
    let deployed = Arc::new(Deployed::new(&workflow()).await);
    make_plain_source(&deployed).await;
    restore(&deployed).await;
    let events = [cloudtrail(SOURCE, TARGET), restore_job(&deployed, None)];
    let mut deliveries = tokio::task::JoinSet::new();
    for event in events.iter().chain(&events) {
        let (deployed, event) = (Arc::clone(&deployed), event.clone());
        deliveries.spawn(async move { invoke_start(&deployed, &event).await });
    }
    let mut outcomes = deliveries.join_all().await;
    report(&sync_of(&deployed, TARGET).await);
    for event in &events {
        outcomes.push(invoke_start(&deployed, event).await);
    }
    // While the execution runs, Step Functions may respond to the same name and input as to a new execution.
    let outcomes: Vec<&str> = outcomes.iter().map(|response| response["outcome"].as_str().unwrap()).collect();
    assert!(outcomes[..4].iter().all(|outcome| ["started", "duplicate"].contains(outcome)), "{outcomes:?}");
    assert!(outcomes[..4].contains(&"started"), "{outcomes:?}");
    assert_eq!(outcomes[4..], ["duplicate", "duplicate"], "the execution had ended");
    assert_eq!(executions(&deployed).await, 1);
    let calls = stack().await.aws.proxy().calls(&deployed.account);
    let tagged =
        |call: &&Call| call.action == "dynamodb:TagResource" && call.step.is_some() && call.status == 200;
    assert_eq!(calls.iter().filter(tagged).count(), 1, "the three tags were set once, in one call");
}
