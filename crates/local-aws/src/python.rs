//! The emulator's Python environment.
//!
//! It is created once per version and reused. Test binaries, the demo and `local up` may all need it at the same
//! moment, so it is created under a file lock. A marker that is written last (a copy of the requirements) distinguishes
//! a finished environment from an interrupted installation. The marker alone is not trusted: an environment uses the
//! system's Python, which may have been removed or replaced since.
//!
//! The installing programs hold the lock together with this process: it is their standard input, which their child
//! processes inherit. When this process is killed, they may write into the environment a while longer. The next caller
//! waits for them before it starts over.

use std::ffi::OsStr;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::process::Command;

use crate::{Error, Progress};

const REQUIREMENTS: &str = include_str!("../requirements.txt");
const OLDEST: (u32, u32) = (3, 11);
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Returns the environment's Python. Installs the environment first if needed.
///
/// Dropping the future ends the installation. The next caller starts it over.
pub(crate) async fn environment(directory: &Path, progress: &Progress) -> Result<PathBuf, Error> {
    let venv = directory.join(format!("venv-{}", version()));
    let python = venv.join("bin").join("python3");
    if is_usable(&venv, &python).await {
        return Ok(python);
    }
    let lock_path = directory.join(format!("venv-{}.lock", version()));
    let lock = lock(&lock_path, progress).await?;
    // The previous holder of the lock may have installed it in the meantime.
    if !is_usable(&venv, &python).await {
        check_python().await?;
        reported(progress, install(&venv, &python, &lock)).await?;
    }
    Ok(python)
}

/// Reports the begin and the end of an installation.
async fn reported(
    progress: &Progress,
    installation: impl Future<Output = Result<(), Error>>,
) -> Result<(), Error> {
    progress(&format!(
        "installing the emulator, the Python package ministack {}; it takes about a minute, on the first run only",
        version()
    ));
    installation.await?;
    progress("the emulator is installed");
    Ok(())
}

/// Returns the path of the marker: a copy of the requirements, written once they are all installed.
fn marker(venv: &Path) -> PathBuf {
    venv.join("installed.txt")
}

async fn is_usable(venv: &Path, python: &Path) -> bool {
    if !std::fs::read_to_string(marker(venv)).is_ok_and(|installed| installed == REQUIREMENTS) {
        return false;
    }
    let imported = command(python, ["-c", "import ministack"]).output().await;
    imported.is_ok_and(|output| output.status.success())
}

async fn lock(path: &Path, progress: &Progress) -> Result<File, Error> {
    let mut options = File::options();
    let file = options.read(true).append(true).create(true).open(path).map_err(Error::file("open", path))?;
    let mut reported = false;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(source)) => return Err(Error::file("lock", path)(source)),
            Err(TryLockError::WouldBlock) => {
                if !std::mem::replace(&mut reported, true) {
                    progress("waiting for another process that is installing the emulator");
                }
                tokio::time::sleep(POLL_INTERVAL).await;
            }
        }
    }
}

async fn install(venv: &Path, python: &Path, lock: &File) -> Result<(), Error> {
    let held = || lock.try_clone().map_err(Error::file("share the lock of", venv));
    if venv.exists() {
        std::fs::remove_dir_all(venv).map_err(Error::file("remove", venv))?;
    }
    run(
        command("python3", ["-m", "venv"]).arg(venv).stdin(held()?),
        "`python3 -m venv`",
        "Some systems ship venv apart from Python: install it (on Debian and Ubuntu the package is python3-venv).",
    )
    .await?;
    let requirements = venv.join("requirements.txt");
    std::fs::write(&requirements, REQUIREMENTS).map_err(Error::file("write", &requirements))?;
    run(
        command(python, ["-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--quiet"])
            .arg("--requirement")
            .arg(&requirements)
            .stdin(held()?),
        "`pip install`",
        "It needs to reach a Python package index: check the network, and pip's own configuration for a mirror or \
         a proxy.",
    )
    .await?;
    std::fs::rename(&requirements, marker(venv)).map_err(Error::file("write", marker(venv)))
}

fn command<const N: usize>(program: impl AsRef<OsStr>, arguments: [&str; N]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    command
}

fn version() -> &'static str {
    REQUIREMENTS.lines().find_map(|line| line.strip_prefix("ministack==")).unwrap_or("unpinned")
}

async fn check_python() -> Result<(), Error> {
    let output = command("python3", ["-c", "import sys; print('%d.%d.%d' % sys.version_info[:3])"])
        .output()
        .await
        .map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => Error::PythonMissing,
            _ => Error::Program { program: "python3".to_owned(), source },
        })?;
    let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if is_new_enough(&version) { Ok(()) } else { Err(Error::PythonTooOld { version }) }
}

fn is_new_enough(version: &str) -> bool {
    let mut parts = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) >= OLDEST
}

