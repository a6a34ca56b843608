//! A DynamoDB and an S3 that cost their clients nothing. The responses to Scan are made before the clock starts,
//! written items are counted and dropped, and objects are stored in memory. A bucket may have its own implementation
//! ([`Bucket`]).

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::items::Pages;

/// Name of the table.
pub(crate) const TABLE: &str = "orders";
/// Content type of S3's responses.
pub(crate) const XML: &str = "application/xml";

/// A running server.
pub(crate) struct Server {
    /// Address that the server listens on.
    pub(crate) address: SocketAddr,
    state: Arc<State>,
}

/// A bucket with its own implementation.
pub(crate) trait Bucket: Send + Sync {
    /// Returns the response to a call.
    fn response(&self, call: &Call) -> HttpResponse;
}

/// Buckets with their own implementations, by name.
pub(crate) type Buckets = BTreeMap<&'static str, Arc<dyn Bucket>>;

/// A call of S3.
pub(crate) struct Call {
    pub(crate) method: Method,
    bucket: String,
    /// Key of the object; empty if the call is for the bucket.
    pub(crate) key: String,
    pub(crate) query: BTreeMap<String, String>,
    headers: HeaderMap,
    body: Bytes,
}

struct State {
    pages: Pages,
    buckets: Buckets,
    written: AtomicUsize,
    objects: Mutex<BTreeMap<String, Bytes>>,
    parts: Mutex<BTreeMap<(String, u32), Bytes>>,
}

impl Server {
    /// Starts the server in its own thread.
    pub(crate) fn start(pages: Pages, buckets: Buckets) -> Server {
        let state = Arc::new(State {
            pages,
            buckets,
            written: AtomicUsize::new(0),
            objects: Mutex::default(),
            parts: Mutex::default(),
        });
        let (sender, receiver) = std::sync::mpsc::channel();
        let serving = Arc::clone(&state);
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                sender.send(listener.local_addr().unwrap()).unwrap();
                loop {
                    let (stream, _) = listener.accept().await.unwrap();
                    stream.set_nodelay(true).unwrap();
                    let state = Arc::clone(&serving);
                    let service = service_fn(move |request| response(Arc::clone(&state), request));
                    let http = hyper::server::conn::http1::Builder::new();
                    tokio::spawn(http.serve_connection(TokioIo::new(stream), service));
                }
            });
        });
        Server { address: receiver.recv().unwrap(), state }
    }

    /// Returns the number of items written since the last call.
    pub(crate) fn written(&self) -> usize {
        self.state.written.swap(0, Ordering::SeqCst)
    }

    /// Returns the size of all objects, in bytes.
    pub(crate) fn stored(&self) -> usize {
        self.state.objects.lock().unwrap().values().map(Bytes::len).sum()
    }

    /// Deletes all objects.
    pub(crate) fn forget(&self) {
        self.state.objects.lock().unwrap().clear();
    }
}

/// A response of the server.
pub(crate) type HttpResponse = Response<Full<Bytes>>;

async fn response(state: Arc<State>, request: Request<Incoming>) -> Result<HttpResponse, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let target = head.headers.get("x-amz-target").map(|target| target.to_str().unwrap());
    if let Some((_, operation)) = target.and_then(|target| target.split_once('.')) {
        return Ok(dynamodb(&state, operation, &body));
    }
    let call = Call::from_request(head, body);
    Ok(match state.buckets.get(call.bucket.as_str()) {
        Some(bucket) => bucket.response(&call),
        None => s3(&state, &call),
    })
}

impl Call {
    fn from_request(head: hyper::http::request::Parts, body: Bytes) -> Call {
        let mut path = head.uri.path().splitn(3, '/').skip(1).map(str::to_owned);
        let query = form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes()).into_owned();
        Call {
            method: head.method,
            bucket: path.next().unwrap_or_default(),
            key: path.next().unwrap_or_default(),
            query: query.collect(),
            headers: head.headers,
            body,
        }
    }

    /// Returns the value of a header, as text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Returns the content of the request, without the framing of a body with a trailing checksum (`aws-chunked`, S3's
    /// user guide).
    pub(crate) fn content(&self) -> Bytes {
        if self.header("x-amz-decoded-content-length").is_none() {
            return self.body.clone();
        }
        let (mut rest, mut plain) = (&self.body[..], Vec::new());
        loop {
            let end = memchr::memmem::find(rest, b"\r\n").unwrap();
            let size = std::str::from_utf8(&rest[..end]).unwrap().split(';').next().unwrap();
            let size = usize::from_str_radix(size, 16).unwrap();
            if size == 0 {
                return plain.into();
            }
            plain.extend_from_slice(&rest[end + 2..end + 2 + size]);
            rest = &rest[end + 2 + size + 2..];
        }
    }
}

