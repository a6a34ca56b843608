//! Measures the cost of exporting a table and of importing it again, compared with dynamodump.
//!
//! cargo bench -p tablekeeper-functions --bench transfer [-- ITEMS]
//!
//! The `bootstrap` of the release profile runs the workflows' own steps, one process each, against a DynamoDB and an S3
//! on loopback that cost it nothing ([`server`]). Then dynamodump (PyPI) does the same work against the same server. It
//! measures the user and system CPU time of a process, from its start to its end, and its peak resident memory. Only
//! the step that moves items is measured, not planning and finishing. Every item is counted on its way back, and the
//! run fails if one is missing. It prints the table in docs/benchmarks.md.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a benchmark that cannot measure has nothing better to do than stop"
)]

mod import;
mod items;
mod process;
mod server;

use std::path::Path;
use std::process::{Command, Stdio};

use import::import;
use items::Pages;
use process::{Cost, Step, run};
use serde_json::{Value, json};
use server::{Buckets, Server, TABLE};

const EXECUTION: &str = "arn:aws:states:eu-west-1:123456789012:execution:m:bench";
const COPY: &str = "orders-copy";
const DYNAMODUMP: &str = "dynamodump==1.11.1";

fn main() {
    let items = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(500_000);
    let server = Server::start(Pages::new(items), Buckets::new());
    let folder = tempfile::tempdir().unwrap();
    let (dump, load) = dynamodump(folder.path(), &server, items);
    println!("{items} items of {} bytes\n", Pages::new(900).bytes_an_item());
    println!("| export | items per CPU second | of dynamodump's | most memory |\n|---|---|---|---|");
    row("dynamodump", items, dump, dump);
    let mut imports = Vec::new();
    for format in ["dynamodb-json", "data-pipeline", "plain"] {
        for compression in ["none", "gzip", "zstd"] {
            server.forget();
            let (cost, manifest) = export(&server, format, compression);
            row(&format!("{format}, {compression} ({} MB)", server.stored() / 1_000_000), items, cost, dump);
            let input = json!({ "TableName": COPY, "From": manifest });
            let defaults = json!({ "segments": "1", "maxWriteCapacityUnits": "0", "secondsPerCall": "600" });
            let cost = import(&server, "import-table.plan-import", &input, &defaults, items);
            imports.push((format!("{format}, {compression}"), cost));
        }
    }
    println!("\n| import | items per CPU second | of dynamodump's | most memory |\n|---|---|---|---|");
    row("dynamodump", items, load, load);
    for (name, cost) in imports {
        row(&name, items, cost, load);
    }
}

fn row(name: &str, items: usize, cost: Cost, baseline: Cost) {
    let rate = items as f64 / cost.cpu.as_secs_f64();
    let times = baseline.cpu.as_secs_f64() / cost.cpu.as_secs_f64();
    println!("| {name} | {rate:.0} | {times:.1} | {:.0} MiB |", cost.peak_mib);
}

/// Exports the table. Returns the cost of moving the items, and the location of the manifest.
fn export(server: &Server, format: &str, compression: &str) -> (Cost, String) {
    let call = |step: &str, payload: Value| {
        let mut step = Step::start(&format!("export-table.{step}"), server.address);
        let response = step.invoke(&payload);
        step.end();
        response
    };
    let defaults = json!({ "bucket": "exports", "prefix": "", "tableTag": "BackupEnabled=true", "format": format,
        "nullTag": "nULL", "compression": compression, "consistentRead": "true", "segments": "1",
        "segmentConcurrency": "1", "maxReadCapacityUnits": "0", "managed": "false", "timeoutHours": "24", "secondsPerCall": "600" });
    let selected = call(
        "select-tables",
        json!({ "executionArn": EXECUTION, "executionInput": { "TableName": TABLE },
        "startedAt": "2026-11-20T02:00:00Z", "defaults": defaults }),
    );
    let run = &selected["run"];
    let planned = call("plan-export", json!({ "executionArn": EXECUTION, "run": run, "tableName": TABLE }));
    let plan = &planned["plan"];
    let mut step = Step::start("export-table.export-segment", server.address);
    let (mut part, mut cursor) = (json!(0), Value::Null);
    loop {
        let response = step
            .invoke(&json!({ "executionArn": EXECUTION, "run": run, "plan": plan, "segment": 0,
            "part": part, "cursor": cursor }));
        (part, cursor) = (response["part"].clone(), response["cursor"].clone());
        if response["done"] == true {
            break;
        }
    }
    let cost = step.end();
    let report = call(
        "finish-export",
        json!({ "executionArn": EXECUTION, "run": run, "plan": plan,
        "settings": null, "settingsFailure": null, "notes": [] }),
    );
    assert_eq!(report["Outcome"], "DONE", "{report}");
    (cost, report["Manifest"].as_str().unwrap().to_owned())
}

/// Returns the costs of dynamodump's backup and restore of the table.
fn dynamodump(folder: &Path, server: &Server, items: usize) -> (Cost, Cost) {
    let quiet = |command: &mut Command| command.stdout(Stdio::null()).status().unwrap();
    let environment = folder.join("python");
    assert!(quiet(Command::new("python3").args(["-m", "venv"]).arg(&environment)).success());
    let install = ["install", "--quiet", "--disable-pip-version-check", DYNAMODUMP];
    assert!(quiet(Command::new(environment.join("bin/pip")).args(install)).success());
    let dumping = |mode: &str, more: &[&str]| {
        let mut command = Command::new(environment.join("bin/dynamodump"));
        command.current_dir(folder).args([
            "-m",
            mode,
            "-r",
            "local",
            "-s",
            TABLE,
            "--host",
            "127.0.0.1",
            "--log",
            "ERROR",
        ]);
        command
            .args(["--port", &server.address.port().to_string(), "--accessKey", "a", "--secretKey", "b"])
            .args(more);
        run(&mut command)
    };
    let dump = dumping("backup", &[]);
    let load = dumping("restore", &["--dataOnly", "--skipThroughputUpdate", "--noConfirm"]);
    assert_eq!(server.written(), items, "dynamodump wrote every item");
    (dump, load)
}
