//! `tablekeeper export`: writes the items of a table to files, from the operator's machine.
//!
//! It runs the code of the workflow `export-table` with the same layout: the same plan, the same parts with their
//! records, and the same verification before the manifest is written. The segments are tasks of this process. With
//! `--resume`, a stopped export continues where its records end.

mod preview;
mod request;
mod segments;

use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use indicatif::HumanBytes;
use request::Request;
use segments::Job;
use serde::Serialize;
use tablekeeper_core::clock::Clock;
use tablekeeper_core::error_name::HasErrorName as _;
use tablekeeper_core::export::capture::Output;
use tablekeeper_core::export::finish::{FinishError, Finished};
use tablekeeper_core::export::layout::Layout;
use tablekeeper_core::export::{Compression, FormatName, Frequency, NullTag, capture, finish, same_table};

use crate::console;
use crate::console::{Console, Stream, counted};
use crate::transfer::{Aws, INTERRUPTED, Location, Total, check_table_name, concluded, named, watch};

/// Write the items of a table to files in a bucket or a directory.
///
/// Each export gets its own directory, `<TABLE>/<YYYY-MM-DD-HH-MM-SS>/`, in the layout of the workflow export-table.
/// The manifest-summary.json is written last: an export is complete if it exists. The last line on stdout is its
/// location.
///
/// If the export stops, complete files stay, and --resume continues the newest incomplete export of the table. Only one
/// process may do so at a time.
///
/// With --dry-run, nothing is written: the table and the destination are read, and what would be made is printed.
///
/// The exit code is 0 if the export is complete (or could begin, with --dry-run), 1 if it failed, 2 if the arguments cannot be used (there is no such
/// table, or nothing to resume), and 130 if it was interrupted.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tablekeeper export Movies --to s3://exports/daily --max-rate 50\n  \
                        tablekeeper export Movies --to exports --format plain --compression zstd --segments 4\n  \
                        tablekeeper export Movies --to exports --resume\n  \
                        tablekeeper export Movies --to s3://exports/daily --dry-run")]
pub(crate) struct Arguments {
    /// The table's name.
    table: String,
    /// The bucket and prefix, or the directory, to write to. A missing directory is created.
    #[arg(long, value_name = "s3://BUCKET/PREFIX|DIR")]
    to: String,
    /// The format of a line [default: dynamodb-json].
    #[arg(long, value_parser = PossibleValuesParser::new(["dynamodb-json", "data-pipeline", "plain"])
        .try_map(|name| name.parse::<FormatName>()))]
    format: Option<FormatName>,
    /// How the format data-pipeline writes a null [default: nULL].
    #[arg(long, value_parser = PossibleValuesParser::new(["nULL", "nULLValue"])
        .try_map(|name| name.parse::<NullTag>()))]
    null_tag: Option<NullTag>,
    /// The compression of the data files [default: gzip].
    #[arg(long, value_parser = PossibleValuesParser::new(["none", "gzip", "zstd"])
        .try_map(|name| name.parse::<Compression>()))]
    compression: Option<Compression>,
    /// Number of segments that are scanned in parallel [default: one per 512 MiB, or as few as use all of --max-rate].
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=64))]
    segments: Option<u32>,
    /// Maximum read capacity units per second of the scan [default: no limit].
    #[arg(long, value_name = "RCU", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    max_rate: Option<u32>,
    /// Use strongly consistent reads, which take twice the capacity.
    #[arg(long)]
    consistent_read: bool,
    /// How often this export is made, for the tag Frequency of its objects, such as daily or quarter-hourly [default:
    /// manual].
    #[arg(long, value_parser = frequency)]
    frequency: Option<Frequency>,
    /// Seconds after which a data file ends. --resume repeats at most this much of each segment [default: 300].
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=3600))]
    seconds_per_file: Option<u32>,
    /// Show what would be read, written and made, and write nothing.
    #[arg(long)]
    dry_run: bool,
    /// Continue the newest incomplete export of the table below --to that the command line began.
    #[arg(long)]
    resume: bool,
    /// Print the result as one JSON object.
    #[arg(long)]
    json: bool,
}

/// The report that `--json` prints.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    table: String,
    manifest: String,
    item_count: u64,
    bytes: u64,
    files: u64,
    settings: Option<String>,
    notes: Vec<String>,
}

