//! A table with as many settings as AWS allows.

use aws_sdk_applicationautoscaling::types::ScalableDimension;
use aws_sdk_dynamodb::types::ContributorInsightsMode;
use serde_json::{Value, json};
use tablekeeper_core::settings::SettingName;
use tablekeeper_core::settings::report::Outcome;
use tablekeeper_tests::Deployed;
use tablekeeper_tests::workflows::sync_settings::tables::{
    Billing, insights, make_function, make_table, scale_by, set_everything, stream_arn, table_arn, tag,
    trigger,
};
use tablekeeper_tests::workflows::sync_settings::workflow;

use super::as_read::{AsRead, policies, resources};
use super::support::{of, report, restore_of, run, settings_of, with};

/// The greatest size of a state's data in bytes (Step Functions developer guide, quotas).
const LARGEST_STATE: usize = 256 * 1024;

/// Returns a name of 255 characters with every kind of allowed character.
fn long_name(start: &str) -> String {
    let name: String = start.chars().chain("_.-aZ9".chars().cycle()).take(255).collect();
    assert_eq!(name.len(), 255);
    name
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_with_as_many_settings_as_possible_is_copied_whole() {
    let deployed = Deployed::new(&workflow()).await;
    let (source, target) = (long_name("orders._-"), long_name("restored.-_"));
    // One index has the name of the table, and others begin like it.
    let mut indexes: Vec<String> = (0..17).map(|number| format!("index_{number}.of-the-table")).collect();
    indexes.extend([source.clone(), source[..9].to_owned(), target.clone()]);
    let names: Vec<&str> = indexes.iter().map(String::as_str).collect();
    make_table(&deployed, &source, &names, Billing::Provisioned).await;
    set_everything(&deployed, &source, &source).await;
    tag(&deployed, &source, 50).await;
    for index in &names {
        insights(&deployed, &source, Some(index), ContributorInsightsMode::ThrottledKeys).await;
    }
    let stream = stream_arn(&deployed, &source).await.unwrap();
    for number in 0..9 {
        let function = format!("function-{number}");
        make_function(&deployed, &function).await;
        trigger(&deployed, &stream, &function, false).await;
    }
    // AWS allows 255 characters in the name of an alarm and 256 in that of a policy, so neither can contain the
    // table's.
    deployed.cloudwatch.delete_alarms().alarm_names(format!("{source}-throttled")).send().await.unwrap();
    let id = format!("table/{source}");
    scale_by(&deployed, &id, ScalableDimension::DynamoDbTableReadCapacityUnits, "reads").await;
    scale_by(&deployed, &id, ScalableDimension::DynamoDbTableWriteCapacityUnits, "writes").await;
    for index in names.iter().rev().take(5) {
        let id = format!("{id}/index/{index}");
        scale_by(&deployed, &id, ScalableDimension::DynamoDbIndexReadCapacityUnits, "reads").await;
    }
    restore_of(&deployed, &source, &target).await;

    let execution = run(&deployed, "everything", &json!({ "Target": target })).await;
    let report = report(&execution);
    assert_eq!(with(&report, Outcome::Failed), []);
    assert!(execution.output.to_string().len() < LARGEST_STATE);
    for event in &execution.history {
        assert!(format!("{event:?}").len() < LARGEST_STATE, "{event:?}");
    }
    assert_eq!(of(&report, SettingName::Tags).changes.len(), 50);
    let as_read = AsRead::read(&deployed, &target).await;
    assert_eq!(as_read, AsRead::read(&deployed, &source).await);
    assert_eq!((as_read.tags.len(), as_read.triggers.len(), as_read.scaled.len()), (50, 10, 7));
    let alarms = of(&report, SettingName::Alarms);
    assert_eq!(alarms.outcome, Outcome::Skipped);
    assert!(alarms.reason.as_ref().unwrap().ends_with("longer than 255 characters"), "{alarms:?}");
    let without_alarms = |mut settings: Value| {
        settings.as_object_mut().unwrap().remove("Alarms").unwrap();
        settings
    };
    let settings = without_alarms(settings_of(&deployed, &target).await);
    assert_eq!(settings, without_alarms(settings_of(&deployed, &source).await));
    assert_eq!(settings["ContributorInsights"]["Indexes"].as_object().unwrap().len(), 20);
    let arn = table_arn(&deployed, &target);
    assert_eq!(resources(&policies(&deployed, &target).await[0]), [arn.clone(), format!("{arn}/index/*")]);
}
