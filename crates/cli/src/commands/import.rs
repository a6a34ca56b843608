//! `tablekeeper import`: writes the items of an export into an existing table, from the operator's machine.
//!
//! It runs the code of the workflow `import-table`: the same plan, the same reading and writing, and the same
//! comparison with the manifest. The segments are tasks of this process, and a cursor file has their progress, from
//! which `--resume` continues.

mod create;
mod first_item;
mod latest;
mod preview;
mod request;
mod segments;
mod state;

use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use request::Request;
use segments::Job;
use serde::Serialize;
use tablekeeper_core::error_name::HasErrorName as _;
use tablekeeper_core::import::execution_input::{MOST_SEGMENTS, MOST_UNITS};
use tablekeeper_core::import::{Binary, Compression, Format, finish as finish_import};

pub(crate) use create::{Creation, check as check_creation, key_of};
pub(crate) use latest::{begun, begun_in, newest_below};
pub(crate) use request::refused;
pub(crate) use state::cursor_file_of;

use crate::consent;
use crate::console;
use crate::console::{Console, Stream, counted};
use crate::transfer::{
    Aws, INTERRUPTED, Location, Total, check_table_name, concluded, cursor_file, named, watch,
};

/// Write the items of an export into a table.
///
/// It reads the files of tablekeeper export and of the workflow export-table, DynamoDB's own exports, those of AWS Data
/// Pipeline, and directories of such lines without a manifest. Every file is checked against the manifest, if there is
/// one. Lines of JSON without DynamoDB's types (json) are read, too. Values that may have been a set, a binary or a
/// number with more digits are counted and reported at the end.
///
/// While it runs, it saves its progress in `.tablekeeper-import-<TABLE>.json` in the directory that is read, or in the
/// current directory if a bucket is read, and removes the file at the end. If it stops, --resume continues from there,
/// if the files are unchanged.
///
/// With --create, the table is made first: with the keys, the indexes, the billing, the encryption and the class of the
/// exported table. What is not copied is listed, with what copies it.
///
/// With --dry-run, nothing is written: the table and the files are checked as for an import, and what would be written
/// is printed.
///
/// The exit code is 0 if everything is written (or could be, with --dry-run), 1 if the import failed, 2 if the arguments cannot be used (there is no
/// such table, it holds items, or there is nothing to resume), and 130 if it was interrupted.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
                        tablekeeper import Movies --from s3://exports/daily/Movies/2026-03-01-02-00-00/ --max-rate 100\n  \
                        tablekeeper import Movies --from exports/Movies/2026-03-01-02-00-00\n  \
                        tablekeeper import Movies-copy --from exports/Movies/2026-03-01-02-00-00 --create\n  \
                        tablekeeper import Movies --from lines --format plain --merge --dry-run\n  \
                        tablekeeper import Movies --from lines --format plain --merge\n  \
                        tablekeeper import Movies --from s3://exports/daily/Movies/latest\n  \
                        tablekeeper import Movies --from 's3://backups/snapshots/2026-03-01 02:00' --format json")]
pub(crate) struct Arguments {
    /// The table's name.
    pub(crate) table: String,
    /// The directory of an export, its manifest-summary.json or manifest, a directory of files, or one file. If the last
    /// part is `latest`, it is the newest complete export of the table below the rest.
    #[arg(long, value_name = "s3://BUCKET/FOLDER|DIR")]
    pub(crate) from: String,
    /// The format of the lines, if there is no manifest with it.
    #[arg(long, value_parser = PossibleValuesParser::new(["dynamodb-json", "data-pipeline", "plain", "json"]).map(format))]
    pub(crate) format: Option<Format>,
    /// The encoding of a binary in files without a manifest. Text means the bytes themselves, as the full backup before
    /// export-table wrote them [default: base64].
    #[arg(long, value_parser = PossibleValuesParser::new(["base64", "text"]).map(binary))]
    pub(crate) binary: Option<Binary>,
    /// The compression of the files, if their extensions (.gz, .zst) do not show it.
    #[arg(long, value_parser = PossibleValuesParser::new(["none", "gzip", "zstd"]).map(compression))]
    pub(crate) compression: Option<Compression>,
    /// Number of segments that read and write in parallel [default: one per file, up to 8, or as few as use all of
    /// --max-rate].
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=MOST_SEGMENTS as i64))]
    pub(crate) segments: Option<u32>,
    /// Maximum write capacity units per second [default: no limit].
    #[arg(long, value_name = "WCU", value_parser = clap::value_parser!(u32).range(1..=MOST_UNITS as i64))]
    pub(crate) max_rate: Option<u32>,
    /// Write into a table that holds items, too. Items with the same keys are replaced.
    #[arg(long)]
    pub(crate) merge: bool,
    /// Do not ask before items are replaced. Needed for --merge without a terminal.
    #[arg(long, requires = "merge")]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) creation: Creation,
    /// Show what would be read, written and made, and write nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// The file for the progress [default: `.tablekeeper-import-<TABLE>.json`].
    #[arg(long, value_name = "FILE")]
    pub(crate) cursor_file: Option<std::path::PathBuf>,
    /// Continue the import in the cursor file.
    #[arg(long)]
    pub(crate) resume: bool,
    /// Print the result as one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// The report that `--json` prints.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    table: String,
    from: String,
    item_count: u64,
    files: u32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
}

