//! Scans and writes items as bytes: they stay verbatim, and no attribute is parsed into a value.
//!
//! The SDK makes the calls, with its endpoint, signature, timeouts and retries. Only the two ends of an attempt are
//! replaced (`codec`): this module writes the body of BatchWriteItem and reads the responses of Scan and
//! BatchWriteItem. A response that breaks off or cannot be read is a failed attempt, which the SDK retries.

mod codec;

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::operation::batch_get_item::{BatchGetItemError, BatchGetItemOutput};
use aws_sdk_dynamodb::operation::batch_write_item::{BatchWriteItemError, BatchWriteItemOutput};
use aws_sdk_dynamodb::operation::scan::{ScanError, ScanOutput};
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{
    AttributeValue, KeysAndAttributes, PutRequest, ReturnConsumedCapacity, Select, WriteRequest,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use codec::{RawCodec, Unread};
use serde_json::Value;

use super::failure::AwsFailure;
use crate::error_name::ErrorName;

/// A DynamoDB client that handles items as bytes.
#[derive(Clone, Debug)]
pub struct RawItems {
    dynamodb: aws_sdk_dynamodb::Client,
}

/// A request for one page of a scan.
#[derive(Clone, Debug)]
pub struct ScanPage<'a> {
    /// Name or ARN of the table.
    pub table: &'a str,
    /// Scan segment, starting at 0.
    pub segment: u32,
    /// Total number of scan segments.
    pub segments: u32,
    /// Whether reads are strongly consistent.
    pub consistent_read: bool,
    /// Whether DynamoDB only counts the items, which takes the same capacity.
    pub count_only: bool,
    /// Maximum number of items; `None` for as many as fit into 1 MB.
    pub limit: Option<u32>,
    /// Cursor of the previous page: a key as DynamoDB JSON.
    pub start: Option<&'a str>,
}

/// A page of a scan.
#[derive(Clone, Debug)]
pub struct Page {
    /// The whole response, which `items` refer to.
    pub response: Bytes,
    /// Byte range of each item in `response`. An item is DynamoDB JSON.
    pub items: Vec<std::ops::Range<usize>>,
    /// Number of items, also if they were only counted.
    pub count: u64,
    /// Cursor of the next page, as DynamoDB JSON with attributes sorted by name; `None` after the last page.
    pub next: Option<String>,
    /// Read capacity units that the page consumed.
    pub capacity: f64,
    /// Time of the response by DynamoDB's clock, in whole seconds; `None` if the response has no time.
    pub at: Option<DateTime<Utc>>,
}

/// The result of a BatchGetItem.
#[derive(Clone, Debug)]
pub struct Got {
    /// The existing items, as DynamoDB JSON, in any order.
    pub items: Vec<Vec<u8>>,
    /// Keys that were not read, as DynamoDB JSON.
    pub unprocessed: Vec<String>,
    /// Read capacity units that the request consumed.
    pub capacity: f64,
}

/// The result of a BatchWriteItem.
#[derive(Clone, Debug)]
pub struct Written {
    /// Unprocessed items as DynamoDB JSON. They are the bytes that the caller passed, if DynamoDB returns them with the
    /// same values.
    pub unprocessed: Vec<Vec<u8>>,
    /// Write capacity units that the request consumed.
    pub capacity: f64,
}

impl RawItems {
    /// Creates a raw client from an SDK client.
    pub fn new(dynamodb: aws_sdk_dynamodb::Client) -> RawItems {
        RawItems { dynamodb }
    }

    /// Reads a page.
    pub async fn scan(&self, page: &ScanPage<'_>) -> Result<Page, AwsFailure> {
        let refused = |detail: String| AwsFailure::new("dynamodb:Scan", ErrorName::RequestRefused, detail);
        let number = |value: u32| i32::try_from(value).map_err(|_| refused(format!("{value} is too large")));
        let start = match page.start {
            Some(json) => {
                let key = key_of_json(json);
                Some(key.ok_or_else(|| refused(format!("{} is not a key", crate::text::quoted(json))))?)
            }
            None => None,
        };
        let (codec, slot) =
            RawCodec::new(None, page_of, ScanError::generic, || ScanOutput::builder().build());
        let scan = self
            .dynamodb
            .scan()
            .table_name(page.table)
            .segment(number(page.segment)?)
            .total_segments(number(page.segments)?)
            .consistent_read(page.consistent_read)
            .set_select(page.count_only.then_some(Select::Count))
            .set_limit(page.limit.map(number).transpose()?)
            .set_exclusive_start_key(start)
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let response = scan.customize().interceptor(codec).send().await;
        response.map_err(AwsFailure::from_call("dynamodb:Scan"))?;
        slot.take().ok_or_else(|| no_response("dynamodb:Scan"))
    }

