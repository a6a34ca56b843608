//! Checks the fields of a JSONPath state: fields that exclude each other, and the values that they allow.

use serde_json::Value;

use super::invalid;
use crate::checks::is_expression;
use crate::diagnostic::Diagnostic;
use crate::machine::{Kind, State, join};

/// Returns the fields of a type of state, without those of all states.
pub(crate) fn of_kind(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Task => &[
            "Resource",
            "InputPath",
            "Parameters",
            "ResultSelector",
            "ResultPath",
            "OutputPath",
            "Assign",
            "Retry",
            "Catch",
            "TimeoutSeconds",
            "TimeoutSecondsPath",
            "HeartbeatSeconds",
            "HeartbeatSecondsPath",
            "Credentials",
            "Next",
            "End",
        ],
        Kind::Pass => {
            &["InputPath", "Parameters", "Result", "ResultPath", "OutputPath", "Assign", "Next", "End"]
        }
        Kind::Choice => &["Choices", "Default", "InputPath", "OutputPath", "Assign"],
        Kind::Wait => &[
            "Seconds",
            "SecondsPath",
            "Timestamp",
            "TimestampPath",
            "InputPath",
            "OutputPath",
            "Assign",
            "Next",
            "End",
        ],
        Kind::Succeed => &["InputPath", "OutputPath"],
        Kind::Fail => &["Error", "ErrorPath", "Cause", "CausePath"],
        Kind::Parallel => &[
            "Branches",
            "InputPath",
            "Parameters",
            "ResultSelector",
            "ResultPath",
            "OutputPath",
            "Assign",
            "Retry",
            "Catch",
            "Next",
            "End",
        ],
        Kind::Map => &[
            "ItemProcessor",
            "Iterator",
            "ItemsPath",
            "ItemSelector",
            "Parameters",
            "ItemReader",
            "ItemBatcher",
            "ResultWriter",
            "MaxConcurrency",
            "MaxConcurrencyPath",
            "ToleratedFailurePercentage",
            "ToleratedFailurePercentagePath",
            "ToleratedFailureCount",
            "ToleratedFailureCountPath",
            "Label",
            "InputPath",
            "ResultSelector",
            "ResultPath",
            "OutputPath",
            "Assign",
            "Retry",
            "Catch",
            "Next",
            "End",
        ],
    }
}

/// Fields of which a state may have one.
const ALTERNATIVES: [(&str, &str); 9] = [
    ("TimeoutSeconds", "TimeoutSecondsPath"),
    ("HeartbeatSeconds", "HeartbeatSecondsPath"),
    ("MaxConcurrency", "MaxConcurrencyPath"),
    ("ToleratedFailurePercentage", "ToleratedFailurePercentagePath"),
    ("ToleratedFailureCount", "ToleratedFailureCountPath"),
    ("Error", "ErrorPath"),
    ("Cause", "CausePath"),
    ("ItemProcessor", "Iterator"),
    ("ItemSelector", "Parameters"),
];

/// Fields of which an object within a Map may have one.
const ALTERNATIVES_WITHIN: [(&str, &str); 3] = [
    ("MaxItems", "MaxItemsPath"),
    ("MaxItemsPerBatch", "MaxItemsPerBatchPath"),
    ("MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath"),
];

/// Checks the fields of a state that only JSONPath has.
pub(super) fn check(state: &State<'_>, kind: Kind) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (one, other) in ALTERNATIVES {
        if state.field(one).is_some() && state.field(other).is_some() {
            let message = format!("the state \"{}\" has both {one} and {other}", state.name);
            found.push(invalid(state.at(other), message).help("keep one of them"));
        }
    }
    if kind == Kind::Map {
        let reader = state.field("ItemReader").and_then(|reader| reader.get("ReaderConfig"));
        let pointer = join(&state.at("ItemReader"), "ReaderConfig");
        for (holder, pointer) in [(reader, pointer), (state.field("ItemBatcher"), state.at("ItemBatcher"))] {
            for (one, other) in ALTERNATIVES_WITHIN {
                let has = |name: &str| holder.is_some_and(|holder| holder.get(name).is_some());
                if has(one) && has(other) {
                    let message = format!("there are both {one} and {other}");
                    found.push(invalid(join(&pointer, other), message).help("keep one of them"));
                }
            }
        }
    }
    if kind == Kind::Wait {
        found.extend(wait(state));
    }
    for field in ["Error", "Cause"] {
        if let Some(other) = state.field(field).filter(|value| kind == Kind::Fail && !value.is_string()) {
            found.push(invalid(state.at(field), format!("{field} is {other}, not a text")));
        }
    }
    for field in ["TimeoutSeconds", "HeartbeatSeconds", "MaxConcurrency"] {
        if let Some(value) = state.field(field).filter(|value| is_expression(value)) {
            let message = format!("{field} is {value}, and a JSONPath state evaluates no expressions");
            found.push(invalid(state.at(field), message).help(format!("use {field}Path with a path")));
        }
    }
    found
}

/// Checks that a Wait has exactly one time, and that it is one.
fn wait(state: &State<'_>) -> Vec<Diagnostic> {
    let names = ["Seconds", "SecondsPath", "Timestamp", "TimestampPath"];
    let mut given = names.into_iter().filter(|name| state.field(name).is_some());
    let mut found = Vec::new();
    match (given.next(), given.next()) {
        (None, _) => {
            let message = format!("the Wait state \"{}\" does not say how long", state.name);
            found
                .push(invalid(state.at("Seconds"), message).expected(format!("one of {}", names.join(", "))));
        }
        (Some(one), Some(other)) => {
            let message = format!("the Wait state \"{}\" has both {one} and {other}", state.name);
            found.push(invalid(state.at(other), message).help("keep one of them"));
        }
        (Some(_), None) => {}
    }
    let is_time = |value: &Value| crate::checks::is_time(value);
    if let Some(other) = state.field("Timestamp").filter(|value| !is_time(value)) {
        let message = format!("Timestamp is {other}");
        found.push(
            invalid(state.at("Timestamp"), message).expected("a time such as \"2030-01-31T18:00:00Z\""),
        );
    }
    let is_seconds = |value: &Value| value.as_u64().is_some_and(|seconds| seconds <= 99_999_999);
    if let Some(other) = state.field("Seconds").filter(|value| !is_seconds(value)) {
        let message = format!("Seconds is {other}");
        found.push(invalid(state.at("Seconds"), message).expected("a whole number from 0 to 99999999"));
    }
    found
}
