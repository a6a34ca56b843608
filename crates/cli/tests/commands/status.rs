//! `status`, on the state machine that stands in for that of `export-table`.

use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use local_aws::{Fault, LocalAws, Options, Rule};
use nix::pty::{Winsize, openpty};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;
use tokio::io::AsyncReadExt as _;

use crate::executions::{definition, deploy, shell};
use crate::fleet::is_of_schema;
use crate::shell::{CommandOutput, Shell, stack};

#[tokio::test]
async fn what_failed_today_has_its_error_and_what_succeeded_is_counted() {
    let shell = shell("497000000086").await;
    let nothing = shell.run(&["status"]).await;
    assert_eq!(nothing.code, Some(0), "{}{}", nothing.data, nothing.remarks);
    assert!(nothing.data.contains(" in us-east-1: 0 running; since "), "{}", nothing.data);

    shell.done(&["run", "export-table", "--table", "orders", "--follow"]).await;
    let succeeded = shell.done(&["status", "--once"]).await.data;
    assert!(succeeded.ends_with("\nSUCCEEDED\nexport-table 1\n"), "{succeeded}");
    let failed = shell.run(&["run", "export-table", "--set", "TableName=broken", "--follow"]).await;
    assert_eq!(failed.code, Some(1), "{}", failed.remarks);

    let shown = shell.run(&["status", "--since", "-1h"]).await;
    assert_eq!(shown.code, Some(3), "{}", shown.remarks);
    assert!(shown.remarks.starts_with("--since `-1h` is 20"), "{}", shown.remarks);
    assert!(shown.data.contains(", 1 failed and 1 succeeded\n"), "{}", shown.data);
    let row = shown.data.lines().find(|line| line.starts_with("export-table  broken  FAILED ")).unwrap();
    assert!(row.contains("  by-hand-broken-"), "{row}");
    assert!(shown.data.contains("\n    ExportFailed: the table is DELETING\n"), "{}", shown.data);
    assert!(!shown.data.contains('\u{1b}'), "{}", shown.data);

    let printed = shell.run(&["status", "--json", "--workflow", "export-table"]).await;
    assert_eq!((printed.code, printed.remarks.as_str()), (Some(3), ""));
    let status = printed.json();
    is_of_schema(&status, "status.json");
    assert_eq!(status["account"], shell.name);
    assert_eq!(status["machines"][0]["executions"]["failed"], 1);
    assert_eq!(status["failed"][0]["tables"], json!(["broken"]));
    assert_eq!(status["failed"][0]["failure"]["Error"], "ExportFailed");
    assert_eq!(status["calls"]["states:ListExecutions"], 1);

    for (arguments, expected) in [
        (&["--since", "2999-01-01T00:00:00Z"][..], "error: --since is in the future"),
        (&["--since", "soon"], "error: --since is `soon`; it must be a time such as"),
        (
            &["--every", "0s"],
            "error: invalid value '0s' for '--every <TIME>': it must be a time from 1s to 1h",
        ),
        (&["--every", "5s", "--once"], "error: the argument '--every <TIME>' cannot be used with"),
    ] {
        let refused = shell.run(&[&["status"], arguments].concat()).await;
        assert_eq!((refused.code, refused.data.as_str()), (Some(2), ""), "{}", refused.remarks);
        assert!(refused.remarks.starts_with(expected), "{}", refused.remarks);
    }
}

#[tokio::test]
async fn a_state_machine_that_cannot_be_read_is_not_known() {
    let shell = shell("497000000087").await;
    stack().await.proxy().inject(Rule {
        account: shell.name.to_owned(),
        step: None,
        action: "states:ListExecutions".to_owned(),
        from_ordinal: 0,
        times: 1_000,
        fault: Fault::Refuse,
    });
    let refused = shell.run(&["status"]).await;
    assert_eq!(refused.code, Some(3), "{}{}", refused.data, refused.remarks);
    assert!(refused.data.contains("; 1 state machine not known\n"), "{}", refused.data);
    let problem = "\nNOT KNOWN\nexport-table: states:ListExecutions failed: AccessDenied";
    assert!(refused.data.contains(problem), "{}", refused.data);

    let none = Shell::new("497000000088").await.run(&["status"]).await;
    assert_eq!(none.code, Some(1), "{}", none.remarks);
    assert!(none.remarks.starts_with("error: no stack tablekeeper-"), "{}", none.remarks);
}

