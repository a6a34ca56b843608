//! Replaces the SDK's JSON serializer and deserializer in one call.
//!
//! An interceptor can put another serializer and deserializer into the configuration of a call before the SDK uses
//! them. The serializer lets the SDK's own write the request, for its headers, and replaces the body before it is
//! signed. The deserializer gets the whole body, within the timeout of the attempt. It passes its result to the caller
//! through a slot and returns an empty output to the SDK. If it cannot read the body it reports a broken connection,
//! and the SDK retries.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::config::http::{HttpRequest, HttpResponse};
use aws_sdk_dynamodb::config::interceptors::BeforeSerializationInterceptorContextMut;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::{BoxError, ErrorMetadata};
use aws_sdk_s3::primitives::SdkBody;
use aws_smithy_runtime_api::client::interceptors::context::{Error, Input, Output, OutputOrError};
use aws_smithy_runtime_api::client::orchestrator::OrchestratorError;
use aws_smithy_runtime_api::client::ser_de::{
    DeserializeResponse, SerializeRequest, SharedRequestSerializer, SharedResponseDeserializer,
};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde_json::Value;

/// The error of a response that could not be read.
pub(super) type Unread = BoxError;

/// Reads a response from its body and time, stores the result, and returns the SDK's empty output.
type ReadAndStore = dyn Fn(&[u8], Option<DateTime<Utc>>) -> Result<Output, Unread> + Send + Sync;

/// Reads a response from its body and time.
type Read<T> = fn(&[u8], Option<DateTime<Utc>>) -> Result<T, Unread>;

/// The result of a call, shared with its deserializer.
#[derive(Debug)]
pub(super) struct Slot<T>(Arc<Mutex<Option<T>>>);

impl<T> Slot<T> {
    /// Takes the result of the last attempt.
    pub(super) fn take(&self) -> Option<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// The interceptor of one call.
#[derive(Debug)]
pub(super) struct RawCodec {
    body: Option<Bytes>,
    reader: Reader,
}

/// The deserializer of a call.
#[derive(Clone)]
struct Reader {
    response: Arc<ReadAndStore>,
    refusal: Arc<dyn Fn(ErrorMetadata) -> Error + Send + Sync>,
}

impl RawCodec {
    /// Creates an interceptor that sends `body`, if present, instead of the SDK's own, and that reads a response with
    /// `read` from its body and `Date` header. `refusal` makes the operation's error, and `output` its empty output.
    pub(super) fn new<T, O, E>(
        body: Option<Vec<u8>>,
        read: Read<T>,
        refusal: fn(ErrorMetadata) -> E,
        output: fn() -> O,
    ) -> (RawCodec, Slot<T>)
    where
        T: Send + 'static,
        O: fmt::Debug + Send + Sync + 'static,
        E: std::error::Error + Send + Sync + 'static,
    {
        let slot = Arc::new(Mutex::new(None));
        let stored = Arc::clone(&slot);
        let response = move |bytes: &[u8], at: Option<DateTime<Utc>>| {
            let response = read(bytes, at)?;
            *stored.lock().unwrap_or_else(PoisonError::into_inner) = Some(response);
            Ok(Output::erase(output()))
        };
        let refusal = Arc::new(move |metadata| Error::erase(refusal(metadata)));
        let reader = Reader { response: Arc::new(response), refusal };
        (RawCodec { body: body.map(Bytes::from), reader }, Slot(slot))
    }
}

impl Intercept for RawCodec {
    fn name(&self) -> &'static str {
        "RawCodec"
    }

    fn modify_before_serialization(
        &self,
        _context: &mut BeforeSerializationInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        configuration: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(body) = &self.body {
            let sdk = configuration.load::<SharedRequestSerializer>().cloned();
            let sdk = sdk.ok_or("the SDK has no serializer for this call")?;
            let writer = Writer { sdk, body: body.clone() };
            configuration.interceptor_state().store_put(SharedRequestSerializer::new(writer));
        }
        let reader = SharedResponseDeserializer::new(self.reader.clone());
        configuration.interceptor_state().store_put(reader);
        Ok(())
    }
}

/// A serializer that writes the SDK's request with another body.
#[derive(Debug)]
struct Writer {
    sdk: SharedRequestSerializer,
    body: Bytes,
}

impl SerializeRequest for Writer {
    fn serialize_input(&self, input: Input, configuration: &mut ConfigBag) -> Result<HttpRequest, BoxError> {
        let mut request = self.sdk.serialize_input(input, configuration)?;
        request.headers_mut().insert("content-length", self.body.len().to_string());
        *request.body_mut() = SdkBody::from(self.body.clone());
        Ok(request)
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Reader")
    }
}

impl DeserializeResponse for Reader {
    fn deserialize_nonstreaming_with_config(
        &self,
        response: &HttpResponse,
        _configuration: &ConfigBag,
    ) -> OutputOrError {
        let body = response.body().bytes().unwrap_or_default();
        if response.status().is_success() {
            let at = response.headers().get("date").and_then(|date| DateTime::parse_from_rfc2822(date).ok());
            let at = at.map(|at| at.to_utc());
            return (self.response)(body, at).map_err(OrchestratorError::response);
        }
        Err(OrchestratorError::operation((self.refusal)(refusal_of(response, body))))
    }
}

/// Reads the code and message of an error in DynamoDB's protocol (awsJson1_0). The code is the part of `__type` after
/// its namespace.
fn refusal_of(response: &HttpResponse, body: &[u8]) -> ErrorMetadata {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let code = text("__type").or_else(|| response.headers().get("x-amzn-errortype"));
    let mut metadata = ErrorMetadata::builder();
    if let Some(code) = code {
        let code = code.rsplit('#').next().unwrap_or(code);
        metadata = metadata.code(code.split(':').next().unwrap_or(code));
    }
    if let Some(message) = text("message").or_else(|| text("Message")) {
        metadata = metadata.message(message);
    }
    metadata.build()
}
