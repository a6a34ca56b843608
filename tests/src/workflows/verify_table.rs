//! The scenarios of `verify-table` and the exports and tables that they need.

mod other_checks;

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
use execution_report::message_of;
use futures::future::LocalBoxFuture;
use item_formats::KeyType;
use local_aws::Fault;
use serde_json::{Value, json};
use tablekeeper_core::aws::arn::table_arn;
use tablekeeper_core::aws::raw_items::RawItems;
use tablekeeper_core::error_name::ErrorName;
use tablekeeper_core::export::manifest::OutputFormat;
use tablekeeper_core::settings::{Settings, SettingsDocument, document};
use tablekeeper_core::table_definition::TableDefinition;

use self::other_checks::{
    WITH_CHECK, check_agrees, check_fails, check_refuses, check_says_nothing, of_backup, of_deleted_backup,
    of_live_since,
};
use super::import_table::{FOLDER, TABLE, bucket, make_table, make_table_called, put, put_export, put_item};
use super::snapshot::{AT, put_history};
use super::sync_settings::{before, inject, takes_two_seconds};
use crate::harness::workflow::scenario;
use crate::{Begin, Deployed, Ended, FaultMatrix, Workflow};

const PLAN: &str = "verify-table.plan-verification";
const SEGMENT: &str = "verify-table.read-segment";
const SAMPLE: &str = "verify-table.read-sample";
const RANGE: &str = "verify-table.compare-range";
const FINISH: &str = "verify-table.finish-verification";
/// One second per call. A call ends after a request that takes two.
const IN_SHORT_CALLS: &[(&str, &str)] = &[("SecondsPerCall", "1")];
/// The bucket of an incremental backup.
const WITH_HISTORY: &[(&str, &str)] =
    &[("ItemBucketName", "history-of-ACCOUNT"), ("IncrementalTableName", TABLE), ("NoncurrentDays", "0")];
/// A table that may be written to.
const LIVE: &str = "orders-live";
/// Number of items of the table.
const ITEMS: usize = 60;