async fn run(command: &mut Command, step: &str, advice: &'static str) -> Result<(), Error> {
    let Output { status, stdout, stderr } = command
        .output()
        .await
        .map_err(|source| Error::Program { program: step.trim_matches('`').to_owned(), source })?;
    if status.success() {
        return Ok(());
    }
    let printed = [stdout, stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    Err(Error::Install { step: step.to_owned(), status, output: tail(&printed, 15), advice })
}

/// Returns the last lines of a longer text, for error messages.
pub(crate) fn tail(text: &str, lines: usize) -> String {
    let all: Vec<&str> = text.lines().collect();
    all.get(all.len().saturating_sub(lines)..).unwrap_or_default().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_requirement_is_pinned() {
        let requirements = || REQUIREMENTS.lines().filter(|line| !line.starts_with('#'));
        assert!(requirements().all(|line| line.contains("==")));
        assert!(requirements().any(|line| line.starts_with("aws-sam-translator==")));
        assert_eq!(version(), "1.5.33");
    }

    #[test]
    fn python_versions_compare_as_numbers() {
        assert!(is_new_enough("3.11.0"));
        assert!(is_new_enough("3.14.1"));
        assert!(is_new_enough("4.0.0"));
        assert!(!is_new_enough("3.10.18"));
        assert!(!is_new_enough("2.7.18"));
        assert!(!is_new_enough(""));
    }

    #[test]
    fn the_tail_of_a_text_is_its_last_lines() {
        assert_eq!(tail("a\nb\nc", 2), "b\nc");
        assert_eq!(tail("a", 2), "a");
    }

    #[tokio::test]
    async fn a_failing_installation_says_which_step_and_why() {
        let mut failing = command("sh", ["-c", "echo no index >&2; exit 3"]);
        let message = run(&mut failing, "`pip install`", "Check.").await.unwrap_err().to_string();
        assert!(message.contains("`pip install` failed (exit status: 3)"), "{message}");
        assert!(message.contains("no index\nCheck."), "{message}");
    }

    #[tokio::test]
    async fn an_installation_reports_what_it_installs_and_its_end() {
        let lines = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let reports = lines.clone();
        let progress: Progress =
            std::sync::Arc::new(move |line| reports.lock().unwrap().push(line.to_owned()));
        reported(&progress, async { Err(Error::PythonMissing) }).await.unwrap_err();
        reported(&progress, async { Ok(()) }).await.unwrap();
        let lines = lines.lock().unwrap().clone();
        let begin = format!("installing the emulator, the Python package ministack {}; it takes ", version());
        assert!(lines.len() == 3 && lines[..2].iter().all(|line| line.starts_with(&begin)), "{lines:?}");
        assert_eq!(lines[2], "the emulator is installed");
    }

    #[tokio::test]
    async fn dropping_an_installation_ends_it() {
        let folder = tempfile::tempdir().unwrap();
        let id = folder.path().join("id");
        let script = format!("echo $$ > {0}.new; mv {0}.new {0}; exec sleep 600", id.display());
        let mut installing = command("sh", ["-c", &script]);
        let begun = async {
            while !id.exists() {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            ended = run(&mut installing, "`sh`", "Check.") => panic!("{ended:?}"),
            () = begun => {}
        }
        let id: i32 = std::fs::read_to_string(id).unwrap().trim().parse().unwrap();
        let ended = async {
            while nix::sys::signal::kill(nix::unistd::Pid::from_raw(id), None).is_ok() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), ended).await.unwrap();
    }

    #[tokio::test]
    async fn the_next_installation_waits_for_what_an_ended_one_started() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let id = folder.path().join("id");
        let progress: Progress = std::sync::Arc::new(|_| {});
        let held = lock(&path, &progress).await.unwrap();
        let inner = format!("echo $$ > {0}.new; mv {0}.new {0}; exec sleep 600", id.display());
        let script = format!("sh -c '{inner}'; true");
        let installing = command("sh", ["-c", &script]).stdin(held.try_clone().unwrap()).spawn().unwrap();
        while !id.exists() {
            tokio::task::yield_now().await;
        }
        drop((installing, held));
        let other = File::open(&path).unwrap();
        assert!(matches!(other.try_lock(), Err(TryLockError::WouldBlock)));
        let id: i32 = std::fs::read_to_string(id).unwrap().trim().parse().unwrap();
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(id), nix::sys::signal::Signal::SIGKILL).unwrap();
        let waited = tokio::time::timeout(Duration::from_secs(30), lock(&path, &progress)).await;
        waited.unwrap().unwrap();
    }

    /// Creates an environment with a correct marker and this program as its Python.
    fn marked(python: &str) -> (tempfile::TempDir, PathBuf) {
        let venv = tempfile::tempdir().unwrap();
        std::fs::write(marker(venv.path()), REQUIREMENTS).unwrap();
        let link = venv.path().join("python3");
        std::os::unix::fs::symlink(python, &link).unwrap();
        (venv, link)
    }

    #[tokio::test]
    async fn an_environment_is_trusted_only_if_its_python_runs_the_emulator() {
        // `true` stands for a Python that can import anything, `false` for one that cannot.
        for (python, usable) in [("/bin/true", true), ("/bin/false", false), ("/no/such/python", false)] {
            let (venv, link) = marked(python);
            assert_eq!(is_usable(venv.path(), &link).await, usable, "{python}");
            std::fs::write(marker(venv.path()), "ministack==0.1").unwrap();
            assert!(!is_usable(venv.path(), &link).await, "{python} with other requirements");
        }
    }

    #[tokio::test]
    async fn waiting_for_another_installation_is_reported_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let (sender, mut reported) = tokio::sync::mpsc::unbounded_channel();
        let progress: Progress = std::sync::Arc::new(move |line| sender.send(line.to_owned()).unwrap());
        let held = lock(&path, &progress).await.unwrap();
        let waiting = lock(&path, &progress);
        let release = async {
            let line = reported.recv().await.unwrap();
            drop(held);
            line
        };
        let (waited, line) = tokio::join!(waiting, release);
        assert!(line.starts_with("waiting for another process"), "{line}");
        drop((waited.unwrap(), progress));
        assert_eq!(reported.recv().await, None);
    }
}
