//! `tablekeeper follow`: follows an execution that was started before.

use std::process::ExitCode;

use aws_sdk_sfn::Client;
use clap::Args;
use serde::Serialize;

use super::executions::Chosen;
use crate::follow::{Outcome, to_end};
use crate::{console, session};

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
    #[command(flatten)]
    chosen: Chosen,
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
    let (machine, execution) = arguments.chosen.find(&client, &config).await?;
    let ended = to_end(&config, &machine.arn, &execution).await?;
    if !arguments.json {
        return ended.conclude();
    }
    if let Some(outcome) = ended.outcome() {
        console::print_json(&Report { execution_arn: &execution, outcome })?;
    }
    ended.exit_code()
}
