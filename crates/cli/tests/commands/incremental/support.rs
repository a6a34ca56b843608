//! An account of the local stack with a table and the buckets of its incremental backup, and commands on it.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
use chrono::{DateTime, SecondsFormat, SubsecRound as _, TimeDelta, Utc};
use local_aws::{Fault, Rule};
use serde_json::{Value, json};
use tablekeeper_core::aws::raw_items::RawItems;
use tablekeeper_core::clock::Clock;
use tablekeeper_core::item_history::coverage::Coverage;
use tablekeeper_core::item_history::store::{Outcome, Store};
use tablekeeper_core::item_history::{change, coverage};
use tablekeeper_tests::items_of;
use tokio::process::Child;

use crate::shell::{CommandOutput, Shell, stack};

/// The items of a table by their ids, as DynamoDB JSON.
pub(crate) type Items = BTreeMap<String, Value>;

/// An account with the table `orders`, whose stream is on, and buckets for its items and snapshots.
pub(crate) struct Account {
    shell: Shell,
    pub(crate) store: Store,
}

impl Deref for Account {
    type Target = Shell;

    fn deref(&self) -> &Shell {
        &self.shell
    }
}

impl Account {
    pub(crate) async fn new(name: &'static str) -> Account {
        let mut shell = Shell::new(name).await;
        let (bucket, snapshots) = (format!("items-{name}"), format!("snapshots-{name}"));
        let given_up = format!("given-up-{name}");
        shell.variables = vec![
            ("INCREMENTAL_BUCKET", bucket.clone()),
            ("SNAPSHOT_BUCKET", snapshots.clone()),
            ("SNAPSHOT_PREFIX", "/".to_owned()),
            ("GIVEN_UP_BUCKET", given_up.clone()),
        ];
        shell.create("orders", "id", true).await;
        let s3 = shell.s3.clone();
        for bucket in [&bucket, &snapshots, &given_up] {
            s3.create_bucket().bucket(bucket).send().await.unwrap();
        }
        let account = Account { shell, store: Store { s3, bucket, prefix: "items/".to_owned() } };
        account.version(&account.store.bucket).await;
        account.cover(&account.store.bucket).await;
        account
    }

    /// Writes to a bucket that a backfill of the empty table ended long ago.
    pub(crate) async fn cover(&self, bucket: &str) {
        let coverage = Coverage { complete_since: Some(DateTime::UNIX_EPOCH), ..Coverage::default() };
        let put = self.s3.put_object().bucket(bucket).key(coverage::key("items/"));
        put.body(serde_json::to_vec(&coverage).unwrap().into()).send().await.unwrap();
    }

    /// Turns on the versioning of a bucket.
    pub(crate) async fn version(&self, bucket: &str) {
        let versions = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
        let put = self.s3.put_bucket_versioning().bucket(bucket).versioning_configuration(versions);
        put.send().await.unwrap();
    }

    /// Runs a command that must fail with this exit code and message.
    pub(crate) async fn refused(&self, arguments: &[&str], code: i32, expected: &str) {
        let reported = self.run(arguments).await;
        assert_eq!(
            (reported.code, reported.data.as_str()),
            (Some(code), ""),
            "{arguments:?}: {}",
            reported.remarks
        );
        let error = reported.remarks.lines().last().unwrap();
        assert!(error.starts_with(&format!("error: {expected}")), "{arguments:?}: {}", reported.remarks);
    }

    /// Runs a command with these variables instead of the account's.
    pub(crate) async fn run_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> CommandOutput {
        let mut command = self.command(arguments).await;
        command.envs(variables.iter().copied());
        CommandOutput::from_output(command.output().await.unwrap())
    }

    /// Returns the keys of a bucket's objects.
    pub(crate) async fn keys(&self, bucket: &str) -> Vec<String> {
        let listed = self.s3.list_objects_v2().bucket(bucket).send().await.unwrap();
        listed.contents.unwrap_or_default().into_iter().filter_map(|object| object.key).collect()
    }

    pub(crate) async fn put(&self, table: &str, items: &[Value]) {
        let calls = RawItems::new(self.dynamodb.clone());
        let texts: Vec<Vec<u8>> = items.iter().map(|item| item.to_string().into_bytes()).collect();
        for batch in texts.chunks(25) {
            let batch: Vec<&[u8]> = batch.iter().map(Vec::as_slice).collect();
            assert!(calls.put(table, &batch).await.unwrap().unprocessed.is_empty());
        }
    }

    pub(crate) async fn items(&self, table: &str) -> Items {
        let mut items = Items::new();
        for item in items_of(&self.dynamodb, table).await {
            assert!(items.insert(item["id"]["S"].as_str().unwrap().to_owned(), item).is_none());
        }
        items
    }

    /// Changes an item of `orders` in the table and, as its stream would, in the bucket.
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

    /// Makes a snapshot of now with this command, and returns its name.
    pub(crate) async fn snapshot(&self, command: &[&str]) -> String {
        let at = text(passed_second().await);
        self.done(&[command, &["--at", &at, "--settle", "0", "--compression", "none"]].concat()).await;
        at.replace(':', "-")
    }

    /// Injects a fault into `times` calls, after `after` more calls.
    pub(crate) async fn fault(&self, action: &str, after: usize, times: usize, fault: Fault) {
        stack().await.proxy().inject(Rule {
            account: self.name.to_owned(),
            step: None,
            action: action.to_owned(),
            from_ordinal: self.calls(action).await + after,
            times,
            fault,
        });
    }

    pub(crate) async fn calls(&self, action: &str) -> usize {
        let calls = stack().await.proxy().calls(self.name);
        calls.iter().filter(|call| call.action == action).count()
    }

    /// Lets `calls` more calls pass, and refuses all later ones.
    pub(crate) async fn refuse_after(&self, action: &str, calls: usize) {
        self.fault(action, calls, usize::MAX, Fault::Refuse).await;
    }

    /// Starts a command and waits until its call is held. [`released`](Account::released) lets the call take effect.
    pub(crate) async fn until_it_calls(&self, action: &str, arguments: &[&str]) -> Child {
        let before = self.calls(action).await;
        self.fault(action, 0, usize::MAX, Fault::Hold).await;
        let mut child = self.command(arguments).await.spawn().unwrap();
        let waits = async {
            while self.calls(action).await == before {
                assert!(child.try_wait().unwrap().is_none(), "it ended too early");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(120), waits).await.unwrap();
        child
    }

    /// Releases the held call, and returns the output of the command.
    pub(crate) async fn released(&self, child: Child) -> CommandOutput {
        stack().await.proxy().clear_rules(self.name);
        CommandOutput::from_output(child.wait_with_output().await.unwrap())
    }
}

/// Waits for the end of the current second, and returns it.
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

/// Returns the second of a snapshot from its name.
pub(crate) fn second_of(name: &str) -> String {
    let (day, time) = name.split_once('T').unwrap();
    format!("{day}T{}", time.replace('-', ":"))
}

pub(crate) fn item(id: &str, value: &str) -> Value {
    json!({ "id": { "S": id }, "name": { "S": value } })
}

/// Returns one item with every type, and some more.
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
