use std::path::PathBuf;
use std::process::ExitStatus;

/// An error of the local stack.
///
/// Each message says what was wrong and where. Print the whole chain of sources with it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or directory could not be read or written.
    #[error("cannot {action} {}", path.display())]
    File {
        /// The action that failed, as a verb: `read`, `create`.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The error of the operating system.
        #[source]
        source: std::io::Error,
    },
    /// There is no Python 3 to run the emulator with.
    #[error("the local stack needs Python 3.11 or newer, and there is no `python3` on the PATH")]
    PythonMissing,
    /// The installed Python is too old for the emulator.
    #[error(
        "the local stack needs Python 3.11 or newer, but `python3` is {version}: put a newer \
         `python3` first on the PATH"
    )]
    PythonTooOld {
        /// The version that `python3` reported.
        version: String,
    },
    /// The emulator's Python environment could not be created.
    #[error("{step} failed ({status}). The end of its output:\n{output}\n{advice}")]
    Install {
        /// The command that failed.
        step: String,
        /// The exit status of the command.
        status: ExitStatus,
        /// The last lines of its output.
        output: String,
        /// Advice that would help.
        advice: &'static str,
    },
    /// A program could not be started.
    #[error("cannot run `{program}`")]
    Program {
        /// The command line, as far as it identifies the program.
        program: String,
        /// The error of the operating system.
        #[source]
        source: std::io::Error,
    },
    /// The proxy could not listen on its port.
    #[error("cannot listen on 127.0.0.1:{port} (another program may be using it)")]
    Listen {
        /// The requested port; 0 means any free one.
        port: u16,
        /// The error of the operating system.
        #[source]
        source: std::io::Error,
    },
    /// The emulator ended before it was ready.
    #[error("the emulator ended before it was ready ({status}). The end of {}:\n{output}", log.display())]
    EmulatorEnded {
        /// The exit status of the emulator.
        status: ExitStatus,
        /// The emulator's log file.
        log: PathBuf,
        /// The last lines of the log file.
        output: String,
    },
    /// The emulator runs but did not respond in time.
    #[error("the emulator was not ready after {seconds} s; see {}", log.display())]
    EmulatorSilent {
        /// The time waited, in seconds.
        seconds: u64,
        /// The emulator's log file.
        log: PathBuf,
    },
    /// A part of the work ended without a result, which is a bug in this crate.
    #[error("{work} ended without a result, which is a bug in the local stack")]
    BrokeOff {
        /// The work that ended.
        work: &'static str,
        /// The error of its task.
        #[source]
        source: tokio::task::JoinError,
    },
    /// A request to the emulator or to AWS itself failed.
    #[error("{operation} got no response")]
    Request {
        /// The operation or path of the request.
        operation: String,
        /// The error of the HTTP or SDK library.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The response to a request was an error.
    #[error("{operation} failed with the status {status}: {message}")]
    Refused {
        /// The operation or path of the request.
        operation: String,
        /// The HTTP status of the response.
        status: u16,
        /// The message of the error response.
        message: String,
    },
    /// An address is not that of a local stack.
    #[error(
        "{endpoint} is not a local stack of tablekeeper, whose address is one such as http://127.0.0.1:4580"
    )]
    NotALocalStack {
        /// The address.
        endpoint: String,
    },
    /// `cargo build` failed.
    #[error("`cargo build --bin bootstrap` failed ({status}):\n{output}")]
    Build {
        /// The exit status of cargo.
        status: ExitStatus,
        /// What cargo and the compiler printed.
        output: String,
    },
    /// `cargo build` succeeded without naming the executable.
    #[error(
        "`cargo build --bin bootstrap` reported no executable; the workspace must have a binary `bootstrap`"
    )]
    NoBootstrap,
    /// A template is not YAML or JSON.
    #[error("{} is not a valid template", path.display())]
    TemplateSyntax {
        /// The template.
        path: PathBuf,
        /// The position of the mistake and its kind.
        #[source]
        source: serde_yaml_ng::Error,
    },
    /// A template uses something that CloudFormation does not have.
    #[error("{}: {problem}", path.display())]
    Template {
        /// The template.
        path: PathBuf,
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// The archive of the functions could not be written.
    #[error("cannot archive {}", path.display())]
    Archive {
        /// The executable to archive.
        path: PathBuf,
        /// The error of the archive library.
        #[source]
        source: zip::result::ZipError,
    },
    /// An AWS call of the deployment failed.
    #[error("{operation} failed: {message}")]
    Call {
        /// The operation that failed.
        operation: &'static str,
        /// The message from AWS.
        message: String,
    },
    /// The configuration has no credentials.
    #[error("the configuration for the deployment of `{stack_name}` has no credentials")]
    NoCredentials {
        /// The name of the stack that was to be deployed.
        stack_name: String,
    },
    /// CloudFormation could not create or update the stack.
    #[error("the stack `{stack_name}` ended as {status}: {reason}")]
    StackFailed {
        /// The name of the stack.
        stack_name: String,
        /// CloudFormation's final status.
        status: String,
        /// The resource and the reason of the first failed event.
        reason: String,
    },
    /// CloudFormation did not finish in time.
    #[error("the stack `{stack_name}` is still {status} after {seconds} s")]
    StackSlow {
        /// The name of the stack.
        stack_name: String,
        /// CloudFormation's last status.
        status: String,
        /// The time waited, in seconds.
        seconds: u64,
    },
}

impl Error {
    /// Returns a function for `map_err` that makes an [`Error::File`] of an I/O error.
    pub(crate) fn file(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { action, path, source }
    }
}