/// Returns the workflow with its scenarios.
pub fn workflow() -> Workflow {
    Workflow {
        name: "verify-table",
        template: "verify-table",
        machine: "StateMachine",
        prepare: Some(with_report_bucket),
        parameters: &[
            ("TablePattern", TABLE),
            ("ExportBucketName", "exports-of-*"),
            ("SourceTablePattern", "orders*"),
        ],
        scenarios: vec![
            scenario!("an exact copy of an export", exact => "Complete").golden().and(|ended| {
                let output = output_of(ended);
                let counts = ["Items", "ItemsExpected", "Equal", "Missing", "Extra", "Changed"];
                assert_eq!(counts.map(|name| output[name].as_u64().unwrap()), [60, 60, 60, 0, 0, 0]);
                assert!(output["Sampled"].is_null() && output["DetectsShare"].is_null(), "{output}");
                assert_eq!(ended.state.tables[TABLE].verified.as_deref(), Some("EXACT"));
                assert_eq!(reports(ended), 1);
            }),
            scenario!("a sample of an export", sampled => "Complete").golden().and(|ended| {
                let output = output_of(ended);
                assert_eq!((&output["Sampled"], &output["ItemsExpected"]), (&json!(20), &json!(60)));
                assert_eq!(output["KeysFound"], 2);
                assert_eq!(ended.state.tables[TABLE].verified.as_deref(), Some("SAMPLED"));
            }),
            scenario!("the number of items of an export", counted => "Complete").and(|ended| {
                let output = output_of(ended);
                assert_eq!((&output["Items"], &output["ItemsExpected"]), (&json!(60), &json!(60)));
                assert!(output["Equal"].is_null(), "{output}");
                assert_eq!(ended.state.tables[TABLE].verified.as_deref(), Some("COUNTED"));
            }),
            scenario!("a sample in several invocations", sampled_in_several => "Complete")
                .with(IN_SHORT_CALLS)
                .and(|ended| {
                    assert_eq!(output_of(ended)["Sampled"], 150);
                    assert!(invocations(ended, "Read Sample") > 1);
                }),
            scenario!("a side in several invocations", exact_in_several => "Complete")
                .with(IN_SHORT_CALLS)
                .and(|ended| {
                    assert_eq!(output_of(ended)["Equal"], 60);
                    assert!(invocations(ended, "Read Segment") > 2);
                }),
            scenario!("a changed, a missing and an extra item", damaged => "Damage Found")
                .failing(ErrorName::VerificationFailed)
                .and(|ended| {
                    let cause = cause_of(ended);
                    let counts = "(EXACT): 1 are missing, 1 extra, 1 changed and 58 equal; the report is s3://";
                    assert!(cause.contains(counts) && cause.ends_with("/report.json"), "{cause}");
                    assert_eq!(ended.state.tables[TABLE].verified, None);
                    assert_eq!(reports(ended), 1);
                }),
            scenario!("a damaged sample", damaged_sample => "Damage Found")
                .failing(ErrorName::VerificationFailed)
                .and(|ended| {
                    let cause = cause_of(ended);
                    assert!(cause.contains("(SAMPLED): of 60 sampled items 1 are missing, 1 changed"), "{cause}");
                }),
            scenario!("too few items", damaged_count => "Damage Found")
                .failing(ErrorName::VerificationFailed)
                .and(|ended| {
                    let cause = cause_of(ended);
                    assert!(cause.contains("(COUNTED): it has 59 items instead of 60"), "{cause}");
                }),
            scenario!("another key", another_key => "Damage Found")
                .failing(ErrorName::VerificationFailed)
                .and(|ended| {
                    let cause = cause_of(ended);
                    assert!(cause.contains("the key of table orders is id (S), but that of export s3://"), "{cause}");
                    assert!(cause.contains("is id (N)"), "{cause}");
                }),
            scenario!("a sample of a live table", of_live_sampled => "Complete").and(|ended| {
                let output = output_of(ended);
                let counts = ["Sampled", "Equal", "Missing", "Changed"].map(|name| output[name].as_u64().unwrap());
                assert_eq!((counts, &output["AllowedDifferencePercent"]), ([60, 58, 1, 1], &json!(5.0)));
                assert_eq!(output["Against"], "table orders-live");
            }),
            scenario!("the number of items of a live table", of_live_counted => "Damage Found")
                .failing(ErrorName::VerificationFailed)
                .and(|ended| {
                    let cause = cause_of(ended);
                    assert!(cause.contains("it has 59 items instead of 60 (0 % may differ)"), "{cause}");
                }),
            scenario!("a live table that was written to since", of_live_since => "Complete")
                .golden()
                .and(|ended| {
                    let output = output_of(ended);
                    let counts = ["Items", "ItemsExpected", "ChangedAtMost"];
                    assert_eq!(counts.map(|name| output[name].as_u64().unwrap()), [59, 60, 3]);
                }),
            scenario!("the description of a backup", of_backup => "Complete").golden().and(|ended| {
                let output = output_of(ended);
                assert_eq!((&output["Items"], &output["ItemsExpected"]), (&json!(60), &json!(60)));
            }),
            scenario!("the backup was deleted", of_deleted_backup => "Input Refused")
                .failing(ErrorName::BackupNotFound),
            scenario!("a check function agrees", check_agrees => "Complete")
                .with(WITH_CHECK)
                .golden(),
            scenario!("a check function refuses the table", check_refuses => "Damage Found")
                .with(WITH_CHECK)
                .failing(ErrorName::VerificationFailed)
                .and(|ended| {
                    let cause = cause_of(ended);
                    assert!(cause.contains("the check function refuses it: no order of today"), "{cause}");
                }),
            scenario!("a check function says nothing", check_says_nothing => "Verification Not Finished")
                .with(WITH_CHECK)
                .failing(ErrorName::CheckFunctionFailed),
            scenario!("a check function fails", check_fails => "Verification Not Finished")
                .with(WITH_CHECK)
                .failing(ErrorName::CheckFunctionFailed)
                .and(|ended| {
                    let cause = cause_of(ended);
                    assert!(cause.starts_with("the check function failed: "), "{cause}");
                    assert!(cause.ends_with(": no connection"), "{cause}");
                }),
            scenario!("the live table is missing", live_missing => "Input Refused")
                .failing(ErrorName::SourceTableMissing),
            scenario!("the live table is deleted before the end", live_deleted => "Verification Not Finished")
                .failing(ErrorName::SourceTableMissing),
            scenario!("a second of an incremental backup", of_a_second => "Complete")
                .with(WITH_HISTORY)
                .and(|ended| {
                    let output = output_of(ended);
                    let counts = ["ItemsExpected", "Items", "Equal", "Missing", "Extra", "Changed", "WithinTolerance"];
                    assert_eq!(counts.map(|name| output[name].as_u64().unwrap()), [5, 6, 4, 0, 0, 0, 2]);
                    assert_eq!(output["Against"], format!("the incremental backup of orders at {AT}"));
                }),
            scenario!("damage since a second of an incremental backup", not_of_a_second => "Damage Found")
                .with(WITH_HISTORY)
                .failing(ErrorName::VerificationFailed)
                .and(|ended| {
                    let cause = cause_of(ended);
                    assert!(cause.contains("(EXACT): 0 are missing, 0 extra, 1 changed and 3 equal"), "{cause}");
                }),
            scenario!("a second that is not covered", not_covered => "Input Refused")
                .with(WITH_HISTORY)
                .failing(ErrorName::HistoryIncomplete),
            scenario!("wrong input", wrong_input => "Input Refused").failing(ErrorName::InvalidInput),
            scenario!("the table is missing", table_missing => "Input Refused")
                .failing(ErrorName::TargetTableMissing),
            scenario!("there is no such export", no_export => "Input Refused")
                .failing(ErrorName::InvalidExport),
            scenario!("listing is not allowed", listing_refused => "Verification Not Started")
                .failing(ErrorName::AccessDenied),
            scenario!("a file is replaced", a_replaced_file => "Verification Not Finished")
                .failing(ErrorName::ImportChanged),
            scenario!("reading the table is not allowed", scanning_refused => "Verification Not Finished")
                .failing(ErrorName::AccessDenied),
            scenario!("reading the sample is not allowed", sample_refused => "Verification Not Finished")
                .failing(ErrorName::AccessDenied),
            scenario!("writing a comparison is not allowed", comparing_refused => "Verification Not Finished")
                .failing(ErrorName::AccessDenied),
            scenario!("the table is deleted before the end", deleted_at_the_end => "Verification Not Finished")
                .failing(ErrorName::TargetTableMissing),
            scenario!("tagging is not allowed", tagging_refused => "Verification Not Finished")
                .failing(ErrorName::AccessDenied),
        ],
        fault_matrix: FaultMatrix::EveryKindOfCall,
        changes_settings_of: None,
        reports_refusals_by: None,
        unentered: &[],
    }
}

