//! Reports data that could not be written to stdout, so that lost output is not taken for success.

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::OnceLock;

use super::print_error;

/// Why the first lost line could not be written.
static LOST: OnceLock<String> = OnceLock::new();

/// Remembers that data could not be written. A closed pipe is no failure: its reader has seen enough (`| head`).
pub(crate) fn note(written: io::Result<()>) {
    if let Err(error) = written
        && error.kind() != io::ErrorKind::BrokenPipe
    {
        // The first failure wins. Those after it have the same cause.
        let _ = LOST.set(without_number(&error.to_string()));
    }
}

/// Ends the output of a command. Returns its exit code, or that of a failure if data could not be written.
pub(crate) fn end(code: ExitCode) -> ExitCode {
    note(io::stdout().flush());
    match LOST.get() {
        Some(reason) => {
            print_error(&format!("cannot write to stdout: {reason}"));
            ExitCode::FAILURE
        }
        None => code,
    }
}

/// Removes the number of the error: `No space left on device (os error 28)`.
fn without_number(reason: &str) -> String {
    reason.split(" (os error").next().unwrap_or(reason).to_owned()
}
