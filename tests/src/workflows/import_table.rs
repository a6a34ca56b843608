//! The scenarios of `import-table` and the exports and tables that they need.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use aws_sdk_s3::primitives::ByteStream;
use item_formats::{Compression, Compressor, Format, NullTag, write_line};
use local_aws::Fault;
use serde_json::json;
use tablekeeper_core::error_name::ErrorName;
use tablekeeper_core::export::manifest;
use tablekeeper_core::export::manifest::{
    DataFile, EmrManifest, ManifestSummary, OutputFormat, md5_of, write_files,
};

use super::sync_settings::{before, inject};
use crate::harness::workflow::scenario;
use crate::{Begin, Deployed, Ended, FaultMatrix, Workflow};

/// The table that is written to.
pub const TABLE: &str = "orders";
/// The key prefix of the export.
pub const FOLDER: &str = "orders/2026-03-01-02-00-00/";

const PLAN: &str = "import-table.plan-import";
const SEGMENT: &str = "import-table.import-segment";
const FINISH: &str = "import-table.finish-import";
/// One second per call. A call ends after a request that takes two.
const IN_SHORT_CALLS: &[(&str, &str)] = &[("SecondsPerCall", "1")];

/// Returns the workflow with its scenarios.
pub fn workflow() -> Workflow {
    Workflow {
        name: "import-table",
        template: "import-table",
        machine: "StateMachine",
        prepare: None,
        parameters: &[("TablePattern", TABLE), ("ExportBucketName", "exports-of-*")],
        scenarios: vec![
            scenario!("an export of DynamoDB's", of_dynamodb => "Complete").golden().and(|ended| {
                assert_eq!(items(ended), 60, "{:?}", ended.state.tables[TABLE].items);
            }),
            scenario!("an export of Data Pipeline's", of_data_pipeline => "Complete").and(|ended| {
                assert_eq!(items(ended), 30);
            }),
            scenario!("an export in plain JSON", in_plain_json => "Complete").and(|ended| {
                assert_eq!(items(ended), 60);
            }),
            scenario!("a folder of files", of_a_folder => "Complete").and(|ended| {
                assert_eq!(items(ended), 30);
            }),
            scenario!("lines without types in several invocations", of_lines_without_types => "Complete")
                .with(IN_SHORT_CALLS)
                .and(|ended| {
                    assert_eq!(items(ended), 60);
                    let execution = ended.execution.as_ref().unwrap();
                    let invocations = execution.entered.iter().filter(|state| *state == "Import Segment");
                    assert!(invocations.count() > 1);
                    let note = execution.output["Notes"][0].as_str().unwrap();
                    assert!(note.starts_with("60 values were null"), "{note}");
                }),
            scenario!("lines without types with another key", of_another_key => "Import Failed")
                .failing(ErrorName::InvalidExport)
                .and(|ended| {
                    let cause = ended.execution.as_ref().unwrap().cause.as_deref().unwrap();
                    assert!(
                        cause.contains(
                            "the key attribute `id` is a number, but that of the table is a string"
                        ),
                        "{cause}"
                    );
                }),
            scenario!("into a table with items", into_items => "Complete").and(|ended| {
                assert_eq!(items(ended), 61, "one more, and one of the same key");
                let unchanged = ended.state.tables[TABLE].items.iter().filter(|item| item.contains("before"));
                assert_eq!(unchanged.count(), 1, "{:?}", ended.state.tables[TABLE].items);
            }),
            scenario!("in several invocations", in_several => "Complete").with(IN_SHORT_CALLS).and(|ended| {
                assert_eq!(items(ended), 60);
                let entered = ended.execution.as_ref().unwrap().entered.iter();
                let invocations = entered.filter(|state| *state == "Import Segment").count();
                assert!(invocations > 1, "{invocations}");
            }),
            scenario!("writes are throttled for a while", throttled_for_a_while => "Complete").and(|ended| {
                assert_eq!(items(ended), 60);
                assert_eq!(ended.calls.iter().filter(|call| call.fault.is_some()).count(), 7);
            }),
            scenario!("wrong input", wrong_input => "Input Refused").failing(ErrorName::InvalidInput),
            scenario!("the table is missing", table_missing => "Input Refused")
                .failing(ErrorName::TargetTableMissing),
            scenario!("there is no such export", no_export => "Input Refused")
                .failing(ErrorName::InvalidExport),
            scenario!("the table holds items", table_not_empty => "Table Not Empty")
                .failing(ErrorName::TableNotEmpty),
            scenario!("listing is not allowed", listing_refused => "Import Not Started")
                .failing(ErrorName::AccessDenied),
            scenario!("a damaged file", a_damaged_file => "Import Failed").failing(ErrorName::InvalidExport),
            scenario!("a line that is not an item", a_wrong_line => "Import Failed")
                .failing(ErrorName::InvalidExport)
                .and(|ended| {
                    let cause = ended.execution.as_ref().unwrap().cause.as_deref().unwrap();
                    assert!(cause.contains("data/a.json") && cause.contains("line 3"), "{cause}");
                }),
            scenario!("a file with fewer items", fewer_items => "Import Failed")
                .failing(ErrorName::InvalidExport),
            scenario!("the files change before they are read", changed_before => "Import Failed")
                .failing(ErrorName::ImportChanged),
            scenario!("writing is not allowed", writing_refused => "Import Failed")
                .failing(ErrorName::AccessDenied),
            scenario!("the files change at the end", changed_at_the_end => "Import Not Verified")
                .failing(ErrorName::ImportChanged),
            scenario!("the table is deleted before the end", deleted_at_the_end => "Import Not Verified")
                .failing(ErrorName::ImportNotVerified),
            scenario!("listing the files again is not allowed", finishing_refused => "Import Not Verified")
                .failing(ErrorName::AccessDenied),
        ],
        fault_matrix: FaultMatrix::EveryKindOfCall,
        changes_settings_of: None,
        reports_refusals_by: None,
        unentered: &[],
    }
}

