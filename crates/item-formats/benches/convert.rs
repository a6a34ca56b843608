//! Measures how many lines of an export this crate writes per second of CPU time, compared with Python.
//!
//! The lines are orders of a shop, about 1 KB of DynamoDB JSON each: strings, numbers, a set, a binary, a list of maps,
//! and some text beyond ASCII. This crate checks each item and writes it as a line of Data Pipeline. Python 3 reads
//! each with `json.loads` and writes it with `json.dumps`, both of which are C, and does not convert anything: the
//! least that a Lambda function in Python has to do. Both run in turns, on one thread and on the same lines. CPU time
//! comes from /proc/self/schedstat and `time.process_time`. The best turn of each counts.
//!
//! `cargo bench -p item-formats` prints the table in docs/benchmarks.md and fails below [`LEAST`].
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot measure has nothing better to do than stop")]

use std::hint::black_box;
use std::io::Write as _;
use std::process::{Command, Stdio};

use item_formats::{Format, NullTag, read_line, split_items, write_line};

const LINES: u64 = 4000;
const TURNS: usize = 15;
/// The factor by which this crate has to be faster than Python.
const LEAST: f64 = 20.0;

const PYTHON: &str = r#"
import json, sys, time
lines = sys.stdin.buffer.read().splitlines()
began = time.process_time()
for line in lines:
    json.dumps(json.loads(line), separators=(",", ":"))
print(len(lines) / (time.process_time() - began))
"#;

fn main() {
    let items: Vec<Vec<u8>> = (0..LINES).map(item).collect();
    let bytes: usize = items.iter().map(Vec::len).sum();
    let lines: Vec<Vec<u8>> = items.iter().map(|item| converted(Format::DynamodbJson, item)).collect();
    let response = [&b"{\"Items\":["[..], &items.join(&b','), b"],\"Count\":4000}"].concat();

    let mut best = [0_f64; 5];
    for _ in 0..TURNS {
        let turn = [
            ours(|out| items.iter().for_each(|item| write(Format::DataPipeline(NullTag::Null), item, out))),
            ours(|out| items.iter().for_each(|item| write(Format::DynamodbJson, item, out))),
            ours(|out| lines.iter().for_each(|line| read(Format::DynamodbJson, line.trim_ascii_end(), out))),
            ours(|out| out.extend(split_items(&response).unwrap().items.len().to_le_bytes())),
            python(&items),
        ];
        best.iter_mut().zip(turn).for_each(|(best, turn)| *best = best.max(turn));
    }
    let [pipeline, dynamodb, reading, splitting, python] = best;
    println!("{} bytes a line\n", bytes as u64 / LINES);
    println!("| | lines a CPU-second | MB a CPU-second | times Python's |\n|---|---|---|---|");
    for (what, rate) in [
        ("`write_line`, Data Pipeline", pipeline),
        ("`write_line`, DynamoDB JSON", dynamodb),
        ("`read_line`, DynamoDB JSON", reading),
        ("`split_items`", splitting),
        ("Python, `json.loads` and `json.dumps`", python),
    ] {
        let megabytes = rate * bytes as f64 / LINES as f64 / 1e6;
        println!("| {what} | {rate:.0} | {megabytes:.0} | {:.1} |", rate / python);
    }
    assert!(pipeline / python >= LEAST, "fewer than {LEAST} times as many lines as Python's");
}

fn write(format: Format, item: &[u8], out: &mut Vec<u8>) {
    write_line(format, item, out).unwrap();
}

fn read(format: Format, line: &[u8], out: &mut Vec<u8>) {
    read_line(format, line, out).unwrap();
}

fn converted(format: Format, item: &[u8]) -> Vec<u8> {
    let mut line = Vec::new();
    write(format, item, &mut line);
    line
}

/// Returns the lines per CPU second of a pass over all lines, which is repeated until its time can be measured.
fn ours(mut pass: impl FnMut(&mut Vec<u8>)) -> f64 {
    let mut out = Vec::new();
    pass(&mut out);
    let began = cpu_seconds();
    let mut passes = 0;
    loop {
        out.clear();
        pass(&mut out);
        black_box(&out);
        passes += 1;
        let took = cpu_seconds() - began;
        if took > 0.1 {
            return (passes * LINES) as f64 / took;
        }
    }
}

fn cpu_seconds() -> f64 {
    let schedstat = std::fs::read_to_string("/proc/self/schedstat").unwrap();
    schedstat.split_ascii_whitespace().next().unwrap().parse::<f64>().unwrap() / 1e9
}

fn python(lines: &[Vec<u8>]) -> f64 {
    let mut python = Command::new("python3")
        .args(["-c", PYTHON])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    python.stdin.take().unwrap().write_all(&lines.join(&b'\n')).unwrap();
    let output = python.wait_with_output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}

/// Returns an order as DynamoDB JSON.
fn item(number: u64) -> Vec<u8> {
    let id = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let city = ["Berlin", "Málaga", "Porto", "東京"].into_iter().cycle().nth(number as usize % 4).unwrap();
    let line = |position: u64| {
        let (sku, price) = (id.rotate_left(position as u32) % 100_000, id % 9000 + 999);
        format!(
            r#"{{"M":{{"sku":{{"S":"SKU-{sku:06}"}},"title":{{"S":"Article {sku} in \"natural\" colour, size M"}},"quantity":{{"N":"{position}"}},"unitPrice":{{"N":"{}.{:02}"}}}}}}"#,
            price / 100,
            price % 100
        )
    };
    let list = [line(1), line(2), line(3)].join(",");
    format!(
        concat!(
            r#"{{"pk":{{"S":"CUSTOMER#{id:016x}"}},"sk":{{"S":"ORDER#2026-03-{day:02}T09:41:27.{ms:03}Z"}},"#,
            r#""status":{{"S":"SHIPPED"}},"total":{{"N":"{total}.50"}},"currency":{{"S":"EUR"}},"version":{{"N":"7"}},"#,
            r#""email":{{"S":"customer.{number}@example.com"}},"gift":{{"BOOL":false}},"coupon":{{"NULL":true}},"#,
            r#""note":{{"S":"Please leave the parcel with the neighbours on the second floor if nobody answers."}},"#,
            r#""tags":{{"SS":["express","returning","web"]}},"digest":{{"B":"q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEg=="}},"#,
            r#""address":{{"M":{{"street":{{"S":"Long Street {day}"}},"city":{{"S":"{city}"}},"zip":{{"S":"{zip:05}"}}}}}},"#,
            r#""lines":{{"L":[{list}]}},"expiresAt":{{"N":"1790{ms:06}"}}}}"#
        ),
        id = id,
        day = id % 28 + 1,
        ms = id % 1000,
        total = id % 400,
        number = number,
        city = city,
        zip = id % 100_000,
        list = list,
    )
    .into_bytes()
}