/// The kind of source of an import.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// Any files.
    Files,
    /// A snapshot of an incremental backup. It names the key attributes of its items.
    Snapshot,
}

impl Kind {
    /// Returns the name of the operation, for messages.
    fn noun(self) -> &'static str {
        match self {
            Kind::Files => "import",
            Kind::Snapshot => "restore",
        }
    }
}

/// Runs `tablekeeper import`.
pub(crate) async fn act(mut arguments: Arguments) -> anyhow::Result<ExitCode> {
    check_table_name(&arguments.table)?;
    let mut place = Location::parse("--from", &arguments.from)?;
    let aws = Aws::from_environment().await?;
    let console = Console::new(Stream::Stderr);
    aws.announce(&console).await;
    if let Some(from) = latest::resolved(&arguments, &place, &aws, &console).await? {
        place = Location::parse("--from", &from)?;
        arguments.from = from;
    }
    import(&arguments, Kind::Files, &place, &aws, &console).await
}

/// Asks whether items may be replaced. Fails if they may not, or if there is nobody to ask.
fn check_replacement(arguments: &Arguments) -> anyhow::Result<()> {
    if arguments.yes {
        return Ok(());
    }
    let table = &arguments.table;
    consent::require(Some(&format!("replace the items of {table} that have the same keys?")), || {
        format!(
            "--merge replaces items of {table}, and there is no terminal to ask; nothing was written. Use --yes to \
             write without asking"
        )
    })
}

/// Imports the files at a location.
pub(crate) async fn import(
    arguments: &Arguments,
    kind: Kind,
    place: &Location,
    aws: &Aws,
    console: &Console,
) -> anyhow::Result<ExitCode> {
    if arguments.dry_run {
        return preview::show(arguments, kind, place, aws, console).await;
    }
    if arguments.merge && !arguments.resume {
        check_replacement(arguments)?;
    }
    let mut found = None;
    if arguments.creation.create && !arguments.resume {
        let files = request::find(arguments, place, aws).await?;
        if !create::make(arguments, kind, &files, aws, console).await? {
            return Ok(ExitCode::from(INTERRUPTED));
        }
        found = Some(files);
    }
    let Request { files, source, state, path } = request::take(arguments, kind, place, aws, found).await?;
    let import = state.import.clone();
    if !arguments.resume {
        first_item::check(&files, &source, &import).await?;
    }
    let verb = match (arguments.resume, kind) {
        (true, _) => "continuing",
        (false, Kind::Files) => "importing",
        (false, Kind::Snapshot) => "restoring",
    };
    let files_of = counted(import.files.into(), "file");
    console.line(&format!("{verb} {files_of} of {} into {}", arguments.from, import.table_name));

    let unchecked = source.unchecked();
    if unchecked > 0 {
        console.note(&format!(
            "the manifest has no md5Checksum of {unchecked} of its files; their items are counted, but other \
             changes are not detected"
        ));
    }
    let total = Total { items: import.item_count, about: false, bytes: Some(state.bytes_left(&source)) };
    let job = Arc::new(Job::new(aws.raw_items(), files, source, state));
    job.save(&path)?;
    let dynamodb = &aws.clients.dynamodb();
    let mut pool = segments::begin(&job);
    let work = async {
        pool.finished().await.map_err(|error| named(error.name(), error))?;
        let finished = finish_import::finish(dynamodb, &job.files, import, &job.written()).await;
        finished.map_err(|error| named(error.name(), error))
    };
    let ended = watch(console, &job.counters, total, work, || job.save(&path)).await;
    let stop = async |goes_on: bool| {
        pool.stop().await;
        job.save(&path)?;
        let place = path.display();
        if !goes_on {
            let table = &arguments.table;
            let written: u64 = job.written().iter().map(|segment| segment.items).sum();
            return Ok(match written {
                0 => "nothing was written; fix the file and start again".to_owned(),
                _ => format!("what was written stays in {table}; fix the file and start again with --merge"),
            });
        }
        Ok(format!("{place} has the progress; the same command with --resume continues from there"))
    };
    let Some(finished) = concluded(console, ended, stop).await? else {
        return Ok(ExitCode::from(INTERRUPTED));
    };
    cursor_file::remove(&path)?;
    let finish_import::Output { table_name: table, from, item_count, files, notes } = finished;
    notes.iter().for_each(|note| console.note(note));
    if arguments.json {
        console::print_json(&Report { table, from, item_count, files, notes })?;
    } else {
        let (items, files) = (counted(item_count, "item"), counted(files.into(), "file"));
        console::print_data(&format!("{table}: {items} from {files} of {from}"));
    }
    Ok(ExitCode::SUCCESS)
}

/// Parses a format, one of the possible values of `--format`.
pub(crate) fn format(name: String) -> Format {
    match name.as_str() {
        "data-pipeline" => Format::DataPipeline,
        "plain" => Format::Plain,
        "json" => Format::Json,
        _ => Format::DynamodbJson,
    }
}

/// Parses an encoding, one of the possible values of `--binary`.
fn binary(name: String) -> Binary {
    if name == "text" { Binary::Text } else { Binary::Base64 }
}

/// Parses a compression, one of the possible values of `--compression`.
fn compression(name: String) -> Compression {
    match name.as_str() {
        "gzip" => Compression::Gzip,
        "zstd" => Compression::Zstd,
        _ => Compression::None,
    }
}
