//! Faults that can be injected, and their form on the wire.
//!
//! The SDKs distinguish a throttle from a refusal by status and error code. Each protocol carries the code elsewhere,
//! so an injected error has the form that the service itself would give it.

use std::time::Duration;

use bytes::Bytes;
use hyper::header::{HeaderName, HeaderValue};
use hyper::{Method, Response, StatusCode};
use serde_json::json;
use uuid::Uuid;

use super::identify::{Caller, Protocol};

/// A fault to inject into a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The service throttles the call. The call has no effect, and a retry may succeed.
    Throttle,
    /// The service fails with an internal error (status 500) before the call has an effect.
    FailBeforeEffect,
    /// The call takes effect, and the connection ends without a response.
    LoseResponse,
    /// The service denies access. The call has no effect, and a retry does not help.
    Refuse,
    /// A limit of concurrent operations is exceeded. The call has no effect, and a later retry may succeed.
    Limit,
    /// The call takes effect after this delay.
    Delay(Duration),
    /// The call takes effect once it is released or the account's rules are cleared.
    Hold,
}

/// How long the SDK waits before it retries a call that was throttled or failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Backoff {
    /// A few milliseconds: the error has the header with which a service sets the wait.
    #[default]
    Short,
    /// As long as on AWS, where few errors have that header: up to a second, then up to two.
    Real,
}

/// The header with the wait that a service asks for, in milliseconds. The SDK's retry strategy honours it.
const RETRY_AFTER: HeaderName = HeaderName::from_static("x-amz-retry-after");
const AT_ONCE: HeaderValue = HeaderValue::from_static("1");

impl Fault {
    /// Returns the fault's name in a recorded [`Call`](super::Call).
    pub fn name(&self) -> &'static str {
        match self {
            Self::Throttle => "throttle",
            Self::FailBeforeEffect => "fail-before-effect",
            Self::LoseResponse => "lose-answer",
            Self::Refuse => "refuse",
            Self::Limit => "limit",
            Self::Delay(_) => "delay",
            Self::Hold => "hold",
        }
    }

    /// Returns the response in place of the service's, for the faults that stop a call before its service. With
    /// [`Backoff::Short`] an error that is worth a retry asks for it at once.
    pub(crate) fn response(
        &self,
        caller: &Caller,
        method: &Method,
        backoff: Backoff,
    ) -> Option<Response<Bytes>> {
        let error = match self {
            Self::Throttle => throttle(caller),
            Self::FailBeforeEffect => internal(caller),
            Self::Refuse => access_denied(caller),
            Self::Limit => limit(caller),
            Self::LoseResponse | Self::Delay(_) | Self::Hold => return None,
        };
        let mut response = response(caller.protocol, &error);
        if backoff == Backoff::Short && matches!(self, Self::Throttle | Self::FailBeforeEffect) {
            response.headers_mut().insert(RETRY_AFTER, AT_ONCE);
        }
        // The response to HEAD has no body. S3 clients recognise such an error by its status alone.
        Some(if method == Method::HEAD { response.map(|_| Bytes::new()) } else { response })
    }
}

/// An error as a service returns it.
#[derive(Debug)]
pub(crate) struct ServiceError {
    pub(crate) status: StatusCode,
    pub(crate) code: String,
    pub(crate) message: String,
}

impl ServiceError {
    fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into() }
    }
}

