//! Tests `incremental` end to end: from writes to a table, through its stream and the template's mapping, to versions
//! in the bucket.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
    StreamViewType,
};
use futures::future::LocalBoxFuture;
use local_aws::Fault;
use serde_json::{Value, json};
use tablekeeper_core::item_history::coverage;
use tablekeeper_core::item_history::version::{TOMBSTONE_SIZE, item_of_body, object_key};
use tablekeeper_tests::checks::policies::{functions, grants_are_calls};
use tablekeeper_tests::harness::run::{BY_HAND, end_of, start_by_hand};
use tablekeeper_tests::harness::workflow::Prepare;
use tablekeeper_tests::workflows::backfill::{TABLE, with_stream, workflow};
use tablekeeper_tests::workflows::sync_settings::inject;
use tablekeeper_tests::workflows::sync_settings::tables::{stream, until_active};
use tablekeeper_tests::{Deployed, Workflow, items_of, stack, until, until_some};

const STEP: &str = "incremental.stream-backup";

/// An item or its key.
type Item = HashMap<String, AttributeValue>;

/// Creates an account with the deployed template, whose stream is read.
async fn deployed(prepare: Prepare) -> Deployed {
    let mut deployed = Deployed::empty_account().await;
    let workflow = Workflow { prepare: Some(prepare), ..workflow() };
    let parameters = [("MappingState", "ENABLED".to_owned()), ("BatchingWindowSeconds", "0".to_owned())];
    deployed.deploy(&workflow, &parameters).await;
    deployed
}

/// Creates a table with these keys and a stream of this view.
async fn table(deployed: &Deployed, keys: &[(&str, ScalarAttributeType)]) {
    let kinds = [KeyType::Hash, KeyType::Range];
    let mut create =
        deployed.dynamodb.create_table().table_name(TABLE).billing_mode(BillingMode::PayPerRequest);
    for ((name, scalar), kind) in keys.iter().zip(kinds) {
        let attribute = AttributeDefinition::builder().attribute_name(*name).attribute_type(scalar.clone());
        create = create.attribute_definitions(attribute.build().unwrap());
        create = create
            .key_schema(KeySchemaElement::builder().attribute_name(*name).key_type(kind).build().unwrap());
    }
    create.send().await.unwrap();
    until_active(deployed, TABLE).await;
}

fn with_binary_keys(deployed: &Deployed) -> LocalBoxFuture<'_, Vec<(&'static str, String)>> {
    Box::pin(async {
        table(deployed, &[("sk", ScalarAttributeType::B), ("pk", ScalarAttributeType::N)]).await;
        vec![("StreamArn", stream(deployed, TABLE, StreamViewType::NewImage).await)]
    })
}

fn with_keys_only(deployed: &Deployed) -> LocalBoxFuture<'_, Vec<(&'static str, String)>> {
    Box::pin(async {
        table(deployed, &[("id", ScalarAttributeType::S)]).await;
        vec![("StreamArn", stream(deployed, TABLE, StreamViewType::KeysOnly).await)]
    })
}

/// Creates a table with six items whose stream was enabled after they were put.
fn with_items_before_the_stream(deployed: &Deployed) -> LocalBoxFuture<'_, Vec<(&'static str, String)>> {
    Box::pin(async {
        table(deployed, &[("id", ScalarAttributeType::S)]).await;
        for number in 0..6 {
            put(deployed, with(key_of_text(&number.to_string()), "before the stream")).await;
        }
        vec![("StreamArn", stream(deployed, TABLE, StreamViewType::NewAndOldImages).await)]
    })
}

fn key_of_text(id: &str) -> Item {
    HashMap::from([("id".to_owned(), AttributeValue::S(id.to_owned()))])
}

/// Returns the item with this key and a text.
fn with(mut key: Item, text: &str) -> Item {
    key.insert("text".to_owned(), AttributeValue::S(text.to_owned()));
    key
}

