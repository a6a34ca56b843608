//! AWS Backup, of which the emulator has little more than vaults.
//!
//! It builds on the emulator's DynamoDB backups: a backup job creates one, a recovery point refers to one, and a
//! restore job restores one. With advanced DynamoDB backup enabled (UpdateRegionSettings), a recovery point has an ARN
//! of AWS Backup, which only AWS Backup can restore. Without it, the ARN is that of the DynamoDB backup. A finished job
//! is announced to SNS and EventBridge as on AWS.
//!
//! Calls that [`response`] does not name pass to the emulator, which stores vaults, plans and selections.

mod announce;
mod jobs;
mod points;
mod restores;
mod validations;
mod vaults;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use hyper::http::request::Parts;
use hyper::{Response, StatusCode, header};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::Shared;
use super::fault::{self, ServiceError};
use super::identify::{Caller, Protocol, query_value};
use super::scope::{Scope, Scoped};
use crate::json::set;
use crate::upstream::ApiError;

/// The state of one account in one Region.
#[derive(Debug, Default)]
struct State {
    notifications: HashMap<String, vaults::Notifications>,
    management: BTreeMap<String, bool>,
    opt_in: BTreeMap<String, bool>,
    jobs: Vec<jobs::BackupJob>,
    points: Vec<points::RecoveryPoint>,
    restores: Vec<restores::RestoreJob>,
}

/// The state of AWS Backup for all accounts.
#[derive(Debug, Default)]
pub(crate) struct Backup {
    /// The states. Each is locked for the duration of a call, so that two calls with one idempotency token make one
    /// job.
    states: Scoped<State>,
    /// The DynamoDB backups that AWS Backup created. The value is true for those behind a recovery point with an ARN of
    /// AWS Backup.
    taken: Mutex<HashMap<String, bool>>,
}

impl Backup {
    fn note_taken(&self, backup_arn: &str, advanced: bool) {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).insert(backup_arn.to_owned(), advanced);
    }

    /// Returns whether AWS Backup created this DynamoDB backup.
    pub(crate) fn took(&self, backup_arn: &str) -> bool {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).contains_key(backup_arn)
    }

    /// Returns whether this DynamoDB backup is behind a recovery point with an ARN of AWS Backup.
    pub(crate) fn is_hidden(&self, backup_arn: &str) -> bool {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).get(backup_arn).copied().unwrap_or(false)
    }

    pub(crate) fn forget_all(&self) {
        self.states.forget_all();
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// One call and the state that its handler uses.
struct Call<'a> {
    shared: &'a Arc<Shared>,
    scope: Scope,
    /// The decoded segments of the path.
    path: Vec<String>,
    query: &'a str,
    input: Value,
}

impl Call<'_> {
    fn state(&self) -> Arc<tokio::sync::Mutex<State>> {
        self.shared.backup.states.of(&self.scope)
    }

    fn segment(&self, index: usize) -> &str {
        self.path.get(index).map_or("", String::as_str)
    }

    /// Returns a required member of the input.
    fn required(&self, name: &str) -> Result<&str, ApiError> {
        let value = self.input.get(name).and_then(Value::as_str).filter(|value| !value.is_empty());
        value.ok_or_else(|| missing(name))
    }

    fn optional(&self, name: &str) -> Option<&str> {
        self.input.get(name).and_then(Value::as_str)
    }

    /// Returns whether a listed item passes an optional filter of the query.
    fn wants(&self, filter: &str, value: Option<&str>) -> bool {
        query_value(self.query, filter).is_none_or(|wanted| value == Some(wanted.as_str()))
    }
}

fn not_found(message: impl Into<String>) -> ApiError {
    ApiError::new("ResourceNotFoundException", message)
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new("InvalidParameterValueException", message)
}

fn missing(parameter: &str) -> ApiError {
    ApiError::new("MissingParameterValueException", format!("Missing required parameter: {parameter}"))
}

/// Converts an error of DynamoDB into the one that AWS Backup reports for it.
fn as_backup_error(refusal: ApiError) -> ApiError {
    let code = match refusal.code.as_str() {
        "TableNotFoundException" | "BackupNotFoundException" | "ResourceNotFoundException" => {
            "ResourceNotFoundException"
        }
        "InternalFailure" => "ServiceUnavailableException",
        _ => "InvalidRequestException",
    };
    ApiError::new(code, refusal.message)
}

