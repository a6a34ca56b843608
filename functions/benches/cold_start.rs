//! Measures the cold start of the `bootstrap` and the size of its archive.
//!
//! A fake Runtime API on loopback replaces Lambda's. The clock starts when the process is spawned and stops when its
//! first `GET …/invocation/next` arrives. The process then waits for an invocation that never comes. Meanwhile its
//! resident memory and CPU time are read from /proc. No AWS call is made. `cargo bench --bench cold_start` prints the
//! table in docs/benchmarks.md.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot measure has nothing better to do than stop")]

use std::io::{BufRead as _, BufReader, Cursor, Write as _};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use zip::write::SimpleFileOptions;

const BOOTSTRAP: &str = env!("CARGO_BIN_EXE_bootstrap");
const RUNS: usize = 50;
/// Maximum size of the archive, in MB. A larger one includes a dependency that no step needs.
const LARGEST_ARCHIVE: f64 = 12.0;

struct ColdStart {
    first_poll: Duration,
    on_cpu: Duration,
    resident_kib: u64,
}

fn main() {
    let binary = std::fs::metadata(BOOTSTRAP).unwrap().len();
    println!("| | |\n|---|---|");
    println!("| `bootstrap` | {:.1} MB |", megabytes(binary));
    let archive = megabytes(archive().len() as u64);
    println!("| its archive | {archive:.1} MB |");
    assert!(archive <= LARGEST_ARCHIVE, "the archive is larger than {LARGEST_ARCHIVE} MB");
    println!("\n| step | start to first poll | of it on the CPU | resident memory |\n|---|---|---|---|");
    for step in tablekeeper_functions::steps() {
        let mut runs: Vec<ColdStart> = (0..RUNS).map(|_| cold_start(step.name)).collect();
        let mut median = |key: fn(&ColdStart) -> f64| {
            runs.sort_by(|left, right| key(left).total_cmp(&key(right)));
            runs.get(RUNS / 2).map(key).unwrap()
        };
        let first_poll = median(|run| run.first_poll.as_secs_f64() * 1e3);
        let on_cpu = median(|run| run.on_cpu.as_secs_f64() * 1e3);
        let resident = median(|run| run.resident_kib as f64 / 1024.0);
        println!("| `{}` | {first_poll:.1} ms | {on_cpu:.1} ms | {resident:.1} MiB |", step.name);
    }
    println!("\nMedians of {RUNS} starts.");
}

fn cold_start(step: &str) -> ColdStart {
    let runtime_api = TcpListener::bind("127.0.0.1:0").unwrap();
    let began = Instant::now();
    let mut child = Command::new(BOOTSTRAP)
        .env_clear()
        .env("AWS_LAMBDA_RUNTIME_API", runtime_api.local_addr().unwrap().to_string())
        .env("_HANDLER", step)
        .envs([
            ("AWS_ACCESS_KEY_ID", "key"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_REGION", "eu-west-1"),
            ("AWS_LAMBDA_FUNCTION_NAME", "function"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
            ("STATE_MACHINE_ARN", "arn:aws:states:eu-west-1:123456789012:stateMachine:m"),
            ("SOURCE_PATTERN", "-production$"),
            ("REPLACEMENT_PATTERN", "-staging"),
        ])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    // Stays open, because the process would end with the connection.
    let mut connection = BufReader::new(runtime_api.accept().unwrap().0);
    let mut request = String::new();
    connection.read_line(&mut request).unwrap();
    let first_poll = began.elapsed();
    assert!(request.starts_with("GET /2018-06-01/runtime/invocation/next "), "{request}");

    let proc = |file: &str| std::fs::read_to_string(format!("/proc/{}/{file}", child.id())).unwrap();
    let resident = proc("status").lines().find_map(|line| line.strip_prefix("VmRSS:").map(number)).unwrap();
    let on_cpu = Duration::from_nanos(number(&proc("schedstat")));
    child.kill().unwrap();
    child.wait().unwrap();
    ColdStart { first_poll, on_cpu, resident_kib: resident }
}

fn number(text: &str) -> u64 {
    text.split_whitespace().next().unwrap().parse().unwrap()
}

fn archive() -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().unix_permissions(0o755).compression_level(Some(9));
    archive.start_file("bootstrap", options).unwrap();
    archive.write_all(&std::fs::read(BOOTSTRAP).unwrap()).unwrap();
    archive.finish().unwrap().into_inner()
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
