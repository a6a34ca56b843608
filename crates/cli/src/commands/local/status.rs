//! `tablekeeper local status`: whether the local stack runs, and what is deployed in it.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use serde::Serialize;

use super::state::{Instance, State};
use crate::console;

/// Timeout of a call before the stack is reported as not usable.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(5);

/// Print whether it runs and what is deployed. The exit code is 0 if it runs, and 1 if not.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tablekeeper local status\n  tablekeeper local status --all\n  \
                        tablekeeper local status --json")]
pub(super) struct Arguments {
    /// Print the outputs of each stack too.
    #[arg(long)]
    all: bool,
    /// Print the state as JSON, with all outputs.
    #[arg(long)]
    json: bool,
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

/// Runs `tablekeeper local status`.
pub(super) async fn act(arguments: &Arguments) -> anyhow::Result<ExitCode> {
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
        console::print_data(&describe(&report, arguments.all));
    }
    Ok(if up { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn describe(report: &Report, all: bool) -> String {
    let mut lines = Vec::new();
    match (&report.state, &report.problem) {
        (None, _) => lines.push("down".to_owned()),
        (Some(state), Some(problem)) => lines.push(format!("not usable: process {}: {problem}", state.pid)),
        (Some(state), None) => {
            let endpoint = state.endpoint().unwrap_or_default();
            lines.push(format!("up at {endpoint} (process {}, account {})", state.pid, state.account));
            let widest = state.stacks.keys().map(|stack| stack.chars().count()).max().unwrap_or_default();
            for (stack, outputs) in &state.stacks {
                let line = format!("  {stack:widest$}  {}", machines_of(stack, outputs));
                lines.push(line.trim_end().to_owned());
                if all {
                    lines.extend(outputs.iter().map(|(name, value)| format!("    {name} = {value}")));
                }
            }
        }
    }
    if let Some(demo) = &report.demo {
        let endpoint = demo.endpoint().unwrap_or_default();
        lines.push(format!("a demo is running at {endpoint} (process {})", demo.pid));
    }
    lines.join("\n")
}

/// Returns the names of the state machines among the outputs of a stack, without the stack's name.
fn machines_of(stack: &str, outputs: &BTreeMap<String, String>) -> String {
    let machines = outputs.iter().filter(|(name, _)| name.ends_with("StateMachineArn"));
    let names = machines.filter_map(|(_, arn)| arn.rsplit(':').next());
    let names = names.map(|name| name.strip_prefix(stack).map_or(name, |rest| rest.trim_start_matches('-')));
    names.collect::<Vec<_>>().join(", ")
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

    const MACHINE: &str =
        "arn:aws:states:us-east-1:123456789012:stateMachine:tablekeeper-export-table-Machine-1";

    fn report() -> Report {
        let outputs = |outputs: &[(&str, &str)]| {
            outputs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let stacks = BTreeMap::from([
            (
                "tablekeeper-export-table".to_owned(),
                outputs(&[("StateMachineArn", MACHINE), ("BucketName", "b")]),
            ),
            ("tablekeeper-replica".to_owned(), outputs(&[("BucketName", "c")])),
        ]);
        let endpoint = Some("http://127.0.0.1:4580".to_owned());
        let account = "123456789012".to_owned();
        let state = State { pid: 7, endpoint, account, stacks, sample_backup: None };
        Report { up: true, state: Some(state), problem: None, demo: None }
    }

    #[test]
    fn each_stack_is_one_line_and_all_shows_its_outputs() {
        let up = "up at http://127.0.0.1:4580 (process 7, account 123456789012)";
        let export = "  tablekeeper-export-table  Machine-1";
        assert_eq!(describe(&report(), false), [up, export, "  tablekeeper-replica"].join("\n"));
        let all = [
            up,
            export,
            "    BucketName = b",
            &format!("    StateMachineArn = {MACHINE}"),
            "  tablekeeper-replica",
            "    BucketName = c",
        ];
        assert_eq!(describe(&report(), true), all.join("\n"));
    }
}
