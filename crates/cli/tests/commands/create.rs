//! `--create` of `tablekeeper import`: the table of an export is made again.

use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType,
    LocalSecondaryIndex, Projection, ProjectionType, ProvisionedThroughput, ScalarAttributeType, TableClass,
    TableDescription, Tag,
};
use local_aws::{Fault, Rule};
use serde_json::{Value, json};
use tablekeeper_core::table_definition::TableDefinition;
use tablekeeper_tests::items_of;

use crate::shell::{CommandOutput, Shell, stack};

fn key(name: &str, role: KeyType) -> KeySchemaElement {
    KeySchemaElement::builder().attribute_name(name).key_type(role).build().unwrap()
}

fn attribute(name: &str, of: ScalarAttributeType) -> AttributeDefinition {
    AttributeDefinition::builder().attribute_name(name).attribute_type(of).build().unwrap()
}

fn all() -> Projection {
    Projection::builder().projection_type(ProjectionType::All).build()
}

fn units(read: i64, write: i64) -> ProvisionedThroughput {
    ProvisionedThroughput::builder().read_capacity_units(read).write_capacity_units(write).build().unwrap()
}

/// Creates the table `orders` with two keys, both kinds of indexes, provisioned capacity and a tag, and puts items.
async fn orders(shell: &Shell) {
    let global = GlobalSecondaryIndex::builder()
        .index_name("by-day")
        .key_schema(key("day", KeyType::Hash))
        .projection(all())
        .provisioned_throughput(units(3, 4));
    let local = LocalSecondaryIndex::builder()
        .index_name("by-name")
        .key_schema(key("id", KeyType::Hash))
        .key_schema(key("name", KeyType::Range))
        .projection(all());
    let create = shell.dynamodb.create_table().table_name("orders");
    let create = create.key_schema(key("id", KeyType::Hash)).key_schema(key("day", KeyType::Range));
    let create = create
        .attribute_definitions(attribute("id", ScalarAttributeType::S))
        .attribute_definitions(attribute("day", ScalarAttributeType::N))
        .attribute_definitions(attribute("name", ScalarAttributeType::S))
        .global_secondary_indexes(global.build().unwrap())
        .local_secondary_indexes(local.build().unwrap())
        .billing_mode(BillingMode::Provisioned)
        .provisioned_throughput(units(5, 6))
        .table_class(TableClass::StandardInfrequentAccess)
        .tags(Tag::builder().key("team").value("a").build().unwrap());
    create.send().await.unwrap();
    for number in 0..20 {
        let put = shell.dynamodb.put_item().table_name("orders");
        let put = put.item("id", AttributeValue::S(format!("{number:02}")));
        let put = put.item("day", AttributeValue::N(number.to_string()));
        put.item("name", AttributeValue::S("x".to_owned())).send().await.unwrap();
    }
}

async fn described(shell: &Shell, table: &str) -> TableDescription {
    let described = shell.dynamodb.describe_table().table_name(table).send().await.unwrap();
    described.table.unwrap()
}

async fn definition(shell: &Shell, table: &str) -> TableDefinition {
    TableDefinition::from_description(&described(shell, table).await).unwrap()
}

/// Exports `orders` and returns the directory of the export.
async fn exported(shell: &Shell, to: &str) -> String {
    let reported = shell.done(&["export", "orders", "--to", to]).await;
    reported.data.split_once("AWSDynamoDB/").unwrap().0.to_owned()
}

async fn calls(shell: &Shell, action: &str) -> usize {
    stack().await.proxy().calls(shell.name).iter().filter(|call| call.action == action).count()
}

/// Injects a fault into one call, after `after` more calls.
async fn fault(shell: &Shell, action: &str, after: usize, fault: Fault) {
    stack().await.proxy().inject(Rule {
        account: shell.name.to_owned(),
        step: None,
        action: action.to_owned(),
        from_ordinal: calls(shell, action).await + after,
        times: 1,
        fault,
    });
}

fn refused(reported: &CommandOutput, expected: &str) {
    assert_eq!((reported.code, reported.data.as_str()), (Some(2), ""), "{}", reported.remarks);
    let line = reported.remarks.lines().last().unwrap();
    assert!(line.starts_with(&format!("error: {expected}")), "{}", reported.remarks);
}

async fn sorted(shell: &Shell, table: &str) -> Vec<Value> {
    let mut items = items_of(&shell.dynamodb, table).await;
    items.sort_by_key(ToString::to_string);
    items
}

