//! `tablekeeper restore`: writes the items of a snapshot into an existing table, from the operator's machine.
//!
//! A snapshot is an export, so the code of `import` writes it: every file is checked against the manifest, the written
//! items are counted, and the same cursor file has the progress. With a time instead of a name, the snapshot of that
//! second is made first, unless it exists.

mod target;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::bail;
use chrono::{DateTime, Utc};
use clap::Args;
use tablekeeper_core::import::execution_input::{MOST_SEGMENTS, MOST_UNITS};
use tablekeeper_core::import::plan as plan_import;

use super::import;
use super::import::{Creation, Kind};
use super::snapshot;
use super::snapshot::{How, LATEST, Previewed, Which};
use crate::config::{Configuration, Settings, past_second};
use crate::console::{Console, Stream};
use crate::failure::Unusable;
use crate::transfer::{Aws, INTERRUPTED, Location};

/// Parallel BatchWriteItem requests of a segment.
const REQUESTS_OF_A_SEGMENT: u32 = 8;

/// Write the items of a snapshot into a table.
///
/// The table must have the key attributes of the snapshot's items. It must be empty, unless --merge allows to replace
/// items with the same keys. Every file is checked against the manifest, and the number of written items against that
/// of the snapshot. With --at instead of a snapshot's name, the snapshot of that second is made first.
///
/// While it runs, it saves its progress in `.tablekeeper-import-<TABLE>.json` in the current directory, and removes the
/// file at the end. If it stops, --resume continues from there.
///
/// With --create, the table is made first. A snapshot says only which key attributes its items have, so the new table is
/// billed per request and has no indexes, unless --like or --settings says more.
///
/// The settings come from the environment (SNAPSHOT_BUCKET, SNAPSHOT_PREFIX, with --at INCREMENTAL_BUCKET,
/// INCREMENTAL_PREFIX and FAILURES_PREFIX, DYNAMODB_REGION, DYNAMODB_HOST, DYNAMODB_PORT, DYNAMODB_USETLS,
/// DYNAMODB_PARALLELISM), from --config, or from --stack.
///
/// With --dry-run, nothing is written, and what would be is printed.
///
/// The exit code is 0 if everything is written (or could be, with --dry-run), 1 if it failed, 2 if the arguments or settings cannot be used (there is
/// no such table or snapshot, the table has other key attributes or holds items), and 130 if it was interrupted.
#[derive(Debug, Args)]
#[command(
    override_usage = "tablekeeper restore [OPTIONS] <TABLE> <SNAPSHOT|latest>\n       \
                      tablekeeper restore [OPTIONS] <TABLE> --at <TIME>\n       \
                      tablekeeper restore [OPTIONS] --resume",
    after_help = "Examples:\n  tablekeeper restore Movies-restored 2026-11-20T02-00-00Z --max-rate 100\n  \
                        tablekeeper restore Movies-restored --at 2026-11-20T02:00:00Z\n  \
                        tablekeeper restore --resume\n  \
                        tablekeeper restore Movies-restored latest\n  \
                        tablekeeper restore Movies-restored latest --dry-run\n  \
                        tablekeeper restore Movies-restored 2026-11-20T02-00-00Z --create --like Movies\n  \
                        tablekeeper restore Movies 2026-11-20T02-00-00Z --merge --config movies.toml"
)]
pub(crate) struct Arguments {
    /// The name of the table to write to. With --resume, it may be left out: the cursor file names it.
    table: Option<String>,
    /// The snapshot's name, its location s3://BUCKET/FOLDER, or `latest` for the newest complete one. With --resume, it
    /// may be left out: the cursor file names it.
    #[arg(conflicts_with = "at")]
    snapshot: Option<String>,
    /// Make and restore a snapshot of this second: with a zone (2026-11-20T02:00:00Z), in local time
    /// (`2026-11-20 02:00:00`, 02:00) or ago (-10m).
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    at: Option<String>,
    /// Number of segments that read and write in parallel [default: one per file, up to an eighth of
    /// DYNAMODB_PARALLELISM, or as few as use all of --max-rate].
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=MOST_SEGMENTS as i64))]
    segments: Option<u32>,
    /// Maximum write capacity units per second [default: no limit].
    #[arg(long, value_name = "WCU", value_parser = clap::value_parser!(u32).range(1..=MOST_UNITS as i64))]
    max_rate: Option<u32>,
    /// Write into a table that holds items, too. Items with the same keys are replaced.
    #[arg(long)]
    merge: bool,
    /// Do not ask before items are replaced. Needed for --merge without a terminal.
    #[arg(long, requires = "merge")]
    yes: bool,
    #[command(flatten)]
    creation: Creation,
    #[command(flatten)]
    how: How,
    /// Show what would be read, written and made, and write nothing.
    #[arg(long)]
    dry_run: bool,
    /// The file for the progress [default: `.tablekeeper-import-<TABLE>.json`].
    #[arg(long, value_name = "FILE")]
    cursor_file: Option<PathBuf>,
    /// Continue the restore in the cursor file, and before that its snapshot if it is incomplete.
    #[arg(long)]
    resume: bool,
    #[command(flatten)]
    configuration: Configuration,
    /// Print the result as one JSON object.
    #[arg(long)]
    json: bool,
}

