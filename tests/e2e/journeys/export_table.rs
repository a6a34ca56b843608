//! Tests `export-table` end to end: from the schedules' own input through the deployed template and state machine to
//! objects whose items are read back.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, ImportStatus, InputCompressionType, InputFormat, KeySchemaElement,
    KeyType, S3BucketSource, ScalarAttributeType, TableCreationParameters,
};
use futures::StreamExt as _;
use item_formats::{Format, FormatName, NullTag, read_line};
use local_aws::{Deployment, deploy, workspace_root};
use serde_json::{Value, json};
use tablekeeper_core::clock::Clock;
use tablekeeper_tests::checks::policies::template;
use tablekeeper_tests::harness::final_state::lines;
use tablekeeper_tests::harness::items::canonical;
use tablekeeper_tests::harness::run::{Execution, end_of};
use tablekeeper_tests::workflows::export_table::{TABLE, bucket, make_filled, put, tag, workflow};
use tablekeeper_tests::{Deployed, items_of, stack, until_some};

crate::of_every_workflow!(export_table);

/// Deploys the workflow with these parameters of the template into a new account.
async fn deployed_with(parameters: &[(&str, &str)]) -> Deployed {
    let mut deployed = Deployed::empty_account().await;
    let parameters: Vec<_> = parameters.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    deployed.deploy(&workflow(), &parameters).await;
    deployed
}

async fn execute(deployed: &Deployed, name: &str, input: &Value) -> Execution {
    let start = deployed.sfn.start_execution().state_machine_arn(deployed.machine()).name(name);
    start.input(input.to_string()).send().await.unwrap();
    end_of(deployed, name).await
}

/// Returns the reports of a successful execution, by table.
fn reports(execution: &Execution) -> BTreeMap<String, Value> {
    assert_eq!(execution.entered.last().map(String::as_str), Some("Complete"), "{execution:?}");
    let tables = execution.output["Tables"].as_array().unwrap().iter();
    tables.map(|report| (report["TableName"].as_str().unwrap().to_owned(), report.clone())).collect()
}

/// Returns an object of the exports' bucket by its `s3://` URI or its key.
async fn object(deployed: &Deployed, place: &str) -> Vec<u8> {
    let key = place.strip_prefix(&format!("s3://{}/", bucket(deployed))).unwrap_or(place);
    let got = deployed.s3.get_object().bucket(bucket(deployed)).key(key).send().await.unwrap();
    got.body.collect().await.unwrap().to_vec()
}

async fn document(deployed: &Deployed, place: &str) -> Value {
    serde_json::from_slice(&object(deployed, place).await).unwrap()
}

/// Returns the data files of an export's manifest, each with its number of items in the manifest.
async fn data_files(deployed: &Deployed, report: &Value) -> Vec<(String, usize)> {
    let summary = document(deployed, report["Manifest"].as_str().unwrap()).await;
    assert_eq!(summary["itemCount"], report["ItemCount"]);
    let files = object(deployed, summary["manifestFilesS3Key"].as_str().unwrap()).await;
    let files = String::from_utf8(files).unwrap();
    let files = files.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    files
        .map(|file| {
            let key = file["dataFileS3Key"].as_str().unwrap().to_owned();
            (key, usize::try_from(file["itemCount"].as_u64().unwrap()).unwrap())
        })
        .collect()
}

/// Returns the items of an export in a form that can be compared.
async fn exported(deployed: &Deployed, report: &Value, format: Format) -> BTreeSet<String> {
    let mut items = BTreeSet::new();
    for (key, count) in data_files(deployed, report).await {
        let lines = lines(&key, &object(deployed, &key).await);
        assert_eq!(lines.len(), count, "{key}");
        for line in lines {
            let mut item = Vec::new();
            read_line(format, line.as_bytes(), &mut item).unwrap();
            assert!(items.insert(canonical(&serde_json::from_slice(&item).unwrap())), "twice: {line}");
        }
    }
    items
}

/// Returns the items of a table as the service responds with them, in the same form.
async fn scanned(deployed: &Deployed, table: &str) -> BTreeSet<String> {
    items_of(&deployed.dynamodb, table).await.iter().map(canonical).collect()
}