#[tokio::test]
async fn an_export_becomes_a_table_with_the_same_definition_and_items() {
    let shell = Shell::new("490000000001").await;
    orders(&shell).await;
    let bucket = "exports-490000000001";
    shell.s3.create_bucket().bucket(bucket).send().await.unwrap();
    let expected = definition(&shell, "orders").await;
    assert_eq!(expected.table_class, "STANDARD_INFREQUENT_ACCESS");
    assert_eq!((expected.global_secondary_indexes.len(), expected.local_secondary_indexes.len()), (1, 1));
    for (copy, to) in [("copy", "out"), ("from-bucket", &format!("s3://{bucket}/daily"))] {
        let from = exported(&shell, to).await;
        let lists = calls(&shell, "s3:ListBucket").await;
        let reported = shell.done(&["import", copy, "--from", &from, "--create"]).await;
        let of_creating = calls(&shell, "s3:ListBucket").await - lists;
        let made =
            "settings.json: key id (S) and day (N), 2 indexes, 5 RCU and 6 WCU, STANDARD_INFREQUENT_ACCESS\n";
        assert!(reported.remarks.starts_with(&format!("making table {copy} as in ")), "{}", reported.remarks);
        assert!(reported.remarks.contains(made), "{}", reported.remarks);
        assert!(
            reported
                .remarks
                .contains("note: Tags is not copied: 1 tag; the workflow sync-settings copies it\n"),
            "{}",
            reported.remarks
        );
        assert_eq!(definition(&shell, copy).await, expected);
        assert_eq!(sorted(&shell, copy).await, sorted(&shell, "orders").await);
        // The table is made without listing the files once more.
        let lists = calls(&shell, "s3:ListBucket").await;
        shell.done(&["import", copy, "--from", &from, "--merge", "--yes"]).await;
        assert_eq!(of_creating, calls(&shell, "s3:ListBucket").await - lists, "{to}");
        assert_eq!(of_creating > 0, to.starts_with("s3://"), "{to}");
    }
}

#[tokio::test]
async fn another_table_or_a_document_may_say_how_the_table_is_made() {
    let shell = Shell::new("490000000002").await;
    orders(&shell).await;
    shell.create("plain", "id", true).await;
    let from = exported(&shell, "out").await;
    let settings = shell.path(&from).join("settings.json");
    let document: Value = serde_json::from_slice(&std::fs::read(&settings).unwrap()).unwrap();
    std::fs::rename(&settings, shell.path("kept.json")).unwrap();
    let manifest = std::fs::read_dir(shell.path(&from).join("AWSDynamoDB")).unwrap().next().unwrap().unwrap();
    let manifest = manifest.path().join("manifest-summary.json").display().to_string();
    let import = async |copy: &str, more: &[&str]| {
        shell.run(&[&["import", copy, "--from", &manifest, "--create"], more].concat()).await
    };
    refused(&import("aaa", &[]).await, "--create needs ");
    refused(&import("aaa", &["--settings", "nowhere.json"]).await, "nowhere.json cannot be read");
    refused(&import("aaa", &["--like", "nowhere"]).await, "--like is nowhere, which does not exist");
    for like in [&["--settings", "kept.json"][..], &["--like", "orders"]] {
        let name = like[0].trim_start_matches('-');
        let reported = import(name, like).await;
        assert_eq!(reported.code, Some(0), "{}", reported.remarks);
        assert_eq!(definition(&shell, name).await, definition(&shell, "orders").await);
        assert_eq!(sorted(&shell, name).await.len(), 20);
    }
    // The items do not have to fit the other table's indexes, only its key.
    let reported = import("simple", &["--like", "plain"]).await;
    assert!(
        reported.remarks.contains("note: Stream is not copied: NEW_AND_OLD_IMAGES; "),
        "{}",
        reported.remarks
    );
    assert_eq!(
        (reported.code, definition(&shell, "simple").await),
        (Some(0), definition(&shell, "plain").await)
    );

    // A key of another Region is replaced, and said.
    for (region, name) in [("eu-west-1", "far"), ("us-east-1", "near")] {
        let key = format!("arn:aws:kms:{region}:{}:key/11111111-2222-3333-4444-555555555555", shell.name);
        let mut document = document.clone();
        document["Definition"]["SSESpecification"] = json!({ "Enabled": true, "KMSMasterKeyId": key });
        std::fs::write(shell.path("encrypted.json"), document.to_string()).unwrap();
        let asked = calls(&shell, "sts:GetCallerIdentity").await;
        let reported = import(name, &["--settings", "encrypted.json"]).await;
        assert_eq!(reported.code, Some(0), "{}", reported.remarks);
        assert_eq!(calls(&shell, "sts:GetCallerIdentity").await, asked + 1);
        let note =
            format!("note: the KMS key {key} is not copied, because it is of another account or Region; ");
        assert_eq!(reported.remarks.contains(&note), name == "far", "{}", reported.remarks);
        let made = definition(&shell, name).await;
        assert!(made.sse_specification.is_some());
        assert_eq!(made.kms_key() == Some(key.as_str()), name == "near", "{made:?}");
    }

    // A document of an earlier release has no definition, and one of a later release an unknown field.
    let with = |field: &str, value: Option<Value>| {
        let mut document = document.clone();
        let fields = document.as_object_mut().unwrap();
        match value {
            Some(value) => fields.insert(field.to_owned(), value),
            None => fields.remove(field),
        };
        std::fs::write(shell.path("other.json"), document.to_string()).unwrap();
    };
    with("Definition", None);
    refused(
        &import("bbb", &["--settings", "other.json"]).await,
        "other.json does not say how to make the table, as those of earlier releases do not; give --like TABLE",
    );
    with("Later", Some(json!(1)));
    refused(
        &import("bbb", &["--settings", "other.json"]).await,
        "other.json is not a settings document of version 1: ",
    );
    assert!(
        shell.dynamodb.describe_table().table_name("bbb").send().await.is_err(),
        "no refusal makes a table"
    );
}

