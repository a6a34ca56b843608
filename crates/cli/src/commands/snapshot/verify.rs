//! `tablekeeper snapshot verify`: checks that a snapshot is as it was written.

use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use serde::Serialize;
use tablekeeper_core::export::verify;
use tablekeeper_core::snapshot::document::Document;

use super::name;
use crate::config::Configuration;
use crate::console;
use crate::console::{Console, Stream, counted};
use crate::transfer::{INTERRUPTED, named, until_interrupted};

/// Check that a snapshot is complete and undamaged. Nothing is changed.
///
/// Every file of the manifest must exist, with the size and the ETag that it was written with, and no other file may be
/// among them. A file with another ETag, such as a copy, is read, and its MD5 and its items are compared. The numbers
/// of items must add up. With --read, every file is read.
///
/// Each damage is a line. The settings come from the environment (SNAPSHOT_BUCKET, SNAPSHOT_PREFIX), from --config, or
/// from --stack. The exit code is 0 if the snapshot is undamaged, 1 if it is damaged or incomplete or cannot be read, 2
/// if there is no such snapshot or the settings cannot be used, and 130 if it was interrupted.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tablekeeper snapshot verify 2026-11-20T02-00-00Z\n  \
                        tablekeeper snapshot verify latest --read --json")]
pub(crate) struct Arguments {
    /// The snapshot's name, its location s3://BUCKET/FOLDER, or `latest` for the newest complete one.
    snapshot: String,
    /// Read every file, also those whose ETag is the recorded one.
    #[arg(long)]
    read: bool,
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
    item_count: u64,
    files: u64,
    /// Number of files whose content was read.
    read: u64,
    damages: Vec<String>,
}

/// Runs `tablekeeper snapshot verify`.
pub(crate) async fn act(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let settings = arguments.configuration.settings().await?;
    let aws = settings.aws().await?;
    let console = Console::new(Stream::Stderr);
    let folder = name::find(&arguments.snapshot, &settings, &aws, &console).await?;
    let (files, location) = (folder.files(&aws), folder.location());
    let Document { owner, snapshot, .. } = folder.read(&files).await?;
    if !snapshot.is_whole(&files).await.map_err(|error| named(error.name(), error))? {
        bail!("the snapshot {location} is incomplete: it has no manifest, and was begun by {owner}");
    }
    console.busy(&format!("verifying {location}"));
    let work = verify::verify(&files, &snapshot.run, &snapshot.plan, arguments.read);
    let verified = until_interrupted(work).await?;
    console.idle();
    let Some(verified) = verified else {
        console.line("interrupted; nothing was changed");
        return Ok(ExitCode::from(INTERRUPTED));
    };
    let verified = verified.map_err(|error| named(error.name(), error))?;
    let (damages, count) = (verified.damages, verified.files);
    let report = Report {
        snapshot: folder.name().to_owned(),
        location,
        item_count: verified.items,
        files: count,
        read: verified.read,
        damages,
    };
    if arguments.json {
        console::print_json(&report)?;
    } else if report.damages.is_empty() {
        let Report { location, item_count, files, read, .. } = &report;
        console::print_data(&format!(
            "{location}: {} in {} undamaged, {} read",
            counted(*item_count, "item"),
            counted(*files, "file"),
            counted(*read, "file")
        ));
    } else {
        report.damages.iter().for_each(|damage| console::print_data(damage));
    }
    if !report.damages.is_empty() {
        bail!(
            "the snapshot {} is damaged in {}",
            report.location,
            counted(report.damages.len().try_into()?, "place")
        );
    }
    Ok(ExitCode::SUCCESS)
}
