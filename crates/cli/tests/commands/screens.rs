//! What people see: the help of each command, the main screens on terminals of two widths and on none, and the commonest
//! errors. `UPDATE_SCREENS=1` writes the files of `tests/screens` anew.

use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::Stdio;

use nix::pty::{Winsize, openpty};
use tokio::io::AsyncReadExt as _;

use crate::shell::{Shell, stack};

/// Compares a text with its file.
fn check(name: &str, text: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/screens").join(name);
    #[expect(clippy::disallowed_methods, reason = "the switch of the test")]
    if std::env::var_os("UPDATE_SCREENS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(text == expected, "{} differs; UPDATE_SCREENS=1 writes it. It would be:\n{text}", path.display());
}

/// Runs a command on a terminal of this width, and returns what the terminal shows.
async fn on_terminal(shell: &Shell, columns: u16, arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let size = Winsize { ws_row: 50, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    let terminal = openpty(Some(&size), None).unwrap();
    let stdio = |fd: &OwnedFd| Stdio::from(fd.try_clone().unwrap());
    let mut command = shell.command(arguments).await;
    command.stdin(stdio(&terminal.slave)).stdout(stdio(&terminal.slave)).stderr(stdio(&terminal.slave));
    command.env("TERM", "xterm-256color").env_remove("NO_COLOR").envs(variables.iter().copied());
    let mut child = command.spawn().unwrap();
    drop((command, terminal.slave));
    let mut screen = tokio::fs::File::from_std(std::fs::File::from(terminal.master));
    let mut shown = Vec::new();
    let mut buffer = [0; 4096];
    // Reading fails once the last process has closed the terminal.
    while let Ok(length @ 1..) = screen.read(&mut buffer).await {
        shown.extend_from_slice(&buffer[..length]);
    }
    child.wait().await.unwrap();
    String::from_utf8(shown).unwrap().replace("\r\n", "\n").replace('\u{1b}', "␛")
}

#[tokio::test]
async fn help_of_every_command_is_as_written() {
    let shell = Shell::new("497000000020").await;
    let mut open = vec![Vec::<String>::new()];
    let mut seen = 0;
    while let Some(path) = open.pop() {
        let mut arguments: Vec<&str> = path.iter().map(String::as_str).collect();
        arguments.push("--help");
        let help = shell.done(&arguments).await.data;
        let name = if path.is_empty() { "tablekeeper".to_owned() } else { path.join("-") };
        check(&format!("help/{name}.txt"), &help);
        seen += 1;
        for command in commands_in(&help) {
            open.push([&path[..], &[command]].concat());
        }
    }
    assert!(seen > 25, "only {seen} helps were found");
}

/// Returns the commands that a help lists: indented names above `Options:`, but not `help`.
fn commands_in(help: &str) -> Vec<String> {
    let (list, _) = help.split_once("\nOptions:").unwrap_or((help, ""));
    let Some((_, list)) = list.split_once("<COMMAND>").or_else(|| list.split_once("[COMMAND]")) else {
        return Vec::new();
    };
    let names =
        list.lines().filter_map(|line| line.strip_prefix("  ")?.split_once("  ").map(|(name, _)| name));
    let is_name = |name: &&str| {
        !name.is_empty()
            && *name != "help"
            && name.bytes().all(|letter| letter.is_ascii_lowercase() || letter == b'-')
    };
    names.filter(is_name).map(str::to_owned).collect()
}

#[tokio::test]
async fn main_screens_fit_their_terminal() {
    let shell = Shell::new("497000000021").await;
    for columns in [80, 120] {
        let help = on_terminal(&shell, columns, &["--help"], &[]).await;
        check(&format!("terminal-{columns}/help.txt"), &help);
        let plain = on_terminal(&shell, columns, &["--help"], &[("NO_COLOR", "1")]).await;
        assert!(!plain.contains('␛'), "{plain}");
        let widest = plain.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(widest <= columns.into(), "a line has {widest} columns:\n{plain}");
        let error = on_terminal(&shell, columns, &["explain", "BackupNotFund"], &[]).await;
        check(&format!("terminal-{columns}/error.txt"), &error);
        let entry = on_terminal(&shell, columns, &["explain", "TooManyRestores"], &[]).await;
        check(&format!("terminal-{columns}/explain.txt"), &entry);
    }
    let plain = on_terminal(&shell, 80, &["explain", "TooManyRestores"], &[("NO_COLOR", "1")]).await;
    let piped = shell.done(&["explain", "TooManyRestores"]).await.data;
    let never = on_terminal(&shell, 80, &["explain", "TooManyRestores", "--color", "never"], &[]).await;
    assert_eq!((plain.as_str(), never.as_str()), (piped.as_str(), piped.as_str()));
    let always = shell.done(&["explain", "TooManyRestores", "--color", "always"]).await.data;
    assert!(always.starts_with("\u{1b}["), "{always:?}");
}

#[tokio::test]
async fn the_commonest_errors_are_as_written() {
    let shell = Shell::new("497000000022").await;
    shell.create("orders", "id", true).await;
    shell.create("full", "id", false).await;
    let item = [("id".to_owned(), aws_sdk_dynamodb::types::AttributeValue::S("1".to_owned()))];
    shell.dynamodb.put_item().table_name("full").set_item(Some(item.into())).send().await.unwrap();
    std::fs::write(shell.path("wrong.toml"), "table = \"orders\"\nprefix = \"x\"\n").unwrap();
    std::fs::create_dir(shell.path("lines")).unwrap();
    std::fs::write(shell.path("lines/a.json"), "{\"Item\":{\"id\":{\"S\":\"1\"}}}\n{\"id\n").unwrap();
    let import = "import full --from lines --format dynamodb-json";
    let mut screen = String::new();
    for (line, variables) in [
        ("exprot orders", &[][..]),
        ("export orders", &[]),
        ("export orders --to out --segmnets 2", &[]),
        ("export nothing --to out", &[]),
        ("export orders --to out", &[("AWS_REGION", "")]),
        ("export orders --to out", &[("AWS_ENDPOINT_URL", "http://127.0.0.1:1")]),
        ("export orders --to s3://there-is-no-such-bucket/x", &[]),
        ("export orders --to s3:/bucket", &[]),
        ("export orders --to out --resume", &[]),
        ("import orders --from nowhere", &[]),
        ("import orders --from lines", &[]),
        (import, &[]),
        ("import full --from lines --format dynamodb-json --merge", &[]),
        ("import orders --from lines --format dynamodb-json", &[]),
        ("history orders --key {\"id\":{\"S\":\"1\"}}", &[]),
        ("history orders --key id", &[("INCREMENTAL_BUCKET", "items")]),
        (
            "snapshot orders --at yesterday",
            &[("INCREMENTAL_BUCKET", "items"), ("SNAPSHOT_BUCKET", "snapshots")],
        ),
        (
            "snapshot --at 2999-01-01T00:00:00Z",
            &[("INCREMENTAL_BUCKET", "items"), ("SNAPSHOT_BUCKET", "snapshots")],
        ),
        ("backfill --config wrong.toml", &[]),
        ("backfill --config nowhere.toml", &[]),
        ("plan prune --table orders", &[]),
        ("plan prune --table nothing --keep 3", &[]),
        ("run export-tabel", &[]),
        ("run export-table --set TableNam=orders", &[]),
        ("run backup-prune --set MaxBackups=0", &[]),
        ("run import-table --set TableName=orders --set From=s3://exports/latest", &[]),
        ("run export-table --table orders", &[]),
        ("follow nobody", &[]),
        ("explain BackupNotFund", &[]),
    ] {
        let mut command = shell.command(&line.split(' ').collect::<Vec<_>>()).await;
        command.env("AWS_MAX_ATTEMPTS", "1").envs(variables.iter().copied());
        let output = command.output().await.unwrap();
        assert!(!output.status.success() && output.stdout.is_empty(), "{line}");
        for (name, value) in variables {
            screen.push_str(&format!("{name}={value} "));
        }
        screen.push_str(&format!("$ tablekeeper {line}\n"));
        screen.push_str(&String::from_utf8(output.stderr).unwrap());
        screen.push_str(&format!("[exit code {}]\n\n", output.status.code().unwrap()));
    }
    check("errors.txt", &without_chance(&screen.replace(stack().await.endpoint(), "http://127.0.0.1:PORT")));
}

/// Replaces what differs from run to run.
fn without_chance(text: &str) -> String {
    let lines = text.lines().map(|line| match line.split_once("(now: ") {
        Some((before, _)) => format!("{before}(now: NOW)"),
        None => line.to_owned(),
    });
    lines.map(|line| line + "\n").collect()
}
