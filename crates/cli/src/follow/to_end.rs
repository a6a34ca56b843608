//! Follows an execution to its end, for `run --follow` and `follow`.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::bail;
use aws_config::SdkConfig;
use aws_sdk_sfn::Client;
use tablekeeper_core::outcome;

use super::{Follower, Outcome, ProgressPrinter};
use crate::console;
use crate::console::{Console, Stream};
use crate::machines::console_link;
use crate::transfer::INTERRUPTED;

/// Interval between polls of an execution, well below the quota of an account.
const POLL: Duration = Duration::from_secs(1);

/// How following an execution ended.
#[derive(Debug)]
pub(crate) enum Ended {
    /// The execution ended.
    Execution(Outcome),
    /// The user pressed Ctrl-C. The execution continues.
    Interrupted,
}

/// Prints the progress of an execution until it ends, or until Ctrl-C. `machine` is the ARN of its state machine.
pub(crate) async fn to_end(config: &SdkConfig, machine: &str, execution: &str) -> anyhow::Result<Ended> {
    let client = Client::new(config);
    let console = Console::new(Stream::Stderr);
    console.line(&format!("following {execution}"));
    if let Some(link) = console_link(execution, config) {
        console.line(&console.faint(&link));
    }
    let follow = async {
        let printer = ProgressPrinter::new(&console, &client, machine).await;
        printer.follow(Follower::new(client.clone(), execution), POLL).await
    };
    tokio::select! {
        outcome = follow => Ok(Ended::Execution(outcome?)),
        signal = tokio::signal::ctrl_c() => {
            signal?;
            console.idle();
            console.always(&format!(
                "the execution continues; follow it again with: tablekeeper follow {execution}"
            ));
            Ok(Ended::Interrupted)
        }
    }
}

impl Ended {
    /// Prints the result in a sentence, and returns the exit code: 0 for success, 1 for a failure, 130 for Ctrl-C.
    pub(crate) fn conclude(&self) -> anyhow::Result<ExitCode> {
        let outcome = match self {
            Ended::Interrupted => return Ok(ExitCode::from(INTERRUPTED)),
            Ended::Execution(outcome) => outcome,
        };
        if !outcome.succeeded() {
            bail!("the execution ended as {}", outcome.describe());
        }
        let Some(output) = &outcome.output else { return Ok(ExitCode::SUCCESS) };
        match outcome::of_execution(output) {
            Some(lines) => lines.iter().for_each(|line| console::print_data(line)),
            None => console::print_json(output)?,
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Returns the outcome of the execution; `None` if it continues.
    pub(crate) fn outcome(&self) -> Option<&Outcome> {
        match self {
            Ended::Execution(outcome) => Some(outcome),
            Ended::Interrupted => None,
        }
    }

    /// Returns the exit code after the result was printed as JSON.
    pub(crate) fn exit_code(&self) -> anyhow::Result<ExitCode> {
        match self {
            Ended::Interrupted => Ok(ExitCode::from(INTERRUPTED)),
            Ended::Execution(outcome) if outcome.succeeded() => Ok(ExitCode::SUCCESS),
            Ended::Execution(outcome) => bail!("the execution ended as {}", outcome.describe()),
        }
    }
}
