//! What API Gateway is answered.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};
use tablekeeper_core::error_name::{ErrorName, HasErrorName as _};

use super::Error;

/// An answer, as API Gateway takes it in its format 2.0.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// The HTTP status.
    pub status_code: u16,
    /// The HTTP headers.
    pub headers: BTreeMap<&'static str, &'static str>,
    /// JSON.
    pub body: String,
}

impl Answer {
    /// Returns an answer with this status and body.
    pub(super) fn new(status_code: u16, body: &Value) -> Answer {
        Answer {
            status_code,
            headers: BTreeMap::from([("content-type", "application/json")]),
            body: body.to_string(),
        }
    }

    /// Returns the answer that says why a request was not followed.
    pub(super) fn from_error(error: &Error) -> Answer {
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
        Answer::new(status, &json!({ "error": error.name(), "message": error.to_string() }))
    }
}
