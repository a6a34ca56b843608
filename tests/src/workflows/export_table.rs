//! The scenarios of `export-table` and the tables that they need.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
    StreamViewType, Tag,
};
use aws_sdk_s3::primitives::ByteStream;
use local_aws::{Call, Fault, Rule};
use serde_json::{Value, json};
use tablekeeper_core::aws::raw_items::RawItems;
use tablekeeper_core::error_name::ErrorName;

use super::sync_settings::tables::{
    Billing, encrypted_trigger, make_table, recovery, scale, set_tags, stream,
};
use super::sync_settings::{INDEX, before, inject};
use crate::harness::deployed::stack;
use crate::harness::workflow::scenario;
use crate::{Begin, Deployed, Ended, FaultMatrix, Workflow};

/// The table that is exported.
pub const TABLE: &str = "orders";
/// Another table.
pub const OTHER: &str = "customers";

/// One second per call, so that each call of a slow scan ends after one page.
const HASTY: &[(&str, &str)] = &[("SecondsPerCall", "1")];
const DATA_PIPELINE: &[(&str, &str)] = &[("UseDataPipelineFormat", "true"), ("Compression", "none")];
/// The size of large items in bytes. A page has three of them.
const LARGE: usize = 350_000;

/// Returns the workflow with its scenarios.
pub fn workflow() -> Workflow {
    Workflow {
        name: "export-table",
        template: "export-table",
        machine: "StateMachine",
        prepare: None,
        parameters: &[],
        scenarios: vec![
            scenario!("a table by its name", by_name => "Complete").golden().and(|ended| {
                assert_eq!((&report(ended)["ItemCount"], &report(ended)["Files"]), (&json!(20), &json!(1)));
            }),
            scenario!("several segments", several_segments => "Complete").and(|ended| {
                assert_eq!((&report(ended)["ItemCount"], &report(ended)["Files"]), (&json!(20), &json!(3)));
            }),
            scenario!("tables by a tag, for Data Pipeline", by_tag => "Complete")
                .golden()
                .with(DATA_PIPELINE)
                .and(|ended| {
                    assert_eq!(reports(ended).len(), 2, "{:?}", reports(ended));
                    assert!(ended.state.objects.iter().any(|object| object.key.ends_with("TIME/manifest")));
                }),
            scenario!("a table by a tag, while another one is restored", during_a_restore => "Complete").and(
                |ended| {
                    let tables = ended.execution.as_ref().unwrap().output["Tables"].as_array().unwrap();
                    assert_eq!(tables.len(), 1, "what is being restored has no tags");
                },
            ),
            scenario!("an export by DynamoDB", managed => "Complete").golden().and(|ended| {
                assert_eq!(
                    (&report(ended)["Mode"], &report(ended)["ItemCount"]),
                    (&json!("MANAGED"), &json!(20))
                );
            }),
            scenario!("every table with the template's tag", by_template => "Complete").and(|ended| {
                assert!(every_object_has(ended, "Frequency=Weekly"), "{:?}", ended.state.objects);
            }),
            scenario!("as system 000 asked for a table", as_before => "Complete").and(|ended| {
                assert!(every_object_has(ended, "Frequency=Monthly"), "{:?}", ended.state.objects);
            }),
            scenario!("as system 000 asked for all tables", all_as_before => "Complete").and(|ended| {
                assert!(every_object_has(ended, "Frequency=QuarterHourly"), "{:?}", ended.state.objects);
            }),
            scenario!("plain lines, with zstd", plain => "Complete").and(|ended| {
                let data = ended.state.objects.iter().filter(|object| object.key.ends_with(".json.zst"));
                assert_eq!(data.count(), 1, "{:?}", ended.state.objects);
            }),
            scenario!("DynamoDB cannot, without recovery", managed_without_recovery => "Complete").and(
                |ended| {
                    assert_eq!(report(ended)["Mode"], "SCAN");
                    assert!(
                        report(ended)["Notes"].to_string().contains("recovery is off"),
                        "{:?}",
                        report(ended)
                    );
                },
            ),
            scenario!("settings cannot be written", settings_refused => "Complete").and(|ended| {
                assert_eq!(report(ended)["Settings"], Value::Null);
                assert!(report(ended)["Notes"].to_string().contains("AccessDenied"), "{:?}", report(ended));
            }),
            scenario!("many calls", many_calls => "Complete").with(HASTY).and(|ended| {
                assert_eq!(report(ended)["ItemCount"], 10, "{:?}", report(ended));
                assert!(report(ended)["Files"].as_u64().unwrap() >= 3, "{:?}", report(ended));
            }),
            scenario!("an empty table", empty => "Complete").and(|ended| {
                assert_eq!(
                    (&report(ended)["ItemCount"], &report(ended)["Outcome"]),
                    (&json!(0), &json!("DONE"))
                );
            }),
            scenario!("an upload that somebody left open", with_an_open_upload => "Complete").and(|ended| {
                let aborted = |call: &Call| call.action == "s3:AbortMultipartUpload" && call.status == 204;
                assert!(ended.calls.iter().any(aborted), "{:?}", ended.calls);
                assert_eq!(ended.state.open_uploads, [""; 0]);
            }),
            scenario!("wrong input", wrong_input => "Input Refused").failing(ErrorName::InvalidInput),
            scenario!("no table with the tag", no_table => "Input Refused").failing(ErrorName::InvalidInput),
            scenario!("listing is not allowed", listing_refused => "Tables Not Selected")
                .failing(ErrorName::AccessDenied),
            scenario!("one of the tables is missing", one_missing => "Tables Failed")
                .failing(ErrorName::TablesFailed)
                .and(|ended| {
                    assert!(
                        reported(ended).contains("missing: failed: SourceTableMissing"),
                        "{}",
                        reported(ended)
                    )
                }),
            scenario!("a folder of another execution", folder_of_another => "Tables Failed")
                .failing(ErrorName::TablesFailed)
                .and(|ended| assert!(reported(ended).contains("ExportExists"), "{}", reported(ended))),
            scenario!("describing is not allowed", describing_refused => "Tables Failed")
                .failing(ErrorName::TablesFailed)
                .and(|ended| assert!(ended.state.objects.is_empty(), "{:?}", ended.state.objects)),
            scenario!("a segment that breaks off", breaks_off => "Tables Failed")
                .failing(ErrorName::TablesFailed)
                .and(|ended| {
                    let started = |call: &Call| call.action == "s3:AbortMultipartUpload";
                    assert!(ended.calls.iter().any(started), "an upload had begun: {:?}", ended.calls);
                    assert_eq!(ended.state.open_uploads, [""; 0]);
                    has_no_manifest(ended);
                }),
            scenario!("the manifest cannot be written", manifest_refused => "Tables Failed")
                .failing(ErrorName::TablesFailed)
                .and(has_no_manifest),
            scenario!("somebody deletes a data file", file_deleted_by_somebody => "Tables Failed")
                .failing(ErrorName::TablesFailed)
                .and(|ended| {
                    assert!(reported(ended).contains("ExportNotVerified"), "{}", reported(ended));
                    has_no_manifest(ended);
                }),
            scenario!("starting DynamoDB's export is not allowed", starting_refused => "Tables Failed")
                .failing(ErrorName::TablesFailed),
            scenario!("DynamoDB's export fails", managed_that_fails => "Tables Failed")
                .failing(ErrorName::TablesFailed)
                .and(|ended| assert!(reported(ended).contains("ExportFailed"), "{}", reported(ended))),
            scenario!("tagging is not allowed", tagging_refused => "Tables Failed")
                .failing(ErrorName::TablesFailed),
        ],
        fault_matrix: FaultMatrix::EveryKindOfCall,
        changes_settings_of: None,
        reports_refusals_by: Some(ErrorName::TablesFailed),
        unentered: &[(
            "Not Reported",
            "each table catches States.ALL, and the input of Report Exports is proved to fit",
        )],
    }
}

