//! Commands whose data cannot be written: a full disk is a failure, a closed pipe is not.

use std::fs::File;
use std::io::pipe;
use std::process::Stdio;

use crate::shell::{CommandOutput, Shell};

/// Commands that print data, in an account with a table `orders`.
const COMMANDS: [&str; 6] = [
    "--help",
    "--version",
    "completions bash",
    "explain BackupNotFound",
    "template orders",
    "plan prune --table orders --keep 3 --json",
];

/// Runs a command whose stdout is this.
async fn run_to(shell: &Shell, line: &str, stdout: impl Into<Stdio>) -> CommandOutput {
    let mut command = shell.command(&line.split(' ').collect::<Vec<_>>()).await;
    // Command::output would replace stdout by a pipe.
    let child = command.stdout(stdout).spawn().unwrap();
    drop(command);
    CommandOutput::from_output(child.wait_with_output().await.unwrap())
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn output_that_cannot_be_written_is_a_failure() {
    let shell = Shell::new("490000000101").await;
    shell.create("orders", "id", true).await;
    for line in COMMANDS {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let CommandOutput { code, remarks, .. } = run_to(&shell, line, full).await;
        assert_eq!(code, Some(1), "{line}: {remarks}");
        let last = remarks.lines().last();
        assert_eq!(last, Some("error: cannot write to stdout: No space left on device"), "{line}: {remarks}");
    }
}

#[tokio::test]
async fn a_closed_pipe_is_quiet() {
    let shell = Shell::new("490000000102").await;
    shell.create("orders", "id", true).await;
    for line in COMMANDS {
        let (reader, writer) = pipe().unwrap();
        drop(reader);
        let CommandOutput { code, remarks, .. } = run_to(&shell, line, writer).await;
        assert_eq!(code, Some(0), "{line}: {remarks}");
        assert!(!remarks.contains("error") && !remarks.contains("panicked"), "{line}: {remarks}");
    }
}
