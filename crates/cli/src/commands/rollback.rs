//! `tablekeeper rollback`: points an SSM parameter back at an earlier copy, with the workflow of that name.

use std::process::ExitCode;

use aws_sdk_sfn::Client;
use clap::Args;
use serde::Serialize;
use serde_json::json;
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::pointer::history;
use tablekeeper_core::clock::Clock;
use tablekeeper_core::rotation::rollback::{ExecutionInput, PREVIOUS, Rollback, To};

use super::run::start;
use crate::consent;
use crate::console::{Console, Stream};
use crate::failure::Unusable;
use crate::follow::{Outcome, to_end};
use crate::machines::Deployed;
use crate::{caller, console, session};

/// The workflow.
const WORKFLOW: &str = "rollback";

/// Point an SSM parameter back at an earlier copy of a table.
///
/// The copy is checked first: it must exist, be usable and have the keys of the current one. Rotations then leave the
/// parameter alone until `tablekeeper unpin`. On a terminal, the command asks first. Elsewhere it needs --yes.
///
/// It starts an execution of `rollback`, whose state machine is in the output `RollbackStateMachineArn` of the stack
/// `tablekeeper-rotate-restore`, and follows it. Ctrl-C ends this command and not the execution.
///
/// The exit code is 0 if the parameter was moved, or with --dry-run would be, 1 if the execution failed or you answered
/// no, 2 if there is nothing to go back to or --yes is missing, and 130 after Ctrl-C.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tablekeeper rollback /staging/customer/table-arn --dry-run\n  \
                        tablekeeper rollback /staging/customer/table-arn\n  \
                        tablekeeper rollback /staging/customer/table-arn --to customer-staging-20260301-02-00-00 --yes")]
pub(crate) struct Arguments {
    /// Name of the SSM parameter.
    parameter: String,
    /// Where to go: `previous`, the number of a version, or the name or ARN of a table, which the parameter need not
    /// have pointed at before.
    #[arg(long, value_name = "previous|VERSION|TABLE", default_value = PREVIOUS)]
    to: String,
    /// Let the next rotation move the parameter again. An earlier pin is removed.
    #[arg(long)]
    no_pin: bool,
    /// Show from where to where, and start nothing.
    #[arg(long)]
    dry_run: bool,
    /// Start without asking.
    #[arg(long, conflicts_with = "dry_run")]
    yes: bool,
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
    #[serde(flatten)]
    rollback: &'a Rollback,
    #[serde(skip_serializing_if = "Option::is_none")]
    execution_arn: Option<&'a str>,
    #[serde(flatten)]
    outcome: Option<&'a Outcome>,
}

/// Runs `tablekeeper rollback`.
pub(crate) async fn act(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let config = session::sdk_config().await;
    let clients = Clients::new(config.clone());
    let console = Console::new(Stream::Stderr);
    caller::announce(&clients, &clients.place(), &console).await;
    let rollback = find(&arguments, &clients).await?;
    let change = change(&rollback);
    if arguments.dry_run {
        match arguments.json {
            true => console::print_json(&Report { rollback: &rollback, execution_arn: None, outcome: None })?,
            false => console::print_data(&change),
        }
        console.line("nothing was started (--dry-run)");
        return Ok(ExitCode::SUCCESS);
    }
    let machine = arguments.deployed.to_start(WORKFLOW, &config).await?;
    console.line(&change);
    if !arguments.yes {
        consent::require(Some("go back?"), || {
            format!("{} was not moved: without a terminal to ask on, give --yes", rollback.ssm_parameter_name)
        })?;
    }
    // The table and not `previous`, so that the execution goes where this command said, whatever happens meanwhile.
    let input = json!({ "SSMParameterName": rollback.ssm_parameter_name, "To": rollback.table_arn,
        "Pin": rollback.pin });
    let started =
        start::now(&Client::new(&config), &machine.arn, &input.to_string(), Clock::System.now()).await?;
    let ended = to_end(&config, &machine.arn, &started.arn).await?;
    if !arguments.json {
        return ended.conclude();
    }
    let execution_arn = Some(started.arn.as_str());
    console::print_json(&Report { rollback: &rollback, execution_arn, outcome: ended.outcome() })?;
    ended.exit_code()
}

async fn find(arguments: &Arguments, clients: &Clients) -> anyhow::Result<Rollback> {
    let to = arguments.to.parse().map_or_else(|_| To::Text(arguments.to.clone()), To::Version);
    let input = ExecutionInput {
        ssm_parameter_name: arguments.parameter.clone(),
        to,
        pin: Some(!arguments.no_pin),
        started_by_execution_id: None,
    };
    let history = history(&clients.ssm(), &arguments.parameter).await?;
    Rollback::find(input, &history).map_err(|error| {
        let name = match error.field {
            "To" => "--to",
            _ => "PARAMETER",
        };
        Unusable(format!("{name} {} ({})", error.reason, clients.place())).into()
    })
}

/// Describes the change in one line.
fn change(rollback: &Rollback) -> String {
    let name = |value: &str| value.rsplit('/').next().unwrap_or_default().to_owned();
    let pin = if rollback.pin { ", pinned" } else { ", not pinned" };
    let (from, to) = (name(&rollback.from_value), name(&rollback.table_arn));
    format!("{}: {from} (version {}) → {to}{pin}", rollback.ssm_parameter_name, rollback.from_version)
}
