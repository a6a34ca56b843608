//! A fake account with tables and what protects them, for the tests of the inventory.

mod simulated_time;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
pub(super) use simulated_time::SimulatedTimer;

use super::collect::{Collected, Stores, collect};
use super::report::Fleet;
use crate::aws::failure::AwsFailure;
use crate::clock::Clock;
use crate::testing::fake_aws::{Call, FakeAws, Response, arn, backup_arn, refusal};

/// What the fake AWS itself does not have.
#[derive(Debug, Default)]
pub(super) struct State {
    /// PointInTimeRecoveryDescription of each table. A table without one has none.
    pub(super) pitr: BTreeMap<String, Value>,
    /// Recovery points of each table, by ARN.
    pub(super) points: BTreeMap<String, Vec<Value>>,
    /// Descriptions of exports, by ARN.
    pub(super) exports: BTreeMap<String, Value>,
    /// Completed restore jobs.
    pub(super) jobs: Vec<Value>,
    /// Keys of the objects of all buckets.
    pub(super) keys: BTreeSet<String>,
}

/// A fake account.
#[derive(Clone)]
pub(super) struct Account {
    pub(super) aws: FakeAws,
    state: Arc<Mutex<State>>,
}

/// Collects what AWS says of the tables of an account, on a simulated clock.
pub(super) fn collected(account: &Account, stores: &Stores) -> Result<Collected, AwsFailure> {
    let (timer, clients, clock) = (SimulatedTimer::new(), account.aws.clients(), Clock::Fixed(now()));
    timer.run(collect(&clients, &clock, Arc::new(timer.clone()), stores, &|_| {}))
}

/// Keeps a page where the gate opens it in a browser.
pub(super) fn keep_page(name: &str, fleet: &Fleet) -> String {
    let page = super::page::page(fleet);
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/pages/fleet");
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(format!("{folder}/{name}.html"), &page).unwrap();
    page
}

/// The time of the tests.
pub(super) fn now() -> DateTime<Utc> {
    "2026-11-30T12:00:00Z".parse().unwrap()
}

/// Returns a time in the past, as AWS writes it.
pub(super) fn ago(age: TimeDelta) -> i64 {
    (now() - age).timestamp()
}