/// Returns the number of items in the table.
fn items(ended: &Ended) -> usize {
    ended.state.tables[TABLE].items.len()
}

/// Returns the bucket of the exports.
pub fn bucket(deployed: &Deployed) -> String {
    format!("exports-of-{}", deployed.account)
}

fn input(deployed: &Deployed) -> serde_json::Value {
    json!({ "TableName": TABLE, "From": format!("s3://{}/{FOLDER}", bucket(deployed)) })
}

async fn of_dynamodb(deployed: Arc<Deployed>) -> Begin {
    make_table(&deployed).await;
    let files = [("data/a.json.gz", 0..30), ("data/b.json.gz", 30..30), ("data/c.json.gz", 30..60)];
    put_export(&deployed, OutputFormat::DynamodbJson, &files).await;
    // One segment only: with several at a time, each would meet only some of the faults that are meant for one.
    let mut input = input(&deployed);
    input["Segments"] = json!(1);
    Begin::Input(input)
}

async fn of_data_pipeline(deployed: Arc<Deployed>) -> Begin {
    make_table(&deployed).await;
    let bucket = make_bucket(&deployed).await;
    let content = data(OutputFormat::DataPipeline, Compression::None, 0..30);
    put(&deployed, "3d6f0a2e-one", content).await;
    let manifest = EmrManifest::from_urls([format!("s3://{bucket}/{FOLDER}3d6f0a2e-one")]).write();
    put(&deployed, manifest::EMR, manifest).await;
    Begin::Input(input(&deployed))
}

async fn in_plain_json(deployed: Arc<Deployed>) -> Begin {
    make_table(&deployed).await;
    put_export(&deployed, OutputFormat::Plain, &[("a.json.zst", 0..30), ("b.json", 30..60)]).await;
    Begin::Input(input(&deployed))
}

async fn of_a_folder(deployed: Arc<Deployed>) -> Begin {
    make_table(&deployed).await;
    make_bucket(&deployed).await;
    put(&deployed, "one", data(OutputFormat::DynamodbJson, Compression::Gzip, 0..30)).await;
    put(&deployed, "_SUCCESS", Vec::new()).await;
    let mut input = input(&deployed);
    input["Format"] = json!("dynamodb-json");
    input["Compression"] = json!("gzip");
    input["MaxWriteCapacityUnits"] = json!(1_000);
    Begin::Input(input)
}

async fn of_lines_without_types(deployed: Arc<Deployed>) -> Begin {
    make_table(&deployed).await;
    make_bucket(&deployed).await;
    let line = |id| format!("{{\"id\":\"{id}\",\"old\":null,\"price\":1.50}}\n");
    for (name, ids) in [("one", 0..30), ("two", 30..60)] {
        put(&deployed, name, ids.map(line).collect::<String>().into_bytes()).await;
    }
    let slow = Fault::Delay(Duration::from_secs(2));
    inject(&deployed, SEGMENT, "dynamodb:BatchWriteItem", 2, slow).await;
    let mut input = input(&deployed);
    input["Format"] = json!("json");
    input["Segments"] = json!(1);
    Begin::Input(input)
}

