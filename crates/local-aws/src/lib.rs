//! A local stand-in for AWS: an emulator, and a proxy that makes it tell the truth.
//!
//! What deploys is what runs here: the same templates, state machines and binary, on an endpoint that
//! starts in seconds and needs no account. The emulator (a pinned Python package, run as a child process)
//! does most of the work; the proxy, a reverse proxy in this process, sees every call on its way there.
//! It records, injects faults, slows things down to what callers must be able to wait for, and fills in
//! what the emulator lacks. docs/local-stack.md says what the two together cannot show.
//!
//! [`LocalAws`] is the whole; [`Proxy`] its controls; [`deploy`] puts a template on it.

mod archive;
mod bootstrap;
mod clock;
mod deploy;
mod emulator;
mod error;
mod json;
mod package;
mod proxy;
mod python;
mod stack;
pub mod template;
mod upstream;

pub use bootstrap::{build_bootstrap, workspace_root};
pub use deploy::{Deployment, deploy};
pub use error::Error;
pub use proxy::{Call, Fault, Proxy, Rule, SimulatedLatency};
pub use stack::{LocalAws, Options, Progress, sdk_config};

/// The Region of every client configuration made here.
pub const REGION: &str = "us-east-1";

/// The account of a call that names none, and of whatever is deployed for a person to look at.
pub const ACCOUNT: &str = "123456789012";

/// Where the local stacks of this workspace keep what they need: the emulator, logs, temporary files.
///
/// For [`Options::directory`], unless a test wants a folder of its own.
pub fn directory() -> std::path::PathBuf {
    workspace_root().join("target").join("local-aws")
}