/// Runs `tablekeeper restore`.
pub(crate) async fn act(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let arguments = target::completed(arguments)?;
    if let (None, Some(option)) = (&arguments.at, arguments.how.given()) {
        bail!(Unusable(format!("{option} only applies with --at; leave it out")));
    }
    let settings = arguments.configuration.settings().await?;
    let aws = settings.aws().await?;
    let console = Console::new(Stream::Stderr);
    aws.announce(&console).await;
    let (from, resume) = match &arguments.at {
        Some(at) => match made(&arguments, past_second(at)?, &settings, &aws, &console).await? {
            Made::Snapshot(location, begun) => (location, begun),
            Made::Previewed => return Ok(ExitCode::SUCCESS),
            Made::Interrupted => return Ok(ExitCode::from(INTERRUPTED)),
        },
        None => (named_by(&arguments, &settings, &aws, &console).await?, arguments.resume),
    };
    let place = Location::parse("SNAPSHOT", &from)?;
    let import = import::Arguments {
        table: arguments.table.unwrap_or_default(),
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
        yes: arguments.yes,
        creation: arguments.creation,
        dry_run: arguments.dry_run,
        cursor_file: arguments.cursor_file,
        resume,
        json: arguments.json,
    };
    let followed = settings.check_own(&import.table).is_ok() && settings.table.is_some();
    let makes_followed = followed && import.creation.create && !import.dry_run;
    let code = import::import(&import, Kind::Snapshot, &place, &aws, &console).await?;
    if makes_followed {
        console.note(&format!(
            "the backup follows the stream of the former {0}. Turn on a stream of the new table, and deploy the stack with \
             its ARN as StreamArn and with another IncrementalPrefix; until then, changes of {0} are not backed up",
            import.table
        ));
    }
    Ok(code)
}

/// What became of the snapshot to restore.
enum Made {
    /// The snapshot exists: its location, and whether its restore was begun.
    Snapshot(String, bool),
    /// With `--dry-run`, the snapshot would be made first, which was printed.
    Previewed,
    Interrupted,
}

/// Makes the snapshot of a second. Checks the table first, because a snapshot may take long.
async fn made(
    arguments: &Arguments,
    at: DateTime<Utc>,
    settings: &Settings,
    aws: &Aws,
    console: &Console,
) -> anyhow::Result<Made> {
    settings.items()?;
    settings.snapshots()?;
    let usual = || PathBuf::from(import::cursor_file_of(arguments.table()));
    let path = arguments.cursor_file.clone().unwrap_or_else(usual);
    let begun = arguments.resume && path.exists();
    if arguments.creation.create && !begun {
        import::check_creation(&arguments.creation, arguments.table(), aws).await?;
    } else {
        check_table(arguments, begun, &path, aws).await?;
    }
    let table = settings.table.clone();
    let which = Which { table, must_exist: false, at: Some(at), resume: arguments.resume };
    if arguments.dry_run {
        let preview = snapshot::preview(&which, &arguments.how, settings, aws, console).await?;
        return match preview {
            Previewed::Existing(location) => Ok(Made::Snapshot(location, begun)),
            Previewed::New(preview) => {
                console.line(&format!("the snapshot would be restored into {}", arguments.table()));
                preview.show(arguments.json)?;
                Ok(Made::Previewed)
            }
        };
    }
    let output = snapshot::make(&which, &arguments.how, settings, aws, console).await?;
    Ok(output.map_or(Made::Interrupted, |output| Made::Snapshot(output.location, begun)))
}

/// Refuses a table that cannot be restored to.
async fn check_table(arguments: &Arguments, begun: bool, path: &Path, aws: &Aws) -> anyhow::Result<()> {
    let dynamodb = aws.clients.dynamodb();
    let checked = plan_import::check_table(&dynamodb, arguments.table(), arguments.merge || begun).await;
    checked.map(drop).map_err(|error| import::refused(error, Kind::Snapshot, path, aws))
}

/// Returns the location of the named snapshot. A resumed restore of `latest` takes the snapshot that it began with.
async fn named_by(
    arguments: &Arguments,
    settings: &Settings,
    aws: &Aws,
    console: &Console,
) -> anyhow::Result<String> {
    let text = arguments.snapshot.as_deref().unwrap_or_default();
    let is_latest = text.trim_end_matches('/').rsplit('/').next() == Some(LATEST);
    let cursor_file = arguments.cursor_file.as_deref();
    if let Some(begun) = import::begun(arguments.table(), is_latest && arguments.resume, cursor_file)? {
        console.line(&format!("{LATEST} was {begun} when the restore began"));
        return Ok(begun);
    }
    // A location may name a manifest, which `import` finds.
    if text.starts_with("s3://") && !is_latest {
        return Ok(text.to_owned());
    }
    Ok(snapshot::find(text, settings, aws, console).await?.location())
}
