//! The emulator as a child process.
//!
//! Its environment variables are set here, and none come from the shell. The function processes that it spawns inherit
//! them, and on AWS they would not see the shell either.
//!
//! Each emulator has its own directory for temporary files. The launcher binds a port and writes its number there. So
//! a response on that port, from a child that is still alive, comes from this emulator.

use std::fs::File;
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use uuid::Uuid;

use crate::Error;
use crate::python::tail;
use crate::upstream::Upstream;

const LAUNCHER: &str = include_str!("launcher.py");
const READY_WITHIN: Duration = Duration::from_secs(60);
const STOPPED_WITHIN: Duration = Duration::from_secs(10);
const POLL_INTERVAL: Duration = Duration::from_millis(20);
/// Timeout of one readiness poll: a server that accepts a connection may still never respond.
const POLL_TIMEOUT: Duration = Duration::from_secs(2);
const LEFTOVERS_RETAINED: Duration = Duration::from_secs(24 * 60 * 60);

/// The settings that an emulator is started with.
pub(crate) struct Settings<'a> {
    pub(crate) python: &'a Path,
    pub(crate) directory: &'a Path,
    pub(crate) wait_scale: f64,
    /// The address that functions call.
    pub(crate) proxy: SocketAddr,
}

/// A running emulator. Dropping it kills it and every function process that it spawned.
pub(crate) struct Emulator {
    process: Process,
    pub(crate) port: u16,
    /// The header value with which a request publishes events as an AWS service. See the launcher.
    pub(crate) service_token: String,
}

/// The emulator's process and its resources.
struct Process {
    child: Child,
    temporary: PathBuf,
    log: PathBuf,
    /// A lock that is held for as long as the directory of temporary files is in use.
    _in_use: File,
}

impl Emulator {
    /// Starts the emulator and waits until it responds.
    pub(crate) async fn start(settings: &Settings<'_>) -> Result<Self, Error> {
        let service_token = Uuid::new_v4().to_string();
        let mut process = Process::spawn(settings, &service_token)?;
        let port = process.until_ready().await?;
        Ok(Self { process, port, service_token })
    }

    /// Asks the emulator to end and waits until it has. The rest of its process group is killed on drop.
    pub(crate) async fn stop(mut self) {
        self.process.signal(Signal::SIGTERM);
        let asked = Instant::now();
        while self.process.ended().is_none() && asked.elapsed() < STOPPED_WITHIN {
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }
}

/// Returns the seconds before Lambda's first retry of an event: the minute that it is on AWS, shortened like Wait states.
fn retry_wait(wait_scale: f64) -> f64 {
    (60.0 * wait_scale).max(0.05)
}

impl Process {
    fn spawn(settings: &Settings<'_>, service_token: &str) -> Result<Self, Error> {
        let Settings { python, directory, wait_scale, proxy } = settings;
        forget_leftovers(directory);
        let temporary = directory.join(format!("tmp-{}", Uuid::new_v4().simple()));
        std::fs::create_dir(&temporary).map_err(Error::file("create", &temporary))?;
        let in_use = File::open(&temporary).map_err(Error::file("open", &temporary))?;
        in_use.lock().map_err(Error::file("lock", &temporary))?;
        let log_path = directory.join(format!("emulator-{}.log", proxy.port()));
        let log = File::create(&log_path).map_err(Error::file("create", &log_path))?;
        let log_too = log.try_clone().map_err(Error::file("open", &log_path))?;
        let child = Command::new(python)
            .args(["-u", "-c", LAUNCHER])
            .env_clear()
            .envs(inherited())
            .env("BIND_HOST", "127.0.0.1")
            .env("MINISTACK_ACCOUNT_ID", crate::ACCOUNT)
            .env("MINISTACK_REGION", crate::REGION)
            .env("SFN_WAIT_SCALE", wait_scale.to_string())
            .env("LAMBDA_ASYNC_RETRY_BASE_SECONDS", retry_wait(*wait_scale).to_string())
            .env("AWS_ENDPOINT_URL", format!("http://{proxy}"))
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("TMPDIR", &temporary)
            .env("LOCAL_AWS_SERVICE_TOKEN", service_token)
            .current_dir(&temporary)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(log)
            .stderr(log_too)
            .spawn()
            .map_err(|source| Error::Program { program: python.display().to_string(), source })?;
        Ok(Self { child, temporary, log: log_path, _in_use: in_use })
    }

    /// Waits until the emulator responds and returns its port.
    async fn until_ready(&mut self) -> Result<u16, Error> {
        let started = Instant::now();
        loop {
            let ready = match self.port() {
                Some(port) => responds(port).await.then_some(port),
                None => None,
            };
            // Checked only now: a response counts if the child was alive when it came.
            if let Some(status) = self.ended() {
                let output = tail(&std::fs::read_to_string(&self.log).unwrap_or_default(), 15);
                return Err(Error::EmulatorEnded { status, log: self.log.clone(), output });
            }
            if let Some(port) = ready {
                return Ok(port);
            }
            if started.elapsed() > READY_WITHIN {
                let log = self.log.clone();
                return Err(Error::EmulatorSilent { seconds: READY_WITHIN.as_secs(), log });
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    fn port(&self) -> Option<u16> {
        std::fs::read_to_string(self.temporary.join("port")).ok()?.parse().ok()
    }

    fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    fn signal(&self, signal: Signal) {
        if let Ok(id) = i32::try_from(self.child.id()) {
            // The one expected failure is that the group is empty.
            let _ = killpg(Pid::from_raw(id), signal);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal(Signal::SIGKILL);
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.temporary);
    }
}

async fn responds(port: u16) -> bool {
    let upstream = Upstream::single_use(port);
    tokio::time::timeout(POLL_TIMEOUT, upstream.is_ready()).await.unwrap_or(false)
}

/// Deletes logs and temporary directories that are older than a day. Temporary directories remain only if this process
/// and the emulator were killed at once. A directory that another process has locked is still in use and is not
/// deleted.
fn forget_leftovers(directory: &Path) {
    let is_old = |entry: &std::fs::DirEntry| {
        let modified = entry.metadata().and_then(|metadata| metadata.modified()).ok();
        modified.and_then(|at| at.elapsed().ok()).is_some_and(|age| age > LEFTOVERS_RETAINED)
    };
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten().filter(is_old) {
        let (name, path) = (entry.file_name(), entry.path());
        let begins = |start: &str| name.to_string_lossy().starts_with(start);
        if begins("emulator-") {
            let _ = std::fs::remove_file(path);
        } else if begins("tmp-") && File::open(&path).is_ok_and(|folder| folder.try_lock().is_ok()) {
            let _ = std::fs::remove_dir_all(path);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the edge: a child process needs to find its programs")]
fn inherited() -> impl Iterator<Item = (&'static str, std::ffi::OsString)> {
    ["PATH", "HOME", "LANG"].into_iter().filter_map(|name| Some((name, std::env::var_os(name)?)))
}
