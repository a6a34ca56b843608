//! Measures the cost of backing up a table's changes, of making a snapshot of them, and of restoring it.
//!
//! cargo bench -p tablekeeper-functions --bench incremental [-- RECORDS OBJECTS]
//!
//! It measures as the transfer benchmark does, with the same server and processes: the `bootstrap` of the release
//! profile runs the workflows' own steps. For comparison with `incremental.stream-backup`, a short Python handler
//! (`handler.py`, boto3) puts the same records to the same server. A run fails if a version, an object or an item is
//! missing, or differs from the records or objects. It prints the tables in docs/benchmarks.md.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a benchmark that cannot measure has nothing better to do than stop"
)]

mod changes;
mod current;
#[path = "../transfer/import.rs"]
mod import;
#[path = "../transfer/items.rs"]
mod items;
#[path = "../transfer/process.rs"]
mod process;
mod records;
#[path = "../transfer/server.rs"]
mod server;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use changes::Changes;
use current::{Current, PREFIX};
use import::import;
use items::Pages;
use process::{Cost, Step, run};
use records::{A_BATCH, Before, Expected, Records};
use serde_json::{Value, json};
use server::{Buckets, Server};
use tablekeeper_core::clock::Clock;

const EXECUTION: &str = "arn:aws:states:eu-west-1:123456789012:execution:m:bench";
const TABLE_ARN: &str = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders";
const COPY: &str = "orders-copy";
const BOTO3: &str = "boto3==1.44.8";
/// Number of items for the average size of an item. An item is about a kilobyte, so a few suffice.
const SAMPLE: usize = 900;

fn main() {
    let mut sizes = std::env::args().skip(1).filter_map(|argument| argument.parse().ok());
    let (records, objects) = (sizes.next().unwrap_or(30_000), sizes.next().unwrap_or(1_000_000));
    let (changes, current) = (Arc::new(Changes::default()), Arc::new(Current::default()));
    let mut buckets = Buckets::new();
    buckets.insert("changes", changes.clone());
    buckets.insert("current", current.clone());
    let server = Server::start(Pages::new(SAMPLE), buckets);

    let folder = tempfile::tempdir().unwrap();
    let python = python(folder.path());
    println!(
        "{records} records in batches of {A_BATCH}, of items of {} bytes\n",
        Pages::new(SAMPLE).bytes_an_item()
    );
    println!(
        "| records of | by | a CPU second | of boto3's | most memory | requests |\n|---|---|---|---|---|---|"
    );
    for (name, before) in
        [("items that are new", Before::None), ("items that existed before", Before::Existing)]
    {
        let records = Records::new(before, records);
        let (count, expected) = (records.batches * A_BATCH, records.expected());
        let row = |by: &str, cost: Cost, baseline: Cost, requests: String| {
            let times = baseline.cpu.as_secs_f64() / cost.cpu.as_secs_f64();
            let (rate, peak) = (rate(count, cost), cost.peak_mib);
            println!("| {name} | {by} | {rate:.0} | {times:.1} | {peak:.0} MiB | {requests} |");
        };
        let (boto3, requests) = boto3(&python, folder.path(), &server, &changes, &records, &expected);
        row("boto3", boto3, boto3, requests);
        let (own, requests) = stream_backup(&server, &changes, &records, &expected);
        row("`stream-backup`", own, boto3, requests);
    }

    println!("\nItems of {} bytes in snapshots\n", Current::bytes_an_item());
    println!("| | items | a CPU second | most memory |\n|---|---|---|---|");
    for objects in [objects / 10, objects] {
        server.forget();
        current.hold(objects);
        let (cost, name) = snapshot(&server, objects);
        let megabytes = server.stored() / 1_000_000;
        let row = |what: &str, cost: Cost| {
            println!("| {what} | {objects} | {:.0} | {:.0} MiB |", rate(objects, cost), cost.peak_mib);
        };
        row(&format!("`snapshot-shard` ({megabytes} MB)"), cost);
        row("`import-segment`, restoring", restore(&server, &name, objects));
    }
}

fn rate(count: usize, cost: Cost) -> f64 {
    count as f64 / cost.cpu.as_secs_f64()
}

/// Installs a Python with boto3.
fn python(folder: &Path) -> PathBuf {
    let quiet = |command: &mut Command| command.stdout(Stdio::null()).status().unwrap();
    let environment = folder.join("python");
    assert!(quiet(Command::new("python3").args(["-m", "venv"]).arg(&environment)).success());
    let install = ["install", "--quiet", "--disable-pip-version-check", BOTO3];
    assert!(quiet(Command::new(environment.join("bin/pip")).args(install)).success());
    environment.join("bin/python3")
}

