//! `tablekeeper export`: the items of a table as files, from one's own machine.
//!
//! It does what the workflow `export-table` does, with the workflow's own code and layout: the same plan, the same
//! parts with their records, the same verification before a manifest is written. What is different is who calls: the
//! segments are tasks of this process, and an export that was stopped goes on where its records end, with --resume.

mod request;
mod segments;

use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use request::Request;
use segments::Job;
use serde::Serialize;
use tablekeeper_core::clock::Clock;
use tablekeeper_core::error_name::HasErrorName as _;
use tablekeeper_core::export::capture::Output;
use tablekeeper_core::export::finish::{FinishError, Finished};
use tablekeeper_core::export::layout::Layout;
use tablekeeper_core::export::{
    CompressionName, ExportFormat, Frequency, NullTagName, capture, finish, same_table,
};

use crate::console;
use crate::console::{Console, Stream};
use crate::transfer::{Aws, INTERRUPTED, Location, Total, check_table_name, concluded, named, watch};

/// Write the items of a table to files, in a bucket or in a directory.
///
/// Each export gets a folder of its own, `<TABLE>/<YYYY-MM-DD-HH-MM-SS>/`, in the layout of the workflow export-table.
/// It is whole once its manifest-summary.json is there, which is written last. The last line on stdout says where that
/// is, and how much there is in it.
///
/// Whatever stops it, the files that are whole stay, and --resume goes on with the newest export of the table that was
/// not ended. Only one process may do so at a time.
///
/// The exit code is 0 if the export is whole, 1 if it failed, 2 if the arguments cannot be used (there is no such table,
/// or nothing to resume), and 130 if it was interrupted.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tablekeeper export Movies --to s3://exports/daily --max-rate 50\n  \
                        tablekeeper export Movies --to exports --format plain --compression zstd --segments 4\n  \
                        tablekeeper export Movies --to exports --resume")]
pub(crate) struct Arguments {
    /// The table's name.
    table: String,
    /// Below which bucket and prefix, or directory, the export's folder is made. A directory is made too.
    #[arg(long, value_name = "s3://BUCKET/PREFIX|DIR")]
    to: String,
    /// How an item stands in its line [default: dynamodb-json].
    #[arg(long, value_parser = PossibleValuesParser::new(["dynamodb-json", "data-pipeline", "plain"])
        .try_map(|name| name.parse::<ExportFormat>()))]
    format: Option<ExportFormat>,
    /// What the format data-pipeline calls a null [default: nULL].
    #[arg(long, value_parser = PossibleValuesParser::new(["nULL", "nULLValue"])
        .try_map(|name| name.parse::<NullTagName>()))]
    null_tag: Option<NullTagName>,
    /// How the data files are compressed [default: gzip].
    #[arg(long, value_parser = PossibleValuesParser::new(["none", "gzip", "zstd"])
        .try_map(|name| name.parse::<CompressionName>()))]
    compression: Option<CompressionName>,
    /// In how many segments the table is scanned, side by side [default: one for each 512 MiB, or as
    /// few as take all of --max-rate].
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=64))]
    segments: Option<u32>,
    /// Read capacity units a second that the scan takes at most [default: no limit].
    #[arg(long, value_name = "RCU", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    max_rate: Option<u32>,
    /// Reads strongly consistently, which takes twice the capacity.
    #[arg(long)]
    consistent_read: bool,
    /// How often this is done, for the tag Frequency of objects: daily, quarter-hourly … [default: manual].
    #[arg(long, value_parser = frequency)]
    frequency: Option<Frequency>,
    /// Ends a data file after so many seconds; so much of each segment is done again at most by --resume [default: 300].
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=3600))]
    seconds_per_file: Option<u32>,
    /// Goes on with the newest export of the table below --to that was begun from the command line and not ended.
    #[arg(long)]
    resume: bool,
    /// Prints what was exported as one JSON object.
    #[arg(long)]
    json: bool,
}

/// What `--json` prints.
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

/// Exports the table.
pub(crate) async fn act(arguments: Arguments) -> anyhow::Result<ExitCode> {
    check_table_name(&arguments.table)?;
    let place = Location::parse("--to", &arguments.to)?;
    arguments.check(&place)?;
    let aws = Aws::from_environment().await?;
    let Request { run, plan, files, about } = request::take(&arguments, &place, &aws).await?;
    let console = Console::new(Stream::Stderr);
    let folder = files.location(&plan.folder);
    let verb = if arguments.resume { "going on with" } else { "exporting" };
    console.line(&format!("{verb} {} in {} segments to {folder}", plan.table_name, plan.segments));

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
                "what was written stays in {folder}, without a manifest; a new export has another folder"
            ));
        }
        Ok(format!("what is whole stays in {folder}; the same command with --resume goes on with it"))
    };
    let Some((settings, finished)) = concluded(&console, ended, stop).await? else {
        return Ok(ExitCode::from(INTERRUPTED));
    };
    tell(&arguments, &console, Report::new(&job, settings, finished))
}

/// Takes away what was begun and is no file yet.
async fn clear(job: &Job) {
    if let Err(error) = job.files.abort_uploads(&job.plan.folder).await {
        console::print_remark(&format!("what was begun there could not be taken away: {error}"));
    }
}

/// Writes the table's settings down beside its items, unless they are there. Where that fails, the items are worth
/// having without them.
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
            notes: vec![format!("its settings were not written down: {error} ({})", error.name())],
        },
    }
}

fn tell(arguments: &Arguments, console: &Console, report: Report) -> anyhow::Result<ExitCode> {
    for note in &report.notes {
        console.line(&format!("note: {note}"));
    }
    if arguments.json {
        console::print_json(&report)?;
    } else {
        let Report { manifest, item_count, bytes, files, .. } = &report;
        console::print_data(&format!("{manifest}: {item_count} items, {bytes} bytes, {files} files"));
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
    let them = "quarter-hourly, hourly, daily, weekly, monthly, yearly or manual may be given";
    Frequency::called(text).ok_or_else(|| them.to_owned())
}
