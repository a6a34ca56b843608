//! A local stand-in for AWS: an emulator, and a proxy that corrects it.
//!
//! The templates, state machines and binary that deploy to AWS run here unchanged, on an endpoint that starts in
//! seconds and needs no account. The emulator (a pinned Python package, run as a child process) does most of the work.
//! The proxy, a reverse proxy in this process, sees every call on its way to the emulator. It records calls, injects
//! faults, simulates latency as a number of polls, and adds what the emulator lacks. docs/local-stack.md lists what the
//! two together cannot show.
//!
//! [`LocalAws`] is a running local stack, [`Proxy`] has its controls, and [`deploy`] deploys a template to it.

mod archive;
mod bootstrap;
mod clock;
mod deploy;
mod emulator;
mod error;
mod installation;
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
pub use installation::{
    copy_as_bootstrap, definition, directory, runs_from_clone, state_directory, templates,
};
pub use proxy::{
    Call, Fault, FaultKind, InjectedFault, ListedFault, Proxy, RemoteFaults, Rule, SimulatedLatency,
};
pub use stack::{LocalAws, Options, Progress, sdk_config};

/// The Region of every client configuration made here.
pub const REGION: &str = "us-east-1";

/// The account of a call that names none, and of everything deployed for a person to inspect.
pub const ACCOUNT: &str = "123456789012";
