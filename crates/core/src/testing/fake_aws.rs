//! A fake AWS for the tests of steps that use several services. It has tables, their tags and backups, and objects, but
//! no other settings. It records its calls. A test can replace its responses.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::http::{HttpRequest, HttpResponse};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_http_client::test_util::infallible_client_fn;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::fake_parameters::FakeParameters;
use crate::aws::clients::Clients;
use crate::prune::retention::backup_name;

/// A recorded call.
#[derive(Clone, Debug)]
pub struct Call {
    /// IAM action of the call, such as `dynamodb:DescribeTable`.
    pub action: String,
    /// Host that the call was sent to.
    pub host: String,
    /// Key of the object, for S3 only.
    pub key: String,
    /// Access key id that signed the call.
    pub signed_by: String,
    /// Parameters of the call: JSON, or the text of a form.
    pub input: Value,
}

/// The response to a call: a status and a body.
pub type Response = (u16, Value);
type Responder = Box<dyn Fn(&Call) -> Response + Send + Sync>;

/// The state of a fake AWS.
#[derive(Default)]
pub struct State {
    /// Tables as DescribeTable returns them, by name.
    pub tables: BTreeMap<String, Value>,
    /// Tags of tables, by the ARN of the table.
    pub tags: BTreeMap<String, BTreeMap<String, String>>,
    /// Backups of all types, as ListBackups returns them.
    pub backups: Vec<Value>,
    /// Number of tables or backups per page; 0 for 100, as in AWS.
    pub page: usize,
    /// Content of the objects, by key.
    pub objects: BTreeMap<String, String>,
    /// SSM parameters.
    pub parameters: FakeParameters,
    /// Recorded calls.
    pub calls: Vec<Call>,
    responses: BTreeMap<String, Responder>,
}

/// A fake AWS.
#[derive(Clone, Default)]
pub struct FakeAws(Arc<Mutex<State>>);

/// Returns the ARN of a table.
pub fn arn(table: &str) -> String {
    format!("arn:aws:dynamodb:eu-west-1:123456789012:table/{table}")
}

/// Returns the ARN of a backup.
pub fn backup_arn(table: &str, name: &str) -> String {
    format!("{}/backup/{name}", arn(table))
}

/// Returns a failure with this error code.
pub fn refusal(code: &str) -> Response {
    (400, json!({ "__type": code, "message": "so AWS says" }))
}

impl FakeAws {
    /// Adds an active table, created at 1,000 s.
    pub fn with_table(self, name: &str) -> FakeAws {
        let table = json!({ "TableName": name, "TableArn": arn(name), "TableId": format!("id-of-{name}"),
            "TableStatus": "ACTIVE", "CreationDateTime": 1_000.0 });
        self.state().tables.insert(name.to_owned(), table);
        self
    }

    /// Adds a tag to a table.
    pub fn with_tag(self, table: &str, key: &str, value: &str) -> FakeAws {
        self.state().tags.entry(arn(table)).or_default().insert(key.to_owned(), value.to_owned());
        self
    }

    /// Adds an available backup of a table, which was made at this time and is named after it.
    pub fn with_backup(self, table: &str, time: &str) -> FakeAws {
        let time: DateTime<Utc> = time.parse().unwrap();
        let name = backup_name(table, time);
        self.state().backups.push(json!({ "TableName": table, "TableId": format!("id-of-{table}"),
            "BackupArn": backup_arn(table, &name), "BackupName": name, "BackupStatus": "AVAILABLE",
            "BackupType": "USER", "BackupCreationDateTime": time.timestamp() }));
        self
    }

    /// Sets the number of tables or backups per page.
    pub fn with_pages_of(self, page: usize) -> FakeAws {
        self.state().page = page;
        self
    }

    /// Adds an object.
    pub fn with_object(self, key: &str, content: impl ToString) -> FakeAws {
        self.state().objects.insert(key.to_owned(), content.to_string());
        self
    }

    /// Sets a field of a table.
    pub fn set(&self, table: &str, field: &str, value: Value) {
        self.state().tables.get_mut(table).unwrap()[field] = value;
    }

    /// Sets a field of the backup at this position.
    pub fn set_backup(&self, place: usize, field: &str, value: Value) {
        self.state().backups[place][field] = value;
    }

    /// Returns the names of the existing backups.
    pub fn backup_names(&self) -> Vec<String> {
        let state = self.state();
        state.backups.iter().map(|backup| backup["BackupName"].as_str().unwrap().to_owned()).collect()
    }

    /// Replaces the response to an action.
    pub fn response(&self, action: &str, response: impl Fn(&Call) -> Response + Send + Sync + 'static) {
        self.state().responses.insert(action.to_owned(), Box::new(response));
    }

    /// Makes an action fail with this code.
    pub fn refuse(&self, action: &str, code: &'static str) {
        self.response(action, move |_| refusal(code));
    }

