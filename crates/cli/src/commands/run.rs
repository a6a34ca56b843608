//! `tablekeeper run`: starts an execution of a deployed workflow in the AWS environment, and follows it to its end.

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

/// Maximum length of an execution input in bytes (Step Functions quota).
const LONGEST_INPUT: usize = 262_144;
/// Interval between polls of an execution, well below the quota of an account.
const LOOK: Duration = Duration::from_secs(1);

/// Start an execution of a deployed workflow, and optionally follow it.
///
/// Without --follow, exit code 0 only means that the execution was started. With --follow, it means that the execution
/// succeeded.
///
/// The stack `tablekeeper-<WORKFLOW>` has the state machine in its output `StateMachineArn`. The account and Region (or
/// the endpoint) are those of the AWS environment. The state machines of `backfill`, `replay`, `snapshot` and
/// `restore-snapshot` are in the stack `tablekeeper-incremental`, in the outputs `BackfillStateMachineArn`,
/// `ReplayStateMachineArn`, `SnapshotStateMachineArn` and `RestoreSnapshotStateMachineArn`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  cargo tablekeeper run rotate-restore --input events/rotate-restore/input.by-hand.json --follow"
)]
pub(crate) struct Arguments {
    /// The workflow, such as `rotate-restore`.
    workflow: String,
    /// The file with the execution's input as JSON; `-` reads it from stdin.
    #[arg(long, value_name = "FILE|-")]
    input: String,
    /// The execution's name. If an execution with this name exists, nothing is started and that execution is used,
    /// whatever its input was. Without --follow, the exit code is then 1 if it failed.
    #[arg(long, value_parser = execution_name)]
    name: Option<String>,
    /// Show each state as it is entered, and wait for the end of the execution. The exit code is 0 if it succeeded.
    #[arg(long)]
    follow: bool,
    /// The state machine, if it is not in the output of a stack.
    #[arg(long, value_name = "ARN", conflicts_with = "stack_name", value_parser = state_machine_arn)]
    state_machine_arn: Option<String>,
    /// The name of the stack [default: `tablekeeper-<WORKFLOW>`].
    #[arg(long)]
    stack_name: Option<String>,
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
            "{what} has {length} bytes; the input of an execution has at most {LONGEST_INPUT}"
        )));
    }
    Ok(())
}

/// The status of an execution that already existed.
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

    /// Returns success unless the execution failed, and prints the status.
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
        format!(
            "stack {name} {place} has no output {output}; give the state machine with --state-machine-arn"
        )
    })
}

/// Starts an execution. If the name is taken, returns the existing execution.
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

fn state_machine_arn(text: &str) -> Result<String, String> {
    match execution_arn(text, "") {
        Some(_) => Ok(text.to_owned()),
        None => Err("expected an ARN such as arn:aws:states:us-east-1:123456789012:stateMachine:NAME".into()),
    }
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
    use aws_sdk_sfn::types::ExecutionStatus;

    use super::{LONGEST_INPUT, RunStatus, check_length, execution_arn, execution_name, state_machine_arn};

    #[test]
    fn input_that_step_functions_would_refuse_is_refused_here() {
        assert!(check_length("-", &"x".repeat(LONGEST_INPUT)).is_ok());
        assert!(check_length("-", &"x".repeat(LONGEST_INPUT + 1)).is_err());
    }

    #[test]
    fn only_an_existing_execution_that_failed_is_a_failure() {
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
    fn the_arn_of_an_execution_is_built_for_any_partition_and_version() {
        let arn = |machine: &str| execution_arn(machine, "n");
        assert_eq!(
            arn("arn:aws-cn:states:cn-north-1:123456789012:stateMachine:M:7").as_deref(),
            Some("arn:aws-cn:states:cn-north-1:123456789012:execution:M:n")
        );
        assert_eq!(arn("arn:aws:states:us-east-1:123456789012:activity:M"), None);
        assert!(state_machine_arn("M").is_err());
    }

    #[test]
    fn names_are_checked_as_by_step_functions() {
        assert!(execution_name("rot-3f_A.b").is_ok());
        for refused in ["", "a b", "a/b", "a:b", &"x".repeat(81)] {
            assert!(execution_name(refused).is_err(), "{refused:?}");
        }
    }
}
