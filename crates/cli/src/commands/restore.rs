//! `tablekeeper restore`: a table's items as they were, in a table that is there, from one's own machine.
//!
//! A snapshot is an export, so that it is `import` that writes: every file is held against its manifest, what is written
//! is counted, and up to where it came stands in the same small file. With a time in place of a name, the snapshot of that
//! second is made first, or found made.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use tablekeeper_core::import::execution_input::{MOST_SEGMENTS, MOST_UNITS};
use tablekeeper_core::import::plan as plan_import;
use tablekeeper_core::snapshot::restore_input::{Defaults, ExecutionInput};

use super::import;
use super::import::Kind;
use super::snapshot;
use super::snapshot::{How, Which};
use crate::config::{Configuration, Settings};
use crate::console::{Console, Stream};
use crate::failure::Unusable;
use crate::transfer::{Aws, INTERRUPTED, Location, check_table_name};

/// Requests of BatchWriteItem that a segment has under way.
const REQUESTS_OF_A_SEGMENT: u32 = 8;

/// Write the items of a snapshot into a table that is there.
///
/// The table has to have the key attributes of the snapshot's items, and to be empty, unless --merge says that items of
/// the same keys may be replaced. Every file is checked against the manifest, and the number of items that were written
/// against that of the snapshot. With --at in place of a snapshot's name, the snapshot of that second is made first.
///
/// Up to where it has written is kept in a file while it runs, `.tablekeeper-import-<TABLE>.json` in the current
/// directory. Whatever stops it, --resume goes on from there. The file is taken away at the end.
///
/// The settings come from the environment (SNAPSHOT_BUCKET, SNAPSHOT_PREFIX, with --at INCREMENTAL_BUCKET,
/// INCREMENTAL_PREFIX and FAILURES_PREFIX, DYNAMODB_REGION, DYNAMODB_HOST, DYNAMODB_PORT, DYNAMODB_USETLS,
/// DYNAMODB_PARALLELISM), from --config, or from --stack.
///
/// The exit code is 0 if everything is written, 1 if it failed, 2 if the arguments or settings cannot be used (there is no
/// such table or snapshot, the table has other key attributes or holds items), and 130 if it was interrupted.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tablekeeper restore Movies-restored 2026-11-20T02-00-00Z --max-rate 100\n  \
                        tablekeeper restore Movies-restored --at 2026-11-20T02:00:00Z\n  \
                        tablekeeper restore Movies 2026-11-20T02-00-00Z --merge --config movies.toml"
)]
pub(crate) struct Arguments {
    /// The name of the table that is written to.
    table: String,
    /// The snapshot's name, or where it lies: s3://BUCKET/FOLDER.
    #[arg(required_unless_present = "at", conflicts_with = "at")]
    snapshot: Option<String>,
    /// The second of which a snapshot is made and restored, as RFC 3339: 2026-11-20T02:00:00Z.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// How many segments read and write side by side [default: one for each file, up to 4, as DYNAMODB_PARALLELISM is
    /// eight times that, or as few as take all of --max-rate].
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=MOST_SEGMENTS as i64))]
    segments: Option<u32>,
    /// Write capacity units a second that are taken at most [default: no limit].
    #[arg(long, value_name = "WCU", value_parser = clap::value_parser!(u32).range(1..=MOST_UNITS as i64))]
    max_rate: Option<u32>,
    /// Writes into a table that holds items, too: those of the same keys are replaced.
    #[arg(long)]
    merge: bool,
    #[command(flatten)]
    how: How,
    /// The file that says up to where it has written, if not the usual one.
    #[arg(long, value_name = "FILE")]
    cursor_file: Option<PathBuf>,
    /// Goes on with the restore that the cursor file tells of, and before that with the snapshot that it is of.
    #[arg(long)]
    resume: bool,
    #[command(flatten)]
    configuration: Configuration,
    /// Prints what was restored as one JSON object.
    #[arg(long)]
    json: bool,
}

/// Restores the items.
pub(crate) async fn act(arguments: Arguments) -> anyhow::Result<ExitCode> {
    check_table_name(&arguments.table)?;
    if let (None, Some(option)) = (&arguments.at, arguments.how.given()) {
        bail!(Unusable(format!("{option} is for a snapshot that is made, of --at; leave it out")));
    }
    let settings = arguments.configuration.settings().await?;
    let aws = settings.aws().await?;
    let console = Console::new(Stream::Stderr);
    let (from, resume) = match &arguments.at {
        Some(at) => match made(&arguments, at, &settings, &aws, &console).await? {
            Some(made) => made,
            None => return Ok(ExitCode::from(INTERRUPTED)),
        },
        None => (named_by(&arguments, &settings)?, arguments.resume),
    };
    let place = Location::parse("SNAPSHOT", &from)?;
    let import = import::Arguments {
        table: arguments.table,
        from,
        format: None,
        binary: None,
        compression: None,
        segments: arguments.segments.or_else(|| {
            let most = settings.parallelism / REQUESTS_OF_A_SEGMENT;
            (!resume && arguments.max_rate.is_none()).then_some(most.clamp(1, MOST_SEGMENTS))
        }),
        max_rate: arguments.max_rate,
        merge: arguments.merge,
        cursor_file: arguments.cursor_file,
        resume,
        json: arguments.json,
    };
    import::import(&import, Kind::Snapshot, &place, &aws, &console).await
}

/// Where the snapshot of a second lies, once it is made, and whether its restore was begun. `None` where that was
/// interrupted. The table is looked at before, as a snapshot may take long.
async fn made(
    arguments: &Arguments,
    at: &str,
    settings: &Settings,
    aws: &Aws,
    console: &Console,
) -> anyhow::Result<Option<(String, bool)>> {
    settings.items()?;
    settings.snapshots()?;
    let usual = || PathBuf::from(import::cursor_file_of(&arguments.table));
    let path = arguments.cursor_file.clone().unwrap_or_else(usual);
    let begun = arguments.resume && path.exists();
    let dynamodb = aws.clients.dynamodb();
    let checked = plan_import::check_table(&dynamodb, &arguments.table, arguments.merge || begun);
    checked.await.map_err(|error| import::refused(error, Kind::Snapshot, &path, aws))?;
    let table = settings.table.clone();
    let which = Which { table, has_to_be_there: false, at: Some(at), resume: arguments.resume };
    let output = snapshot::make(&which, &arguments.how, settings, aws, console).await?;
    Ok(output.map(|output| (output.location, begun)))
}

/// Where the snapshot lies that is named.
fn named_by(arguments: &Arguments, settings: &Settings) -> anyhow::Result<String> {
    let text = arguments.snapshot.clone().unwrap_or_default();
    if text.starts_with("s3://") {
        return Ok(text);
    }
    let snapshots = settings.snapshots()?;
    let input = ExecutionInput {
        table_name: arguments.table.clone(),
        snapshot: Some(text),
        ..ExecutionInput::default()
    };
    let defaults = Defaults {
        bucket: snapshots.bucket.clone(),
        prefix: snapshots.prefix.clone(),
        ..Defaults::default()
    };
    let (input, _) = input
        .into_import(&defaults)
        .map_err(|invalid| Unusable(invalid.to_string().replacen("Snapshot", "SNAPSHOT", 1)))?;
    Ok(input.from)
}