#[tokio::test]
async fn only_an_empty_table_with_the_same_key_is_taken_for_its_own() {
    let shell = Shell::new("490000000003").await;
    orders(&shell).await;
    let from = exported(&shell, "out").await;
    let import = async |table: &str| shell.run(&["import", table, "--from", &from, "--create"]).await;
    refused(
        &import("orders").await,
        "table orders already exists and holds items. If this command was interrupted, continue it with --resume",
    );
    shell.create("other", "id", false).await;
    refused(
        &import("other").await,
        "table other already exists, and has the key attributes id (S) instead of id (S), day (N); give the name of a new",
    );
    let without = shell.run(&["import", "new", "--from", &from, "--like", "orders"]).await;
    assert!(without.code == Some(2) && without.remarks.contains("--create"), "{}", without.remarks);

    // The response of CreateTable is lost: the call is repeated, and finds the table.
    fault(&shell, "dynamodb:CreateTable", 0, Fault::LoseResponse).await;
    let reported = import("copy").await;
    assert_eq!(reported.code, Some(0), "{}", reported.remarks);
    stack().await.proxy().clear_rules(shell.name);
    assert_eq!(definition(&shell, "copy").await, definition(&shell, "orders").await);
}

#[tokio::test]
async fn a_stopped_command_is_repeated() {
    let shell = Shell::new("490000000004").await;
    orders(&shell).await;
    let from = exported(&shell, "out").await;
    let import = ["import", "copy", "--from", &from, "--create"];
    // The first poll of the new table, after the look whether it exists.
    fault(&shell, "dynamodb:DescribeTable", 1, Fault::Hold).await;
    let before = calls(&shell, "dynamodb:DescribeTable").await;
    let mut child = shell.command(&import).await.spawn().unwrap();
    let made = async {
        while calls(&shell, "dynamodb:DescribeTable").await < before + 2 {
            assert!(child.try_wait().unwrap().is_none(), "it ended too early");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), made).await.unwrap();
    let id = child.id().unwrap().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let stopped = CommandOutput::from_output(child.wait_with_output().await.unwrap());
    assert_eq!(stopped.code, Some(130), "{}", stopped.remarks);
    assert!(
        stopped.remarks.contains("interrupted; table copy is being made, and the same command"),
        "{}",
        stopped.remarks
    );
    stack().await.proxy().clear_rules(shell.name);
    let reported = shell.done(&import).await;
    let note = "note: table copy already exists, is empty and has the key attributes of ";
    assert!(reported.remarks.contains(note), "{}", reported.remarks);
    assert_eq!(sorted(&shell, "copy").await, sorted(&shell, "orders").await);
}
