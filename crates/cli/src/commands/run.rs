//! `tablekeeper run`: starts an execution of a deployed workflow, wherever the AWS environment
//! points, and follows it to its end.

use std::{process::ExitCode, time::Duration};

use anyhow::{Context as _, bail};
use aws_config::SdkConfig;
use aws_sdk_sfn::{operation::start_execution::StartExecutionError, types::ExecutionStatus};
use clap::Args;
use serde::Serialize;

use super::local::provision::{machine_output, stack_name};
use crate::console::{Console, Stream};
use crate::event_file::Document;
use crate::failure::Unusable;
use crate::follow::{Follower, Outcome, ProgressPrinter};
use crate::{console, event_file, failure, stack};

/// The longest input that Step Functions takes, in bytes.
const LONGEST_INPUT: usize = 262_144;
/// How often a running execution is asked for news: well below what an account may ask.
const LOOK: Duration = Duration::from_secs(1);

/// Starts an execution of a deployed workflow, and follows it if asked to.
///
/// Without --follow, exit code 0 says no more than that it has been started. With --follow, it says that
/// the execution succeeded.
///
/// The state machine is the one that the stack `tablekeeper-<WORKFLOW>` names in its output
/// `StateMachineArn`, in the account and Region (or at the endpoint) of the AWS environment. Those of `backfill`,
/// `replay`, `snapshot` and `restore-snapshot` are in `tablekeeper-incremental`, as `BackfillStateMachineArn`,
/// `ReplayStateMachineArn`, `SnapshotStateMachineArn` and `RestoreSnapshotStateMachineArn`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  cargo tablekeeper run rotate-restore --input events/rotate-restore/input.by-hand.json --follow"
)]
pub(crate) struct Arguments {
    /// The workflow, such as `rotate-restore`.
    workflow: String,
    /// The file that holds the execution's input as JSON; `-` reads it from stdin.
    #[arg(long, value_name = "FILE|-")]
    input: String,
    /// The execution's name. If there is one of this name already, nothing is started: that one is
    /// meant, whatever its input was. Without --follow, the exit code is 1 if it has ended badly.
    #[arg(long, value_parser = execution_name)]
    name: Option<String>,
    /// Shows each state as it is entered, and ends with the execution: exit code 0 if it succeeded.
    #[arg(long)]
    follow: bool,
    /// The state machine, when it is not to be found by its stack.
    #[arg(long, value_name = "ARN", conflicts_with = "stack_name", value_parser = state_machine_arn)]
    state_machine_arn: Option<String>,
    /// The stack, when it has another name than `tablekeeper-<WORKFLOW>`.
    #[arg(long)]
    stack_name: Option<String>,
    /// Prints the execution as JSON: its ARN, with --follow how it ended, and without it how one that
    /// existed already stands.
    #[arg(long)]
    json: bool,
}

/// What `--json` prints.
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

/// Does what `tablekeeper run` was asked for.
pub(crate) async fn act(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let Document { what, text: input, .. } = event_file::read_document(&arguments.input)?;
    check_length(&what, &input)?;
    let config = stack::environment().await;
    let client = aws_sdk_sfn::Client::new(&config);
    let machine = match &arguments.state_machine_arn {
        Some(arn) => arn.clone(),
        None => {
            let default = stack_name(&arguments.workflow);
            let stack = arguments.stack_name.as_deref().unwrap_or(&default);
            find_machine(&config, stack, &machine_output(&arguments.workflow)).await?
        }
    };

    let (execution, already_existed) = start(&client, &machine, arguments.name.as_deref(), input).await?;
    if already_existed {
        console::print_remark(&format!("an execution of this name exists already: {execution}"));
    }
    let report = Report { execution_arn: &execution, already_existed, status: None, outcome: None };
    if !arguments.follow {
        let standing =
            if already_existed { Some(RunStatus::fetch(&client, &execution).await?) } else { None };
        if arguments.json {
            let status = standing.as_ref().map(|standing| standing.status.as_str());
            console::print_json(&Report { status, ..report })?;
        } else {
            console::print_data(&execution);
        }
        return match standing {
            Some(standing) => standing.exit_code(),
            None => Ok(ExitCode::SUCCESS),
        };
    }

    let console = Console::new(Stream::Stderr);
    console.line(&format!("following {execution}"));
    let printer = ProgressPrinter::new(&console, &client, &machine).await;
    let outcome = printer.follow(Follower::new(client, &execution), LOOK).await?;
    drop(console);
    if arguments.json {
        console::print_json(&Report { outcome: Some(&outcome), ..report })?;
    } else if let Some(output) = &outcome.output {
        console::print_json(output)?;
    }
    if outcome.succeeded() {
        return Ok(ExitCode::SUCCESS);
    }
    bail!("the execution ended as {}", outcome.describe())
}

fn check_length(what: &str, text: &str) -> Result<(), Unusable> {
    if text.len() > LONGEST_INPUT {
        let length = text.len();
        return Err(Unusable(format!(
            "{what} has {length} bytes; Step Functions takes at most {LONGEST_INPUT} as an input"
        )));
    }
    Ok(())
}

/// How an execution that somebody else has started stands.
#[derive(Debug)]
struct RunStatus {
    status: ExecutionStatus,
    error: Option<String>,
    cause: Option<String>,
}