/// Returns items with every type, also nested and empty, and with every special character.
fn of_every_type() -> Vec<Value> {
    let item = |id: &str, name: &str, value: Value| json!({ "id": { "S": id }, name: value });
    vec![
        item("text", "a", json!({ "S": "line\nfeed \"quoted\" \\ \u{1}\u{7f} é 漢 🦀 </script>" })),
        item("empty text", "a", json!({ "S": "" })),
        item("number", "a", json!({ "N": "-12345678901234567890123456789012345678" })),
        item("small number", "a", json!({ "N": "-0.0000000012345" })),
        item("binary", "a", json!({ "B": "AAECA/8=" })),
        item("empty binary", "a", json!({ "B": "" })),
        item("true", "a", json!({ "BOOL": true })),
        item("false", "a", json!({ "BOOL": false })),
        item("null", "a", json!({ "NULL": true })),
        item("texts", "a", json!({ "SS": ["b", "a", "\u{2028}"] })),
        item("numbers", "a", json!({ "NS": ["1", "2.5", "-3"] })),
        item("binaries", "a", json!({ "BS": ["AA==", "/w=="] })),
        item("empty list", "a", json!({ "L": [] })),
        item("empty map", "a", json!({ "M": {} })),
        item(
            "nested",
            "a",
            json!({ "M": { "S": { "L": [{ "M": { "N": { "NULL": true }, "": { "SS": ["x"] } } }, { "N": "7" }] } } }),
        ),
        item(
            "named as a type",
            "bOOL",
            json!({ "M": { "nULLValue": { "S": "s" }, "Item": { "B": "eA==" } } }),
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_type_is_read_back_equal_in_every_format_and_compression() {
    let deployed = deployed_with(&[]).await;
    let formats = [
        (FormatName::DynamodbJson, NullTag::Null),
        (FormatName::DataPipeline, NullTag::Null),
        (FormatName::DataPipeline, NullTag::NullValue),
        (FormatName::Plain, NullTag::Null),
    ];
    let compressions = ["none", "gzip", "zstd"];
    let ways = formats.iter().flat_map(|format| compressions.map(|compression| (*format, compression)));
    let ways: Vec<_> = ways.enumerate().collect();
    let deployed = &deployed;
    futures::stream::iter(ways)
        .for_each_concurrent(4, async |(number, ((format, null_tag), compression))| {
            let table = format!("table-{number:02}");
            make_filled(deployed, &table, 0, 0).await;
            put(deployed, &table, of_every_type()).await;
            let input = json!({ "TableName": table, "Format": format.to_string(), "Compression": compression,
                "NullTag": if null_tag == NullTag::Null { "nULL" } else { "nULLValue" }, "Segments": 3 });
            let execution = execute(deployed, &format!("run-{number}"), &input).await;
            let report = reports(&execution)[&table].clone();
            assert_eq!(report["ItemCount"], of_every_type().len(), "{report}");
            assert_eq!(
                report["Settings"].as_str().map(|uri| uri.ends_with("/settings.json")),
                Some(true),
                "{report}"
            );
            let items = scanned(deployed, &table).await;
            assert_eq!(exported(deployed, &report, format.with(null_tag)).await, items, "{input}");
            let given: BTreeSet<String> = of_every_type().iter().map(canonical).collect();
            assert_eq!(items, given, "the local stack stores items unchanged");
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn import_table_loads_what_was_exported() {
    let deployed = deployed_with(&[]).await;
    make_filled(&deployed, TABLE, 0, 0).await;
    // The emulator's import treats U+2028 as the end of a line too.
    let items = of_every_type().into_iter().filter(|item| !item.to_string().contains('\u{2028}'));
    put(&deployed, TABLE, items.collect()).await;
    let input = json!({ "TableName": TABLE, "Segments": 4, "Format": "dynamodb-json" });
    let execution = execute(&deployed, "run", &input).await;
    let report = reports(&execution)[TABLE].clone();
    let files = data_files(&deployed, &report).await;
    let (folder, _) = files[0].0.rsplit_once('/').unwrap();
    let source = S3BucketSource::builder().s3_bucket(bucket(&deployed)).s3_key_prefix(format!("{folder}/"));
    let key = KeySchemaElement::builder().attribute_name("id").key_type(KeyType::Hash).build().unwrap();
    let attribute =
        AttributeDefinition::builder().attribute_name("id").attribute_type(ScalarAttributeType::S);
    let table = TableCreationParameters::builder().table_name("imported").key_schema(key);
    let table =
        table.attribute_definitions(attribute.build().unwrap()).billing_mode(BillingMode::PayPerRequest);
    let import = deployed.dynamodb.import_table().s3_bucket_source(source.build().unwrap());
    let import =
        import.input_format(InputFormat::DynamodbJson).input_compression_type(InputCompressionType::Gzip);
    let import = import.table_creation_parameters(table.build().unwrap()).send().await.unwrap();
    let arn = import.import_table_description.unwrap().import_arn.unwrap();
    let ended = until_some("the import to end", async || {
        let described = deployed.dynamodb.describe_import().import_arn(&arn).send().await.unwrap();
        let import = described.import_table_description.unwrap();
        (import.import_status != Some(ImportStatus::InProgress)).then_some(import)
    })
    .await;
    assert_eq!(ended.import_status, Some(ImportStatus::Completed), "{ended:?}");
    assert_eq!(scanned(&deployed, "imported").await, scanned(&deployed, TABLE).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_table_has_an_export_without_items() {
    let deployed = deployed_with(&[]).await;
    make_filled(&deployed, TABLE, 0, 0).await;
    let execution = execute(&deployed, "run", &json!({ "TableName": TABLE })).await;
    let report = reports(&execution)[TABLE].clone();
    assert_eq!((&report["ItemCount"], &report["Outcome"]), (&json!(0), &json!("DONE")), "{report}");
    assert_eq!(exported(&deployed, &report, Format::DynamodbJson).await, BTreeSet::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_executions_use_different_folders() {
    let deployed = deployed_with(&[]).await;
    make_filled(&deployed, TABLE, 200, 100).await;
    let items = scanned(&deployed, TABLE).await;
    let input = json!({ "TableName": TABLE, "Segments": 2 });
    let runs = ["one", "two", "three"].map(|name| execute(&deployed, name, &input));
    let mut manifests = BTreeSet::new();
    for execution in futures::future::join_all(runs).await {
        let report = reports(&execution)[TABLE].clone();
        assert_eq!(exported(&deployed, &report, Format::DynamodbJson).await, items);
        assert!(manifests.insert(report["Manifest"].to_string()), "two exports in one folder: {report}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_schedule_exports_the_tagged_tables_under_its_frequency() {
    let deployed = deployed_with(&[("EnableDaily", "true"), ("EnableMonthly", "false")]).await;
    make_filled(&deployed, TABLE, 3, 10).await;
    tag(&deployed, TABLE, "BackupEnabled", "TRUE").await;
    make_filled(&deployed, "audit", 3, 10).await;
    let template = template("export-table");
    let lifecycle = &template["Resources"]["ExportBucket"]["Properties"]["LifecycleConfiguration"]["Rules"];
    for frequency in ["QuarterHourly", "Hourly", "Daily", "Weekly", "Monthly", "Yearly"] {
        let rule = &template["Resources"][format!("{frequency}Rule")]["Properties"];
        let input: Value = serde_json::from_str(rule["Targets"][0]["Input"].as_str().unwrap()).unwrap();
        let started = Clock::System.now().timestamp();
        let execution = execute(&deployed, &format!("run-{frequency}"), &input).await;
        let reports = reports(&execution);
        assert_eq!(reports.keys().collect::<Vec<_>>(), [TABLE]);
        let manifest = reports[TABLE]["Manifest"].as_str().unwrap();
        let key = manifest.strip_prefix(&format!("s3://{}/", bucket(&deployed))).unwrap();
        let tags = deployed.s3.get_object_tagging().bucket(bucket(&deployed)).key(key).send().await.unwrap();
        let tags: BTreeMap<&str, &str> = tags.tag_set().iter().map(|tag| (tag.key(), tag.value())).collect();
        assert_eq!(tags, BTreeMap::from([("TableName", TABLE), ("Frequency", frequency)]));
        let of_this = |rule: &&Value| rule["TagFilters"][0]["Value"] == frequency;
        let expiration = lifecycle.as_array().unwrap().iter().find(of_this).unwrap();
        assert_eq!(expiration["ExpirationInDays"]["Ref"], format!("Keep{frequency}"));
        // The name of an export's folder has a resolution of one second.
        until_some("the next second", async || (Clock::System.now().timestamp() > started).then_some(()))
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_table_is_exported_whole_by_many_calls() {
    let deployed = deployed_with(&[("SecondsPerCall", "1")]).await;
    let (items, segments) = (50_000, 16);
    make_filled(&deployed, TABLE, items, 40).await;
    let execution = execute(&deployed, "run", &json!({ "TableName": TABLE, "Segments": segments })).await;
    let report = reports(&execution)[TABLE].clone();
    assert_eq!(report["ItemCount"], items, "{report}");
    assert!(report["Files"].as_u64().unwrap() >= segments, "{report}");
    let exported = exported(&deployed, &report, Format::DynamodbJson).await;
    assert_eq!(exported.len(), items, "no item twice, none missing");
    let last = json!({ "id": { "S": format!("{:06}", items - 1) }, "text": { "S": "x".repeat(40) } });
    assert!(exported.contains(&canonical(&last)));
}

#[tokio::test(flavor = "multi_thread")]
async fn exports_are_replicated_to_an_existing_bucket() {
    let other = Deployed::empty_account().await;
    let mut deployed = Deployed::empty_account().await;
    let replica = workspace_root().join("infra/export-replica.yaml");
    let parameters =
        [("SourceAccountId", deployed.account.clone()), ("AcceptDeleteMarkers", "true".to_owned())];
    let deployment = Deployment {
        template: &replica,
        stack_name: "export-replica",
        parameters: &parameters,
        bootstrap: &stack().await.bootstrap,
    };
    let outputs = deploy(&other.config, &deployment).await.unwrap();
    assert_eq!(outputs["BucketName"], format!("{}-dynamodb-backup-databunker", deployed.account));
    let parameters = [
        ("EnableCrossAccountReplication", "true".to_owned()),
        ("DestinationAccount", outputs["BucketAccount"].clone()),
        ("DestinationAccountBucketName", outputs["BucketName"].clone()),
        ("ReplicationTimeControl", "true".to_owned()),
        ("ReplicateDeleteMarkers", "true".to_owned()),
        ("ReplicationPrefix", "orders/".to_owned()),
        ("ReplicationPriority", "7".to_owned()),
    ];
    deployed.deploy(&workflow(), &parameters).await;
    let policy = other.s3.get_bucket_policy().bucket(&outputs["BucketName"]).send().await.unwrap();
    let policy: Value = serde_json::from_str(policy.policy().unwrap()).unwrap();
    let statements = policy["Statement"].as_array().unwrap();
    let takes = statements.iter().find(|statement| statement["Sid"] == "TakeReplicas").unwrap();
    // The policy of the destination names the role that replicates the source's bucket.
    assert_eq!(takes["Condition"]["ArnEquals"]["aws:PrincipalArn"], deployed.output("ReplicationRoleArn"));
    for action in ["s3:ReplicateTags", "s3:ReplicateDelete"] {
        assert!(takes["Action"].as_array().unwrap().contains(&json!(action)), "{takes}");
    }
    let alarms = deployed.cloudwatch.describe_alarms().send().await.unwrap();
    let metrics: Vec<_> = alarms.metric_alarms().iter().filter_map(|alarm| alarm.metric_name()).collect();
    for metric in ["OperationsFailedReplication", "ReplicationLatency"] {
        assert!(metrics.contains(&metric), "{metrics:?}");
    }
    // The emulator drops a bucket's replication, so only the template shows it.
    let template = template("export-table");
    let replication =
        &template["Resources"]["ExportBucket"]["Properties"]["ReplicationConfiguration"]["Fn::If"][1];
    assert_eq!(replication["Role"], json!({ "Fn::GetAtt": ["ReplicationRole", "Arn"] }));
    let destination = &replication["Rules"][0]["Destination"];
    assert_eq!(destination["Account"]["Ref"], "DestinationAccount");
    assert_eq!(destination["AccessControlTranslation"]["Owner"], "Destination");
    let role = template["Resources"]["ReplicationRole"]["Properties"]["Policies"].to_string();
    assert!(role.contains("s3:ReplicateTags") && role.contains("s3:GetObjectVersionTagging"), "{role}");
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_replication_is_refused_before_anything_is_created() {
    let deployed = Deployed::empty_account().await;
    let template = workspace_root().join("infra/export-table.yaml");
    let frequency = ("ReplicationFrequency", "Daily");
    for (parameters, expected) in [
        (vec![("EnableCrossAccountReplication", "true")], "DestinationAccount"),
        (vec![frequency, ("ReplicateDeleteMarkers", "true")], "S3 replicates no delete markers by tag"),
        (vec![frequency, ("UseManagedExport", "true")], "does not go with UseManagedExport"),
    ] {
        let parameters: Vec<_> =
            parameters.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        let deployment = Deployment {
            template: &template,
            stack_name: "export-table",
            parameters: &parameters,
            bootstrap: &stack().await.bootstrap,
        };
        let refused = deploy(&deployed.config, &deployment).await.unwrap_err().to_string();
        assert!(refused.contains(expected), "{refused}");
    }
}
