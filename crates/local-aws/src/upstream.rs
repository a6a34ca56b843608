//! The client of the emulator: forwards requests unchanged and makes a few calls of the proxy.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::header::{self, HeaderMap, HeaderName};
use hyper::{Method, Request, Response, StatusCode, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use serde_json::Value;
use std::time::Duration;

use crate::Error;

/// How long an idle connection stays open. It is below the emulator's limit, so the emulator never closes one first.
const IDLE_CONNECTION_TIMEOUT: Duration = Duration::from_secs(30);

/// The headers that describe one connection, not the message. They are set again for the next connection.
const HOP_BY_HOP: [HeaderName; 5] =
    [header::CONNECTION, header::EXPECT, header::TRANSFER_ENCODING, header::UPGRADE, header::TE];

/// A client of the emulator.
#[derive(Clone)]
pub(crate) struct Upstream {
    client: Client<HttpConnector, Full<Bytes>>,
    port: u16,
}

/// The account, Region and service that a call of the proxy is signed for.
#[derive(Clone, Copy)]
pub(crate) struct Signed<'a> {
    pub(crate) account: &'a str,
    pub(crate) region: &'a str,
    pub(crate) service: &'a str,
}

impl Upstream {
    /// Creates a client for one runtime, which its pooled connections belong to.
    pub(crate) fn new(port: u16) -> Self {
        let mut builder = Client::builder(TokioExecutor::new());
        builder.pool_timer(TokioTimer::new()).pool_idle_timeout(IDLE_CONNECTION_TIMEOUT);
        Self { client: builder.build_http(), port }
    }

    /// Creates a client for an occasional request from any runtime. It does not pool connections.
    pub(crate) fn single_use(port: u16) -> Self {
        let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build_http();
        Self { client, port }
    }

    /// Forwards a request unchanged, except for the headers of the connection.
    pub(crate) async fn forward(
        &self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Result<Response<Bytes>, Error> {
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| Error::Request {
            operation: format!("{method} {path}"),
            source,
        };
        let mut request = Request::builder()
            .method(method)
            .uri(format!("http://127.0.0.1:{}{path}", self.port))
            .body(Full::new(body))
            .map_err(|error| failed(error.into()))?;
        *request.headers_mut() = headers.clone();
        for name in HOP_BY_HOP {
            request.headers_mut().remove(name);
        }
        let response = self.client.request(request).await.map_err(|error| failed(error.into()))?;
        let (mut head, body) = response.into_parts();
        for name in HOP_BY_HOP {
            head.headers.remove(name);
        }
        let body = body.collect().await.map_err(|error| failed(error.into()))?.to_bytes();
        Ok(Response::from_parts(head, body))
    }

    /// Calls an operation of a JSON service, e.g. `DynamoDB_20120810.CreateBackup`.
    pub(crate) async fn json(
        &self,
        signed: Signed<'_>,
        target: &str,
        input: &Value,
    ) -> Result<Value, ApiError> {
        let mut headers = signed.headers();
        headers.extend([
            (HeaderName::from_static("x-amz-target"), header_value(target)),
            (header::CONTENT_TYPE, header_value("application/x-amz-json-1.0")),
        ]);
        self.call(target, headers, input.to_string()).await.map(|body| parse(&body))
    }

    /// Calls an operation of a query service, e.g. SNS's `Publish`.
    pub(crate) async fn query(
        &self,
        signed: Signed<'_>,
        parameters: &[(String, String)],
    ) -> Result<(), ApiError> {
        let mut headers = signed.headers();
        headers.insert(header::CONTENT_TYPE, header_value("application/x-www-form-urlencoded"));
        self.call("query", headers, form(parameters)).await.map(|_| ())
    }

    async fn call(&self, operation: &str, headers: HeaderMap, body: String) -> Result<Bytes, ApiError> {
        let response = self
            .forward(&Method::POST, &Uri::from_static("/"), &headers, body.into())
            .await
            .map_err(|error| ApiError::from_chain(&error))?;
        if response.status().is_success() {
            return Ok(response.into_body());
        }
        Err(ApiError::from_response(operation, &response))
    }

    /// Changes a setting of the emulator.
    pub(crate) async fn configure(&self, setting: &str, value: f64) -> Result<(), Error> {
        let path = "/_ministack/config";
        let body = serde_json::json!({ setting: value }).to_string();
        let response =
            self.forward(&Method::POST, &Uri::from_static(path), &HeaderMap::new(), body.into()).await?;
        // The response lists the settings that were applied. A setting that was not accepted is missing there.
        if response.status().is_success()
            && parse(response.body()).pointer(&format!("/applied/{setting}")).is_some()
        {
            return Ok(());
        }
        let message = String::from_utf8_lossy(response.body()).into_owned();
        Err(Error::Refused { operation: path.to_owned(), status: response.status().as_u16(), message })
    }

    pub(crate) async fn is_ready(&self) -> bool {
        let path = Uri::from_static("/_ministack/ready");
        let response = self.forward(&Method::GET, &path, &HeaderMap::new(), Bytes::new()).await;
        response.is_ok_and(|response| response.status() == StatusCode::OK)
    }
}

impl Signed<'_> {
    /// Returns headers from which the emulator reads the account, the Region and the service. It checks no signature.
    pub(crate) fn headers(self) -> HeaderMap {
        let Self { account, region, service } = self;
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={account}/20260101/{region}/{service}/aws4_request, SignedHeaders=host, \
             Signature=00"
        );
        HeaderMap::from_iter([(header::AUTHORIZATION, header_value(&authorization))])
    }
}

/// An error of a service: either the response to a call of the proxy, or an error that the proxy returns in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApiError {
    pub(crate) code: String,
    pub(crate) message: String,
}

impl ApiError {
    pub(crate) fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into() }
    }

    fn from_response(operation: &str, response: &Response<Bytes>) -> Self {
        let body = parse(response.body());
        let text =
            |names: [&str; 2]| names.iter().find_map(|name| body.get(name)?.as_str()).map(str::to_owned);
        let code = text(["__type", "code"]).unwrap_or_default();
        Self {
            code: code.rsplit('#').next().unwrap_or_default().to_owned(),
            message: text(["message", "Message"])
                .unwrap_or_else(|| format!("{operation} failed with the status {}", response.status())),
        }
    }

    fn from_chain(error: &Error) -> Self {
        let mut message = error.to_string();
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            message.push_str(": ");
            message.push_str(&cause.to_string());
            source = cause.source();
        }
        Self { code: "InternalFailure".to_owned(), message }
    }
}

fn form(parameters: &[(String, String)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish()
}

fn parse(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_default()
}

fn header_value(text: &str) -> header::HeaderValue {
    header::HeaderValue::from_str(text).unwrap_or_else(|_| header::HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_has_code_and_message() {
        let body = br#"{"__type":"com.amazonaws.dynamodb#TableAlreadyExistsException","message":"Taken"}"#;
        let response = Response::builder().status(400).body(Bytes::from_static(body)).unwrap();
        let refusal = ApiError::from_response("x", &response);
        assert_eq!(refusal, ApiError { code: "TableAlreadyExistsException".into(), message: "Taken".into() });
    }

    #[test]
    fn a_refusal_without_a_message_names_the_operation() {
        let response = Response::builder().status(502).body(Bytes::new()).unwrap();
        assert_eq!(
            ApiError::from_response("Publish", &response).message,
            "Publish failed with the status 502 Bad Gateway"
        );
    }
}
