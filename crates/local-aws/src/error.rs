use std::path::PathBuf;
use std::process::ExitStatus;

/// Why the local stack could not do what it was asked to.
///
/// Each message says what was wrong and where; print the whole chain of sources with it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder could not be read or written.
    #[error("cannot {action} {}", path.display())]
    File {
        /// What was being done, as a verb: `read`, `create`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// There is no Python 3 to run the emulator with.
    #[error(
        "the local stack needs Python 3.11 or newer, and `python3` could not be run: install it and make sure \
         that it is on the PATH"
    )]
    PythonMissing(#[source] std::io::Error),
    /// The Python found is too old for the emulator.
    #[error(
        "the local stack needs Python 3.11 or newer, but `python3` is {version}: make a newer one the \
         `python3` on the PATH"
    )]
    PythonTooOld {
        /// The version that `python3` reported.
        version: String,
    },
    /// The emulator's Python environment could not be made.
    #[error("{step} failed ({status}); its last words were:\n{output}\n{advice}")]
    Install {
        /// The command that failed.
        step: String,
        /// How it ended.
        status: ExitStatus,
        /// The end of what it printed.
        output: String,
        /// What would help.
        advice: &'static str,
    },
    /// A program could not be started.
    #[error("cannot run `{program}`")]
    Program {
        /// The command line, as far as it identifies the program.
        program: String,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// No address to listen on.
    #[error("cannot listen on 127.0.0.1:{port} (another program may be using it)")]
    Listen {
        /// The port asked for; 0 means any free one.
        port: u16,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// The emulator ended instead of getting ready.
    #[error("the emulator ended before it was ready ({status}); the end of {}:\n{output}", log.display())]
    EmulatorEnded {
        /// How it ended.
        status: ExitStatus,
        /// Its log file.
        log: PathBuf,
        /// The end of that file.
        output: String,
    },
    /// The emulator runs but never answered.
    #[error("the emulator was not ready after {seconds} s; see {}", log.display())]
    EmulatorSilent {
        /// How long it was waited for.
        seconds: u64,
        /// Its log file.
        log: PathBuf,
    },
    /// A part of the work ended without a result, which is a mistake in this crate.
    #[error("{work} broke off; this is a mistake in the local stack")]
    BrokeOff {
        /// What was being done.
        work: &'static str,
        /// How it ended.
        #[source]
        source: tokio::task::JoinError,
    },
    /// A request to the emulator or to AWS itself failed.
    #[error("{operation} was not answered")]
    Request {
        /// The operation or path.
        operation: String,
        /// What the library that failed says.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A request was answered with an error.
    #[error("{operation} answered {status}: {message}")]
    Refused {
        /// The operation or path.
        operation: String,
        /// The HTTP status.
        status: u16,
        /// The error's own message.
        message: String,
    },
    /// `cargo build` failed.
    #[error("`cargo build --bin bootstrap` failed ({status}):\n{output}")]
    Build {
        /// How cargo ended.
        status: ExitStatus,
        /// What cargo and the compiler printed.
        output: String,
    },
    /// `cargo build` succeeded without naming the executable.
    #[error(
        "`cargo build --bin bootstrap` did not say where the executable is: is there a binary of that name?"
    )]
    NoBootstrap,
    /// A template is not YAML or JSON.
    #[error("{} is not a valid template", path.display())]
    TemplateSyntax {
        /// The template.
        path: PathBuf,
        /// Where and what.
        #[source]
        source: serde_yaml_ng::Error,
    },
    /// A template uses something that CloudFormation does not have.
    #[error("{}: {problem}", path.display())]
    Template {
        /// The template.
        path: PathBuf,
        /// What is wrong and what would be right.
        problem: String,
    },
    /// The archive of the functions could not be written.
    #[error("cannot archive {}", path.display())]
    Archive {
        /// The executable to archive.
        path: PathBuf,
        /// What the library that failed says.
        #[source]
        source: zip::result::ZipError,
    },
    /// An AWS call of the deployment failed.
    #[error("{operation} failed: {message}")]
    Call {
        /// The operation.
        operation: &'static str,
        /// AWS's own words.
        message: String,
    },
    /// The configuration holds no credentials.
    #[error("the configuration for the deployment of `{stack_name}` holds no credentials")]
    NoCredentials {
        /// The stack that was to be deployed.
        stack_name: String,
    },
    /// CloudFormation could not make or change the stack.
    #[error("the stack `{stack_name}` ended as {status}: {reason}")]
    StackFailed {
        /// The stack.
        stack_name: String,
        /// CloudFormation's final status.
        status: String,
        /// The first failed event: the resource and the reason.
        reason: String,
    },
    /// CloudFormation did not come to an end.
    #[error("the stack `{stack_name}` is still {status} after {seconds} s")]
    StackSlow {
        /// The stack.
        stack_name: String,
        /// CloudFormation's last status.
        status: String,
        /// How long it was waited for.
        seconds: u64,
    },
}

impl Error {
    /// An [`Error::File`] for this action on this path, for `map_err`.
    pub(crate) fn file(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { action, path, source }
    }
}
