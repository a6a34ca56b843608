//! `tablekeeper executions`: lists executions of the deployed workflows.

mod chosen;
mod rendering;

use std::process::ExitCode;

use aws_sdk_sfn::Client;
use aws_sdk_sfn::types::{ExecutionListItem, ExecutionStatus};
use chrono::{DateTime, SecondsFormat, Utc};
use clap::Args;
use execution_report::message_of;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::console::{Console, Stream};
use crate::machines::{Deployed, Machine};
use crate::{console, failure, machines, session};
pub(crate) use chosen::Chosen;
use tablekeeper_core::execution_tables::Tables;

/// How many executions of a state machine are searched for those of a table.
const SEARCHED: usize = 200;

/// List the executions of the deployed workflows, the newest first.
///
/// Each line is an execution: when it started, its workflow, its tables, its status, how long it took, and its name,
/// which `tablekeeper follow` takes. A failed execution has its error below it, and of a report with a line for each
/// table or setting, those that failed. The exit code is 0, even if there are none.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tablekeeper executions\n  \
                        tablekeeper executions --table customer-production --limit 5\n  \
                        tablekeeper executions --workflow rotate-restore --failed --json")]
pub(crate) struct Arguments {
    /// Only executions of this workflow.
    #[arg(long, value_parser = machines::workflow())]
    workflow: Option<String>,
    /// Only executions that work on this table, read it or make it. Searches the newest 200 of each workflow.
    #[arg(long)]
    table: Option<String>,
    /// Only executions that failed, timed out or were aborted.
    #[arg(long)]
    failed: bool,
    /// The greatest number of executions.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
    #[command(flatten)]
    deployed: Deployed,
    /// Print each execution as one line of JSON.
    #[arg(long)]
    json: bool,
}

/// An execution in a list.
#[derive(Clone, Debug)]
pub(super) struct Listed {
    /// State machine of the execution.
    pub(super) machine: Machine,
    /// ARN of the execution.
    pub(super) arn: String,
    name: String,
    status: ExecutionStatus,
    started: DateTime<Utc>,
    stopped: Option<DateTime<Utc>>,
}

/// An execution as `--json` prints it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    name: &'a str,
    execution_arn: &'a str,
    workflow: &'a str,
    /// The first of the tables.
    table: Option<String>,
    tables: Vec<String>,
    status: &'a str,
    #[serde(serialize_with = "milliseconds")]
    started_at: DateTime<Utc>,
    #[serde(serialize_with = "maybe_milliseconds")]
    stopped_at: Option<DateTime<Utc>>,
    error: Option<String>,
    cause: Option<String>,
}

/// Runs `tablekeeper executions`.
pub(crate) async fn act(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let config = session::sdk_config().await;
    let client = Client::new(&config);
    let workflow = arguments.workflow.as_deref();
    let machines = arguments.deployed.all(workflow, &config).await?;
    let limit = arguments.limit.try_into().unwrap_or(SEARCHED);
    let searched = if arguments.table.is_some() || arguments.failed { SEARCHED } else { limit };
    let listed = newest(&client, &machines, searched).await?;
    let mut shown = Vec::new();
    for execution in &listed {
        if shown.len() == limit {
            break;
        }
        if arguments.failed && !is_failure(&execution.status) {
            continue;
        }
        let (line, tables) = line(&client, execution).await?;
        if arguments.table.as_ref().is_some_and(|table| !tables.has(table)) {
            continue;
        }
        let line = Line { table: tables.shown.first().cloned(), tables: tables.shown, ..line };
        if arguments.json {
            console::print_data(&serde_json::to_string(&line)?);
        }
        shown.push(line);
    }
    if !arguments.json {
        rendering::print(&Console::new(Stream::Stdout), &shown);
    }
    if shown.is_empty() {
        console::print_remark("there is no such execution");
    }
    Ok(ExitCode::SUCCESS)
}

/// Lists the newest executions of all state machines together, the newest first. Reads up to `most` of each.
pub(super) async fn newest(
    client: &Client,
    machines: &[Machine],
    most: usize,
) -> anyhow::Result<Vec<Listed>> {
    let mut all = Vec::new();
    for machine in machines {
        let page = i32::try_from(most.min(SEARCHED)).unwrap_or_default();
        let list = client.list_executions().state_machine_arn(&machine.arn).max_results(page);
        let mut pages = list.into_paginator().send();
        let mut own = 0;
        while own < most
            && let Some(page) = pages.next().await
        {
            let executions = page.map_err(failure::aws("states:ListExecutions"))?.executions;
            own += executions.len();
            all.extend(executions.into_iter().map(|execution| listed(machine, execution)));
        }
    }
    all.sort_by_key(|execution: &Listed| std::cmp::Reverse(execution.started));
    all.truncate(most.max(SEARCHED));
    Ok(all)
}

fn listed(machine: &Machine, execution: ExecutionListItem) -> Listed {
    let time = |time: &aws_sdk_sfn::primitives::DateTime| {
        DateTime::from_timestamp(time.secs(), time.subsec_nanos()).unwrap_or_default()
    };
    Listed {
        machine: machine.clone(),
        started: time(&execution.start_date),
        stopped: execution.stop_date.as_ref().map(time),
        arn: execution.execution_arn,
        name: execution.name,
        status: execution.status,
    }
}

/// Reads what the list does not have: the tables, and why the execution failed.
async fn line<'a>(client: &Client, execution: &'a Listed) -> anyhow::Result<(Line<'a>, Tables)> {
    let described = client.describe_execution().execution_arn(&execution.arn).send().await;
    let described = described.map_err(failure::aws("states:DescribeExecution"))?;
    let json =
        |text: Option<&str>| -> Value { serde_json::from_str(text.unwrap_or_default()).unwrap_or_default() };
    let tables = Tables::new(&json(described.input()), &json(described.output()));
    let line = Line {
        name: &execution.name,
        execution_arn: &execution.arn,
        workflow: &execution.machine.workflow,
        table: None,
        tables: Vec::new(),
        status: execution.status.as_str(),
        started_at: execution.started,
        stopped_at: execution.stopped,
        error: described.error.filter(|error| !error.is_empty()),
        cause: described.cause.as_deref().map(message_of),
    };
    Ok((line, tables))
}

fn milliseconds<S: Serializer>(time: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&time.to_rfc3339_opts(SecondsFormat::Millis, true))
}

fn maybe_milliseconds<S: Serializer>(time: &Option<DateTime<Utc>>, serializer: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => milliseconds(time, serializer),
        None => serializer.serialize_none(),
    }
}

fn is_failure(status: &ExecutionStatus) -> bool {
    matches!(status, ExecutionStatus::Failed | ExecutionStatus::TimedOut | ExecutionStatus::Aborted)
}