/// Returns the item with this key and a value of every type.
fn with_everything(mut key: Item) -> Item {
    let blob = |bytes: &[u8]| Blob::new(bytes);
    let every: Vec<u8> = (0..=255).collect();
    let inner = HashMap::from([(
        "inner \u{1}\"\\🦀".to_owned(),
        AttributeValue::L(vec![AttributeValue::Null(true), AttributeValue::M(HashMap::new())]),
    )]);
    for (name, value) in [
        ("digits", AttributeValue::N("12345678901234567890123456789012345678".to_owned())),
        ("empty", AttributeValue::S(String::new())),
        ("bytes", AttributeValue::B(blob(&every))),
        ("no bytes", AttributeValue::B(blob(&[]))),
        ("yes", AttributeValue::Bool(true)),
        ("list", AttributeValue::L(Vec::new())),
        ("map", AttributeValue::M(inner)),
        ("texts", AttributeValue::Ss(vec!["a".to_owned(), "b".to_owned()])),
        ("numbers", AttributeValue::Ns(vec!["1".to_owned(), "-2.5".to_owned()])),
        ("blobs", AttributeValue::Bs(vec![blob(&[0]), blob(&[255, 0])])),
        ("large", AttributeValue::S("x".repeat(300_000))),
    ] {
        key.insert(name.to_owned(), value);
    }
    key
}

async fn put(deployed: &Deployed, item: Item) {
    deployed.dynamodb.put_item().table_name(TABLE).set_item(Some(item)).send().await.unwrap();
}

async fn delete(deployed: &Deployed, key: Item) {
    deployed.dynamodb.delete_item().table_name(TABLE).set_key(Some(key)).send().await.unwrap();
}

/// Returns the table's items, by the keys of their objects.
async fn in_table(deployed: &Deployed, names: &[&str]) -> BTreeMap<String, Value> {
    let object = |item: &Value| {
        let key = item_formats::key_of(item.to_string().as_bytes(), names).unwrap();
        object_key("items/", &key)
    };
    let items = items_of(&deployed.dynamodb, TABLE).await;
    items.into_iter().map(|item| (object(&item), item)).collect()
}

/// Returns the current items of the bucket, without tombstones.
async fn in_bucket(deployed: &Deployed) -> BTreeMap<String, Value> {
    let bucket = deployed.output("ItemBucketName");
    let listed = deployed.s3.list_objects_v2().bucket(bucket).prefix("items/").send().await.unwrap();
    let mut items = BTreeMap::new();
    let keys = listed.contents.unwrap_or_default().into_iter().filter_map(|object| object.key);
    for key in keys.filter(|key| *key != coverage::key("items/")) {
        let got = deployed.s3.get_object().bucket(bucket).key(&key).send().await.unwrap();
        let body = got.body.collect().await.unwrap().into_bytes();
        let item = item_of_body(&key, &body).unwrap();
        assert_eq!(item.is_none(), body.len() == TOMBSTONE_SIZE, "a tombstone is recognised by its size");
        items.extend(item.map(|item| (key, serde_json::from_slice(item).unwrap())));
    }
    items
}

async fn until_equal(deployed: &Deployed, names: &[&str]) {
    let table = in_table(deployed, names).await;
    until("the bucket to have the items of the table", async || in_bucket(deployed).await == table).await;
}

/// Returns the events of an item's versions, oldest first, without delete markers.
async fn events(deployed: &Deployed, object: &str) -> Vec<String> {
    let bucket = deployed.output("ItemBucketName");
    let list = deployed.s3.list_object_versions().bucket(bucket).prefix(object).send().await.unwrap();
    let mut events = Vec::new();
    for version in list.versions.unwrap_or_default().into_iter().rev() {
        let head =
            deployed.s3.head_object().bucket(bucket).key(object).version_id(version.version_id.unwrap());
        events.push(head.send().await.unwrap().metadata.unwrap()["event-name"].clone());
    }
    events
}

fn object_of(key: &Value, names: &[&str]) -> String {
    object_key("items/", &item_formats::key_of(key.to_string().as_bytes(), names).unwrap())
}

