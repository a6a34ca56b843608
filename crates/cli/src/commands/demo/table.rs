//! The demo's table: creates, fills, reads and changes it.

use std::{collections::HashMap, time::Duration};

use anyhow::{Context as _, bail, ensure};
use aws_sdk_dynamodb::{
    Client,
    types::{
        AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType,
        LocalSecondaryIndex, Projection, ProjectionType, PutRequest, ScalarAttributeType,
        StreamSpecification, StreamViewType, TableDescription, TableStatus, Tag, TimeToLiveSpecification,
        WriteRequest,
    },
};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

use super::{
    compare::Items,
    items::{Item, item},
};
use crate::console::Console;
use crate::failure;

/// Maximum number of items in a BatchWriteItem call.
const BATCH: usize = 25;
/// Number of parallel calls.
const PARALLEL: usize = 4;
/// Timeout until a table of this size is usable.
const PATIENCE: Duration = Duration::from_secs(30);

/// Creates the table to back up, with keys, indexes, a stream, a time to live and tags.
pub(crate) async fn create_source(client: &Client, name: &str) -> anyhow::Result<()> {
    let attribute =
        |name: &str, kind| AttributeDefinition::builder().attribute_name(name).attribute_type(kind).build();
    let projection = || Projection::builder().projection_type(ProjectionType::All).build();
    client
        .create_table()
        .table_name(name)
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(attribute("customerId", ScalarAttributeType::S)?)
        .attribute_definitions(attribute("orderId", ScalarAttributeType::S)?)
        .attribute_definitions(attribute("status", ScalarAttributeType::S)?)
        .attribute_definitions(attribute("placedAt", ScalarAttributeType::N)?)
        .attribute_definitions(attribute("total", ScalarAttributeType::N)?)
        .key_schema(key("customerId", KeyType::Hash)?)
        .key_schema(key("orderId", KeyType::Range)?)
        .global_secondary_indexes(
            GlobalSecondaryIndex::builder()
                .index_name("by-status")
                .key_schema(key("status", KeyType::Hash)?)
                .key_schema(key("placedAt", KeyType::Range)?)
                .projection(projection())
                .build()?,
        )
        .local_secondary_indexes(
            LocalSecondaryIndex::builder()
                .index_name("by-total")
                .key_schema(key("customerId", KeyType::Hash)?)
                .key_schema(key("total", KeyType::Range)?)
                .projection(projection())
                .build()?,
        )
        .stream_specification(
            StreamSpecification::builder()
                .stream_enabled(true)
                .stream_view_type(StreamViewType::NewAndOldImages)
                .build()?,
        )
        .tags(Tag::builder().key("team").value("orders").build()?)
        .tags(Tag::builder().key("stage").value("production").build()?)
        .send()
        .await
        .map_err(failure::aws("dynamodb:CreateTable"))?;
    active(client, name).await?;
    client
        .update_time_to_live()
        .table_name(name)
        .time_to_live_specification(
            TimeToLiveSpecification::builder().enabled(true).attribute_name("expiresAt").build()?,
        )
        .send()
        .await
        .map_err(failure::aws("dynamodb:UpdateTimeToLive"))?;
    Ok(())
}

/// Creates an empty table as an older copy, and returns its ARN.
pub(crate) async fn create_older_copy(client: &Client, name: &str) -> anyhow::Result<String> {
    let attribute = |name: &str| {
        AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S).build()
    };
    client
        .create_table()
        .table_name(name)
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(attribute("customerId")?)
        .attribute_definitions(attribute("orderId")?)
        .key_schema(key("customerId", KeyType::Hash)?)
        .key_schema(key("orderId", KeyType::Range)?)
        .send()
        .await
        .map_err(failure::aws("dynamodb:CreateTable"))?;
    active(client, name).await?.table_arn.with_context(|| format!("table {name} has no ARN"))
}

fn key(name: &str, kind: KeyType) -> anyhow::Result<KeySchemaElement> {
    Ok(KeySchemaElement::builder().attribute_name(name).key_type(kind).build()?)
}

async fn active(client: &Client, name: &str) -> anyhow::Result<TableDescription> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let table = describe(client, name).await?;
        if table.table_status == Some(TableStatus::Active) {
            return Ok(table);
        }
        ensure!(Instant::now() < deadline, "table {name} is not ACTIVE after {} s", PATIENCE.as_secs());
        sleep(Duration::from_millis(50)).await;
    }
}

/// Describes the table.
pub(crate) async fn describe(client: &Client, name: &str) -> anyhow::Result<TableDescription> {
    client
        .describe_table()
        .table_name(name)
        .send()
        .await
        .map_err(failure::aws("dynamodb:DescribeTable"))?
        .table
        .with_context(|| format!("DescribeTable returned no table {name}"))
}

