//! Finds the deployed state machines by the outputs of their stacks.

mod identity;
mod names;

use anyhow::{Context as _, bail};
use aws_config::SdkConfig;
use aws_sdk_cloudformation::types::Stack;
use clap::Args;
use clap::builder::PossibleValuesParser;
use tablekeeper_core::aws::console;

pub(crate) use names::{machine_output, stack_name};

use crate::failure::Unusable;
use crate::{failure, stack};

/// What the names of the stacks begin with, unless their user chose another name.
const STACKS: &str = "tablekeeper-";
/// The end of each output that has the ARN of a state machine.
const OUTPUT: &str = "StateMachineArn";

/// A deployed state machine.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Machine {
    /// Workflow of the state machine, such as `rotate-restore`.
    pub(crate) workflow: String,
    /// ARN of the state machine.
    pub(crate) arn: String,
}

/// The options that say which state machine a command uses.
#[derive(Debug, Args)]
pub(crate) struct Deployed {
    /// The state machine, if it is not in the output of a stack.
    #[arg(long, value_name = "ARN", conflicts_with = "stack_name", value_parser = state_machine_arn)]
    state_machine_arn: Option<String>,
    /// The name of the stack [default: `tablekeeper-<WORKFLOW>`].
    #[arg(long = "stack", alias = "stack-name", value_name = "NAME")]
    stack_name: Option<String>,
}

impl Deployed {
    /// Returns the state machine of a workflow. Fails with [`Unusable`] if the stack is of another one.
    pub(crate) async fn of(&self, workflow: &str, config: &SdkConfig) -> anyhow::Result<Machine> {
        let machine = |arn: String| Machine { workflow: workflow.to_owned(), arn };
        if let Some(arn) = &self.state_machine_arn {
            return Ok(machine(arn.clone()));
        }
        let default = stack_name(workflow);
        let name = self.stack_name.as_deref().unwrap_or(&default);
        let output = machine_output(workflow);
        let found = stack::find(config, name, "deploy it, or give --state-machine-arn or --stack").await?;
        check_template(&found, workflow)?;
        let place = stack::place(config)?;
        stack::output(&found, &output).map(|arn| machine(arn.to_owned())).with_context(|| {
            format!(
                "stack {name} {place} has no output {output}; give the state machine with --state-machine-arn"
            )
        })
    }

    /// Returns the state machine of a workflow to start it. Fails with [`Unusable`] if `--state-machine-arn` is that of
    /// another one.
    pub(crate) async fn to_start(&self, workflow: &str, config: &SdkConfig) -> anyhow::Result<Machine> {
        let machine = self.of(workflow, config).await?;
        if self.state_machine_arn.is_some() {
            identity::check(&machine.arn, workflow, config).await?;
        }
        Ok(machine)
    }

    /// Returns the state machines to search: that of the options or of the workflow, or else those of all stacks.
    pub(crate) async fn all(
        &self,
        workflow: Option<&str>,
        config: &SdkConfig,
    ) -> anyhow::Result<Vec<Machine>> {
        match (workflow, &self.state_machine_arn, &self.stack_name) {
            (Some(workflow), _, _) => Ok(vec![self.of(workflow, config).await?]),
            (None, Some(arn), _) => Ok(vec![machine_named(arn.clone())]),
            (None, None, Some(name)) => {
                Ok(machines_of(&stack::find(config, name, "give an existing stack with --stack").await?))
            }
            (None, None, None) => of_all_stacks(config).await,
        }
    }
}

/// Returns the parser of a workflow's name, which also completes it in a shell.
pub(crate) fn workflow() -> PossibleValuesParser {
    tablekeeper_functions::execution_inputs().into_iter().map(|(name, _)| name).collect::<Vec<_>>().into()
}

/// Refuses the stack of another workflow. The description of each template begins with `tablekeeper <template>`.
fn check_template(stack: &Stack, workflow: &str) -> Result<(), Unusable> {
    let own = stack_name(workflow);
    let own = own.strip_prefix(STACKS).unwrap_or(&own);
    let template = stack.description().and_then(|text| text.strip_prefix("tablekeeper ")?.split(' ').next());
    match template {
        Some(template) if template != own => Err(Unusable(format!(
            "stack {} is of {template} and does not run {workflow}; give another one with --stack",
            stack.stack_name().unwrap_or_default()
        ))),
        _ => Ok(()),
    }
}

/// Returns the state machines of all stacks whose name begins with `tablekeeper-`.
async fn of_all_stacks(config: &SdkConfig) -> anyhow::Result<Vec<Machine>> {
    let place = stack::place(config)?;
    let client = aws_sdk_cloudformation::Client::new(config);
    let mut pages = client.describe_stacks().into_paginator().send();
    let mut machines = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page
            .map_err(failure::aws("cloudformation:DescribeStacks"))
            .with_context(|| format!("cannot list the stacks {place}"))?;
        let stacks = page.stacks.unwrap_or_default();
        let ours =
            stacks.iter().filter(|stack| stack.stack_name().is_some_and(|name| name.starts_with(STACKS)));
        machines.extend(ours.flat_map(machines_of));
    }
    if machines.is_empty() {
        bail!(
            "no stack {STACKS}… {place} has a state machine; deploy one, or give --state-machine-arn or --stack"
        );
    }
    Ok(machines)
}

