//! The shared stack, and a plain client for it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{HeaderMap, Method, Request};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use local_aws::{LocalAws, Options};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn options(directory: PathBuf) -> Options {
    Options { port: None, wait_scale: 0.0, directory, progress: Arc::new(|line| eprintln!("{line}")) }
}

/// Returns the stack that all tests share.
pub(crate) async fn stack() -> &'static LocalAws {
    static STACK: OnceCell<LocalAws> = OnceCell::const_new();
    STACK.get_or_init(|| async { LocalAws::start(options(local_aws::directory())).await.unwrap() }).await
}

#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Bytes,
}

impl Response {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_default()
    }

    pub(crate) fn error(&self) -> String {
        let body = self.json();
        let code = self.headers.get("x-amzn-errortype").and_then(|code| code.to_str().ok());
        let code = code.or_else(|| body["__type"].as_str()).unwrap_or_default();
        code.rsplit('#').next().unwrap_or_default().to_owned()
    }

    #[track_caller]
    pub(crate) fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{}", String::from_utf8_lossy(&self.bytes));
        self.json()
    }
}

/// A client for one account and, optionally, one step.
pub(crate) struct Api {
    client: Client<HttpConnector, Full<Bytes>>,
    endpoint: String,
    pub(crate) account: &'static str,
    step: Option<&'static str>,
}

impl Api {
    pub(crate) async fn new(account: &'static str) -> Self {
        Self::at(stack().await.endpoint(), account)
    }

    pub(crate) fn at(endpoint: &str, account: &'static str) -> Self {
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { client, endpoint: endpoint.to_owned(), account, step: None }
    }

    pub(crate) fn as_step(&self, step: &'static str) -> Self {
        Self {
            client: self.client.clone(),
            endpoint: self.endpoint.clone(),
            account: self.account,
            step: Some(step),
        }
    }

    pub(crate) async fn send(
        &self,
        service: &str,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Result<Response, hyper_util::client::legacy::Error> {
        let scope = format!("{}/20260101/us-east-1/{service}/aws4_request", self.account);
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.endpoint)).header(
            "authorization",
            format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"),
        );
        if let Some(step) = self.step {
            request = request.header("x-amz-user-agent", format!("aws-sdk-rust/1.3 os/linux app/{step}"));
        }
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let response = self.client.request(request.body(Full::new(body.into())).unwrap()).await?;
        let (head, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Ok(Response { status: head.status.as_u16(), headers: head.headers, bytes })
    }

    pub(crate) async fn try_json(
        &self,
        service: &str,
        target: &str,
        input: Value,
    ) -> Result<Response, hyper_util::client::legacy::Error> {
        let headers = [("x-amz-target", target), ("content-type", "application/x-amz-json-1.0")];
        self.send(service, Method::POST, "/", &headers, input.to_string()).await
    }

    pub(crate) async fn dynamodb(&self, operation: &str, input: Value) -> Response {
        self.try_json("dynamodb", &format!("DynamoDB_20120810.{operation}"), input).await.unwrap()
    }

    pub(crate) async fn backup(&self, method: Method, path: &str, input: Value) -> Response {
        let body = if input.is_null() { String::new() } else { input.to_string() };
        self.send("backup", method, path, &[], body).await.unwrap()
    }

    pub(crate) async fn query(&self, service: &str, body: &str) -> Response {
        let form = [("content-type", "application/x-www-form-urlencoded")];
        self.send(service, Method::POST, "/", &form, body.to_owned()).await.unwrap()
    }

    /// Creates a table with a key `id`, an index on `kind`, and one item.
    pub(crate) async fn make_table(&self, name: &str) {
        let attribute = |name: &str| json!({"AttributeName": name, "AttributeType": "S"});
        let key = |name: &str| json!([{"AttributeName": name, "KeyType": "HASH"}]);
        let table = json!({
            "TableName": name,
            "AttributeDefinitions": [attribute("id"), attribute("kind")],
            "KeySchema": key("id"),
            "GlobalSecondaryIndexes": [
                {"IndexName": "by-kind", "KeySchema": key("kind"), "Projection": {"ProjectionType": "ALL"}},
            ],
            "BillingMode": "PAY_PER_REQUEST",
        });
        self.dynamodb("CreateTable", table).await.ok();
        let item = json!({"id": {"S": "1"}, "kind": {"S": "a"}});
        self.dynamodb("PutItem", json!({"TableName": name, "Item": item})).await.ok();
    }

    pub(crate) async fn table(&self, name: &str) -> Value {
        self.dynamodb("DescribeTable", json!({"TableName": name})).await.ok()["Table"].take()
    }
}

/// Polls until there is a result and returns it.
pub(crate) async fn eventually<T>(what: &str, poll: impl AsyncFn() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(seen) = poll().await {
            return seen;
        }
        assert!(started.elapsed() < PATIENCE, "{what} did not happen within {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