/// Imports one of several files that are named by their minute.
async fn of_another_key(deployed: Arc<Deployed>) -> Begin {
    make_table(&deployed).await;
    make_bucket(&deployed).await;
    put(&deployed, "2026-03-01 02:00", b"{\"id\":\"1\"}\n{\"id\":2}\n".to_vec()).await;
    put(&deployed, "2026-03-02 02:00", b"{\"id\":\"another\"}\n".to_vec()).await;
    let mut input = input(&deployed);
    input["From"] = json!(format!("s3://{}/{FOLDER}2026-03-01 02:00", bucket(&deployed)));
    input["Format"] = json!("json");
    Begin::Input(input)
}

async fn into_items(deployed: Arc<Deployed>) -> Begin {
    with_export(&deployed).await;
    put_item(&deployed, "0", "before").await;
    put_item(&deployed, "another", "before").await;
    let mut input = input(&deployed);
    input["Merge"] = json!(true);
    Begin::Input(input)
}

async fn in_several(deployed: Arc<Deployed>) -> Begin {
    with_export(&deployed).await;
    let slow = Fault::Delay(Duration::from_secs(2));
    inject(&deployed, SEGMENT, "dynamodb:BatchWriteItem", 2, slow).await;
    let mut input = input(&deployed);
    input["Segments"] = json!(1);
    Begin::Input(input)
}

async fn throttled_for_a_while(deployed: Arc<Deployed>) -> Begin {
    with_export(&deployed).await;
    inject(&deployed, SEGMENT, "dynamodb:BatchWriteItem", 7, Fault::Throttle).await;
    Begin::Input(input(&deployed))
}

async fn wrong_input(deployed: Arc<Deployed>) -> Begin {
    make_table(&deployed).await;
    Begin::Input(json!({ "TableName": TABLE, "From": "here" }))
}

async fn table_missing(deployed: Arc<Deployed>) -> Begin {
    make_bucket(&deployed).await;
    Begin::Input(input(&deployed))
}

async fn no_export(deployed: Arc<Deployed>) -> Begin {
    make_table(&deployed).await;
    make_bucket(&deployed).await;
    put(&deployed, "export.json", b"{}".to_vec()).await;
    Begin::Input(input(&deployed))
}

async fn table_not_empty(deployed: Arc<Deployed>) -> Begin {
    with_export(&deployed).await;
    put_item(&deployed, "0", "before").await;
    Begin::Input(input(&deployed))
}

async fn listing_refused(deployed: Arc<Deployed>) -> Begin {
    refused(&deployed, PLAN, "s3:ListBucket").await
}

async fn writing_refused(deployed: Arc<Deployed>) -> Begin {
    refused(&deployed, SEGMENT, "dynamodb:BatchWriteItem").await
}

async fn finishing_refused(deployed: Arc<Deployed>) -> Begin {
    refused(&deployed, FINISH, "s3:ListBucket").await
}

/// Puts an export and refuses a call of a step.
async fn refused(deployed: &Deployed, step: &str, action: &str) -> Begin {
    with_export(deployed).await;
    inject(deployed, step, action, usize::MAX, Fault::Refuse).await;
    Begin::Input(input(deployed))
}

async fn a_damaged_file(deployed: Arc<Deployed>) -> Begin {
    make_table(&deployed).await;
    let mut content = data(OutputFormat::DynamodbJson, Compression::Gzip, 0..30);
    content.truncate(content.len() / 2);
    put_export_of(&deployed, OutputFormat::DynamodbJson, vec![("data/a.json.gz", 30, content)]).await;
    Begin::Input(input(&deployed))
}

async fn a_wrong_line(deployed: Arc<Deployed>) -> Begin {
    make_table(&deployed).await;
    let mut content = data(OutputFormat::DynamodbJson, Compression::None, 0..2);
    content.extend(b"{\"Item\":{\"id\":{\"S\":3}}}\n");
    put_export_of(&deployed, OutputFormat::DynamodbJson, vec![("data/a.json", 3, content)]).await;
    Begin::Input(input(&deployed))
}

async fn fewer_items(deployed: Arc<Deployed>) -> Begin {
    make_table(&deployed).await;
    let content = data(OutputFormat::DynamodbJson, Compression::None, 0..29);
    put_export_of(&deployed, OutputFormat::DynamodbJson, vec![("data/a.json", 30, content)]).await;
    Begin::Input(input(&deployed))
}

async fn changed_before(deployed: Arc<Deployed>) -> Begin {
    with_export(&deployed).await;
    before(&deployed, (SEGMENT, "s3:ListBucket"), |deployed| async move {
        put(&deployed, "data/a.json.gz", b"another".to_vec()).await;
    })
    .await;
    Begin::Input(input(&deployed))
}

async fn changed_at_the_end(deployed: Arc<Deployed>) -> Begin {
    with_export(&deployed).await;
    before(&deployed, (FINISH, "s3:ListBucket"), |deployed| async move {
        put(&deployed, "data/a.json.gz", b"another".to_vec()).await;
    })
    .await;
    Begin::Input(input(&deployed))
}

