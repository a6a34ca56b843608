//! Measures what a comparison of two tables costs, compared with a loop of boto3.
//!
//! cargo bench -p tablekeeper --bench diff [-- ITEMS]
//!
//! The release build of `tablekeeper diff` reads two tables of a DynamoDB on loopback that costs it nothing ([`server`]).
//! Then a script of boto3 reads the same tables into two dictionaries and compares them: the least that a hand-written
//! comparison does. Both must find the same three differences. It measures the user and system CPU time of a process
//! from its start to its end, and its peak resident memory. It prints the table in docs/benchmarks.md.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a benchmark that cannot measure has nothing better to do than stop"
)]

mod server;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};
use server::Server;

/// Items of the comparison with boto3, which holds all of them in memory.
const FOR_BOTO3: u64 = 100_000;
const SCRIPT: &str = include_str!("compare.py");

/// The cost of running a program.
struct Cost {
    cpu: Duration,
    peak_mib: f64,
    wall: Duration,
}

fn main() {
    let most: u64 = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(5_000_000);
    let folder = tempfile::tempdir().unwrap();
    let python = boto3(folder.path());
    println!("{} bytes an item\n", server::item(server::LEFT, 1).len());
    println!(
        "| comparison | items a side | items read per CPU second | peak memory | time |\n|---|---|---|---|---|"
    );
    let server = Server::start(FOR_BOTO3);
    let script = folder.path().join("compare.py");
    std::fs::write(&script, SCRIPT).unwrap();
    let mut command = Command::new(python);
    row("boto3, two dictionaries", FOR_BOTO3, &run(command.arg(script), &server, 0));
    row("`tablekeeper diff`", FOR_BOTO3, &diff(folder.path(), &server));
    for items in [1_000_000, most] {
        row("`tablekeeper diff`", items, &diff(folder.path(), &Server::start(items)));
    }
}

fn row(name: &str, items: u64, cost: &Cost) {
    // Both sides have this many items, and each is read once.
    let rate = items as f64 * 2.0 / cost.cpu.as_secs_f64();
    let (peak, wall) = (cost.peak_mib, cost.wall.as_secs_f64());
    println!("| {name} | {items} | {rate:.0} | {peak:.0} MiB | {wall:.1} s |");
}

fn diff(folder: &Path, server: &Server) -> Cost {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tablekeeper"));
    let command = command.current_dir(folder).args(["diff", server::LEFT, server::RIGHT, "--segments", "4"]);
    run(command, server, 3)
}

/// Runs a program that must find the three differences and end with this exit code.
fn run(command: &mut Command, server: &Server, code: i32) -> Cost {
    let (before, began) = (cpu(), std::time::Instant::now());
    let endpoint = format!("http://{}", server.address);
    let keys =
        [("AWS_ACCESS_KEY_ID", "key"), ("AWS_SECRET_ACCESS_KEY", "secret"), ("AWS_REGION", "eu-west-1")];
    let child = command
        .envs(keys)
        .env("AWS_DEFAULT_REGION", "eu-west-1")
        .env("AWS_ENDPOINT_URL", endpoint)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let id = child.id();
    let peak = std::thread::spawn(move || {
        let mut peak = 0.0;
        while let Some(now) = peak_mib(id) {
            peak = now;
            std::thread::sleep(Duration::from_millis(20));
        }
        peak
    });
    let output = child.wait_with_output().unwrap();
    let wall = began.elapsed();
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(code), "{text}");
    for kind in ["missing", "extra", "changed"] {
        let counted = text.lines().any(|line| {
            let mut words = line.split_whitespace();
            words.next() == Some(kind) && words.next() == Some("1")
        });
        assert!(counted, "{kind} is not 1 in {text}");
    }
    Cost { cpu: cpu() - before, peak_mib: peak.join().unwrap(), wall }
}

/// Returns the CPU time of all programs that have ended.
fn cpu() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap();
    let of = |time: nix::sys::time::TimeVal| {
        Duration::from_secs(time.tv_sec().try_into().unwrap())
            + Duration::from_micros(time.tv_usec().try_into().unwrap())
    };
    of(usage.user_time()) + of(usage.system_time())
}

/// Returns the peak resident memory of a running process.
fn peak_mib(id: u32) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0)
}

/// Installs boto3 and returns the path of its Python.
fn boto3(folder: &Path) -> std::path::PathBuf {
    let environment = folder.join("python");
    let done = |command: &mut Command| assert!(command.stdout(Stdio::null()).status().unwrap().success());
    done(Command::new("python3").args(["-m", "venv"]).arg(&environment));
    let install = ["install", "--quiet", "--disable-pip-version-check", "boto3==1.44.8"];
    done(Command::new(environment.join("bin/pip")).args(install));
    environment.join("bin/python")
}