/// Returns the reports of the execution about its tables.
fn reports(ended: &Ended) -> Vec<Value> {
    ended.execution.as_ref().unwrap().output["Tables"].as_array().unwrap().clone()
}

/// Returns the report of the execution about [`TABLE`].
fn report(ended: &Ended) -> Value {
    reports(ended).into_iter().find(|table| table["TableName"] == TABLE).unwrap()
}

/// Returns the cause of the failed execution.
fn reported(ended: &Ended) -> String {
    ended.execution.as_ref().unwrap().cause.clone().unwrap()
}

fn every_object_has(ended: &Ended, tag: &str) -> bool {
    let objects = &ended.state.objects;
    !objects.is_empty() && objects.iter().all(|object| object.tags.iter().any(|known| known == tag))
}

fn has_no_manifest(ended: &Ended) {
    let manifest = ended.state.objects.iter().find(|object| object.key.contains("manifest"));
    assert!(manifest.is_none(), "a failed export has no manifest, but {manifest:?}");
}

async fn by_name(deployed: Arc<Deployed>) -> Begin {
    make_filled(&deployed, TABLE, 20, 10).await;
    // One segment only: with several at a time, each would meet only some of the faults that are meant for one.
    Begin::Input(json!({ "TableName": TABLE }))
}

async fn during_a_restore(deployed: Arc<Deployed>) -> Begin {
    make_filled(&deployed, TABLE, 3, 10).await;
    tag(&deployed, TABLE, "backup", "nightly").await;
    before(&deployed, ("export-table.select-tables", "dynamodb:ListTables"), |deployed| async move {
        let restore = deployed.dynamodb.restore_table_to_point_in_time().source_table_name(TABLE);
        restore.target_table_name("restored").use_latest_restorable_time(true).send().await.unwrap();
    })
    .await;
    Begin::Input(json!({ "TableTag": "backup=nightly" }))
}