fn throttle(caller: &Caller) -> ServiceError {
    let (status, code, message) = match (caller.service.as_str(), caller.protocol) {
        ("s3", _) => (StatusCode::SERVICE_UNAVAILABLE, "SlowDown", "Please reduce your request rate."),
        ("lambda", _) => (StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsException", "Rate Exceeded."),
        ("sns", _) => (StatusCode::TOO_MANY_REQUESTS, "Throttled", "Rate exceeded"),
        ("dynamodb", _) => (
            StatusCode::BAD_REQUEST,
            "com.amazon.coral.availability#ThrottlingException",
            "Rate of requests exceeds the allowed throughput.",
        ),
        (_, Protocol::Query | Protocol::RpcCbor) => (StatusCode::BAD_REQUEST, "Throttling", "Rate exceeded"),
        _ => (StatusCode::BAD_REQUEST, "ThrottlingException", "Rate exceeded"),
    };
    ServiceError::new(status, code, message)
}

fn internal(caller: &Caller) -> ServiceError {
    let code = match caller.service.as_str() {
        "s3" => "InternalError",
        "lambda" => "ServiceException",
        "backup" => "ServiceUnavailableException",
        "dynamodb" => "com.amazonaws.dynamodb.v20120810#InternalServerError",
        "ssm" => "InternalServerError",
        "application-autoscaling" => "InternalServiceException",
        "monitoring" => "InternalServiceError",
        _ => "InternalFailure",
    };
    ServiceError::new(StatusCode::INTERNAL_SERVER_ERROR, code, "An internal error occurred.")
}

fn limit(caller: &Caller) -> ServiceError {
    let code = match caller.service.as_str() {
        "dynamodb" => "com.amazonaws.dynamodb.v20120810#LimitExceededException",
        _ => "LimitExceededException",
    };
    ServiceError::new(
        StatusCode::BAD_REQUEST,
        code,
        "Subscriber limit exceeded: too many concurrent operations.",
    )
}

fn access_denied(caller: &Caller) -> ServiceError {
    let Caller { account, action, .. } = caller;
    let name = caller.step.as_deref().unwrap_or("caller");
    let message = format!(
        "User: arn:aws:sts::{account}:assumed-role/{name}/{name} is not authorized to perform: {action} because no \
         identity-based policy allows the {action} action"
    );
    let (status, code) = match (caller.service.as_str(), caller.protocol) {
        ("dynamodb", _) => (StatusCode::BAD_REQUEST, "com.amazon.coral.service#AccessDeniedException"),
        ("sns", _) => (StatusCode::FORBIDDEN, "AuthorizationError"),
        (_, Protocol::Query | Protocol::RestXml | Protocol::RpcCbor) => {
            (StatusCode::FORBIDDEN, "AccessDenied")
        }
        (_, Protocol::RestJson) => (StatusCode::FORBIDDEN, "AccessDeniedException"),
        (_, Protocol::Json) => (StatusCode::BAD_REQUEST, "AccessDeniedException"),
    };
    ServiceError::new(status, code, message)
}

/// Builds an error response in the form of the protocol.
pub(crate) fn response(protocol: Protocol, error: &ServiceError) -> Response<Bytes> {
    let ServiceError { status, code, message } = error;
    let id = Uuid::new_v4().to_string();
    let side = if status.is_server_error() { "Receiver" } else { "Sender" };
    let (content_type, body) = match protocol {
        Protocol::Json => (
            "application/x-amz-json-1.0",
            json!({ "__type": code, "message": message, "Message": message }).to_string().into_bytes(),
        ),
        Protocol::RpcCbor => ("application/cbor", cbor([("__type", code), ("message", message)])),
        Protocol::RestJson => {
            ("application/json", json!({ "Code": code, "Message": message }).to_string().into_bytes())
        }
        Protocol::Query => (
            "text/xml",
            format!(
                "<ErrorResponse><Error><Type>{side}</Type><Code>{code}</Code><Message>{}</Message></Error>\
                 <RequestId>{id}</RequestId></ErrorResponse>",
                escape(message)
            )
            .into_bytes(),
        ),
        Protocol::RestXml => (
            "application/xml",
            format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{}</Message>\
                 <RequestId>{id}</RequestId></Error>",
                escape(message)
            )
            .into_bytes(),
        ),
    };
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = *status;
    let mut headers = vec![("content-type", content_type), ("x-amzn-requestid", id.as_str())];
    if protocol == Protocol::RestJson {
        headers.push(("x-amzn-errortype", code));
    }
    // A service that used to speak the query protocol also sends the code that its clients knew then.
    let query_error = format!("{code};{side}");
    if protocol == Protocol::RpcCbor {
        headers.extend([("smithy-protocol", "rpc-v2-cbor"), ("x-amzn-query-error", &query_error)]);
    }
    for (name, value) in headers {
        if let Ok(value) = value.parse() {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// Encodes a map of strings as CBOR. Nothing else is needed here, so it is written without a library.
fn cbor<const N: usize>(members: [(&str, &str); N]) -> Vec<u8> {
    const MAP: u8 = 5;
    const TEXT: u8 = 3;
    let mut bytes = cbor_head(MAP, N);
    for part in members.iter().flat_map(|(name, value)| [name, value]) {
        bytes.extend(cbor_head(TEXT, part.len()));
        bytes.extend(part.as_bytes());
    }
    bytes
}

/// Encodes a CBOR major type and a length in the fewest of 1, 3 and 9 bytes.
fn cbor_head(kind: u8, length: usize) -> Vec<u8> {
    let kind = kind << 5;
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ 0..24), _) => vec![kind | short],
        (_, Ok(long)) => [&[kind | 25], long.to_be_bytes().as_slice()].concat(),
        _ => [&[kind | 27], (length as u64).to_be_bytes().as_slice()].concat(),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(service: &str, protocol: Protocol) -> Caller {
        Caller {
            account: "123456789012".into(),
            region: "us-east-1".into(),
            service: service.into(),
            step: Some("rotate-restore.start".into()),
            protocol,
            operation: "Do".into(),
            action: format!("{service}:Do"),
            additional_actions: Vec::new(),
        }
    }

    fn shape(fault: &Fault, service: &str, protocol: Protocol) -> (u16, String) {
        let response = fault.response(&caller(service, protocol), &Method::POST, Backoff::Short).unwrap();
        (response.status().as_u16(), String::from_utf8_lossy(response.body()).into_owned())
    }

    #[test]
    fn each_protocol_carries_the_code_where_its_clients_expect_it() {
        let cases = [
            (Fault::Throttle, "dynamodb", Protocol::Json, 400, r##"availability#ThrottlingException""##),
            (Fault::Throttle, "states", Protocol::Json, 400, r#""__type":"ThrottlingException""#),
            (Fault::Throttle, "cloudformation", Protocol::Query, 400, "<Code>Throttling</Code>"),
            (Fault::Throttle, "lambda", Protocol::RestJson, 429, "TooManyRequestsException"),
            (Fault::Throttle, "monitoring", Protocol::RpcCbor, 400, "f__typejThrottling"),
            (Fault::Throttle, "s3", Protocol::RestXml, 503, "<Code>SlowDown</Code>"),
            (Fault::FailBeforeEffect, "ssm", Protocol::Json, 500, "InternalServerError"),
            (Fault::FailBeforeEffect, "backup", Protocol::RestJson, 500, "ServiceUnavailableException"),
            (Fault::FailBeforeEffect, "sns", Protocol::Query, 500, "<Type>Receiver</Type>"),
            (
                Fault::FailBeforeEffect,
                "application-autoscaling",
                Protocol::Json,
                500,
                "InternalServiceException",
            ),
            (Fault::Refuse, "dynamodb", Protocol::Json, 400, r##"service#AccessDeniedException""##),
            (Fault::Refuse, "backup", Protocol::RestJson, 403, "AccessDeniedException"),
            (Fault::Refuse, "s3", Protocol::RestXml, 403, "<Code>AccessDenied</Code>"),
            (Fault::Refuse, "sns", Protocol::Query, 403, "AuthorizationError"),
            (Fault::Limit, "dynamodb", Protocol::Json, 400, r##"20120810#LimitExceededException""##),
            (Fault::Limit, "backup", Protocol::RestJson, 400, "LimitExceededException"),
        ];
        for (fault, service, protocol, status, part) in cases {
            let (actual, body) = shape(&fault, service, protocol);
            assert_eq!(actual, status, "{fault:?} of {service}");
            assert!(body.contains(part), "{fault:?} of {service}: {body}");
        }
    }

    #[test]
    fn cbor_lengths_take_no_more_bytes_than_they_need() {
        assert_eq!(cbor([("a", "")]), [0xa1, 0x61, b'a', 0x60]);
        assert_eq!(cbor_head(3, 23), [0x77]);
        assert_eq!(cbor_head(3, 24), [0x79, 0, 24]);
        assert_eq!(cbor_head(3, 0x1_0000), [0x7b, 0, 0, 0, 0, 0, 1, 0, 0]);
    }

    #[test]
    fn a_rest_error_is_named_in_its_header() {
        let caller = caller("backup", Protocol::RestJson);
        let response = Fault::Refuse.response(&caller, &Method::PUT, Backoff::Short).unwrap();
        assert_eq!(response.headers()["x-amzn-errortype"], "AccessDeniedException");
    }

    #[test]
    fn a_refusal_names_the_action() {
        let (_, body) = shape(&Fault::Refuse, "ssm", Protocol::Json);
        assert!(body.contains("is not authorized to perform: ssm:Do"), "{body}");
    }

    #[test]
    fn the_response_to_head_has_no_body() {
        let caller = caller("s3", Protocol::RestXml);
        let response = Fault::Refuse.response(&caller, &Method::HEAD, Backoff::Short).unwrap();
        assert!(response.body().is_empty());
        assert_eq!(response.status(), 403);
    }

    #[test]
    fn faults_that_let_the_call_through_have_no_response() {
        let caller = caller("s3", Protocol::RestXml);
        for fault in [Fault::LoseResponse, Fault::Delay(Duration::from_millis(1)), Fault::Hold] {
            assert!(fault.response(&caller, &Method::GET, Backoff::Short).is_none(), "{fault:?}");
        }
    }

    #[test]
    fn retryable_errors_ask_for_an_immediate_retry_unless_real_backoff_is_on() {
        let caller = caller("dynamodb", Protocol::Json);
        let header = |fault: &Fault, backoff| {
            fault.response(&caller, &Method::POST, backoff).unwrap().headers().get(RETRY_AFTER).cloned()
        };
        for fault in [Fault::Throttle, Fault::FailBeforeEffect] {
            assert_eq!(header(&fault, Backoff::Short), Some(AT_ONCE), "{fault:?}");
            assert_eq!(header(&fault, Backoff::Real), None, "{fault:?}");
        }
        // The SDK treats a limit as a throttle and waits. Testing that wait is part of the purpose.
        for fault in [Fault::Refuse, Fault::Limit] {
            assert_eq!(header(&fault, Backoff::Short), None, "{fault:?}");
        }
    }
}
