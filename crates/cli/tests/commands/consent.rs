//! Questions on a terminal: "no" ends every command in the same way, and changes nothing.

use std::os::fd::OwnedFd;
use std::process::Stdio;

use nix::pty::openpty;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::incremental::support::{Account, item, passed_second, text};

/// Runs a command on a terminal, answers no to its question, and checks its end.
async fn declines(account: &Account, arguments: &[&str], question: &str) {
    let terminal = openpty(None, None).unwrap();
    let stdio = |fd: &OwnedFd| Stdio::from(fd.try_clone().unwrap());
    let mut command = account.command(arguments).await;
    command.stdin(stdio(&terminal.slave)).stdout(stdio(&terminal.slave)).stderr(stdio(&terminal.slave));
    let mut child = command.spawn().unwrap();
    drop((command, terminal.slave));
    let mut screen = tokio::fs::File::from_std(std::fs::File::from(terminal.master));
    let (mut shown, mut buffer, mut is_answered) = (String::new(), [0; 4096], false);
    // Reading fails once the command has closed the terminal.
    while let Ok(length @ 1..) = screen.read(&mut buffer).await {
        shown.push_str(&String::from_utf8_lossy(&buffer[..length]));
        if !is_answered && shown.contains("[y/N]") {
            is_answered = true;
            screen.write_all(b"n\n").await.unwrap();
            screen.flush().await.unwrap();
        }
    }
    let status = child.wait().await.unwrap();
    assert!(shown.contains(question), "{shown}");
    assert!(shown.ends_with("\r\nnothing was changed\r\n") && !shown.contains("error"), "{shown}");
    assert_eq!(status.code(), Some(1), "{shown}");
}

#[tokio::test]
async fn no_changes_nothing_and_ends_with_1() {
    let account = Account::new("490000000053").await;
    account.change("INSERT", "1", Some(&item("1", "a")), 1).await;
    let name = account.snapshot(&["snapshot", "orders"]).await;
    let at = text(passed_second().await);
    account.change("MODIFY", "1", Some(&item("1", "b")), 2).await;
    account.done(&["export", "orders", "--to", "out"]).await;
    let (items, keys) = (account.items("orders").await, account.keys("snapshots-490000000053").await);

    let import = ["import", "orders", "--from", "out/latest", "--merge"];
    declines(&account, &import, "replace the items of orders that have the same keys? [y/N]").await;
    let restore = ["restore", "orders", &name, "--merge"];
    declines(&account, &restore, "replace the items of orders that have the same keys? [y/N]").await;
    declines(&account, &["snapshot", "delete", &name], "delete the snapshot s3://").await;
    let recover = ["recover", "orders", "--key", r#"{"id":{"S":"1"}}"#, "--at", &at];
    declines(&account, &recover, "undo the changes since then? [y/N]").await;

    assert_eq!(account.items("orders").await, items);
    assert_eq!(account.keys("snapshots-490000000053").await, keys);
}