/// Runs `tablekeeper export`.
pub(crate) async fn act(arguments: Arguments) -> anyhow::Result<ExitCode> {
    check_table_name(&arguments.table)?;
    let place = Location::parse("--to", &arguments.to)?;
    arguments.check(&place)?;
    let aws = Aws::from_environment().await?;
    let console = Console::new(Stream::Stderr);
    aws.announce(&console).await;
    let Request { run, plan, files, about, table } = request::take(&arguments, &place, &aws).await?;
    let folder = files.location(&plan.folder);
    let verb = if arguments.resume { "continuing" } else { "exporting" };
    let segments = counted(plan.segments.into(), "segment");
    if arguments.dry_run {
        return preview::show(&arguments, &run, &plan, &files, &table);
    }
    console.line(&format!("{verb} {} in {segments} to {folder}", plan.table_name));

    let calls = aws.raw_items();
    let job = Arc::new(Job::new(calls, files, run, plan));
    if arguments.resume {
        clear(&job).await;
    }
    let mut pool = segments::begin(&job);
    let work = async {
        let settings = settings(&job, &aws).await;
        pool.finished().await.map_err(|error| named(error.name(), error))?;
        let finished = async {
            let is_gone = same_table::check(&aws.clients.dynamodb(), &job.plan).await?;
            let finished = finish::finish(&job.files, &job.run, &job.plan).await?;
            let notes = is_gone.into_iter().chain(finished.notes).collect();
            Ok(Finished { notes, ..finished })
        };
        let finished = finished.await.map_err(|error: FinishError| named(error.name(), error))?;
        anyhow::Ok((settings, finished))
    };
    let total = Total { items: about, about: true, bytes: None };
    let ended = watch(&console, &job.counters, total, work, || Ok(())).await;
    let stop = async |goes_on: bool| {
        pool.stop().await;
        clear(&job).await;
        if !goes_on {
            return Ok(format!(
                "what was written stays in {folder}, without a manifest; a new export has another directory"
            ));
        }
        Ok(format!("complete files stay in {folder}; the same command with --resume continues the export"))
    };
    let Some((settings, finished)) = concluded(&console, ended, stop).await? else {
        return Ok(ExitCode::from(INTERRUPTED));
    };
    print_report(&arguments, &console, &folder, &Report::new(&job, settings, finished))
}

/// Aborts incomplete uploads and removes incomplete files.
async fn clear(job: &Job) {
    if let Err(error) = job.files.abort_uploads(&job.plan.folder).await {
        console::print_remark(&format!("incomplete uploads could not be removed: {error}"));
    }
}

/// Writes the table's settings next to its items, unless they exist. A failure becomes a note, because the items are
/// useful without them.
async fn settings(job: &Job, aws: &Aws) -> Output {
    let Job { files, run, plan, .. } = job;
    let key = Layout::new(run, plan).settings();
    if let Ok(Some(_)) = files.get(&key).await {
        return Output { settings: files.location(&key), notes: Vec::new() };
    }
    match capture::capture(&aws.clients.settings(), files, run, plan, Clock::System).await {
        Ok(captured) => captured,
        Err(error) => Output {
            settings: String::new(),
            notes: vec![format!("the table's settings were not written: {error} ({})", error.name())],
        },
    }
}

fn print_report(
    arguments: &Arguments,
    console: &Console,
    folder: &str,
    report: &Report,
) -> anyhow::Result<ExitCode> {
    for note in &report.notes {
        console.note(note);
    }
    if arguments.json {
        console::print_json(report)?;
    } else {
        let Report { table, manifest, item_count, bytes, files, .. } = report;
        console.line(&format!(
            "exported {} ({}) of {table} to {} in {}",
            counted(*item_count, "item"),
            HumanBytes(*bytes),
            counted(*files, "file"),
            console::duration(console.elapsed().as_secs_f64())
        ));
        console.line(&console.faint(&format!("back into a table: tablekeeper import TABLE --from {folder}")));
        console::print_data(manifest);
    }
    Ok(ExitCode::SUCCESS)
}

impl Report {
    fn new(job: &Job, settings: Output, finished: Finished) -> Report {
        let Finished { manifest, items, bytes, files, notes, .. } = finished;
        Report {
            table: job.plan.table_name.clone(),
            manifest,
            item_count: items,
            bytes,
            files,
            settings: Some(settings.settings).filter(|location| !location.is_empty()),
            notes: [notes, job.plan.notes.clone(), settings.notes].concat(),
        }
    }
}

fn frequency(text: &str) -> Result<Frequency, String> {
    let expected = "expected quarter-hourly, hourly, daily, weekly, monthly, yearly or manual";
    Frequency::parse(text).ok_or_else(|| expected.to_owned())
}