impl RunStatus {
    async fn fetch(client: &aws_sdk_sfn::Client, execution: &str) -> anyhow::Result<Self> {
        let described = client.describe_execution().execution_arn(execution).send().await;
        let described = described.map_err(failure::aws("DescribeExecution"))?;
        let (status, error, cause) = (described.status, described.error, described.cause);
        Ok(Self { status, error, cause })
    }

    /// Success unless it has ended badly, which is said.
    fn exit_code(self) -> anyhow::Result<ExitCode> {
        match self.status {
            ExecutionStatus::Running | ExecutionStatus::PendingRedrive => {
                console::print_remark("it is still running");
            }
            ExecutionStatus::Succeeded => console::print_remark("it has succeeded"),
            status => {
                let status = status.as_str().to_owned();
                let (error, cause) = (self.error, self.cause);
                let outcome = Outcome { status, output: None, error, cause, states_entered: 0 };
                bail!("that execution has ended as {}", outcome.describe());
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

async fn find_machine(config: &SdkConfig, name: &str, output: &str) -> anyhow::Result<String> {
    let found = stack::find(config, name, "deploy it, or give --state-machine-arn or --stack-name").await?;
    let place = stack::place(config)?;
    stack::output(&found, output).map(str::to_owned).with_context(|| {
        format!("stack {name} {place} has no output {output}; name the machine with --state-machine-arn")
    })
}

/// Starts an execution. A name that is taken means that it was started before: that one is meant.
async fn start(
    client: &aws_sdk_sfn::Client,
    machine: &str,
    name: Option<&str>,
    input: String,
) -> anyhow::Result<(String, bool)> {
    let started =
        client.start_execution().state_machine_arn(machine).set_name(name.map(str::to_owned)).input(input);
    match started.send().await {
        Ok(started) => Ok((started.execution_arn, false)),
        Err(error) => {
            let exists =
                error.as_service_error().is_some_and(StartExecutionError::is_execution_already_exists);
            match name.filter(|_| exists).and_then(|name| execution_arn(machine, name)) {
                Some(arn) => Ok((arn, true)),
                None => Err(failure::aws("StartExecution")(error)),
            }
        }
    }
}

/// The ARN of a machine's execution of that name. The machine may be named with a version or alias.
pub(crate) fn execution_arn(machine: &str, name: &str) -> Option<String> {
    let parts: Vec<&str> = machine.split(':').collect();
    match parts.as_slice() {
        [arn, partition, states, region, account, "stateMachine", machine, ..] => {
            Some([arn, partition, states, region, account, "execution", machine, name].join(":"))
        }
        _ => None,
    }
}

fn state_machine_arn(text: &str) -> Result<String, String> {
    match execution_arn(text, "") {
        Some(_) => Ok(text.to_owned()),
        None => {
            Err("an ARN such as arn:aws:states:us-east-1:123456789012:stateMachine:NAME is wanted".into())
        }
    }
}

fn execution_name(text: &str) -> Result<String, String> {
    let refused = |c: char| c.is_whitespace() || c.is_control() || "<>{}[]?*\"#%\\^|~`$&,;:/".contains(c);
    match text.chars().find(|&c| refused(c)) {
        Some(c) => Err(format!("Step Functions refuses {c:?} in an execution's name")),
        None if text.is_empty() || text.chars().count() > 80 => Err("1 to 80 characters are wanted".into()),
        None => Ok(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_sfn::types::ExecutionStatus;

    use super::{LONGEST_INPUT, RunStatus, check_length, execution_arn, execution_name, state_machine_arn};

    #[test]
    fn input_that_step_functions_would_refuse_is_refused_here() {
        assert!(check_length("-", &"x".repeat(LONGEST_INPUT)).is_ok());
        assert!(check_length("-", &"x".repeat(LONGEST_INPUT + 1)).is_err());
    }

    #[test]
    fn only_an_existing_execution_that_has_ended_badly_is_a_failure() {
        for (status, failed) in [
            (ExecutionStatus::Running, false),
            (ExecutionStatus::PendingRedrive, false),
            (ExecutionStatus::Succeeded, false),
            (ExecutionStatus::Failed, true),
            (ExecutionStatus::TimedOut, true),
            (ExecutionStatus::Aborted, true),
        ] {
            let cause = Some(r#"{"errorMessage":"no such table"}"#.to_owned());
            let standing = RunStatus { status: status.clone(), error: Some("E".into()), cause };
            let reported = standing.exit_code().err().map(|error| error.to_string());
            let expected =
                failed.then(|| format!("that execution has ended as {}: E: no such table", status.as_str()));
            assert_eq!(reported, expected);
        }
    }

    #[test]
    fn an_execution_is_found_by_its_machine_in_any_partition_and_version() {
        let arn = |machine: &str| execution_arn(machine, "n");
        assert_eq!(
            arn("arn:aws-cn:states:cn-north-1:123456789012:stateMachine:M:7").as_deref(),
            Some("arn:aws-cn:states:cn-north-1:123456789012:execution:M:n")
        );
        assert_eq!(arn("arn:aws:states:us-east-1:123456789012:activity:M"), None);
        assert!(state_machine_arn("M").is_err());
    }

    #[test]
    fn names_are_checked_as_step_functions_does() {
        assert!(execution_name("rot-3f_A.b").is_ok());
        for refused in ["", "a b", "a/b", "a:b", &"x".repeat(81)] {
            assert!(execution_name(refused).is_err(), "{refused:?}");
        }
    }
}