    /// Reads the items with up to 100 different keys of DynamoDB JSON, with strongly consistent reads.
    pub async fn get(&self, table: &str, keys: &[&str]) -> Result<Got, AwsFailure> {
        const ACTION: &str = "dynamodb:BatchGetItem";
        let refused = |key: &str| {
            let detail = format!("{} is not a key", crate::text::quoted(key));
            AwsFailure::new(ACTION, ErrorName::RequestRefused, detail)
        };
        let keys: Result<Vec<_>, _> =
            keys.iter().map(|key| key_of_json(key).ok_or_else(|| refused(key))).collect();
        let keys = KeysAndAttributes::builder().set_keys(Some(keys?)).consistent_read(true);
        let keys = keys.build().map_err(AwsFailure::unbuilt(ACTION))?;
        let output = || BatchGetItemOutput::builder().build();
        let (codec, slot) = RawCodec::new(None, got_of, BatchGetItemError::generic, output);
        let get = self.dynamodb.batch_get_item().request_items(table, keys);
        let get = get.return_consumed_capacity(ReturnConsumedCapacity::Total);
        let response = get.customize().interceptor(codec).send().await;
        response.map_err(AwsFailure::from_call(ACTION))?;
        slot.take().ok_or_else(|| no_response(ACTION))
    }

    /// Puts up to 25 items of DynamoDB JSON with different keys.
    pub async fn put(&self, table: &str, items: &[&[u8]]) -> Result<Written, AwsFailure> {
        const ACTION: &str = "dynamodb:BatchWriteItem";
        let output = || BatchWriteItemOutput::builder().build();
        let body = Some(body_of(table, items));
        let (codec, slot) = RawCodec::new(body, left_of, BatchWriteItemError::generic, output);
        // A placeholder for the items while the SDK builds the call. The SDK uses the table name to find the endpoint.
        let nothing = PutRequest::builder().set_item(Some(HashMap::new())).build();
        let nothing = nothing.map_err(AwsFailure::unbuilt(ACTION))?;
        let request = WriteRequest::builder().put_request(nothing).build();
        let write = self.dynamodb.batch_write_item().request_items(table, vec![request]);
        let response = write.customize().interceptor(codec).send().await;
        response.map_err(AwsFailure::from_call(ACTION))?;
        let left = slot.take().ok_or_else(|| no_response(ACTION))?;
        Ok(Written { unprocessed: as_given(left.items, items), capacity: left.capacity })
    }
}

/// Returns the failure of a call that succeeded without a response. The SDK never does this.
fn no_response(action: &'static str) -> AwsFailure {
    AwsFailure::new(action, ErrorName::ServiceUnavailable, "there was no response".to_owned())
}

/// Writes the body of a BatchWriteItem.
fn body_of(table: &str, items: &[&[u8]]) -> Vec<u8> {
    let size: usize = items.iter().map(|item| item.len() + 32).sum();
    let mut body = Vec::with_capacity(size + table.len() + 80);
    body.extend_from_slice(b"{\"RequestItems\":{");
    body.extend_from_slice(Value::from(table).to_string().as_bytes());
    body.extend_from_slice(b":[");
    for (place, item) in items.iter().enumerate() {
        if place > 0 {
            body.push(b',');
        }
        body.extend_from_slice(b"{\"PutRequest\":{\"Item\":");
        body.extend_from_slice(item);
        body.extend_from_slice(b"}}");
    }
    body.extend_from_slice(b"]},\"ReturnConsumedCapacity\":\"TOTAL\"}");
    body
}