async fn several_segments(deployed: Arc<Deployed>) -> Begin {
    make_filled(&deployed, TABLE, 20, 10).await;
    Begin::Input(json!({ "TableName": TABLE, "Segments": 3 }))
}

async fn by_tag(deployed: Arc<Deployed>) -> Begin {
    // A capture also reads the policies of scalable targets and the encrypted filters of a stream's triggers.
    make_table(&deployed, TABLE, &[INDEX], Billing::Provisioned).await;
    scale(&deployed, TABLE, INDEX).await;
    let of_changes = stream(&deployed, TABLE, StreamViewType::NewImage).await;
    encrypted_trigger(&deployed, &of_changes).await;
    // The SDK sends an item's attributes in any order, and an export does not change the order.
    for number in 0..5 {
        let delete = deployed.dynamodb.delete_item().table_name(TABLE);
        delete.key("id", AttributeValue::S(format!("item {number}"))).send().await.unwrap();
    }
    fill(&deployed, TABLE, 5, 10).await;
    make_filled(&deployed, OTHER, 3, 10).await;
    make_filled(&deployed, "audit", 3, 10).await;
    for (table, value) in [(TABLE, "Nightly"), (OTHER, "NIGHTLY"), ("audit", "weekly")] {
        tag(&deployed, table, "backup", value).await;
    }
    Begin::Input(json!({ "TableTag": "backup=nightly", "Frequency": "daily" }))
}

async fn managed(deployed: Arc<Deployed>) -> Begin {
    make_filled(&deployed, TABLE, 20, 10).await;
    recovery(&deployed, TABLE, 7).await;
    Begin::Input(json!({ "TableName": TABLE, "Managed": true, "Frequency": "Yearly" }))
}

async fn by_template(deployed: Arc<Deployed>) -> Begin {
    make_filled(&deployed, TABLE, 3, 10).await;
    tag(&deployed, TABLE, "BackupEnabled", "True").await;
    make_filled(&deployed, OTHER, 3, 10).await;
    tag(&deployed, OTHER, "backupenabled", "true").await;
    Begin::Input(json!({ "Frequency": "Weekly" }))
}

async fn as_before(deployed: Arc<Deployed>) -> Begin {
    make_filled(&deployed, TABLE, 3, 10).await;
    Begin::Input(json!({ "action": "backup-table", "table_name": TABLE, "frequency": "Monthly" }))
}

async fn all_as_before(deployed: Arc<Deployed>) -> Begin {
    make_filled(&deployed, TABLE, 3, 10).await;
    tag(&deployed, TABLE, "BackupEnabled", "TRUE").await;
    Begin::Input(json!({ "action": "create-backups", "frequency": "QuarterHourly" }))
}

async fn plain(deployed: Arc<Deployed>) -> Begin {
    make_filled(&deployed, TABLE, 3, 10).await;
    Begin::Input(
        json!({ "TableName": TABLE, "Format": "plain", "Compression": "zstd", "ConsistentRead": false }),
    )
}

async fn managed_without_recovery(deployed: Arc<Deployed>) -> Begin {
    make_filled(&deployed, TABLE, 3, 10).await;
    Begin::Input(json!({ "TableName": TABLE, "Managed": true }))
}

async fn settings_refused(deployed: Arc<Deployed>) -> Begin {
    refused(&deployed, "export-table.capture-settings", "s3:PutObject").await
}

