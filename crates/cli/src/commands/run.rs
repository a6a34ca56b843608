//! `tablekeeper run`: starts an execution of a deployed workflow in the AWS environment, and follows it to its end.

mod backup;
mod execution_status;
mod input;
mod region;
pub(crate) mod start;

use std::process::ExitCode;

use aws_config::SdkConfig;
use clap::Args;
use serde::Serialize;
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::clock::Clock;

use crate::console::{Console, Stream};
use crate::follow::{Outcome, to_end};
use crate::machines::Deployed;
use crate::{caller, console, machines, session};
use execution_status::ExecutionStatus;
use input::Input;
use start::Started;

/// Start an execution of a deployed workflow.
///
/// The input is checked first. If it does not fit the workflow, nothing is started and the exit code is 2. Without
/// --follow, exit code 0 only means that the execution was started. With --follow, it means that the execution
/// succeeded. Ctrl-C ends this command and not the execution; the exit code is then 130.
///
/// The stack `tablekeeper-<WORKFLOW>` has the state machine in its output `StateMachineArn`. The account and Region (or
/// the endpoint) are those of the AWS environment. The state machines of `backfill`, `replay`, `snapshot` and
/// `restore-snapshot` are in the stack `tablekeeper-incremental`, in the outputs `BackfillStateMachineArn`,
/// `ReplayStateMachineArn`, `SnapshotStateMachineArn` and `RestoreSnapshotStateMachineArn`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tablekeeper run rotate-restore --table customer-production --backup latest --follow\n  \
                        tablekeeper run export-table --set TableName=orders --follow\n  \
                        tablekeeper run backup-prune --input '{\"TableName\": \"orders\", \"MaxBackups\": 7}'\n  \
                        tablekeeper run rotate-restore --input events/rotate-restore/input.by-hand.json"
)]
pub(crate) struct Arguments {
    /// The workflow.
    #[arg(value_parser = machines::workflow())]
    workflow: String,
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    backup: backup::Options,
    /// The execution's name [default: `by-hand-<TABLE>-<TIME>`]. If an execution with this name and this input exists,
    /// nothing is started and that execution is used. Without --follow, the exit code is then 1 if it failed.
    #[arg(long, value_parser = execution_name)]
    name: Option<String>,
    /// Show each state as it is entered, and wait for the end of the execution. The exit code is 0 if it succeeded.
    #[arg(long)]
    follow: bool,
    #[command(flatten)]
    deployed: Deployed,
    /// Print the execution as JSON: its ARN, with --follow its result, and without --follow the status of one that
    /// existed.
    #[arg(long)]
    json: bool,
}

/// The report that `--json` prints.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    execution_arn: &'a str,
    already_existed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'a str>,
    #[serde(flatten)]
    outcome: Option<&'a Outcome>,
}

/// Runs `tablekeeper run`.
pub(crate) async fn act(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let config = session::sdk_config().await;
    let fields = arguments.backup.fields(&arguments.workflow, &config).await?;
    let input = arguments.input.read(&arguments.workflow, fields)?;
    let machine = arguments.deployed.to_start(&arguments.workflow, &config).await?;
    region::check(&arguments.workflow, &input, &machine.arn)?;
    announce(&config).await;
    let client = aws_sdk_sfn::Client::new(&config);
    let Started { arn: execution, already_existed } = match &arguments.name {
        Some(name) => start::under_name(&client, &machine.arn, name, &input).await?,
        None => start::now(&client, &machine.arn, &input, Clock::System.now()).await?,
    };
    if already_existed {
        console::print_remark(&format!("an execution of this name exists already: {execution}"));
    }
    let report = Report { execution_arn: &execution, already_existed, status: None, outcome: None };
    if !arguments.follow {
        let status = match already_existed {
            true => Some(ExecutionStatus::fetch(&client, &execution).await?),
            false => None,
        };
        if arguments.json {
            let status = status.as_ref().map(ExecutionStatus::name);
            console::print_json(&Report { status, ..report })?;
        } else {
            console::print_data(&execution);
        }
        return status.map_or(Ok(ExitCode::SUCCESS), ExecutionStatus::exit_code);
    }
    let ended = to_end(&config, &machine.arn, &execution).await?;
    if !arguments.json {
        return ended.conclude();
    }
    console::print_json(&Report { outcome: ended.outcome(), ..report })?;
    ended.exit_code()
}

/// Prints the account, the Region and the identity.
async fn announce(config: &SdkConfig) {
    let clients = Clients::new(config.clone());
    caller::announce(&clients, &clients.place(), &Console::new(Stream::Stderr)).await;
}

fn execution_name(text: &str) -> Result<String, String> {
    let refused = |c: char| c.is_whitespace() || c.is_control() || "<>{}[]?*\"#%\\^|~`$&,;:/".contains(c);
    match text.chars().find(|&c| refused(c)) {
        Some(c) => Err(format!("Step Functions refuses {c:?} in an execution's name")),
        None if text.is_empty() || text.chars().count() > 80 => Err("expected 1 to 80 characters".into()),
        None => Ok(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::execution_name;

    #[test]
    fn names_are_checked_as_by_step_functions() {
        assert!(execution_name("rot-3f_A.b").is_ok());
        for refused in ["", "a b", "a/b", "a:b", &"x".repeat(81)] {
            assert!(execution_name(refused).is_err(), "{refused:?}");
        }
    }
}
