//! Puts the commit and the target into the binary, for `tablekeeper --version`.

use std::process::Command;

fn main() {
    // A build that is given the commit, as that of a package is, needs no repository.
    println!("cargo::rerun-if-env-changed=TABLEKEEPER_COMMIT");
    let commit = option_env("TABLEKEEPER_COMMIT").or_else(|| git(&["rev-parse", "--short=12", "HEAD"]));
    // Committing and switching branches write here.
    if let Some(log) = git(&["rev-parse", "--git-path", "logs/HEAD"]) {
        println!("cargo::rerun-if-changed={log}");
    }
    println!("cargo::rustc-env=TABLEKEEPER_COMMIT={}", commit.as_deref().unwrap_or("unknown"));
    println!("cargo::rustc-env=TABLEKEEPER_TARGET={}", option_env("TARGET").as_deref().unwrap_or("unknown"));
}

#[expect(clippy::disallowed_methods, reason = "a build script is configured by its environment")]
fn option_env(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Runs git in the directory of this package; `None` where there is no git or no repository.
fn git(arguments: &[&str]) -> Option<String> {
    let output =
        Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}
