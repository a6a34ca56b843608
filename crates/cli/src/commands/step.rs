//! `tablekeeper step`: runs one step in this process, in the AWS environment.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use crate::failure::Unusable;
use crate::session;
use crate::{console, event_file};

/// Run one step of a workflow on this machine.
///
/// It calls the account, or the endpoint, of the AWS environment. It does what the Lambda function would do: it may start, change and publish things. A step that its template
/// configures reads the same environment variables here. For example, rotate-restore.start needs STATE_MACHINE_ARN,
/// SOURCE_PATTERN and REPLACEMENT_PATTERN.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  tablekeeper step rotate-restore.publish-pointer --event payload.json")]
pub(crate) struct Arguments {
    /// The step: <workflow>.<step>.
    step: String,
    /// The payload that the state machine would send: a file, or - for standard input.
    #[arg(long, value_name = "FILE")]
    event: String,
}

/// Runs the step. Prints its output on stdout, or its failure as Step Functions would see it.
pub(crate) async fn act(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let Some(entry) = tablekeeper_functions::step(&arguments.step) else {
        let names: Vec<_> = tablekeeper_functions::steps().iter().map(|entry| entry.name).collect();
        let message = format!("there is no step `{}`; the steps are: {}", arguments.step, names.join(", "));
        return Err(Unusable(message).into());
    };
    let payload = event_file::read(&arguments.event)?;
    let clients = session::clients(entry.name).await;
    let outcome = match (entry.build)(&clients) {
        Ok(step) => step.run_json(payload).await,
        Err(failure) => Err(failure),
    };
    match outcome {
        Ok(output) => {
            console::print_json(&output)?;
            Ok(ExitCode::SUCCESS)
        }
        Err(failure) => {
            console::print_json(&json!({ "errorType": failure.name, "errorMessage": failure.message }))?;
            Err(failure.into())
        }
    }
}