async fn many_calls(deployed: Arc<Deployed>) -> Begin {
    make_filled(&deployed, TABLE, 10, LARGE).await;
    let slowly = Fault::Delay(Duration::from_millis(1_200));
    inject(&deployed, "export-table.export-segment", "dynamodb:Scan", usize::MAX, slowly).await;
    Begin::Input(json!({ "TableName": TABLE, "Segments": 1 }))
}

async fn empty(deployed: Arc<Deployed>) -> Begin {
    make_filled(&deployed, TABLE, 0, 0).await;
    Begin::Input(json!({ "TableName": TABLE }))
}

async fn with_an_open_upload(deployed: Arc<Deployed>) -> Begin {
    make_filled(&deployed, TABLE, 3, 10).await;
    before(&deployed, ("export-table.export-segment", "dynamodb:Scan"), |deployed| async move {
        let plan = plan(&deployed).await;
        let (folder, id) = (plan["folder"].as_str().unwrap(), plan["exportId"].as_str().unwrap());
        let key = format!("{folder}AWSDynamoDB/{id}/data/00007-00000.json.gz");
        deployed.s3.create_multipart_upload().bucket(bucket(&deployed)).key(key).send().await.unwrap();
    })
    .await;
    Begin::Input(json!({ "TableName": TABLE }))
}

async fn wrong_input(deployed: Arc<Deployed>) -> Begin {
    make_filled(&deployed, TABLE, 3, 10).await;
    Begin::Input(json!({ "action": "restore-table", "table_name": TABLE }))
}

async fn no_table(deployed: Arc<Deployed>) -> Begin {
    make_filled(&deployed, TABLE, 3, 10).await;
    tag(&deployed, TABLE, "BackupEnabled", "false").await;
    Begin::Input(json!({}))
}

async fn listing_refused(deployed: Arc<Deployed>) -> Begin {
    inject(&deployed, "export-table.select-tables", "dynamodb:ListTables", usize::MAX, Fault::Refuse).await;
    Begin::Input(json!({}))
}

async fn one_missing(deployed: Arc<Deployed>) -> Begin {
    make_filled(&deployed, TABLE, 3, 10).await;
    Begin::Input(json!({ "TableNames": ["missing", TABLE] }))
}

async fn folder_of_another(deployed: Arc<Deployed>) -> Begin {
    make_filled(&deployed, TABLE, 3, 10).await;
    before(&deployed, ("export-table.plan-export", "dynamodb:DescribeTable"), |deployed| async move {
        let list = deployed.sfn.list_executions().state_machine_arn(deployed.machine()).send().await.unwrap();
        let started = list.executions[0].start_date.to_millis().unwrap();
        let started = chrono::DateTime::from_timestamp_millis(started).unwrap();
        let key = format!("{TABLE}/{}/export.json", started.format("%Y-%m-%d-%H-%M-%S"));
        let put = deployed.s3.put_object().bucket(bucket(&deployed)).key(key);
        put.body(ByteStream::from_static(b"{}")).send().await.unwrap();
    })
    .await;
    Begin::Input(json!({ "TableName": TABLE }))
}

/// Creates a table and refuses a call of a step.
async fn refused(deployed: &Deployed, step: &str, action: &str) -> Begin {
    make_filled(deployed, TABLE, 3, 10).await;
    inject(deployed, step, action, usize::MAX, Fault::Refuse).await;
    Begin::Input(json!({ "TableName": TABLE }))
}

/// Creates a table that DynamoDB can export and refuses a call of a step.
async fn refused_of_dynamodb(deployed: &Deployed, step: &str, action: &str) -> Begin {
    refused(deployed, step, action).await;
    recovery(deployed, TABLE, 7).await;
    Begin::Input(json!({ "TableName": TABLE, "Managed": true }))
}

async fn describing_refused(deployed: Arc<Deployed>) -> Begin {
    refused(&deployed, "export-table.plan-export", "dynamodb:DescribeTable").await
}

async fn breaks_off(deployed: Arc<Deployed>) -> Begin {
    // More than the 8 MiB of one part of an upload.
    make_filled(&deployed, TABLE, 50, LARGE).await;
    let account = deployed.account.clone();
    let (step, action) = (Some("export-table.export-segment".to_owned()), "dynamodb:Scan".to_owned());
    let rule = Rule { account, step, action, from_ordinal: 12, times: usize::MAX, fault: Fault::Refuse };
    stack().await.aws.proxy().inject(rule);
    Begin::Input(json!({ "TableName": TABLE, "Segments": 1, "Compression": "none" }))
}

