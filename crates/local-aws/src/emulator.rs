//! The emulator as a child process.
//!
//! It gets an environment of its own making, nothing from the shell's: the function processes that it
//! spawns inherit it, and on AWS they would not see the shell either.

use std::fs::File;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use crate::python::tail;
use crate::upstream::Upstream;
use crate::{Error, uuid};

const LAUNCHER: &str = include_str!("launcher.py");
const READY_WITHIN: Duration = Duration::from_secs(60);
const STOPPED_WITHIN: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(20);
const LOGS_KEPT: Duration = Duration::from_secs(24 * 60 * 60);
const PORT_ATTEMPTS: u32 = 3;

/// What an emulator is started with.
pub(crate) struct Settings<'a> {
    pub(crate) python: &'a Path,
    pub(crate) directory: &'a Path,
    pub(crate) wait_scale: f64,
    /// What functions call: the front.
    pub(crate) endpoint: &'a str,
}

/// A running emulator. Dropping it kills it and every function process that it spawned.
pub(crate) struct Emulator {
    child: Child,
    temporary: PathBuf,
    pub(crate) port: u16,
    /// What a request carries to publish events as an AWS service; see the launcher.
    pub(crate) service_token: String,
}

impl Emulator {
    /// Starts the emulator on a free port and waits until it answers.
    pub(crate) async fn start(settings: &Settings<'_>) -> Result<Self, Error> {
        let mut attempt = 1;
        loop {
            let mut emulator = Self::spawn(settings)?;
            match emulator.until_ready(settings.directory).await {
                // The port was free a moment ago; somebody else was quicker.
                Err(Error::EmulatorEnded { output, .. })
                    if output.contains("in use") && attempt < PORT_ATTEMPTS =>
                {
                    attempt += 1;
                }
                ready => return ready.map(|()| emulator),
            }
        }
    }

    fn spawn(settings: &Settings<'_>) -> Result<Self, Error> {
        let port = free_port()?;
        let temporary = settings.directory.join(format!("tmp-{port}"));
        std::fs::create_dir_all(&temporary).map_err(Error::file("create", &temporary))?;
        let temporary = temporary.canonicalize().map_err(Error::file("find", &temporary))?;
        forget_old_logs(settings.directory);
        let log_path = log_path(settings.directory, port);
        let log = File::create(&log_path).map_err(Error::file("create", &log_path))?;
        let log_too = log.try_clone().map_err(Error::file("open", &log_path))?;
        let service_token = uuid::random();
        let child = Command::new(settings.python)
            .args(["-u", "-c", LAUNCHER])
            .env_clear()
            .envs(inherited())
            .env("GATEWAY_PORT", port.to_string())
            .env("BIND_HOST", "127.0.0.1")
            .env("MINISTACK_ACCOUNT_ID", crate::DEFAULT_ACCOUNT)
            .env("MINISTACK_REGION", crate::REGION)
            .env("SFN_WAIT_SCALE", settings.wait_scale.to_string())
            .env("LAMBDA_ASYNC_RETRY_BASE_SECONDS", "0.05")
            .env("AWS_ENDPOINT_URL", settings.endpoint)
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("TMPDIR", &temporary)
            .env("LOCAL_AWS_SERVICE_TOKEN", &service_token)
            .current_dir(&temporary)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(log)
            .stderr(log_too)
            .spawn()
            .map_err(|source| Error::Program { program: settings.python.display().to_string(), source })?;
        Ok(Self { child, temporary, port, service_token })
    }

    async fn until_ready(&mut self, directory: &Path) -> Result<(), Error> {
        let started = Instant::now();
        let log = log_path(directory, self.port);
        let upstream = Upstream::single_use(self.port);
        while !upstream.is_ready().await {
            if let Ok(Some(status)) = self.child.try_wait() {
                let output = tail(&std::fs::read_to_string(&log).unwrap_or_default(), 15);
                return Err(Error::EmulatorEnded { status, log, output });
            }
            if started.elapsed() > READY_WITHIN {
                return Err(Error::EmulatorSilent { seconds: READY_WITHIN.as_secs(), log });
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    /// Asks the emulator to end and waits until it has; what is left of its group is killed on drop.
    pub(crate) async fn stop(mut self) {
        self.signal(Signal::SIGTERM);
        let asked = Instant::now();
        while self.ended().is_none() && asked.elapsed() < STOPPED_WITHIN {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    fn signal(&self, signal: Signal) {
        if let Ok(id) = i32::try_from(self.child.id()) {
            // The one expected failure is that nobody is left in the group.
            let _ = killpg(Pid::from_raw(id), signal);
        }
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.signal(Signal::SIGKILL);
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.temporary);
    }
}

fn log_path(directory: &Path, port: u16) -> PathBuf {
    directory.join(format!("emulator-{port}.log"))
}

/// A log is for looking into a failure; a day later nobody does, and every instance has one of its own.
fn forget_old_logs(directory: &Path) {
    let old = |entry: &std::fs::DirEntry| {
        let age =
            entry.metadata().and_then(|metadata| metadata.modified()).ok().and_then(|at| at.elapsed().ok());
        entry.file_name().to_string_lossy().starts_with("emulator-") && age.is_some_and(|age| age > LOGS_KEPT)
    };
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten().filter(old) {
        let _ = std::fs::remove_file(entry.path());
    }
}

fn free_port() -> Result<u16, Error> {
    TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|source| Error::Listen { port: 0, source })
}

#[expect(clippy::disallowed_methods, reason = "the edge: a child process needs to find its programs")]
fn inherited() -> impl Iterator<Item = (&'static str, std::ffi::OsString)> {
    ["PATH", "HOME", "LANG"].into_iter().filter_map(|name| Some((name, std::env::var_os(name)?)))
}
