//! Runs the binary on files as users have them.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code: a broken assumption is a failed test"
)]

mod cases;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

/// A project in a directory of its own.
struct Project(tempfile::TempDir);

impl Project {
    fn new(files: &[(&str, &str)]) -> Project {
        let project = Project(tempfile::tempdir().unwrap());
        files.iter().for_each(|(path, text)| project.write(path, text));
        project
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        std::fs::create_dir_all(self.path(path).parent().unwrap()).unwrap();
        std::fs::write(self.path(path), text).unwrap();
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, "")
    }

    fn run_with(&self, arguments: &[&str], stdin: &str) -> Ran {
        Ran::from(command(self.0.path(), arguments, stdin))
    }

    /// Returns the codes with their lines.
    fn found(&self, arguments: &[&str]) -> Vec<(String, String, u64)> {
        let report = self.run(&[arguments, &["--json"]].concat()).json();
        let findings = report["diagnostics"].as_array().unwrap().iter();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        findings.map(|one| (text(&one["code"]), text(&one["file"]), one["line"].as_u64().unwrap())).collect()
    }
}

fn command(folder: &Path, arguments: &[&str], stdin: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_asl-check"));
    command.current_dir(folder).args(arguments).stdin(Stdio::piped());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A run that does not read it may have ended already.
    drop(child.stdin.take().unwrap().write_all(stdin.as_bytes()));
    child.wait_with_output().unwrap()
}

struct Ran {
    stdout: String,
    stderr: String,
    code: i32,
}

impl Ran {
    fn from(output: Output) -> Ran {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ran { code: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap()
    }
}

/// A correct machine of one state, which `end` ends.
fn machine(end: &str) -> String {
    format!(
        r#"{{
  "QueryLanguage": "JSONata",
  "TimeoutSeconds": 60,
  "StartAt": "A",
  "States": {{
    "A": {{"Type": "Pass", {end}}}
  }}
}}"#
    )
}

fn good() -> String {
    machine(r#""End": true"#)
}

fn dangling() -> String {
    machine(r#""Next": "B""#)
}

fn missing(file: &str, line: u64) -> (String, String, u64) {
    ("MISSING_TRANSITION_TARGET".to_owned(), file.to_owned(), line)
}
