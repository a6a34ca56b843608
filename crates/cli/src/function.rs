//! This executable as the functions' `bootstrap`.
//!
//! An installed command line has no compiler to build the functions with. It contains all steps, so that a copy of it
//! under another name can serve them on the local stack.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use local_aws::Progress;

use crate::console;

/// Returns whether a process with this name serves a function: `bootstrap`, or a link to one of its builds.
pub(crate) fn is_function(program: Option<OsString>) -> bool {
    let program = program.unwrap_or_default();
    let name = Path::new(&program).file_name().and_then(OsStr::to_str).unwrap_or_default();
    name == "bootstrap" || name.starts_with("bootstrap-")
}

/// Serves invocations until the emulator ends the process.
#[tokio::main(flavor = "current_thread")]
pub(crate) async fn serve() -> ExitCode {
    match tablekeeper_functions::runtime::run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            console::print_error(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

/// Returns the executable to deploy: built by cargo in the clone, otherwise a copy of this one.
pub(crate) async fn bootstrap(progress: &Progress) -> anyhow::Result<PathBuf> {
    if local_aws::runs_from_clone() {
        return local_aws::build_bootstrap(progress).await.context("the functions cannot be built");
    }
    let executable = std::env::current_exe().context("cannot find the path of this program")?;
    let copying = tokio::task::spawn_blocking(move || local_aws::copy_as_bootstrap(&executable));
    copying.await?.context("the functions cannot be prepared")
}

#[cfg(test)]
mod tests {
    use super::is_function;

    #[test]
    fn the_name_of_the_program_decides() {
        let named = |name: &str| is_function(Some(name.into()));
        assert!(named("/var/task/bootstrap"));
        assert!(named("/cache/functions/bootstrap-01796044444123456789"));
        for other in ["tablekeeper", "/bootstrap/tablekeeper", "/usr/bin/bootstrapper", ""] {
            assert!(!named(other), "{other}");
        }
        assert!(!is_function(None));
    }
}
