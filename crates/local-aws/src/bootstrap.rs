//! Builds the functions' one executable in the way a developer builds it.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;
use tokio::process::Command;
use tokio::sync::OnceCell;

use crate::{Error, Progress};

/// Returns the root of this workspace, which holds the templates and state machines.
///
/// It is known at compile time and may be gone since; see [`templates`](crate::templates).
pub fn workspace_root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

/// Builds the `bootstrap` of every function for this host and returns its path.
///
/// Use it before deploying to the local stack, which runs functions as host processes. It builds once per process, so a
/// suite may call it before every test.
pub async fn build_bootstrap(progress: &Progress) -> Result<PathBuf, Error> {
    static BUILT: OnceCell<PathBuf> = OnceCell::const_new();
    BUILT.get_or_try_init(|| build(progress)).await.cloned()
}

async fn build(progress: &Progress) -> Result<PathBuf, Error> {
    progress("building the functions (cargo build --bin bootstrap)");
    let output = Command::new(cargo())
        .args(["build", "--bin", "bootstrap", "--message-format=json-render-diagnostics"])
        .current_dir(workspace_root())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|source| Error::Program { program: "cargo build --bin bootstrap".to_owned(), source })?;
    if !output.status.success() {
        let output_text = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(Error::Build { status: output.status, output: output_text });
    }
    executable(&String::from_utf8_lossy(&output.stdout)).ok_or(Error::NoBootstrap)
}

#[expect(clippy::disallowed_methods, reason = "the edge: cargo sets CARGO for the programs that it runs")]
fn cargo() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// Finds the executable in cargo's messages, one JSON object per line.
fn executable(messages: &str) -> Option<PathBuf> {
    messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).find_map(|message| {
        let is_bootstrap = message.pointer("/target/name")? == "bootstrap";
        is_bootstrap.then(|| message.get("executable")?.as_str().map(PathBuf::from))?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_executable_is_read_from_cargos_messages() {
        let messages = concat!(
            r#"{"reason":"compiler-artifact","target":{"name":"serde"},"executable":null}"#,
            "\nnot json\n",
            r#"{"reason":"compiler-artifact","target":{"name":"bootstrap"},"executable":"/t/debug/bootstrap"}"#,
            "\n",
            r#"{"reason":"build-finished","success":true}"#,
        );
        assert_eq!(executable(messages), Some(PathBuf::from("/t/debug/bootstrap")));
        assert_eq!(executable(r#"{"reason":"build-finished","success":true}"#), None);
    }

    #[test]
    fn the_workspace_root_holds_the_workspace() {
        let manifest = std::fs::read_to_string(workspace_root().join("Cargo.toml")).unwrap();
        assert!(manifest.contains("[workspace]"));
    }
}
