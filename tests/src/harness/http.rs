//! Plain HTTP requests to the local stack, for APIs that have no SDK client here.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

use crate::{Deployed, stack};

/// Sends a request of an account, signed for a service. Returns the status and the JSON body.
pub async fn send(
    deployed: &Deployed,
    service: &str,
    (method, path): (&str, &str),
    headers: &[(&str, &str)],
    body: String,
) -> (u16, Value) {
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let credential = format!("{}/20261130/us-east-1/{service}/aws4_request", deployed.account);
    let request = Request::builder()
        .method(method)
        .uri(format!("{}{path}", stack().await.aws.endpoint()))
        .header("authorization", format!("AWS4-HMAC-SHA256 Credential={credential}"));
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let response = client.request(request.body(Full::from(body)).unwrap()).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap_or_else(|_| Value::from(String::from_utf8_lossy(&body))))
}
