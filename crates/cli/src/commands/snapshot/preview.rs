//! `--dry-run` of `tablekeeper snapshot create`.

use std::process::ExitCode;

use super::{How, Making, Which, request};
use crate::config::{Settings, reported};
use crate::console::{Console, counted};
use crate::dry_run::{Place, Preview};
use crate::transfer::Aws;

/// A snapshot that would be used.
pub(crate) enum Previewed {
    /// The snapshot at this location is complete.
    Existing(String),
    /// The snapshot would be made or continued.
    New(Box<Preview>),
}

/// Prints what the command would do.
pub(super) async fn show(
    which: &Which,
    arguments: &Making,
    settings: &Settings,
    aws: &Aws,
    console: &Console,
) -> anyhow::Result<ExitCode> {
    let preview = match preview(which, &arguments.how, settings, aws, console).await? {
        Previewed::New(preview) => *preview,
        Previewed::Existing(location) => {
            Preview::new("would verify the existing snapshot".to_owned()).to(Place::existing(location))
        }
    };
    preview.show(arguments.json)?;
    Ok(ExitCode::SUCCESS)
}

/// Plans the snapshot without writing anything.
pub(crate) async fn preview(
    which: &Which,
    how: &How,
    settings: &Settings,
    aws: &Aws,
    console: &Console,
) -> anyhow::Result<Previewed> {
    let request = request::take(which, how, true, settings, aws, console).await?;
    let snapshot = &request.snapshot;
    let folder = request.files.location(&snapshot.plan.folder);
    if request.whole {
        return Ok(Previewed::Existing(folder));
    }
    snapshot.plan.notes.iter().for_each(|note| console.note(note));
    let (verb, place) = match which.resume {
        true => ("continue", Place::existing(folder)),
        false => ("make", Place::new(folder)),
    };
    let items = format!("s3://{}/{}", snapshot.items.bucket, snapshot.items.prefix);
    let compression = snapshot.run.compression;
    let shards = counted(snapshot.plan.segments.into(), "shard");
    let preview = Preview::new(format!("would {verb} the snapshot of {} in {shards}", reported(snapshot.at)))
        .from(Place::existing(items))
        .to(place)
        .makes(format!("data files: {}, {compression}, one or more per shard", snapshot.run.format))
        .makes("export.json, manifest-summary.json and manifest-files.json");
    Ok(Previewed::New(Box::new(preview)))
}