    /// Locks the state, to read or to change it.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// Returns the calls of this action.
    pub fn calls(&self, action: &str) -> Vec<Call> {
        self.state().calls.iter().filter(|call| call.action == action).cloned().collect()
    }

    /// Returns clients in eu-west-1 without retries.
    pub fn clients(&self) -> Clients {
        self.clients_with(RetryConfig::disabled())
    }

    /// Returns clients in eu-west-1 with these retries.
    pub fn clients_with(&self, retry: RetryConfig) -> Clients {
        let aws = self.clone();
        let http = infallible_client_fn(move |request| {
            let request = HttpRequest::try_from(request).unwrap();
            aws.respond(&request).try_into_http1x().unwrap()
        });
        FakeAws::clients_over(http, retry)
    }

    /// Returns clients in eu-west-1 that send their requests to this HTTP client.
    pub fn clients_over(http: SharedHttpClient, retry: RetryConfig) -> Clients {
        let credentials = Credentials::new("OWN", "secret", None, None, "test");
        let mut sdk = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .retry_config(retry)
            .http_client(http);
        sdk.set_time_source(Some(Default::default()));
        Clients::new(sdk.build())
    }

    /// Responds to a request and records it.
    pub fn respond(&self, request: &HttpRequest) -> HttpResponse {
        let call = Call::from_request(request);
        let mut state = self.state();
        state.calls.push(call.clone());
        let replacement = state.responses.get(&call.action).map(|response| response(&call));
        if call.action.starts_with("cloudwatch:") && replacement.is_none() {
            // An empty map in CBOR, the encoding of CloudWatch.
            let mut response = HttpResponse::new(200.try_into().unwrap(), vec![0xa0_u8].into());
            response.headers_mut().insert("smithy-protocol", "rpc-v2-cbor");
            return response;
        }
        let (status, body) = replacement.unwrap_or_else(|| state.response(&call, request));
        // A string is the whole body: S3 and STS use XML, and objects are verbatim.
        let text = if let Value::String(text) = body { text } else { body.to_string() };
        HttpResponse::new(status.try_into().unwrap(), text.into())
    }
}

impl Call {
    /// Reads a request.
    pub fn from_request(request: &HttpRequest) -> Call {
        let url = request.uri().strip_prefix("https://").unwrap();
        let (host, path) = url.split_once('/').unwrap_or((url, ""));
        let body = request.body().bytes().unwrap_or_default();
        let target = request.headers().get("x-amz-target");
        let operation = target.and_then(|target| target.rsplit('.').next()).unwrap_or_default();
        let action = match host {
            // A call with an ARN goes to the endpoint of its account.
            _ if host.starts_with("dynamodb.") || host.contains(".ddb.") => format!("dynamodb:{operation}"),
            _ if host.starts_with("application-autoscaling.") => {
                format!("application-autoscaling:{operation}")
            }
            _ if host.starts_with("monitoring.") => {
                format!("cloudwatch:{}", path.rsplit('/').next().unwrap())
            }
            _ if host.starts_with("ssm.") => format!("ssm:{operation}"),
            _ if host.starts_with("states.") => format!("states:{operation}"),
            _ if host.starts_with("sts.") => "sts:AssumeRole".to_owned(),
            _ if host.starts_with("backup.") => format!("backup:{}", request.method()),
            _ if host.starts_with("lambda.") => format!("lambda:{}", request.method()),
            _ if host.contains(".s3.") => {
                let list = path.contains("list-type=2");
                format!("s3:{}", if list { "LIST" } else { request.method() })
            }
            other => panic!("{other} is not faked"),
        };
        let signature = request.headers().get("authorization").unwrap_or_default();
        let signed_by = signature.split_once("Credential=").and_then(|(_, rest)| rest.split('/').next());
        Call {
            action,
            host: host.to_owned(),
            key: path.split('?').next().unwrap().to_owned(),
            signed_by: signed_by.unwrap_or_default().to_owned(),
            input: serde_json::from_slice(body)
                .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into_owned())),
        }
    }

    /// Returns a parameter of a form.
    pub fn form(&self, name: &str) -> String {
        let form = self.input.as_str().unwrap();
        let value = form.split('&').find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
        value.unwrap().replace("%3A", ":").replace("%2F", "/")
    }
}

