//! `tablekeeper follow`: follows an execution that was started before.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use aws_sdk_sfn::Client;
use clap::Args;
use serde::Serialize;

use super::executions::newest;
use crate::failure::Unusable;
use crate::follow::{Outcome, to_end};
use crate::machines::{Deployed, Machine, execution_arn, state_machine_of};
use crate::{console, failure, machines, session};

/// The workflow that restores start by events. Its latest execution is seldom the one that a person started.
const STARTED_BY_OTHERS: &str = "sync-settings";

/// Follow an execution to its end, by its name or ARN.
///
/// An execution that has ended is shown from its beginning, too. Ctrl-C ends this command and not the execution. The
/// exit code is 0 if the execution succeeded, 1 if it failed, 2 if there is no such execution, and 130 after Ctrl-C.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tablekeeper follow latest\n  tablekeeper follow latest --workflow rotate-restore\n  \
                        tablekeeper follow by-hand-customer-production-20261129T175038Z"
)]
pub(crate) struct Arguments {
    /// The execution's name or ARN, or `latest` for the one that was started last. Executions of sync-settings, which each
    /// restore starts, count only with --workflow.
    #[arg(value_name = "NAME|ARN|latest")]
    execution: String,
    /// The workflow [default: any].
    #[arg(long, value_parser = machines::workflow())]
    workflow: Option<String>,
    #[command(flatten)]
    deployed: Deployed,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

/// The report that `--json` prints.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    execution_arn: &'a str,
    #[serde(flatten)]
    outcome: &'a Outcome,
}

/// Runs `tablekeeper follow`.
pub(crate) async fn act(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let config = session::sdk_config().await;
    let client = Client::new(&config);
    let (machine, execution) = match state_machine_of(&arguments.execution) {
        Some(machine) => {
            if !exists(&client, &arguments.execution).await? {
                bail!(none(&arguments.execution));
            }
            (machine, arguments.execution.clone())
        }
        None => {
            let workflow = arguments.workflow.as_deref();
            let machines = arguments.deployed.all(workflow, &config).await?;
            let by_others = |machine: &Machine| machine.workflow == STARTED_BY_OTHERS;
            match arguments.execution.as_str() {
                "latest" if workflow.is_none() && !machines.iter().all(by_others) => {
                    latest(&client, machines.into_iter().filter(|machine| !by_others(machine)).collect())
                        .await?
                }
                "latest" => latest(&client, machines).await?,
                name => named(&client, machines, name).await?,
            }
        }
    };
    let ended = to_end(&config, &machine, &execution).await?;
    if !arguments.json {
        return ended.conclude();
    }
    if let Some(outcome) = ended.outcome() {
        console::print_json(&Report { execution_arn: &execution, outcome })?;
    }
    ended.exit_code()
}

/// Returns the execution that was started last, with its state machine.
async fn latest(client: &Client, machines: Vec<Machine>) -> anyhow::Result<(String, String)> {
    let listed = newest(client, &machines, 1).await?;
    let first = listed.into_iter().next().context(Unusable("no execution was started yet".to_owned()))?;
    Ok((first.machine.arn, first.arn))
}

/// Returns whether there is an execution with this ARN.
async fn exists(client: &Client, arn: &str) -> anyhow::Result<bool> {
    match client.describe_execution().execution_arn(arn).send().await {
        Ok(_) => Ok(true),
        Err(error)
            if error.as_service_error().is_some_and(|refusal| refusal.is_execution_does_not_exist()) =>
        {
            Ok(false)
        }
        Err(error) => Err(failure::aws("states:DescribeExecution")(error)),
    }
}

/// Builds the error for an execution that does not exist.
fn none(execution: &str) -> Unusable {
    Unusable(format!("there is no execution {execution}; `tablekeeper executions` lists the existing ones"))
}

/// Returns the execution with a name, with its state machine.
async fn named(client: &Client, machines: Vec<Machine>, name: &str) -> anyhow::Result<(String, String)> {
    let mut found = Vec::new();
    for machine in machines {
        let Some(arn) = execution_arn(&machine.arn, name) else { continue };
        if exists(client, &arn).await? {
            found.push((machine, arn));
        }
    }
    match found.as_slice() {
        [(machine, arn)] => Ok((machine.arn.clone(), arn.clone())),
        [] => bail!(none(name)),
        several => {
            let workflows: Vec<&str> = several.iter().map(|(machine, _)| machine.workflow.as_str()).collect();
            bail!(Unusable(format!(
                "{} have an execution {name}; name one with --workflow",
                workflows.join(" and ")
            )))
        }
    }
}