fn with_report_bucket(deployed: &Deployed) -> LocalBoxFuture<'_, Vec<(&'static str, String)>> {
    Box::pin(async {
        let bucket = format!("reports-of-{}", deployed.account);
        deployed.s3.create_bucket().bucket(&bucket).send().await.unwrap();
        vec![("ReportBucketName", bucket)]
    })
}

fn output_of(ended: &Ended) -> &Value {
    &ended.execution.as_ref().unwrap().output
}

fn cause_of(ended: &Ended) -> String {
    message_of(ended.execution.as_ref().unwrap().cause.as_deref().unwrap())
}

fn invocations(ended: &Ended, state: &str) -> usize {
    ended.execution.as_ref().unwrap().entered.iter().filter(|entered| *entered == state).count()
}

/// Returns the number of reports.
fn reports(ended: &Ended) -> usize {
    ended.state.objects.iter().filter(|object| object.key.ends_with("/report.json")).count()
}

fn input(deployed: &Deployed, strength: &str) -> Value {
    let expected = json!({ "Items": format!("s3://{}/{FOLDER}", bucket(deployed)) });
    // One segment only: with several at a time, each would meet only some of the faults that are meant for one.
    json!({ "TableArn": arn(deployed), "Strength": strength, "Expected": expected, "Segments": 1 })
}

/// Returns the ARN of the table.
fn arn(deployed: &Deployed) -> String {
    table_arn(TABLE, deployed.machine())
}

/// Creates a table with items, and an export with the same items in two files.
async fn with_copy(deployed: &Deployed, items: usize) {
    make_table(deployed).await;
    let files = [("data/a.json.gz", 0..items / 2), ("data/b.json.gz", items / 2..items)];
    put_export(deployed, OutputFormat::DynamodbJson, &files).await;
    fill(deployed, TABLE, items).await;
}

/// Puts the items with the numbers below this one.
async fn fill(deployed: &Deployed, table: &str, items: usize) {
    let calls = RawItems::new(deployed.dynamodb.clone());
    let items: Vec<String> = (0..items).map(|number| item(number).to_string()).collect();
    for batch in items.chunks(25) {
        let batch: Vec<&[u8]> = batch.iter().map(String::as_bytes).collect();
        let written = calls.put(table, &batch).await.unwrap();
        assert_eq!(written.unprocessed.len(), 0);
    }
}

