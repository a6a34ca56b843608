//! An account of the local stack with a table and the buckets of its incremental backup, and the commands on it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
    StreamSpecification, StreamViewType,
};
use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
use chrono::{DateTime, SecondsFormat, SubsecRound as _, TimeDelta, Utc};
use local_aws::{Fault, LocalAws, Options, Rule, Slowness};
use serde_json::{Value, json};
use tablekeeper_functions::clock::Clock;
use tablekeeper_functions::incremental::change;
use tablekeeper_functions::incremental::store::{Outcome, Store};
use tablekeeper_functions::item_calls::{ItemCalls, ScanPage};
use tokio::process::Command;
use tokio::sync::OnceCell;

/// The items of a table by their ids, as DynamoDB JSON.
pub(crate) type Items = BTreeMap<String, Value>;

/// The local stack of this test binary; it ends with the process.
pub(crate) async fn stack() -> &'static LocalAws {
    static STACK: OnceCell<LocalAws> = OnceCell::const_new();
    STACK
        .get_or_init(async || {
            let progress: local_aws::Progress = Arc::new(|line| eprintln!("{line}"));
            let directory = local_aws::directory();
            LocalAws::start(Options { port: None, wait_scale: 0.0, directory, progress }).await.unwrap()
        })
        .await
}

/// An account with the table `orders`, whose stream is on, and buckets for its items and snapshots.
pub(crate) struct Account {
    pub(crate) name: &'static str,
    pub(crate) dynamodb: aws_sdk_dynamodb::Client,
    pub(crate) store: Store,
    directory: tempfile::TempDir,
}

/// What a command printed, and its exit code.
pub(crate) struct Told {
    pub(crate) code: Option<i32>,
    pub(crate) data: String,
    pub(crate) remarks: String,
}

impl Account {
    pub(crate) async fn new(name: &'static str) -> Account {
        let slowness = Slowness { tables: 0, indexes: 0, updates: 0, ..Slowness::default() };
        stack().await.front().slow(name, slowness);
        let config = stack().await.config(name).await;
        let s3 = aws_sdk_s3::Client::new(&config);
        let bucket = format!("items-{name}");
        let account = Account {
            name,
            dynamodb: aws_sdk_dynamodb::Client::new(&config),
            store: Store { s3: s3.clone(), bucket: bucket.clone(), prefix: "items/".to_owned() },
            directory: tempfile::tempdir().unwrap(),
        };
        account.create("orders", "id", true).await;
        for bucket in [&bucket, &format!("snapshots-{name}")] {
            s3.create_bucket().bucket(bucket).send().await.unwrap();
        }
        let versions = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
        s3.put_bucket_versioning().bucket(bucket).versioning_configuration(versions).send().await.unwrap();
        account
    }

    pub(crate) async fn create(&self, table: &str, key: &str, with_stream: bool) {
        let id = AttributeDefinition::builder().attribute_name(key).attribute_type(ScalarAttributeType::S);
        let element =
            KeySchemaElement::builder().attribute_name(key).key_type(KeyType::Hash).build().unwrap();
        let create = self.dynamodb.create_table().table_name(table).key_schema(element);
        let create = create.attribute_definitions(id.build().unwrap());
        let stream = StreamSpecification::builder()
            .stream_enabled(true)
            .stream_view_type(StreamViewType::NewAndOldImages)
            .build()
            .unwrap();
        let create = create.set_stream_specification(with_stream.then_some(stream));
        create.billing_mode(BillingMode::PayPerRequest).send().await.unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The command, to be run in the account's directory with all settings in the environment.
    pub(crate) async fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tablekeeper"));
        command.args(arguments).current_dir(self.directory.path());
        command.env("AWS_ENDPOINT_URL", stack().await.endpoint()).env("AWS_REGION", "us-east-1");
        command.env("AWS_ACCESS_KEY_ID", self.name).env("AWS_SECRET_ACCESS_KEY", "local");
        command.env_remove("AWS_SESSION_TOKEN").env_remove("AWS_PROFILE");
        command.env("INCREMENTAL_BUCKET", &self.store.bucket).env("INCREMENTAL_PREFIX", "items");
        command.env("SNAPSHOT_BUCKET", format!("snapshots-{}", self.name));
        for variable in
            ["SNAPSHOT_PREFIX", "DYNAMODB_REGION", "DYNAMODB_HOST", "DYNAMODB_PORT", "DYNAMODB_USETLS"]
        {
            command.env_remove(variable);
        }
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }

    pub(crate) async fn run(&self, arguments: &[&str]) -> Told {
        Told::of(self.command(arguments).await.output().await.unwrap())
    }

    /// The same, which has to succeed.
    pub(crate) async fn done(&self, arguments: &[&str]) -> Told {
        let told = self.run(arguments).await;
        assert_eq!(told.code, Some(0), "{arguments:?}: {}{}", told.data, told.remarks);
        told
    }

    /// The same, which has to end with this code and this sentence.
    pub(crate) async fn refused(&self, arguments: &[&str], code: i32, words: &str) {
        let told = self.run(arguments).await;
        assert_eq!((told.code, told.data.as_str()), (Some(code), ""), "{arguments:?}: {}", told.remarks);
        let error = told.remarks.lines().last().unwrap();
        assert!(error.starts_with(&format!("error: {words}")), "{arguments:?}: {}", told.remarks);
    }

