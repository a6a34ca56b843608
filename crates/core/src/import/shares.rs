//! Chooses the number of segments of an import, and checks that an execution ends in time.
//!
//! The write capacity of an item is known only once it is written, so it is estimated: one unit per KB of the files as
//! stored, and at least one per item in the manifest. Lines are longer than their items, because they contain types,
//! while compressed files are shorter than their lines. The check therefore uses the stored size, which is a lower
//! bound for compressed files. The number of segments depends on the likely size of the lines.

use super::Compression;
use super::execution_input::{MOST_SECONDS, Wanted};
use super::source::{Source, SourceFile};
use crate::aws::rate::{EVENTS_OF_A_CALL, EVENTS_OF_A_SEGMENT, EVENTS_OF_A_TABLE, PLANNED_EVENTS, RatedWork};
use crate::aws::scan_segments::by_capacity;
use crate::input::InvalidInput;

/// Number of segments if neither the input nor a rate determines it.
const USUAL_SEGMENTS: u32 = 8;
/// Write capacity units per second that one segment easily writes: a quarter of a partition's limit, because neighbours
/// in an export often are neighbours in the table.
const UNITS_A_SECOND: u32 = 250;
/// Write capacity units per second that one segment cannot exceed: the limit of a partition.
const MOST_UNITS_A_SECOND: f64 = 1_000.0;
/// Assumed ratio between the length of the lines and the size of a compressed file.
const PACKED: f64 = 8.0;
/// Stored bytes of a file that are read per second.
const BYTES_A_SECOND: u32 = 20_000_000;

/// Returns the number of segments for these files. Refuses an import that an execution would not end in time.
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
    // If one segment has more files than the others, part of the rate is idle once the others have ended.
    let seconds = |segments: u32| {
        largest(&files, segments) / (f64::from(rate) / f64::from(segments)).min(MOST_UNITS_A_SECOND)
    };
    let times: Vec<(u32, f64)> = fit.map(|segments| (segments, seconds(segments))).collect();
    let shortest = times.iter().map(|(_, seconds)| *seconds).fold(f64::INFINITY, f64::min);
    let near = times.iter().find(|(_, seconds)| *seconds <= shortest * 1.1);
    Ok(near.map_or(1, |(segments, _)| *segments))
}

/// Refuses an import that an execution would not end in time.
fn check(wanted: &Wanted, source: &Source) -> Result<(), InvalidInput> {
    let Wanted { seconds_per_call: seconds, .. } = *wanted;
    let most = u64::from(BYTES_A_SECOND) * u64::from(seconds);
    if let Some(file) = source.files.iter().find(|file| file.stored.size > most) {
        let (key, size) = (&file.stored.key, file.stored.size);
        let needed = size.div_ceil(u64::from(BYTES_A_SECOND));
        let advice = match needed <= u64::from(MOST_SECONDS) {
            true => format!("; use a SecondsPerCall of {needed} or more, or smaller files"),
            false => "; use smaller files".to_owned(),
        };
        let reason = format!(
            "has {key} with {size} bytes, which take about {needed} seconds to read; each call reads a file from its \
             beginning, and has {seconds} seconds, enough for {most} bytes{advice}"
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

/// Returns the number of history events of the segments, each with the calls that its own files need.
fn events(wanted: &Wanted, source: &Source, files: &[f64], segments: u32) -> f64 {
    // Each segment is treated like separate work at its share of the rate.
    let calls: f64 = loads(files, segments)
        .map(|units| work(wanted, source, units * f64::from(segments)).calls(segments) / f64::from(segments))
        .sum();
    calls * f64::from(EVENTS_OF_A_CALL) + f64::from(EVENTS_OF_A_SEGMENT * segments + EVENTS_OF_A_TABLE)
}

/// Returns the work of writing this many units at the requested rate.
fn work(wanted: &Wanted, source: &Source, units: f64) -> RatedWork {
    let Wanted { max_write_capacity_units: rate, seconds_per_call, .. } = *wanted;
    // On average, a call reads half of a file before it reaches the first line to write.
    let longest = source.files.iter().map(|file| file.stored.size).max().unwrap_or_default();
    let seconds = longest as f64 / f64::from(BYTES_A_SECOND) / 2.0;
    let useful = 1.0 - (seconds / f64::from(seconds_per_call.max(1))).min(0.5);
    RatedWork { units, rate, seconds_per_call, least_units: 0.0, useful, least_calls: 0.0 }
}

/// Returns the units of each segment's files.
fn loads(files: &[f64], segments: u32) -> impl Iterator<Item = f64> + '_ {
    let segments = usize::try_from(segments).unwrap_or(usize::MAX).max(1);
    (0..segments).map(move |segment| files.iter().skip(segment).step_by(segments).sum())
}

/// Returns the units of the segment that has the most.
fn largest(files: &[f64], segments: u32) -> f64 {
    loads(files, segments).fold(0.0, f64::max)
}

/// Returns the minimum units of a file's items.
fn least_units(file: &SourceFile) -> f64 {
    (file.stored.size as f64 / 1024.0).max(file.item_count.unwrap_or_default() as f64)
}

/// Returns the likely units of a file's items.
fn likely_units(file: &SourceFile, compression: Compression) -> f64 {
    let longer = match file.compression(compression) {
        item_formats::Compression::None => 1.0,
        item_formats::Compression::Gzip | item_formats::Compression::Zstd => PACKED,
    };
    (file.stored.size as f64 / 1024.0 * longer).max(file.item_count.unwrap_or_default() as f64)
}

#[cfg(test)]
mod tests;
