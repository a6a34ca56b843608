//! `tablekeeper plan retire`: shows which copies `retire-copies` would delete, and why the others stay.
//!
//! It reads and decides with the code of the workflow. It calls ListTables, DescribeTable, ListTagsOfResource,
//! DescribeParameters, GetParameterHistory, ListExecutions and DescribeExecution.
//!
//! The exit code is 0 if nothing would be deleted, 3 if something would be, 1 if something cannot be read, and 2 if the
//! arguments cannot be used.

use std::process::ExitCode;

use chrono::{DateTime, Utc};
use clap::Args;
use serde::Serialize;
use tablekeeper_core::aws::table_selection::SelectionError;
use tablekeeper_core::clock::Clock;
use tablekeeper_core::input::InvalidInput;
use tablekeeper_core::retire::RetireConfig;
use tablekeeper_core::retire::copies::Bases;
use tablekeeper_core::retire::decision::Decision;
use tablekeeper_core::retire::execution_input::{Defaults, ExecutionInput};
use tablekeeper_core::retire::plan::Readers;

use super::DIFFERS;
use crate::console::Console;
use crate::failure::Unusable;
use crate::session;

/// Show which copies retire-copies would delete, and why it keeps the others. Nothing is changed.
///
/// A copy is a table whose name ends in a time (-YYYYMMDD-HH-mm-ss). It would be deleted if a rotation made it, no
/// parameter of the account and Region points at it, and no other rule keeps it.
///
/// The exit code is 0 if nothing would be deleted, 3 if something would be, 1 if something cannot be read, and 2 if the
/// arguments cannot be used.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tablekeeper plan retire --table orders-staging --keep 3\n  \
                        tablekeeper plan retire --pattern -staging$ --keep 1 --older-than-days 14 --json")]
pub(crate) struct Arguments {
    /// Name of the copies without the time. May be repeated.
    #[arg(long, value_name = "TABLE", required_unless_present = "pattern")]
    table: Vec<String>,
    /// Regular expression for the names of copies without the time (TableNamePattern).
    #[arg(long, value_name = "PATTERN", conflicts_with = "table", allow_hyphen_values = true)]
    pattern: Option<String>,
    /// Keep the newest N copies of each table (Keep).
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    keep: i64,
    /// Keep copies made less than this number of days ago (OlderThanDays).
    #[arg(long, value_name = "DAYS", default_value_t = 0, allow_negative_numbers = true)]
    older_than_days: i64,
    /// Read only SSM parameters with this prefix (SSMParameterPrefixes). May be repeated.
    #[arg(long, value_name = "PREFIX")]
    parameter_prefix: Vec<String>,
    /// ARN of a state machine whose running executions keep what they work on (StateMachineARNs). May be repeated.
    #[arg(long, value_name = "ARN")]
    state_machine: Vec<String>,
    /// Print the plan as one JSON object.
    #[arg(long)]
    json: bool,
}

/// The plan that `--json` prints. Each list has the copies of one table after another, the newest first.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Plan {
    keep: Vec<Kept>,
    retire: Vec<Copy>,
    /// Time of the plan.
    #[serde(skip)]
    now: DateTime<Utc>,
    #[serde(skip)]
    lines: Vec<Line>,
}

/// A copy in a plan.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Copy {
    table_name: String,
    table_arn: String,
    created_at: DateTime<Utc>,
}

/// A copy that stays, with the rules that keep it.
#[derive(Debug, Serialize)]
struct Kept {
    #[serde(flatten)]
    copy: Copy,
    reasons: Vec<Reason>,
}

/// Why a copy stays.
#[derive(Debug, Serialize)]
struct Reason {
    rule: &'static str,
    text: String,
}

/// The line of a copy: its name, and why it stays if it does.
#[derive(Debug)]
struct Line {
    table_name: String,
    kept: Option<String>,
}

pub(super) async fn act(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let now = Clock::System.now();
    let (config, bases) = arguments.read(now)?;
    let clients = session::clients("tablekeeper").await;
    let readers = Readers { dynamodb: clients.dynamodb(), sfn: clients.sfn(), ssm: clients.ssm() };
    let plan = Plan::new(readers.plan(&config, "", &bases).await?, now);
    super::print_plan(&plan, arguments.json, lines)?;
    Ok(if plan.retire.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(DIFFERS) })
}

