//! `tablekeeper exports list`: lists the exports below a location.

use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use indicatif::{HumanBytes, HumanCount};
use serde::Serialize;
use tablekeeper_core::export::overview;
use tablekeeper_core::export::overview::{Overview, State};
use tablekeeper_core::storage::{Files, as_prefix};

use crate::config::reported;
use crate::console;
use crate::console::{Console, Stream};
use crate::failure::Unusable;
use crate::transfer::{Aws, Location, named, whole};

/// List the exports below a bucket's prefix or a directory, the oldest first.
///
/// Each line is an export: its table, the time of its items, its number of items, its bytes, its state, and its folder,
/// which import takes. An incomplete export cannot be imported. Exports that DynamoDB wrote are listed, too. Snapshots
/// are not: snapshot list lists them.
///
/// Bytes are those of the lines before compression, or what DynamoDB bills. The exit code is 0, even if there are none,
/// 1 if the location cannot be read, and 2 if the arguments cannot be used.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tablekeeper exports list exports\n  \
                        tablekeeper exports list s3://exports/daily/Movies --json")]
pub(crate) struct Arguments {
    /// The bucket and prefix, or the directory [default: the current directory].
    #[arg(value_name = "s3://BUCKET/PREFIX|DIR", default_value = ".", hide_default_value = true)]
    location: String,
    /// Print each export as one line of JSON.
    #[arg(long)]
    json: bool,
}

/// An export as `--json` prints it.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    location: String,
    state: &'static str,
    table: Option<String>,
    time: Option<String>,
    item_count: Option<u64>,
    bytes: Option<u64>,
    /// Owner of an incomplete export.
    owner: Option<String>,
    /// Why the export cannot be read.
    reason: Option<String>,
}

/// Runs `tablekeeper exports list`.
pub(crate) async fn act(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let (files, prefix) = match Location::parse("LOCATION", &arguments.location)? {
        Location::Bucket { bucket, key } => {
            (whole(&Aws::from_environment().await?.s3, &bucket), as_prefix(&key))
        }
        Location::Path(path) if path.is_dir() => (Files::Directory(path), String::new()),
        Location::Path(path) => bail!(Unusable(format!(
            "LOCATION is {}, which is not a directory; it must be s3://bucket/prefix or a directory",
            path.display()
        ))),
    };
    let exports = overview::list(&files, &prefix).await.map_err(|error| named(error.name(), error))?;
    let console = Console::new(Stream::Stdout);
    if exports.is_empty() {
        console::print_remark(&format!("there is no export below {}", arguments.location));
    } else if !arguments.json {
        console.line(&console.strong(&columns("TABLE", "TIME", "ITEMS", "BYTES", "STATE", "LOCATION")));
    }
    for export in exports {
        let line = line(&files, export);
        match arguments.json {
            true => console::print_data(&serde_json::to_string(&line)?),
            false => console.line(&row(&line)),
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn line(files: &Files, Overview { folder, table_name, time, state }: Overview) -> Line {
    let line = Line {
        location: files.location(&folder),
        table: Some(table_name).filter(|name| !name.is_empty()),
        time: time.map(reported),
        ..Line::default()
    };
    match state {
        State::Whole { items, bytes } => {
            Line { state: "complete", item_count: Some(items), bytes: Some(bytes), ..line }
        }
        State::NotEnded { owner } => Line { state: "incomplete", owner: Some(owner), ..line },
        State::Unreadable(reason) => Line { state: "unreadable", reason: Some(reason), ..line },
    }
}

fn columns(table: &str, time: &str, items: &str, bytes: &str, state: &str, location: &str) -> String {
    format!("{table:<24}  {time:<20}  {items:>13}  {bytes:>11}  {state:<10}  {location}")
}

/// Formats an export as a row of text.
fn row(line: &Line) -> String {
    let count = line.item_count.map(|count| HumanCount(count).to_string()).unwrap_or_default();
    let bytes = line.bytes.map(|bytes| HumanBytes(bytes).to_string()).unwrap_or_default();
    let state = line.state;
    let why = match (&line.owner, &line.reason) {
        (Some(owner), _) => format!(" (begun by {owner})"),
        (None, Some(reason)) => format!(" ({reason})"),
        (None, None) => String::new(),
    };
    let location = format!("{}{why}", line.location);
    let (table, time) = (line.table.as_deref().unwrap_or("-"), line.time.as_deref().unwrap_or("-"));
    columns(table, time, &count, &bytes, state, &location)
}
