//! The command line as it is installed: outside its clone, without a compiler and without the variables of cargo.

use std::os::unix::fs::symlink;
use std::process::Stdio;

use tokio::process::Command;

use crate::shell::{CommandOutput, stack};

/// A home directory with an installed command line, and a PATH on which nothing is.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        std::fs::copy(env!("CARGO_BIN_EXE_tablekeeper"), home.path().join("tablekeeper")).unwrap();
        Self(home)
    }

    /// Gives the home the emulator of the clone, so that a test does not install it again.
    async fn with_emulator(self) -> Self {
        stack().await;
        let caches = if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" };
        let cache = self.0.path().join(caches).join("tablekeeper");
        std::fs::create_dir_all(&cache).unwrap();
        for entry in std::fs::read_dir(local_aws::directory()).unwrap().map(Result::unwrap) {
            if entry.path().join("installed.txt").exists() {
                symlink(entry.path(), cache.join(entry.file_name())).unwrap();
            }
        }
        self
    }

    async fn run(&self, arguments: &[&str]) -> CommandOutput {
        let mut command = Command::new(self.0.path().join("tablekeeper"));
        command.args(arguments).current_dir(self.0.path()).env_clear();
        command.env("HOME", self.0.path()).env("PATH", self.0.path().join("empty"));
        CommandOutput::from_output(command.stdin(Stdio::null()).kill_on_drop(true).output().await.unwrap())
    }
}

#[tokio::test]
async fn the_demo_needs_neither_the_clone_nor_a_compiler() {
    let home = Home::new().with_emulator().await;
    let CommandOutput { code, data, remarks, .. } = home.run(&["demo", "--items", "16"]).await;
    assert_eq!(code, Some(0), "{data}{remarks}");
    assert!(data.contains("The demo succeeded"), "{data}{remarks}");
    assert!(!data.contains("cargo"), "{data}");
}

#[tokio::test]
async fn the_local_stack_deploys_every_workflow_from_an_installed_program() {
    let home = Home::new().with_emulator().await;
    let up = home.run(&["local", "up", "--port", "0", "--json"]).await;
    assert_eq!(up.code, Some(0), "{}", up.remarks);
    let status = home.run(&["local", "status", "--json"]).await;
    let down = home.run(&["local", "down"]).await;
    assert_eq!((status.code, down.code), (Some(0), Some(0)), "{}{}", status.data, down.remarks);
    let stacks = up.json()["stacks"].as_object().unwrap().clone();
    assert_eq!(status.json()["stacks"].as_object(), Some(&stacks));
    for stack in ["rotate-restore", "sync-settings", "incremental"] {
        assert!(stacks.contains_key(&format!("tablekeeper-{stack}")), "{stacks:?}");
    }
    assert_eq!(home.run(&["local", "status"]).await.code, Some(1));
}

#[tokio::test]
async fn a_missing_python_is_one_sentence() {
    let CommandOutput { code, data, remarks, .. } = Home::new().run(&["demo"]).await;
    assert_eq!(code, Some(1), "{data}{remarks}");
    assert_eq!(
        remarks,
        "error: the local stack does not start: the local stack needs Python 3.11 or newer, and there is no \
         `python3` on the PATH\n"
    );
}