#[tokio::test]
async fn the_bucket_has_every_state_of_the_table_and_the_role_allows_no_more() {
    let deployed = deployed(with_stream).await;
    let one = object_of(&json!({ "id": { "S": "1" } }), &["id"]);
    let seen = async |number: usize| {
        until("the change to be in the bucket", async || events(&deployed, &one).await.len() == number).await;
    };
    // S3 fails more often than the SDK retries. Then the failed record is delivered again.
    inject(&deployed, STEP, "s3:PutObject", 4, Fault::FailBeforeEffect).await;
    put(&deployed, with(key_of_text("1"), "first")).await;
    seen(1).await;
    put(&deployed, with_everything(key_of_text("1"))).await;
    seen(2).await;
    delete(&deployed, key_of_text("1")).await;
    seen(3).await;
    until_equal(&deployed, &["id"]).await;
    put(&deployed, with(key_of_text("1"), "again")).await;
    seen(4).await;
    for number in 2..20 {
        put(&deployed, with(key_of_text(&format!("{number} \u{1}\"\\🦀/%")), "another")).await;
    }
    for number in 2..10 {
        delete(&deployed, key_of_text(&format!("{number} \u{1}\"\\🦀/%"))).await;
    }
    until_equal(&deployed, &["id"]).await;
    assert_eq!(events(&deployed, &one).await, ["INSERT", "MODIFY", "REMOVE", "INSERT"]);

    // The step finds that an object was deleted and puts it again.
    let bucket = deployed.output("ItemBucketName");
    deployed.s3.delete_object().bucket(bucket).key(&one).send().await.unwrap();
    put(&deployed, with(key_of_text("1"), "and again")).await;
    until_equal(&deployed, &["id"]).await;

    let functions: Vec<_> =
        functions("incremental").into_iter().filter(|function| function.step == STEP).collect();
    // Quarantined records are put with the same permission.
    let calls = stack().await.aws.proxy().calls(&deployed.account);
    let calls = calls.iter().filter(|call| call.step.as_deref() == Some(STEP));
    let wrong = grants_are_calls(&functions, calls);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn binary_and_numeric_keys_in_the_tables_own_order_are_exact() {
    let deployed = deployed(with_binary_keys).await;
    let key = |bytes: &[u8], number: &str| {
        HashMap::from([
            ("sk".to_owned(), AttributeValue::B(Blob::new(bytes))),
            ("pk".to_owned(), AttributeValue::N(number.to_owned())),
        ])
    };
    let every: Vec<u8> = (0..=255).collect();
    for bytes in [&[0][..], &[255, 254], &every] {
        for number in ["0", "-1.5", "99999999999999999999999999999999999999"] {
            put(&deployed, with_everything(key(bytes, number))).await;
        }
    }
    delete(&deployed, key(&[0], "0")).await;
    let names = ["sk", "pk"];
    assert_eq!(in_table(&deployed, &names).await.len(), 8);
    until_equal(&deployed, &names).await;
}

#[tokio::test]
async fn changes_from_the_stream_during_a_backfill_stay() {
    let deployed = deployed(with_items_before_the_stream).await;
    // The items change after the backfill has read its pages and while it puts them.
    let backfill = "backfill.backfill-segment";
    inject(&deployed, backfill, "s3:PutObject", usize::MAX, Fault::Hold).await;
    start_by_hand(&deployed, &json!({ "Segments": 1 })).await;
    until("the backfill to put", async || {
        let calls = stack().await.aws.proxy().calls(&deployed.account);
        calls.iter().any(|call| call.step.as_deref() == Some(backfill) && call.action == "s3:PutObject")
    })
    .await;
    delete(&deployed, key_of_text("1")).await;
    put(&deployed, with(key_of_text("2"), "changed during the backfill")).await;
    let last = async |id: &str| events(&deployed, &object_of(&json!({ "id": { "S": id } }), &["id"])).await;
    until("the changes to be in the bucket", async || {
        last("1").await == ["REMOVE"] && last("2").await == ["MODIFY"]
    })
    .await;
    stack().await.aws.proxy().release(&deployed.account, Some(backfill), "s3:PutObject");
    let execution = end_of(&deployed, BY_HAND).await;
    assert_eq!(execution.entered.last().map(String::as_str), Some("Complete"), "{execution:?}");
    assert_eq!(execution.output["Items"], 6);
    until_equal(&deployed, &["id"]).await;
    assert_eq!(last("1").await.last().map(String::as_str), Some("REMOVE"));
    assert_eq!(last("2").await.last().map(String::as_str), Some("MODIFY"));
    assert_eq!(last("3").await, ["BACKFILL"]);
}

#[tokio::test]
async fn a_record_without_its_item_is_quarantined_with_the_reason() {
    let deployed = deployed(with_keys_only).await;
    put(&deployed, with(key_of_text("1"), "not in the stream")).await;
    let bucket = deployed.output("ItemBucketName");
    let prefix = format!("failures/{TABLE}/");
    let key = until_some("a quarantined record", async || {
        let listed = deployed.s3.list_objects_v2().bucket(bucket).prefix(&prefix).send().await.unwrap();
        listed.contents?.into_iter().next()?.key
    })
    .await;
    let got = deployed.s3.get_object().bucket(bucket).key(&key).send().await.unwrap();
    let aside: Value = serde_json::from_slice(&got.body.collect().await.unwrap().into_bytes()).unwrap();
    let reason = "it has no NewImage, because the stream's view is KEYS_ONLY; it must be NEW_IMAGE or NEW_AND_OLD_IMAGES";
    assert_eq!(aside["reason"], reason);
    assert_eq!(aside["record"]["dynamodb"]["Keys"], json!({ "id": { "S": "1" } }));
    assert!(in_bucket(&deployed).await.is_empty());
}

/// A batch that the mapping discards goes to the bucket with its records. A replay applies them.
#[tokio::test]
async fn discarded_batches_are_stored_with_their_records_and_replayed() {
    let deployed = deployed(with_stream).await;
    let uuid = deployed.output("StreamMappingUUID");
    // The test uses the number of attempts, because no record reaches the maximum age within a minute.
    let update = deployed.lambda.update_event_source_mapping().uuid(uuid).maximum_retry_attempts(1);
    update.send().await.unwrap();
    inject(&deployed, STEP, "s3:PutObject", usize::MAX, Fault::Refuse).await;
    put(&deployed, with(key_of_text("1"), "discarded")).await;
    let bucket = deployed.output("GivenUpBucketName");
    let key = until_some("a discarded batch", async || {
        let listed = deployed.s3.list_objects_v2().bucket(bucket).send().await.unwrap();
        listed.contents?.into_iter().next()?.key
    })
    .await;
    assert!(key.starts_with(&format!("aws/lambda/{uuid}/shardId-")), "{key}");
    let got = deployed.s3.get_object().bucket(bucket).key(&key).send().await.unwrap();
    let report: Value = serde_json::from_slice(&got.body.collect().await.unwrap().into_bytes()).unwrap();
    assert_eq!(report["requestContext"]["condition"], "RetryAttemptsExhausted");
    assert_eq!(report["requestContext"]["approximateInvokeCount"], 2);
    assert_eq!(report["payload"]["Records"][0]["dynamodb"]["Keys"], json!({ "id": { "S": "1" } }));

    // The item changes again before the replay.
    stack().await.aws.proxy().clear_rules(&deployed.account);
    put(&deployed, with(key_of_text("1"), "later")).await;
    until_equal(&deployed, &["id"]).await;
    let replay = Deployed { machine_output: "ReplayStateMachineArn".to_owned(), ..deployed };
    start_by_hand(&replay, &json!({})).await;
    let execution = end_of(&replay, BY_HAND).await;
    let counts = json!({ "Objects": 1, "Records": 1, "Written": 0, "Late": 1, "SetAside": 0, "Left": 0,
        "OfOtherTables": 0 });
    assert_eq!(execution.output, counts, "{execution:?}");
    until_equal(&replay, &["id"]).await;
    let late = replay.s3.list_objects_v2().bucket(replay.output("ItemBucketName")).prefix("failures/late/");
    assert_eq!(late.send().await.unwrap().contents.unwrap_or_default().len(), 1);
    let listed = replay.s3.list_objects_v2().bucket(replay.output("GivenUpBucketName")).send().await.unwrap();
    assert!(listed.contents.unwrap_or_default().is_empty());
}

/// Invokes the watch as its schedule does.
async fn watch(deployed: &Deployed) -> Value {
    let mapping = deployed.output("StreamMappingUUID");
    condition(deployed, &json!([{ "streamArn": stream_arn(deployed).await, "mappingUuid": mapping }])).await
}

async fn condition(deployed: &Deployed, streams: &Value) -> Value {
    let rules = aws_sdk_lambda::primitives::Blob::new(
        json!({ "streams": streams, "functionName": deployed.output("StreamBackupFunctionName"), "ownTable": TABLE,
            "givenUpBucket": deployed.output("GivenUpBucketName"), "itemsBucket": deployed.output("ItemBucketName"),
            "itemsPrefix": "items/", "tablesPrefix": "tables/", "noncurrentDays": "35", "namespace": "tablekeeper/test" })
        .to_string(),
    );
    let function = deployed.output("WatchStreamFunctionName");
    let response = deployed.lambda.invoke().function_name(function).payload(rules).send().await.unwrap();
    assert_eq!(response.function_error, None, "{:?}", response.payload);
    serde_json::from_slice(response.payload.unwrap().as_ref()).unwrap()
}

async fn stream_arn(deployed: &Deployed) -> String {
    let mapping = deployed.lambda.get_event_source_mapping().uuid(deployed.output("StreamMappingUUID"));
    mapping.send().await.unwrap().event_source_arn.unwrap()
}

#[tokio::test]
async fn the_watch_reports_whether_the_stream_is_read_and_its_role_allows_no_more() {
    let deployed = deployed(with_stream).await;
    assert_eq!(watch(&deployed).await, json!({ "problems": [], "givenUpObjects": 0 }));
    put(&deployed, with(key_of_text("1"), "first")).await;
    until_equal(&deployed, &["id"]).await;
    assert_eq!(watch(&deployed).await["problems"], json!([]));
    inject(&deployed, STEP, "s3:PutObject", usize::MAX, Fault::Refuse).await;
    put(&deployed, with(key_of_text("2"), "second")).await;
    until("the batch to fail", async || {
        watch(&deployed).await["problems"]
            == json!(["the mapping's LastProcessingResult is `PROBLEM: Function call failed`"])
    })
    .await;
    let uuid = deployed.output("StreamMappingUUID");
    deployed.lambda.update_event_source_mapping().uuid(uuid).enabled(false).send().await.unwrap();
    let problems = watch(&deployed).await["problems"].to_string();
    assert!(problems.contains("the mapping's State is `Disabled`; it must be Enabled"), "{problems}");
    let metrics = deployed.cloudwatch.list_metrics().namespace("tablekeeper/test").send().await.unwrap();
    let names = metrics.metrics().iter().filter_map(|metric| metric.metric_name());
    let names: std::collections::BTreeSet<&str> = names.collect();
    assert_eq!(Vec::from_iter(names), ["GivenUpObjects", "StreamProblems"]);
    // Without the mapping's id, the watch finds the mapping itself.
    let found = condition(&deployed, &json!([{ "streamArn": stream_arn(&deployed).await }])).await;
    assert!(found["problems"].to_string().contains("the mapping's State is `Disabled`"), "{found}");

    let step = "incremental.watch-stream";
    let functions: Vec<_> =
        functions("incremental").into_iter().filter(|function| function.step == step).collect();
    let calls = stack().await.aws.proxy().calls(&deployed.account);
    let calls = calls.iter().filter(|call| call.step.as_deref() == Some(step));
    let wrong = grants_are_calls(&functions, calls);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
