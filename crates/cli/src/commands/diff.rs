//! `tablekeeper diff`: compares the items of two tables, exports, or states of an incremental backup.
//!
//! It reads both sides in parallel segments and writes a fingerprint of each item to a work directory. Then it compares
//! the fingerprints, part by part. So it takes the same memory for any number of items, and `--resume` continues after
//! what was read.

mod images;
mod read;
mod report;
mod shown;
mod side;
mod work;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use item_compare::{Counts, Kind};
use shown::Shown;
use side::{Given, Options};
use tablekeeper_core::compare::differences::Runs;
use tablekeeper_core::error_name::HasErrorName as _;
use tablekeeper_core::import::Format;
use work::Work;

use crate::config::Configuration;
use crate::console::{Console, Stream};
use crate::failure;
use crate::transfer::{INTERRUPTED, Total, concluded, named, watch};

/// The exit code if the sides differ.
const DIFFERENT: u8 = 3;

/// Compare the items of two tables, exports or past states.
///
/// Each side is a table (its name or ARN), the items of a table at a second of its incremental backup (TABLE@TIME), or
/// the location of an export, of a snapshot or of files with lines: s3://BUCKET/FOLDER, or a directory with a `/` in its
/// name, such as ./exports. EXPECTED has what is right. An item is missing if only EXPECTED has it, extra if only FOUND
/// has it, and changed if they differ in any attribute, type or digit.
///
/// A table is read by a scan, which takes one read capacity unit per 8 KB. Items that are written during the scan may be
/// reported as different. The work directory takes about 100 bytes per item and side.
///
/// The exit code is 0 if all items are equal, 3 if some differ, 1 if the comparison failed, 2 if the arguments cannot be
/// used, and 130 if it was interrupted.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tablekeeper diff Movies Movies-restored\n  \
                        tablekeeper diff s3://exports/daily/Movies/2026-03-01-02-00-00/ Movies-restored --max-rate 100\n  \
                        tablekeeper diff Movies@2026-03-01T02:00:00Z Movies-restored --stack movies-incremental\n  \
                        tablekeeper diff ./exports/Movies/2026-03-01-02-00-00 Movies --output differences.jsonl")]
pub(crate) struct Arguments {
    /// The side that is right.
    expected: String,
    /// The side that is checked.
    found: String,
    /// Number of differences to show, with the attributes that differ.
    #[arg(long, value_name = "NUMBER", default_value_t = 10, value_parser = clap::value_parser!(u32).range(0..=1000))]
    show: u32,
    /// Write the kind and the key of every difference to this file, as lines of JSON.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Names of the key attributes, the partition key first. Needed if no side says them.
    #[arg(long, value_name = "NAME,NAME", value_delimiter = ',')]
    key_names: Vec<String>,
    /// The format of the lines of files that have no manifest.
    #[arg(long, value_parser = PossibleValuesParser::new(["dynamodb-json", "data-pipeline", "plain", "json"])
        .map(crate::commands::import::format))]
    format: Option<Format>,
    /// Number of segments of each side that are read in parallel [default: one per 512 MiB or per file, up to 8].
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=64))]
    segments: Option<u32>,
    /// Maximum read capacity units per second of the scan of each table [default: no limit].
    #[arg(long, value_name = "RCU", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    max_rate: Option<u32>,
    /// Use strongly consistent reads of tables, which take twice the capacity.
    #[arg(long)]
    consistent_read: bool,
    /// Compare the known items if the incremental backup does not know all items of the second.
    #[arg(long)]
    allow_incomplete: bool,
    /// The directory for fingerprints [default: `.tablekeeper-diff-` and a hash of the sides]. It is removed at the end.
    #[arg(long, value_name = "DIR")]
    work: Option<PathBuf>,
    /// Continue the comparison in the work directory.
    #[arg(long)]
    resume: bool,
    #[command(flatten)]
    configuration: Configuration,
    /// Print the result as one JSON object.
    #[arg(long)]
    json: bool,
}

/// Runs `tablekeeper diff`.
pub(crate) async fn act(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let given =
        [Given::parse(side::EXPECTED, &arguments.expected)?, Given::parse(side::FOUND, &arguments.found)?];
    let console = Console::new(Stream::Stderr);
    let options = Options {
        key_names: &arguments.key_names,
        format: arguments.format,
        segments: arguments.segments,
        max_rate: arguments.max_rate.unwrap_or_default(),
        consistent_read: arguments.consistent_read,
        allow_incomplete: arguments.allow_incomplete,
        configuration: &arguments.configuration,
    };
    let sides = side::open(&given, &options).await?;
    let mut output = report::Output::create(arguments.output.as_deref())?;
    let work = Arc::new(Work::take(arguments.work.clone(), arguments.resume, &sides)?);
    let total = sides.iter().map(|side| side.items).sum::<Option<u64>>();
    let about = sides.iter().any(|side| side.is_table());
    let [left, right] = &sides;
    console.line(&format!("comparing {} with {}", left.name, right.name));
    let other = Some(right).filter(|right| right.name != left.name);
    for side in [Some(left), other].into_iter().flatten().filter(|side| side.is_table()) {
        console.note(&format!("{} may be written to: such items may be reported as different", side.name));
    }

    let sides = Arc::new(sides);
    let mut pool = read::begin(&sides, &work);
    let reading = async { pool.finished().await.map_err(|error| named(error.name(), error)) };
    let total = Total { items: total, about, bytes: None };
    let ended = watch(&console, &work.counters, total, reading, || work.save()).await;
    let stop = async |goes_on: bool| {
        pool.stop().await;
        work.stop(goes_on).await
    };
    let Some(()) = concluded(&console, ended, stop).await? else {
        return Ok(ExitCode::from(INTERRUPTED));
    };
    let compared = compare(&arguments, &work, &mut output).await?;
    let images = match images::read(&sides, &compared.shown).await {
        Ok(images) => images,
        Err(error) => {
            console.note(&format!("the changed items are not shown: {}", failure::sentence(&error)));
            Default::default()
        }
    };
    let (left, right) = work.items();
    let result = report::Report::new(&sides, (left, right), &compared, &images);
    report::print(&result, arguments.json)?;
    output.finish()?;
    work.remove().await?;
    Ok(if compared.counts.different() == 0 { ExitCode::SUCCESS } else { ExitCode::from(DIFFERENT) })
}

/// The result of a comparison.
#[derive(Default)]
struct Compared {
    counts: Counts,
    /// Some differences of each kind, with their keys.
    shown: Vec<(Kind, Vec<u8>)>,
}

async fn compare(
    arguments: &Arguments,
    work: &Work,
    output: &mut report::Output,
) -> anyhow::Result<Compared> {
    let [left, right] = work.runs();
    let runs = Runs::open(work.files(), &left, &right).await.map_err(|error| named(error.name(), error))?;
    let mut compared = Compared::default();
    let mut shown = Shown::new(usize::try_from(arguments.show)?);
    for buckets in runs.ranges() {
        let mut each = |difference: item_compare::Difference<'_>| {
            output.write(difference);
            shown.take(difference);
        };
        let part = runs.compare(&buckets, &mut each).await.map_err(|error| named(error.name(), error))?;
        compared.counts.add(part);
    }
    compared.shown = shown.chosen();
    Ok(compared)
}
