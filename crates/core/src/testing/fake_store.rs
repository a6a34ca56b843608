//! A [`FakeAws`] with the data of exports and imports: S3 objects with multipart uploads, and tables with items that
//! can be scanned and written. Whole steps run against it.
//!
//! Calls are counted. A test can make the n-th call, or the n-th call of an action, fail before its effect, after it,
//! or in the middle of its response. So it can kill a workflow at each of its calls in turn. [`FakeAws`] responds to
//! all calls except those of S3 and those of items. A test can replace its responses with [`FakeAws::response`].

mod items;
mod objects;
mod versions;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::http::{HttpRequest, HttpResponse};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_s3::primitives::SdkBody;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::result::ConnectorError;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::StreamExt;
use http_body_util::{BodyStream, Full, StreamBody};
use serde_json::{Value, json};

pub use items::Table;
pub use objects::{Object, OpenUpload};
pub use versions::Version;

use super::fake_aws::{Call, FakeAws};
use crate::aws::clients::Clients;

/// A fault of a call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fault {
    /// The call fails with this status and code, and has no effect.
    Refused(u16, &'static str),
    /// The connection is lost before the call has an effect.
    Dropped,
    /// The call has its effect, but the connection is lost before the response.
    Lost,
    /// The call has its effect, but its response breaks off after this many bytes of the body.
    Broken(usize),
}

/// The state of a fake store.
#[derive(Default)]
pub struct State {
    /// Objects by key, for all buckets together.
    pub objects: BTreeMap<String, Object>,
    /// Every version of an object that was put or deleted, by key, the oldest first.
    pub versions: BTreeMap<String, Vec<Version>>,
    /// Time at which versions are put.
    pub now: DateTime<Utc>,
    /// Open uploads by their ids.
    pub uploads: BTreeMap<String, OpenUpload>,
    /// Tables with their items, by name.
    pub tables: BTreeMap<String, Table>,
    /// Actions in the order of their calls, such as `s3:UploadPart` and `dynamodb:Scan`.
    pub called: Vec<String>,
    /// Maximum number of objects or uploads on a page of a list; 0 for 1,000.
    pub page_of_list: usize,
    /// Whether keys with a delete marker count towards a page of a list of objects, so that a page may have no key.
    pub markers_take_room: bool,
    /// Maximum number of items on a page of a scan; 0 for as many as fit into 1 MiB.
    pub page_of_items: usize,
    /// Leaves one of N written items unprocessed, at irregular intervals; 0 for none.
    pub unprocessed_each: usize,
    puts: usize,
    ids: usize,
    faults: Vec<(Option<String>, usize, Fault)>,
}

/// A fake store.
#[derive(Clone, Default)]
pub struct FakeStore {
    /// The fake that responds to all calls except those of S3 and those of items.
    pub aws: FakeAws,
    state: Arc<Mutex<State>>,
}

/// The response to a call.
struct Response {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Bytes,
    metadata: BTreeMap<String, String>,
}

impl Response {
    fn ok(body: impl Into<Bytes>) -> Response {
        Response { status: 200, headers: Vec::new(), body: body.into(), metadata: BTreeMap::new() }
    }

    /// Returns a failure in the format of S3.
    fn s3(status: u16, code: &str) -> Response {
        let body = format!("<Error><Code>{code}</Code><Message>so AWS says</Message></Error>");
        Response { status, ..Response::ok(body) }
    }

    /// Returns a failure in the format of DynamoDB.
    fn dynamodb(status: u16, code: &str) -> Response {
        let body =
            json!({ "__type": format!("com.amazonaws.dynamodb.v20120810#{code}"), "message": "so AWS says" });
        Response { status, ..Response::ok(body.to_string()) }
    }

    fn with(mut self, header: &'static str, value: impl ToString) -> Response {
        self.headers.push((header, value.to_string()));
        self
    }
}

impl std::fmt::Debug for FakeStore {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("FakeStore")
    }
}

impl FakeStore {
    /// Adds an active, empty table with these key attributes.
    pub fn with_table(self, name: &str, key_names: &[&str]) -> FakeStore {
        let aws = self.aws.clone().with_table(name);
        let kinds = ["HASH", "RANGE"];
        let schema = key_names.iter().zip(kinds);
        let schema: Vec<_> =
            schema.map(|(name, kind)| json!({ "AttributeName": name, "KeyType": kind })).collect();
        aws.set(name, "KeySchema", Value::Array(schema));
        let types = key_names.iter().map(|name| json!({ "AttributeName": name, "AttributeType": "S" }));
        aws.set(name, "AttributeDefinitions", types.collect());
        aws.set(name, "TableSizeBytes", json!(0));
        aws.set(name, "ItemCount", json!(0));
        self.state().tables.insert(name.to_owned(), Table::new(key_names));
        self
    }

    /// Adds an item of DynamoDB JSON, which is returned verbatim.
    pub fn with_item(self, table: &str, item: &str) -> FakeStore {
        self.state().tables.get_mut(table).unwrap().put(item);
        self
    }

    /// Adds an object.
    pub fn with_object(self, key: &str, body: impl Into<Bytes>) -> FakeStore {
        self.state().objects.insert(key.to_owned(), Object::new(body.into()));
        self
    }