async fn deleted_at_the_end(deployed: Arc<Deployed>) -> Begin {
    with_export(&deployed).await;
    before(&deployed, (FINISH, "dynamodb:DescribeTable"), |deployed| async move {
        deployed.dynamodb.delete_table().table_name(TABLE).send().await.unwrap();
    })
    .await;
    Begin::Input(input(&deployed))
}

/// Creates an empty table and puts an export with 60 items in two files.
async fn with_export(deployed: &Deployed) {
    make_table(deployed).await;
    let files = [("data/a.json.gz", 0..30), ("data/b.json.gz", 30..60)];
    put_export(deployed, OutputFormat::DynamodbJson, &files).await;
}

/// Creates an empty table.
pub async fn make_table(deployed: &Deployed) {
    make_table_called(deployed, TABLE).await;
}

/// Creates a table of this name with the key attribute `id`.
pub async fn make_table_called(deployed: &Deployed, name: &str) {
    let attribute = AttributeDefinition::builder().attribute_name("id");
    let attribute = attribute.attribute_type(ScalarAttributeType::S).build().unwrap();
    let key = KeySchemaElement::builder().attribute_name("id").key_type(KeyType::Hash).build().unwrap();
    let create = deployed.dynamodb.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
    create.attribute_definitions(attribute).key_schema(key).send().await.unwrap();
    super::sync_settings::tables::until_active(deployed, name).await;
}

pub(super) async fn put_item(deployed: &Deployed, id: &str, content: &str) {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let put = deployed.dynamodb.put_item().table_name(TABLE).item("id", text(id)).item("text", text(content));
    put.send().await.unwrap();
}

pub(super) async fn make_bucket(deployed: &Deployed) -> String {
    let bucket = bucket(deployed);
    deployed.s3.create_bucket().bucket(&bucket).send().await.unwrap();
    bucket
}

/// Puts a file into [`FOLDER`].
pub(super) async fn put(deployed: &Deployed, name: &str, content: Vec<u8>) {
    let put = deployed.s3.put_object().bucket(bucket(deployed)).key(format!("{FOLDER}{name}"));
    put.body(ByteStream::from(content)).send().await.unwrap();
}

/// Returns the lines of the items with these numbers, compressed.
pub(super) fn data(format: OutputFormat, compression: Compression, items: std::ops::Range<usize>) -> Vec<u8> {
    let format = match format {
        OutputFormat::DynamodbJson => Format::DynamodbJson,
        OutputFormat::DataPipeline => Format::DataPipeline(NullTag::NullValue),
        OutputFormat::Plain => Format::Plain,
    };
    let mut lines = Vec::new();
    for number in items {
        let item = json!({ "id": { "S": number.to_string() }, "none": { "NULL": true },
            "price": { "N": format!("{number}.50") } });
        write_line(format, item.to_string().as_bytes(), &mut lines).unwrap();
    }
    let mut compressor = Compressor::new(compression);
    compressor.push(&lines).unwrap();
    let mut content = compressor.take();
    content.extend(compressor.finish().unwrap());
    content
}

pub(super) async fn put_export(
    deployed: &Deployed,
    format: OutputFormat,
    files: &[(&str, std::ops::Range<usize>)],
) {
    let files = files.iter().map(|(name, items)| {
        let content = data(format, Compression::from_key(name), items.clone());
        (*name, items.len() as u64, content)
    });
    put_export_of(deployed, format, files.collect()).await;
}

/// Puts an export of these files, each with its number of items in the manifest.
async fn put_export_of(deployed: &Deployed, format: OutputFormat, files: Vec<(&str, u64, Vec<u8>)>) {
    let bucket = make_bucket(deployed).await;
    let mut entries = Vec::new();
    for (name, item_count, content) in files {
        let (md5_checksum, etag) = (Some(md5_of(&content)), String::new());
        let data_file_s3_key = format!("{FOLDER}{name}");
        entries.push(DataFile { item_count, md5_checksum, etag, data_file_s3_key });
        put(deployed, name, content).await;
    }
    let list = write_files(&entries);
    let manifest_files = format!("{FOLDER}{}", manifest::FILES);
    let mut summary = ManifestSummary::from_full_export(manifest_files, format);
    summary.s3_bucket = bucket;
    summary.item_count = entries.iter().map(|entry| entry.item_count).sum();
    let summary = summary.write();
    put(deployed, manifest::FILES_MD5, md5_of(&list).into_bytes()).await;
    put(deployed, manifest::FILES, list).await;
    put(deployed, manifest::SUMMARY_MD5, md5_of(&summary).into_bytes()).await;
    put(deployed, manifest::SUMMARY, summary).await;
}
