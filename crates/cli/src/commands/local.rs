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

use std::{process::ExitCode, time::Duration};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use serde::Serialize;

use crate::console;
use crate::console::{Console, Stream};
use crate::failure::Unusable;
use background::Background;
use state::{Instance, State};

/// Timeout of a call before `status` reports the stack as not usable.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(5);

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
    /// Print whether it runs and what is deployed. The exit code is 0 if it runs, and 1 if not.
    #[command(after_help = "Example:\n  tablekeeper local status --json")]
    Status(Status),
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

#[derive(Debug, Args)]
struct Status {
    /// Print the state as JSON.
    #[arg(long)]
    json: bool,
}

/// Runs `tablekeeper local`.
pub(crate) async fn act(arguments: Arguments) -> anyhow::Result<ExitCode> {
    match arguments.command {
        Command::Up(arguments) => up(&arguments).await,
        Command::Down => down().await,
        Command::Fault(arguments) => fault::act(arguments).await,
        Command::Status(arguments) => status(&arguments).await,
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

/// The report that `status --json` prints.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    up: bool,
    #[serde(flatten)]
    state: Option<State>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    demo: Option<State>,
}

async fn status(arguments: &Status) -> anyhow::Result<ExitCode> {
    let state = Instance::Stack.read()?;
    let problem = match &state {
        Some(state) => check_responds(state).await.err().map(|error| crate::failure::sentence(&error)),
        None => None,
    };
    let report =
        Report { up: state.is_some() && problem.is_none(), state, problem, demo: Instance::Demo.read()? };
    let up = report.up;
    if arguments.json {
        console::print_json(&report)?;
    } else {
        console::print_data(&describe(&report));
    }
    Ok(if up { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn describe(report: &Report) -> String {
    let mut lines = Vec::new();
    match (&report.state, &report.problem) {
        (None, _) => lines.push("down".to_owned()),
        (Some(state), Some(problem)) => lines.push(format!("not usable: process {}: {problem}", state.pid)),
        (Some(state), None) => {
            let endpoint = state.endpoint().unwrap_or_default();
            lines.push(format!("up at {endpoint} (process {}, account {})", state.pid, state.account));
            for (stack, outputs) in &state.stacks {
                lines.push(format!("  {stack}"));
                lines.extend(outputs.iter().map(|(name, value)| format!("    {name} = {value}")));
            }
        }
    }
    if let Some(demo) = &report.demo {
        let endpoint = demo.endpoint().unwrap_or_default();
        lines.push(format!("a demo is running at {endpoint} (process {})", demo.pid));
    }
    lines.join("\n")
}

/// Asks the stack whether it responds. A held lock proves a living process, but not a working stack.
async fn check_responds(state: &State) -> anyhow::Result<()> {
    let endpoint = state.endpoint().context("it is still starting")?;
    let client = aws_sdk_sfn::Client::new(&local_aws::sdk_config(endpoint, &state.account).await);
    let call = client.list_state_machines().max_results(1).send();
    let response = tokio::time::timeout(RESPONSE_TIMEOUT, call)
        .await
        .with_context(|| format!("{endpoint} did not respond within {} s", RESPONSE_TIMEOUT.as_secs()))?;
    response.map_err(crate::failure::aws("states:ListStateMachines"))?;
    Ok(())
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
