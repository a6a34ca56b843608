//! Tests `incremental-tables`: one stack that follows ten tables, each under its own prefix, from writes to the tables
//! to restored items.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{AttributeValue, StreamViewType};
use futures::future::join_all;
use local_aws::{Deployment, deploy, workspace_root};
use serde_json::{Value, json};
use tablekeeper_core::clock::Clock;
use tablekeeper_core::item_history::coverage;
use tablekeeper_core::item_history::version::item_of_body;
use tablekeeper_tests::harness::http::send;
use tablekeeper_tests::harness::run::end_of;
use tablekeeper_tests::workflows::backfill::{TABLE, workflow};
use tablekeeper_tests::workflows::import_table::make_table_called;
use tablekeeper_tests::workflows::sync_settings::tables::stream;
use tablekeeper_tests::{Deployed, items_of, stack, until};

/// The additional tables, some with names that prefixes of keys begin with as well.
const TABLES: [&str; 10] = [
    "abc",
    "cafe.01",
    "customers",
    "deadbeef",
    "failures",
    "invoices",
    "items",
    "late",
    "snapshots",
    "Tables_2-b",
];

/// The name of the stack for additional tables.
const MORE: &str = "more-tables";

/// Creates an account with a stack of incremental that follows ten more tables, each with an item from before.
async fn deployed() -> Deployed {
    let mut deployed = Deployed::empty_account().await;
    let parameters = [
        ("MappingState", "ENABLED"),
        ("MoreTablesPattern", "*"),
        ("BatchingWindowSeconds", "0"),
        ("SettleSeconds", "1"),
        ("RestoreTablePattern", "*"),
    ];
    deployed.deploy(&workflow(), &parameters.map(|(name, value)| (name, value.to_owned()))).await;
    let streams = join_all(TABLES.map(async |table| {
        make_table_called(&deployed, table).await;
        put(&deployed, table, "before").await;
        stream(&deployed, table, StreamViewType::NewAndOldImages).await
    }))
    .await;
    let parameters = [
        ("IncrementalStack", format!("backfill-{}", deployed.account)),
        ("StreamArns", streams.join(", ")),
        ("BatchingWindowSeconds", "0".to_owned()),
    ];
    let template = workspace_root().join("infra/incremental-tables.yaml");
    let deployment = Deployment {
        template: &template,
        stack_name: MORE,
        parameters: &parameters,
        bootstrap: &stack().await.bootstrap,
    };
    let outputs = deploy(&deployed.config, &deployment).await.unwrap();
    deployed.outputs.extend(outputs);
    deployed
}

/// Puts an item with this id, which names its table.
async fn put(deployed: &Deployed, table: &str, id: &str) {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let put = deployed.dynamodb.put_item().table_name(table).item("id", text(id));
    put.item("table", text(table)).send().await.unwrap();
}

fn prefix_of(table: &str) -> String {
    if table == TABLE { "items/".to_owned() } else { format!("tables/{table}/") }
}

/// Returns the items of a table in the bucket, by their ids.
async fn in_bucket(deployed: &Deployed, table: &str) -> BTreeMap<String, Value> {
    let (bucket, prefix) = (deployed.output("ItemBucketName"), prefix_of(table));
    let listed = deployed.s3.list_objects_v2().bucket(bucket).prefix(&prefix).send().await.unwrap();
    let mut items = BTreeMap::new();
    let keys = listed.contents.unwrap_or_default().into_iter().filter_map(|object| object.key);
    for key in keys.filter(|key| *key != coverage::key(&prefix)) {
        let got = deployed.s3.get_object().bucket(bucket).key(&key).send().await.unwrap();
        let body = got.body.collect().await.unwrap().into_bytes();
        let item: Value = serde_json::from_slice(item_of_body(&key, &body).unwrap().unwrap()).unwrap();
        items.insert(item["id"]["S"].as_str().unwrap().to_owned(), item);
    }
    items
}

