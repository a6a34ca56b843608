//! Chooses the number of segments of a scan, and checks that an execution ends in time.

use super::ExportConfig;
use super::execution_input::LONGEST_CALL;
use super::segment::MOST_BYTES;
use crate::aws::rate::{Caller, PLANNED_EVENTS, PLANNED_SECONDS, RatedWork, least_rate};
use crate::aws::scan_segments::number;
use crate::aws::table_selection::{SelectionError, field};
use crate::aws::{rate, scan_segments};

/// History events of an execution in addition to those of its tables.
const OTHER_EVENTS: f64 = 20.0;
/// Number of tables that are exported concurrently.
const TABLES_AT_A_TIME: usize = 4;

/// Returns the number of segments for a table of this size in bytes, with a note if it is less than requested. With a
/// rate, all segments run in parallel.
pub(crate) fn segments(run: &ExportConfig, bytes: Option<i64>, caller: Caller) -> (u32, Vec<String>) {
    let ExportConfig { max_read_capacity_units: rate, most_segments, .. } = *run;
    let wanted = match (run.segments, rate) {
        (0, 0) => scan_segments::by_size(bytes),
        (0, rate) => scan_segments::by_size(bytes).min(scan_segments::by_rate(rate, run.consistent_read)),
        (asked, _) => asked,
    };
    let most = wanted.min(scan_segments::by_capacity(rate, most_segments));
    let given = match (rate, caller) {
        (0, _) | (_, Caller::Process) => most,
        _ => work(run, bytes).fitting(most),
    };
    let asked = run.segments;
    let why = "the number of tables or the rate of the read capacity does not allow more";
    let note =
        (given < asked).then(|| format!("the table was read in {given} segments instead of {asked}: {why}"));
    (given, note.into_iter().collect())
}

/// Refuses a table whose scan an execution would not end in time.
pub(crate) fn check(run: &ExportConfig, table_name: &str, bytes: Option<i64>) -> Result<(), SelectionError> {
    let (work, bytes) = (work(run, bytes), number(bytes));
    if !work.ends_at_some_rate() {
        let (files, room) = (work.least_calls, rate::calls_in_room());
        let reason = format!(
            "is {table_name}, whose {bytes} bytes fill at least {files:.0} data files of {MOST_BYTES} bytes, each written \
             by one call; an execution has room for {room} calls, so it cannot scan the table; use Managed, which lets \
             DynamoDB export it"
        );
        return Err(field("TableName", reason));
    }
    let what = format!("the scan of table {table_name} with {bytes} bytes");
    match work.too_slow(&what, LONGEST_CALL) {
        Some(reason) => Err(field("MaxReadCapacityUnits", reason)),
        None => Ok(()),
    }
}

/// Returns the maximum number of segments per table with which the scans of several tables, given by their sizes in
/// bytes, end in one execution. Refuses them if one segment each is too many. Ignores tables that would not end even
/// alone, because they are refused alone.
pub fn most_segments(run: &ExportConfig, sizes: &[Option<i64>]) -> Result<u32, SelectionError> {
    let sizes: Vec<Option<i64>> = sizes.iter().copied().filter(|bytes| work(run, *bytes).ends()).collect();
    let all_end = |rate: u32, most_segments: u32| {
        let run = ExportConfig { max_read_capacity_units: rate, most_segments, ..run.clone() };
        let (events, seconds) = together(&run, &sizes);
        events <= f64::from(PLANNED_EVENTS) && seconds <= f64::from(PLANNED_SECONDS)
    };
    let rate = run.max_read_capacity_units;
    if let Some(most) = (1..=run.most_segments).rev().find(|most| all_end(rate, *most)) {
        return Ok(most);
    }
    let (events, seconds) = together(&ExportConfig { most_segments: 1, ..run.clone() }, &sizes);
    let advice = match least_rate(|rate| all_end(rate, 1)) {
        Some(least) => format!("use {least} or more, or fewer tables"),
        None => "select fewer tables".to_owned(),
    };
    let (count, bytes) = (sizes.len(), sizes.iter().map(|bytes| number(*bytes)).sum::<u64>());
    let (days, most) = (rate::days(seconds), rate::days_in_room());
    Err(field(
        "MaxReadCapacityUnits",
        format!(
            "is {rate}, but {count} tables with {bytes} bytes, {TABLES_AT_A_TIME} at a time, take about {days:.1} days and \
             {events:.0} events at that rate; an execution has {most:.0} days and room for {PLANNED_EVENTS} events, so \
             {advice}"
        ),
    ))
}

/// Returns the events and seconds that the scans of these tables take together.
fn together(run: &ExportConfig, sizes: &[Option<i64>]) -> (f64, f64) {
    let mut events = OTHER_EVENTS;
    let mut until = [0.0_f64; TABLES_AT_A_TIME];
    for bytes in sizes {
        let work = work(run, *bytes);
        events += work.events(segments(run, *bytes, Caller::Execution).0);
        if let Some(free_first) = until.iter_mut().min_by(|one, other| one.total_cmp(other)) {
            *free_first += work.seconds();
        }
    }
    (events, until.into_iter().fold(0.0, f64::max))
}

fn work(run: &ExportConfig, bytes: Option<i64>) -> RatedWork {
    let ExportConfig { consistent_read, max_read_capacity_units: rate, seconds_per_call, .. } = *run;
    let least_calls = (number(bytes) as f64 / MOST_BYTES as f64).ceil();
    RatedWork { least_calls, ..scan_segments::scan(bytes, consistent_read, rate, seconds_per_call) }
}

#[cfg(test)]
mod tests;
