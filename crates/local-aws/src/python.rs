//! The emulator's Python environment.
//!
//! It is made once per version and kept: test binaries, the demo and `local up` may all ask for it at the
//! same moment, so it is made under a file lock, and a marker that is written last tells a finished
//! environment from one whose installation was interrupted.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use sha2::{Digest, Sha256};

use crate::{Error, Progress};

const REQUIREMENTS: &str = include_str!("../requirements.txt");
const OLDEST: (u32, u32) = (3, 10);

/// Returns the environment's Python, installing the environment first if need be. Blocks.
pub(crate) fn environment(directory: &Path, progress: &Progress) -> Result<PathBuf, Error> {
    let venv = directory.join(format!("venv-{}", version()));
    let python = venv.join("bin").join("python3");
    let marker = venv.join("installed");
    let lock_path = directory.join(format!("venv-{}.lock", version()));
    let lock = File::create(&lock_path).map_err(Error::file("create", &lock_path))?;
    lock.lock().map_err(Error::file("lock", &lock_path))?;
    let wanted = fingerprint();
    if std::fs::read_to_string(&marker).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }

    check_python()?;
    progress("installing the emulator (first run only)");
    if venv.exists() {
        std::fs::remove_dir_all(&venv).map_err(Error::file("remove", &venv))?;
    }
    run(
        Command::new("python3").args(["-m", "venv"]).arg(&venv),
        "`python3 -m venv`",
        "Some systems ship venv apart from Python: install it (on Debian and Ubuntu the package is python3-venv).",
    )?;
    let requirements = venv.join("requirements.txt");
    std::fs::write(&requirements, REQUIREMENTS).map_err(Error::file("write", &requirements))?;
    run(
        Command::new(&python)
            .args([
                "-m",
                "pip",
                "install",
                "--disable-pip-version-check",
                "--no-input",
                "--quiet",
                "--requirement",
            ])
            .arg(&requirements),
        "`pip install`",
        "It needs to reach a Python package index: check the network, and pip's own configuration for a mirror or \
         a proxy.",
    )?;
    std::fs::write(&marker, wanted).map_err(Error::file("write", &marker))?;
    Ok(python)
}

fn version() -> &'static str {
    REQUIREMENTS.lines().find_map(|line| line.strip_prefix("ministack==")).unwrap_or("unpinned")
}

fn fingerprint() -> String {
    Sha256::digest(REQUIREMENTS).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn check_python() -> Result<(), Error> {
    let output = Command::new("python3")
        .args(["-c", "import sys; print('%d.%d.%d' % sys.version_info[:3])"])
        .output()
        .map_err(Error::PythonMissing)?;
    let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if is_new_enough(&version) { Ok(()) } else { Err(Error::PythonTooOld { version }) }
}

fn is_new_enough(version: &str) -> bool {
    let mut parts = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) >= OLDEST
}

fn run(command: &mut Command, step: &str, advice: &'static str) -> Result<(), Error> {
    let Output { status, stdout, stderr } = command
        .output()
        .map_err(|source| Error::Program { program: step.trim_matches('`').to_owned(), source })?;
    if status.success() {
        return Ok(());
    }
    let printed = [stdout, stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    Err(Error::Install { step: step.to_owned(), status, output: tail(&printed, 15), advice })
}

/// The last lines of a longer text, for error messages.
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
        assert!(is_new_enough("3.10.0"));
        assert!(is_new_enough("3.14.1"));
        assert!(is_new_enough("4.0.0"));
        assert!(!is_new_enough("3.9.18"));
        assert!(!is_new_enough("2.7.18"));
        assert!(!is_new_enough(""));
    }

    #[test]
    fn the_tail_of_a_text_is_its_last_lines() {
        assert_eq!(tail("a\nb\nc", 2), "b\nc");
        assert_eq!(tail("a", 2), "a");
    }

    #[test]
    fn a_failing_installation_says_which_step_and_why() {
        let error =
            run(Command::new("sh").args(["-c", "echo no index >&2; exit 3"]), "`pip install`", "Check.");
        let message = error.unwrap_err().to_string();
        assert!(message.contains("`pip install` failed (exit status: 3)"), "{message}");
        assert!(message.contains("no index\nCheck."), "{message}");
    }
}