/// Returns the item with this number as an export has it.
fn item(number: usize) -> Value {
    json!({ "id": { "S": number.to_string() }, "none": { "NULL": true }, "price": { "N": format!("{number}.50") } })
}

async fn delete_item(deployed: &Deployed, id: &str) {
    let delete = deployed.dynamodb.delete_item().table_name(TABLE);
    delete.key("id", AttributeValue::S(id.to_owned())).send().await.unwrap();
}

/// Changes one item and deletes another one.
async fn damage(deployed: &Deployed) {
    put_item(deployed, "7", "another").await;
    delete_item(deployed, "8").await;
}

async fn exact(deployed: Arc<Deployed>) -> Begin {
    with_copy(&deployed, ITEMS).await;
    Begin::Input(input(&deployed, "EXACT"))
}

async fn sampled(deployed: Arc<Deployed>) -> Begin {
    with_copy(&deployed, ITEMS).await;
    let mut input = input(&deployed, "SAMPLED");
    input["SampleSize"] = json!(20);
    input["MaxRate"] = json!(1_000);
    input["Keys"] = json!([{ "id": { "S": "7" } }, { "id": { "S": "8" } }]);
    Begin::Input(input)
}

async fn counted(deployed: Arc<Deployed>) -> Begin {
    with_copy(&deployed, ITEMS).await;
    Begin::Input(input(&deployed, "COUNTED"))
}

async fn sampled_in_several(deployed: Arc<Deployed>) -> Begin {
    with_copy(&deployed, 150).await;
    takes_two_seconds(&deployed, (SAMPLE, "dynamodb:BatchGetItem")).await;
    Begin::Input(input(&deployed, "SAMPLED"))
}

async fn exact_in_several(deployed: Arc<Deployed>) -> Begin {
    with_copy(&deployed, ITEMS).await;
    // The document of each of the two segments, the four of the export, and its first file.
    let slow = Fault::Delay(Duration::from_millis(1_100));
    inject(&deployed, SEGMENT, "s3:GetObject", 7, slow).await;
    Begin::Input(input(&deployed, "EXACT"))
}

async fn damaged(deployed: Arc<Deployed>) -> Begin {
    with_copy(&deployed, ITEMS).await;
    damage(&deployed).await;
    put_item(&deployed, "extra", "another").await;
    Begin::Input(input(&deployed, "EXACT"))
}

async fn damaged_sample(deployed: Arc<Deployed>) -> Begin {
    with_copy(&deployed, ITEMS).await;
    damage(&deployed).await;
    Begin::Input(input(&deployed, "SAMPLED"))
}

async fn damaged_count(deployed: Arc<Deployed>) -> Begin {
    with_copy(&deployed, ITEMS).await;
    damage(&deployed).await;
    Begin::Input(input(&deployed, "COUNTED"))
}

async fn another_key(deployed: Arc<Deployed>) -> Begin {
    with_copy(&deployed, ITEMS).await;
    let document = SettingsDocument {
        version: document::VERSION,
        table_arn: arn(&deployed),
        table_id: None,
        captured_at: chrono::DateTime::UNIX_EPOCH,
        definition: Some(TableDefinition::from_key(vec![("id".to_owned(), KeyType::N)])),
        settings: Settings::default(),
    };
    put(&deployed, "settings.json", serde_json::to_vec(&document).unwrap()).await;
    Begin::Input(input(&deployed, "SAMPLED"))
}

/// Creates a table with the items of [`AT`], but two of them as of the second before and after, and the item with ID 2
/// with this text.
async fn with_history(deployed: &Deployed, at: &str, text: &str) -> Begin {
    let bucket = format!("history-of-{}", deployed.account);
    deployed.s3.create_bucket().bucket(&bucket).send().await.unwrap();
    let versions = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
    let put = deployed.s3.put_bucket_versioning().bucket(&bucket).versioning_configuration(versions);
    put.send().await.unwrap();
    put_history(deployed).await;
    make_table(deployed).await;
    for (id, text) in
        [("0", "later"), ("1", "then"), ("2", text), ("3", "then"), ("4", "then"), ("5", "then")]
    {
        put_item(deployed, id, text).await;
    }
    let mut input = input(deployed, "EXACT");
    input["Expected"] = json!({ "Incremental": { "TableArn": arn(deployed), "At": at } });
    Begin::Input(input)
}

async fn of_a_second(deployed: Arc<Deployed>) -> Begin {
    with_history(&deployed, AT, "then").await
}

