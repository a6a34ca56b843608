//! The background process as its parent sees it.
//!
//! Parent and child share two pipes. Over the child's stdout come [`Report`]s, one JSON object a
//! line. Its stdin is the leash: as long as the parent holds it without a word, the child ends when
//! the parent does, whichever way that happens (Ctrl-C, a crash, `kill -9`). [`Background::release`]
//! says the word, and the child stays.

use std::{
    fs::{self, File},
    path::PathBuf,
    process::{Command as StdCommand, Stdio},
    time::Duration,
};

use anyhow::{Context as _, anyhow};
use local_aws::{SimulatedLatency, directory};
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

/// The word that lets the child outlive its parent.
pub(crate) const STAY: &str = "stay";
/// How long the child may take to end itself.
const GRACE: Duration = Duration::from_secs(20);

/// What the serving process tells the one that started it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Report {
    /// What it does now, for a person.
    Progress(String),
    /// It can be used.
    Ready(State),
    /// It cannot be set up, and why.
    Failed(String),
}

/// What the serving process is to be like.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The name under which it can be found later; none for one that lives as long as its parent.
    pub(crate) instance: Option<Instance>,
    /// The port to answer on; none for any free one.
    pub(crate) port: Option<u16>,
    /// See `local up --wait-scale`.
    pub(crate) wait_scale: f64,
    /// How many looks the slow things of AWS take; none for the proxy's own choice.
    pub(crate) latency: Option<SimulatedLatency>,
    /// Whether every template is deployed before it counts as ready.
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
        directory().join(if self.instance == Some(Instance::Stack) { "stack.log" } else { "demo.log" })
    }
}

/// A serving process on its leash.
#[derive(Debug)]
pub(crate) struct Background {
    child: Child,
    leash: ChildStdin,
    reports: Lines<BufReader<ChildStdout>>,
    log: PathBuf,
    state: Option<State>,
}

impl Background {
    /// Starts this executable again as `local serve`.
    pub(crate) fn spawn(settings: &Settings) -> anyhow::Result<Self> {
        let log = settings.log();
        fs::create_dir_all(directory())
            .with_context(|| format!("cannot create {}", directory().display()))?;
        let stderr = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let executable = std::env::current_exe().context("cannot tell which file this program is")?;

        let mut command = StdCommand::new(executable);
        command.args(settings.arguments()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(stderr);
        // A group of its own: a Ctrl-C meant for the parent does not reach the child.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = Command::from(command).spawn().context("cannot start the background process")?;

        let leash = child.stdin.take().context("the background process has no stdin")?;
        let stdout = child.stdout.take().context("the background process has no stdout")?;
        Ok(Self { child, leash, reports: BufReader::new(stdout).lines(), log, state: None })
    }

    /// Waits until the child can be used, passing on what it tells meanwhile.
    pub(crate) async fn ready(&mut self, mut progress: impl FnMut(&str)) -> anyhow::Result<State> {
        while let Some(line) = self.reports.next_line().await.context("cannot hear the background process")? {
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
        let last = last.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it left no word");
        Err(anyhow!("the background process ended before it was ready: {last} (log: {})", self.log.display()))
    }

    /// How the child is reached, once it has said so.
    pub(crate) fn state(&self) -> Option<&State> {
        self.state.as_ref()
    }

    /// Lets the child outlive this process.
    pub(crate) async fn release(mut self) -> anyhow::Result<()> {
        let word = format!("{STAY}\n");
        self.leash.write_all(word.as_bytes()).await.context("the background process has gone")?;
        self.leash.flush().await.context("the background process has gone")
    }

    /// Ends the child and waits until it has ended.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        let Self { mut child, leash, .. } = self;
        drop(leash);
        if timeout(GRACE, child.wait()).await.is_err() {
            if let Some(pid) = child.id().and_then(|pid| i32::try_from(pid).ok()) {
                // Its emulator and the functions die with it: they watch for that.
                let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
            }
            child.wait().await.context("the background process does not end")?;
        }
        Ok(())
    }
}
