//! Settings that were captured before they were needed.

use aws_sdk_lambda::primitives::Blob;
use serde_json::{Value, json};
use tablekeeper_core::clock::utc;
use tablekeeper_core::settings::SettingsDocument;
use tablekeeper_core::settings::report::SourceKind;
use tablekeeper_tests::Deployed;
use tablekeeper_tests::harness::run::invoke;
use tablekeeper_tests::workflows::sync_settings::tables::{
    Billing, make_table, stream_arn, table_arn, tag, time_to_live, until_active,
};
use tablekeeper_tests::workflows::sync_settings::{INDEX, SOURCE, TARGET, restore, workflow};

use super::as_read::AsRead;
use super::support::{make_plain_source, make_rich_source, report, run, settings_of};

/// Returns the keys of the captured documents.
async fn documents(deployed: &Deployed) -> Vec<String> {
    let list = deployed.s3.list_objects_v2().bucket(deployed.output("SettingsBucketName"));
    let list = list.prefix("settings/").send().await.unwrap();
    list.contents().iter().filter_map(|object| object.key.clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_table_does_not_prevent_the_capture_of_others() {
    let deployed = Deployed::new(&workflow()).await;
    make_rich_source(&deployed, Billing::Provisioned).await;
    let payload = json!({ "TableNames": ["no-such-table", SOURCE] }).to_string();
    let invoke = deployed.lambda.invoke().function_name(deployed.output("CaptureSettingsFunctionName"));
    let response = invoke.payload(Blob::new(payload)).send().await.unwrap();
    assert!(response.function_error().is_some(), "{response:?}");
    let error: Value = serde_json::from_slice(response.payload().unwrap().as_ref()).unwrap();
    assert_eq!(error["errorType"], "SourceTableMissing");
    assert_eq!(error["errorMessage"], "table no-such-table does not exist");

    let keys = documents(&deployed).await;
    let [key] = &keys[..] else { panic!("not one document: {keys:?}") };
    assert!(key.starts_with(&format!("settings/{}/us-east-1/{SOURCE}/", deployed.account)), "{key}");
    let get = deployed.s3.get_object().bucket(deployed.output("SettingsBucketName")).key(key);
    let written = get.send().await.unwrap().body.collect().await.unwrap().into_bytes();
    let document = SettingsDocument::read(&written).unwrap();
    assert_eq!(document.table_arn, table_arn(&deployed, SOURCE));
    let json: Value = serde_json::from_slice(&written).unwrap();
    assert_eq!(serde_json::to_value(&document).unwrap(), json);
    assert_eq!(json["Settings"], settings_of(&deployed, SOURCE).await);
    let text = json["Settings"].to_string();
    for own in [table_arn(&deployed, SOURCE), format!("table/{SOURCE}")] {
        assert!(!text.contains(&own), "{own} is of no use when the table is gone: {text}");
    }
}

/// The sync must use the settings of the restored table, not those of the later one.
#[tokio::test(flavor = "multi_thread")]
async fn a_later_table_of_the_sources_name_is_not_used_as_the_source() {
    let deployed = Deployed::new(&workflow()).await;
    make_plain_source(&deployed).await;
    let (settings, as_read) = (settings_of(&deployed, SOURCE).await, AsRead::read(&deployed, SOURCE).await);
    let captured = json!({ "TableNames": [SOURCE] });
    let captured = invoke(&deployed, "CaptureSettingsFunctionName", &captured).await;
    restore(&deployed).await;
    let describe = |table: &'static str| deployed.dynamodb.describe_table().table_name(table).send();
    // DynamoDB shows it until the table is ACTIVE.
    let restored = describe(TARGET).await.unwrap().table.unwrap().restore_summary.unwrap().restore_date_time;
    until_active(&deployed, TARGET).await;

    // The emulator has a resolution of one second, and the new table's creation time has to be later.
    loop {
        deployed.dynamodb.delete_table().table_name(SOURCE).send().await.unwrap();
        make_table(&deployed, SOURCE, &[INDEX], Billing::OnDemand).await;
        let created = describe(SOURCE).await.unwrap().table.unwrap().creation_date_time.unwrap();
        if created.as_nanos() > restored.as_nanos() {
            break;
        }
    }
    tag(&deployed, SOURCE, 9).await;
    time_to_live(&deployed, SOURCE, "obsolete", true).await;

    let moment = utc(&restored).to_rfc3339();
    let input = json!({ "Source": SOURCE, "Target": TARGET, "RestoreDateTime": moment });
    let report = report(&run(&deployed, "sync", &input).await);
    let document = &captured["Documents"][0]["Document"];
    let name = format!("s3://{}/{}", document["bucket"].as_str().unwrap(), document["key"].as_str().unwrap());
    assert_eq!((report.settings_from.kind, report.settings_from.name), (SourceKind::SettingsDocument, name));
    assert_eq!(report.source, table_arn(&deployed, SOURCE));
    let target = AsRead::read(&deployed, TARGET).await;
    assert_eq!((target.tags.len(), target.time_to_live.as_deref()), (3, Some("expires")));
    assert_eq!(target, as_read);
    assert_eq!(settings_of(&deployed, TARGET).await, settings);
    assert!(stream_arn(&deployed, TARGET).await.is_some());
    assert_eq!(AsRead::read(&deployed, SOURCE).await.tags.len(), 9, "the later table is left as it is");
}