/// Runs an execution of the stack's state machine to its end and returns its output.
async fn run(deployed: Deployed, machine: &str, input: Value) -> (Deployed, Value) {
    let deployed = Deployed { machine_output: format!("{machine}StateMachineArn"), ..deployed };
    let name = input["TableName"].as_str().unwrap_or(TABLE).to_owned();
    let start = deployed.sfn.start_execution().state_machine_arn(deployed.machine()).name(&name);
    start.input(input.to_string()).send().await.unwrap();
    let execution = end_of(&deployed, &name).await;
    assert_eq!(execution.entered.last().map(String::as_str), Some("Complete"), "{execution:?}");
    (deployed, execution.output)
}

/// Returns the input that the rule passes to its target.
async fn input_of_rule(deployed: &Deployed, rule: &str) -> String {
    let headers =
        [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", "AWSEvents.ListTargetsByRule")];
    let body = json!({ "Rule": rule }).to_string();
    let (_, targets) = send(deployed, "events", ("POST", "/"), &headers, body).await;
    let input = &targets["Targets"][0]["Input"];
    assert!(input.is_string(), "{targets}");
    input.as_str().unwrap().to_owned()
}

/// Invokes the watch as the schedule of the tables' stack does.
async fn watch(deployed: &Deployed) -> Value {
    let input = input_of_rule(deployed, deployed.output("WatchRuleName")).await;
    let function = deployed.output("WatchStreamFunctionName");
    let payload = aws_sdk_lambda::primitives::Blob::new(input);
    let response = deployed.lambda.invoke().function_name(function).payload(payload).send().await.unwrap();
    assert_eq!(response.function_error, None, "{:?}", response.payload);
    serde_json::from_slice(response.payload.unwrap().as_ref()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_tables_are_followed_by_one_stack_each_under_its_own_prefix() {
    let deployed = deployed().await;
    for table in TABLES.iter().chain([&TABLE]) {
        put(&deployed, table, "1").await;
        put(&deployed, table, "2").await;
    }
    for table in TABLES.iter().chain([&TABLE]) {
        until("the changes of each table to be in the bucket", async || {
            in_bucket(&deployed, table).await.keys().filter(|id| *id != "before").count() == 2
        })
        .await;
        let of_others = |item: &Value| item["table"]["S"] != json!(table);
        assert!(!in_bucket(&deployed, table).await.values().any(of_others), "{table}");
    }
    assert_eq!(watch(&deployed).await, json!({ "problems": [], "givenUpObjects": 0 }));

    // Each table has its own backfill, snapshot and restore.
    let (deployed, filled) = run(deployed, "Backfill", json!({ "TableName": "deadbeef" })).await;
    assert_eq!((&filled["Items"], in_bucket(&deployed, "deadbeef").await.len()), (&json!(3), 3));
    let (deployed, filled) = run(deployed, "Backfill", json!({})).await;
    assert_eq!(filled["Items"], 2);
    // The backfill covers the time from the next whole second on.
    let bucket = deployed.output("ItemBucketName").to_owned();
    until("the second that the backfill covers", async || {
        let covered = coverage::read(&deployed.s3, &bucket, "items/").await.unwrap();
        covered.complete_since.unwrap() <= Clock::System.now()
    })
    .await;
    let (deployed, snapshot) = run(deployed, "Snapshot", json!({ "TableName": "deadbeef" })).await;
    assert_eq!(snapshot["ItemCount"], 3, "{snapshot}");
    let name = snapshot["Snapshot"].as_str().unwrap();
    make_table_called(&deployed, "restored").await;
    let input = json!({ "TableName": "restored", "Snapshot": format!("deadbeef/{name}") });
    let (deployed, _) = run(deployed, "RestoreSnapshot", input).await;
    let restored = items_of(&deployed.dynamodb, "restored").await;
    assert_eq!(restored.len(), 3);
    assert!(restored.iter().all(|item| item["table"]["S"] == "deadbeef"), "{restored:?}");
    // The additional tables do not affect the stack's own table.
    let (_, own) = run(deployed, "Snapshot", json!({})).await;
    assert_eq!(own["ItemCount"], 2, "{own}");
}
