//! Faults: what can be made to go wrong, and what that looks like on the wire.
//!
//! The SDKs tell a throttle from a refusal by status and error code, and each protocol carries the code in
//! its own place, so an injected error has to be shaped as the service itself would shape it.

use std::time::Duration;

use bytes::Bytes;
use hyper::header::{HeaderName, HeaderValue};
use hyper::{Method, Response, StatusCode};
use serde_json::json;
use uuid::Uuid;

use super::identify::{Caller, Protocol};

/// What goes wrong with a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The service is too busy: nothing happens, and trying again is right.
    Throttle,
    /// An internal error before anything happened (status 500).
    FailBeforeEffect,
    /// The call takes effect and the connection ends without an answer.
    LoseAnswer,
    /// Access denied: nothing happens, and trying again is of no use.
    Refuse,
    /// The account has as much of it under way as it may: nothing happens, and it may be let through later.
    Limit,
    /// The call takes effect after this long.
    Delay(Duration),
    /// The call takes effect once the account's rules are cleared.
    Hold,
}

/// How long the SDK waits before it makes a call again that was throttled or failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Backoff {
    /// A few milliseconds: the error has the header by which a service sets the wait.
    #[default]
    Short,
    /// As long as on AWS, where few errors have that header: up to a second, then up to two.
    Real,
}

/// The wait that a service asks for, in milliseconds; the SDK's retry strategy obeys it.
const RETRY_AFTER: HeaderName = HeaderName::from_static("x-amz-retry-after");
const AT_ONCE: HeaderValue = HeaderValue::from_static("1");

impl Fault {
    /// The fault's name in a recorded [`Call`](super::Call).
    pub fn name(&self) -> &'static str {
        match self {
            Self::Throttle => "throttle",
            Self::FailBeforeEffect => "fail-before-effect",
            Self::LoseAnswer => "lose-answer",
            Self::Refuse => "refuse",
            Self::Limit => "limit",
            Self::Delay(_) => "delay",
            Self::Hold => "hold",
        }
    }

    /// The answer given in the service's stead, for the faults that keep a call from its service. With [`Backoff::Short`]
    /// an error that is worth another try says that it may come at once.
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
            Self::LoseAnswer | Self::Delay(_) | Self::Hold => return None,
        };
        let mut response = response(caller.protocol, &error);
        if backoff == Backoff::Short && matches!(self, Self::Throttle | Self::FailBeforeEffect) {
            response.headers_mut().insert(RETRY_AFTER, AT_ONCE);
        }
        // The answer to HEAD has no body; S3's clients know an error by its status alone.
        Some(if method == Method::HEAD { response.map(|_| Bytes::new()) } else { response })
    }
}

/// An error as a service answers it.
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
    ServiceError::new(StatusCode::BAD_REQUEST, code, "Subscriber limit exceeded: too many of them at a time.")
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

/// An error in the form that the protocol gives it.
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
    // A service that spoke the query protocol once tells its clients the code that they knew then.
    let in_query_words = format!("{code};{side}");
    if protocol == Protocol::RpcCbor {
        headers.extend([("smithy-protocol", "rpc-v2-cbor"), ("x-amzn-query-error", &in_query_words)]);
    }
    for (name, value) in headers {
        if let Ok(value) = value.parse() {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// A map of texts. It is all of CBOR that is needed here, so it is written without a library.
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

/// A kind of thing and how long it is, in the fewest of 1, 3 and 9 bytes.
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
            beside: Vec::new(),
        }
    }

    fn shape(fault: &Fault, service: &str, protocol: Protocol) -> (u16, String) {
        let response = fault.response(&caller(service, protocol), &Method::POST, Backoff::Short).unwrap();
        (response.status().as_u16(), String::from_utf8_lossy(response.body()).into_owned())
    }

    #[test]
    fn each_protocol_carries_the_code_where_its_clients_look_for_it() {
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
    fn the_answer_to_head_has_no_body() {
        let caller = caller("s3", Protocol::RestXml);
        let response = Fault::Refuse.response(&caller, &Method::HEAD, Backoff::Short).unwrap();
        assert!(response.body().is_empty());
        assert_eq!(response.status(), 403);
    }

    #[test]
    fn faults_that_let_the_call_through_answer_nothing() {
        let caller = caller("s3", Protocol::RestXml);
        for fault in [Fault::LoseAnswer, Fault::Delay(Duration::from_millis(1)), Fault::Hold] {
            assert!(fault.response(&caller, &Method::GET, Backoff::Short).is_none(), "{fault:?}");
        }
    }

    #[test]
    fn what_is_worth_another_try_may_come_again_at_once_unless_the_real_backoff_is_kept() {
        let caller = caller("dynamodb", Protocol::Json);
        let header = |fault: &Fault, backoff| {
            fault.response(&caller, &Method::POST, backoff).unwrap().headers().get(RETRY_AFTER).cloned()
        };
        for fault in [Fault::Throttle, Fault::FailBeforeEffect] {
            assert_eq!(header(&fault, Backoff::Short), Some(AT_ONCE), "{fault:?}");
            assert_eq!(header(&fault, Backoff::Real), None, "{fault:?}");
        }
        // The SDK would take a limit for a throttle, and wait; that is part of what it is injected for.
        for fault in [Fault::Refuse, Fault::Limit] {
            assert_eq!(header(&fault, Backoff::Short), None, "{fault:?}");
        }
    }
}
