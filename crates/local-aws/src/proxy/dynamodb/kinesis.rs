//! Kinesis streaming destinations of a table, as DynamoDB manages them. The emulator has no intermediate states and
//! lets a table have several, so these calls do not reach it. Changes are not sent to a stream here.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{invalid, name_of, text};
use crate::json::set;
use crate::proxy::Shared;
use crate::proxy::scope::Scope;
use crate::upstream::ApiError;

const PRECISION: &str = "ApproximateCreationDateTimePrecision";
/// The precision if none is given.
const BY_DEFAULT: &str = "MILLISECOND";

/// One destination. Destinations that were disabled, or could not be enabled, stay in the list.
#[derive(Debug)]
pub(super) struct Destination {
    stream: String,
    status: &'static str,
    /// The next status and the number of polls until it.
    becomes: Option<(&'static str, u32)>,
    precision: Option<String>,
    /// The reason why it cannot be enabled, if it fails.
    failure: Option<String>,
}

impl Destination {
    fn begin(&mut self, status: &'static str, becomes: &'static str, polls: u32) {
        self.status = status;
        self.becomes = Some((becomes, polls));
    }

    /// Takes on the next status if no polls are left.
    fn settle(&mut self) {
        if let Some((becomes, 0)) = self.becomes {
            self.status = becomes;
            self.becomes = None;
        }
    }

    /// Returns the description of the destination. Counts as a poll.
    fn poll(&mut self) -> Value {
        self.settle();
        if let Some((_, polls)) = &mut self.becomes {
            *polls -= 1;
        }
        let mut shown = json!({ "StreamArn": self.stream, "DestinationStatus": self.status });
        if let Some(precision) = &self.precision {
            set(&mut shown, PRECISION, precision.as_str());
        }
        if let Some(failure) = self.failure.as_deref().filter(|_| self.status == "ENABLE_FAILED") {
            set(&mut shown, "DestinationStatusDescription", failure);
        }
        shown
    }

    fn is_live(&self) -> bool {
        !matches!(self.status, "DISABLED" | "ENABLE_FAILED")
    }
}

/// Handles DescribeKinesisStreamingDestination. Counts as a poll of each destination.
pub(super) async fn describe(shared: &Arc<Shared>, scope: &Scope, input: &Value) -> Result<Value, ApiError> {
    let state = shared.tables.of(scope);
    let mut state = state.lock().await;
    let table = shared.table(scope, input).await?;
    let shown: Vec<Value> = state.settings(&table).destinations.iter_mut().map(Destination::poll).collect();
    Ok(json!({ "TableName": name_of(&table), "KinesisDataStreamDestinations": shown }))
}

/// Handles EnableKinesisStreamingDestination, DisableKinesisStreamingDestination and UpdateKinesisStreamingDestination.
/// Each is refused unless the destinations are in a state that it allows.
pub(super) async fn change(
    shared: &Arc<Shared>,
    scope: &Scope,
    operation: &str,
    input: &Value,
) -> Result<Value, ApiError> {
    let state = shared.tables.of(scope);
    let mut state = state.lock().await;
    let table = shared.table(scope, input).await?;
    let destinations = &mut state.settings(&table).destinations;
    let stream = text(input, "StreamArn").ok_or_else(|| invalid("StreamArn is required"))?;
    let polls = shared.script.latency(&scope.account).updates;
    let configuration = match operation {
        "UpdateKinesisStreamingDestination" => "UpdateKinesisStreamingConfiguration",
        _ => "EnableKinesisStreamingConfiguration",
    };
    let precision = input.get(configuration).and_then(|with| text(with, PRECISION)).map(str::to_owned);
    destinations.iter_mut().for_each(Destination::settle);
    let status = match operation {
        "EnableKinesisStreamingDestination" => {
            let failure = shared.script.destination_failure(&scope.account);
            enable(destinations, stream, precision, failure, polls)
        }
        "UpdateKinesisStreamingDestination" => update(destinations, stream, precision, polls),
        _ => disable(destinations, stream, polls),
    }?;
    let mut output =
        json!({ "TableName": name_of(&table), "StreamArn": stream, "DestinationStatus": status });
    if let Some(given) = input.get(configuration) {
        set(&mut output, configuration, given.clone());
    }
    Ok(output)
}

fn enable(
    destinations: &mut Vec<Destination>,
    stream: &str,
    precision: Option<String>,
    failure: Option<String>,
    polls: u32,
) -> Result<&'static str, ApiError> {
    if destinations.iter().any(Destination::is_live) {
        return Err(gate(
            "EnableKinesisStreamingDestination must be DISABLED or ENABLE_FAILED to perform ENABLE operation.",
        ));
    }
    destinations.retain(|destination| destination.stream != stream);
    let becomes = if failure.is_some() { "ENABLE_FAILED" } else { "ACTIVE" };
    let (stream, becomes) = (stream.to_owned(), Some((becomes, polls)));
    destinations.push(Destination { stream, status: "ENABLING", becomes, precision, failure });
    Ok("ENABLING")
}

fn disable(destinations: &mut [Destination], stream: &str, polls: u32) -> Result<&'static str, ApiError> {
    match destinations
        .iter_mut()
        .find(|destination| destination.stream == stream && destination.status == "ACTIVE")
    {
        Some(destination) => {
            destination.begin("DISABLING", "DISABLED", polls);
            Ok("DISABLING")
        }
        None => Err(gate("KinesisStreamingDestination must be ACTIVE to perform DISABLE operation.")),
    }
}

fn update(
    destinations: &mut [Destination],
    stream: &str,
    precision: Option<String>,
    polls: u32,
) -> Result<&'static str, ApiError> {
    let Some(destination) = destinations
        .iter_mut()
        .find(|destination| destination.stream == stream && destination.status == "ACTIVE")
    else {
        return Err(gate(&format!(
            "Kinesis streaming is not in ACTIVE state. Updates are only allowed in ACTIVE state. kdsArn: {stream}"
        )));
    };
    if precision.as_deref() == Some(destination.precision.as_deref().unwrap_or(BY_DEFAULT)) {
        return Err(invalid(format!(
            "Invalid Request: Precision is already set to the desired value of {} for kdsArn: {stream}",
            precision.unwrap_or_default()
        )));
    }
    destination.precision = precision;
    destination.begin("UPDATING", "ACTIVE", polls);
    Ok("UPDATING")
}

/// Builds the error of a destination in the wrong state. DynamoDB's message begins alike for every operation.
fn gate(reason: &str) -> ApiError {
    invalid(format!("Table is not in a valid state to enable Kinesis Streaming Destination: {reason}"))
}
