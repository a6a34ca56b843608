//! The measured programs: the `bootstrap`, invoked as Lambda does it, and any other program until it ends.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};
use serde_json::Value;

const BOOTSTRAP: &str = env!("CARGO_BIN_EXE_bootstrap");

/// The cost of running a program.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    /// CPU time, user and system.
    pub(crate) cpu: Duration,
    /// Peak resident memory, in MiB.
    pub(crate) peak_mib: f64,
}

/// A `bootstrap` process that runs one step.
pub(crate) struct Step {
    child: Child,
    runtime_api: TcpListener,
    connection: BufReader<TcpStream>,
    invocations: usize,
}

impl Step {
    /// Starts the process, with this address as the endpoint of AWS.
    pub(crate) fn start(step: &str, aws: std::net::SocketAddr) -> Step {
        Step::start_with(step, aws, &[])
    }

    /// Starts the process as `start` does, with additional environment variables.
    pub(crate) fn start_with(step: &str, aws: std::net::SocketAddr, environment: &[(&str, &str)]) -> Step {
        let runtime_api = TcpListener::bind("127.0.0.1:0").unwrap();
        let child = Command::new(BOOTSTRAP)
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", runtime_api.local_addr().unwrap().to_string())
            .env("_HANDLER", step)
            .env("AWS_ENDPOINT_URL", format!("http://{aws}"))
            .envs([
                ("AWS_ACCESS_KEY_ID", "key"),
                ("AWS_SECRET_ACCESS_KEY", "secret"),
                ("AWS_REGION", "eu-west-1"),
                ("AWS_LAMBDA_FUNCTION_NAME", "function"),
                ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1769"),
                ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
                ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
            ])
            .envs(environment.iter().copied())
            .stdout(Stdio::inherit())
            .spawn()
            .unwrap();
        let connection = BufReader::new(runtime_api.accept().unwrap().0);
        let mut step = Step { child, runtime_api, connection, invocations: 0 };
        step.request();
        step
    }

    /// Invokes the step and returns its output.
    pub(crate) fn invoke(&mut self, payload: &Value) -> Value {
        self.invocations += 1;
        let payload = payload.to_string();
        let head = format!(
            "HTTP/1.1 200 OK\r\nlambda-runtime-aws-request-id: {}\r\nlambda-runtime-deadline-ms: 99999999999999\r\n\
             lambda-runtime-invoked-function-arn: arn:aws:lambda:eu-west-1:123456789012:function:f\r\n\
             content-length: {}\r\n\r\n",
            self.invocations,
            payload.len()
        );
        self.send(&format!("{head}{payload}"));
        let (path, response) = self.request();
        assert!(path.ends_with("/response"), "{path}: {response}");
        self.send("HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n");
        self.request();
        serde_json::from_str(&response).unwrap()
    }

    /// Ends the process and returns its cost since the start.
    pub(crate) fn end(mut self) -> Cost {
        let peak_mib = peak_mib(self.child.id()).unwrap();
        let before = cpu_of_children();
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        Cost { cpu: cpu_of_children() - before, peak_mib }
    }

    fn send(&mut self, text: &str) {
        self.connection.get_mut().write_all(text.as_bytes()).unwrap();
    }

    fn request(&mut self) -> (String, String) {
        let mut line = String::new();
        // The process closes a connection that was idle for long, as during an invocation of minutes, and opens
        // another.
        while self.connection.read_line(&mut line).unwrap() == 0 {
            self.connection = BufReader::new(self.runtime_api.accept().unwrap().0);
        }
        let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
        let (mut length, mut chunked) = (0, false);
        loop {
            let mut header = String::new();
            self.connection.read_line(&mut header).unwrap();
            let header = header.trim().to_ascii_lowercase();
            if header.is_empty() {
                break;
            }
            if let Some(value) = header.strip_prefix("content-length: ") {
                length = value.parse().unwrap();
            }
            chunked |= header == "transfer-encoding: chunked";
        }
        let mut body = vec![0; length];
        self.connection.read_exact(&mut body).unwrap();
        while chunked {
            let mut size = String::new();
            self.connection.read_line(&mut size).unwrap();
            let size = usize::from_str_radix(size.trim(), 16).unwrap();
            let mut chunk = vec![0; size + 2];
            self.connection.read_exact(&mut chunk).unwrap();
            body.extend_from_slice(&chunk[..size]);
            chunked = size > 0;
        }
        (path, String::from_utf8(body).unwrap())
    }
}

/// Runs a program to its end and returns its cost.
pub(crate) fn run(command: &mut Command) -> Cost {
    let before = cpu_of_children();
    let mut child = command.spawn().unwrap();
    let mut peak = 0.0;
    let status = loop {
        // Read while the program runs, because the kernel's final figure begins with the memory of the process that
        // spawned it.
        peak = peak_mib(child.id()).unwrap_or(peak);
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    };
    assert!(status.success(), "{command:?}: {status}");
    Cost { cpu: cpu_of_children() - before, peak_mib: peak }
}

/// Returns the peak resident memory of a process so far, in MiB; `None` if it has ended.
fn peak_mib(process: u32) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = peak.trim().trim_end_matches("kB").trim().parse().unwrap();
    Some(kib / 1024.0)
}

fn cpu_of_children() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap();
    [usage.user_time(), usage.system_time()]
        .iter()
        .map(|time| Duration::from_micros(u64::try_from(time.tv_sec() * 1_000_000 + time.tv_usec()).unwrap()))
        .sum()
}
