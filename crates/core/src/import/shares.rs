//! In how many segments an import's files are written, and whether an execution comes to the end of them.
//!
//! What items take is known once they are written. Before, a write capacity unit is counted for each KB of the files as
//! they lie there, and one for each item that the manifest counts at the least. Lines hold more than their items, by their
//! types, and compressed files hold more than they are long. So an import is refused by the files as they are, and its
//! segments are chosen by what compressed ones are likely to hold.

use super::Compression;
use super::execution_input::{MOST_SECONDS, Wanted};
use super::source::{Source, SourceFile};
use crate::aws::rate::{EVENTS_OF_A_CALL, EVENTS_OF_A_SEGMENT, EVENTS_OF_A_TABLE, PLANNED_EVENTS, RatedWork};
use crate::aws::scan_segments::by_capacity;
use crate::input::InvalidInput;

/// How many segments there are where nobody says it.
const USUAL_SEGMENTS: u32 = 8;
/// Units a second that one segment writes at ease: a quarter of what a partition of a table takes, as neighbours in an
/// export often are neighbours in the table.
const UNITS_A_SECOND: u32 = 250;
/// Units a second that one segment is not counted on for more of: a partition's.
const MOST_UNITS_A_SECOND: f64 = 1_000.0;
/// How many times as long as a compressed file its lines are taken for.
const PACKED: f64 = 8.0;
/// Bytes of a file that are read in a second, as they lie there.
const BYTES_A_SECOND: u32 = 20_000_000;

/// In how many segments the files are written. What an execution does not come to the end of is refused.
pub(crate) fn segments(
    wanted: &Wanted,
    source: &Source,
    compression: Compression,
) -> Result<u32, InvalidInput> {
    let rate = wanted.max_write_capacity_units;
    let number = u32::try_from(source.files.len()).unwrap_or(u32::MAX);
    let most = match (wanted.segments, rate) {
        (0, 0) => USUAL_SEGMENTS,
        (0, rate) => rate.div_ceil(UNITS_A_SECOND),
        (asked, _) => asked,
    };
    let most = by_capacity(rate, most.min(number));
    let is_execution = wanted.seconds_per_call > 0;
    if is_execution {
        check(wanted, source)?;
    }
    if rate == 0 {
        return Ok(most);
    }
    let files: Vec<f64> = source.files.iter().map(|file| likely_units(file, compression)).collect();
    let fitting = |segments: &u32| {
        !is_execution || events(wanted, source, &files, *segments) <= f64::from(PLANNED_EVENTS)
    };
    let mut fit = (1..=most).rev().filter(fitting);
    if wanted.segments > 0 {
        return Ok(fit.next().unwrap_or(1));
    }
    // Where one segment has more than the others, the rest of the rate is idle once they have ended.
    let seconds = |segments: u32| {
        largest(&files, segments) / (f64::from(rate) / f64::from(segments)).min(MOST_UNITS_A_SECOND)
    };
    let times: Vec<(u32, f64)> = fit.map(|segments| (segments, seconds(segments))).collect();
    let shortest = times.iter().map(|(_, seconds)| *seconds).fold(f64::INFINITY, f64::min);
    let near = times.iter().find(|(_, seconds)| *seconds <= shortest * 1.1);
    Ok(near.map_or(1, |(segments, _)| *segments))
}

/// Refuses what an execution does not come to the end of.
fn check(wanted: &Wanted, source: &Source) -> Result<(), InvalidInput> {
    let Wanted { seconds_per_call: seconds, .. } = *wanted;
    let most = u64::from(BYTES_A_SECOND) * u64::from(seconds);
    if let Some(file) = source.files.iter().find(|file| file.stored.size > most) {
        let (key, size) = (&file.stored.key, file.stored.size);
        let needed = size.div_ceil(u64::from(BYTES_A_SECOND));
        let would_do = match needed <= u64::from(MOST_SECONDS) {
            true => format!("; a SecondsPerCall of {needed} or more, or smaller files, may be given"),
            false => "; smaller files may be given".to_owned(),
        };
        let reason = format!(
            "has {key} with {size} bytes, which take some {needed} seconds to read; each call reads a file from its \
             beginning, and has {seconds} seconds, enough for {most} bytes{would_do}"
        );
        return Err(InvalidInput { field: "From", reason });
    }
    let bytes: u64 = source.files.iter().map(|file| file.stored.size).sum();
    let what = format!("the import of {} files with {bytes} bytes", source.files.len());
    let units = source.files.iter().map(least_units).sum();
    match work(wanted, source, units).too_slow(&what, MOST_SECONDS) {
        Some(reason) => Err(InvalidInput { field: "MaxWriteCapacityUnits", reason }),
        None => Ok(()),
    }
}

/// How many events the segments take, each with as many calls as its own files need.
fn events(wanted: &Wanted, source: &Source, files: &[f64], segments: u32) -> f64 {
    // Each segment is like work of its own, at its share of the rate.
    let calls: f64 = loads(files, segments)
        .map(|units| work(wanted, source, units * f64::from(segments)).calls(segments) / f64::from(segments))
        .sum();
    calls * f64::from(EVENTS_OF_A_CALL) + f64::from(EVENTS_OF_A_SEGMENT * segments + EVENTS_OF_A_TABLE)
}

/// The work of writing so many units at the rate that is wanted.
fn work(wanted: &Wanted, source: &Source, units: f64) -> RatedWork {
    let Wanted { max_write_capacity_units: rate, seconds_per_call, .. } = *wanted;
    // On average half of a file is read before a call comes to where it writes.
    let longest = source.files.iter().map(|file| file.stored.size).max().unwrap_or_default();
    let seconds = longest as f64 / f64::from(BYTES_A_SECOND) / 2.0;
    let useful = 1.0 - (seconds / f64::from(seconds_per_call.max(1))).min(0.5);
    RatedWork { units, rate, seconds_per_call, least_units: 0.0, useful, least_calls: 0.0 }
}

/// The units of each segment's files.
fn loads(files: &[f64], segments: u32) -> impl Iterator<Item = f64> + '_ {
    let segments = usize::try_from(segments).unwrap_or(usize::MAX).max(1);
    (0..segments).map(move |segment| files.iter().skip(segment).step_by(segments).sum())
}

/// The units of the segment that has the most.
fn largest(files: &[f64], segments: u32) -> f64 {
    loads(files, segments).fold(0.0, f64::max)
}

/// Units that a file's items take at the least.
fn least_units(file: &SourceFile) -> f64 {
    (file.stored.size as f64 / 1024.0).max(file.item_count.unwrap_or_default() as f64)
}

/// Units that they are likely to take.
fn likely_units(file: &SourceFile, compression: Compression) -> f64 {
    let longer = match file.compression(compression) {
        item_formats::Compression::None => 1.0,
        item_formats::Compression::Gzip | item_formats::Compression::Zstd => PACKED,
    };
    (file.stored.size as f64 / 1024.0 * longer).max(file.item_count.unwrap_or_default() as f64)
}

#[cfg(test)]
mod tests;
