//! Event source mappings of Lambda, of which the emulator drops some settings.
//!
//! The emulator stores a mapping, reads the stream and invokes the function. The settings that it drops are stored here
//! and added to every response that shows the mapping, together with AWS's defaults for mappings of DynamoDB streams.
//! Mappings of such streams that AWS refuses are refused before they reach the emulator.

mod mapping;

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use hyper::http::request::Parts;
use hyper::{Method, Response, StatusCode, Uri, header};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use super::Shared;
use super::fault::{self, ServiceError};
use super::identify::{Caller, Protocol};
use super::scope::{Scope, Scoped};
use crate::json::set;
use crate::upstream::ApiError;

/// The settings that the emulator dropped of each mapping, by its UUID, for all accounts. It is locked while a mapping
/// is created, so that of two identical ones only one is created.
pub(super) type Mappings = Scoped<HashMap<String, Map<String, Value>>>;

/// Responds to the calls that are corrected here. `None` means that the emulator handles the call.
pub(super) async fn response(
    shared: &Arc<Shared>,
    caller: &Caller,
    head: &Parts,
    body: &Bytes,
) -> Option<Response<Bytes>> {
    let operation = caller.operation.as_str();
    if !matches!(
        operation,
        "CreateEventSourceMapping"
            | "GetEventSourceMapping"
            | "UpdateEventSourceMapping"
            | "DeleteEventSourceMapping"
            | "ListEventSourceMappings"
    ) {
        return None;
    }
    let scope = Scope::from_caller(caller);
    let mappings = shared.mappings.of(&scope);
    let mut mappings = mappings.lock().await;
    let mut input: Value = serde_json::from_slice(body).unwrap_or_default();
    if operation == "CreateEventSourceMapping" && mapping::is_of_table(&input) {
        if let Err(refusal) = check(shared, &scope, &input).await {
            return Some(refuse(refusal));
        }
        if input.get("BatchSize").is_none() {
            set(&mut input, "BatchSize", mapping::BATCH_SIZE);
        }
    }
    let body = if input.is_null() { body.clone() } else { input.to_string().into() };
    // The body may have another length now. Its header is set when it is sent.
    let mut head = head.clone();
    head.headers.remove(header::CONTENT_LENGTH);
    let response = shared.forward(&head, body).await;
    let Ok(mut output) = serde_json::from_slice::<Value>(response.body()) else { return Some(response) };
    if !response.status().is_success() {
        return Some(response);
    }

    if matches!(operation, "CreateEventSourceMapping" | "UpdateEventSourceMapping") {
        mapping::note(mappings.entry(uuid(&output)).or_default(), &input);
    }
    let hides_start = matches!(operation, "GetEventSourceMapping" | "ListEventSourceMappings")
        && shared.script.hides_starting_positions(&scope.account);
    let show = |shown: &mut Value| mapping::show(shown, mappings.get(&uuid(shown)), hides_start);
    match output.get_mut("EventSourceMappings").and_then(Value::as_array_mut) {
        Some(listed) => {
            listed.iter_mut().for_each(show);
            listed.iter_mut().for_each(mapping::hide_encrypted_filter);
        }
        None => show(&mut output),
    }
    if operation == "DeleteEventSourceMapping" {
        mappings.remove(&uuid(&output));
    }
    let (mut parts, _) = response.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    Some(Response::from_parts(parts, output.to_string().into()))
}

fn uuid(mapping: &Value) -> String {
    mapping.get("UUID").and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn refuse(ApiError { code, message }: ApiError) -> Response<Bytes> {
    let status = match code.as_str() {
        "ResourceConflictException" => StatusCode::CONFLICT,
        "ServiceException" => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::BAD_REQUEST,
    };
    fault::response(Protocol::RestJson, &ServiceError { status, code, message })
}

/// Refuses a mapping of a DynamoDB stream that AWS would refuse.
async fn check(shared: &Shared, scope: &Scope, input: &Value) -> Result<(), ApiError> {
    let invalid = |message: String| Err(ApiError::new("InvalidParameterValueException", message));
    if input.get("StartingPosition").is_none() {
        return invalid(
            "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member must \
             not be null."
                .to_owned(),
        );
    }
    let text = |name: &str| input.get(name).and_then(Value::as_str).unwrap_or_default();
    let (stream, function) = (text("EventSourceArn"), text("FunctionName"));
    if !is_stream(shared, scope, stream).await? {
        return invalid(format!("Stream not found: {stream}"));
    }
    let existing = mappings_of(shared, scope, stream, function).await?;
    let same = |other: &&Value| {
        let other = other.get("FunctionArn").and_then(Value::as_str).unwrap_or_default();
        mapping::function(other) == mapping::function(function)
    };
    match existing.iter().find(same).map(uuid) {
        None => Ok(()),
        Some(uuid) => Err(ApiError::new(
            "ResourceConflictException",
            format!(
                "The event source arn (\" {stream} \") and function (\" {function} \") provided mapping already \
                 exists. Please update or delete the existing mapping with UUID {uuid}"
            ),
        )),
    }
}

/// Returns whether this is the current stream of a table, not a former one.
async fn is_stream(shared: &Shared, scope: &Scope, stream: &str) -> Result<bool, ApiError> {
    let table = stream.split_once(":table/").and_then(|(_, rest)| rest.split('/').next());
    let signed = scope.signed("dynamodb");
    let input = json!({ "TableName": table });
    let described = match shared.upstream.json(signed, "DynamoDB_20120810.DescribeTable", &input).await {
        Ok(described) => described,
        Err(refusal) if refusal.code == "InternalFailure" => {
            return Err(ApiError::new("ServiceException", refusal.message));
        }
        Err(_) => return Ok(false),
    };
    let is_on = described.pointer("/Table/StreamSpecification/StreamEnabled") == Some(&json!(true));
    Ok(is_on && described.pointer("/Table/LatestStreamArn").and_then(Value::as_str) == Some(stream))
}

/// Returns the emulator's mappings of a stream and a function, whatever the function's version.
async fn mappings_of(
    shared: &Shared,
    scope: &Scope,
    stream: &str,
    function: &str,
) -> Result<Vec<Value>, ApiError> {
    let failed = |message: String| ApiError::new("ServiceException", message);
    let encode = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
    let path = format!(
        "/2015-03-31/event-source-mappings?EventSourceArn={}&FunctionName={}",
        encode(stream),
        encode(function)
    );
    let uri: Uri = path.parse().map_err(|_| failed(format!("Invalid function name: {function}")))?;
    let headers = scope.signed("lambda").headers();
    let response = shared.upstream.forward(&Method::GET, &uri, &headers, Bytes::new()).await;
    let response = response.map_err(|error| failed(error.to_string()))?;
    let mut output: Value = serde_json::from_slice(response.body()).unwrap_or_default();
    let listed = output.get_mut("EventSourceMappings").and_then(Value::as_array_mut);
    Ok(listed.map(std::mem::take).unwrap_or_default())
}
