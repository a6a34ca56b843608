//! HTTP requests, parsed and validated.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};
use tablekeeper_core::aws::arn::{TABLE_NAME, is_table_name};
use tablekeeper_core::input::InvalidInput;
use tablekeeper_core::snapshot::execution_input::second;
use tablekeeper_core::snapshot::restore_input::is_name;
use tablekeeper_core::text::quoted;

use super::Error;

/// A state machine of the stack.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Machine {
    Snapshot,
    Restore,
}

impl fmt::Display for Machine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Machine::Snapshot => "snapshot",
            Machine::Restore => "restore",
        })
    }
}

/// A valid request.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Request {
    /// Start an execution.
    Start { machine: Machine, name: String, input: Value },
    /// Report the status of an execution.
    Ask { machine: Machine, name: String },
}

/// The body of `POST /snapshot`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Snapshot {
    table_name: Option<String>,
    at: Option<String>,
    #[serde(default)]
    allow_incomplete: bool,
}

/// The body of `POST /restore`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Restore {
    table_name: String,
    snapshot_filename: String,
    #[serde(default)]
    merge: bool,
}

impl Request {
    /// Parses a request in API Gateway's payload format 2.0.
    pub(super) fn parse(event: &Value) -> Result<Request, Error> {
        let text = |path: &str| event.pointer(path).and_then(Value::as_str);
        let name = text("/pathParameters/name").unwrap_or_default();
        match text("/routeKey").unwrap_or_default() {
            "POST /snapshot" => {
                let machine = Machine::Snapshot;
                Ok(Request::Start { machine, name: name_of(event)?, input: snapshot(&body(event)?)? })
            }
            "POST /restore" => {
                let machine = Machine::Restore;
                Ok(Request::Start { machine, name: name_of(event)?, input: restore(&body(event)?)? })
            }
            "GET /snapshot/{name}" => Ok(Request::Ask { machine: Machine::Snapshot, name: checked(name)? }),
            "GET /restore/{name}" => Ok(Request::Ask { machine: Machine::Restore, name: checked(name)? }),
            other => Err(Error::NoRoute(quoted(other))),
        }
    }
}

/// Returns the input of `snapshot` for a body. Without a body, it is the stack's own table as it is now.
fn snapshot(body: &[u8]) -> Result<Value, Error> {
    let Snapshot { table_name, at, allow_incomplete } =
        if body.trim_ascii().is_empty() { Snapshot::default() } else { read(body)? };
    let mut input = serde_json::Map::new();
    if let Some(table) = table_name {
        input.insert("TableName".to_owned(), json!(table_named(table)?));
    }
    if let Some(at) = at {
        second(&at)?;
        input.insert("At".to_owned(), json!(at));
    }
    if allow_incomplete {
        input.insert("AllowIncomplete".to_owned(), json!(true));
    }
    Ok(Value::Object(input))
}

/// Returns the input of `restore-snapshot` for a body.
fn restore(body: &[u8]) -> Result<Value, Error> {
    let Restore { table_name, snapshot_filename, merge } = read(body)?;
    if !is_name(&snapshot_filename) {
        let reason = format!(
            "is {}; it must be the name of a snapshot, such as 2026-11-20T02-00-00Z. Import a snapshot of another \
             system with import-table",
            quoted(&snapshot_filename)
        );
        return Err(InvalidInput { field: "snapshotFilename", reason }.into());
    }
    let table = table_named(table_name)?;
    Ok(match merge {
        true => json!({ "TableName": table, "Snapshot": snapshot_filename, "Merge": true }),
        false => json!({ "TableName": table, "Snapshot": snapshot_filename }),
    })
}

fn table_named(table: String) -> Result<String, InvalidInput> {
    match is_table_name(&table) {
        true => Ok(table),
        false => {
            let reason = format!("is {}; it must be {TABLE_NAME}", quoted(&table));
            Err(InvalidInput { field: "tableName", reason })
        }
    }
}

fn refused(reason: String) -> Error {
    InvalidInput { field: "The body", reason }.into()
}

fn read<T: for<'de> Deserialize<'de>>(body: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(body).map_err(|error| refused(format!("cannot be used: {error}")))
}

/// Returns the body as it was sent.
fn body(event: &Value) -> Result<Vec<u8>, Error> {
    let text = event.get("body").and_then(Value::as_str).unwrap_or_default();
    match event.get("isBase64Encoded").and_then(Value::as_bool) {
        Some(true) => STANDARD.decode(text).map_err(|error| refused(format!("is not base64: {error}"))),
        _ => Ok(text.as_bytes().to_vec()),
    }
}

/// Returns the name of the execution that a request starts. Requests with the same `Idempotency-Key` have the same
/// name.
fn name_of(event: &Value) -> Result<String, Error> {
    let text = |path: &str| event.pointer(path).and_then(Value::as_str).filter(|text| !text.is_empty());
    let key = text("/headers/idempotency-key").or_else(|| text("/requestContext/requestId"));
    let key = key.ok_or_else(|| {
        let reason = "has neither an Idempotency-Key header nor a requestId".to_owned();
        InvalidInput { field: "The request", reason }
    })?;
    // An id of API Gateway may end in characters that a name cannot have.
    let key: String = match text("/headers/idempotency-key") {
        Some(key) => key.to_owned(),
        None => key.chars().filter(char::is_ascii_alphanumeric).collect(),
    };
    checked(&format!("http-{key}"))
}

/// Checks a name for an execution (API reference, StartExecution). It allows no characters that a path would have to
/// escape.
fn checked(name: &str) -> Result<String, Error> {
    let allowed = |letter: u8| letter.is_ascii_alphanumeric() || matches!(letter, b'-' | b'_');
    match !name.is_empty() && name.len() <= 80 && name.bytes().all(allowed) {
        true => Ok(name.to_owned()),
        false => {
            let reason = format!("is {}; it must be 1 to 80 letters, digits, - and _", quoted(name));
            Err(InvalidInput { field: "The execution's name", reason }.into())
        }
    }
}