/// Writes the first `count` items.
pub(crate) async fn fill(client: &Client, name: &str, count: u32, console: &Console) -> anyhow::Result<()> {
    console.counting("items written", u64::from(count));
    let mut batches = (0..count).step_by(BATCH).map(|first| first..count.min(first + BATCH as u32));
    let mut writing = JoinSet::new();
    loop {
        while writing.len() < PARALLEL {
            let Some(numbers) = batches.next() else { break };
            let written = numbers.len();
            let requests = numbers
                .map(|number| {
                    let put = PutRequest::builder().set_item(Some(item(number))).build()?;
                    Ok(WriteRequest::builder().put_request(put).build())
                })
                .collect::<anyhow::Result<Vec<_>>>()?;
            let (client, name) = (client.clone(), name.to_owned());
            writing.spawn(async move { write(&client, &name, requests).await.map(|()| written) });
        }
        let Some(written) = writing.join_next().await else { break };
        console.advance(written.context("a writer failed")?? as u64);
    }
    console.idle();
    Ok(())
}

/// Writes a batch. Retries items that DynamoDB leaves unprocessed.
async fn write(client: &Client, name: &str, mut requests: Vec<WriteRequest>) -> anyhow::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    let mut pause = Duration::from_millis(20);
    loop {
        let written = client.batch_write_item().request_items(name, requests).send().await;
        let mut rest =
            written.map_err(failure::aws("dynamodb:BatchWriteItem"))?.unprocessed_items.unwrap_or_default();
        requests = rest.remove(name).unwrap_or_default();
        if requests.is_empty() {
            return Ok(());
        }
        if Instant::now() >= deadline {
            bail!("DynamoDB still leaves {} items of {name} unwritten", requests.len());
        }
        sleep(pause).await;
        pause *= 2;
    }
}

/// Returns every item of the table, by its key.
pub(crate) async fn read(client: &Client, name: &str) -> anyhow::Result<Items> {
    let mut reading = JoinSet::new();
    for segment in 0..PARALLEL {
        let (client, name) = (client.clone(), name.to_owned());
        reading.spawn(async move { read_segment(&client, &name, segment).await });
    }
    let mut items = Items::new();
    while let Some(segment) = reading.join_next().await {
        for item in segment.context("a reader failed")?? {
            items.insert(key_of(&item)?, item);
        }
    }
    Ok(items)
}

async fn read_segment(client: &Client, name: &str, segment: usize) -> anyhow::Result<Vec<Item>> {
    let mut items = Vec::new();
    let mut pages = client
        .scan()
        .table_name(name)
        .consistent_read(true)
        .segment(i32::try_from(segment)?)
        .total_segments(i32::try_from(PARALLEL)?)
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        items.extend(page.map_err(failure::aws("dynamodb:Scan"))?.items.unwrap_or_default());
    }
    Ok(items)
}

fn key_of(item: &Item) -> anyhow::Result<String> {
    let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok());
    match (text("customerId"), text("orderId")) {
        (Some(customer), Some(request)) => Ok(format!("{customer}/{request}")),
        _ => bail!("an item lacks its key: {}", item.keys().cloned().collect::<Vec<_>>().join(", ")),
    }
}

/// Changes, deletes and adds one item each after the backup. Returns how many items now differ from the backup.
pub(crate) async fn go_on(client: &Client, name: &str, count: u32) -> anyhow::Result<usize> {
    let mut changed = item(1);
    changed.insert("status".to_owned(), AttributeValue::S("refunded".to_owned()));
    for item in [changed, item(count)] {
        client
            .put_item()
            .table_name(name)
            .set_item(Some(item))
            .send()
            .await
            .map_err(failure::aws("dynamodb:PutItem"))?;
    }
    let mut gone = item(2);
    gone.retain(|name, _| name == "customerId" || name == "orderId");
    client
        .delete_item()
        .table_name(name)
        .set_key(Some(gone))
        .send()
        .await
        .map_err(failure::aws("dynamodb:DeleteItem"))?;
    Ok(3)
}

/// Returns what must be the same in a copy: keys, attribute types, and every index with its keys and projection.
pub(crate) fn shape(table: &TableDescription) -> HashMap<String, String> {
    let keys = |schema: &[KeySchemaElement]| {
        let keys = schema.iter().map(|key| format!("{} {}", key.attribute_name, key.key_type.as_str()));
        keys.collect::<Vec<_>>().join(", ")
    };
    let projected = |projection: Option<&Projection>| {
        projection.and_then(|p| p.projection_type()).map(|kind| kind.as_str().to_owned()).unwrap_or_default()
    };
    let mut shape = HashMap::from([("the primary key".to_owned(), keys(table.key_schema()))]);
    for index in table.global_secondary_indexes() {
        let name = format!("the global index {}", index.index_name().unwrap_or_default());
        shape.insert(name, format!("{}; {}", keys(index.key_schema()), projected(index.projection())));
    }
    for index in table.local_secondary_indexes() {
        let name = format!("the local index {}", index.index_name().unwrap_or_default());
        shape.insert(name, format!("{}; {}", keys(index.key_schema()), projected(index.projection())));
    }
    for attribute in table.attribute_definitions() {
        let name = format!("the key attribute {}", attribute.attribute_name);
        shape.insert(name, attribute.attribute_type.as_str().to_owned());
    }
    shape
}