impl State {
    /// Returns the default response to a call.
    fn response(&mut self, Call { action, input, key, .. }: &Call, request: &HttpRequest) -> Response {
        let text = |field: &str| input[field].as_str().unwrap_or_default().to_owned();
        match action.as_str() {
            "dynamodb:DescribeTable" => {
                let name = text("TableName");
                match self.tables.get(name.rsplit('/').next().unwrap()) {
                    Some(table) => (200, json!({ "Table": table })),
                    None => refusal("ResourceNotFoundException"),
                }
            }
            "dynamodb:UpdateTable" => {
                let table = self.tables.get_mut(&text("TableName")).unwrap();
                let changed = input.as_object().unwrap().clone();
                table.as_object_mut().unwrap().extend(changed);
                table["TableStatus"] = json!("UPDATING");
                (200, json!({}))
            }
            "dynamodb:ListTagsOfResource" => {
                let tags = self.tags.get(&text("ResourceArn")).into_iter().flatten();
                let tags: Vec<_> = tags.map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
                (200, json!({ "Tags": tags }))
            }
            "dynamodb:TagResource" => {
                let tags = self.tags.entry(text("ResourceArn")).or_default();
                let tag = |field: &str| input["Tags"][0][field].as_str().unwrap().to_owned();
                tags.insert(tag("Key"), tag("Value"));
                (200, json!({}))
            }
            "dynamodb:UntagResource" => {
                let keys = input["TagKeys"].as_array().unwrap();
                let tags = self.tags.entry(text("ResourceArn")).or_default();
                tags.retain(|key, _| !keys.iter().any(|removed| removed == key));
                (200, json!({}))
            }
            "dynamodb:DeleteTable" => match self.tables.remove(&text("TableName")) {
                Some(table) => (200, json!({ "TableDescription": table })),
                None => refusal("ResourceNotFoundException"),
            },
            "dynamodb:ListTables" => {
                let names: Vec<Value> = self.tables.keys().map(|name| json!(name)).collect();
                let (page, last) = self.page_of(&names, &input["ExclusiveStartTableName"], Value::clone);
                (200, json!({ "TableNames": page, "LastEvaluatedTableName": last }))
            }
            "dynamodb:ListBackups" => {
                let wanted = input["BackupType"].as_str().unwrap_or("USER");
                let is_wanted = |backup: &&Value| {
                    (input["TableName"].is_null() || backup["TableName"] == input["TableName"])
                        && (wanted == "ALL" || backup["BackupType"] == wanted)
                };
                let backups: Vec<Value> = self.backups.iter().filter(is_wanted).cloned().collect();
                let start = &input["ExclusiveStartBackupArn"];
                let (page, last) = self.page_of(&backups, start, |backup| backup["BackupArn"].clone());
                (200, json!({ "BackupSummaries": page, "LastEvaluatedBackupArn": last }))
            }
            "dynamodb:DescribeBackup" => match self.place_of_backup(&text("BackupArn")) {
                Some(place) => {
                    (200, json!({ "BackupDescription": { "BackupDetails": self.backups[place] } }))
                }
                None => refusal("BackupNotFoundException"),
            },
            "dynamodb:CreateBackup" => {
                let (table, name) = (text("TableName"), text("BackupName"));
                let backup = json!({ "TableName": table, "TableId": format!("id-of-{table}"),
                    "BackupArn": format!("{}-made-{}", backup_arn(&table, &name), self.backups.len()),
                    "BackupName": name, "BackupStatus": "CREATING", "BackupType": "USER",
                    "BackupCreationDateTime": 1_772_330_405.0 });
                self.backups.push(backup.clone());
                (200, json!({ "BackupDetails": backup }))
            }
            "dynamodb:DeleteBackup" => match self.place_of_backup(&text("BackupArn")) {
                Some(place) => {
                    let backup = self.backups.remove(place);
                    (200, json!({ "BackupDescription": { "BackupDetails": backup } }))
                }
                None => refusal("BackupNotFoundException"),
            },
            action if action.starts_with("ssm:") => {
                self.parameters.respond(action.trim_start_matches("ssm:"), input)
            }
            "dynamodb:GetResourcePolicy" => refusal("PolicyNotFoundException"),
            "s3:PUT" => {
                let body = String::from_utf8(request.body().bytes().unwrap().to_vec()).unwrap();
                self.objects.insert(key.clone(), body);
                (200, json!(""))
            }
            "s3:GET" => match self.objects.get(key) {
                Some(object) => (200, json!(object)),
                None => (404, json!("<Error><Code>NoSuchKey</Code><Message>no</Message></Error>")),
            },
            "s3:LIST" => {
                let keys = self.objects.keys().map(|key| format!("<Contents><Key>{key}</Key></Contents>"));
                (200, json!(format!("<ListBucketResult>{}</ListBucketResult>", keys.collect::<String>())))
            }
            _ => (200, json!({})),
        }
    }

    /// Returns the page after `start`, and the id after which the next one starts; null on the last page.
    fn page_of(&self, all: &[Value], start: &Value, id: impl Fn(&Value) -> Value) -> (Vec<Value>, Value) {
        let page = if self.page == 0 { 100 } else { self.page };
        let is_start = |one: &Value| !start.is_null() && id(one) == *start;
        let first = all.iter().position(is_start).map_or(0, |place| place + 1);
        let page: Vec<Value> = all[first..].iter().take(page).cloned().collect();
        let last = if first + page.len() < all.len() { page.last().map(id) } else { None };
        (page, last.unwrap_or_default())
    }

    fn place_of_backup(&self, arn: &str) -> Option<usize> {
        self.backups.iter().position(|backup| backup["BackupArn"] == arn)
    }
}
