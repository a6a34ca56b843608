//! The log lines of the `bootstrap` have the fields that Lambda's filter reads.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code: a broken assumption is a failed test"
)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Command, Stdio};

use serde_json::Value;

/// Returns the lines that a function with an unknown handler logs for its first invocation.
fn lines(level: &str) -> Vec<Value> {
    let runtime_api = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut function = Command::new(env!("CARGO_BIN_EXE_bootstrap"))
        .env_clear()
        .env("AWS_LAMBDA_RUNTIME_API", runtime_api.local_addr().unwrap().to_string())
        .envs([
            ("AWS_LAMBDA_FUNCTION_NAME", "function"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
            ("AWS_LAMBDA_LOG_LEVEL", level),
            ("_HANDLER", "no.step"),
        ])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut poll = runtime_api.accept().unwrap().0;
    assert!(poll.read(&mut [0; 1024]).unwrap() > 0);
    let invocation = "HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: 1\r\nLambda-Runtime-Deadline-Ms: 9999999999999\r\n\
        Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:eu-west-1:123456789012:function:f\r\n\
        Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
    poll.write_all(invocation.as_bytes()).unwrap();
    let mut lines = Vec::new();
    for line in BufReader::new(function.stdout.take().unwrap()).lines() {
        let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let refused = line["level"] == "ERROR";
        lines.push(line);
        if refused {
            break;
        }
    }
    function.kill().unwrap();
    function.wait().unwrap();
    lines
}

#[test]
fn every_line_has_a_level_and_a_time_at_every_level() {
    let severity = ["ERROR", "WARN", "INFO", "DEBUG", "TRACE"];
    let of = |level: &Value| severity.iter().position(|name| level == name).unwrap();
    for (most, level) in severity.iter().enumerate() {
        let lines = lines(level);
        assert!(
            lines.last().unwrap()["fields"]["message"].as_str().unwrap().contains("no.step"),
            "{lines:?}"
        );
        for line in &lines {
            let time = line["timestamp"].as_str().unwrap_or_else(|| panic!("no timestamp in {line}"));
            assert!(chrono::DateTime::parse_from_rfc3339(time).is_ok(), "{line}");
            assert!(of(&line["level"]) <= most, "{line} at {level}");
        }
    }
}
