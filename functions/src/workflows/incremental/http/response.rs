//! Responses for API Gateway.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};
use tablekeeper_core::error_name::{ErrorName, HasErrorName as _};

use super::Error;

/// A response, in API Gateway's payload format 2.0.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Answer")]
pub struct Response {
    /// HTTP status code.
    pub status_code: u16,
    /// HTTP headers.
    pub headers: BTreeMap<&'static str, &'static str>,
    /// Response body, as JSON.
    pub body: String,
}

impl Response {
    /// Creates a response with this status and body.
    pub(super) fn new(status_code: u16, body: &Value) -> Response {
        Response {
            status_code,
            headers: BTreeMap::from([("content-type", "application/json")]),
            body: body.to_string(),
        }
    }

    /// Creates the response that says why a request was not executed.
    pub(super) fn from_error(error: &Error) -> Response {
        let status = match error {
            Error::NoRoute(_) | Error::NoExecution(_) => 404,
            Error::Input(_) => 400,
            Error::Configuration(_) => 500,
            Error::Aws(failure) => match failure.name {
                ErrorName::Throttled => 429,
                ErrorName::ServiceUnavailable => 503,
                _ => 500,
            },
        };
        Response::new(status, &json!({ "error": error.name(), "message": error.to_string() }))
    }
}