/// Runs the handler of `handler.py` on all batches. Returns its cost and its requests.
fn boto3(
    python: &Path,
    folder: &Path,
    server: &Server,
    changes: &Changes,
    records: &Records,
    expected: &Expected,
) -> (Cost, String) {
    let batches = folder.join("batches");
    let mut file = std::io::BufWriter::new(std::fs::File::create(&batches).unwrap());
    for batch in 0..records.batches {
        writeln!(file, "{}", records.batch(batch)).unwrap();
    }
    file.into_inner().unwrap().sync_all().unwrap();
    changes.begin(Before::None);
    let mut command = Command::new(python);
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/benches/incremental/handler.py")).arg(&batches).envs([
        ("AWS_ACCESS_KEY_ID", "key"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_DEFAULT_REGION", "eu-west-1"),
        ("AWS_ENDPOINT_URL", &format!("http://{}", server.address)),
    ]);
    let cost = run(&mut command);
    let requests = changes.requests();
    assert_eq!(requests.puts + requests.deletions, records.batches * A_BATCH, "{requests:?}");
    changes.hold_items(expected);
    (cost, format!("{} PUT, {} DELETE", requests.puts, requests.deletions))
}

/// Runs the step on all batches. Returns its cost and its requests.
fn stream_backup(
    server: &Server,
    changes: &Changes,
    records: &Records,
    expected: &Expected,
) -> (Cost, String) {
    changes.begin(records.before);
    let environment = [("INCREMENTAL_BUCKET", "changes"), ("INCREMENTAL_PREFIX", PREFIX)];
    let mut step = Step::start_with("incremental.stream-backup", server.address, &environment);
    for batch in 0..records.batches {
        let response = step.invoke(&records.batch(batch));
        assert_eq!(response, json!({ "batchItemFailures": [] }));
    }
    let cost = step.end();
    let requests = changes.requests();
    assert_eq!(requests.puts, expected.versions, "each second of an item has its version");
    changes.hold_versions(expected);
    (cost, format!("{} PUT, {} HEAD", requests.puts, requests.heads))
}

/// Makes a snapshot in one shard. Returns the cost of its shard and the name of the snapshot.
fn snapshot(server: &Server, objects: usize) -> (Cost, String) {
    let call = |step: &str, payload: Value| {
        let mut step = Step::start(&format!("snapshot.{step}"), server.address);
        let response = step.invoke(&payload);
        step.end();
        response
    };
    let defaults = json!({ "tableArn": TABLE_ARN, "itemsBucket": "current", "itemsPrefix": PREFIX,
        "tablesPrefix": "tables/", "functionName": "stream-backup", "failuresPrefix": "failures/", "bucket": "snapshots", "prefix": "snapshots/", "compression": "gzip", "shards": "1",
        "settleSeconds": "0", "noncurrentDays": "0", "secondsPerCall": "600" });
    let planned = call(
        "plan-snapshot",
        json!({ "executionArn": EXECUTION, "executionInput": { "AllowIncomplete": true }, "startedAt": Clock::System.now(), "defaults": defaults }),
    );
    let snapshot = &planned["snapshot"];
    let mut step = Step::start("snapshot.snapshot-shard", server.address);
    let (mut part, mut cursor) = (json!(0), Value::Null);
    loop {
        let response = step
            .invoke(&json!({ "executionArn": EXECUTION, "snapshot": snapshot, "shard": 0, "part": part,
            "cursor": cursor }));
        (part, cursor) = (response["part"].clone(), response["cursor"].clone());
        if response["done"] == true {
            break;
        }
    }
    let cost = step.end();
    let report = call("finish-snapshot", json!({ "executionArn": EXECUTION, "snapshot": snapshot }));
    assert_eq!(report["ItemCount"], objects, "{report}");
    (cost, report["Snapshot"].as_str().unwrap().to_owned())
}

/// Restores a snapshot in one segment.
fn restore(server: &Server, snapshot: &str, objects: usize) -> Cost {
    server.written();
    let input = json!({ "TableName": COPY, "Snapshot": snapshot });
    let defaults = json!({ "bucket": "snapshots", "prefix": "snapshots/", "segments": "1",
        "maxWriteCapacityUnits": "0", "secondsPerCall": "600" });
    import(server, "restore-snapshot.plan-restore", &input, &defaults, objects)
}
