//! The responses of the JSON services that are added or corrected here.

use bytes::Bytes;
use hyper::{Response, StatusCode, header};
use serde_json::Value;

use super::fault::{self, ServiceError};
use super::identify::Protocol;
use crate::upstream::ApiError;

/// The codes of errors that are not the caller's fault.
const INTERNAL: [&str; 2] = ["InternalFailure", "InternalServiceException"];

/// Builds a response in one of the two versions of the JSON protocol, which differ only in their content type.
pub(super) fn json(content_type: &'static str, response: Result<Value, ApiError>) -> Response<Bytes> {
    let mut response = match response {
        Ok(output) => Response::new(Bytes::from(output.to_string())),
        Err(ApiError { code, message }) => {
            let internal = INTERNAL.contains(&code.as_str());
            let status = if internal { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::BAD_REQUEST };
            fault::response(Protocol::Json, &ServiceError { status, code, message })
        }
    };
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(content_type));
    response
}