/// Returns the state machines in a stack's outputs. `StateMachineArn` is of the workflow that the stack is named after,
/// `BackfillStateMachineArn` of `backfill`.
fn machines_of(stack: &Stack) -> Vec<Machine> {
    let name = stack.stack_name().unwrap_or_default();
    let own = name.strip_prefix(STACKS).unwrap_or(name);
    let machine = |key: &str, arn: &str| {
        let prefix = key.strip_suffix(OUTPUT)?;
        let workflow = if prefix.is_empty() { own.to_owned() } else { kebab_case(prefix) };
        Some(Machine { workflow, arn: arn.to_owned() })
    };
    let outputs = stack.outputs().iter().filter_map(|output| output.output_key().zip(output.output_value()));
    outputs.filter_map(|(key, arn)| machine(key, arn)).collect()
}

/// `RestoreSnapshot` becomes `restore-snapshot`.
fn kebab_case(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !text.is_empty() {
            text.push('-');
        }
        text.extend(letter.to_lowercase());
    }
    text
}

/// Returns the state machine of an ARN. Its own name stands for that of the workflow.
pub(crate) fn machine_named(arn: String) -> Machine {
    Machine { workflow: name_of(&arn).to_owned(), arn }
}

/// Returns the name in the ARN of a state machine.
fn name_of(arn: &str) -> &str {
    arn.split(':').nth(6).unwrap_or(arn)
}

/// Returns the ARN of an execution by its name. The ARN of the state machine may have a version or alias.
pub(crate) fn execution_arn(machine: &str, name: &str) -> Option<String> {
    let parts: Vec<&str> = machine.split(':').collect();
    match parts.as_slice() {
        [arn, partition, states, region, account, "stateMachine", machine, ..] => {
            Some([arn, partition, states, region, account, "execution", machine, name].join(":"))
        }
        _ => None,
    }
}

/// Returns the ARN of the state machine of an execution, by the execution's ARN.
pub(crate) fn state_machine_of(execution: &str) -> Option<String> {
    let parts: Vec<&str> = execution.split(':').collect();
    match parts.as_slice() {
        [arn, partition, states, region, account, "execution", machine, _name] => {
            Some([arn, partition, states, region, account, "stateMachine", machine].join(":"))
        }
        _ => None,
    }
}

/// Returns the address of an execution in the AWS console; `None` at an endpoint of its own, which has no console.
pub(crate) fn console_link(execution: &str, config: &SdkConfig) -> Option<String> {
    config.endpoint_url().is_none().then(|| console::execution(execution))?
}

fn state_machine_arn(text: &str) -> Result<String, String> {
    match execution_arn(text, "") {
        Some(_) => Ok(text.to_owned()),
        None => Err("expected an ARN such as arn:aws:states:us-east-1:123456789012:stateMachine:NAME".into()),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudformation::types::Output;

    use super::*;

    #[test]
    fn arns_of_executions_are_built_for_any_partition_and_version() {
        let arn = |machine: &str| execution_arn(machine, "n");
        let execution = "arn:aws-cn:states:cn-north-1:123456789012:execution:M:n";
        assert_eq!(
            arn("arn:aws-cn:states:cn-north-1:123456789012:stateMachine:M:7").as_deref(),
            Some(execution)
        );
        assert_eq!(arn("arn:aws:states:us-east-1:123456789012:activity:M"), None);
        assert_eq!(
            state_machine_of(execution).as_deref(),
            Some("arn:aws-cn:states:cn-north-1:123456789012:stateMachine:M")
        );
        assert!(state_machine_arn("M").is_err() && state_machine_of("n").is_none());
    }

    #[test]
    fn a_stack_names_the_workflows_of_its_outputs() {
        let stack = |name: &str, outputs: &[&str]| {
            let outputs = outputs
                .iter()
                .map(|key| Output::builder().output_key(*key).output_value(format!("arn of {key}")).build());
            machines_of(&Stack::builder().stack_name(name).set_outputs(Some(outputs.collect())).build())
        };
        let workflows =
            |machines: Vec<Machine>| machines.into_iter().map(|machine| machine.workflow).collect::<Vec<_>>();
        assert_eq!(
            workflows(stack("tablekeeper-export-table", &["StateMachineArn", "BucketName"])),
            ["export-table"]
        );
        let incremental = ["BackfillStateMachineArn", "RestoreSnapshotStateMachineArn"];
        assert_eq!(
            workflows(stack("tablekeeper-incremental", &incremental)),
            ["backfill", "restore-snapshot"]
        );
        assert_eq!(workflows(stack("nightly", &["StateMachineArn"])), ["nightly"]);
    }

    #[test]
    fn the_console_is_that_of_the_partition() {
        let version = aws_config::BehaviorVersion::latest();
        let config = SdkConfig::builder().behavior_version(version).build();
        let arn = "arn:aws-cn:states:cn-north-1:123456789012:execution:M:n";
        let link = console_link(arn, &config).unwrap();
        assert!(
            link.starts_with("https://cn-north-1.console.amazonaws.cn/") && link.ends_with(arn),
            "{link}"
        );
        assert_eq!(console_link(arn, &config.to_builder().endpoint_url("http://127.0.0.1:1").build()), None);
    }

    #[test]
    fn the_stack_of_another_workflow_is_refused() {
        let stack = |description: &str| Stack::builder().stack_name("s").description(description).build();
        let export = stack("tablekeeper export-table - exports tables.");
        assert!(check_template(&export, "export-table").is_ok());
        assert!(check_template(&stack("something else"), "export-table").is_ok());
        assert!(check_template(&stack("tablekeeper incremental - a backup."), "backfill").is_ok());
        let error = check_template(&export, "backup-prune").unwrap_err().to_string();
        assert!(error.starts_with("stack s is of export-table and does not run backup-prune"), "{error}");
    }
}