    /// Adds a fault to the call with this number, starting at 0 with the first call.
    pub fn fail(&self, number: usize, fault: Fault) {
        self.state().faults.push((None, number, fault));
    }

    /// Adds a fault to a call of this action. `number` counts its calls from now on, starting at 0.
    pub fn fail_action(&self, action: &str, number: usize, fault: Fault) {
        let already = self.count(action);
        self.state().faults.push((Some(action.to_owned()), already + number, fault));
    }

    /// Returns how often an action was called.
    pub fn count(&self, action: &str) -> usize {
        self.state().called.iter().filter(|called| *called == action).count()
    }

    /// Locks the state, to read or to change it.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Returns the body of an object as text.
    pub fn text(&self, key: &str) -> Option<String> {
        let state = self.state();
        state.objects.get(key).map(|object| String::from_utf8(object.body.to_vec()).unwrap())
    }

    /// Returns the keys of all objects.
    pub fn keys(&self) -> Vec<String> {
        self.state().objects.keys().cloned().collect()
    }

    /// Returns the items of a table, in the order of a scan.
    pub fn items(&self, table: &str) -> Vec<String> {
        self.state().tables[table].items.values().cloned().collect()
    }

    /// Returns clients in eu-west-1 without retries.
    pub fn clients(&self) -> Clients {
        self.clients_with(RetryConfig::disabled())
    }

    /// Returns clients that make three attempts at a call, a few milliseconds apart.
    pub fn patient_clients(&self) -> Clients {
        let retry = RetryConfig::standard().with_initial_backoff(std::time::Duration::from_millis(1));
        self.clients_with(retry.with_max_backoff(std::time::Duration::from_millis(2)))
    }

    fn clients_with(&self, retry: RetryConfig) -> Clients {
        let store = self.clone();
        let credentials = Credentials::new("OWN", "secret", None, None, "test");
        let mut sdk = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .retry_config(retry)
            .http_client(http_client_fn(move |_, _| SharedHttpConnector::new(store.clone())));
        sdk.set_time_source(Some(Default::default()));
        Clients::new(sdk.build())
    }

    fn response(&self, request: &HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let s3 = objects::Request::from_request(request);
        let call = s3.is_none().then(|| Call::from_request(request));
        let action = match (&s3, &call) {
            (Some(s3), _) => s3.action(),
            (None, Some(call)) => call.action.clone(),
            (None, None) => String::new(),
        };
        let fault = self.state().fault(&action);
        match fault {
            Some(Fault::Dropped) => return Err(ConnectorError::io("the connection was lost".into())),
            Some(Fault::Refused(status, code)) => {
                let is_s3 = s3.is_some();
                let refused =
                    if is_s3 { Response::s3(status, code) } else { Response::dynamodb(status, code) };
                return Ok(refused.into_response(None));
            }
            Some(Fault::Lost | Fault::Broken(_)) | None => {}
        }
        let own = match (&s3, &call) {
            (Some(s3), _) => Some(self.state().of_objects(&action, s3)),
            (None, Some(call)) => self.state().of_items(call),
            (None, None) => None,
        };
        let broken = if let Some(Fault::Broken(length)) = fault { Some(length) } else { None };
        let now = self.state().now;
        let response = match own {
            Some(response) if now != DateTime::<Utc>::default() => {
                response.with("date", versions::header(now)).into_response(broken)
            }
            Some(response) => response.into_response(broken),
            None => self.aws.respond(request),
        };
        match fault {
            Some(Fault::Lost) => Err(ConnectorError::io("the connection was lost".into())),
            _ => Ok(response),
        }
    }
}

impl HttpConnector for FakeStore {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::ready(self.response(&request))
    }
}

impl State {
    /// Records a call and returns its fault.
    fn fault(&mut self, action: &str) -> Option<Fault> {
        let overall = self.called.len();
        let like = self.called.iter().filter(|called| *called == action).count();
        self.called.push(action.to_owned());
        let is_matching = |(wanted, number, _): &(Option<String>, usize, Fault)| match wanted {
            Some(wanted) => wanted == action && *number == like,
            None => *number == overall,
        };
        let place = self.faults.iter().position(is_matching)?;
        Some(self.faults.remove(place).2)
    }

    /// Returns a new, unique id.
    fn id(&mut self) -> String {
        self.ids += 1;
        format!("id-{}", self.ids)
    }
}

impl Response {
    fn into_response(self, broken: Option<usize>) -> HttpResponse {
        let body = match broken {
            None => SdkBody::from(self.body),
            Some(length) => {
                let first = self.body.slice(..length.min(self.body.len()));
                let first = BodyStream::new(Full::new(first));
                let first = first.map(|frame| frame.map_err(std::io::Error::other));
                let end = Err(std::io::Error::other("the connection was reset"));
                let end = futures::stream::once(std::future::ready(end));
                SdkBody::from_body_1_x(StreamBody::new(first.chain(end)))
            }
        };
        let mut response = HttpResponse::new(self.status.try_into().unwrap(), body);
        for (name, value) in self.headers {
            response.headers_mut().insert(name, value);
        }
        for (name, value) in self.metadata {
            response.headers_mut().insert(format!("x-amz-meta-{name}"), value);
        }
        response
    }
}