impl Account {
    pub(super) fn new() -> Account {
        let account = Account { aws: FakeAws::default(), state: Arc::default() };
        let state = Arc::clone(&account.state);
        account
            .aws
            .response("dynamodb:DescribeContinuousBackups", move |call| pitr(&state.lock().unwrap(), call));
        let state = Arc::clone(&account.state);
        account.aws.response("backup:GET", move |call| backup(&state.lock().unwrap(), call));
        let state = Arc::clone(&account.state);
        account.aws.response("dynamodb:ListExports", move |_| exports(&state.lock().unwrap()));
        let state = Arc::clone(&account.state);
        account.aws.response("s3:LIST", move |_| {
            let object =
                |key: &String| format!("<Contents><Key>{key}</Key><Size>2</Size><ETag>e</ETag></Contents>");
            let objects: String = state.lock().unwrap().keys.iter().map(object).collect();
            (200, json!(format!("<ListBucketResult>{objects}</ListBucketResult>")))
        });
        let state = Arc::clone(&account.state);
        account.aws.response("dynamodb:DescribeExport", move |call| {
            let state = state.lock().unwrap();
            let export = call.input["ExportArn"].as_str().and_then(|arn| state.exports.get(arn));
            export.map_or_else(
                || refusal("ExportNotFoundException"),
                |export| (200, json!({ "ExportDescription": export })),
            )
        });
        account
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Adds a table, created 100 days ago.
    pub(super) fn table(&self, name: &str) -> &Account {
        let _ = self.aws.clone().with_table(name);
        self.aws.set(name, "CreationDateTime", json!(ago(TimeDelta::days(100))));
        self
    }

    pub(super) fn tag(&self, table: &str, key: &str, value: &str) -> &Account {
        let _ = self.aws.clone().with_tag(table, key, value);
        self
    }

    /// Turns point-in-time recovery on: the window begins `days` ago and ends five minutes ago.
    pub(super) fn pitr(&self, table: &str, days: i64) -> &Account {
        let window = json!({ "PointInTimeRecoveryStatus": "ENABLED", "RecoveryPeriodInDays": 35,
            "EarliestRestorableDateTime": ago(TimeDelta::days(days)),
            "LatestRestorableDateTime": ago(TimeDelta::minutes(5)) });
        self.state().pitr.insert(table.to_owned(), window);
        self
    }

    /// Adds an available backup of this age.
    pub(super) fn backup(&self, table: &str, age: TimeDelta) -> &Account {
        let id = format!("{}-abcdef12", ago(age) * 1_000);
        self.aws.state().backups.push(json!({ "TableName": table, "TableArn": arn(table), "TableId": format!("id-of-{table}"),
            "BackupArn": backup_arn(table, &id), "BackupName": "b", "BackupStatus": "AVAILABLE", "BackupType": "USER",
            "BackupCreationDateTime": ago(age) }));
        self
    }

    /// Adds a completed recovery point of this age, with this id.
    pub(super) fn point(&self, table: &str, id: &str, age: TimeDelta) -> &Account {
        let point = json!({ "RecoveryPointArn": format!("arn:aws:backup:eu-west-1:123456789012:recovery-point:{id}"),
            "CreationDate": ago(age), "Status": "COMPLETED" });
        self.state().points.entry(arn(table)).or_default().push(point);
        self
    }

    /// Adds a completed export of this age.
    pub(super) fn export(&self, table: &str, age: TimeDelta) -> String {
        let export = format!("{}/export/{}-abcdef12", arn(table), ago(age) * 1_000);
        let described = json!({ "ExportArn": export, "ExportStatus": "COMPLETED", "ExportType": "FULL_EXPORT",
            "TableArn": arn(table), "TableId": format!("id-of-{table}"), "ExportTime": ago(age), "S3Bucket": "exports" });
        self.state().exports.insert(export.clone(), described);
        export
    }

    /// Adds a completed restore job of a table.
    pub(super) fn job(
        &self,
        table: &str,
        id: &str,
        age: TimeDelta,
        seconds: i64,
        validation: Option<&str>,
    ) -> &Account {
        let job = json!({ "RestoreJobId": id, "SourceResourceArn": arn(table), "Status": "COMPLETED",
            "CreationDate": ago(age) - seconds, "CompletionDate": ago(age), "ValidationStatus": validation });
        self.state().jobs.push(job);
        self
    }

    /// Adds a copy that a rotation made from a recovery point of this id.
    pub(super) fn copy(&self, name: &str, point: &str, verified: Option<&str>) -> &Account {
        self.table(name).tag(name, "tablekeeper:recovery-point", point);
        if let Some(verified) = verified {
            self.tag(name, "tablekeeper:verified", verified);
        }
        self
    }
}

fn pitr(state: &State, call: &Call) -> Response {
    let table = call.input["TableName"].as_str().unwrap();
    let off = json!({ "PointInTimeRecoveryStatus": "DISABLED" });
    let description = state.pitr.get(table).unwrap_or(&off);
    (
        200,
        json!({ "ContinuousBackupsDescription": { "ContinuousBackupsStatus": "ENABLED",
        "PointInTimeRecoveryDescription": description } }),
    )
}

fn backup(state: &State, call: &Call) -> Response {
    let path = call.key.replace("%3A", ":").replace("%2F", "/");
    if let Some(arn) = path.strip_prefix("resources/").and_then(|rest| rest.strip_suffix("/recovery-points"))
    {
        return (200, json!({ "RecoveryPoints": state.points.get(arn) }));
    }
    match path.as_str() {
        "resources" => {
            let resource = |arn: &String| json!({ "ResourceArn": arn, "ResourceType": "DynamoDB" });
            let mut resources: Vec<Value> = state.points.keys().map(resource).collect();
            resources
                .push(json!({ "ResourceArn": "arn:aws:ec2:eu-west-1:1:instance/i", "ResourceType": "EC2" }));
            (200, json!({ "Results": resources }))
        }
        "restore-jobs" => (200, json!({ "RestoreJobs": state.jobs })),
        other => panic!("{other} is not faked"),
    }
}

fn exports(state: &State) -> Response {
    let summary = |export: &Value| json!({ "ExportArn": export["ExportArn"], "ExportStatus": export["ExportStatus"], "ExportType": export["ExportType"] });
    (200, json!({ "ExportSummaries": state.exports.values().map(summary).collect::<Vec<_>>() }))
}
