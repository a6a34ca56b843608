//! `tablekeeper local`: runs the local stack in the background, with every template deployed.
//!
//! `up` starts this executable as `local serve` in its own process group, and waits until it reports that it is ready.
//! The server holds a file lock while it runs (see [`state`]). The lock shows whether it runs: a reused process id
//! cannot be mistaken for it, and a crash leaves nothing to repair.

pub(crate) mod background;
mod fault;
pub(crate) mod provision;
mod sample;
mod serve;
pub(crate) mod state;
mod status;

use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Subcommand};

use crate::console;
use crate::console::{Console, Stream};
use crate::failure::Unusable;
use background::Background;
use state::{Instance, State};

/// The port of the stack if none is chosen.
const DEFAULT_PORT: u16 = 4580;

/// Run the local stack in the background.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start it, and print the environment variables for AWS tools.
    #[command(
        after_help = "Example:\n  eval \"$(tablekeeper local up)\" && aws stepfunctions list-state-machines"
    )]
    Up(Up),
    /// Stop it, and a stack that `demo --keep` left running.
    #[command(after_help = "Example:\n  tablekeeper local down")]
    Down,
    Fault(fault::Arguments),
    Status(status::Arguments),
    /// Serves the local stack in this process until a signal ends it.
    #[command(hide = true)]
    Serve(serve::Arguments),
}

#[derive(Debug, Args)]
struct Up {
    /// The port of 127.0.0.1 to listen on [default: 4580].
    #[arg(long, env = "TABLEKEEPER_LOCAL_PORT")]
    port: Option<u16>,
    /// Factor for the duration of Wait states: 1 waits as long as AWS does, 0 does not wait.
    #[arg(long, default_value_t = 0.1, value_parser = serve::wait_scale)]
    wait_scale: f64,
    /// Print the state as JSON instead of the environment variables.
    #[arg(long)]
    json: bool,
}

impl Arguments {
    /// Returns whether the command uses the stack that the AWS environment names.
    pub(crate) fn needs_settings(&self) -> bool {
        matches!(self.command, Command::Fault(_))
    }
}

/// Runs `tablekeeper local`.
pub(crate) async fn act(arguments: Arguments) -> anyhow::Result<ExitCode> {
    match arguments.command {
        Command::Up(arguments) => up(&arguments).await,
        Command::Down => down().await,
        Command::Fault(arguments) => fault::act(arguments).await,
        Command::Status(arguments) => status::act(&arguments).await,
        Command::Serve(arguments) => serve::act(arguments).await,
    }
}

async fn up(arguments: &Up) -> anyhow::Result<ExitCode> {
    let state = match Instance::Stack.read()? {
        Some(state) => {
            let endpoint = state.endpoint().context("another command is starting it")?;
            refuse_other_port(arguments.port, &state)?;
            console::print_remark(&format!("already up at {endpoint} (process {})", state.pid));
            state
        }
        None => start(arguments).await?,
    };
    if let Some(command) = state.first_execution() {
        console::print_remark(&format!("first execution: {command}"));
    }
    if arguments.json {
        console::print_json(&state)?;
    } else {
        console::print_data(&state.environment()?);
    }
    Ok(ExitCode::SUCCESS)
}

/// Refuses a port that is not the one of the running stack.
fn refuse_other_port(port: Option<u16>, state: &State) -> Result<(), Unusable> {
    let Some(port) = port.filter(|port| state.port().is_some_and(|running| running != *port)) else {
        return Ok(());
    };
    Err(Unusable(format!(
        "the local stack is already up at {}, not on port {port}: use it there, or stop it first with \
         `tablekeeper local down`",
        state.endpoint().unwrap_or_default()
    )))
}

async fn start(arguments: &Up) -> anyhow::Result<State> {
    let console = Console::new(Stream::Stderr);
    let mut background = Background::spawn(&background::Settings {
        instance: Some(Instance::Stack),
        port: Some(arguments.port.unwrap_or(DEFAULT_PORT)),
        wait_scale: arguments.wait_scale,
        latency: None,
        deploy: true,
    })?;
    let state = background.ready(|line| console.event(line)).await?;
    background.release().await?;
    console.event(&format!("up at {} (process {})", state.endpoint().unwrap_or_default(), state.pid));
    for stack in state.stacks.keys() {
        console.detail(&format!("deployed {stack}"));
    }
    console.detail(&console.faint("reach it with the lines below; stop it with `tablekeeper local down`"));
    Ok(state)
}

async fn down() -> anyhow::Result<ExitCode> {
    let mut stopped = 0;
    for instance in Instance::ALL {
        if let Some(state) = instance.read()? {
            instance.stop(&state).await?;
            console::print_remark(&format!("stopped {instance} (process {})", state.pid));
            stopped += 1;
        }
    }
    if stopped == 0 {
        console::print_remark("nothing is running");
    } else {
        console::print_remark(&format!("to leave its environment: {}", state::unset()));
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_port_than_that_of_the_running_stack_is_refused() {
        let state = State {
            pid: 7,
            endpoint: Some("http://127.0.0.1:4580".to_owned()),
            account: "123456789012".to_owned(),
            stacks: std::collections::BTreeMap::new(),
            sample_backup: None,
        };
        for port in [None, Some(4580)] {
            assert!(refuse_other_port(port, &state).is_ok());
        }
        let refusal = refuse_other_port(Some(4590), &state).unwrap_err();
        assert!(
            refusal.0.starts_with("the local stack is already up at http://127.0.0.1:4580, not on port 4590")
        );
    }
}
