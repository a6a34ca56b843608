//! `tablekeeper report`: writes the report of an execution, as a page and as a document.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use aws_sdk_sfn::Client;
use clap::Args;
use execution_report::{Report, page};
use tablekeeper_core::aws::execution_history;
use tablekeeper_core::outcome;
use tablekeeper_core::report_execution::facts;

use super::executions::Chosen;
use crate::console::{Console, Stream};
use crate::failure::Unusable;
use crate::{console, session};

/// Write the report of an execution, as a page and as JSON.
///
/// The page shows what was asked, what happened, the way through the state machine, the times, the waits and the failed
/// tries. It is one file that fetches nothing, so it can be sent to others. Items and their keys are left out of it without --items. An
/// execution that runs, timed out or was stopped has a report, too. Step Functions keeps the history of an execution for
/// 90 days.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tablekeeper report latest\n  tablekeeper report latest --workflow rotate-restore --output reports\n  \
                        tablekeeper report by-hand-customer-production-20261129T175038Z --json"
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    chosen: Chosen,
    /// Directory for the page and the document. It is created if it does not exist. Files of the same execution are
    /// replaced.
    #[arg(long, value_name = "DIR", default_value = ".")]
    output: PathBuf,
    /// Show the items and the keys that are in the input or the output, too. They may be personal data.
    #[arg(long)]
    items: bool,
    /// Print the document, and write no file.
    #[arg(long)]
    json: bool,
}

/// Runs `tablekeeper report`.
pub(crate) async fn act(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let config = session::sdk_config().await;
    let client = Client::new(&config);
    let (machine, arn) = arguments.chosen.find(&client, &config).await?;
    let console = Console::new(Stream::Stderr);
    console.busy("reading the history");
    let read = execution_history::read(&client, &arn, |events| {
        console.moving(&format!("reading the history: {events} events"));
    });
    let read = read.await.with_context(|| format!("cannot read the history of {arn}"))?;
    console.idle();
    let Some(execution) = read else { bail!(Unusable(format!("there is no execution {arn}"))) };
    let outcome = execution.output.as_ref().and_then(outcome::of_execution).unwrap_or_default();
    let facts = facts::facts(&execution, config.endpoint_url().is_none());
    let whole = arguments.items.then(|| (execution.input.clone(), execution.output.clone()));
    let mut report = Report::new(&machine.workflow, execution, outcome, facts);
    if let Some((input, output)) = whole {
        (report.input, report.output) = (input, output);
    }
    if arguments.json {
        console::print_json(&report)?;
        return Ok(ExitCode::SUCCESS);
    }
    let stem = format!("{}-{}", report.workflow, report.name);
    std::fs::create_dir_all(&arguments.output)
        .with_context(|| format!("cannot create the directory {}", arguments.output.display()))?;
    let at = |extension: &str| arguments.output.join(format!("{stem}.{extension}"));
    write(&at("json"), &serde_json::to_string_pretty(&report)?)?;
    write(&at("html"), &page(&report))?;
    console.line(&report.sentence);
    console::print_data(&at("html").display().to_string());
    Ok(ExitCode::SUCCESS)
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}
