//! The background process, as its parent controls it.
//!
//! Parent and child share two pipes. The child writes [`Report`]s to its stdout, one JSON object per line. Its stdin is
//! the leash: if it closes before a line with [`STAY`], the child ends. So the child ends with its parent, also after
//! Ctrl-C, a crash or `kill -9`. [`Background::release`] writes that line, and the child keeps running.

use std::{
    fs::{self, File},
    path::PathBuf,
    process::{Command as StdCommand, Stdio},
    time::Duration,
};

use anyhow::{Context as _, anyhow};
use local_aws::{SimulatedLatency, state_directory};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    time::timeout,
};

use super::state::{Instance, State};

/// The line that lets the child outlive its parent.
pub(crate) const STAY: &str = "stay";
/// Timeout until the child has ended by itself.
const GRACE: Duration = Duration::from_secs(20);

/// A message of the serving process to its parent.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Report {
    /// The current activity, as text for a person.
    Progress(String),
    /// The stack is ready to use.
    Ready(State),
    /// The setup failed, with the reason.
    Failed(String),
}

/// The options of the serving process.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The name under which other commands find it; `None` for one that ends with its parent.
    pub(crate) instance: Option<Instance>,
    /// The port to listen on; `None` for any free port.
    pub(crate) port: Option<u16>,
    /// Factor for the duration of Wait states; see `local up --wait-scale`.
    pub(crate) wait_scale: f64,
    /// Number of polls that slow operations of AWS take; `None` for the proxy's default.
    pub(crate) latency: Option<SimulatedLatency>,
    /// Whether every template is deployed before it is ready.
    pub(crate) deploy: bool,
}

impl Settings {
    fn arguments(&self) -> Vec<String> {
        let mut arguments = vec!["local".to_owned(), "serve".to_owned()];
        let mut add = |name: &str, value: String| arguments.push(format!("--{name}={value}"));
        add("wait-scale", self.wait_scale.to_string());
        if let Some(instance) = self.instance {
            add("instance", format!("{instance:?}").to_lowercase());
        }
        if let Some(port) = self.port {
            add("port", port.to_string());
        }
        if let Some(SimulatedLatency { tables, indexes, backups, on_demand_backups, restore_jobs, updates }) =
            self.latency
        {
            add(
                "latency",
                format!("{tables},{indexes},{backups},{on_demand_backups},{restore_jobs},{updates}"),
            );
        }
        if self.deploy {
            arguments.push("--deploy".to_owned());
        }
        arguments
    }

    fn log(&self) -> PathBuf {
        state_directory().join(if self.instance == Some(Instance::Stack) { "stack.log" } else { "demo.log" })
    }
}

/// A serving process that ends with its parent unless it is released.
#[derive(Debug)]
pub(crate) struct Background {
    child: Child,
    leash: ChildStdin,
    reports: Lines<BufReader<ChildStdout>>,
    log: PathBuf,
    state: Option<State>,
}

impl Background {
    /// Starts this executable as `local serve`.
    pub(crate) fn spawn(settings: &Settings) -> anyhow::Result<Self> {
        let log = settings.log();
        fs::create_dir_all(state_directory())
            .with_context(|| format!("cannot create {}", state_directory().display()))?;
        let stderr = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let executable = std::env::current_exe().context("cannot find the path of this program")?;

        let mut command = StdCommand::new(executable);
        command.args(settings.arguments()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(stderr);
        // Its own process group, so that Ctrl-C for the parent does not reach the child.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = Command::from(command).spawn().context("cannot start the background process")?;

        let leash = child.stdin.take().context("the background process has no stdin")?;
        let stdout = child.stdout.take().context("the background process has no stdout")?;
        Ok(Self { child, leash, reports: BufReader::new(stdout).lines(), log, state: None })
    }

    /// Waits until the child is ready, and passes its progress on.
    pub(crate) async fn ready(&mut self, mut progress: impl FnMut(&str)) -> anyhow::Result<State> {
        while let Some(line) =
            self.reports.next_line().await.context("cannot read from the background process")?
        {
            match serde_json::from_str(&line) {
                Ok(Report::Progress(text)) => progress(&text),
                Ok(Report::Ready(state)) => {
                    self.state = Some(state.clone());
                    return Ok(state);
                }
                Ok(Report::Failed(reason)) => return Err(anyhow!(reason)),
                Err(_) => progress(&line),
            }
        }
        let last = fs::read_to_string(&self.log).unwrap_or_default();
        let last = last.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("no message");
        Err(anyhow!("the background process ended before it was ready: {last} (log: {})", self.log.display()))
    }

    /// Returns the state of the child; `None` before it is ready.
    pub(crate) fn state(&self) -> Option<&State> {
        self.state.as_ref()
    }

    /// Lets the child outlive this process.
    pub(crate) async fn release(mut self) -> anyhow::Result<()> {
        let word = format!("{STAY}\n");
        self.leash.write_all(word.as_bytes()).await.context("the background process has ended")?;
        self.leash.flush().await.context("the background process has ended")
    }

    /// Stops the child and waits until it has ended.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        let Self { mut child, leash, .. } = self;
        drop(leash);
        if timeout(GRACE, child.wait()).await.is_err() {
            if let Some(pid) = child.id().and_then(|pid| i32::try_from(pid).ok()) {
                // Its emulator and the functions end with it, because they watch it.
                let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
            }
            child.wait().await.context("cannot wait for the end of the background process")?;
        }
        Ok(())
    }
}