impl Arguments {
    /// Reads the options as the first step reads its input. Fails where an execution would fail, with their names.
    fn read(&self, now: DateTime<Utc>) -> anyhow::Result<(RetireConfig, Bases)> {
        let input = ExecutionInput {
            table_names: self.pattern.is_none().then(|| self.table.clone()),
            table_name_pattern: self.pattern.clone(),
            keep: Some(self.keep),
            older_than_days: Some(self.older_than_days),
            ssm_parameter_prefixes: Some(self.parameter_prefix.clone()),
            state_machine_arns: Some(self.state_machine.clone()),
            back_up: Some(false),
            delete: Some(false),
            ..ExecutionInput::default()
        };
        let defaults = Defaults { backup_timeout_hours: "24".to_owned(), ..Defaults::default() };
        let refused = |error: SelectionError| match error {
            SelectionError::Field(InvalidInput { field, reason }) => {
                Unusable(format!("{} {reason}", option_of(field)))
            }
            other => Unusable(other.to_string()),
        };
        Ok((input.config(&defaults, now).map_err(refused)?, input.bases(&defaults).map_err(refused)?))
    }
}

/// Returns the option for a field of the execution input.
fn option_of(field: &str) -> &str {
    match field {
        "TableNames" => "--table",
        "Keep" => "--keep",
        "OlderThanDays" => "--older-than-days",
        "SSMParameterPrefixes" => "--parameter-prefix",
        "StateMachineARNs" => "--state-machine",
        other => other,
    }
}

impl Plan {
    fn new(decisions: Vec<Decision>, now: DateTime<Utc>) -> Plan {
        let mut plan = Plan { keep: Vec::new(), retire: Vec::new(), now, lines: Vec::new() };
        for decision in decisions {
            let copy = Copy {
                table_name: decision.copy.table_name.clone(),
                table_arn: decision.copy.table_arn.clone(),
                created_at: decision.copy.created_at,
            };
            let kept = (!decision.reasons.is_empty()).then(|| decision.text());
            plan.lines.push(Line { table_name: copy.table_name.clone(), kept });
            if decision.reasons.is_empty() {
                plan.retire.push(copy);
                continue;
            }
            let reason = |reason: &tablekeeper_core::retire::decision::Reason| Reason {
                rule: reason.rule(),
                text: reason.to_string(),
            };
            plan.keep.push(Kept { copy, reasons: decision.reasons.iter().map(reason).collect() });
        }
        plan
    }
}

/// Returns the lines of the plan.
fn lines(plan: &Plan, console: &Console) -> Vec<String> {
    let widest = plan.lines.iter().map(|line| line.table_name.chars().count()).max().unwrap_or_default();
    let mut lines =
        vec![console.strong("Copies"), console.faint(&super::time(plan.now).to_string()), String::new()];
    lines.extend(plan.lines.iter().map(|line| match &line.kept {
        Some(why) => format!("  = {:widest$}  kept: {why}", line.table_name),
        None => console.bad(&format!("  - {:widest$}  would be deleted: no rule keeps it", line.table_name)),
    }));
    lines.extend((!plan.lines.is_empty()).then(String::new));
    let (kept, retired) = (plan.keep.len(), plan.retire.len());
    lines.push(console.strong(&format!("Plan: {kept} kept, {retired} to delete.")));
    lines
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct CommandLine {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn read(line: &str) -> Result<RetireConfig, String> {
        let line = CommandLine::try_parse_from(["retire"].into_iter().chain(line.split(' '))).unwrap();
        let read = line.arguments.read("2026-03-01T02:00:00Z".parse().unwrap());
        read.map(|(config, _)| config).map_err(|error| {
            assert!(error.downcast_ref::<Unusable>().is_some());
            error.to_string()
        })
    }

    #[test]
    fn the_options_are_those_of_an_execution() {
        let config =
            read("--table orders --table customers --keep 2 --older-than-days 3 --parameter-prefix /p");
        let config = config.unwrap();
        assert_eq!((config.keep, config.older_than_days, config.delete), (2, 3, false));
        assert_eq!(config.parameter_prefixes, ["/p"]);
    }

    #[test]
    fn an_invalid_option_is_refused_by_its_name() {
        for (line, expected) in [
            ("--table orders --keep 0", "--keep is `0`; it must be between 1 and 10000"),
            (
                "--table orders --keep 1 --older-than-days -1",
                "--older-than-days is `-1`; it must be between 0",
            ),
            ("--table a! --keep 1", "--table has `a!`; it must be a table name"),
            ("--pattern ( --keep 1", "TableNamePattern `(` is not a regular expression"),
            (
                "--table orders --keep 1 --state-machine x",
                "--state-machine has `x`; it must be the ARN of a state",
            ),
        ] {
            let refusal = read(line).unwrap_err();
            assert!(refusal.starts_with(expected), "{refusal}");
        }
    }

    #[test]
    fn a_selection_and_the_number_to_keep_are_required() {
        for line in [["retire", "--keep", "1"], ["retire", "--table", "orders"]] {
            assert!(CommandLine::try_parse_from(line).is_err());
        }
    }
}