async fn manifest_refused(deployed: Arc<Deployed>) -> Begin {
    refused(&deployed, "export-table.finish-export", "s3:PutObject").await
}

async fn file_deleted_by_somebody(deployed: Arc<Deployed>) -> Begin {
    make_filled(&deployed, TABLE, 3, 10).await;
    let listed = ("export-table.finish-export", "s3:ListBucketMultipartUploads");
    before(&deployed, listed, |deployed| async move {
        let list = deployed.s3.list_objects_v2().bucket(bucket(&deployed)).send().await.unwrap();
        let keys = list.contents.unwrap_or_default().into_iter().filter_map(|object| object.key);
        for key in keys.filter(|key| key.ends_with(".gz")) {
            deployed.s3.delete_object().bucket(bucket(&deployed)).key(key).send().await.unwrap();
        }
    })
    .await;
    Begin::Input(json!({ "TableName": TABLE }))
}

async fn starting_refused(deployed: Arc<Deployed>) -> Begin {
    refused_of_dynamodb(&deployed, "export-table.start-managed-export", "dynamodb:ExportTableToPointInTime")
        .await
}

async fn managed_that_fails(deployed: Arc<Deployed>) -> Begin {
    stack().await.aws.proxy().fail_exports(&deployed.account, true);
    managed(deployed).await
}

async fn tagging_refused(deployed: Arc<Deployed>) -> Begin {
    refused_of_dynamodb(&deployed, "export-table.finish-managed-export", "s3:PutObjectTagging").await
}

/// Returns the bucket of the exports.
pub fn bucket(deployed: &Deployed) -> &str {
    deployed.output("ExportBucketName")
}

/// Returns the plan of the only export, which is written before anything else.
async fn plan(deployed: &Deployed) -> Value {
    let list = deployed.s3.list_objects_v2().bucket(bucket(deployed)).send().await.unwrap();
    let mut keys = list.contents.unwrap_or_default().into_iter().filter_map(|object| object.key);
    let key = keys.find(|key| key.ends_with("/export.json")).unwrap();
    let object = deployed.s3.get_object().bucket(bucket(deployed)).key(key).send().await.unwrap();
    let document = object.body.collect().await.unwrap().into_bytes();
    serde_json::from_slice::<Value>(&document).unwrap()["plan"].take()
}

/// Creates a table with the string key `id` and N items with a text of N bytes.
pub async fn make_filled(deployed: &Deployed, table: &str, items: usize, bytes: usize) {
    let key = KeySchemaElement::builder().attribute_name("id").key_type(KeyType::Hash).build().unwrap();
    let attribute = AttributeDefinition::builder().attribute_name("id");
    let attribute = attribute.attribute_type(ScalarAttributeType::S).build().unwrap();
    let create = deployed.dynamodb.create_table().table_name(table).billing_mode(BillingMode::PayPerRequest);
    create.key_schema(key).attribute_definitions(attribute).send().await.unwrap();
    fill(deployed, table, items, bytes).await;
}

/// Puts N items with a text of N bytes into a table with the string key `id`.
pub async fn fill(deployed: &Deployed, table: &str, items: usize, bytes: usize) {
    let item =
        |number: usize| json!({ "id": { "S": format!("{number:06}") }, "text": { "S": "x".repeat(bytes) } });
    put(deployed, table, (0..items).map(item).collect()).await;
}

/// Puts items, which are DynamoDB JSON.
pub async fn put(deployed: &Deployed, table: &str, items: Vec<Value>) {
    let calls = RawItems::new(deployed.dynamodb.clone());
    let items: Vec<Vec<u8>> = items.iter().map(|item| item.to_string().into_bytes()).collect();
    for batch in items.chunks(25) {
        let batch: Vec<&[u8]> = batch.iter().map(Vec::as_slice).collect();
        let written = calls.put(table, &batch).await.unwrap();
        assert!(written.unprocessed.is_empty(), "the local stack writes whole batches");
    }
}

/// Adds a tag to a table.
pub async fn tag(deployed: &Deployed, table: &str, key: &str, value: &str) {
    let tag = Tag::builder().key(key).value(value).build().unwrap();
    set_tags(deployed, table, vec![tag]).await;
}