/// Runs a command on a terminal until it has shown a text this often, presses Ctrl-C, and returns what was shown and the
/// exit code.
async fn until_shown(
    mut command: tokio::process::Command,
    text: &str,
    times: usize,
) -> (String, Option<i32>) {
    let size = Winsize { ws_row: 12, ws_col: 70, ws_xpixel: 0, ws_ypixel: 0 };
    let terminal = openpty(Some(&size), None).unwrap();
    let stdio = |fd: &OwnedFd| Stdio::from(fd.try_clone().unwrap());
    command.stdin(stdio(&terminal.slave)).stdout(stdio(&terminal.slave)).stderr(stdio(&terminal.slave));
    let mut child = command.env("TERM", "xterm-256color").spawn().unwrap();
    drop((command, terminal.slave));
    let mut screen = tokio::fs::File::from_std(std::fs::File::from(terminal.master));
    let (mut shown, mut buffer) = (Vec::new(), [0; 4096]);
    let pid = Pid::from_raw(child.id().unwrap().try_into().unwrap());
    let mut is_enough = false;
    // Reading fails once the last process has closed the terminal.
    while let Ok(length @ 1..) = screen.read(&mut buffer).await {
        shown.extend_from_slice(&buffer[..length]);
        if !is_enough && String::from_utf8_lossy(&shown).matches(text).count() >= times {
            is_enough = true;
            kill(pid, Signal::SIGINT).unwrap();
        }
    }
    let status = tokio::time::timeout(Duration::from_secs(60), child.wait()).await.unwrap().unwrap();
    (String::from_utf8(shown).unwrap(), status.code())
}

#[tokio::test]
async fn what_runs_is_refreshed_until_ctrl_c() {
    let shell = Shell::new("497000000089").await;
    // Its waits last, unlike those of the stack that the other tests share.
    let progress: local_aws::Progress = Arc::new(|line| eprintln!("{line}"));
    let directory = local_aws::directory();
    let local = LocalAws::start(Options { port: None, wait_scale: 1.0, directory, progress }).await.unwrap();
    let mut machine = definition();
    machine["States"]["Wait"]["Seconds"] = json!(3_000);
    deploy(&local.config(shell.name).await, &machine).await;
    let command = async |arguments: &[&str]| {
        let mut command = shell.command(arguments).await;
        command.env("AWS_ENDPOINT_URL", local.endpoint());
        command
    };
    let run = async |arguments: &[&str]| {
        CommandOutput::from_output(command(arguments).await.output().await.unwrap())
    };
    let started = run(&["run", "export-table", "--table", "orders"]).await;
    let name = started.data.trim().rsplit(':').next().unwrap();
    let mut once = run(&["status", "--once"]).await;
    // The execution has just started.
    while !once.data.contains("waits in Wait") {
        once = run(&["status", "--once"]).await;
    }
    assert_eq!(once.code, Some(0), "{}", once.remarks);
    let row = once.data.lines().find(|line| line.starts_with("export-table  orders ")).unwrap();
    assert!(row.ends_with(name), "{row}");
    assert!(
        once.data.contains("    waits in Wait until ") && once.data.contains(" (in 49 min)\n"),
        "{}",
        once.data
    );

    let json = run(&["status", "--json"]).await.json();
    is_of_schema(&json, "status.json");
    let activity = &json["running"][0]["activities"][0];
    assert_eq!((&activity["state"], &activity["doing"]["is"]), (&json!("Wait"), &json!("waiting")));
    assert_eq!(json["running"][0]["mayDoMore"], false);

    let mut live = command(&["status", "--every", "1s"]).await;
    live.env("NO_COLOR", "1");
    let (shown, code) = until_shown(live, "waits in Wait until ", 3).await;
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("Ctrl-C ends"), "{shown}");
    assert!(!shown.contains("\u{1b}[1m") && !shown.contains("\u{1b}[2m"), "{shown:?}");
    let (colored, code) = until_shown(command(&["status"]).await, "waits in Wait until ", 2).await;
    assert_eq!(code, Some(0), "{colored}");
    assert!(colored.contains("\u{1b}[1m"), "{colored:?}");
    let piped = run(&["status"]).await;
    assert!(piped.code == Some(0) && !piped.data.contains("Ctrl-C"), "{}", piped.data);
    local.stop().await;
}