/// Reads a page from the response of a Scan.
fn page_of(response: &[u8], at: Option<DateTime<Utc>>) -> Result<Page, Unread> {
    let split = item_formats::split_items(response)?;
    let base = response.as_ptr() as usize;
    let range = |item: &&[u8]| {
        let start = (item.as_ptr() as usize).checked_sub(base)?;
        let range = start..start.checked_add(item.len())?;
        response.get(range.clone()).map(|_| range)
    };
    let items: Option<Vec<_>> = split.items.iter().map(range).collect();
    let items = items.ok_or("an item is not in the response")?;
    let rest: Value = serde_json::from_slice(&split.rest)?;
    let next = rest.get("LastEvaluatedKey").and_then(Value::as_object).filter(|key| !key.is_empty());
    let next = next.map(|key| serde_json::to_string(&key.iter().collect::<BTreeMap<_, _>>())).transpose()?;
    let capacity = rest.get("ConsumedCapacity").map_or(0.0, units);
    let count = match (rest.get("Items"), rest.get("Count").and_then(Value::as_u64)) {
        (Some(_), _) => items.len() as u64,
        (None, Some(count)) => count,
        (None, None) => return Err("the response has neither Items nor a Count".into()),
    };
    Ok(Page { response: Bytes::copy_from_slice(response), items, count, next, capacity, at })
}

/// Reads the response of a BatchGetItem of one table.
fn got_of(response: &[u8], _at: Option<DateTime<Utc>>) -> Result<Got, Unread> {
    let response: Value = serde_json::from_slice(response)?;
    let tables = response.get("Responses").and_then(Value::as_object).ok_or("it has no Responses")?;
    let items = tables.values().flat_map(|items| items.as_array().into_iter().flatten());
    let left = response.get("UnprocessedKeys").and_then(Value::as_object);
    let left = left.into_iter().flat_map(serde_json::Map::values);
    let left = left.flat_map(|keys| keys.get("Keys").and_then(Value::as_array).into_iter().flatten());
    let capacity = response.get("ConsumedCapacity").and_then(Value::as_array);
    Ok(Got {
        items: items.map(|item| item.to_string().into_bytes()).collect(),
        unprocessed: left.map(Value::to_string).collect(),
        capacity: capacity.into_iter().flatten().map(units).sum(),
    })
}

/// The parts of a BatchWriteItem response.
struct Left {
    items: Vec<Value>,
    capacity: f64,
}

fn left_of(response: &[u8], _at: Option<DateTime<Utc>>) -> Result<Left, Unread> {
    let response: Value = serde_json::from_slice(response)?;
    let capacity = response.get("ConsumedCapacity").and_then(Value::as_array);
    let capacity = capacity.into_iter().flatten().map(units).sum();
    let tables = response.get("UnprocessedItems").and_then(Value::as_object);
    let requests = tables.into_iter().flat_map(serde_json::Map::values);
    let requests = requests.flat_map(|requests| requests.as_array().into_iter().flatten());
    let item = |request: &Value| request.pointer("/PutRequest/Item").cloned();
    let items: Option<Vec<Value>> = requests.map(item).collect();
    Ok(Left { items: items.ok_or("an unprocessed item has no PutRequest")?, capacity })
}

/// Returns the bytes in which the caller passed the unprocessed items.
fn as_given(left: Vec<Value>, given: &[&[u8]]) -> Vec<Vec<u8>> {
    // The passed items are parsed only if some are unprocessed.
    let given = if left.is_empty() { &[] } else { given };
    let given: Vec<(Value, &[u8])> =
        given.iter().filter_map(|item| Some((serde_json::from_slice(item).ok()?, *item))).collect();
    let bytes = |item: Value| match given.iter().find(|(value, _)| *value == item) {
        Some((_, bytes)) => bytes.to_vec(),
        // Sets have no order, and DynamoDB may write a number differently. Then DynamoDB's bytes are put instead.
        None => item.to_string().into_bytes(),
    };
    left.into_iter().map(bytes).collect()
}

fn units(capacity: &Value) -> f64 {
    capacity.get("CapacityUnits").and_then(Value::as_f64).unwrap_or_default()
}

/// Parses a key from DynamoDB JSON for the SDK. A key is an object of one or two attributes of type `S`, `N` or `B`
/// (base64). Returns `None` for anything else.
pub fn key_of_json(json: &str) -> Option<HashMap<String, AttributeValue>> {
    let key: BTreeMap<String, BTreeMap<String, String>> = serde_json::from_str(json).ok()?;
    let attribute = |(name, value): (String, BTreeMap<String, String>)| {
        let (kind, text) = value.first_key_value().filter(|_| value.len() == 1)?;
        let value = match kind.as_str() {
            "S" => AttributeValue::S(text.clone()),
            "N" => AttributeValue::N(text.clone()),
            "B" => AttributeValue::B(Blob::new(STANDARD.decode(text).ok()?)),
            _ => return None,
        };
        Some((name, value))
    };
    (1..=2).contains(&key.len()).then(|| key.into_iter().map(attribute).collect())?
}

#[cfg(test)]
mod tests;