/// Responds to the calls that are handled here. `None` means that the emulator handles the call.
pub(crate) async fn response(
    shared: &Arc<Shared>,
    caller: &Caller,
    head: &Parts,
    body: &Bytes,
) -> Option<Response<Bytes>> {
    let call = Call {
        shared,
        scope: Scope::from_caller(caller),
        path: head.uri.path().trim_matches('/').split('/').map(decode).collect(),
        query: head.uri.query().unwrap_or_default(),
        input: serde_json::from_slice(body).unwrap_or_default(),
    };
    let output = match caller.operation.as_str() {
        "PutBackupVaultNotifications" => vaults::put_notifications(&call).await,
        "GetBackupVaultNotifications" => vaults::get_notifications(&call).await,
        "DeleteBackupVaultNotifications" => vaults::delete_notifications(&call).await,
        "UpdateRegionSettings" => vaults::update_region_settings(&call).await,
        "DescribeRegionSettings" => vaults::describe_region_settings(&call).await,
        "StartBackupJob" => jobs::start(&call).await,
        "DescribeBackupJob" => jobs::describe(&call).await,
        "DescribeRecoveryPoint" => points::describe(&call).await,
        "ListRecoveryPointsByResource" => points::list_by_resource(&call).await,
        "ListProtectedResources" => points::list_protected(&call).await,
        "StartRestoreJob" => restores::start(&call).await,
        "DescribeRestoreJob" => restores::describe(&call).await,
        "GetRestoreJobMetadata" => restores::metadata(&call).await,
        "PutRestoreValidationResult" => validations::put(&call).await,
        "ListRestoreJobs" => restores::list(&call).await,
        "ListRestoreJobsByProtectedResource" => restores::list_by_resource(&call).await,
        _ => return None,
    };
    Some(respond(output))
}

fn respond(output: Result<Value, ApiError>) -> Response<Bytes> {
    match output {
        Ok(output) => {
            let body = if output.is_null() { Bytes::new() } else { output.to_string().into() };
            let mut response = Response::new(body);
            let json = header::HeaderValue::from_static("application/json");
            response.headers_mut().insert(header::CONTENT_TYPE, json);
            response
        }
        // All errors of AWS Backup that are the caller's fault have status 400.
        Err(ApiError { code, message }) => {
            let unavailable = code == "ServiceUnavailableException";
            let status =
                if unavailable { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::BAD_REQUEST };
            fault::response(Protocol::RestJson, &ServiceError { status, code, message })
        }
    }
}

fn decode(segment: &str) -> String {
    percent_decode_str(segment).decode_utf8_lossy().into_owned()
}

/// Returns one page of a list, newest first. The token is the id of the page's last item.
fn page(call: &Call<'_>, name: &str, id: &str, oldest_first: Vec<Value>) -> Result<Value, ApiError> {
    const LARGEST: usize = 1_000;
    let newest_first: Vec<Value> = oldest_first.into_iter().rev().collect();
    let limit = match query_value(call.query, "maxResults").map(|limit| limit.parse::<usize>()) {
        None => LARGEST,
        Some(Ok(limit)) if (1..=LARGEST).contains(&limit) => limit,
        Some(_) => return Err(invalid(format!("MaxResults must be a number from 1 to {LARGEST}."))),
    };
    let start = match query_value(call.query, "nextToken") {
        None => 0,
        Some(token) => {
            let last =
                newest_first.iter().position(|item| item.get(id).and_then(Value::as_str) == Some(&token));
            last.ok_or_else(|| invalid("NextToken must be a token that an earlier page returned."))? + 1
        }
    };
    let mut rest = newest_first.into_iter().skip(start);
    let items: Vec<Value> = rest.by_ref().take(limit).collect();
    let mut output = serde_json::json!({});
    if rest.next().is_some()
        && let Some(last) = items.last().and_then(|last| last.get(id))
    {
        set(&mut output, "NextToken", last.clone());
    }
    set(&mut output, name, items);
    Ok(output)
}