fn dynamodb(state: &State, operation: &str, body: &Bytes) -> HttpResponse {
    let json = |value: Value| reply("application/x-amz-json-1.0", value.to_string().into());
    match operation {
        "Scan" => {
            let asked: Value = serde_json::from_slice(body).unwrap();
            // Whether a table is empty is checked for the table that is written to.
            if asked["TableName"] != TABLE {
                return json(json!({ "Items": [], "Count": 0, "ScannedCount": 0 }));
            }
            reply(
                "application/x-amz-json-1.0",
                state.pages.after(asked["ExclusiveStartKey"]["id"]["S"].as_str()),
            )
        }
        "BatchWriteItem" => {
            let items = memchr::memmem::find_iter(body, br#"{"PutRequest""#).count();
            let spaced = memchr::memmem::find_iter(body, br#"{"PutRequest": "#).count();
            assert!(items <= 25 && spaced <= items);
            state.written.fetch_add(items, Ordering::SeqCst);
            json(json!({ "UnprocessedItems": {} }))
        }
        "DescribeTable" => {
            let asked: Value = serde_json::from_slice(body).unwrap();
            json(json!({ "Table": table(asked["TableName"].as_str().unwrap()) }))
        }
        "ListTables" => json(json!({ "TableNames": [TABLE] })),
        other => panic!("{other} is not expected"),
    }
}

/// Returns the description of a table, without its creation time, which dynamodump cannot write.
fn table(name: &str) -> Value {
    let name = name.rsplit('/').next().unwrap();
    json!({
        "TableName": name,
        "TableArn": format!("arn:aws:dynamodb:eu-west-1:123456789012:table/{name}"),
        "TableId": "5f4dcc3b-5aa7-65d6-1d83-27deb882cf99",
        "TableStatus": "ACTIVE",
        "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }],
        "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "S" }],
        "ProvisionedThroughput": { "ReadCapacityUnits": 100, "WriteCapacityUnits": 100, "NumberOfDecreasesToday": 0 },
    })
}

fn s3(state: &State, call: &Call) -> HttpResponse {
    let (key, asked) = (call.key.clone(), &call.query);
    let mut objects = state.objects.lock().unwrap();
    match call.method {
        Method::PUT if asked.contains_key("partNumber") => {
            let (number, body) = (asked["partNumber"].parse().unwrap(), call.content());
            let tag = etag(&body);
            state.parts.lock().unwrap().insert((key, number), body);
            tagged(&tag)
        }
        Method::PUT if call.header("if-none-match").is_some() && objects.contains_key(&key) => {
            refused("PreconditionFailed")
        }
        Method::PUT => {
            let body = call.content();
            let tag = etag(&body);
            objects.insert(key, body);
            tagged(&tag)
        }
        Method::POST if asked.contains_key("uploads") => {
            let upload =
                "<InitiateMultipartUploadResult><UploadId>one</UploadId></InitiateMultipartUploadResult>";
            reply(XML, upload.into())
        }
        Method::POST if asked.contains_key("uploadId") => {
            let mut parts = state.parts.lock().unwrap();
            let of_key = parts.keys().filter(|(of, _)| *of == key).cloned().collect::<Vec<_>>();
            let whole: Vec<u8> = of_key.iter().flat_map(|part| parts.remove(part).unwrap()).collect();
            let whole = Bytes::from(whole);
            let tag = etag(&whole);
            objects.insert(key, whole);
            let done = format!(
                "<CompleteMultipartUploadResult><ETag>&quot;{tag}&quot;</ETag></CompleteMultipartUploadResult>"
            );
            reply(XML, done.into())
        }
        Method::GET if asked.contains_key("uploads") => {
            reply(XML, "<ListMultipartUploadsResult></ListMultipartUploadsResult>".into())
        }
        Method::GET if asked.contains_key("list-type") => {
            let prefix = asked.get("prefix").cloned().unwrap_or_default();
            let listed = objects.iter().filter(|(key, _)| key.starts_with(&prefix)).map(|(key, body)| {
                let (size, tag) = (body.len(), etag(body));
                format!(
                    "<Contents><Key>{key}</Key><Size>{size}</Size><ETag>&quot;{tag}&quot;</ETag></Contents>"
                )
            });
            let listed: String = listed.collect();
            reply(
                XML,
                format!("<ListBucketResult><IsTruncated>false</IsTruncated>{listed}</ListBucketResult>")
                    .into(),
            )
        }
        Method::GET | Method::HEAD => match objects.get(&key) {
            Some(body) => {
                let mut response = tagged(&etag(body));
                response.headers_mut().insert("content-length", body.len().into());
                if call.method == Method::GET {
                    *response.body_mut() = Full::new(body.clone());
                }
                response
            }
            None => refused("NoSuchKey"),
        },
        _ => panic!("{} {}?{:?} is not expected", call.method, call.key, call.query),
    }
}

/// Returns an ETag that is cheap to compute and the same for the same object.
fn etag(body: &Bytes) -> String {
    format!("{:032x}", body.len())
}

/// Returns a response with this ETag and nothing else.
pub(crate) fn tagged(tag: &str) -> HttpResponse {
    Response::builder().header("etag", format!("\"{tag}\"")).body(Full::default()).unwrap()
}

/// Returns a response with a body.
pub(crate) fn reply(content_type: &str, body: Bytes) -> HttpResponse {
    Response::builder().header("content-type", content_type).body(Full::new(body)).unwrap()
}

/// Returns S3's error response with this code.
pub(crate) fn refused(code: &str) -> HttpResponse {
    let status = if code == "NoSuchKey" { StatusCode::NOT_FOUND } else { StatusCode::PRECONDITION_FAILED };
    let body = format!("<Error><Code>{code}</Code><Message>no</Message></Error>");
    Response::builder().status(status).header("content-type", XML).body(Full::from(body)).unwrap()
}
