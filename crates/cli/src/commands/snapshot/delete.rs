//! `tablekeeper snapshot delete`: deletes a snapshot.

use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use serde::Serialize;
use tablekeeper_core::snapshot::delete;
use tablekeeper_core::snapshot::document::Document;

use super::name;
use super::name::LATEST;
use crate::config::{Configuration, reported};
use crate::consent;
use crate::console;
use crate::console::{Console, Stream, counted};
use crate::failure::Unusable;
use crate::transfer::{INTERRUPTED, named, until_interrupted};

/// Delete a snapshot, complete or not.
///
/// On a terminal, the command asks first. Elsewhere it needs --yes. The manifest is deleted first: a deletion that is
/// interrupted leaves an incomplete snapshot, which can be deleted again. In a versioned bucket, earlier versions of
/// the files stay until a lifecycle rule removes them.
///
/// The settings come from the environment (SNAPSHOT_BUCKET, SNAPSHOT_PREFIX), from --config, or from --stack. The exit
/// code is 0 if the snapshot was deleted, 1 if it failed or you answered no, 2 if there is no such snapshot, or --yes
/// is missing, or the settings cannot be used, and 130 if it was interrupted.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tablekeeper snapshot delete 2026-11-20T02-00-00Z\n  \
                        tablekeeper snapshot delete s3://snapshots/daily/2026-11-20T02-00-00Z --yes")]
pub(crate) struct Arguments {
    /// The snapshot's name or its location s3://BUCKET/FOLDER.
    snapshot: String,
    /// Delete without asking.
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    configuration: Configuration,
    /// Print the result as one JSON object.
    #[arg(long)]
    json: bool,
}

/// The report that `--json` prints.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    snapshot: String,
    location: String,
    files: usize,
}

/// Runs `tablekeeper snapshot delete`.
pub(crate) async fn act(arguments: Arguments) -> anyhow::Result<ExitCode> {
    if arguments.snapshot.trim_end_matches('/').rsplit('/').next() == Some(LATEST) {
        bail!(Unusable(format!(
            "SNAPSHOT is {LATEST}; name the snapshot to delete, so that a newer one is not deleted by mistake"
        )));
    }
    let settings = arguments.configuration.settings().await?;
    let aws = settings.aws().await?;
    let console = Console::new(Stream::Stderr);
    let folder = name::find(&arguments.snapshot, &settings, &aws, &console).await?;
    let (files, location) = (folder.files(&aws), folder.location());
    let Document { owner, snapshot, .. } = folder.read(&files).await?;
    let is_whole = snapshot.is_whole(&files).await.map_err(|error| named(error.name(), error))?;
    let state = if is_whole { "complete".to_owned() } else { format!("incomplete, begun by {owner}") };
    let what = format!("the snapshot {location} of {} ({state})", reported(snapshot.at));
    if !arguments.yes {
        consent::require(Some(&format!("delete {what}?")), || {
            format!("{what} was not deleted: without a terminal to ask on, give --yes")
        })?;
    }
    let Some(deleted) = until_interrupted(delete::delete(&files, &folder.key)).await? else {
        console.line(&format!(
            "interrupted; what is left of {location} is incomplete, and can be deleted again"
        ));
        return Ok(ExitCode::from(INTERRUPTED));
    };
    let count = deleted.map_err(|error| named(error.name(), error))?;
    if arguments.json {
        let snapshot = folder.name().to_owned();
        console::print_json(&Report { snapshot, location, files: count })?;
    } else {
        console::print_data(&format!("{location}: {} deleted", counted(count.try_into()?, "file")));
    }
    Ok(ExitCode::SUCCESS)
}
