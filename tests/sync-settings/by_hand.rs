//! Executions that a person starts.

use local_aws::Call;
use serde_json::{Value, json};
use tablekeeper_functions::settings::SettingName;
use tablekeeper_functions::settings::report::Outcome;
use tablekeeper_tests::workflows::sync_settings::tables::{Billing, stream_arn};
use tablekeeper_tests::workflows::sync_settings::{SOURCE, TARGET, restore, workflow};
use tablekeeper_tests::{Deployed, stack};

use crate::as_read::AsRead;
use crate::support::{
    deployed_with, make_plain_source, make_rich_source, of, report, run, settings_of, with,
};

/// Whether the call only reads, or writes the document of a sync.
fn changes_nothing(call: &Call) -> bool {
    let verb = call.action.split_once(':').unwrap().1;
    ["Describe", "Get", "List"].iter().any(|reading| verb.starts_with(reading))
        || call.action == "s3:PutObject"
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_sync_changes_nothing() {
    let deployed = deployed_with(&[("EnableAlarmSettings", "false")]).await;
    let front = stack().await.aws.front();
    make_rich_source(&deployed, Billing::Provisioned).await;
    restore(&deployed).await;
    front.forget_calls(&deployed.account);
    let input = json!({ "Target": TARGET });
    report(&run(&deployed, "first", &input).await);
    let of_steps = || front.calls(&deployed.account).into_iter().filter(|call| call.step.is_some());
    assert!(!of_steps().all(|call| changes_nothing(&call)), "the first sync did change something");
    let before = settings_of(&deployed, TARGET).await;

    front.forget_calls(&deployed.account);
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
        list.send().await.unwrap().contents().iter().filter_map(|it| it.key.clone()).collect();
    keys.sort();
    assert_eq!(keys, ["syncs/first.json", "syncs/second.json"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setting_that_the_input_switches_off_is_left_alone() {
    let deployed = Deployed::of(&workflow()).await;
    make_plain_source(&deployed).await;
    restore(&deployed).await;
    let input = json!({ "Source": SOURCE, "Target": TARGET, "Settings": { "Tags": false } });
    let report = report(&run(&deployed, "without-tags", &input).await);
    let tags = of(&report, SettingName::Tags);
    assert_eq!((tags.outcome, tags.reason.as_deref()), (Outcome::Skipped, Some("it is switched off")));
    let (source, target) = (AsRead::of(&deployed, SOURCE).await, AsRead::of(&deployed, TARGET).await);
    assert_eq!((source.tags.len(), target.tags.len()), (3, 0));
    assert_eq!(target, AsRead { tags: target.tags.clone(), ..source }, "all the rest was carried over");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_misspelt_setting_is_answered_with_those_that_there_are() {
    let deployed = Deployed::of(&workflow()).await;
    make_plain_source(&deployed).await;
    restore(&deployed).await;
    let input = json!({ "Source": SOURCE, "Target": TARGET, "Settings": { "Tag": false } });
    let execution = run(&deployed, "misspelt", &input).await;
    assert_eq!(execution.entered.last().unwrap(), "Input Refused", "{execution:?}");
    assert_eq!(execution.error.as_deref(), Some("InvalidInput"));
    let cause: Value = serde_json::from_str(&execution.cause.unwrap()).unwrap();
    let words = cause["errorMessage"].as_str().unwrap();
    assert!(words.contains("`Tag`"), "{words}");
    for name in SettingName::ALL {
        assert!(words.contains(&format!("`{name}`")), "{name} is not named: {words}");
    }
    assert_eq!(stream_arn(&deployed, TARGET).await, None, "nothing was changed");
}
