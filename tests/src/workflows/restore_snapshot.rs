//! The scenarios of `restore-snapshot` and the snapshots that they read.

use std::sync::Arc;

use aws_sdk_s3::primitives::ByteStream;
use item_formats::Compression;
use local_aws::Fault;
use serde_json::{Value, json};
use tablekeeper_core::error_name::ErrorName;
use tablekeeper_core::export::manifest;
use tablekeeper_core::export::manifest::{DataFile, ManifestSummary, OutputFormat, md5_of, write_files};

use super::backfill::{TABLE, delete_table, with_stream};
use super::import_table::{data, put_item};
use super::sync_settings::{before, inject, takes_two_seconds};
use crate::harness::workflow::scenario;
use crate::{Begin, Deployed, Ended, FaultMatrix, Workflow};

const PLAN: &str = "restore-snapshot.plan-restore";
const SEGMENT: &str = "import-table.import-segment";
const FINISH: &str = "import-table.finish-import";

const NAME: &str = "2026-01-01T00-00-00Z";
/// One second per call. A call ends after a request that takes two.
const IN_SHORT_CALLS: &[(&str, &str)] = &[("SecondsPerCall", "1")];

/// Returns the workflow with its scenarios.
pub fn workflow() -> Workflow {
    Workflow {
        name: "restore-snapshot",
        template: "incremental",
        machine: "RestoreSnapshotStateMachine",
        // The snapshot is restored into the followed table, as if all of its items were lost.
        parameters: &[("MappingState", "DISABLED"), ("NoncurrentDays", "0"), ("RestoreTablePattern", TABLE)],
        prepare: Some(with_stream),
        scenarios: vec![
            scenario!("a snapshot by its name", by_name => "Complete").golden().and(|ended| {
                assert_eq!(items(ended), 60);
                assert_eq!(ended.execution.as_ref().unwrap().output["ItemCount"], 60);
            }),
            scenario!("a snapshot by its location, into items", by_location => "Complete").and(|ended| {
                assert_eq!(items(ended), 61, "one more");
            }),
            scenario!("in several invocations", in_several => "Complete").with(IN_SHORT_CALLS).and(|ended| {
                assert_eq!(items(ended), 60);
                let entered = ended.execution.as_ref().unwrap().entered.iter();
                let invocations = entered.filter(|state| *state == "Import Segment").count();
                assert!(invocations > 1, "{invocations}");
            }),
            scenario!("no snapshot is named", wrong_input => "Input Refused")
                .failing(ErrorName::InvalidInput),
            scenario!("other key attributes", other_keys => "Input Refused").failing(ErrorName::InvalidInput),
            scenario!("there is no such snapshot", no_snapshot => "Input Refused")
                .failing(ErrorName::InvalidExport),
            scenario!("the table is missing", table_missing => "Input Refused")
                .failing(ErrorName::TargetTableMissing),
            scenario!("the table holds items", table_not_empty => "Table Not Empty")
                .failing(ErrorName::TableNotEmpty),
            scenario!("listing is not allowed", describing_refused => "Restore Not Started")
                .failing(ErrorName::AccessDenied),
            scenario!("writing is not allowed", writing_refused => "Restore Failed")
                .failing(ErrorName::AccessDenied),
            scenario!("a file changes at the end", changed_at_the_end => "Restore Not Verified")
                .failing(ErrorName::ImportChanged),
            scenario!("the table is deleted before the end", deleted_at_the_end => "Restore Not Verified")
                .failing(ErrorName::ImportNotVerified),
            scenario!("listing again is not allowed", finishing_refused => "Restore Not Verified")
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

fn input() -> Value {
    // One segment only: with several at a time, each would meet only some of the faults that are meant for one.
    json!({ "TableName": TABLE, "Snapshot": NAME, "Segments": 1 })
}

async fn by_name(deployed: Arc<Deployed>) -> Begin {
    put_snapshot(&deployed, &["id"]).await;
    Begin::Input(input())
}

async fn by_location(deployed: Arc<Deployed>) -> Begin {
    put_snapshot(&deployed, &["id"]).await;
    put_item(&deployed, "0", "before").await;
    put_item(&deployed, "another", "before").await;
    let from = format!("s3://{}/snapshots/{NAME}/", deployed.output("SnapshotBucketName"));
    Begin::Input(json!({ "TableName": TABLE, "From": from, "Merge": true, "MaxWriteCapacityUnits": 1_000 }))
}

async fn in_several(deployed: Arc<Deployed>) -> Begin {
    put_snapshot(&deployed, &["id"]).await;
    takes_two_seconds(&deployed, (SEGMENT, "dynamodb:BatchWriteItem")).await;
    Begin::Input(input())
}

async fn wrong_input(_: Arc<Deployed>) -> Begin {
    Begin::Input(json!({ "TableName": TABLE }))
}

async fn other_keys(deployed: Arc<Deployed>) -> Begin {
    put_snapshot(&deployed, &["id", "at"]).await;
    Begin::Input(input())
}

async fn no_snapshot(_: Arc<Deployed>) -> Begin {
    Begin::Input(input())
}

async fn table_missing(deployed: Arc<Deployed>) -> Begin {
    put_snapshot(&deployed, &["id"]).await;
    delete_table(&deployed).await;
    Begin::Input(input())
}

async fn table_not_empty(deployed: Arc<Deployed>) -> Begin {
    put_snapshot(&deployed, &["id"]).await;
    put_item(&deployed, "0", "before").await;
    Begin::Input(input())
}

/// Puts a snapshot and refuses a call of a step.
async fn refused(deployed: &Deployed, step: &str, action: &str) -> Begin {
    put_snapshot(deployed, &["id"]).await;
    inject(deployed, step, action, usize::MAX, Fault::Refuse).await;
    Begin::Input(input())
}

async fn describing_refused(deployed: Arc<Deployed>) -> Begin {
    refused(&deployed, PLAN, "s3:ListBucket").await
}

async fn writing_refused(deployed: Arc<Deployed>) -> Begin {
    refused(&deployed, SEGMENT, "dynamodb:BatchWriteItem").await
}

async fn finishing_refused(deployed: Arc<Deployed>) -> Begin {
    refused(&deployed, FINISH, "s3:ListBucket").await
}

async fn changed_at_the_end(deployed: Arc<Deployed>) -> Begin {
    put_snapshot(&deployed, &["id"]).await;
    before(&deployed, (FINISH, "s3:ListBucket"), |deployed| async move {
        let other = data(OutputFormat::DynamodbJson, Compression::Gzip, 0..1);
        put(&deployed, "AWSDynamoDB/01767225600000-0d20b12c/data/00000-00000.json.gz", other).await;
    })
    .await;
    Begin::Input(input())
}

async fn deleted_at_the_end(deployed: Arc<Deployed>) -> Begin {
    put_snapshot(&deployed, &["id"]).await;
    before(&deployed, (FINISH, "dynamodb:DescribeTable"), |deployed| async move {
        deployed.dynamodb.delete_table().table_name(TABLE).send().await.unwrap();
    })
    .await;
    Begin::Input(input())
}

/// Puts an object of the snapshot.
async fn put(deployed: &Deployed, name: &str, content: Vec<u8>) {
    let key = format!("snapshots/{NAME}/{name}");
    let put = deployed.s3.put_object().bucket(deployed.output("SnapshotBucketName")).key(key);
    put.body(ByteStream::from(content)).send().await.unwrap();
}

/// Puts a snapshot with 60 items in two files. Its document has these key attributes.
async fn put_snapshot(deployed: &Deployed, key_names: &[&str]) {
    let at = "2026-01-01T00:00:00Z";
    let folder = format!("snapshots/{NAME}/");
    let document = json!({
        "version": 1, "owner": "an execution",
        "snapshot": {
            "name": NAME, "at": at, "keyNames": key_names,
            "items": { "bucket": "items", "prefix": "items/", "failuresPrefix": "failures/" },
            "run": {
                "startedAt": at, "timestamp": NAME, "frequency": "manual", "format": "dynamodb-json",
                "nullTag": "nULL", "compression": "gzip", "consistentRead": true, "bucket": "snapshots",
                "prefix": "snapshots/", "segments": 2, "mostSegments": 2, "maxReadCapacityUnits": 0,
                "managed": false, "deadline": at, "secondsPerCall": 600
            },
            "plan": {
                "tableName": TABLE, "tableArn": "", "tableId": "", "folder": folder,
                "exportId": "01767225600000-0d20b12c", "segments": 2, "exportTime": at, "notes": []
            }
        }
    });
    put(deployed, "export.json", document.to_string().into_bytes()).await;
    let root = "AWSDynamoDB/01767225600000-0d20b12c/";
    let mut entries = Vec::new();
    for (name, items) in [("00000-00000.json.gz", 0..30), ("00001-00000.json.gz", 30..60)] {
        let content = data(OutputFormat::DynamodbJson, Compression::Gzip, items);
        entries.push(DataFile {
            item_count: 30,
            md5_checksum: Some(md5_of(&content)),
            etag: String::new(),
            data_file_s3_key: format!("{folder}{root}data/{name}"),
        });
        put(deployed, &format!("{root}data/{name}"), content).await;
    }
    let list = write_files(&entries);
    let key = format!("{folder}{root}{}", manifest::FILES);
    let mut summary = ManifestSummary::from_full_export(key, OutputFormat::DynamodbJson);
    summary.item_count = 60;
    let summary = summary.write();
    for (name, content) in [
        (manifest::FILES_MD5, md5_of(&list).into_bytes()),
        (manifest::FILES, list),
        (manifest::SUMMARY_MD5, md5_of(&summary).into_bytes()),
        (manifest::SUMMARY, summary),
    ] {
        put(deployed, &format!("{root}{name}"), content).await;
    }
}