    pub(crate) async fn put(&self, table: &str, items: &[Value]) {
        let calls = ItemCalls::new(self.dynamodb.clone());
        let texts: Vec<Vec<u8>> = items.iter().map(|item| item.to_string().into_bytes()).collect();
        for batch in texts.chunks(25) {
            let batch: Vec<&[u8]> = batch.iter().map(Vec::as_slice).collect();
            assert!(calls.put(table, &batch).await.unwrap().unprocessed.is_empty());
        }
    }

    pub(crate) async fn items(&self, table: &str) -> Items {
        let calls = ItemCalls::new(self.dynamodb.clone());
        let (mut items, mut start) = (Items::new(), None::<String>);
        loop {
            let page = ScanPage {
                table,
                segment: 0,
                segments: 1,
                consistent_read: true,
                limit: None,
                start: start.as_deref(),
            };
            let page = calls.scan(&page).await.unwrap();
            for range in page.items {
                let item: Value = serde_json::from_slice(&page.answer[range]).unwrap();
                assert!(items.insert(item["id"]["S"].as_str().unwrap().to_owned(), item).is_none());
            }
            match page.next {
                Some(next) => start = Some(next),
                None => return items,
            }
        }
    }

    /// A change of `orders`, in the table and, as its stream tells of it now, in the bucket.
    pub(crate) async fn change(&self, event: &str, id: &str, item: Option<&Value>, number: u64) {
        match item {
            Some(item) => self.put("orders", std::slice::from_ref(item)).await,
            None => {
                let key = AttributeValue::S(id.to_owned());
                self.dynamodb.delete_item().table_name("orders").key("id", key).send().await.unwrap();
            }
        }
        let record = json!({ "eventName": event, "dynamodb": {
            "ApproximateCreationDateTime": Clock::System.now().timestamp(),
            "Keys": { "id": { "S": id } }, "NewImage": item,
            "SequenceNumber": format!("{}", 1_405_400_000_000_002_063_282_832_u128 + u128::from(number)) } });
        let change = change::read(&record, &["id"], &self.store.prefix).unwrap();
        let (outcome, _) = self.store.apply(&change, None).await.unwrap();
        assert_eq!(outcome, Outcome::Written);
    }

    /// What happens to so many calls after so many more.
    pub(crate) async fn fault(&self, action: &str, after: usize, times: usize, fault: Fault) {
        stack().await.front().inject(Rule {
            account: self.name.to_owned(),
            step: None,
            action: action.to_owned(),
            from_ordinal: self.calls(action).await + after,
            times,
            fault,
        });
    }

    pub(crate) async fn calls(&self, action: &str) -> usize {
        let calls = stack().await.front().calls(self.name);
        calls.iter().filter(|call| call.action == action).count()
    }

    /// Lets this many calls more through, and refuses what follows.
    pub(crate) async fn refuse_after(&self, action: &str, calls: usize) {
        self.fault(action, calls, usize::MAX, Fault::Refuse).await;
    }

    /// A command whose UpdateItem is under way, and takes effect only some seconds later.
    pub(crate) async fn until_it_writes(&self, arguments: &[&str]) -> tokio::process::Child {
        const ACTION: &str = "dynamodb:UpdateItem";
        let before = self.calls(ACTION).await;
        self.fault(ACTION, 0, 1, Fault::Delay(Duration::from_secs(3))).await;
        let child = self.command(arguments).await.spawn().unwrap();
        let waits = async {
            while self.calls(ACTION).await == before {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(120), waits).await.unwrap();
        stack().await.front().clear_rules(self.name);
        child
    }
}

impl Told {
    pub(crate) fn of(Output { status, stdout, stderr }: Output) -> Told {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Told { code: status.code(), data: text(stdout), remarks: text(stderr) }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.data).unwrap()
    }
}

/// A second that has begun, and is over: whatever comes now is after it.
pub(crate) async fn passed_second() -> DateTime<Utc> {
    let second = Clock::System.now().trunc_subsecs(0);
    while Clock::System.now() < second + TimeDelta::seconds(1) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    second
}

pub(crate) fn text(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

pub(crate) fn item(id: &str, value: &str) -> Value {
    json!({ "id": { "S": id }, "name": { "S": value } })
}

/// One item of each type, and some more.
pub(crate) fn all_types() -> Vec<Value> {
    let all = json!({ "id": { "S": "all" }, "s": { "S": "" }, "n": { "N": "-12345678901234567890.123456789" },
        "b": { "B": "AP8=" }, "t": { "BOOL": false }, "z": { "NULL": true }, "ss": { "SS": ["a"] },
        "ns": { "NS": ["1"] }, "bs": { "BS": ["eg=="] }, "l": { "L": [{ "NULL": true }, { "M": {} }, { "L": [] }] },
        "m": { "M": { "a\"b": { "S": "ü\n" } } } });
    (0..30).map(|number| item(&format!("{number:03}"), "…")).chain([all]).collect()
}

pub(crate) fn by_ids(items: &[Value]) -> Items {
    items.iter().map(|item| (item["id"]["S"].as_str().unwrap().to_owned(), item.clone())).collect()
}
