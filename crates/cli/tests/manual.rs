//! What `cargo install` brings besides the commands: the version with its commit and target, completions, the manual.
#![expect(clippy::unwrap_used, reason = "test code: a broken assumption is a failed test")]

use std::process::Command;

/// What the command prints, which has to succeed.
fn printed(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_tablekeeper")).args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_version_names_the_commit_and_the_target() {
    let version = printed(&["--version"]);
    let commit = version.trim().strip_prefix(concat!("tablekeeper ", env!("CARGO_PKG_VERSION"), " ("));
    let (commit, target) = commit.and_then(|rest| rest.strip_suffix(')')?.split_once(", ")).unwrap();
    let is_hash = commit.len() == 12 && commit.bytes().all(|digit| digit.is_ascii_hexdigit());
    assert!(is_hash || commit == "unknown", "{version}");
    assert!(target.starts_with(std::env::consts::ARCH) && target.contains('-'), "{version}");
}

#[test]
fn every_shell_has_completions_of_the_commands() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = printed(&["completions", shell]);
        assert!(script.contains("restore") && script.contains("snapshot"), "{shell}");
    }
}

#[test]
fn every_command_has_a_page_in_the_manual() {
    let directory = tempfile::tempdir().unwrap();
    let pages = directory.path().join("man1");
    printed(&["man", pages.to_str().unwrap()]);
    for page in ["tablekeeper.1", "tablekeeper-export.1", "tablekeeper-plan-sync.1"] {
        let text = std::fs::read_to_string(pages.join(page)).unwrap();
        assert!(text.contains(".SH NAME") && text.contains("tablekeeper"), "{page}: {text}");
        assert!(text.contains(concat!("\"tablekeeper ", env!("CARGO_PKG_VERSION"), "\"")), "{page}: {text}");
    }
    let page = std::fs::read_to_string(pages.join("tablekeeper-export.1")).unwrap();
    let synopsis = page.lines().skip_while(|line| *line != ".SH SYNOPSIS").nth(1).unwrap();
    let expected = r"\fBtablekeeper export\fR [OPTIONS] \-\-to <s3://BUCKET/PREFIX|DIR> <TABLE>";
    assert_eq!(synopsis, expected);
}