async fn not_of_a_second(deployed: Arc<Deployed>) -> Begin {
    with_history(&deployed, AT, "never").await
}

async fn not_covered(deployed: Arc<Deployed>) -> Begin {
    with_history(&deployed, "2025-10-01T00:00:00Z", "then").await
}

/// Creates a live table with items, and a damaged copy of it.
async fn with_live(deployed: &Deployed, strength: &str, percent: f64) -> Begin {
    make_table(deployed).await;
    make_table_called(deployed, LIVE).await;
    for table in [TABLE, LIVE] {
        fill(deployed, table, ITEMS).await;
    }
    damage(deployed).await;
    Begin::Input(of_live(deployed, strength, percent))
}

fn of_live(deployed: &Deployed, strength: &str, percent: f64) -> Value {
    let source = table_arn(LIVE, deployed.machine());
    let mut input = input(deployed, strength);
    input["Expected"] = json!({ "Table": { "TableArn": source, "AllowedDifferencePercent": percent } });
    input
}

async fn of_live_sampled(deployed: Arc<Deployed>) -> Begin {
    with_live(&deployed, "SAMPLED", 5.0).await
}

async fn of_live_counted(deployed: Arc<Deployed>) -> Begin {
    with_live(&deployed, "COUNTED", 0.0).await
}

async fn live_missing(deployed: Arc<Deployed>) -> Begin {
    make_table(&deployed).await;
    Begin::Input(of_live(&deployed, "COUNTED", 0.0))
}

async fn live_deleted(deployed: Arc<Deployed>) -> Begin {
    let begin = with_live(&deployed, "SAMPLED", 5.0).await;
    before(&deployed, (FINISH, "dynamodb:DescribeTable"), |deployed| async move {
        deployed.dynamodb.delete_table().table_name(LIVE).send().await.unwrap();
    })
    .await;
    begin
}

async fn wrong_input(deployed: Arc<Deployed>) -> Begin {
    make_table(&deployed).await;
    let mut input = input(&deployed, "EXACT");
    input["Expected"] = json!({});
    Begin::Input(input)
}

async fn table_missing(deployed: Arc<Deployed>) -> Begin {
    Begin::Input(input(&deployed, "EXACT"))
}

async fn no_export(deployed: Arc<Deployed>) -> Begin {
    make_table(&deployed).await;
    put_export(&deployed, OutputFormat::DynamodbJson, &[]).await;
    let mut input = input(&deployed, "EXACT");
    input["Expected"]["Items"] = json!(format!("s3://{}/elsewhere/", bucket(&deployed)));
    Begin::Input(input)
}

/// Makes a copy and refuses a call of a step.
async fn refused(deployed: &Deployed, strength: &str, step: &str, action: &str) -> Begin {
    with_copy(deployed, ITEMS).await;
    inject(deployed, step, action, usize::MAX, Fault::Refuse).await;
    Begin::Input(input(deployed, strength))
}

async fn listing_refused(deployed: Arc<Deployed>) -> Begin {
    refused(&deployed, "EXACT", PLAN, "s3:ListBucket").await
}

async fn scanning_refused(deployed: Arc<Deployed>) -> Begin {
    refused(&deployed, "EXACT", SEGMENT, "dynamodb:Scan").await
}

async fn sample_refused(deployed: Arc<Deployed>) -> Begin {
    refused(&deployed, "SAMPLED", SAMPLE, "dynamodb:BatchGetItem").await
}

async fn comparing_refused(deployed: Arc<Deployed>) -> Begin {
    refused(&deployed, "EXACT", RANGE, "s3:PutObject").await
}

async fn tagging_refused(deployed: Arc<Deployed>) -> Begin {
    refused(&deployed, "EXACT", FINISH, "dynamodb:TagResource").await
}

async fn a_replaced_file(deployed: Arc<Deployed>) -> Begin {
    with_copy(&deployed, ITEMS).await;
    before(&deployed, (SEGMENT, "s3:ListBucket"), |deployed| async move {
        put(&deployed, "data/a.json.gz", b"another".to_vec()).await;
    })
    .await;
    Begin::Input(input(&deployed, "EXACT"))
}

async fn deleted_at_the_end(deployed: Arc<Deployed>) -> Begin {
    with_copy(&deployed, ITEMS).await;
    before(&deployed, (FINISH, "dynamodb:DescribeTable"), |deployed| async move {
        deployed.dynamodb.delete_table().table_name(TABLE).send().await.unwrap();
    })
    .await;
    Begin::Input(input(&deployed, "EXACT"))
}
