//! An execution that the user names.

use anyhow::{Context as _, bail};
use aws_config::SdkConfig;
use aws_sdk_sfn::Client;
use clap::Args;

use super::newest;
use crate::failure::Unusable;
use crate::machines::{Deployed, Machine, execution_arn, machine_named, state_machine_of};
use crate::{failure, machines};

/// The workflows that restores and other executions start by events. Their latest execution is seldom the one that a
/// person started.
const STARTED_BY_OTHERS: [&str; 2] = ["report-execution", "sync-settings"];

/// The arguments that name an execution.
#[derive(Debug, Args)]
pub(crate) struct Chosen {
    /// The execution's name or ARN, or `latest` for the one that was started last. Executions of sync-settings, which each
    /// restore starts, and of report-execution count only with --workflow.
    #[arg(value_name = "NAME|ARN|latest")]
    execution: String,
    /// The workflow [default: any].
    #[arg(long, value_parser = machines::workflow())]
    workflow: Option<String>,
    #[command(flatten)]
    deployed: Deployed,
}

impl Chosen {
    /// Returns the execution's ARN, with its state machine.
    pub(crate) async fn find(
        &self,
        client: &Client,
        config: &SdkConfig,
    ) -> anyhow::Result<(Machine, String)> {
        if let Some(machine) = state_machine_of(&self.execution) {
            if !exists(client, &self.execution).await? {
                bail!(none(&self.execution));
            }
            return Ok((machine_named(machine), self.execution.clone()));
        }
        let workflow = self.workflow.as_deref();
        let machines = self.deployed.all(workflow, config).await?;
        let by_others = |machine: &Machine| STARTED_BY_OTHERS.contains(&machine.workflow.as_str());
        match self.execution.as_str() {
            "latest" if workflow.is_none() && !machines.iter().all(by_others) => {
                latest(client, machines.into_iter().filter(|machine| !by_others(machine)).collect()).await
            }
            "latest" => latest(client, machines).await,
            name => named(client, machines, name).await,
        }
    }
}

/// Returns the execution that was started last, with its state machine.
async fn latest(client: &Client, machines: Vec<Machine>) -> anyhow::Result<(Machine, String)> {
    let listed = newest(client, &machines, 1).await?;
    let first = listed.into_iter().next().context(Unusable("no execution was started yet".to_owned()))?;
    Ok((first.machine, first.arn))
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
async fn named(client: &Client, machines: Vec<Machine>, name: &str) -> anyhow::Result<(Machine, String)> {
    let mut found = Vec::new();
    for machine in machines {
        let Some(arn) = execution_arn(&machine.arn, name) else { continue };
        if exists(client, &arn).await? {
            found.push((machine, arn));
        }
    }
    match found.as_slice() {
        [found] => Ok(found.clone()),
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
