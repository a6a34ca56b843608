//! `tablekeeper snapshot list`: lists the existing snapshots.

use std::process::ExitCode;

use clap::Args;
use indicatif::{HumanBytes, HumanCount};
use serde::Serialize;
use tablekeeper_core::snapshot::overview;
use tablekeeper_core::snapshot::overview::{Overview, State};

use crate::config::{Configuration, reported};
use crate::console;
use crate::console::{Console, Stream};
use crate::transfer::named;

/// List the snapshots in the bucket, the oldest second first.
///
/// Each line is a snapshot: its name, which restore takes, its table, its number of items, its bytes, and whether it is
/// complete. An incomplete snapshot cannot be restored.
///
/// The settings come from the environment (SNAPSHOT_BUCKET, SNAPSHOT_PREFIX), from --config, or from --stack. The exit
/// code is 0, even if there are none, 1 if the bucket cannot be read, and 2 if the settings cannot be used.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tablekeeper snapshot list\n  \
                        tablekeeper snapshot list --stack tablekeeper-incremental --json")]
pub(crate) struct Arguments {
    #[command(flatten)]
    configuration: Configuration,
    /// Print each snapshot as one line of JSON.
    #[arg(long)]
    json: bool,
}

/// A snapshot as `--json` prints it.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    snapshot: String,
    state: &'static str,
    at: Option<String>,
    table: Option<String>,
    item_count: Option<u64>,
    bytes: Option<u64>,
    /// Owner of an incomplete snapshot.
    owner: Option<String>,
    /// Why the snapshot cannot be read.
    reason: Option<String>,
}

/// Runs `tablekeeper snapshot list`.
pub(crate) async fn act(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let settings = arguments.configuration.settings().await?;
    let snapshots = settings.snapshots()?;
    let aws = settings.aws().await?;
    let console = Console::new(Stream::Stdout);
    let mut broken = None;
    let mut headed = arguments.json;
    let mut print_overview = |overview: Overview| {
        if !std::mem::replace(&mut headed, true) {
            console.line(&console.strong(&columns("NAME", "TABLE", "ITEMS", "BYTES", "STATE")));
        }
        let line = line(overview);
        match (arguments.json, serde_json::to_string(&line)) {
            (true, Ok(json)) => console::print_data(&json),
            (true, Err(error)) => broken = Some(error),
            (false, _) => console.line(&row(&line)),
        }
    };
    let count = overview::each(&aws.s3, &snapshots.bucket, &snapshots.prefix, &mut print_overview).await;
    let count = count.map_err(|error| named(error.name(), error))?;
    if let Some(error) = broken {
        return Err(error.into());
    }
    if count == 0 {
        console::print_remark(&format!(
            "there is no snapshot in s3://{}/{}",
            snapshots.bucket, snapshots.prefix
        ));
    }
    Ok(ExitCode::SUCCESS)
}

fn line(Overview { name: snapshot, state }: Overview) -> Line {
    let table_of = |name: String| Some(name).filter(|name| !name.is_empty());
    let line = Line { snapshot, ..Line::default() };
    match state {
        State::Whole { at, table_name, items, bytes } => Line {
            state: "complete",
            at: Some(reported(at)),
            table: table_of(table_name),
            item_count: Some(items),
            bytes: Some(bytes),
            ..line
        },
        State::NotEnded { at, table_name, owner } => Line {
            state: "incomplete",
            at: Some(reported(at)),
            table: table_of(table_name),
            owner: Some(owner),
            ..line
        },
        State::Unreadable(reason) => Line { state: "unreadable", reason: Some(reason), ..line },
    }
}

fn columns(name: &str, table: &str, items: &str, bytes: &str, state: &str) -> String {
    format!("{name:<24}  {table:<24}  {items:>13}  {bytes:>11}  {state}")
}

/// Formats a snapshot as a row of text.
fn row(line: &Line) -> String {
    let count = line.item_count.map(|count| HumanCount(count).to_string()).unwrap_or_default();
    let bytes = line.bytes.map(|bytes| HumanBytes(bytes).to_string()).unwrap_or_default();
    let state = match (&line.owner, &line.reason) {
        (Some(owner), _) => format!("incomplete, begun by {owner}"),
        (None, Some(reason)) => reason.clone(),
        (None, None) => line.state.to_owned(),
    };
    columns(&line.snapshot, line.table.as_deref().unwrap_or("-"), &count, &bytes, &state)
}
